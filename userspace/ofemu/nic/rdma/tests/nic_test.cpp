// SPDX-License-Identifier: GPL-2.0-or-later
// The transport in a whole NIC: objects made by admin commands, doorbells by register writes
// through the page of a user context, completions by interrupt, counters by DMA; in virtual time
// and beside an engine that sleeps after every message.
#include <gtest/gtest.h>

#include "nic/rdma/tests/whole_nic.hpp"

namespace mo::nic::rdma::test {
namespace {

class WholeNicTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(WholeNicTest, NeedsTheFeature) {
    ManualClock clock;
    WholeNic nic(GetParam() & ~std::uint64_t{hw::MO_F_RDMA}, clock, false);
    hw::mo_cmd_dma body{};
    body.addr = nic.bus.allocate(4096);
    body.len = sizeof(hw::mo_rdma_caps);
    EXPECT_EQ(nic.driver.status(hw::MO_CMD_RDMA_CAPS, body), hw::MO_ST_NO_FEATURE);
    EXPECT_FALSE(nic.block.listening());
    nic.driver.bring_up(GetParam());
    body.addr = nic.bus.allocate(4096);
    EXPECT_EQ(nic.driver.status(hw::MO_CMD_RDMA_CAPS, body), hw::MO_ST_OK);
    EXPECT_EQ(nic.bus.at<hw::mo_rdma_caps>(body.addr).max_qp, RdmaLimits{}.qps);
}

TEST_P(WholeNicTest, MessagesEventsAndCounters) {
    ManualClock clock;
    WholeNic nic(GetParam(), clock, false);
    ASSERT_NO_FATAL_FAILURE(nic.open());
    const auto area = nic.bus.allocate(sizeof(hw::mo_rdma_stats), 64);
    hw::mo_cmd_area set{};
    set.addr = area;
    set.len = sizeof(hw::mo_rdma_stats);
    set.area = hw::MO_AREA_RDMA_STATS;
    ASSERT_EQ(nic.driver.status(hw::MO_CMD_AREA_SET, set), hw::MO_ST_OK);
    nic.driver.arm(*nic.events, hw::MO_DB_EQ, nic.eq);
    nic.completions->arm(MO_ARM_NEXT);
    if (!nic.driver.shadow()) {
        nic.driver.doorbell(hw::MO_DB_CQ, nic.cq, 0, WholeNic::page);
    }
    nic.post_receive(nic.qps[1]);
    nic.post_send(nic.qps[0], hw::MO_WR_SEND, 0x12345678);
    nic.bus.progress();
    EXPECT_EQ(nic.bus.interrupts(WholeNic::vector), 1U);
    const auto event = nic.events->pop();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->object, nic.cq);
    const auto received = nic.wait(), sent = nic.wait();
    ASSERT_TRUE(received && sent);
    EXPECT_EQ(received->opcode, hw::MO_RECV_SEND);
    EXPECT_EQ(received->qp, nic.qps[1].number);
    EXPECT_EQ(sent->opcode, hw::MO_WR_SEND);
    EXPECT_EQ(sent->qp, nic.qps[0].number);
    EXPECT_EQ(nic.bus.at<hw::__le32>(nic.memory + 2048), 0x12345678U);
    hw::mo_cmd_area sync{};
    sync.area = hw::MO_AREA_RDMA_STATS;
    ASSERT_EQ(nic.driver.status(hw::MO_CMD_AREA_SYNC, sync), hw::MO_ST_OK);
    const auto& stats = nic.bus.at<hw::mo_rdma_stats>(area);
    EXPECT_EQ(stats.gen, stats.gen_end);
    EXPECT_EQ(stats.tx_send, 1U);
    EXPECT_EQ(stats.rx_send, 1U);
    EXPECT_EQ(stats.loopback_packets, 2U);
}

/// Another context's page cannot ring; the owner is not hurt.
TEST_P(WholeNicTest, DoorbellPages) {
    ManualClock clock;
    WholeNic nic(GetParam(), clock, false);
    ASSERT_NO_FATAL_FAILURE(nic.open());
    nic.post_receive(nic.qps[1]);
    for (int round = 0; round < 5000; ++round) { // until nobody looks at the records any more
        nic.engine.settle();
    }
    nic.post_send(nic.qps[0], hw::MO_WR_SEND, 1, 0);
    nic.bus.progress();
    EXPECT_FALSE(nic.completions->pop());
    EXPECT_GE(nic.nic.counters().doorbells_bad.value(), 1U);
    nic.driver.doorbell(hw::MO_DB_RQ, nic.qps[0].number, 1, WholeNic::page); // of another kind
    nic.driver.doorbell(hw::MO_DB_SQ, nic.qps[0].number, 1, WholeNic::page);
    EXPECT_TRUE(nic.wait());
    EXPECT_TRUE(nic.wait());
}

TEST_P(WholeNicTest, ErrorsAreEvents) {
    ManualClock clock;
    WholeNic nic(GetParam(), clock, false);
    ASSERT_NO_FATAL_FAILURE(nic.open());
    nic.post_send(nic.qps[0], 0x7f, 1);
    const auto cqe = nic.wait();
    ASSERT_TRUE(cqe);
    EXPECT_EQ(cqe->status, hw::MO_WC_LOC_QP_OP_ERR);
    const auto event = nic.async->pop();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, hw::MO_EVENT_QP_ERROR);
    EXPECT_EQ(event->object, nic.qps[0].number);
    EXPECT_EQ(event->code, hw::MO_QPE_WQE);
    hw::mo_cmd_object which{};
    which.object = nic.cq;
    EXPECT_EQ(nic.driver.status(hw::MO_CMD_CQ_DESTROY, which), hw::MO_ST_IN_USE);
    for (const auto& side : nic.qps) {
        which.object = side.number;
        EXPECT_EQ(nic.driver.status(hw::MO_CMD_QP_DESTROY, which), hw::MO_ST_OK);
    }
    which.object = nic.cq;
    EXPECT_EQ(nic.driver.status(hw::MO_CMD_CQ_DESTROY, which), hw::MO_ST_OK);
}

