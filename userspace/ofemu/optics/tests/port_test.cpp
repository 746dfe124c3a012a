// SPDX-License-Identifier: GPL-2.0-or-later
// Two ports driven by their registers, as firmware would, with a fibre between them.
#include "optics/port.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace mo::optics {
namespace {

constexpr std::uint64_t us = 1'000;
constexpr std::uint64_t ms = 1'000'000;

std::uint32_t reg(hw::mo_soc_reg address) {
    return static_cast<std::uint32_t>(address) & (MO_SOC_PERIPH_SIZE - 1);
}

class Ports : public ::testing::Test {
  protected:
    void SetUp() override {
        fibre.connect(End::a, &a, 0);
        fibre.connect(End::b, &b, 0);
        a.plug(cmis::dr8_lpo("A"), 0);
        b.plug(cmis::dr8_lpo("B"), 0);
    }
    void write(Port& port, hw::mo_soc_block block, hw::mo_soc_reg address, std::uint32_t value,
               unsigned lane = 0) {
        port.phy_write(block, reg(address) + lane * MO_SOC_LANE_STRIDE, value, now);
    }
    std::uint32_t read(Port& port, hw::mo_soc_block block, hw::mo_soc_reg address,
                       unsigned lane = 0) {
        return port.phy_read(block, reg(address) + lane * MO_SOC_LANE_STRIDE, now);
    }
    std::uint32_t status(Port& port, unsigned lane) {
        return read(port, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_STATUS, lane);
    }
    /// Everything on, in the order of a real bring-up; adaptation not started.
    void start(Port& port, std::uint32_t lanes = 0xff, std::uint32_t fec = hw::MO_FEC_RS544,
               std::uint32_t rate = MO_SOC_RATE_100G_PAM4) {
        for (unsigned lane = 0; lane < 8; ++lane) {
            if ((lanes & 1U << lane) != 0) {
                write(port, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_RATE, rate, lane);
                write(port, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_FIR0, 0xffb0000a, lane);
                write(port, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_FIR1, 0xffce035c, lane);
                write(port, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_CTRL, 3, lane);
            }
        }
        write(port, hw::MO_SOC_PCS, hw::MO_SOC_PCS_LANES, lanes);
        write(port, hw::MO_SOC_PCS, hw::MO_SOC_PCS_FEC, fec);
        write(port, hw::MO_SOC_PCS, hw::MO_SOC_PCS_CTRL, 1);
        write(port, hw::MO_SOC_LASER, hw::MO_SOC_LASER_INTERLOCK, 1);
        write(port, hw::MO_SOC_MODULE, hw::MO_SOC_MODULE_CTRL, 0);
    }
    void adapt(Port& port) {
        for (unsigned lane = 0; lane < 8; ++lane) {
            write(port, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_CTRL, 7, lane);
        }
    }
    /// Follows next_change_ns() of both ports exactly.
    void run(std::uint64_t duration) {
        const std::uint64_t end = now + duration;
        while (now < end) {
            const std::uint64_t next = std::min(a.next_change_ns(now), b.next_change_ns(now));
            now = std::min(end, std::max(now + 1, next));
        }
        (void)a.irq_levels(now);
        (void)b.irq_levels(now);
    }
    void up() {
        start(a);
        start(b);
        run(200 * ms);
        adapt(a);
        adapt(b);
        run(50 * ms);
        ASSERT_TRUE(a.aligned(now));
        ASSERT_TRUE(b.aligned(now));
    }

    Fibre fibre{{100.0, 0.4, 0.4, 0.1, 9}};
    Port a{{8, 1, 35.0}};
    Port b{{8, 2, 35.0}};
    std::uint64_t now = 0;
};

TEST_F(Ports, ComeUpLaneByLane) {
    start(a);
    start(b);
    run(200 * ms);
    for (unsigned lane = 0; lane < 8; ++lane) {
        EXPECT_EQ(status(a, lane), 3U); // signal and lock, not adapted
    }
    EXPECT_FALSE(a.aligned(now));
    EXPECT_TRUE(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_STATUS) & pcs_local_fault);
    adapt(a);
    run(50 * ms);
    EXPECT_TRUE(a.aligned(now));
    EXPECT_EQ(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_STATUS), pcs_aligned | pcs_remote_fault);
    adapt(b);
    run(50 * ms);
    EXPECT_EQ(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_STATUS), pcs_aligned);
    EXPECT_GT(read(a, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_SNR), 19'000U);
}

