// SPDX-License-Identifier: GPL-2.0-or-later
// Registers of the MODULE, SERDES, LASER and PCS blocks (driver/hw/soc.h), and the module's bus.
#include <cmath>

#include "optics/port.hpp"

namespace mo::optics {

namespace {

constexpr std::uint8_t module_target = MO_CMIS_I2C_TARGET;
constexpr std::uint32_t serdes_adapt = 1U << 2U;
constexpr std::uint32_t pcs_clear = 1U << 2U;

/// Offset of a register inside its block.
constexpr std::uint32_t reg(hw::mo_soc_reg address) {
    return static_cast<std::uint32_t>(address) & (MO_SOC_PERIPH_SIZE - 1);
}

struct LaneRegister {
    unsigned lane;
    std::uint32_t offset; ///< of the same register of lane 0
};

LaneRegister lane_register(std::uint32_t offset) {
    const std::uint32_t relative = offset - MO_SOC_LANE_BASE;
    return {relative / MO_SOC_LANE_STRIDE, MO_SOC_LANE_BASE + relative % MO_SOC_LANE_STRIDE};
}

std::uint32_t low(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}
std::uint32_t high(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32U);
}

std::uint32_t millis(double value) {
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(value * 1000.0)));
}

} // namespace

std::uint32_t Port::phy_read(hw::mo_soc_block block, std::uint32_t offset, std::uint64_t now_ns) {
    advance(now_ns);
    if (offset >= MO_SOC_LANE_BASE && lane_register(offset).lane >= config_.lanes) {
        return 0;
    }
    switch (block) {
    case hw::MO_SOC_MODULE:
        return read_module(offset);
    case hw::MO_SOC_SERDES:
        return read_serdes(offset);
    case hw::MO_SOC_LASER:
        return read_laser(offset);
    case hw::MO_SOC_PCS:
        return read_pcs(offset);
    default:
        return 0;
    }
}

std::uint32_t Port::read_module(std::uint32_t offset) const {
    switch (offset) {
    case reg(hw::MO_SOC_MODULE_PINS):
        return (module_ ? 1U : 0U) | (module_interrupt_ ? 2U : 0U);
    case reg(hw::MO_SOC_MODULE_CTRL):
        return module_ctrl_;
    case reg(hw::MO_SOC_MODULE_CHANGED):
        return module_changed_;
    default:
        return 0;
    }
}

std::uint32_t Port::read_serdes(std::uint32_t offset) const {
    if (offset == reg(hw::MO_SOC_SERDES_LANES)) {
        return config_.lanes;
    }
    if (offset == reg(hw::MO_SOC_SERDES_CHANGED)) {
        return serdes_changed_;
    }
    if (offset < MO_SOC_LANE_BASE) {
        return 0;
    }
    const LaneRegister at = lane_register(offset);
    const Serdes& lane = serdes_[at.lane];
    switch (at.offset) {
    case reg(hw::MO_SOC_SERDES_CTRL):
        return lane.ctrl;
    case reg(hw::MO_SOC_SERDES_STATUS):
        return lane.status;
    case reg(hw::MO_SOC_SERDES_RATE):
        return lane.rate;
    case reg(hw::MO_SOC_SERDES_FIR0):
        return lane.fir0;
    case reg(hw::MO_SOC_SERDES_FIR1):
        return lane.fir1;
    case reg(hw::MO_SOC_SERDES_SNR):
        return millis(snr_db(lane.receiver.q()));
    default:
        return 0;
    }
}

std::uint32_t Port::read_laser(std::uint32_t offset) const {
    if (offset == reg(hw::MO_SOC_LASER_INTERLOCK)) {
        return interlock_;
    }
    if (offset == reg(hw::MO_SOC_LASER_CASE_TEMP)) {
        return millis(module_ ? module_->case_c(now_ns_) : config_.ambient_c);
    }
    if (offset < MO_SOC_LANE_BASE || !module_) {
        return 0;
    }
    const LaneRegister at = lane_register(offset);
    switch (at.offset) {
    case reg(hw::MO_SOC_LASER_STATUS):
        return (module_->emits(at.lane) ? 1U : 0U) | (module_->laser_fault(at.lane) ? 2U : 0U);
    case reg(hw::MO_SOC_LASER_POWER):
        return static_cast<std::uint32_t>(std::lround(module_->tx_mw(at.lane, now_ns_) * 1e6));
    case reg(hw::MO_SOC_LASER_TEMP):
        return millis(module_->laser_c(now_ns_));
    default:
        return 0;
    }
}

std::uint32_t Port::read_pcs(std::uint32_t offset) const {
    const PcsCounters& counters = pcs_.latched();
    if (offset >= MO_SOC_LANE_BASE) {
        const LaneRegister at = lane_register(offset);
        return read_pcs_lane(at.lane, at.offset);
    }
    constexpr std::uint32_t bins = reg(hw::MO_SOC_PCS_BIN0_LO);
    if (offset >= bins && offset < bins + 8 * MO_FEC_BINS) {
        const std::uint64_t value = counters.bins[(offset - bins) / 8];
        return (offset & 4U) == 0 ? low(value) : high(value);
    }
    switch (offset) {
    case reg(hw::MO_SOC_PCS_CTRL):
        return pcs_ctrl_;
    case reg(hw::MO_SOC_PCS_LANES):
        return pcs_lanes_;
    case reg(hw::MO_SOC_PCS_FEC):
        return pcs_fec_;
    case reg(hw::MO_SOC_PCS_STATUS):
        return pcs_status_;
    case reg(hw::MO_SOC_PCS_CHANGED):
        return pcs_changed_;
    case reg(hw::MO_SOC_PCS_SNAP_NS_LO):
        return low(counters.time_ns);
    case reg(hw::MO_SOC_PCS_SNAP_NS_HI):
        return high(counters.time_ns);
    case reg(hw::MO_SOC_PCS_CW_LO):
        return low(counters.codewords);
    case reg(hw::MO_SOC_PCS_CW_HI):
        return high(counters.codewords);
    case reg(hw::MO_SOC_PCS_CW_CORR_LO):
        return low(counters.corrected);
    case reg(hw::MO_SOC_PCS_CW_CORR_HI):
        return high(counters.corrected);
    case reg(hw::MO_SOC_PCS_CW_UNCORR_LO):
        return low(counters.uncorrectable);
    case reg(hw::MO_SOC_PCS_CW_UNCORR_HI):
        return high(counters.uncorrectable);
    default:
        return 0;
    }
}

