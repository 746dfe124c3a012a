// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware of both ends against the model of the optics: what an operator does to a link, and
// what the host then sees, when, with which reason.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "world.hpp"

namespace mo::fwtest {
namespace {

using hw::mo_link_fsm;
using hw::mo_link_reason;
using optics::Direction;

TEST(LinkBringUp, ReachesCarrierAtBothEndsInLessThanASecond) {
    World world;
    world.boot();
    world.run_for(1 * second);
    const std::uint64_t start = world.now();
    world.set_link(world.a, true);
    world.set_link(world.b, true);
    ASSERT_TRUE(world.run_until(1 * second, [&] { return world.both_up(); }))
        << world.a.log() << "\n"
        << world.b.log();
    RecordProperty("bring_up_ms", static_cast<int>((world.now() - start) / ms));
    world.run_for(10 * ms);
    for (const Chip* chip : {&world.a, &world.b}) {
        const hw::mo_link_state state = chip->link();
        EXPECT_EQ(state.carrier, 1);
        EXPECT_EQ(state.fsm, hw::MO_LINK_UP);
        EXPECT_EQ(state.reason, hw::MO_REASON_NONE);
        EXPECT_EQ(state.speed_mbps, 800000U);
        EXPECT_EQ(state.lanes, 8);
        EXPECT_EQ(state.lanes_ok, 0xffU);
        EXPECT_EQ(state.fec, hw::MO_FEC_RS544);
        EXPECT_EQ(state.gen, state.gen_end);
        EXPECT_LT(state.up_ns, 1 * second);
        EXPECT_GT(state.up_ns, 10 * ms);
        EXPECT_EQ(chip->speed(), 800000U);
    }
}

class LinkUp : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(world.bring_up()) << world.a.log() << world.b.log();
        world.run_for(100 * ms);
    }

    /// Time from `since` to the first publication of `chip` after it without carrier.
    static std::uint64_t down_after(const Chip& chip, std::uint64_t since) {
        for (const Publication& at : chip.publications()) {
            if (at.time_ns >= since && at.state.carrier == 0) {
                return at.time_ns - since;
            }
        }
        return UINT64_MAX;
    }

    /// Runs until the link of `chip` has `reason`, at most `duration`.
    bool wait_reason(const Chip& chip, mo_link_reason reason, std::uint64_t duration) {
        return world.run_until(duration, [&] { return chip.link().reason == reason; });
    }

    bool wait_up(std::uint64_t duration) {
        return world.run_until(duration, [&] { return world.both_up(); });
    }

    World world;
};

TEST_F(LinkUp, CutOfBothDirectionsIsToldWithinAMillisecond) {
    for (unsigned round = 1; round <= 3; ++round) {
        const std::uint64_t cut = world.now();
        world.fibre.cut(Direction::from_a, cut);
        world.fibre.cut(Direction::from_b, cut);
        world.run_for(50 * ms);
        for (const Chip* chip : {&world.a, &world.b}) {
            EXPECT_LT(down_after(*chip, cut), 1 * ms);
            EXPECT_FALSE(chip->gate_open());
            EXPECT_EQ(chip->link().fsm, hw::MO_LINK_WAIT_LIGHT);
            EXPECT_EQ(chip->link().reason, hw::MO_REASON_NO_LIGHT);
            EXPECT_EQ(chip->link().last_reason, hw::MO_REASON_NO_LIGHT);
            EXPECT_EQ(chip->link().down_count, round);
            EXPECT_EQ(chip->link().lanes_ok, 0U);
        }
        const std::uint64_t mend = world.now();
        world.fibre.mend(Direction::from_a, mend);
        world.fibre.mend(Direction::from_b, mend);
        ASSERT_TRUE(wait_up(1 * second)) << world.a.log();
        EXPECT_LT(world.now() - mend, 200 * ms);
        EXPECT_LT(world.a.link().up_ns, 200 * ms);
        EXPECT_EQ(world.a.link().last_reason, hw::MO_REASON_NO_LIGHT);
        world.run_for(100 * ms);
    }
}