TEST_P(WholeNicTest, ResetAndUnpluggedMemory) {
    ManualClock clock;
    WholeNic nic(GetParam(), clock, false);
    for (int life = 0; life < 3; ++life) {
        ASSERT_NO_FATAL_FAILURE(nic.open());
        nic.qps[0].tail = nic.qps[1].rq_tail = 0;
        nic.post_receive(nic.qps[1]);
        nic.post_send(nic.qps[0], hw::MO_WR_SEND, 1);
        nic.bus.host().function_level_reset();
        nic.bus.enable();
        EXPECT_EQ(nic.block.qp_count(), 0U);
        EXPECT_EQ(nic.block.key_count(), 0U);
        nic.driver.bring_up(GetParam());
        nic.qps = {};
    }
}

/// No message is lost at the boundary of sleep: the engine sleeps after each.
TEST_P(WholeNicTest, AnEngineThatSleepsMissesNothing) {
    RealClock clock;
    WholeNic nic(GetParam(), clock, true);
    ASSERT_NO_FATAL_FAILURE(nic.open());
    constexpr std::uint32_t messages = 20'000;
    for (std::uint32_t i = 0; i < messages; ++i) {
        nic.post_receive(nic.qps[1]);
        nic.post_send(nic.qps[0], hw::MO_WR_SEND, i);
        const auto one = nic.wait(), other = nic.wait();
        ASSERT_TRUE(one && other) << i;
        ASSERT_EQ(one->status, hw::MO_WC_SUCCESS);
        ASSERT_EQ(nic.bus.at<hw::__le32>(nic.memory + 2048), i);
    }
    EXPECT_EQ(nic.block.counters().retransmits, 0U);
    if (!nic.driver.shadow()) {
        EXPECT_EQ(nic.qps[0].rung, messages);
    } else {
        EXPECT_EQ(nic.qps[1].rung, 0U); // receives never ring
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, WholeNicTest, testing::Values(whole_shadow, whole_plain),
                         whole_mode);

} // namespace
} // namespace mo::nic::rdma::test
