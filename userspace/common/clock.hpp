// SPDX-License-Identifier: GPL-2.0-or-later
// Monotonic time. Protocol code takes time as an argument; only front ends call this.
#pragma once

#include <chrono>

namespace mo {

using Nanoseconds = std::chrono::nanoseconds;

/// CLOCK_MONOTONIC since an arbitrary origin.
[[nodiscard]] inline Nanoseconds monotonic_now() noexcept {
    return std::chrono::duration_cast<Nanoseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
}

} // namespace mo
