// SPDX-License-Identifier: GPL-2.0-or-later
// MODULE, SERDES, LASER and PCS blocks: their registers live in the optics.
#pragma once

#include "mgmt/peripheral.hpp"
#include "mgmt/phy.hpp"

namespace mo::mgmt {

class PhyBlock : public Peripheral {
  public:
    PhyBlock(hw::mo_soc_block block, Phy& phy) : block_(block), phy_(phy) {}

    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override {
        return phy_.phy_read(block_, offset, now_ns);
    }
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override {
        phy_.phy_write(block_, offset, value, now_ns);
    }

    /// Nothing to do: the SoC resets the whole of the optics at once.
    void reset(std::uint64_t) override {}

  private:
    hw::mo_soc_block block_;
    Phy& phy_;
};

} // namespace mo::mgmt
