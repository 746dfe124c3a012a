// SPDX-License-Identifier: GPL-2.0-or-later
// ICRC: invariant CRC of RoCEv2 packets (IBA volume 1, 7.8.1 and annex A17.3): CRC-32 of IEEE
// 802.3 over eight bytes of ones and the packet from its IP header to its pad, fields that change
// on the way taken as ones; stored with the least significant byte first.
//
// It is here and not with the transport because the fabric makes the bytes of pending ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fabric/frame.hpp"

namespace mo::fabric {

inline constexpr std::size_t icrc_length = 4;

/// The ICRC of the packet whose IP header (IPv4 without options, or IPv6) is at `l3_offset` of the
/// frame and whose ICRC is at `icrc_offset`. Precondition: IP, UDP and BTH headers lie in the
/// frame's head, and icrc_offset is behind them and at most frame.length.
[[nodiscard]] std::uint32_t icrc_of(const Frame& frame, std::size_t l3_offset,
                                    std::size_t icrc_offset) noexcept;

/// The four bytes at `icrc_offset` are icrc_of(). Same precondition, and they lie in the frame.
[[nodiscard]] bool icrc_matches(const Frame& frame, std::size_t l3_offset,
                                std::size_t icrc_offset) noexcept;

/// Computes a pending ICRC from a copy of all of its frame's bytes, and writes it there.
void complete_icrc(std::span<std::byte> copy, const PendingIcrc& pending) noexcept;

} // namespace mo::fabric
