// SPDX-License-Identifier: GPL-2.0-or-later
// The module as its bus sees it: pages, state machines, flags.
#include "optics/module.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mo::optics {
namespace {

constexpr std::uint64_t ms = 1'000'000;

class ModuleBus : public ::testing::Test {
  protected:
    void step_to(std::uint64_t when) {
        while (now < when) {
            now = std::min(when, std::max(now + 1, module.next_ns()));
            module.evaluate(inputs, now);
        }
    }
    void power_up() {
        inputs.reset = false;
        inputs.low_power = false;
        inputs.interlock = true;
        inputs.host_signal = 0xff;
        inputs.rx_mw.fill(0.8);
        module.evaluate(inputs, now);
        step_to(now + 500 * ms);
    }
    std::vector<std::uint8_t> read(std::uint8_t page, std::uint8_t offset, std::size_t len) {
        select(page);
        std::vector<std::uint8_t> out(len);
        module.read(offset, out, now);
        return out;
    }
    void select(std::uint8_t page) {
        const std::array<std::uint8_t, 2> to{0, page};
        module.write(126, to, now);
    }
    void write(std::uint8_t page, std::uint8_t offset, const std::vector<std::uint8_t>& bytes) {
        select(page);
        module.write(offset, bytes, now);
        module.evaluate(inputs, now);
    }
    std::uint8_t byte(std::uint8_t page, std::uint8_t offset) { return read(page, offset, 1)[0]; }
    unsigned state() { return byte(0, 3) >> 1U & 7U; }
    std::uint32_t be16(std::uint8_t page, std::uint8_t offset) {
        const auto bytes = read(page, offset, 2);
        return bytes[0] * 256U + bytes[1];
    }