TEST_F(LinkUp, CutOfOneDirectionIsARemoteFaultAtTheSender) {
    const std::uint64_t cut = world.now();
    world.fibre.cut(Direction::from_a, cut);
    world.run_for(50 * ms);
    EXPECT_LT(down_after(world.a, cut), 1 * ms);
    EXPECT_LT(down_after(world.b, cut), 1 * ms);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_REMOTE_FAULT);
    EXPECT_EQ(world.a.link().fsm, hw::MO_LINK_WAIT_PEER);
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT);
    world.run_for(5 * second); // nothing changes by itself
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_REMOTE_FAULT);
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT);
    world.fibre.mend(Direction::from_a, world.now());
    ASSERT_TRUE(wait_up(1 * second)) << world.a.log() << world.b.log();
}

TEST_F(LinkUp, OneDarkLaneTakesTheLinkDownAndNamesIt) {
    world.fibre.cut_lane(Direction::from_a, 5, true, world.now());
    world.run_for(600 * ms);
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT);
    EXPECT_EQ(world.b.link().lanes_ok, 0xdfU);
    const auto lanes = world.request(world.b, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    EXPECT_EQ(lanes.lane[5].state, hw::MO_LANE_FAILED);
    EXPECT_NE(lanes.lane[5].flags & MO_LANE_F_RX_LOS, 0U);
    EXPECT_NE(lanes.lane[4].state, hw::MO_LANE_FAILED);
    world.fibre.cut_lane(Direction::from_a, 5, false, world.now());
    EXPECT_TRUE(wait_up(1 * second));
}

// All lanes dark, then light on one after the other: what the host was told follows.
TEST_F(LinkUp, LanesThatAreMendedOneByOneAreTold) {
    for (unsigned lane = 0; lane < 8; ++lane) {
        world.fibre.cut_lane(Direction::from_a, lane, true, world.now());
    }
    world.run_for(2 * second); // told, and every time-out over
    ASSERT_EQ(world.b.link().fsm, hw::MO_LINK_WAIT_LIGHT);
    EXPECT_EQ(world.b.link().reason_lanes, 0xffU);
    for (unsigned lane = 0; lane < 7; ++lane) {
        world.fibre.cut_lane(Direction::from_a, lane, false, world.now());
        world.run_for(500 * ms + 1 * ms); // the period in which evidence is renewed
        EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT);
        EXPECT_EQ(world.b.link().reason_lanes, 0xffU & ~((2U << lane) - 1)) << lane;
        EXPECT_EQ(world.b.link().lanes_ok, (2U << lane) - 1) << lane;
    }
    const std::size_t told = world.b.publications().size();
    world.run_for(5 * second);
    EXPECT_EQ(world.b.publications().size(), told); // news only
    world.fibre.cut_lane(Direction::from_a, 7, false, world.now());
    EXPECT_TRUE(wait_up(1 * second));
}

TEST_F(LinkUp, ShortInterruptionsAreCountedAndHealed) {
    for (unsigned i = 0; i < 20; ++i) {
        world.fibre.cut(Direction::from_a, world.now());
        world.run_for(20 * us);
        world.fibre.mend(Direction::from_a, world.now());
        ASSERT_TRUE(wait_up(1 * second)) << i;
        world.run_for(10 * ms);
    }
    EXPECT_EQ(world.b.link().down_count, 20U);
}

TEST_F(LinkUp, LightBouncingNearTheLimitDoesNotBounceTheCarrier) {
    world.fibre.cut(Direction::from_a, world.now());
    world.run_for(10 * ms);
    const std::uint32_t downs = world.b.link().down_count;
    for (unsigned i = 0; i < 100; ++i) { // on for less than the time that counts as stable
        world.fibre.mend(Direction::from_a, world.now());
        world.run_for(3 * ms);
        world.fibre.cut(Direction::from_a, world.now());
        world.run_for(1 * ms);
        EXPECT_FALSE(world.b.gate_open());
    }
    EXPECT_EQ(world.b.link().down_count, downs);
}

