// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware of both ends against the model of the optics: what an operator does to a link, and
// what the host then sees, when, with which reason.
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
        << world.a.log() << "\n" << world.b.log();
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

} // namespace
} // namespace mo::fwtest