    Module module{cmis::dr8_lpo("SN1"), 3, 35.0, 0};
    ModuleInputs inputs;
    std::uint64_t now = 0;
};

TEST_F(ModuleBus, DoesNotAnswerBeforeItIsInitialised) {
    module.evaluate(inputs, now);
    EXPECT_FALSE(module.responds());
    inputs.reset = false;
    module.evaluate(inputs, now);
    EXPECT_FALSE(module.responds());
    step_to(29 * ms);
    EXPECT_FALSE(module.responds());
    step_to(31 * ms);
    EXPECT_TRUE(module.responds());
    EXPECT_EQ(state(), 1U); // LPMode is asserted: ModuleLowPwr
}

TEST_F(ModuleBus, PagesCarryTheirChecksums) {
    power_up();
    const auto sum = [&](std::uint8_t page, unsigned first, unsigned last) {
        unsigned total = 0;
        for (unsigned i = first; i < last; ++i) {
            total += byte(page, static_cast<std::uint8_t>(i));
        }
        return (total & 0xffU) == byte(page, static_cast<std::uint8_t>(last));
    };
    EXPECT_TRUE(sum(0x00, 128, 222));
    EXPECT_TRUE(sum(0x01, 130, 255));
    EXPECT_TRUE(sum(0x02, 128, 255));
}

TEST_F(ModuleBus, SaysWhatItIs) {
    power_up();
    EXPECT_EQ(byte(0, 0), 0x19);
    EXPECT_EQ(byte(0, 128), 0x19);
    EXPECT_EQ(byte(0, 1), 0x52);
    EXPECT_EQ(byte(0, 2) & 0x80, 0); // paged
    const auto text = [&](std::uint8_t at) {
        const auto bytes = read(0, at, 16);
        return std::string(bytes.begin(), bytes.end());
    };
    EXPECT_EQ(text(129), "Mesh Optical    ");
    EXPECT_EQ(text(148), "MO-8DR8-LPO     ");
    EXPECT_EQ(text(166), "SN1             ");
    EXPECT_EQ(byte(0, 201), 34);     // 8.5 W
    EXPECT_EQ(be16(1, 138), 26200U); // 1310 nm
    EXPECT_EQ(read(0, 86, 5), (std::vector<std::uint8_t>{0x23, 0x92, 0x88, 0x01, 0x22}));
    EXPECT_EQ(byte(1, 161) | byte(1, 162), 0); // no clock recovery: linear
    // Times are in the classes that the state machines keep to.
    EXPECT_EQ(byte(1, 144), 0x13); // DPDeinit 1..5 ms, DPInit 10..50 ms
    EXPECT_EQ(byte(1, 167), 0x14); // power down 1..5 ms, up 50..100 ms
}

TEST_F(ModuleBus, PowersUpAndActivatesInTheAdvertisedTimes) {
    inputs.reset = false;
    inputs.low_power = false;
    inputs.interlock = true;
    inputs.host_signal = 0xff;
    module.evaluate(inputs, now);
    step_to(30 * ms);
    EXPECT_EQ(state(), 2U);
    step_to(89 * ms);
    EXPECT_EQ(state(), 2U);
    step_to(91 * ms);
    EXPECT_EQ(state(), 3U);
    EXPECT_EQ(byte(0x11, 128), 0x22); // DPInit
    EXPECT_FALSE(module.emits(0));
    step_to(122 * ms);
    EXPECT_EQ(byte(0x11, 128), 0x55); // DPTxTurnOn
    step_to(125 * ms);
    EXPECT_EQ(read(0x11, 128, 4), (std::vector<std::uint8_t>(4, 0x44)));
    EXPECT_TRUE(module.emits(0));
}

TEST_F(ModuleBus, LightNeedsInterlockAndHostSignal) {
    power_up();
    ASSERT_TRUE(module.emits(7));
    inputs.interlock = false;
    module.evaluate(inputs, now);
    EXPECT_FALSE(module.emits(7));
    inputs.interlock = true;
    inputs.host_signal = 0x7f;
    module.evaluate(inputs, now);
    EXPECT_FALSE(module.emits(7));
    EXPECT_TRUE(module.emits(6));
    EXPECT_EQ(byte(0x11, 136), 0x80); // Tx LOS
}

TEST_F(ModuleBus, AnotherApplicationIsAppliedAndReinitialised) {
    power_up();
    write(0x10, 145, {0x20, 0x20, 0x20, 0x20, 0, 0, 0, 0}); // 400G on lanes 0..3
    write(0x10, 143, {0xff});
    EXPECT_EQ(byte(0x11, 202), 0xcc); // in progress
    step_to(now + 2 * ms);
    EXPECT_EQ(read(0x11, 202, 4), (std::vector<std::uint8_t>(4, 0x11)));
    step_to(now + 100 * ms);
    EXPECT_EQ(read(0x11, 206, 8), (std::vector<std::uint8_t>{0x20, 0x20, 0x20, 0x20, 0, 0, 0, 0}));
    EXPECT_EQ(read(0x11, 128, 4), (std::vector<std::uint8_t>{0x44, 0x44, 0x11, 0x11}));
}

TEST_F(ModuleBus, ImpossibleConfigurationsAreRejected) {
    power_up();
    write(0x10, 145, std::vector<std::uint8_t>(8, 0x70)); // no application 7
    write(0x10, 143, {0xff});
    EXPECT_EQ(byte(0x11, 202), 0x33);
    write(0x10, 145, std::vector<std::uint8_t>(8, 0x12)); // 800G from lane 1
    write(0x10, 143, {0xff});
    EXPECT_EQ(byte(0x11, 202), 0x44);
    write(0x10, 145, std::vector<std::uint8_t>(8, 0x10)); // on half of its lanes
    write(0x10, 143, {0x0f});
    EXPECT_EQ(byte(0x11, 202), 0x44);
    step_to(now + 10 * ms);
    EXPECT_TRUE(module.emits(0)); // what ran goes on
}

TEST_F(ModuleBus, LatchedFlagsClearOnReadAndComeBackWhileTheirCauseLasts) {
    power_up();
    (void)read(0x11, 134, 20);
    EXPECT_EQ(byte(0x11, 147), 0);
    inputs.rx_mw[2] = 0.0;
    module.evaluate(inputs, now);
    EXPECT_EQ(byte(0x11, 147), 0x04); // Rx LOS
    EXPECT_EQ(byte(0x11, 147), 0x04); // still dark
    inputs.rx_mw[2] = 0.8;
    module.evaluate(inputs, now);
    EXPECT_EQ(byte(0x11, 147), 0x04); // latched
    EXPECT_EQ(byte(0x11, 147), 0x00);
}

TEST_F(ModuleBus, LossOfSignalHasHysteresis) {
    power_up();
    inputs.rx_mw[0] = dbm_to_mw(-14.8);
    module.evaluate(inputs, now);
    EXPECT_TRUE(module.rx_output(0));
    inputs.rx_mw[0] = dbm_to_mw(-15.1);
    module.evaluate(inputs, now);
    EXPECT_FALSE(module.rx_output(0));
    inputs.rx_mw[0] = dbm_to_mw(-14.8);
    module.evaluate(inputs, now);
    EXPECT_FALSE(module.rx_output(0));
    inputs.rx_mw[0] = dbm_to_mw(-14.4);
    module.evaluate(inputs, now);
    EXPECT_TRUE(module.rx_output(0));
}

TEST_F(ModuleBus, InterruptFollowsFlagsAndMasks) {
    power_up();
    EXPECT_TRUE(module.interrupt()); // state changes
    (void)read(0, 8, 6);
    (void)read(0x11, 134, 20);
    EXPECT_FALSE(module.interrupt());
    inputs.rx_mw[2] = 0.0;
    module.evaluate(inputs, now);
    EXPECT_TRUE(module.interrupt());
    write(0x10, 213, std::vector<std::uint8_t>(20, 0xff));
    EXPECT_FALSE(module.interrupt());
}

TEST_F(ModuleBus, MonitorsShowThePhysics) {
    power_up();
    const double tx_mw = be16(0x11, 154) / 10000.0;
    EXPECT_NEAR(mw_to_dbm(tx_mw), 1.7, 0.4); // OMA 1.5 dBm at an extinction ratio of 4.5 dB
    EXPECT_NEAR(be16(0x11, 186) / 10000.0, 0.8, 1e-3);
    const double bias_ma = be16(0x11, 170) / 500.0;
    EXPECT_GT(bias_ma, 30.0);
    EXPECT_LT(bias_ma, 90.0);
    const double cold = be16(0, 14) / 256.0;
    step_to(now + 300'000 * ms);
    const double warm = be16(0, 14) / 256.0;
    EXPECT_GT(warm, cold + 3.0);
    EXPECT_LT(warm, 60.0);
    EXPECT_EQ(be16(0, 16), 33000U);
    module.age_laser(0, 1.6);
    EXPECT_GT(be16(0x11, 170) / 500.0, bias_ma);
}

TEST_F(ModuleBus, PagesThatItLacksSelectPageZero) {
    power_up();
    EXPECT_EQ(read(0x05, 129, 4), read(0x00, 129, 4));
    EXPECT_EQ(byte(0x05, 127), 0);
    const std::array<std::uint8_t, 2> bank{1, 0x11};
    module.write(126, bank, now);
    std::array<std::uint8_t, 1> page{};
    module.read(127, page, now);
    EXPECT_EQ(page[0], 0);
}

TEST_F(ModuleBus, ReadOnlyBytesStay) {
    power_up();
    const auto before = read(0x00, 128, 128);
    write(0x00, 129, {'x', 'y'});
    write(0x01, 144, {0});
    write(0x00, 0, {0x77});
    EXPECT_EQ(read(0x00, 128, 128), before);
    EXPECT_EQ(byte(0, 0), 0x19);
}

TEST_F(ModuleBus, SoftwareResetAndFaultBehaveAsTheStateMachineSays) {
    power_up();
    module.fault(2, now);
    module.evaluate(inputs, now);
    EXPECT_EQ(state(), 5U);
    EXPECT_EQ(byte(0, 41), 2);
    EXPECT_FALSE(module.emits(0));
    write(0, 26, {0x48}); // SoftwareReset
    EXPECT_FALSE(module.responds());
    step_to(now + 300 * ms);
    EXPECT_EQ(state(), 3U);
    EXPECT_TRUE(module.emits(0));
}

TEST_F(ModuleBus, LowPowerRequestsAreObeyed) {
    power_up();
    write(0, 26, {0x50}); // LowPwrRequestSW
    EXPECT_EQ(state(), 4U);
    EXPECT_FALSE(module.emits(0));
    step_to(now + 5 * ms);
    EXPECT_EQ(state(), 1U);
    write(0, 26, {0x00}); // the pin does not count either
    inputs.low_power = true;
    step_to(now + 100 * ms);
    EXPECT_EQ(state(), 3U);
}

TEST(ModuleDurations, AreClassified) {
    EXPECT_EQ(cmis::duration_code(500'000), 0);
    EXPECT_EQ(cmis::duration_code(1 * ms), 1);
    EXPECT_EQ(cmis::duration_code(30 * ms), 3);
    EXPECT_EQ(cmis::duration_code(2'000 * ms), 7);
    EXPECT_EQ(cmis::duration_code(100'000 * ms), 10);
}

} // namespace
} // namespace mo::optics