TEST_F(LinkUp, AttenuationDegradesLanesBeforeItTakesTheLinkDown) {
    world.fibre.attenuate_lane(Direction::from_a, 3, 4.5, world.now());
    world.run_for(3 * second);
    EXPECT_TRUE(world.both_up());
    auto lanes = world.request(world.b, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    EXPECT_EQ(lanes.lane[3].state, hw::MO_LANE_DEGRADED);
    EXPECT_EQ(lanes.lane[2].state, hw::MO_LANE_UP);
    const auto told = [&](std::uint16_t mask) { // how often
        const auto& events = world.b.events();
        return std::count_if(events.begin(), events.end(), [&](const HostEvent& event) {
            return event.type == hw::MO_EVENT_LANE && event.data == mask;
        });
    };
    EXPECT_EQ(told(1U << 3), 1);
    EXPECT_NE(world.b.log().find("lane 3: degraded"), std::string::npos);
    // The error ratio that the counters show is that of the lane, near 5e-5.
    const double ber = static_cast<double>(lanes.lane[3].bit_errors.value());
    EXPECT_GT(ber / static_cast<double>(lanes.lane[3].bits.value()), 1e-6);
    EXPECT_LT(lanes.lane[3].rx_power_nw, lanes.lane[2].rx_power_nw / 2);

    world.fibre.attenuate_lane(Direction::from_a, 3, 0.0, world.now());
    world.run_for(4 * second);
    lanes = world.request(world.b, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    EXPECT_EQ(lanes.lane[3].state, hw::MO_LANE_UP);
    EXPECT_EQ(told(1U << 3), 2) << "that it is good again is news of the same lane";
    EXPECT_EQ(told(0), 0);
    EXPECT_TRUE(world.both_up());
    EXPECT_EQ(world.b.link().down_count, 0U);
}

TEST_F(LinkUp, LowLightRaisesTheModulesWarnings) {
    world.fibre.attenuate(Direction::from_a, 7.5, world.now());
    world.run_for(1 * second);
    const auto lanes = world.request(world.b, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    EXPECT_NE(lanes.lane[0].flags & MO_LANE_F_RX_POWER_LOW_WARN, 0U);
    EXPECT_EQ(lanes.lane[0].flags & MO_LANE_F_RX_POWER_LOW_ALARM, 0U);
}

TEST_F(LinkUp, MoreErrorsThanTheFecCorrectsTakeTheLinkDown) {
    const std::uint64_t start = world.now();
    world.fibre.attenuate(Direction::from_a, 6.0, start); // pre-FEC error ratio above 1e-3
    ASSERT_TRUE(wait_reason(world.b, hw::MO_REASON_FEC_UNCORR, 100 * ms)) << world.b.log();
    EXPECT_LT(down_after(world.b, start), 1 * ms);
    ASSERT_TRUE(wait_reason(world.a, hw::MO_REASON_REMOTE_FAULT, 10 * ms));
    world.run_for(5 * second); // attempts to adapt anew change nothing
    EXPECT_FALSE(world.a.gate_open());
    EXPECT_FALSE(world.b.gate_open());
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_FEC_UNCORR);
    world.fibre.attenuate(Direction::from_a, 0.0, world.now());
    EXPECT_TRUE(wait_up(2 * second)) << world.b.log();
}

TEST_F(LinkUp, PulledModuleIsNoModuleHereAndNoLightThere) {
    const std::uint64_t pulled = world.now();
    world.port_a.unplug(pulled);
    world.run_for(10 * ms);
    EXPECT_LT(down_after(world.a, pulled), 1 * ms);
    EXPECT_LT(down_after(world.b, pulled), 1 * ms);
    EXPECT_EQ(world.a.link().fsm, hw::MO_LINK_NO_MODULE);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_NO_MODULE);
    EXPECT_EQ(world.a.link().module_present, 0);
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT);
    EXPECT_EQ(world.request(world.a, hw::MO_MB_MODULE_GET).as<hw::mo_mb_module>().present, 0);
    const hw::mo_mb_page page{0, 0x11, 128, 16};
    EXPECT_EQ(world.request_with(world.a, hw::MO_MB_MODULE_READ, page).hdr.status,
              hw::MO_MB_ERR_NO_MODULE);
    world.port_a.plug(optics::cmis::dr8_lpo("A0002"), world.now());
    EXPECT_TRUE(wait_up(2 * second)) << world.a.log();
    EXPECT_EQ(world.a.link().module_present, 1);
}

