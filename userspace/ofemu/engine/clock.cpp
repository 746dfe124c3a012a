// SPDX-License-Identifier: GPL-2.0-or-later
#include "engine/clock.hpp"

#include "common/clock.hpp"

namespace mo::engine {

RealClock::RealClock() noexcept : start_ns_(monotonic_now().count()) {}

std::uint64_t RealClock::now_ns() const noexcept {
    return static_cast<std::uint64_t>(monotonic_now().count() - start_ns_);
}

} // namespace mo::engine
