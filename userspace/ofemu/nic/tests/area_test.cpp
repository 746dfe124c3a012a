// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fixture.hpp"

namespace mo::nic::test {
namespace {

class AreaTest : public NicTest {
  protected:
    hw::mo_status set(std::uint32_t area, std::uint64_t address, std::uint32_t length,
                      std::uint32_t period_us = 0) {
        hw::mo_cmd_area body{};
        body.addr = address;
        body.len = length;
        body.area = area;
        body.period_us = period_us;
        return driver_.status(hw::MO_CMD_AREA_SET, body);
    }
    hw::mo_status sync(std::uint32_t area) {
        hw::mo_cmd_area body{};
        body.area = area;
        return driver_.status(hw::MO_CMD_AREA_SYNC, body);
    }
};

TEST_P(AreaTest, StatisticsComeAtTheirPeriod) {
    const auto where = bus_.allocate(sizeof(hw::mo_port_stats), 64);
    ASSERT_EQ(set(hw::MO_AREA_STATS, where, sizeof(hw::mo_port_stats), 20'000), hw::MO_ST_OK);
    const auto& stats = bus_.at<hw::mo_port_stats>(where);
    EXPECT_EQ(stats.gen, stats.gen_end);
    EXPECT_EQ(stats.tx_frames, 123U);
    const std::uint32_t before = stats.gen;
    const auto start = clock_.now_ns();
    engine_.run_until(clock_, start + 105'000'000);
    EXPECT_EQ(stats.gen, before + 5);
    EXPECT_EQ(stats.gen_end, stats.gen);
    EXPECT_EQ(stats.time_ns, start + 100'000'000);
    ASSERT_EQ(set(hw::MO_AREA_STATS, 0, 0), hw::MO_ST_OK);
    engine_.run_until(clock_, clock_.now_ns() + 100'000'000);
    EXPECT_EQ(stats.gen, before + 5);
}

TEST_P(AreaTest, SyncWritesBeforeItCompletes) {
    const auto where = bus_.allocate(sizeof(hw::mo_health), 64);
    EXPECT_EQ(sync(hw::MO_AREA_HEALTH), hw::MO_ST_BAD_STATE);
    ASSERT_EQ(set(hw::MO_AREA_HEALTH, where, sizeof(hw::mo_health)), hw::MO_ST_OK);
    bus_.progress();
    const std::uint32_t before = bus_.at<hw::mo_health>(where).gen;
    ASSERT_EQ(sync(hw::MO_AREA_HEALTH), hw::MO_ST_OK);
    EXPECT_EQ(bus_.at<hw::mo_health>(where).gen, before + 1);
}

TEST_P(AreaTest, WrongAreasAreRefused) {
    const auto where = bus_.allocate(4096, 64);
    EXPECT_EQ(set(5, where, 4096), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set(hw::MO_AREA_RDMA_STATS, where, 4096), hw::MO_ST_NO_FEATURE);
    EXPECT_EQ(set(hw::MO_AREA_OPTICS, where, 4096), hw::MO_ST_NO_FEATURE);
    EXPECT_EQ(set(hw::MO_AREA_LINK, where + 8, 4096), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set(hw::MO_AREA_LINK, where, sizeof(hw::mo_link_state) - 1), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set(hw::MO_AREA_STATS, where, 4096, 9'999), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set(hw::MO_AREA_LINK, 0xdead'0000, 4096), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(set(hw::MO_AREA_LINK, ~63ULL, 4096), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(sync(7), hw::MO_ST_BAD_PARAM);
}

TEST_P(AreaTest, MemoryTakenAwayEndsTheArea) {
    const auto where = bus_.allocate(sizeof(hw::mo_health), 64);
    ASSERT_EQ(set(hw::MO_AREA_HEALTH, where, sizeof(hw::mo_health), 10'000), hw::MO_ST_OK);
    auto& dma = nic_.function().dma();
    ASSERT_TRUE(nic_.function().dma_unmap(Bus::ram_base, bus_.ram().size()));
    engine_.run_until(clock_, clock_.now_ns() + 100'000'000);
    EXPECT_EQ(nic_.counters().dma_faults.value(), 1U); // the first one ends whatever met it
    ASSERT_TRUE(dma.map_memory(Bus::ram_base, bus_.ram()));
}

// The driver of a card that was pulled has given its memory back.
TEST_P(AreaTest, ACardThatIsBackTouchesNoMemoryOfBefore) {
    const auto where = bus_.allocate(sizeof(hw::mo_health), 64);
    ASSERT_EQ(set(hw::MO_AREA_HEALTH, where, sizeof(hw::mo_health), 10'000), hw::MO_ST_OK);
    nic_.set_gone(true);
    nic_.set_gone(false);
    const std::uint32_t before = bus_.at<hw::mo_health>(where).gen;
    engine_.run_until(clock_, clock_.now_ns() + 100'000'000);
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), ~0U); // memory space is off, as at power-on
    bus_.enable();
    engine_.run_until(clock_, clock_.now_ns() + 100'000'000);
    EXPECT_EQ(bus_.at<hw::mo_health>(where).gen, before);
    EXPECT_EQ(driver_.reg(reg::ADMIN_STATUS), 0U);
    driver_.bring_up(GetParam());
    EXPECT_EQ(set(hw::MO_AREA_HEALTH, where, sizeof(hw::mo_health), 10'000), hw::MO_ST_OK);
}

INSTANTIATE_TEST_SUITE_P(Modes, AreaTest, testing::Values(all_features, plain_features), mode_name);

} // namespace
} // namespace mo::nic::test
