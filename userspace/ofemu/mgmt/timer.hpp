// SPDX-License-Identifier: GPL-2.0-or-later
// TIMER block: microseconds of device time, which the whole chip has, and one compare value.
#pragma once

#include "mgmt/peripheral.hpp"

namespace mo::mgmt {

class Timer : public Peripheral {
  public:
    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override;
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override;
    void reset(std::uint64_t now_ns) override;
    [[nodiscard]] std::uint64_t deadline_ns(std::uint64_t now_ns) override;

    /// Level of the machine timer interrupt.
    [[nodiscard]] bool expired(std::uint64_t now_ns) const;

  private:
    std::uint64_t compare_us_ = never_ns;
    std::uint32_t latched_high_ = 0;
};

} // namespace mo::mgmt
