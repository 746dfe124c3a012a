// SPDX-License-Identifier: GPL-2.0-or-later
// QueueSet: which completion queues a round costs anything.
#include "nic/queue_set.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#include "nic/counters.hpp"
#include "nic/event_sink.hpp"

namespace mo::nic::test {
namespace {

constexpr std::uint16_t period_us = 1000;
constexpr std::uint64_t period_ns = std::uint64_t{period_us} * 1000;
constexpr std::uint64_t never = ~std::uint64_t{0};

class QueueSetTest : public testing::Test, protected EventSink {
  protected:
    QueueSetTest() {
        map_.set_bus_master(true);
        EXPECT_TRUE(map_.map_memory(0, ram_));
        hw::mo_cmd_eq body{};
        body.ring = allocate(4096);
        body.rec = allocate(64);
        body.size_log = 5;
        EXPECT_EQ(set_.create_eq(body, eq_), hw::MO_ST_OK);
    }
    QueueSetTest(const QueueSetTest&) = delete;
    QueueSetTest& operator=(const QueueSetTest&) = delete;
    ~QueueSetTest() override { set_.clear(); }

    std::uint64_t allocate(std::uint64_t size) {
        const std::uint64_t place = next_;
        next_ += (size + 4095) / 4096 * 4096;
        return place;
    }
    /// A queue of 32 entries that asks for an event of each.
    CompletionQueue& create(std::uint16_t period, std::uint16_t count = 0) {
        hw::mo_cmd_cq body{};
        body.ring = allocate(4096);
        body.rec = allocate(64);
        body.eq = eq_;
        body.size_log = 5;
        body.entry_log = 5;
        body.period_us = period;
        body.count = count;
        std::uint32_t object = 0;
        EXPECT_EQ(set_.create_cq(body, object), hw::MO_ST_OK);
        const std::uint64_t word = MO_ARM_WORD(0, MO_ARM_NEXT, 1);
        std::memcpy(&ram_[body.rec], &word, sizeof(word));
        return *set_.cq(object);
    }
    static void post(CompletionQueue& cq) {
        const std::array<std::byte, 32> entry{};
        EXPECT_TRUE(cq.post(entry));
    }

    // EventSink
    void completion_event(std::uint32_t /*eq*/, std::uint32_t /*cq*/) override { ++events_; }
    void async_event(const hw::mo_eqe& /*event*/) override {}
    void report_dma_fault(std::uint32_t /*object*/, const pcie::DmaFault& /*fault*/) override {
        ADD_FAILURE();
    }
    void fatal(hw::mo_fatal /*why*/) override {}
    void wants_flush(CompletionQueue& cq) override { set_.wants_flush(cq); }
    void twist_completion(std::span<std::byte> /*entry*/) override {}
    void twist_event(hw::mo_eqe& /*event*/) override {}
    NicCounters& event_counters() override { return counters_; }

    std::vector<std::byte> ram_ = std::vector<std::byte>(std::size_t{16} << 20);
    std::uint64_t next_ = 4096;
    pcie::DmaMap map_;
    DmaAccess dma_{map_};
    NicCounters counters_;
    ObjectTable objects_;
    pcie::MsixVectors vectors_{1};
    QueueSet set_{objects_, dma_, *this, vectors_, 16};
    std::uint32_t eq_ = 0;
    std::uint64_t events_ = 0;
};

TEST_F(QueueSetTest, WhomModerationHoldsBackCostsARoundNothing) {
    constexpr std::size_t many = 1000;
    for (std::size_t i = 0; i < many; ++i) {
        post(create(period_us));
    }
    EXPECT_EQ(set_.flush(100), many);
    EXPECT_EQ(set_.next_deadline_ns(), 100 + period_ns);
    CompletionQueue& busy = create(0);
    for (std::uint64_t round = 0; round < 10; ++round) {
        post(busy);
        EXPECT_EQ(set_.flush(200 + round), 1U) << "the one that has posted";
    }
    EXPECT_EQ(events_, 1U);
    EXPECT_EQ(set_.flush(99 + period_ns), 0U);
    EXPECT_EQ(set_.flush(100 + period_ns), many);
    EXPECT_EQ(events_, 1 + many);
    EXPECT_EQ(set_.next_deadline_ns(), never);
    EXPECT_EQ(set_.flush(never - 1), 0U);
}

TEST_F(QueueSetTest, WhoIsHeldBackMayPostFurther) {
    CompletionQueue& cq = create(period_us, 3);
    post(cq);
    EXPECT_EQ(set_.flush(1), 1U);
    post(cq);
    EXPECT_EQ(set_.flush(2), 1U);
    EXPECT_EQ(set_.next_deadline_ns(), 1 + period_ns) << "of the first";
    post(cq);
    EXPECT_EQ(set_.flush(3), 1U);
    EXPECT_EQ(events_, 1U) << "so many are enough";
    EXPECT_EQ(set_.next_deadline_ns(), never);
}

TEST_F(QueueSetTest, ADeadlineFollowsCommandsAndDoorbells) {
    std::vector<CompletionQueue*> held;
    for (std::uint16_t i = 1; i <= 3; ++i) {
        held.push_back(&create(static_cast<std::uint16_t>(i * period_us)));
        post(*held.back());
    }
    EXPECT_EQ(set_.flush(0), 3U);
    EXPECT_EQ(set_.destroy_cq(held[0]->object()), hw::MO_ST_OK);
    EXPECT_EQ(set_.next_deadline_ns(), 2 * period_ns);
    hw::mo_cmd_cq body{};
    body.object = held[1]->object();
    EXPECT_EQ(set_.modify_cq(body, 5), hw::MO_ST_OK) << "not held back any more";
    EXPECT_EQ(events_, 1U);
    EXPECT_EQ(set_.next_deadline_ns(), 3 * period_ns);
    set_.doorbell(hw::MO_DB_CQ, held[2]->object(), 3 * period_ns);
    EXPECT_EQ(events_, 2U);
    EXPECT_EQ(set_.next_deadline_ns(), never);

    CompletionQueue& gone = create(period_us); // takes the place of another in the order
    post(gone);
    EXPECT_EQ(set_.destroy_cq(gone.object()), hw::MO_ST_OK) << "before it is flushed";
    EXPECT_EQ(set_.flush(4 * period_ns), 0U);
    set_.clear();
    EXPECT_EQ(set_.next_deadline_ns(), never);
}

} // namespace
} // namespace mo::nic::test
