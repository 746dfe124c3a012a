// SPDX-License-Identifier: GPL-2.0-or-later
// Times after which a requester repeats (IBA 9.7.6.1.3, table 45 of RNR timers; 9.7.5.2.8).
#pragma once

#include <cstdint>
#include <limits>

namespace mo::nic::rdma {

/// Deadline that never comes.
inline constexpr std::uint64_t never_ns = std::numeric_limits<std::uint64_t>::max();
/// Retry counters of so much repeat for ever (RNR only).
inline constexpr std::uint8_t rnr_retry_for_ever = 7;

/// Time to wait for an ACK: 4.096 us * 2^timeout; 0 = for ever. `timeout` is 0..31.
[[nodiscard]] std::uint64_t ack_timeout_ns(std::uint8_t timeout) noexcept;

/// Time that an RNR NAK's timer code (0..31) asks to wait.
[[nodiscard]] std::uint64_t rnr_timer_ns(std::uint8_t timer) noexcept;

/// now + interval; never_ns if that is where it ends or begins.
[[nodiscard]] constexpr std::uint64_t deadline(std::uint64_t now_ns,
                                               std::uint64_t interval_ns) noexcept {
    return interval_ns >= never_ns - now_ns ? never_ns : now_ns + interval_ns;
}

/// A deadline after `stalled_ns` in which this side could not work: the peer's answers may lie
/// unread, so the time does not count.
[[nodiscard]] constexpr std::uint64_t rebased(std::uint64_t deadline_ns,
                                              std::uint64_t stalled_ns) noexcept {
    return deadline_ns == never_ns ? never_ns : deadline(deadline_ns, stalled_ns);
}

} // namespace mo::nic::rdma
