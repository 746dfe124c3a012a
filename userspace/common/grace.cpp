// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/grace.hpp"

#include <chrono>
#include <thread>

namespace mo {

void GracePeriod::synchronise() const {
    const std::lock_guard lock(writers_);
    const std::uint32_t current = phase_.load(std::memory_order_seq_cst) & 1U;
    // A reader may have chosen its slot long before it raised the count, so either slot can hold
    // sections from before the caller published. The idle one empties first, then readers move
    // there and the other one empties. Whoever enters a slot after it was seen empty loads what
    // was published before.
    wait_empty(current ^ 1U);
    phase_.store(current ^ 1U, std::memory_order_seq_cst);
    wait_empty(current);
}

void GracePeriod::wait_empty(std::uint32_t index) const {
    constexpr int yields = 16;
    constexpr std::chrono::microseconds pause{20};
    for (int round = 0; active_[index].load(std::memory_order_seq_cst) != 0; ++round) {
        if (round < yields) {
            std::this_thread::yield();
        } else {
            std::this_thread::sleep_for(pause);
        }
    }
}

} // namespace mo