std::uint32_t Port::read_pcs_lane(unsigned lane, std::uint32_t offset) const {
    const PcsCounters::Lane& counters = pcs_.latched().lane[lane];
    switch (offset) {
    case reg(hw::MO_SOC_PCS_LANE_STATUS):
        return pcs_.lane_status(lane);
    case reg(hw::MO_SOC_PCS_LANE_BITS_LO):
        return low(counters.bits);
    case reg(hw::MO_SOC_PCS_LANE_BITS_HI):
        return high(counters.bits);
    case reg(hw::MO_SOC_PCS_LANE_BITERR_LO):
        return low(counters.bit_errors);
    case reg(hw::MO_SOC_PCS_LANE_BITERR_HI):
        return high(counters.bit_errors);
    case reg(hw::MO_SOC_PCS_LANE_SYMERR_LO):
        return low(counters.symbol_errors);
    case reg(hw::MO_SOC_PCS_LANE_SYMERR_HI):
        return high(counters.symbol_errors);
    default:
        return 0;
    }
}

void Port::phy_write(hw::mo_soc_block block, std::uint32_t offset, std::uint32_t value,
                     std::uint64_t now_ns) {
    advance(now_ns);
    switch (block) {
    case hw::MO_SOC_MODULE:
        if (offset == reg(hw::MO_SOC_MODULE_CHANGED)) {
            module_changed_ &= ~value;
            return;
        }
        if (offset == reg(hw::MO_SOC_MODULE_CTRL)) {
            module_ctrl_ = value & 3U;
        }
        break;
    case hw::MO_SOC_SERDES:
        if (offset == reg(hw::MO_SOC_SERDES_CHANGED)) {
            serdes_changed_ &= ~value;
            return;
        }
        write_serdes(offset, value);
        break;
    case hw::MO_SOC_LASER:
        if (offset == reg(hw::MO_SOC_LASER_INTERLOCK)) {
            interlock_ = value & 1U;
        }
        break;
    case hw::MO_SOC_PCS:
        if (offset == reg(hw::MO_SOC_PCS_CHANGED)) {
            pcs_changed_ &= ~value;
            return;
        }
        if (offset == reg(hw::MO_SOC_PCS_SNAP)) {
            pcs_.snap(now_ns_);
            return;
        }
        write_pcs(offset, value);
        break;
    default:
        return;
    }
    evaluate(now_ns_);
}

void Port::write_serdes(std::uint32_t offset, std::uint32_t value) {
    if (offset < MO_SOC_LANE_BASE) {
        return;
    }
    const LaneRegister at = lane_register(offset);
    if (at.lane >= config_.lanes) {
        return;
    }
    Serdes& lane = serdes_[at.lane];
    switch (at.offset) {
    case reg(hw::MO_SOC_SERDES_CTRL):
        lane.ctrl = value & 3U;
        if ((value & serdes_adapt) != 0) {
            lane.receiver.start_adaptation(now_ns_);
        }
        break;
    case reg(hw::MO_SOC_SERDES_RATE):
        lane.rate = value <= MO_SOC_RATE_100G_PAM4 ? value : std::uint32_t{MO_SOC_RATE_OFF};
        break;
    case reg(hw::MO_SOC_SERDES_FIR0):
        lane.fir0 = value;
        break;
    case reg(hw::MO_SOC_SERDES_FIR1):
        lane.fir1 = value;
        break;
    default:
        break;
    }
}

void Port::write_pcs(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
    case reg(hw::MO_SOC_PCS_CTRL):
        pcs_ctrl_ = value & 3U;
        if ((value & pcs_clear) != 0) {
            pcs_.clear_counters(now_ns_);
        }
        break;
    case reg(hw::MO_SOC_PCS_LANES):
        pcs_lanes_ = value & ((1U << config_.lanes) - 1U);
        break;
    case reg(hw::MO_SOC_PCS_FEC):
        pcs_fec_ = value;
        break;
    default:
        break;
    }
}

bool Port::i2c_read(std::uint8_t target, std::uint8_t offset, std::span<std::uint8_t> out,
                    std::uint64_t now_ns) {
    advance(now_ns);
    if (!module_ || target != module_target || !module_->responds()) {
        return false;
    }
    module_->read(offset, out, now_ns_);
    evaluate(now_ns_); // reading clears flags: the interrupt may go
    return true;
}

bool Port::i2c_write(std::uint8_t target, std::uint8_t offset, std::span<const std::uint8_t> in,
                     std::uint64_t now_ns) {
    advance(now_ns);
    if (!module_ || target != module_target || !module_->responds()) {
        return false;
    }
    module_->write(offset, in, now_ns_);
    evaluate(now_ns_);
    return true;
}

} // namespace mo::optics
