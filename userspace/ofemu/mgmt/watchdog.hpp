// SPDX-License-Identifier: GPL-2.0-or-later
// WDOG block: crashes the core when it is not kicked in time.
#pragma once

#include "mgmt/peripheral.hpp"

namespace mo::mgmt {

class Watchdog : public Peripheral {
  public:
    std::uint32_t read(std::uint32_t, std::uint64_t) override { return period_us_; }

    /// Writing PERIOD_US starts a period; 0 turns the watchdog off.
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override {
        if (offset == block_offset(hw::MO_SOC_WDOG_PERIOD_US)) {
            period_us_ = value;
            started_ns_ = now_ns;
        } else if (value == MO_SOC_WDOG_MAGIC) {
            started_ns_ = now_ns;
        }
    }
    void reset(std::uint64_t) override { period_us_ = 0; }

    /// The core could not run for `late_ns`: time that its firmware had no chance to use.
    void excuse(std::uint64_t late_ns) { started_ns_ += late_ns; }

    [[nodiscard]] std::uint64_t deadline_ns(std::uint64_t) override {
        return period_us_ == 0 ? never_ns : started_ns_ + std::uint64_t{period_us_} * 1000;
    }
    [[nodiscard]] bool expired(std::uint64_t now_ns) { return now_ns >= deadline_ns(now_ns); }

  private:
    std::uint32_t period_us_ = 0;
    std::uint64_t started_ns_ = 0;
};

} // namespace mo::mgmt
