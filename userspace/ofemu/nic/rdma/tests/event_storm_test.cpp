// SPDX-License-Identifier: GPL-2.0-or-later
// More events at once than event queues have entries, and a host that is slow to read them: each
// owner gets his event once, and nobody else notices.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "nic/rdma/tests/whole_nic.hpp"

namespace mo::nic::rdma::test {
namespace {

class EventStormTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    static constexpr std::uint32_t qp_count = 1024, cq_count = 768;
    static constexpr std::uint8_t eq_log = 8; ///< as the driver has it
    static constexpr std::uint16_t completion_vector = 3;

    EventStormTest() : nic(GetParam(), clock, false, 64U << 20) {
        async.emplace(nic.bus, eq_log);
        events.emplace(nic.bus, eq_log);
        async_eq = nic.driver.create_eq(*async, 0);
        nic.eq = nic.driver.create_eq(*events, completion_vector);
        gid.gid[10] = gid.gid[11] = 0xff;
        gid.gid[12] = 10;
        gid.gid[15] = 1;
        gid.flags = MO_GIDF_VALID;
        EXPECT_EQ(nic.driver.status(hw::MO_CMD_GID_SET, gid), hw::MO_ST_OK);
    }

    void make_cqs(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            rings.emplace_back(nic.bus, std::uint8_t{3});
            cqs.push_back(nic.create_cq(rings.back()));
        }
    }
    /// QPs that are connected to themselves, without receive queue.
    void make_qps(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            WholeNic::QpSide side;
            side.rings = nic.bus.allocate(4096);
            side.record = nic.bus.allocate(64, 64);
            hw::mo_cmd_qp body{};
            body.list = side.rings;
            body.rec = side.record;
            body.send_cq = body.recv_cq = cqs[i % cqs.size()];
            body.db_page = WholeNic::page;
            body.count = 1;
            body.page_shift = 12;
            body.sq_log = WholeNic::log;
            body.sq_stride_log = 6;
            body.flags = MO_QPF_NO_RQ;
            const auto made = nic.driver.call(hw::MO_CMD_QP_CREATE, body);
            ASSERT_EQ(made.status, hw::MO_ST_OK) << i;
            side.number = Driver::result<hw::mo_res_qp>(made).qp;
            nic.connect(side, side, gid);
            qps.push_back(side);
        }
    }
    void arm(std::uint32_t index) {
        rings[index].arm(MO_ARM_NEXT);
        if (!nic.driver.shadow()) {
            nic.driver.doorbell(hw::MO_DB_CQ, cqs[index], rings[index].consumer(), WholeNic::page);
        }
    }
    void fail_all_qps() {
        for (auto& side : qps) {
            nic.post_send(side, 0x7f, 1);
        }
        nic.bus.progress();
    }
    /// Takes at most `most` events of a queue, tells the consumer index, and lets time pass.
    unsigned take(EventRing& ring, std::uint32_t eq, std::vector<hw::mo_eqe>& out, unsigned most) {
        unsigned taken = 0;
        for (; taken < most; ++taken) {
            const auto event = ring.pop();
            if (!event) {
                break;
            }
            out.push_back(*event);
        }
        nic.driver.arm(ring, hw::MO_DB_EQ, eq);
        nic.engine.run_until(clock, clock.now_ns() + 100'000);
        return taken;
    }
    void take_all(EventRing& ring, std::uint32_t eq, std::vector<hw::mo_eqe>& out,
                  unsigned most = 64) {
        while (take(ring, eq, out, most) != 0) {
        }
    }
    std::map<std::uint32_t, unsigned> by_object(const std::vector<hw::mo_eqe>& seen,
                                                hw::mo_event type) {
        std::map<std::uint32_t, unsigned> counts;
        for (const auto& event : seen) {
            if (event.type == type) {
                ++counts[event.object];
            }
        }
        return counts;
    }
    bool alive() { return nic.driver.reg(reg::DEV_FATAL) == hw::MO_FATAL_NONE; }

    ManualClock clock;
    WholeNic nic;
    hw::mo_cmd_gid gid{};
    std::optional<EventRing> async, events;
    std::uint32_t async_eq = 0;
    std::vector<CompletionRing> rings;
    std::vector<std::uint32_t> cqs;
    std::vector<WholeNic::QpSide> qps;
};

