// SPDX-License-Identifier: GPL-2.0-or-later
// Counter: an event count that any thread may raise and read. It orders nothing.
#pragma once

#include <atomic>
#include <cstdint>

namespace mo {

class Counter {
  public:
    void add(std::uint64_t amount = 1) noexcept {
        value_.fetch_add(amount, std::memory_order_relaxed);
    }
    void clear() noexcept { value_.store(0, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t> value_{0};
};

} // namespace mo
