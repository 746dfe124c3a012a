// SPDX-License-Identifier: GPL-2.0-or-later
// Explicit congestion notification (RFC 3168) as a switch does it: the ECN field of IPv4 and IPv6
// packets behind at most two VLAN tags.
#pragma once

#include <cstddef>
#include <span>

#include "fabric/frame.hpp"

namespace mo::fabric {

/// The frame is an IP packet whose transport understands congestion marks and has none yet:
/// ECT(0) or ECT(1).
[[nodiscard]] bool can_mark_congestion(Bytes head) noexcept;

/// Sets "congestion experienced", keeping the IPv4 header checksum as right or wrong as it was.
/// Precondition: can_mark_congestion(head).
void mark_congestion(std::span<std::byte> head) noexcept;

} // namespace mo::fabric
