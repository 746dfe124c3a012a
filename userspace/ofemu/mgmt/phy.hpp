// SPDX-License-Identifier: GPL-2.0-or-later
// What the management core's chip is wired to: the optical module, the SerDes, the lasers and the
// PCS. Implemented by the optics; the SoC knows nothing about light.
#pragma once

#include <cstdint>
#include <span>

#include "common/hw.hpp"

namespace mo::mgmt {

/// What the SoC's SERDES, LASER, PCS and MODULE blocks and its I2C bus are wired to. Called from
/// the engine thread only, by Soc. Time is the device's, in ns; in the calls of one Soc it never
/// goes back. No function blocks, none calls back into the Soc.
///
/// Access checks are done before a call: `offset` is that of a register in driver/hw/soc.h (lane
/// registers: of any of MO_MAX_LANES lanes, whether the board has it or not; an absent lane reads
/// as zero and ignores writes), reads reach readable registers only and writes writable ones.
/// PCS bins: BIN0_LO + 8 * i and BIN0_HI + 8 * i for i in 0..15.
class Phy {
  public:
    virtual ~Phy() = default;

    /// Reads a register of MO_SOC_{MODULE,SERDES,LASER,PCS}; `offset` is relative to the block.
    virtual std::uint32_t phy_read(hw::mo_soc_block block, std::uint32_t offset,
                                   std::uint64_t now_ns) = 0;

    /// Writes one. A W1C register gets the bits to clear.
    virtual void phy_write(hw::mo_soc_block block, std::uint32_t offset, std::uint32_t value,
                           std::uint64_t now_ns) = 0;

    /// Reads out.size() bytes (1..128) from `offset` of the 7-bit `target`. The SoC adds the time
    /// that the bus takes; `now_ns` is when the transfer starts.
    /// @return false: no acknowledge (no module, in reset, not ready yet); `out` is then unchanged.
    virtual bool i2c_read(std::uint8_t target, std::uint8_t offset, std::span<std::uint8_t> out,
                          std::uint64_t now_ns) = 0;

    /// Writes in.size() bytes (1..128); `now_ns` is when the last byte has been sent.
    /// @return false: no acknowledge; nothing was written.
    virtual bool i2c_write(std::uint8_t target, std::uint8_t offset,
                           std::span<const std::uint8_t> in, std::uint64_t now_ns) = 0;

    /// Bits 1 << MO_SOC_IRQ_{MODULE,SERDES,PCS} whose level is high: their CHANGED register is not
    /// zero. Called often; must be cheap.
    virtual std::uint32_t irq_levels(std::uint64_t now_ns) = 0;

    /// Earliest time at which something visible to the core (a level of irq_levels()) may change by
    /// itself; UINT64_MAX: not before an external event (module plugged, fibre cut, light arrives).
    /// May be early, must not be late.
    virtual std::uint64_t next_change_ns(std::uint64_t now_ns) = 0;

    /// The SoC resets: lasers off, SerDes off, interlock closed, registers at their reset values.
    virtual void core_reset(std::uint64_t now_ns) = 0;

  protected:
    Phy() = default;
    Phy(const Phy&) = default;
    Phy& operator=(const Phy&) = default;
    Phy(Phy&&) = default;
    Phy& operator=(Phy&&) = default;
};

} // namespace mo::mgmt
