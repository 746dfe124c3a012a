// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever happens to a link, in whatever order: once its surroundings are in order again it
// comes up, at both ends, by itself; and at no time does one end pass frames that cannot arrive
// for longer than a millisecond.
#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "world.hpp"

namespace mo::fwtest {
namespace {

using optics::Direction;

class Chaos : public ::testing::TestWithParam<unsigned> {
  protected:
    std::uint32_t pick(std::uint32_t count) { return static_cast<std::uint32_t>(random()) % count; }
    Direction direction() { return pick(2) == 0 ? Direction::from_a : Direction::from_b; }
    optics::Port& port() { return pick(2) == 0 ? world.port_a : world.port_b; }
    Chip& chip() { return pick(2) == 0 ? world.a : world.b; }

    void disturb() {
        const std::uint64_t now = world.now();
        switch (pick(13)) {
        case 0:
            world.fibre.cut(direction(), now);
            break;
        case 1:
            world.fibre.mend(direction(), now);
            break;
        case 2:
            world.fibre.cut_lane(direction(), pick(8), pick(2) == 0, now);
            break;
        case 3:
            world.fibre.attenuate(direction(), pick(12), now);
            break;
        case 4:
            port().unplug(now);
            break;
        case 5: {
            optics::Port& at = port();
            if (!at.plugged()) {
                at.plug(optics::cmis::dr8_lpo("C"), now);
            }
            break;
        }
        case 6:
            port().hang_bus(pick(2) == 0, now);
            break;
        case 7:
            port().fail_laser(pick(8), pick(2) == 0, now);
            break;
        case 8:
            port().fault_module(static_cast<std::uint8_t>(1 + pick(3)), now);
            break;
        case 9:
            world.set_link(chip(), pick(2) == 0);
            break;
        case 10: {
            const std::uint32_t modes[] = {hw::MO_LM_100G_R1, hw::MO_LM_400G_R4, hw::MO_LM_800G_R8,
                                           hw::MO_LM_25G_R1};
            world.set_link(chip(), true, modes[pick(4)]);
            break;
        }
        case 11:
            world.request_with(chip(), hw::MO_MB_MODULE_SET,
                               hw::mo_mb_module_set{MO_MODULE_SET_RESET, 0, {}});
            break;
        default:
            port().spoil_next_adaptation(pick(8));
            break;
        }
    }

    void restore() {
        const std::uint64_t now = world.now();
        for (const Direction at : {Direction::from_a, Direction::from_b}) {
            world.fibre.mend(at, now);
            world.fibre.attenuate(at, 0.0, now);
        }
        for (optics::Port* at : {&world.port_a, &world.port_b}) {
            if (!at->plugged()) {
                at->plug(optics::cmis::dr8_lpo("R"), now);
            }
            at->hang_bus(false, now);
            for (unsigned lane = 0; lane < 8; ++lane) {
                at->fail_laser(lane, false, now);
            }
        }
        world.set_link(world.a, true, hw::MO_LM_800G_R8);
        world.set_link(world.b, true, hw::MO_LM_800G_R8);
    }

    World world;
    std::mt19937 random{GetParam()};
};

TEST_P(Chaos, EndsInALinkThatIsUp) {
    ASSERT_TRUE(world.bring_up());
    for (unsigned round = 0; round < 15; ++round) {
        for (unsigned i = 0; i < 12; ++i) {
            disturb();
            const std::uint64_t pauses[] = {0, 3 * us, 200 * us, 2 * ms, 30 * ms, 700 * ms};
            world.run_for(pauses[pick(6)]);
        }
        // Whoever lets frames pass receives, and has done so for a while.
        world.run_for(1 * ms);
        if (world.a.gate_open()) {
            EXPECT_TRUE(world.port_a.aligned(world.now()));
            EXPECT_EQ(world.a.link().carrier, 1);
        }
        if (world.b.gate_open()) {
            EXPECT_TRUE(world.port_b.aligned(world.now()));
            EXPECT_EQ(world.b.link().carrier, 1);
        }
        restore();
        ASSERT_TRUE(world.run_until(20 * second, [&] { return world.both_up(); }))
            << "round " << round << "\n--- a\n"
            << world.a.log().substr(world.a.log().size() - 3000) << "\n--- b\n"
            << world.b.log().substr(world.b.log().size() - 3000);
        world.run_for(pick(2) * second);
        EXPECT_TRUE(world.both_up());
    }
    EXPECT_FALSE(world.a.watchdog_expired());
    EXPECT_FALSE(world.b.watchdog_expired());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Chaos, ::testing::Range(1U, 21U));

} // namespace
} // namespace mo::fwtest
