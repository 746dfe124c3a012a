// SPDX-License-Identifier: GPL-2.0-or-later
// MAC addresses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mo::nic {

using MacAddress = std::array<std::byte, 6>;

/// Kinds of destinations, as counters tell them apart.
enum class Cast : std::uint8_t { unicast, multicast, broadcast };

/// A MAC address as a number, first octet highest.
[[nodiscard]] constexpr std::uint64_t address_number(std::span<const std::byte, 6> mac) noexcept {
    std::uint64_t number = 0;
    for (const std::byte octet : mac) {
        number = (number << 8U) | std::to_integer<std::uint64_t>(octet);
    }
    return number;
}

[[nodiscard]] constexpr Cast cast_of(std::uint64_t address) noexcept {
    constexpr std::uint64_t broadcast = 0xffff'ffff'ffff;
    constexpr std::uint64_t group_bit = std::uint64_t{1} << 40U;
    if (address == broadcast) {
        return Cast::broadcast;
    }
    return (address & group_bit) != 0 ? Cast::multicast : Cast::unicast;
}

} // namespace mo::nic