TEST_F(LinkUp, AnotherModeAtTheOtherEndIsSaid) {
    world.set_link(world.a, true, hw::MO_LM_400G_R4);
    world.run_for(2 * second);
    EXPECT_FALSE(world.both_up());
    EXPECT_EQ(world.a.link().speed_mbps, 400000U);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_FEC_MISMATCH) << world.a.log();
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT) << world.b.log();
    EXPECT_EQ(world.request(world.b, hw::MO_MB_LINK_GET).as<hw::mo_link_state>().lanes_ok, 0x0fU);
    world.set_link(world.b, true, hw::MO_LM_400G_R4);
    ASSERT_TRUE(wait_up(1 * second)) << world.b.log();
    EXPECT_EQ(world.b.link().lanes, 4);
    EXPECT_EQ(world.b.speed(), 400000U);
    for (const std::uint32_t mode :
         {std::uint32_t{hw::MO_LM_100G_R1}, std::uint32_t{hw::MO_LM_200G_R2},
          std::uint32_t{hw::MO_LM_800G_R8}}) {
        world.set_link(world.a, true, mode);
        world.set_link(world.b, true, mode);
        ASSERT_TRUE(wait_up(1 * second)) << mode << world.b.log();
        EXPECT_EQ(world.a.link().mode, mode);
    }
}

TEST_F(LinkUp, ModeThatTheModuleLacksIsSaid) {
    world.set_link(world.a, true, hw::MO_LM_25G_R1);
    world.run_for(100 * ms);
    EXPECT_EQ(world.a.link().fsm, hw::MO_LINK_FAULT);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_MODULE_UNSUPPORTED);
    // RS(544,514) belongs to PAM4: no mode is left with another FEC.
    EXPECT_EQ(world.set_link(world.a, true, hw::MO_LM_800G_R8, hw::MO_FEC_RS528).hdr.status,
              hw::MO_MB_ERR_UNSUPPORTED);
    EXPECT_EQ(world.set_link(world.a, true, hw::MO_LM_800G_R8, hw::MO_FEC_RS544).hdr.status,
              hw::MO_MB_OK);
    EXPECT_TRUE(wait_up(1 * second));
}

TEST_F(LinkUp, AdminDownIsDarkAtOnceAndLowPowerSoon) {
    const std::uint64_t start = world.now();
    world.set_link(world.a, false);
    EXPECT_LT(down_after(world.a, start), 1 * ms);
    world.run_for(100 * ms);
    EXPECT_EQ(world.a.link().fsm, hw::MO_LINK_OFF);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_ADMIN_DOWN);
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT);
    auto module = world.request(world.a, hw::MO_MB_MODULE_GET).as<hw::mo_mb_module>();
    EXPECT_EQ(module.state, 1); // ModuleLowPwr
    EXPECT_EQ(module.power_mode, 1);
    world.set_link(world.a, true);
    EXPECT_TRUE(wait_up(1 * second));

    const hw::mo_mb_module_set high{MO_MODULE_SET_POWER, MO_MODULE_POWER_HIGH, {}};
    EXPECT_EQ(world.request_with(world.a, hw::MO_MB_MODULE_SET, high).hdr.status, hw::MO_MB_OK);
    world.set_link(world.a, false);
    world.run_for(200 * ms);
    module = world.request(world.a, hw::MO_MB_MODULE_GET).as<hw::mo_mb_module>();
    EXPECT_EQ(module.state, 3); // stays ModuleReady
    const std::uint64_t again = world.now();
    world.set_link(world.a, true);
    ASSERT_TRUE(wait_up(1 * second));
    EXPECT_LT(world.now() - again, 300 * ms);
}

TEST_F(LinkUp, DeadLaserIsATransmitFaultHere) {
    world.port_a.fail_laser(2, true, world.now());
    world.run_for(100 * ms);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_TX_FAULT) << world.a.log();
    EXPECT_EQ(world.b.link().reason, hw::MO_REASON_NO_LIGHT);
    world.port_a.fail_laser(2, false, world.now());
    EXPECT_TRUE(wait_up(1 * second));
}