TEST_F(Ports, CutIsSeenWithinMicroseconds) {
    up();
    write(b, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_CHANGED, ~0U);
    write(b, hw::MO_SOC_PCS, hw::MO_SOC_PCS_CHANGED, ~0U);
    write(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_CHANGED, ~0U);
    EXPECT_EQ(b.irq_levels(now) & 1U << MO_SOC_IRQ_SERDES, 0U);
    fibre.cut(Direction::from_a, now);
    run(5 * us);
    EXPECT_NE(b.irq_levels(now) & 1U << MO_SOC_IRQ_SERDES, 0U);
    EXPECT_EQ(status(b, 0), 0U);
    EXPECT_FALSE(fibre.path_open(Direction::from_a, now));
    EXPECT_TRUE(fibre.path_open(Direction::from_b, now));
    EXPECT_EQ(fibre.frame_loss(Direction::from_a, 1518, now), 1.0);
    EXPECT_LT(fibre.frame_loss(Direction::from_b, 1518, now), 1e-9);
    EXPECT_NE(a.irq_levels(now) & 1U << MO_SOC_IRQ_PCS, 0U); // remote fault
    EXPECT_TRUE(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_STATUS) & pcs_remote_fault);
}

TEST_F(Ports, NextChangeIsExact) {
    start(a);
    start(b);
    // Whoever looks at every microsecond sees nothing that was not announced.
    std::uint64_t announced = 0;
    std::uint32_t before = a.irq_levels(now);
    for (; now < 150 * ms; now += 10 * us) {
        const std::uint32_t levels = a.irq_levels(now);
        if (levels != before) {
            EXPECT_LE(announced, now);
            before = levels;
        }
        announced = std::min(a.next_change_ns(now), b.next_change_ns(now));
        ASSERT_GT(announced, now);
    }
}

TEST_F(Ports, NothingHappensOnAnIdleLinkButSlowTemperature) {
    up();
    run(400'000 * ms); // warmed up
    EXPECT_EQ(a.next_change_ns(now), UINT64_MAX);
    EXPECT_EQ(b.next_change_ns(now), UINT64_MAX);
}

TEST_F(Ports, LightTakesItsTime) {
    EXPECT_EQ(fibre.delay_ns(), 489U);
    up();
    const double before = fibre.frame_loss(Direction::from_a, 1518, now);
    write(a, hw::MO_SOC_LASER, hw::MO_SOC_LASER_INTERLOCK, 0);
    now += 488;
    EXPECT_EQ(fibre.frame_loss(Direction::from_a, 1518, now), before);
    now += 1;
    EXPECT_GT(fibre.frame_loss(Direction::from_a, 1518, now), 0.99);
}

TEST_F(Ports, ThePathIsWorkedOutAgainOnlyWhenItHasChanged) {
    up();
    run(400'000 * ms); // warmed up
    const Fibre::Path before = fibre.path(Direction::from_a, now);
    EXPECT_TRUE(before.open);
    EXPECT_NE(before.generation, 0U);
    run(1000 * ms);
    EXPECT_EQ(fibre.path(Direction::from_a, now).generation, before.generation);

    fibre.attenuate(Direction::from_a, 4, now);
    now += 1;
    const Fibre::Path dimmed = fibre.path(Direction::from_a, now);
    EXPECT_NE(dimmed.generation, before.generation);
    EXPECT_GT(dimmed.hazard.loss(1518), before.hazard.loss(1518));
    const std::uint64_t other = fibre.path(Direction::from_b, now).generation;

    fibre.cut(Direction::from_a, now);
    run(5 * us);
    EXPECT_FALSE(fibre.path(Direction::from_a, now).open);
    EXPECT_EQ(fibre.path(Direction::from_a, now).hazard.loss(64), 1.0);
    EXPECT_TRUE(fibre.path(Direction::from_b, now).open);
    EXPECT_EQ(fibre.path(Direction::from_b, now).generation, other);

    // A port that is put in another's place is asked anew.
    fibre.connect(End::b, nullptr, now);
    EXPECT_EQ(fibre.path(Direction::from_a, now).generation, 0U);
    EXPECT_FALSE(fibre.path(Direction::from_a, now).open);
    fibre.mend(Direction::from_a, now);
    fibre.connect(End::b, &b, now);
    EXPECT_NE(fibre.path(Direction::from_a, now).generation, 0U);
}

TEST_F(Ports, AdaptingToTheTransientCostsSignal) {
    start(a);
    run(200 * ms);
    start(b); // its light comes on while a already adapts
    adapt(a);
    run(400 * ms);
    const std::uint32_t spoilt = read(a, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_SNR);
    adapt(a);
    run(50 * ms);
    EXPECT_GT(read(a, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_SNR), spoilt + 1000);
}

TEST_F(Ports, BadTapsCostSignalAtTheOtherEnd) {
    up();
    const std::uint32_t good = read(b, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_SNR, 4);
    write(a, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_FIR0, 0, 4);
    write(a, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_FIR1, 1000, 4);
    run(1 * ms);
    EXPECT_LT(read(b, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_SNR, 4) + 500, good);
}

TEST_F(Ports, OtherFecOrRateIsNoAlignment) {
    start(a, 0xff, hw::MO_FEC_RS544);
    start(b, 0xff, hw::MO_FEC_RS528);
    run(200 * ms);
    adapt(a);
    adapt(b);
    run(50 * ms);
    EXPECT_FALSE(a.aligned(now));
    EXPECT_EQ(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_LANE_STATUS), 1U); // blocks, no markers
    for (unsigned lane = 0; lane < 8; ++lane) {
        write(b, hw::MO_SOC_SERDES, hw::MO_SOC_SERDES_RATE, MO_SOC_RATE_50G_PAM4, lane);
    }
    run(50 * ms);
    EXPECT_EQ(status(a, 0), 1U); // signal, no lock
}

TEST_F(Ports, CountersAreLatchedTogether) {
    up();
    run(10 * ms);
    write(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_SNAP, 1);
    const std::uint32_t first = read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_CW_LO);
    EXPECT_GT(first, 1'000'000U);
    run(10 * ms);
    EXPECT_EQ(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_CW_LO), first);
    write(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_SNAP, 1);
    EXPECT_GT(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_CW_LO), first);
    EXPECT_EQ(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_SNAP_NS_LO), static_cast<std::uint32_t>(now));
}

