// SPDX-License-Identifier: GPL-2.0-or-later
// Packet and message sequence numbers: 24 bits, circular (IBA 9.7.1, 9.7.2).
#pragma once

#include <cstdint>

namespace mo::nic::rdma {

inline constexpr std::uint32_t psn_mask = 0xffffff;
/// Most packets that may be unacknowledged: half of the numbers (IBA 9.7.2).
inline constexpr std::uint32_t psn_window = 1U << 23U;

/// psn + count, modulo 2^24; `count` may be negative.
[[nodiscard]] constexpr std::uint32_t psn_add(std::uint32_t psn, std::int64_t count) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(psn) +
                                      static_cast<std::uint64_t>(count)) &
           psn_mask;
}
[[nodiscard]] constexpr std::uint32_t psn_next(std::uint32_t psn) noexcept {
    return psn_add(psn, 1);
}
/// Which packet `psn` is, counted from `first` on, which is not ahead of it.
[[nodiscard]] constexpr std::uint32_t psn_offset(std::uint32_t psn, std::uint32_t first) noexcept {
    return (psn - first) & psn_mask;
}
/// How far `a` is ahead of `b`: -2^23 .. 2^23 - 1.
[[nodiscard]] constexpr std::int32_t psn_diff(std::uint32_t a, std::uint32_t b) noexcept {
    const std::uint32_t ahead = psn_offset(a, b);
    return ahead < psn_window ? static_cast<std::int32_t>(ahead)
                              : static_cast<std::int32_t>(ahead) - (std::int32_t{1} << 24);
}
/// `a` comes before `b`.
[[nodiscard]] constexpr bool psn_before(std::uint32_t a, std::uint32_t b) noexcept {
    return psn_diff(a, b) < 0;
}
/// `psn` is in [first, end) of a range that is shorter than 2^24.
[[nodiscard]] constexpr bool psn_within(std::uint32_t psn, std::uint32_t first,
                                        std::uint32_t end) noexcept {
    return psn_offset(psn, first) < psn_offset(end, first);
}
/// Packets of a message of `bytes` bytes at a path MTU: at least one.
[[nodiscard]] constexpr std::uint32_t packets_of(std::uint32_t bytes, std::uint32_t mtu) noexcept {
    return bytes == 0 ? 1 : (bytes - 1) / mtu + 1;
}

} // namespace mo::nic::rdma
