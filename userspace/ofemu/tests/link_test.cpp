// SPDX-License-Identifier: GPL-2.0-or-later
// Firmware, optics and NIC together: from a request to carrier, cuts, resets, foreign peers.
#include "media_converter.hpp"
#include "tests/bench_pair.hpp"

namespace mo::ofemu::test {
namespace {

class LinkTest : public testing::Test {
  protected:
    LinkTest() {
        link_.connect(fabric::End::a, a_.unit.port(), &a_.unit.nic().port(0));
        link_.connect(fabric::End::b, b_.unit.port(), &b_.unit.nic().port(0));
        a_.unit.mac().connect(&link_.link(), fabric::End::a);
        b_.unit.mac().connect(&link_.link(), fabric::End::b);
    }
    ~LinkTest() override {
        a_.unit.mac().connect(nullptr, fabric::End::a);
        b_.unit.mac().connect(nullptr, fabric::End::b);
        link_.disconnect();
    }

    bool both(std::uint64_t limit_ns, bool carrier) {
        return a_.wait(limit_ns,
                       [&] { return a_.carrier() == carrier && b_.carrier() == carrier; });
    }
    void bring_up() {
        const auto image = firmware_image();
        ASSERT_TRUE(a_.start_firmware(image));
        ASSERT_TRUE(b_.start_firmware(image));
        ASSERT_EQ(a_.set_admin(true), hw::MO_MB_OK);
        ASSERT_EQ(b_.set_admin(true), hw::MO_MB_OK);
        ASSERT_TRUE(both(20 * seconds, true));
    }

    nic::ManualClock clock_;
    nic::Engine engine_{clock_, 0};
    Station a_{0, engine_, clock_};
    Station b_{1, engine_, clock_};
    LinkUnit link_{Config{}, link_entry(), engine_};
};

TEST_F(LinkTest, ComesUpFallsWithACutAndComesBack) {
    bring_up();
    EXPECT_EQ(a_.link().speed_mbps, 800'000U);
    EXPECT_TRUE(a_.unit.nic().port(0).transmit);
    for (int i = 0; i < 3; ++i) {
        const auto start = clock_.now_ns();
        link_.fibre().cut(optics::Direction::from_a, start);
        link_.fibre().cut(optics::Direction::from_b, start);
        ASSERT_TRUE(both(100 * ms, false)) << "cut " << i;
        EXPECT_EQ(a_.link().last_reason, hw::MO_REASON_NO_LIGHT);
        link_.fibre().mend(optics::Direction::from_a, clock_.now_ns());
        link_.fibre().mend(optics::Direction::from_b, clock_.now_ns());
        ASSERT_TRUE(both(20 * seconds, true)) << "mend " << i;
    }
    EXPECT_EQ(a_.link().down_count, 3U);
}

TEST_F(LinkTest, FunctionResetTakesTheLinkDown) {
    bring_up();
    a_.driver.bring_up(hw::MO_F_SHADOW_DB | hw::MO_F_MGMT | hw::MO_F_ETH);
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_RUNNING});
    EXPECT_TRUE(b_.wait(seconds, [this] { return !b_.carrier(); }));
    EXPECT_TRUE(b_.wait(seconds, [this] { return !a_.unit.nic().port(0).transmit; }));
    ASSERT_EQ(a_.set_admin(true), hw::MO_MB_OK);
    EXPECT_TRUE(b_.wait(20 * seconds, [this] { return b_.carrier(); }));
}

TEST_F(LinkTest, CrashLeavesTheLinkUntilTheCoreIsReset) {
    bring_up();
    a_.unit.soc().inject_crash(clock_.now_ns());
    engine_.run_until(clock_, clock_.now_ns() + 500 * ms);
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_CRASHED});
    EXPECT_TRUE(a_.carrier());
    EXPECT_TRUE(b_.carrier());
    EXPECT_TRUE(a_.unit.nic().port(0).transmit);
    ASSERT_TRUE(a_.start_firmware(firmware_image()));
    EXPECT_FALSE(a_.unit.nic().port(0).transmit);
    ASSERT_EQ(a_.set_admin(true), hw::MO_MB_OK);
    EXPECT_TRUE(both(20 * seconds, true));
}

TEST_F(LinkTest, HangEndsByTheWatchdog) {
    bring_up();
    a_.unit.soc().inject_hang();
    EXPECT_TRUE(a_.wait(20 * seconds, [this] {
        return a_.driver.reg(nic::reg::MGMT_STATE) == hw::MO_MGMT_CRASHED;
    }));
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_ERROR), std::uint32_t{hw::MO_FW_ERR_WATCHDOG});
}

TEST_F(LinkTest, PulledModuleIsNoticed) {
    bring_up();
    ASSERT_TRUE(a_.unit.plug_module(false, clock_.now_ns()));
    ASSERT_TRUE(both(100 * ms, false));
    EXPECT_EQ(a_.link().module_present, 0);
    ASSERT_TRUE(a_.unit.plug_module(true, clock_.now_ns()));
    EXPECT_TRUE(both(20 * seconds, true));
}

TEST(ForeignLink, MediaConverterMakesALink) {
    nic::ManualClock clock;
    nic::Engine engine(clock, 0);
    Station a(0, engine, clock);
    MediaConverter converter("MC-1", 1, engine);
    LinkUnit link(Config{}, link_entry(), engine);
    link.connect(fabric::End::a, a.unit.port(), &a.unit.nic().port(0));
    link.connect(fabric::End::b, converter.port(), nullptr);
    ASSERT_TRUE(a.start_firmware(firmware_image()));
    ASSERT_EQ(a.set_admin(true), hw::MO_MB_OK);
    ASSERT_TRUE(a.wait(20 * seconds, [&] { return a.carrier(); }));
    link.fibre().cut(optics::Direction::from_b, clock.now_ns());
    EXPECT_TRUE(a.wait(100 * ms, [&] { return !a.carrier(); }));
    link.fibre().mend(optics::Direction::from_b, clock.now_ns());
    EXPECT_TRUE(a.wait(20 * seconds, [&] { return a.carrier(); }));
    link.disconnect();
}

} // namespace
} // namespace mo::ofemu::test