TEST_F(LinkUp, ModuleFaultIsSaidAndHealedByReset) {
    world.port_a.fault_module(1, world.now());
    world.run_for(100 * ms);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_MODULE_FAULT) << world.a.log();
    EXPECT_EQ(world.request(world.a, hw::MO_MB_MODULE_GET).as<hw::mo_mb_module>().fault, 1);
    EXPECT_TRUE(wait_up(7 * second)) << world.a.log();
}

TEST_F(LinkUp, HungBusIsSaidWhileTheLinkGoesOn) {
    world.port_a.hang_bus(true, world.now());
    world.run_for(3 * second);
    EXPECT_TRUE(world.both_up()); // the module goes on making light
    EXPECT_NE(world.a.log().find("module: does not answer"), std::string::npos);
    const hw::mo_mb_page page{0, 0x11, 128, 16};
    EXPECT_EQ(world.request_with(world.a, hw::MO_MB_MODULE_READ, page).hdr.status,
              hw::MO_MB_ERR_MODULE_IO);
    const auto lanes = world.request(world.a, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    EXPECT_EQ(lanes.lane[0].flags & MO_LANE_F_HAS_OPTICS, 0U); // not known, not zero
    // What the SerDes sees still counts.
    world.fibre.cut(Direction::from_b, world.now());
    world.run_for(10 * ms);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_NO_LIGHT);
    world.fibre.mend(Direction::from_b, world.now());
    EXPECT_TRUE(wait_up(1 * second));
    world.port_a.hang_bus(false, world.now());
    world.run_for(7 * second);
    EXPECT_TRUE(world.both_up());
    EXPECT_EQ(world.request_with(world.a, hw::MO_MB_MODULE_READ, page).hdr.status, hw::MO_MB_OK);
    EXPECT_EQ(world.a.link().down_count, 1U);
}

TEST_F(LinkUp, HungBusAtTheStartIsTheReason) {
    world.set_link(world.a, false);
    world.run_for(1 * second);
    world.port_a.hang_bus(true, world.now());
    world.run_for(3 * second);
    world.set_link(world.a, true);
    world.run_for(3 * second);
    EXPECT_EQ(world.a.link().reason, hw::MO_REASON_MODULE_IO) << world.a.log();
    world.port_a.hang_bus(false, world.now());
    EXPECT_TRUE(wait_up(7 * second)) << world.a.log();
}

TEST_F(LinkUp, OverheatTakesTheLinkDownAndCoolingBringsItBack) {
    world.port_a.set_ambient(90.0, world.now());
    ASSERT_TRUE(wait_reason(world.a, hw::MO_REASON_OVERHEAT, 200 * second)) << world.a.log();
    const auto& events = world.a.events();
    std::vector<unsigned> codes;
    for (const HostEvent& event : events) {
        if (event.type == hw::MO_EVENT_THERMAL) {
            codes.push_back(event.code);
        }
    }
    EXPECT_EQ(codes, (std::vector<unsigned>{1, 2})); // the warning comes first
    world.port_a.set_ambient(35.0, world.now());
    EXPECT_TRUE(wait_up(300 * second)) << world.a.log();
}

TEST_F(LinkUp, ModuleResetComesBack) {
    const hw::mo_mb_module_set reset{MO_MODULE_SET_RESET, 0, {}};
    EXPECT_EQ(world.request_with(world.a, hw::MO_MB_MODULE_SET, reset).hdr.status, hw::MO_MB_OK);
    world.run_for(1 * ms);
    EXPECT_FALSE(world.a.gate_open());
    EXPECT_TRUE(wait_up(2 * second)) << world.a.log();
}

