// SPDX-License-Identifier: GPL-2.0-or-later
// INTC block: which sources raise the machine external interrupt.
#pragma once

#include <functional>

#include "mgmt/peripheral.hpp"

namespace mo::mgmt {

class Intc : public Peripheral {
  public:
    /// `levels(now_ns)`: bits 1 << MO_SOC_IRQ_* of all sources.
    explicit Intc(std::function<std::uint32_t(std::uint64_t)> levels)
        : levels_(std::move(levels)) {}

    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override {
        return offset == block_offset(hw::MO_SOC_INTC_ENABLE) ? enable_ : levels_(now_ns);
    }
    void write(std::uint32_t, std::uint32_t value, std::uint64_t) override { enable_ = value; }
    void reset(std::uint64_t) override { enable_ = 0; }

    /// Level of the machine external interrupt.
    [[nodiscard]] bool raised(std::uint64_t now_ns) const {
        return enable_ != 0 && (enable_ & levels_(now_ns)) != 0;
    }

  private:
    std::function<std::uint32_t(std::uint64_t)> levels_;
    std::uint32_t enable_ = 0;
};

} // namespace mo::mgmt
