// SPDX-License-Identifier: GPL-2.0-or-later
// Syndromes of the ACK extended header (IBA 9.7.5.1, tables 43 to 46).
#pragma once

#include <cstdint>

namespace mo::nic::rdma {

/// What a syndrome says; `reserved` covers every encoding that the specification leaves open.
enum class Syndrome : std::uint8_t { ack, rnr_nak, nak, reserved };

/// Codes of a NAK (table 46).
enum class Nak : std::uint8_t {
    psn_sequence = 0,
    invalid_request = 1,
    remote_access = 2,
    remote_operational = 3,
    invalid_rd_request = 4, ///< reliable datagrams only: known, never sent
};

/// An ACK without end-to-end credits (table 45: 31 is "invalid"); what this transport sends.
inline constexpr std::uint8_t syndrome_ack = 0x1f;
/// Low bits: credit count, timer or code.
inline constexpr std::uint8_t syndrome_value = 0x1f;

/// An RNR NAK that asks to wait for `timer`, 0..31: rnr_timer_ns().
[[nodiscard]] constexpr std::uint8_t syndrome_of_rnr(std::uint8_t timer) noexcept {
    return static_cast<std::uint8_t>(0x20U | (timer & syndrome_value));
}
[[nodiscard]] constexpr std::uint8_t syndrome_of(Nak code) noexcept {
    return static_cast<std::uint8_t>(0x60U | static_cast<unsigned>(code));
}
[[nodiscard]] constexpr Syndrome kind_of(std::uint8_t syndrome) noexcept {
    const unsigned value = syndrome & syndrome_value;
    switch (syndrome >> 5U) {
    case 0:
        return Syndrome::ack;
    case 1:
        return Syndrome::rnr_nak;
    case 3:
        return value <= static_cast<unsigned>(Nak::invalid_rd_request) ? Syndrome::nak
                                                                       : Syndrome::reserved;
    default:
        return Syndrome::reserved;
    }
}
/// Precondition: kind_of(syndrome) == Syndrome::nak.
[[nodiscard]] constexpr Nak nak_of(std::uint8_t syndrome) noexcept {
    return static_cast<Nak>(syndrome & syndrome_value);
}
/// Precondition: kind_of(syndrome) == Syndrome::rnr_nak.
[[nodiscard]] constexpr std::uint8_t rnr_timer_of(std::uint8_t syndrome) noexcept {
    return syndrome & syndrome_value;
}

} // namespace mo::nic::rdma
