// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/timer.hpp"

namespace mo::mgmt {

bool Timer::expired(std::uint64_t now_ns) const {
    return now_ns / 1000 >= compare_us_;
}

std::uint64_t Timer::deadline_ns(std::uint64_t now_ns) {
    if (expired(now_ns) || compare_us_ > never_ns / 1000) {
        return never_ns; // nothing changes any more, or not in this life
    }
    return compare_us_ * 1000;
}

std::uint32_t Timer::read(std::uint32_t offset, std::uint64_t now_ns) {
    switch (offset) {
    case block_offset(hw::MO_SOC_TIMER_NOW_LO): {
        const std::uint64_t now = now_ns / 1000;
        latched_high_ = static_cast<std::uint32_t>(now >> 32);
        return static_cast<std::uint32_t>(now);
    }
    case block_offset(hw::MO_SOC_TIMER_NOW_HI):
        return latched_high_;
    case block_offset(hw::MO_SOC_TIMER_CMP_LO):
        return static_cast<std::uint32_t>(compare_us_);
    case block_offset(hw::MO_SOC_TIMER_CMP_HI):
        return static_cast<std::uint32_t>(compare_us_ >> 32);
    default:
        return 0;
    }
}

void Timer::write(std::uint32_t offset, std::uint32_t value, std::uint64_t) {
    switch (offset) {
    case block_offset(hw::MO_SOC_TIMER_CMP_LO):
        compare_us_ = (compare_us_ & ~std::uint64_t{0xffffffff}) | value;
        break;
    case block_offset(hw::MO_SOC_TIMER_CMP_HI):
        compare_us_ = (compare_us_ & 0xffffffff) | std::uint64_t{value} << 32;
        break;
    default:
        break;
    }
}

void Timer::reset(std::uint64_t) {
    compare_us_ = never_ns;
    latched_high_ = 0;
}

} // namespace mo::mgmt
