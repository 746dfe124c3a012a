// SPDX-License-Identifier: GPL-2.0-or-later
// SENSOR block: the board's sensors, whose values the NIC provides.
#pragma once

#include "mgmt/peripheral.hpp"
#include "mgmt/soc.hpp"

namespace mo::mgmt {

class Sensor : public Peripheral {
  public:
    explicit Sensor(SocHost& host) : host_(host) {}

    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override {
        const SensorValues values = host_.sensors(now_ns);
        switch (offset) {
        case block_offset(hw::MO_SOC_SENSOR_TEMP_BOARD):
            return static_cast<std::uint32_t>(values.temp_board_mc);
        case block_offset(hw::MO_SOC_SENSOR_TEMP_ASIC):
            return static_cast<std::uint32_t>(values.temp_asic_mc);
        case block_offset(hw::MO_SOC_SENSOR_VOLT_CORE):
            return values.volt_core_mv;
        case block_offset(hw::MO_SOC_SENSOR_VOLT_IO):
            return values.volt_io_mv;
        case block_offset(hw::MO_SOC_SENSOR_POWER):
            return values.power_mw;
        case block_offset(hw::MO_SOC_SENSOR_ENERGY_LO):
            // Reading the low half latches the high one, as the timer does.
            latched_energy_high_ = static_cast<std::uint32_t>(values.energy_uj >> 32);
            return static_cast<std::uint32_t>(values.energy_uj);
        case block_offset(hw::MO_SOC_SENSOR_ENERGY_HI):
            return latched_energy_high_;
        default:
            return 0;
        }
    }
    void write(std::uint32_t, std::uint32_t, std::uint64_t) override {} // all are read only
    void reset(std::uint64_t) override { latched_energy_high_ = 0; }

  private:
    SocHost& host_;
    std::uint32_t latched_energy_high_ = 0;
};

} // namespace mo::mgmt
