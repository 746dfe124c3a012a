// SPDX-License-Identifier: GPL-2.0-or-later
#include "media_converter.hpp"

#include <algorithm>

#include "optics/cmis_map.hpp"

namespace mo::ofemu {

namespace {

constexpr unsigned lanes = MO_MAX_LANES;

// Offsets inside of a block of driver/hw/soc.h.
constexpr std::uint32_t offset(hw::mo_soc_block block, std::uint32_t address) noexcept {
    return address - MO_SOC_REG(static_cast<std::uint32_t>(block), 0U);
}
constexpr std::uint32_t lane_offset(std::uint32_t address, unsigned lane) noexcept {
    return offset(hw::MO_SOC_SERDES, address) + lane * MO_SOC_LANE_STRIDE;
}

constexpr std::uint32_t serdes_tx_rx = 3, serdes_adapt = 4;
constexpr std::uint32_t status_signal = 1, status_locked = 2, status_adapted = 4;
constexpr std::uint32_t pcs_on = 1;
/// Two transmit taps as a register has them.
constexpr std::uint32_t taps(std::int16_t low, std::int16_t high) noexcept {
    return static_cast<std::uint16_t>(low) |
           (std::uint32_t{static_cast<std::uint16_t>(high)} << 16U);
}

} // namespace

MediaConverter::MediaConverter(const std::string& serial, std::uint64_t seed,
                               engine::Engine& engine)
    : engine_(engine), port_(optics::PortConfig{lanes, seed, 35.0}) {
    const std::uint64_t now_ns = engine_.now_ns();
    port_.plug(optics::cmis::dr8_lpo(serial), now_ns);
    switch_on(now_ns);
    engine_.add(*this);
}

MediaConverter::~MediaConverter() {
    engine_.remove(*this);
}

void MediaConverter::switch_on(std::uint64_t now_ns) {
    const auto write = [&](hw::mo_soc_block block, std::uint32_t address, std::uint32_t value) {
        port_.phy_write(block, offset(block, address), value, now_ns);
    };
    write(hw::MO_SOC_MODULE, hw::MO_SOC_MODULE_CTRL, 0); // out of reset, high power
    write(hw::MO_SOC_LASER, hw::MO_SOC_LASER_INTERLOCK, 1);
    for (unsigned lane = 0; lane < lanes; ++lane) {
        const auto lane_write = [&](std::uint32_t address, std::uint32_t value) {
            port_.phy_write(hw::MO_SOC_SERDES, lane_offset(address, lane), value, now_ns);
        };
        lane_write(hw::MO_SOC_SERDES_RATE, MO_SOC_RATE_100G_PAM4);
        lane_write(hw::MO_SOC_SERDES_FIR0, taps(MO_SOC_FIR_PRE2, MO_SOC_FIR_PRE1));
        lane_write(hw::MO_SOC_SERDES_FIR1, taps(MO_SOC_FIR_MAIN, MO_SOC_FIR_POST1));
        lane_write(hw::MO_SOC_SERDES_CTRL, serdes_tx_rx);
    }
    write(hw::MO_SOC_PCS, hw::MO_SOC_PCS_FEC, hw::MO_FEC_RS544);
    write(hw::MO_SOC_PCS, hw::MO_SOC_PCS_LANES, (1U << lanes) - 1U);
    write(hw::MO_SOC_PCS, hw::MO_SOC_PCS_CTRL, pcs_on);
}

/// Starts adaptation where there is a locked signal to adapt to.
void MediaConverter::adapt(std::uint64_t now_ns) {
    for (unsigned lane = 0; lane < lanes; ++lane) {
        const std::uint32_t status =
            port_.phy_read(hw::MO_SOC_SERDES, lane_offset(hw::MO_SOC_SERDES_STATUS, lane), now_ns);
        constexpr std::uint32_t ready = status_signal | status_locked;
        if ((status & (ready | status_adapted)) == ready) {
            port_.phy_write(hw::MO_SOC_SERDES, lane_offset(hw::MO_SOC_SERDES_CTRL, lane),
                            serdes_tx_rx | serdes_adapt, now_ns);
        }
    }
}

bool MediaConverter::poll(std::uint64_t now_ns, unsigned /*budget*/) {
    const std::uint32_t levels = port_.irq_levels(now_ns);
    if (levels == 0) {
        return false;
    }
    constexpr std::uint32_t all = ~0U;
    const auto clear = [&](hw::mo_soc_block block, std::uint32_t address) {
        port_.phy_write(block, offset(block, address), all, now_ns);
    };
    clear(hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_CHANGED);
    clear(hw::MO_SOC_PCS, hw::MO_SOC_PCS_CHANGED);
    clear(hw::MO_SOC_MODULE, hw::MO_SOC_MODULE_CHANGED);
    adapt(now_ns);
    return true;
}

std::uint64_t MediaConverter::next_deadline_ns(std::uint64_t now_ns) {
    return port_.irq_levels(now_ns) != 0 ? now_ns : port_.next_change_ns(now_ns);
}

} // namespace mo::ofemu
