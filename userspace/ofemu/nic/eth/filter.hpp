// SPDX-License-Identifier: GPL-2.0-or-later
// Filters of received frames: destination addresses (MO_CMD_RX_MODE) and VLANs
// (MO_CMD_VLAN_FILTER).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/hw.hpp"

namespace mo::nic::eth {

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

class AddressFilter {
  public:
    /// Lets in the listed addresses and what `flags` (MO_RX_MODE_*) says.
    void set(std::vector<std::uint64_t> addresses, std::uint32_t flags);
    [[nodiscard]] bool accepts(std::uint64_t destination) const noexcept;

  private:
    std::vector<std::uint64_t> addresses_; ///< sorted
    std::uint32_t flags_ = 0;
};

class VlanFilter {
  public:
    static constexpr std::size_t bitmap_bytes = 512;
    using Bitmap = std::array<std::byte, bitmap_bytes>;

    /// Lets every VLAN in; so it is at start.
    void open() noexcept { bitmap_.reset(); }
    /// Lets in the VLANs whose bit is set: bit id % 8 of byte id / 8.
    void set(const Bitmap& bitmap) { bitmap_ = std::make_unique<Bitmap>(bitmap); }
    [[nodiscard]] bool accepts(std::uint16_t tci) const noexcept {
        const unsigned id = tci & 0x0fffU;
        return !bitmap_ || (std::to_integer<unsigned>((*bitmap_)[id / 8]) >> (id % 8) & 1U) != 0;
    }

  private:
    std::unique_ptr<Bitmap> bitmap_; ///< none: no filter
};

} // namespace mo::nic::eth
