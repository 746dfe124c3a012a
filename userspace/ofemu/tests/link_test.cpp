// SPDX-License-Identifier: GPL-2.0-or-later
// Firmware, optics and NIC together: from a request to carrier, cuts, resets, foreign peers.
#include <array>
#include <set>

#include "media_converter.hpp"
#include "tests/bench_pair.hpp"

namespace mo::ofemu::test {
namespace {

class LinkTest : public testing::Test {
  public:
    LinkTest(const LinkTest&) = delete;
    LinkTest& operator=(const LinkTest&) = delete;

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

    engine::ManualClock clock_;
    engine::Engine engine_{clock_, 0};
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

TEST_F(LinkTest, FunctionResetsLeaveTheManagementDomainAlone) {
    bring_up();
    link_.fibre().cut(optics::Direction::from_a, clock_.now_ns());
    ASSERT_TRUE(both(seconds, false)); // something to remember
    link_.fibre().mend(optics::Direction::from_a, clock_.now_ns());
    ASSERT_TRUE(both(20 * seconds, true));
    engine_.run_until(clock_, clock_.now_ns() + seconds);

    auto& nic = a_.unit.nic();
    const auto reset = [&](int number) {
        constexpr std::array kinds{pcie::ResetKind::function_level, pcie::ResetKind::device};
        if (number < static_cast<int>(kinds.size())) {
            nic.reset(kinds.at(static_cast<std::size_t>(number)));
        } // else by the driver alone, which resets as it starts
        engine_.run_until(clock_, clock_.now_ns() + 20 * ms);
        a_.bring_up();
    };
    for (int number = 0; number < 3; ++number) {
        SCOPED_TRACE(number);
        const hw::mo_optics before = nic.mgmt().optics();
        const hw::mo_link_state link = nic.mgmt().link();
        const std::uint32_t heartbeat = nic.mgmt().heartbeat();
        ASSERT_EQ(link.carrier, 1);
        ASSERT_EQ(link.down_count, 1U);

        reset(number);
        EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_RUNNING});
        hw::mo_cmd_area sync{};
        sync.area = hw::MO_AREA_LINK;
        ASSERT_EQ(a_.driver.status(hw::MO_CMD_AREA_SYNC, sync), hw::MO_ST_OK);
        EXPECT_TRUE(a_.carrier()); // a new driver finds the link at once
        EXPECT_FALSE(a_.wait(seconds, [&] { return !a_.carrier() || !b_.carrier(); }));
        EXPECT_TRUE(nic.port(0).transmit);

        const hw::mo_optics after = nic.mgmt().optics();
        EXPECT_EQ(nic.mgmt().link().changed_ns, link.changed_ns);
        EXPECT_EQ(nic.mgmt().link().down_count, 1U);
        EXPECT_EQ(b_.link().down_count, 1U);
        EXPECT_EQ(after.record_seq, before.record_seq);
        EXPECT_GT(nic.mgmt().heartbeat(), heartbeat);
        EXPECT_GT(after.fec.codewords.value(), before.fec.codewords.value());
        for (std::size_t lane = 0; lane < MO_MAX_LANES; ++lane) {
            EXPECT_GT(after.lanes.lane[lane].bits.value(), before.lanes.lane[lane].bits.value());
        }
    }
}

TEST_F(LinkTest, AHostThatEndsTakesTheLightAlong) {
    for (const auto kind : {pcie::ResetKind::connection_lost, pcie::ResetKind::plugged_in}) {
        SCOPED_TRACE(pcie::name_of(kind));
        bring_up();
        a_.unit.nic().reset(kind);
        EXPECT_TRUE(b_.wait(20 * seconds, [this] { return !b_.carrier(); }));
        EXPECT_FALSE(a_.unit.nic().port(0).transmit);
        a_.bring_up();
    }
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
    engine::ManualClock clock;
    engine::Engine engine(clock, 0);
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

std::vector<double> losses(LinkUnit& link) {
    std::vector<double> db;
    for (const auto way : {optics::Direction::from_a, optics::Direction::from_b}) {
        for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
            db.push_back(link.fibre().loss_db(way, lane));
        }
    }
    return db;
}

TEST(LinkUnits, DifferByNameAndSeedAndRepeat) {
    engine::ManualClock clock;
    engine::Engine engine{clock, 0};
    LinkEntry first = link_entry(), second = link_entry();
    second.name = "fibre1";
    Config config, other;
    other.seed = config.seed + 1;
    LinkUnit a(config, first, engine), b(config, second, engine);
    EXPECT_NE(losses(a), losses(b)) << "two fibres with the same lanes";
    LinkUnit again(config, first, engine), reseeded(other, first, engine);
    EXPECT_EQ(losses(a), losses(again));
    EXPECT_NE(losses(a), losses(reseeded));
    // What happens to packets, too, on each link and in each direction.
    std::set<std::uint64_t> seeds;
    for (LinkUnit* const link : {&a, &b, &reseeded}) {
        for (const auto end : {fabric::End::a, fabric::End::b}) {
            EXPECT_TRUE(seeds.insert(link->link().impairment(end).seed).second);
        }
    }
}

TEST(NicUnits, HaveAModuleThatFitsTheirBoard) {
    engine::ManualClock clock;
    engine::Engine engine{clock, 0};
    for (const auto& board : nic::all_boards()) {
        NicEntry entry = nic_entry(0);
        entry.board = board.name;
        NicUnit unit(Config{}, entry, {}, engine);
        // 00h:88: lanes of the first application, host and media.
        auto& port = unit.port();
        const auto write = [&](std::uint32_t address, std::uint32_t value) {
            port.phy_write(hw::MO_SOC_MODULE, address - MO_SOC_REG(hw::MO_SOC_MODULE, 0U), value,
                           clock.now_ns());
        };
        write(hw::MO_SOC_MODULE_CTRL, 0);
        std::array<std::uint8_t, 1> lanes{};
        ASSERT_TRUE(port.i2c_read(0x50, 88, lanes, clock.now_ns() + seconds));
        EXPECT_EQ(lanes[0] >> 4U, board.lanes) << board.name;
        EXPECT_EQ(lanes[0] & 15U, board.lanes) << board.name;
    }
}

} // namespace
} // namespace mo::ofemu::test
