// SPDX-License-Identifier: GPL-2.0-or-later
// The transport in a whole NIC: objects made by admin commands, doorbells by register writes
// through the page of a user context, completions by interrupt, counters by DMA; in virtual time
// and beside an engine that sleeps after every message.
#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "nic/port/mac.hpp"
#include "nic/rdma/rdma_block.hpp"
#include "tests/driver.hpp"

namespace mo::nic::rdma::test {
namespace {

using nic::test::Driver;
using nic::test::EventRing;
using nic::test::LocalBus;
using CompletionRing = nic::test::DeviceRing<hw::mo_rdma_cqe>;

constexpr std::uint64_t plain = hw::MO_F_RDMA;
constexpr std::uint64_t shadow = hw::MO_F_RDMA | hw::MO_F_SHADOW_DB;

NicConfig config() {
    NicConfig out;
    out.name = "rdma";
    out.mac = {2, 0, 0, 0, 0, 1};
    out.serial = "MO-TEST";
    out.features |= hw::MO_F_RDMA;
    return out;
}

class WholeNic {
  public:
    static constexpr std::uint8_t log = 4;
    static constexpr std::uint32_t page = 5; ///< of the user context
    static constexpr std::uint16_t vector = 3;

    WholeNic(std::uint64_t features, const DeviceClock& clock, bool threaded)
        : engine(clock, 0), nic(config(), engine), mac(nic, 0), block(nic, mac),
          bus(nic, engine, threaded ? LocalBus::Running::threaded : LocalBus::Running::settled),
          driver(bus) {
        nic.attach(block, hw::MO_F_RDMA);
        engine.add(nic);
        if (threaded) {
            engine.start();
        }
        driver.bring_up(features);
    }
    WholeNic(const WholeNic&) = delete;
    WholeNic& operator=(const WholeNic&) = delete;
    ~WholeNic() {
        engine.stop();
        engine.remove(nic);
    }