TEST_F(Ports, CoreResetIsDarkAndSilent) {
    up();
    a.core_reset(now);
    EXPECT_EQ(a.irq_levels(now), 0U);
    EXPECT_EQ(read(a, hw::MO_SOC_LASER, hw::MO_SOC_LASER_STATUS), 0U);
    EXPECT_EQ(read(a, hw::MO_SOC_MODULE, hw::MO_SOC_MODULE_CTRL), 3U);
    EXPECT_EQ(read(a, hw::MO_SOC_PCS, hw::MO_SOC_PCS_CTRL), 0U);
    run(1 * ms);
    EXPECT_EQ(status(b, 3), 0U);
}

TEST_F(Ports, AbsentLanesReadZeroAndIgnoreWrites) {
    Port four{{4, 5, 35.0}};
    four.phy_write(hw::MO_SOC_SERDES, reg(hw::MO_SOC_SERDES_CTRL) + 5 * MO_SOC_LANE_STRIDE, 3, 0);
    EXPECT_EQ(
        four.phy_read(hw::MO_SOC_SERDES, reg(hw::MO_SOC_SERDES_CTRL) + 5 * MO_SOC_LANE_STRIDE, 0),
        0U);
    EXPECT_EQ(four.phy_read(hw::MO_SOC_SERDES, reg(hw::MO_SOC_SERDES_LANES), 0), 4U);
    EXPECT_EQ(four.phy_read(hw::MO_SOC_PCS, 0xffc, 0), 0U);
}

TEST_F(Ports, UnpluggingChangesPresenceAndEndsTheLight) {
    up();
    a.unplug(now);
    EXPECT_EQ(read(a, hw::MO_SOC_MODULE, hw::MO_SOC_MODULE_PINS), 0U);
    EXPECT_EQ(read(a, hw::MO_SOC_MODULE, hw::MO_SOC_MODULE_CHANGED) & 1U, 1U);
    std::array<std::uint8_t, 4> bytes{};
    EXPECT_FALSE(a.i2c_read(0x50, 0, bytes, now));
    run(1 * ms);
    EXPECT_FALSE(b.aligned(now));
    a.plug(cmis::dr8_lpo("A2"), now);
    run(50 * ms);
    EXPECT_TRUE(a.i2c_read(0x50, 0, bytes, now));
    EXPECT_FALSE(a.i2c_read(0x51, 0, bytes, now));
    EXPECT_EQ(bytes[0], 0x19);
}

TEST_F(Ports, FibreThatIsPulledOutIsDark) {
    up();
    fibre.connect(End::b, nullptr, now);
    run(1 * ms);
    EXPECT_FALSE(b.aligned(now));
    EXPECT_FALSE(a.aligned(now));
    EXPECT_FALSE(fibre.path_open(Direction::from_a, now));
}

} // namespace
} // namespace mo::optics
