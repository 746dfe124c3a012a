// SPDX-License-Identifier: GPL-2.0-or-later
// Device time, in nanoseconds: the process's, or a test's and a simulation's own.
#pragma once

#include <atomic>
#include <cstdint>

namespace mo::engine {

/// Device time. Real time counts from the clock's creation; manual time goes where a test puts it.
class DeviceClock {
  public:
    virtual ~DeviceClock() = default;
    [[nodiscard]] virtual std::uint64_t now_ns() const noexcept = 0;
};

class RealClock final : public DeviceClock {
  public:
    RealClock() noexcept;
    [[nodiscard]] std::uint64_t now_ns() const noexcept override;

  private:
    std::int64_t start_ns_;
};

class ManualClock final : public DeviceClock {
  public:
    [[nodiscard]] std::uint64_t now_ns() const noexcept override {
        return now_ns_.load(std::memory_order_relaxed);
    }
    /// Never back.
    void set(std::uint64_t now_ns) noexcept { now_ns_.store(now_ns, std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> now_ns_{0};
};

} // namespace mo::engine