TEST_F(LinkUp, PoorAdaptationAfterAFlapShowsInTheErrorRatio) {
    const auto before = world.request(world.b, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    world.port_b.spoil_next_adaptation(1);
    world.fibre.cut(Direction::from_a, world.now());
    world.run_for(10 * ms);
    world.fibre.mend(Direction::from_a, world.now());
    ASSERT_TRUE(wait_up(1 * second));
    const auto after = world.request(world.b, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    EXPECT_LT(after.lane[1].snr_mdb.value() + 1000, before.lane[1].snr_mdb.value());
    EXPECT_NEAR(after.lane[0].snr_mdb.value(), before.lane[0].snr_mdb.value(), 50);
}

TEST_F(LinkUp, FlightRecorderTellsTheStory) {
    world.fibre.cut(Direction::from_a, world.now());
    world.run_for(10 * ms);
    const auto all = world.request_with(world.b, hw::MO_MB_RECORDER_GET, hw::mo_mb_recorder_get{1})
                         .as<hw::mo_mb_records>();
    ASSERT_GT(all.count, 5U);
    std::uint64_t seq = 0;
    std::uint64_t time = 0;
    for (unsigned i = 0; i < all.count; ++i) {
        EXPECT_EQ(all.record[i].seq, ++seq);
        EXPECT_GE(all.record[i].time_ns, time);
        time = all.record[i].time_ns;
    }
    const hw::mo_mb_record& last = all.record[all.count - 1];
    bool found = false;
    for (unsigned i = 0; i < all.count; ++i) {
        const hw::mo_mb_record& at = all.record[i];
        found = found || (at.machine == MO_RECORD_LINK && at.from == hw::MO_LINK_UP &&
                          at.to == hw::MO_LINK_WAIT_LIGHT && at.reason == hw::MO_REASON_NO_LIGHT &&
                          at.detail == 0xffU);
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(all.next_seq, last.seq + 1);
}

TEST_F(LinkUp, IdleLinkCostsLittle) {
    world.run_for(2 * second);
    const std::uint64_t steps = world.a.steps();
    const std::uint64_t accesses = world.a.accesses();
    world.run_for(10 * second);
    EXPECT_LT((world.a.steps() - steps) / 10, 60U);
    EXPECT_LT((world.a.accesses() - accesses) / 10, 1500U);
    EXPECT_GE(world.a.heartbeat(), 100U);
    EXPECT_FALSE(world.a.watchdog_expired());
}

TEST(LinkBoards, FourLanesAtBothEnds) {
    World world({}, 4, 4);
    ASSERT_TRUE(world.bring_up()) << world.a.log();
    EXPECT_EQ(world.a.link().speed_mbps, 400000U);
    const auto caps = world.request(world.a, hw::MO_MB_LINK_CAPS_GET).as<hw::mo_mb_link_caps>();
    EXPECT_EQ(caps.port_modes & hw::MO_LM_800G_R8, 0U);
    EXPECT_EQ(caps.module_modes,
              std::uint32_t{hw::MO_LM_100G_R1 | hw::MO_LM_200G_R2 | hw::MO_LM_400G_R4});
}

TEST(LinkBoards, EightLanesAgainstFourAgreeOnFourWhenTold) {
    World world({}, 8, 4);
    world.boot();
    world.run_for(1 * second);
    world.set_link(world.a, true, hw::MO_LM_400G_R4);
    world.set_link(world.b, true);
    EXPECT_TRUE(world.run_until(1 * second, [&] { return world.both_up(); })) << world.a.log();
}

TEST(LinkBoards, WithoutModuleTheLinkWaitsForOne) {
    World world;
    world.port_a.unplug(0);
    world.boot();
    world.set_link(world.a, true);
    world.set_link(world.b, true);
    world.run_for(2 * second);
    EXPECT_EQ(world.a.link().fsm, hw::MO_LINK_NO_MODULE);
    world.port_a.plug(optics::cmis::dr8_lpo("A0003"), world.now());
    EXPECT_TRUE(world.run_until(2 * second, [&] { return world.both_up(); })) << world.a.log();
}

TEST(LinkBoards, LongFibreCostsOnlyItsLoss) {
    optics::FibreConfig config;
    config.length_m = 500.0;
    World world(config);
    EXPECT_TRUE(world.bring_up()) << world.a.log();
    EXPECT_EQ(world.fibre.delay_ns(), 2445U);
}

} // namespace
} // namespace mo::fwtest
