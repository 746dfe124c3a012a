// SPDX-License-Identifier: GPL-2.0-or-later
// Each driver against the ordered mock: which registers, in which order, and that nothing is
// written when an argument is refused.
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "mock_io.hpp"

using namespace mo::hw; // the firmware's headers name these types without a namespace

extern "C" {
#include "app/timers.h"
#include "drv/cage.h"
#include "drv/flash.h"
#include "drv/i2c.h"
#include "drv/laser.h"
#include "drv/mac.h"
#include "drv/mbox.h"
#include "drv/pcs.h"
#include "drv/sensor.h"
#include "drv/serdes.h"
#include "drv/timer.h"
#include "drv/wdog.h"
}

namespace mo::fwtest {
namespace {

std::uint32_t lane(std::uint32_t reg, std::uint32_t index) {
    return reg + index * MO_SOC_LANE_STRIDE;
}

TEST(TimerDriver, ReadsTheLatchedPair) {
    MockIo io;
    io.expect_read(MO_SOC_TIMER_NOW_LO, 0x89abcdef).expect_read(MO_SOC_TIMER_NOW_HI, 0x1234567);
    EXPECT_EQ(mo_timer_now(), 0x123456789abcdefULL);
}

TEST(TimerDriver, ArmsWithoutAFalseMatch) {
    MockIo io;
    io.expect_write(MO_SOC_TIMER_CMP_HI, 0xffffffff)
        .expect_write(MO_SOC_TIMER_CMP_LO, 0x55667788)
        .expect_write(MO_SOC_TIMER_CMP_HI, 0x11223344);
    mo_timer_arm(0x1122334455667788ULL);
}

TEST(I2cDriver, StartsAReadAndTakesItsBytes) {
    MockIo io;
    auto& buffer = io.window(MO_SOC_I2C_BUF_BASE, MO_SOC_I2C_BUF_SIZE);
    io.expect_read(MO_SOC_I2C_STATUS, 0)
        .expect_write(MO_SOC_I2C_TARGET, 0x50)
        .expect_write(MO_SOC_I2C_OFFSET, 200)
        .expect_write(MO_SOC_I2C_LEN, 56)
        .expect_write(MO_SOC_I2C_CMD, MO_SOC_I2C_READ);
    EXPECT_EQ(mo_i2c_start_read(200, 56), MO_OK);
    io.expect_read(MO_SOC_I2C_STATUS, 1);
    EXPECT_EQ(mo_i2c_finish(), MO_ERR_BUSY);
    io.expect_read(MO_SOC_I2C_STATUS, 4).expect_write(MO_SOC_I2C_ACK, 1);
    EXPECT_EQ(mo_i2c_finish(), MO_OK);
    buffer[1] = 0x77;
    std::uint8_t out[2] = {};
    mo_i2c_take(out, sizeof(out));
    EXPECT_EQ(out[1], 0x77);
    io.expect_read(MO_SOC_I2C_STATUS, 6).expect_write(MO_SOC_I2C_ACK, 1);
    EXPECT_EQ(mo_i2c_finish(), MO_ERR_I2C_NACK);
    io.expect_read(MO_SOC_I2C_STATUS, 0);
    EXPECT_EQ(mo_i2c_finish(), MO_ERR_STATE);
}

TEST(I2cDriver, WritesAreInTheBufferBeforeTheCommand) {
    MockIo io;
    auto& buffer = io.window(MO_SOC_I2C_BUF_BASE, MO_SOC_I2C_BUF_SIZE);
    io.expect_read(MO_SOC_I2C_STATUS, 0)
        .expect_write(MO_SOC_I2C_TARGET, 0x50)
        .expect_write(MO_SOC_I2C_OFFSET, 126)
        .expect_write(MO_SOC_I2C_LEN, 2)
        .expect_write(MO_SOC_I2C_CMD, MO_SOC_I2C_WRITE);
    const std::uint8_t bytes[] = {1, 0x11};
    EXPECT_EQ(mo_i2c_start_write(126, bytes, 2), MO_OK);
    EXPECT_EQ(buffer[1], 0x11);
}

TEST(I2cDriver, RefusesWithoutTouchingAnything) {
    MockIo io;
    std::uint8_t bytes[200] = {};
    EXPECT_EQ(mo_i2c_start_read(0, 0), MO_ERR_I2C_LENGTH);
    EXPECT_EQ(mo_i2c_start_read(0, 129), MO_ERR_I2C_LENGTH);
    EXPECT_EQ(mo_i2c_start_read(200, 57), MO_ERR_I2C_LENGTH);
    EXPECT_EQ(mo_i2c_start_write(0, bytes, 129), MO_ERR_I2C_LENGTH);
    io.expect_read(MO_SOC_I2C_STATUS, 1);
    EXPECT_EQ(mo_i2c_start_read(0, 1), MO_ERR_BUSY);
}

TEST(SerdesDriver, ConfiguresALaneThatIsOff) {
    MockIo io;
    const mo_fir fir{10, -80, 860, -50};
    io.expect_read(lane(MO_SOC_SERDES_CTRL, 3), 0)
        .expect_write(lane(MO_SOC_SERDES_RATE, 3), MO_SOC_RATE_100G_PAM4)
        .expect_write(lane(MO_SOC_SERDES_FIR0, 3), 0xffb0000a)
        .expect_write(lane(MO_SOC_SERDES_FIR1, 3), 0xffce035c);
    EXPECT_EQ(mo_serdes_configure(3, MO_SOC_RATE_100G_PAM4, &fir), MO_OK);
    io.expect_read(lane(MO_SOC_SERDES_CTRL, 3), 1);
    EXPECT_EQ(mo_serdes_configure(3, MO_SOC_RATE_100G_PAM4, &fir), MO_ERR_STATE);
}

TEST(SerdesDriver, RefusesLanesRatesAndTapsOutOfRange) {
    MockIo io;
    const mo_fir good{0, 0, 1000, 0};
    const mo_fir strong{-100, 100, 801, 0};
    EXPECT_EQ(mo_serdes_configure(8, MO_SOC_RATE_100G_PAM4, &good), MO_ERR_PARAM);
    EXPECT_EQ(mo_serdes_configure(0, 4, &good), MO_ERR_PARAM);
    EXPECT_EQ(mo_serdes_configure(0, MO_SOC_RATE_100G_PAM4, &strong), MO_ERR_PARAM);
    EXPECT_EQ(mo_serdes_enable(8, true, true), MO_ERR_PARAM);
    EXPECT_EQ(mo_serdes_adapt(8), MO_ERR_PARAM);
    EXPECT_EQ(mo_serdes_status(8), 0U);
    io.expect_read(lane(MO_SOC_SERDES_CTRL, 0), 1);
    EXPECT_EQ(mo_serdes_adapt(0), MO_ERR_STATE); // receiver is off
}

TEST(SerdesDriver, AdaptsWhatIsOnAndTakesChanges) {
    MockIo io;
    io.expect_read(lane(MO_SOC_SERDES_CTRL, 7), 3).expect_write(lane(MO_SOC_SERDES_CTRL, 7), 7);
    EXPECT_EQ(mo_serdes_adapt(7), MO_OK);
    io.expect_read(MO_SOC_SERDES_CHANGED, 0x81).expect_write(MO_SOC_SERDES_CHANGED, 0x81);
    EXPECT_EQ(mo_serdes_take_changed(), 0x81U);
    io.expect_read(MO_SOC_SERDES_CHANGED, 0);
    EXPECT_EQ(mo_serdes_take_changed(), 0U);
    io.expect_read(MO_SOC_SERDES_LANES, 200);
    EXPECT_EQ(mo_serdes_lanes(), 8U);
}

TEST(LaserDriver, InterlockAndMonitors) {
    MockIo io;
    io.expect_write(MO_SOC_LASER_INTERLOCK, 1).expect_write(MO_SOC_LASER_INTERLOCK, 0);
    mo_laser_allow(true);
    mo_laser_allow(false);
    io.expect_read(MO_SOC_LASER_CASE_TEMP, static_cast<std::uint32_t>(-5000));
    EXPECT_EQ(mo_laser_case_temp(), -5000);
    io.expect_read(lane(MO_SOC_LASER_STATUS, 2), 3);
    EXPECT_EQ(mo_laser_status(2), 3U);
    EXPECT_EQ(mo_laser_status(8), 0U);
    EXPECT_EQ(mo_laser_temp(8), 0);
}

TEST(PcsDriver, StartsHoldingThePartner) {
    MockIo io;
    io.expect_write(MO_SOC_PCS_LANES, 0x0f)
        .expect_write(MO_SOC_PCS_FEC, MO_FEC_RS544)
        .expect_write(MO_SOC_PCS_CTRL, 3);
    EXPECT_EQ(mo_pcs_start(0x0f, MO_FEC_RS544), MO_OK);
    io.expect_write(MO_SOC_PCS_CTRL, 1).expect_write(MO_SOC_PCS_CTRL, 3);
    mo_pcs_hold(false);
    mo_pcs_hold(true);
    io.expect_write(MO_SOC_PCS_CTRL, 0);
    mo_pcs_stop();
}

TEST(PcsDriver, RefusesLanesAndFecOutOfRange) {
    MockIo io;
    EXPECT_EQ(mo_pcs_start(0, MO_FEC_RS544), MO_ERR_PARAM);
    EXPECT_EQ(mo_pcs_start(0x100, MO_FEC_RS544), MO_ERR_PARAM);
    EXPECT_EQ(mo_pcs_start(1, MO_FEC_AUTO), MO_ERR_PARAM);
    EXPECT_EQ(mo_pcs_start(1, MO_FEC_RS544 | MO_FEC_RS528), MO_ERR_PARAM);
    EXPECT_EQ(mo_pcs_bin(16), 0U);
    mo_pcs_lane counters{1, 1, 1};
    mo_pcs_lane_counters(8, &counters);
    EXPECT_EQ(counters.bits, 0U);
}

TEST(PcsDriver, CountersAreLatchedThenRead) {
    MockIo io;
    io.expect_write(MO_SOC_PCS_SNAP, 1)
        .expect_read(MO_SOC_PCS_SNAP_NS_HI, 1)
        .expect_read(MO_SOC_PCS_SNAP_NS_LO, 2);
    EXPECT_EQ(mo_pcs_snap(), 0x100000002ULL);
    io.expect_read(MO_SOC_PCS_BIN0_HI + 8 * 15, 3).expect_read(MO_SOC_PCS_BIN0_LO + 8 * 15, 4);
    EXPECT_EQ(mo_pcs_bin(15), 0x300000004ULL);
}

TEST(MacDriver, SpeedBeforeGateAndStateBeforeStrobe) {
    MockIo io;
    auto& link = io.window(MO_SOC_LINK_BASE, MO_SOC_LINK_SIZE);
    io.expect_write(MO_SOC_MAC_SPEED, 800000).expect_write(MO_SOC_MAC_CTRL, 3);
    EXPECT_EQ(mo_mac_open(800000), MO_OK);
    EXPECT_EQ(mo_mac_open(0), MO_ERR_PARAM);
    io.expect_write(MO_SOC_MAC_CTRL, 0);
    mo_mac_close();
    mo_link_state state{};
    state.gen = 0x04030201;
    io.expect_write(MO_SOC_MAC_PUBLISH, 1);
    mo_mac_publish(&state);
    EXPECT_EQ(link[3], 4);
    auto& optics = io.window(MO_SOC_OPTICS_BASE, MO_SOC_OPTICS_SIZE);
    mo_mac_optics()->module.present = 1;
    EXPECT_EQ(optics[offsetof(mo_optics, module)], 1);
    io.expect_write(MO_SOC_MAC_PUBLISH, 2);
    mo_mac_publish_optics();
}

TEST(CageDriver, PinsAndChanges) {
    MockIo io;
    io.expect_read(MO_SOC_MODULE_PINS, 2).expect_read(MO_SOC_MODULE_PINS, 2);
    EXPECT_FALSE(mo_cage_present());
    EXPECT_TRUE(mo_cage_interrupt());
    io.expect_write(MO_SOC_MODULE_CTRL, 3)
        .expect_write(MO_SOC_MODULE_CTRL, 2)
        .expect_write(MO_SOC_MODULE_CTRL, 0);
    mo_cage_control(true, true);
    mo_cage_control(false, true);
    mo_cage_control(false, false);
    io.expect_read(MO_SOC_MODULE_CHANGED, 1).expect_write(MO_SOC_MODULE_CHANGED, 1);
    EXPECT_EQ(mo_cage_take_changed(), 1U);
}

TEST(FlashDriver, ProgramsFromTheStage) {
    MockIo io;
    io.expect_read(MO_SOC_FLASH_STATUS, 0)
        .expect_write(MO_SOC_FLASH_ADDR, 0x1100)
        .expect_write(MO_SOC_FLASH_LEN, 0xf00)
        .expect_write(MO_SOC_FLASH_SRC, MO_SOC_STAGE_BASE + 0x100)
        .expect_write(MO_SOC_FLASH_CMD, MO_SOC_FLASH_PROGRAM);
    EXPECT_EQ(mo_flash_start_program(0x1100, 0x100, 0xf00), MO_OK);
    io.expect_read(MO_SOC_FLASH_STATUS, 1);
    EXPECT_EQ(mo_flash_finish(), MO_ERR_BUSY);
    io.expect_read(MO_SOC_FLASH_STATUS, 2);
    EXPECT_EQ(mo_flash_finish(), MO_ERR_FLASH_FAILED);
    io.expect_read(MO_SOC_FLASH_STATUS, 0)
        .expect_write(MO_SOC_FLASH_ADDR, 0x2000)
        .expect_write(MO_SOC_FLASH_LEN, MO_SOC_FLASH_SECTOR)
        .expect_write(MO_SOC_FLASH_CMD, MO_SOC_FLASH_ERASE);
    EXPECT_EQ(mo_flash_start_erase(0x2000), MO_OK);
}

TEST(FlashDriver, RefusesWhatCrossesASectorOrLeavesTheFlash) {
    MockIo io;
    EXPECT_EQ(mo_flash_start_program(0x1100, 0, 0xf01), MO_ERR_FLASH_RANGE);
    EXPECT_EQ(mo_flash_start_program(0, 0, 0), MO_ERR_FLASH_RANGE);
    EXPECT_EQ(mo_flash_start_program(MO_SOC_FLASH_SIZE, 0, 1), MO_ERR_FLASH_RANGE);
    EXPECT_EQ(mo_flash_start_program(0, MO_SOC_STAGE_SIZE, 1), MO_ERR_FLASH_RANGE);
    EXPECT_EQ(mo_flash_start_program(0, 0xffffffff, 2), MO_ERR_FLASH_RANGE);
    EXPECT_EQ(mo_flash_start_erase(1), MO_ERR_FLASH_RANGE);
    EXPECT_EQ(mo_flash_start_erase(MO_SOC_FLASH_SIZE), MO_ERR_FLASH_RANGE);
    io.expect_read(MO_SOC_FLASH_STATUS, 1);
    EXPECT_EQ(mo_flash_start_erase(0), MO_ERR_BUSY);
}

TEST(WatchdogDriver, StartsAndKicks) {
    MockIo io;
    EXPECT_EQ(mo_wdog_start(0), MO_ERR_PARAM);
    io.expect_write(MO_SOC_WDOG_PERIOD_US, 1000000)
        .expect_write(MO_SOC_WDOG_KICK, MO_SOC_WDOG_MAGIC)
        .expect_write(MO_SOC_WDOG_KICK, MO_SOC_WDOG_MAGIC);
    EXPECT_EQ(mo_wdog_start(1000000), MO_OK);
    mo_wdog_kick();
}

TEST(MailboxDriver, TakesNoMoreThanThereIsRoom) {
    MockIo io;
    auto& request = io.window(MO_SOC_MBOX_REQ_BASE, MO_SOC_MBOX_SIZE);
    request[0] = 9;
    std::uint8_t out[16] = {};
    io.expect_read(MO_SOC_MBOX_REQ_LEN, 0xffffffff);
    EXPECT_EQ(mo_mbox_take(out, sizeof(out)), sizeof(out));
    EXPECT_EQ(out[0], 9);
    io.expect_read(MO_SOC_MBOX_REQ_LEN, 0);
    EXPECT_EQ(mo_mbox_take(out, sizeof(out)), 0U);
}

TEST(MailboxDriver, AnswersAndRaisesEvents) {
    MockIo io;
    auto& response = io.window(MO_SOC_MBOX_RSP_BASE, MO_SOC_MBOX_SIZE);
    const std::uint8_t bytes[] = {1, 2, 3};
    io.expect_write(MO_SOC_MBOX_RSP_LEN, 3).expect_write(MO_SOC_MBOX_DONE, 1);
    EXPECT_EQ(mo_mbox_answer(bytes, 3), MO_OK);
    EXPECT_EQ(response[2], 3);
    EXPECT_EQ(mo_mbox_answer(bytes, MO_MB_MAX + 1), MO_ERR_PARAM);
    io.expect_write(MO_SOC_MBOX_EVENT, 0x14010203);
    mo_mbox_event(0x14, 1, 0x203);
}

TEST(SensorDriver, ReadsEnergyWithoutATornCarry) {
    MockIo io;
    io.expect_read(MO_SOC_SENSOR_TEMP_BOARD, 1)
        .expect_read(MO_SOC_SENSOR_TEMP_ASIC, 2)
        .expect_read(MO_SOC_SENSOR_VOLT_CORE, 3)
        .expect_read(MO_SOC_SENSOR_VOLT_IO, 4)
        .expect_read(MO_SOC_SENSOR_POWER, 5)
        .expect_read(MO_SOC_SENSOR_ENERGY_HI, 0)
        .expect_read(MO_SOC_SENSOR_ENERGY_LO, 0xffffffff)
        .expect_read(MO_SOC_SENSOR_ENERGY_HI, 1)
        .expect_read(MO_SOC_SENSOR_ENERGY_HI, 1)
        .expect_read(MO_SOC_SENSOR_ENERGY_LO, 7)
        .expect_read(MO_SOC_SENSOR_ENERGY_HI, 1);
    mo_sensor_values values{};
    mo_sensor_read(&values);
    EXPECT_EQ(values.energy_uj, 0x100000007ULL);
    EXPECT_EQ(values.power_mw, 5U);
}

TEST(Timers, ComparatorHoldsTheEarliestAndIsWrittenOnlyOnChange) {
    MockIo io;
    const auto arm = [&](std::uint64_t at) {
        io.expect_write(MO_SOC_TIMER_CMP_HI, 0xffffffff)
            .expect_write(MO_SOC_TIMER_CMP_LO, static_cast<std::uint32_t>(at))
            .expect_write(MO_SOC_TIMER_CMP_HI, static_cast<std::uint32_t>(at >> 32U));
    };
    mo_timers timers{};
    arm(UINT64_MAX);
    mo_timers_init(&timers);
    mo_timers_set(&timers, MO_TIMER_LINK, 500);
    mo_timers_set(&timers, MO_TIMER_MODULE, 300);
    arm(300);
    mo_timers_arm(&timers);
    mo_timers_arm(&timers);
    EXPECT_FALSE(mo_timers_take(&timers, MO_TIMER_MODULE, 299));
    EXPECT_TRUE(mo_timers_take(&timers, MO_TIMER_MODULE, 300));
    EXPECT_FALSE(mo_timers_take(&timers, MO_TIMER_MODULE, 301));
    arm(500);
    mo_timers_arm(&timers);
}

} // namespace
} // namespace mo::fwtest