    std::uint32_t create_cq(const CompletionRing& ring) {
        hw::mo_cmd_cq body{};
        body.ring = ring.base();
        body.rec = ring.record();
        body.eq = eq;
        body.size_log = ring.size_log();
        body.entry_log = 6;
        body.db_page = page;
        const auto done = driver.call(hw::MO_CMD_CQ_CREATE, body);
        EXPECT_EQ(done.status, hw::MO_ST_OK);
        return Driver::result<hw::mo_res_create>(done).object;
    }
    /// Two QPs that are connected to each other inside the NIC, and a region of one page.
    void open() {
        async.emplace(bus, std::uint8_t{6});
        events.emplace(bus, std::uint8_t{8});
        ASSERT_NE(driver.create_eq(*async, 0), 0U);
        eq = driver.create_eq(*events, vector);
        ASSERT_NE(eq, 0U);
        completions.emplace(bus, std::uint8_t{8});
        cq = create_cq(*completions);
        hw::mo_cmd_gid gid{};
        gid.gid[10] = gid.gid[11] = 0xff;
        gid.gid[12] = 10;
        gid.gid[15] = 1;
        gid.flags = MO_GIDF_VALID;
        ASSERT_EQ(driver.status(hw::MO_CMD_GID_SET, gid), hw::MO_ST_OK);
        memory = bus.allocate(4096);
        const auto list = bus.allocate(8, 8);
        bus.at<hw::__le64>(list) = memory;
        hw::mo_cmd_mr mr{};
        mr.list = list;
        mr.iova = 0x10000;
        mr.length = 4096;
        mr.pages = mr.count = 1;
        mr.kind = hw::MO_MR_USER;
        mr.access = MO_ACCESS_ALL;
        mr.page_shift = 12;
        const auto made = driver.call(hw::MO_CMD_MR_CREATE, mr);
        ASSERT_EQ(made.status, hw::MO_ST_OK);
        key = Driver::result<hw::mo_res_key>(made).key;
        for (QpSide& side : qps) {
            side.rings = bus.allocate(8192, 8192);
            side.record = bus.allocate(128, 128);
            hw::mo_cmd_qp qp{};
            qp.list = side.rings;
            qp.rec = side.record;
            qp.send_cq = qp.recv_cq = cq;
            qp.db_page = page;
            qp.count = 1;
            qp.page_shift = 13;
            qp.sq_log = qp.rq_log = log;
            qp.sq_stride_log = qp.rq_stride_log = 6;
            // Rings of 1024 bytes each: the receive queue begins at 4096.
            const auto created = driver.call(hw::MO_CMD_QP_CREATE, qp);
            ASSERT_EQ(created.status, hw::MO_ST_OK);
            side.number = Driver::result<hw::mo_res_qp>(created).qp;
            side.rq = Driver::result<hw::mo_res_qp>(created).rq;
        }
        for (std::size_t i = 0; i < 2; ++i) {
            connect(qps[i], qps[1 - i], gid);
        }
    }
    struct QpSide {
        std::uint64_t rings = 0;
        std::uint64_t record = 0;
        std::uint32_t number = 0;
        std::uint32_t rq = 0;
        std::uint32_t tail = 0;
        std::uint32_t rq_tail = 0;
        unsigned rung = 0;
    };
    void connect(QpSide& one, const QpSide& other, const hw::mo_cmd_gid& gid) {
        const auto where = bus.allocate(sizeof(hw::mo_qp_attr), 64);
        auto& attr = bus.at<hw::mo_qp_attr>(where);
        hw::mo_cmd_qp_attr body{};
        body.addr = where;
        body.qp = one.number;
        attr = {};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_PKEY | hw::MO_QPA_ACCESS;
        attr.state = hw::MO_QPS_INIT;
        attr.access = MO_ACCESS_ALL;
        ASSERT_EQ(driver.status(hw::MO_CMD_QP_MODIFY, body), hw::MO_ST_OK);
        attr = {};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_AV | hw::MO_QPA_MTU | hw::MO_QPA_DEST_QP |
                    hw::MO_QPA_RQ_PSN | hw::MO_QPA_DEST_RD_ATOMIC | hw::MO_QPA_MIN_RNR;
        attr.state = hw::MO_QPS_RTR;
        std::ranges::copy(gid.gid, std::begin(attr.av.dgid));
        attr.path_mtu = 1024;
        attr.dest_qp = other.number;
        attr.max_dest_rd_atomic = 1;
        attr.min_rnr_timer = 1;
        ASSERT_EQ(driver.status(hw::MO_CMD_QP_MODIFY, body), hw::MO_ST_OK);
        attr = {};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_TIMEOUT | hw::MO_QPA_RETRY |
                    hw::MO_QPA_RNR_RETRY | hw::MO_QPA_SQ_PSN | hw::MO_QPA_RD_ATOMIC;
        attr.state = hw::MO_QPS_RTS;
        attr.timeout = 14;
        attr.retry_cnt = attr.rnr_retry = 7;
        attr.max_rd_atomic = 1;
        ASSERT_EQ(driver.status(hw::MO_CMD_QP_MODIFY, body), hw::MO_ST_OK);
    }
    void ring(QpSide& side, bool receive, std::uint32_t through = page) {
        auto& record = bus.at<hw::mo_db_rec>(side.record + (receive ? sizeof(hw::mo_db_rec) : 0));
        Le<std::uint32_t> tail(receive ? side.rq_tail : side.tail);
        __atomic_store(&record.tail, &tail, __ATOMIC_RELEASE);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        Le<std::uint32_t> event;
        __atomic_load(&record.event, &event, __ATOMIC_ACQUIRE);
        if (!driver.shadow() || hw::mo_db_needed(event, tail, tail - 1) != 0) {
            ++side.rung;
            driver.doorbell(receive ? hw::MO_DB_RQ : hw::MO_DB_SQ, receive ? side.rq : side.number,
                            tail, through);
        }
    }
    void post_receive(QpSide& side) {
        const auto at = side.rings + 4096 + std::uint64_t{side.rq_tail++ & ((1U << log) - 1U)} * 64;
        bus.at<std::array<std::byte, 64>>(at) = {};
        bus.at<hw::mo_wqe>(at).nsge = 1;
        bus.at<hw::mo_sge>(at + 16) = hw::mo_sge{0x10000 + 2048, 64, key};
        ring(side, true);
    }
    void post_send(QpSide& side, std::uint8_t opcode, std::uint32_t value,
                   std::uint32_t through = page) {
        const auto at = side.rings + std::uint64_t{side.tail++ & ((1U << log) - 1U)} * 64;
        bus.at<std::array<std::byte, 64>>(at) = {};
        auto& head = bus.at<hw::mo_wqe>(at);
        head.opcode = opcode;
        head.flags = MO_WQEF_SIGNALED | MO_WQEF_INLINE;
        head.length = 4;
        bus.at<hw::__le32>(at + 16) = value;
        ring(side, false, through);
    }
    std::optional<hw::mo_rdma_cqe> wait() {
        for (int i = 0; i < 5'000'000; ++i) {
            if (const auto entry = completions->pop()) {
                completions->acknowledge();
                return entry;
            }
            bus.progress();
        }
        return std::nullopt;
    }

    Engine engine;
    Nic nic;
    Mac mac;
    RdmaBlock block;
    LocalBus bus;
    Driver driver;
    std::optional<EventRing> async, events;
    std::optional<CompletionRing> completions;
    std::uint32_t eq = 0, cq = 0, key = 0;
    std::uint64_t memory = 0;
    std::array<QpSide, 2> qps;
};

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
    EXPECT_EQ(nic.bus.at<hw::mo_rdma_caps>(body.addr).max_qp, 1024U);
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

INSTANTIATE_TEST_SUITE_P(Modes, WholeNicTest, testing::Values(shadow, plain),
                         [](const auto& mode) { return mode.param == shadow ? "shadow" : "mmio"; });

} // namespace
} // namespace mo::nic::rdma::test