TEST_P(EventStormTest, EveryOwnerHearsOnce) {
    make_cqs(cq_count);
    ASSERT_NO_FATAL_FAILURE(make_qps(qp_count));
    for (std::uint32_t i = 0; i < cq_count; ++i) {
        arm(i);
    }
    fail_all_qps();
    ASSERT_TRUE(alive());
    // Who asks once more while his event waits gets that one only.
    for (std::uint32_t i = 0; i < cq_count; ++i) {
        if (i % 3 == 0) {
            arm(i);
        }
    }
    nic.bus.progress();
    std::vector<hw::mo_eqe> told, completions;
    take_all(*async, async_eq, told);
    take_all(*events, nic.eq, completions, 40);
    const auto errors = by_object(told, hw::MO_EVENT_QP_ERROR);
    EXPECT_EQ(told.size(), qp_count);
    for (const auto& side : qps) {
        ASSERT_EQ(errors.count(side.number), 1U);
        ASSERT_EQ(errors.at(side.number), 1U);
    }
    for (const auto& event : told) {
        ASSERT_EQ(event.code, hw::MO_QPE_WQE);
    }
    const auto news = by_object(completions, hw::MO_EVENT_COMP);
    unsigned again = 0; // those whose event was out already may ask for a second one
    for (const auto cq : cqs) {
        ASSERT_EQ(news.count(cq), 1U);
        ASSERT_LE(news.at(cq), 2U);
        again += news.at(cq) - 1;
    }
    EXPECT_LE(again, 256U / 3 + 1);
    EXPECT_TRUE(alive());
    EXPECT_EQ(nic.nic.counters().events_lost.value(), 0U);
    EXPECT_GE(nic.nic.counters().events_delayed.value(), qp_count - 256 + cq_count - 256);
    // The device works on: a new QP sends.
    const auto before = nic.block.counters().local_errors;
    ASSERT_EQ(nic.driver.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
    EXPECT_EQ(before, qp_count);
}

/// What is owed is told in the order in which it came about.
TEST_P(EventStormTest, OrderIsKept) {
    make_cqs(1);
    ASSERT_NO_FATAL_FAILURE(make_qps(300));
    std::vector<hw::mo_eqe> told;
    for (auto& side : qps) {
        nic.post_send(side, 0x7f, 1);
        nic.bus.progress();
    }
    take_all(*async, async_eq, told, 7);
    ASSERT_EQ(told.size(), qps.size() + 1); // and the completion queue, which overran
    std::vector<std::uint32_t> errors;
    for (const auto& event : told) {
        if (event.type == hw::MO_EVENT_QP_ERROR) {
            errors.push_back(event.object);
        }
    }
    ASSERT_EQ(errors.size(), qps.size());
    for (std::size_t i = 0; i < qps.size(); ++i) {
        ASSERT_EQ(errors[i], qps[i].number) << i;
    }
}

TEST_P(EventStormTest, DestroyedObjectsAreNotTold) {
    make_cqs(300);
    ASSERT_NO_FATAL_FAILURE(make_qps(300));
    for (std::uint32_t i = 0; i < cqs.size(); ++i) {
        arm(i);
    }
    fail_all_qps();
    hw::mo_cmd_object which{};
    for (const auto& side : qps) {
        which.object = side.number;
        ASSERT_EQ(nic.driver.status(hw::MO_CMD_QP_DESTROY, which), hw::MO_ST_OK);
    }
    for (const auto cq : cqs) {
        which.object = cq;
        ASSERT_EQ(nic.driver.status(hw::MO_CMD_CQ_DESTROY, which), hw::MO_ST_OK);
    }
    std::vector<hw::mo_eqe> told, completions;
    take_all(*async, async_eq, told);
    take_all(*events, nic.eq, completions);
    EXPECT_EQ(told.size(), 255U); // those that were written before
    EXPECT_EQ(completions.size(), 255U);
    EXPECT_TRUE(alive());
}

/// A QP that begins anew has no part in the errors of its former life.
TEST_P(EventStormTest, QpThatWasResetIsNotTold) {
    make_cqs(300);
    ASSERT_NO_FATAL_FAILURE(make_qps(300));
    fail_all_qps();
    const auto where = nic.bus.allocate(sizeof(hw::mo_qp_attr), 64);
    nic.bus.at<hw::mo_qp_attr>(where).mask = hw::MO_QPA_STATE;
    nic.bus.at<hw::mo_qp_attr>(where).state = hw::MO_QPS_RESET;
    hw::mo_cmd_qp_attr body{};
    body.addr = where;
    body.qp = qps.back().number;
    ASSERT_EQ(nic.driver.status(hw::MO_CMD_QP_MODIFY, body), hw::MO_ST_OK);
    std::vector<hw::mo_eqe> told;
    take_all(*async, async_eq, told);
    EXPECT_EQ(told.size(), qps.size() - 1);
    EXPECT_EQ(by_object(told, hw::MO_EVENT_QP_ERROR).count(qps.back().number), 0U);
}

TEST_P(EventStormTest, EventQueueThatIsDestroyedOwesNothing) {
    make_cqs(300);
    ASSERT_NO_FATAL_FAILURE(make_qps(300));
    fail_all_qps();
    hw::mo_cmd_object which{};
    which.object = async_eq;
    ASSERT_EQ(nic.driver.status(hw::MO_CMD_EQ_DESTROY, which), hw::MO_ST_OK);
    EXPECT_EQ(nic.nic.counters().events_lost.value(), 300U - 255);
    EventRing second(nic.bus, eq_log);
    async_eq = nic.driver.create_eq(second, 0);
    ASSERT_NE(async_eq, 0U);
    std::vector<hw::mo_eqe> told;
    take_all(second, async_eq, told);
    EXPECT_TRUE(told.empty());
}

TEST_P(EventStormTest, ResetForgets) {
    make_cqs(300);
    ASSERT_NO_FATAL_FAILURE(make_qps(300));
    fail_all_qps();
    nic.driver.bring_up(GetParam());
    EventRing second(nic.bus, eq_log);
    async_eq = nic.driver.create_eq(second, 0);
    std::vector<hw::mo_eqe> told;
    take_all(second, async_eq, told);
    EXPECT_TRUE(told.empty());
}

INSTANTIATE_TEST_SUITE_P(Modes, EventStormTest, testing::Values(whole_shadow, whole_plain),
                         whole_mode);

} // namespace
} // namespace mo::nic::rdma::test
