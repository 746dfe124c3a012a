// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/retry.hpp"

#include <array>

namespace mo::nic::rdma {

namespace {

/// IBA table 45, in units of 10 us; code 0 is the longest.
constexpr std::array<std::uint32_t, 32> rnr_timers = {
    65536, 1,    2,    3,    4,    6,     8,     12,    16,    24,   32,
    48,    64,   96,   128,  192,  256,   384,   512,   768,   1024, 1536,
    2048,  3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152};
constexpr std::uint64_t rnr_unit_ns = 10'000;
constexpr std::uint64_t ack_unit_ns = 4096;
constexpr unsigned code_mask = 31;

} // namespace

std::uint64_t ack_timeout_ns(std::uint8_t timeout) noexcept {
    return timeout == 0 ? never_ns : ack_unit_ns << (timeout & code_mask);
}

std::uint64_t rnr_timer_ns(std::uint8_t timer) noexcept {
    return rnr_timers[timer & code_mask] * rnr_unit_ns;
}

} // namespace mo::nic::rdma
