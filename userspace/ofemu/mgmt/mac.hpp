// SPDX-License-Identifier: GPL-2.0-or-later
// MAC block: lets frames pass, and publishes the state of the link and of the optics.
#pragma once

#include <array>
#include <span>

#include "mgmt/peripheral.hpp"
#include "mgmt/soc.hpp"

namespace mo::mgmt {

class Mac : public Peripheral {
  public:
    explicit Mac(SocHost& host) : host_(host) {}

    std::uint32_t read(std::uint32_t offset, std::uint64_t) override {
        return offset == block_offset(hw::MO_SOC_MAC_CTRL) ? control_ : speed_mbps_;
    }
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override;
    void reset(std::uint64_t now_ns) override;

    [[nodiscard]] std::span<std::uint8_t> link_memory() { return link_; }
    [[nodiscard]] std::span<std::uint8_t> optics_memory() { return optics_; }
    [[nodiscard]] std::uint64_t publications() const { return publications_; }

  private:
    void gate() { host_.mac_gate((control_ & 1U) != 0, (control_ & 2U) != 0, speed_mbps_); }

    SocHost& host_;
    std::array<std::uint8_t, MO_SOC_LINK_SIZE> link_{};
    std::array<std::uint8_t, MO_SOC_OPTICS_SIZE> optics_{};
    std::uint32_t control_ = 0;
    std::uint32_t speed_mbps_ = 0;
    std::uint64_t publications_ = 0;
};

} // namespace mo::mgmt
