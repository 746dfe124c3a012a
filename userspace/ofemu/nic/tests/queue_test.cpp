// SPDX-License-Identifier: GPL-2.0-or-later
// Event and completion queues: arm words, moderation, overruns, faults, doorbells and their pages.
#include "tests/fixture.hpp"

#include <tuple>

namespace mo::nic::test {
namespace {

class QueueTest : public NicTest {
  protected:
    std::uint32_t make_async_eq() { return driver_.create_eq(async_, 0); }
    /// A new completion queue, armed, and one entry in it: the event queue is to tell.
    std::uint32_t have_told(std::uint32_t eq) {
        CompletionRing completions(bus_, 5);
        const auto cq = driver_.create_cq(completions, eq);
        const auto record = bus_.allocate(64, 64);
        const auto queue = create_queue(cq, record);
        driver_.arm(completions, hw::MO_DB_CQ, cq);
        advance(queue, record, 1, 0);
        return cq;
    }

    EventRing async_{bus_, 6};
};

TEST_P(QueueTest, CompletionRaisesOneEventPerArming) {
    ASSERT_NE(make_async_eq(), 0U);
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 3);
    const auto cq = driver_.create_cq(completions, eq);
    ASSERT_NE(cq, 0U);
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);

    driver_.arm(events, hw::MO_DB_EQ, eq);
    driver_.arm(completions, hw::MO_DB_CQ, cq);
    advance(queue, record, 3, 0);
    EXPECT_EQ(bus_.interrupts(3), 1U);
    const auto event = events.pop();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, std::uint8_t{hw::MO_EVENT_COMP});
    EXPECT_EQ(event->object, cq);
    EXPECT_FALSE(events.pop());

    // Neither is armed any more: more completions, no event, no interrupt.
    advance(queue, record, 5, 3);
    EXPECT_FALSE(events.pop());
    EXPECT_EQ(bus_.interrupts(3), 1U);
    for (std::uint32_t i = 1; i <= 5; ++i) {
        const auto done = completions.pop();
        ASSERT_TRUE(done);
        EXPECT_EQ(done->index, i);
    }
    EXPECT_FALSE(completions.pop());

    // Armed with everything consumed: quiet until the next entry.
    driver_.arm(events, hw::MO_DB_EQ, eq);
    driver_.arm(completions, hw::MO_DB_CQ, cq);
    bus_.progress();
    EXPECT_EQ(bus_.interrupts(3), 1U);
    advance(queue, record, 6, 5);
    EXPECT_TRUE(events.pop());
    EXPECT_EQ(bus_.interrupts(3), 2U);
}

TEST_P(QueueTest, CompletionsGoIntoScatteredPages) {
    EventRing events(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    constexpr std::uint8_t size_log = 8; // two pages of 4 KiB
    const auto record = bus_.allocate(sizeof(hw::mo_arm_rec), 64);
    const std::array pages{bus_.allocate(4096), bus_.allocate(4096)};
    const auto list = bus_.allocate(16, 8);
    bus_.at<hw::__le64>(list) = pages[1];
    bus_.at<hw::__le64>(list + 8) = pages[0];
    hw::mo_cmd_cq body{};
    body.ring = list;
    body.rec = record;
    body.eq = eq;
    body.size_log = size_log;
    body.entry_log = 5;
    body.page_shift = 12;
    body.page_count = 2;
    const auto refused = [&](auto&& change) {
        hw::mo_cmd_cq bad = body;
        change(bad);
        return driver_.status(hw::MO_CMD_CQ_CREATE, bad);
    };
    EXPECT_EQ(refused([](auto& b) { b.page_shift = 11; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.page_count = 1; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.page_count = 3; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.page_shift = 0; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(refused([](auto& b) { b.ring += 4; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.ring = 0xdead'0000; }), hw::MO_ST_DMA_FAULT);
    const auto done = driver_.call(hw::MO_CMD_CQ_CREATE, body);
    ASSERT_EQ(done.status, hw::MO_ST_OK);
    const auto cq = Driver::result<hw::mo_res_create>(done).object.value();
    const auto tail = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, tail);
    std::uint32_t posted = 0;
    for (std::uint32_t index = 0; index < 1000; ++index) {
        if (index == posted) {
            bus_.at<hw::mo_arm_rec>(record).arm = std::uint64_t{index};
            const std::uint32_t old = std::exchange(posted, posted + 100);
            advance(queue, tail, posted, old);
        }
        const std::uint32_t place = (index & 255U) * 32;
        const auto& entry = bus_.at<hw::mo_eth_cqe>(pages[place < 4096 ? 1 : 0] + place % 4096);
        ASSERT_EQ(entry.index, index + 1);
        ASSERT_EQ(entry.phase & 1U, ((index >> size_log) & 1U) ^ 1U);
    }
}

TEST_P(QueueTest, ArmingBehindAnEntryIsAnsweredByDoorbell) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    const auto cq = driver_.create_cq(completions, eq);
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    driver_.arm(events, hw::MO_DB_EQ, eq);
    advance(queue, record, 1, 0);
    EXPECT_FALSE(events.pop()); // the completion queue was not armed
    completions.arm(MO_ARM_NEXT);
    driver_.doorbell(hw::MO_DB_CQ, cq, 0);
    bus_.progress();
    EXPECT_TRUE(events.pop());
    EXPECT_EQ(bus_.interrupts(1), 1U);
    driver_.doorbell(hw::MO_DB_CQ, cq, 0); // again: this arming was answered
    bus_.progress();
    EXPECT_FALSE(events.pop());
}

TEST_P(QueueTest, SolicitedArmingWaitsForASolicitedEntry) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    const auto cq = driver_.create_cq(completions, eq);
    const auto plain_record = bus_.allocate(64, 64), solicited_record = bus_.allocate(64, 64);
    const auto plain = create_queue(cq, plain_record);
    const auto solicited = create_queue(cq, solicited_record, 0, true);
    driver_.arm(events, hw::MO_DB_EQ, eq);
    driver_.arm(completions, hw::MO_DB_CQ, cq, MO_ARM_SOLICITED);
    advance(plain, plain_record, 2, 0);
    EXPECT_FALSE(events.pop());
    advance(solicited, solicited_record, 1, 0);
    EXPECT_TRUE(events.pop());
}

TEST_P(QueueTest, EventModerationHoldsBackForThePeriod) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    const auto cq = driver_.create_cq(completions, eq, 0, 50, 4);
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    driver_.arm(events, hw::MO_DB_EQ, eq);
    driver_.arm(completions, hw::MO_DB_CQ, cq);
    const auto start = clock_.now_ns();
    advance(queue, record, 1, 0);
    EXPECT_FALSE(events.pop());
    engine_.run_until(clock_, start + 49'999);
    EXPECT_FALSE(events.pop());
    engine_.run_until(clock_, start + 50'000);
    EXPECT_TRUE(events.pop());
    // The count cuts it short.
    while (completions.pop()) {
    }
    driver_.arm(events, hw::MO_DB_EQ, eq);
    driver_.arm(completions, hw::MO_DB_CQ, cq);
    advance(queue, record, 4, 1);
    EXPECT_FALSE(events.pop());
    advance(queue, record, 5, 4);
    EXPECT_TRUE(events.pop());
    // What was polled meanwhile needs no event.
    while (completions.pop()) {
    }
    driver_.arm(completions, hw::MO_DB_CQ, cq);
    advance(queue, record, 6, 5);
    ASSERT_TRUE(completions.pop());
    driver_.arm(completions, hw::MO_DB_CQ, cq);
    engine_.run_until(clock_, clock_.now_ns() + 1'000'000);
    EXPECT_FALSE(events.pop());
}

// The host reads the entry before the device looks at the arm word for it.
TEST_P(QueueTest, WhatIsReadUnderAnOpenRequestHasItsEvent) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    const auto cq = driver_.create_cq(completions, eq, 0, 50);
    const auto plain_record = bus_.allocate(64, 64), solicited_record = bus_.allocate(64, 64);
    const auto plain = create_queue(cq, plain_record);
    const auto solicited = create_queue(cq, solicited_record, 0, true);
    driver_.arm(events, hw::MO_DB_EQ, eq);
    const auto told = [&] {
        engine_.run_until(clock_, clock_.now_ns() + 1'000'000);
        const bool any = events.pop().has_value();
        driver_.arm(events, hw::MO_DB_EQ, eq);
        return any;
    };
    driver_.arm(completions, hw::MO_DB_CQ, cq);
    advance(plain, plain_record, 1, 0);
    ASSERT_TRUE(completions.pop());
    completions.acknowledge_open(MO_ARM_NEXT);
    EXPECT_TRUE(told());
    // Nothing new: neither the old word nor a new request brings another event.
    EXPECT_FALSE(told());
    driver_.arm(completions, hw::MO_DB_CQ, cq, MO_ARM_NEXT | MO_ARM_READ);
    EXPECT_FALSE(told());
    advance(plain, plain_record, 2, 1);
    EXPECT_TRUE(told());
    ASSERT_TRUE(completions.pop());
    // A solicited request: only for its like.
    driver_.arm(completions, hw::MO_DB_CQ, cq, MO_ARM_SOLICITED);
    advance(plain, plain_record, 3, 2);
    ASSERT_TRUE(completions.pop());
    completions.acknowledge_open(MO_ARM_SOLICITED);
    EXPECT_FALSE(told());
    advance(solicited, solicited_record, 1, 0);
    ASSERT_TRUE(completions.pop());
    completions.acknowledge_open(MO_ARM_SOLICITED);
    EXPECT_TRUE(told());
    EXPECT_FALSE(told());
}

TEST_P(QueueTest, InterruptModerationHoldsBackAfterTheLast) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 2, 100);
    const auto cq = driver_.create_cq(completions, eq);
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    const auto round = [&](std::uint32_t tail) {
        driver_.arm(events, hw::MO_DB_EQ, eq);
        driver_.arm(completions, hw::MO_DB_CQ, cq);
        advance(queue, record, tail, tail - 1);
        (void)completions.pop();
    };
    round(1);
    EXPECT_EQ(bus_.interrupts(2), 1U); // the first one at once
    (void)events.pop();
    const auto last = clock_.now_ns();
    round(2);
    EXPECT_EQ(bus_.interrupts(2), 1U);
    engine_.run_until(clock_, last + 99'999);
    EXPECT_EQ(bus_.interrupts(2), 1U);
    engine_.run_until(clock_, last + 100'000);
    EXPECT_EQ(bus_.interrupts(2), 2U);
    // Without the hold.
    (void)events.pop();
    hw::mo_cmd_eq modify{};
    modify.object = eq;
    ASSERT_EQ(driver_.status(hw::MO_CMD_EQ_MODIFY, modify), hw::MO_ST_OK);
    round(3);
    EXPECT_EQ(bus_.interrupts(2), 3U);
}

TEST_P(QueueTest, CompletionQueueOverrunIsReportedOnce) {
    ASSERT_NE(make_async_eq(), 0U);
    CompletionRing completions(bus_, 2);
    EventRing events(bus_, 5);
    const auto cq = driver_.create_cq(completions, driver_.create_eq(events, 1));
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    advance(queue, record, 5, 0); // one more than the ring holds
    bool overrun = false, stopped = false;
    while (const auto event = async_.pop()) {
        overrun |= event->type == hw::MO_EVENT_CQ_ERROR && event->object == cq;
        stopped |= event->type == hw::MO_EVENT_QUEUE_ERROR && event->object == queue &&
                   event->code == hw::MO_QERR_CQ;
    }
    EXPECT_TRUE(overrun);
    EXPECT_TRUE(stopped);
    EXPECT_EQ(nic_.counters().cq_overruns.value(), 1U);
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), MO_DEV_STATUS_READY);
}

TEST_P(QueueTest, AcknowledgedEntriesMakeRoom) {
    CompletionRing completions(bus_, 2);
    EventRing events(bus_, 5);
    const auto cq = driver_.create_cq(completions, driver_.create_eq(events, 1));
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    for (std::uint32_t tail = 1; tail < 40; ++tail) {
        advance(queue, record, tail, tail - 1);
        const auto done = completions.pop();
        ASSERT_TRUE(done);
        ASSERT_EQ(done->index, tail);
        completions.acknowledge();
    }
}

/// Without room an event waits, and is told once as soon as the host has read.
TEST_P(QueueTest, FullEventQueueDelaysEvents) {
    EventRing events(bus_, 2);
    const auto eq = driver_.create_eq(events, 1);
    std::vector<std::uint32_t> cqs;
    cqs.reserve(7);
    for (int i = 0; i < 7; ++i) {
        cqs.push_back(have_told(eq));
    }
    EXPECT_EQ(driver_.reg(reg::DEV_FATAL), std::uint32_t{hw::MO_FATAL_NONE});
    std::vector<std::uint32_t> told;
    for (int look = 0; look < 4; ++look) {
        while (const auto event = events.pop()) {
            EXPECT_EQ(event->type, hw::MO_EVENT_COMP);
            told.push_back(event->object);
        }
        const auto before = bus_.interrupts(1);
        const bool more = told.size() < cqs.size();
        driver_.arm(events, hw::MO_DB_EQ, eq);
        engine_.run_until(clock_, clock_.now_ns() + 50'000);
        EXPECT_EQ(bus_.interrupts(1), before + (more ? 1 : 0));
    }
    EXPECT_EQ(told, cqs);
    EXPECT_EQ(nic_.counters().events_delayed.value(), 4U);
}

/// A host that has stopped is looked at less and less often, and heard soon when it goes on.
TEST_P(QueueTest, AFullEventQueueIsLookedAtLessAndLessOften) {
    constexpr unsigned second = 1'000'000'000;
    EventRing events(bus_, 2);
    const auto eq = driver_.create_eq(events, 1);
    for (int i = 0; i < 4; ++i) {
        (void)have_told(eq);
    }
    const auto start = clock_.now_ns();
    unsigned looks = 0;
    for (auto next = engine_.settle(); next < start + second; next = engine_.settle()) {
        clock_.set(next);
        ++looks;
    }
    EXPECT_GT(looks, 700U);
    EXPECT_LT(looks, 900U);
    while (events.pop()) {
    }
    events.acknowledge();
    engine_.run_until(clock_, clock_.now_ns() + 1'300'000);
    EXPECT_TRUE(events.pop());
}

/// The end of the device is told though the queue is full of other news.
TEST_P(QueueTest, FatalHasRoomInAFullEventQueue) {
    ASSERT_NE(make_async_eq(), 0U);
    auto& env = static_cast<QueueEnv&>(nic_);
    for (std::uint32_t object = 1; object <= 200; ++object) {
        env.queue_error(object, 0, hw::MO_QERR_DESC);
    }
    driver_.set_tail(driver_.tail() + 1000);
    bus_.at<hw::mo_db_rec>(driver_.record()).tail = driver_.tail();
    driver_.doorbell(hw::MO_DB_ADMIN, 0, driver_.tail());
    bus_.progress();
    ASSERT_EQ(driver_.reg(reg::DEV_FATAL), std::uint32_t{hw::MO_FATAL_ADMIN_INDEX});
    unsigned count = 0;
    std::uint8_t last = 0;
    while (const auto event = async_.pop()) {
        ++count;
        last = event->type;
    }
    EXPECT_EQ(count, 64U);
    EXPECT_EQ(last, hw::MO_EVENT_FATAL);
}

/// What may be told late is told as it is then; nothing else is merged.
TEST_P(QueueTest, EventsThatWaitSayTheNewest) {
    const auto eq = make_async_eq();
    ASSERT_NE(eq, 0U);
    auto& env = static_cast<QueueEnv&>(nic_);
    for (std::uint32_t object = 1; object < 64; ++object) {
        env.queue_error(object, 0, hw::MO_QERR_DESC);
    }
    const auto send = [&env](hw::mo_event type, std::uint32_t object, std::uint16_t code,
                             std::uint32_t data) {
        hw::mo_eqe event{};
        event.type = static_cast<std::uint8_t>(type);
        event.object = object;
        event.code = code;
        event.data = data;
        env.async_event(event);
    };
    send(hw::MO_EVENT_LANE, 0, 0, 1);
    send(hw::MO_EVENT_QP_ESTABLISHED, 70, 0, 0);
    send(hw::MO_EVENT_THERMAL, 0, 1, 0);
    send(hw::MO_EVENT_QP_ERROR, 70, 5, 0);
    send(hw::MO_EVENT_DMA_FAULT, 71, 0, 0);
    send(hw::MO_EVENT_DMA_FAULT, 71, 0, 0);
    send(hw::MO_EVENT_LANE, 0, 0, 4);
    send(hw::MO_EVENT_THERMAL, 0, 2, 0);
    send(hw::MO_EVENT_SQ_DRAINED, 72, 0, 0);
    send(hw::MO_EVENT_MGMT, 0, 3, 9);
    using Told = std::tuple<unsigned, std::uint32_t, unsigned, std::uint32_t>;
    std::vector<Told> told;
    for (int look = 0; look < 4; ++look) {
        while (const auto event = async_.pop()) {
            if (event->type != hw::MO_EVENT_QUEUE_ERROR) {
                told.emplace_back(event->type, event->object, event->code, event->data);
            }
        }
        driver_.arm(async_, hw::MO_DB_EQ, eq);
        engine_.run_until(clock_, clock_.now_ns() + 50'000);
    }
    EXPECT_EQ(told, (std::vector<Told>{{hw::MO_EVENT_LANE, 0U, 0U, 5U},
                                       {hw::MO_EVENT_QP_ESTABLISHED, 70U, 0U, 0U},
                                       {hw::MO_EVENT_QP_ERROR, 70U, 5U, 0U},
                                       {hw::MO_EVENT_THERMAL, 0U, 2U, 0U},
                                       {hw::MO_EVENT_DMA_FAULT, 71U, 0U, 0U},
                                       {hw::MO_EVENT_SQ_DRAINED, 72U, 0U, 0U},
                                       {hw::MO_EVENT_MGMT, 0U, 3U, 9U}}));
}

TEST_P(QueueTest, RingThatIsUnmappedStopsItsQueueOnly) {
    ASSERT_NE(make_async_eq(), 0U);
    EventRing events(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    hw::mo_cmd_cq body{};
    body.ring = 0x7000'0000;
    body.rec = bus_.allocate(64, 64);
    body.eq = eq;
    body.size_log = 5;
    body.entry_log = 5;
    const auto done = driver_.call(hw::MO_CMD_CQ_CREATE, body);
    ASSERT_EQ(done.status, hw::MO_ST_OK);
    const std::uint32_t cq = Driver::result<hw::mo_res_create>(done).object;
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    advance(queue, record, 1, 0);
    std::vector<unsigned> types;
    while (const auto event = async_.pop()) {
        types.push_back(event->type);
    }
    EXPECT_EQ(types, (std::vector<unsigned>{hw::MO_EVENT_DMA_FAULT, hw::MO_EVENT_CQ_ERROR,
                                            hw::MO_EVENT_QUEUE_ERROR}));
    EXPECT_EQ(driver_.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
}

TEST_P(QueueTest, OnlyTheOwnersPageRings) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto cq = driver_.create_cq(completions, driver_.create_eq(events, 1), 7);
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record, 7);
    const auto bad = [this] { return nic_.counters().doorbells_bad.value(); };
    driver_.doorbell(hw::MO_DB_SQ, queue, 1, 8);              // another page
    driver_.doorbell(hw::MO_DB_RQ, queue, 1, 7);              // another kind
    driver_.doorbell(hw::MO_DB_SQ, queue ^ (1U << 16), 1, 7); // another generation
    driver_.doorbell(hw::MO_DB_SQ, queue | (1U << 15), 1, 7); // another object
    driver_.doorbell(hw::MO_DB_ADMIN, 0, 1, 7);               // not page 0
    bus_.write64(MO_BAR_DB, 0x30, 1);                         // no register
    bus_.progress();
    EXPECT_EQ(bad(), 6U);
    EXPECT_EQ(block_.doorbells, 0U);
    bus_.at<hw::mo_db_rec>(record).tail = 1;
    driver_.doorbell(hw::MO_DB_SQ, queue, 1, 7);
    bus_.progress();
    EXPECT_EQ(block_.doorbells, 1U);
    EXPECT_TRUE(completions.pop());
}

TEST_P(QueueTest, DoorbellInTwoHalvesCounts) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto cq = driver_.create_cq(completions, driver_.create_eq(events, 1));
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    bus_.at<hw::mo_db_rec>(record).tail = 1;
    bus_.write32(MO_BAR_DB, hw::MO_DB_SQ, queue);
    bus_.write32(MO_BAR_DB, hw::MO_DB_SQ + 4, 1);
    bus_.progress();
    EXPECT_TRUE(completions.pop());
}

TEST_P(QueueTest, QueuesInUseAreNotDestroyed) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    const auto cq = driver_.create_cq(completions, eq);
    const auto queue = create_queue(cq, bus_.allocate(64, 64));
    const auto destroy = [this](hw::mo_cmd command, std::uint32_t object) {
        hw::mo_cmd_object body{};
        body.object = object;
        return driver_.status(command, body);
    };
    EventRing second(bus_, 5);
    EXPECT_EQ(driver_.create_eq(second, 1), 0U); // the vector has its queue
    EXPECT_EQ(destroy(hw::MO_CMD_EQ_DESTROY, eq), hw::MO_ST_IN_USE);
    EXPECT_EQ(destroy(hw::MO_CMD_CQ_DESTROY, cq), hw::MO_ST_IN_USE);
    EXPECT_EQ(destroy(hw::MO_CMD_TXQ_DESTROY, queue), hw::MO_ST_OK);
    EXPECT_EQ(destroy(hw::MO_CMD_CQ_DESTROY, cq), hw::MO_ST_OK);
    EXPECT_EQ(destroy(hw::MO_CMD_CQ_DESTROY, cq), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(destroy(hw::MO_CMD_EQ_DESTROY, eq), hw::MO_ST_OK);
    EXPECT_EQ(nic_.objects().live(), 0U);
}

TEST_P(QueueTest, BadQueueParametersAreRefused) {
    EventRing events(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    hw::mo_cmd_eq body{};
    body.ring = events.base();
    body.rec = events.record();
    body.vector = 2;
    body.size_log = 5;
    const auto refused = [&](auto change) {
        hw::mo_cmd_eq wrong = body;
        change(wrong);
        return driver_.status(hw::MO_CMD_EQ_CREATE, wrong);
    };
    EXPECT_EQ(refused([](auto& b) { b.vector = 128; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.size_log = 16; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.size_log = 1; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.ring = 0x10010; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.ring = ~0xfffULL, b.size_log = 9; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.rec = 8; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.rsvd = 1; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(refused([](auto& b) { b.rsvd1 = 1; }), hw::MO_ST_RESERVED);
    hw::mo_cmd_cq cq{};
    cq.ring = events.base();
    cq.rec = events.record();
    cq.eq = eq ^ (1U << 16);
    cq.size_log = 5;
    cq.entry_log = 5;
    EXPECT_EQ(driver_.status(hw::MO_CMD_CQ_CREATE, cq), hw::MO_ST_BAD_OBJECT);
    cq.eq = eq;
    cq.entry_log = 4;
    EXPECT_EQ(driver_.status(hw::MO_CMD_CQ_CREATE, cq), hw::MO_ST_BAD_PARAM);
    cq.entry_log = 5;
    cq.db_page = 1024;
    EXPECT_EQ(driver_.status(hw::MO_CMD_CQ_CREATE, cq), hw::MO_ST_BAD_PARAM);
}

TEST_P(QueueTest, ObjectsRunOutAndGenerationsDiffer) {
    EventRing events(bus_, 5);
    CompletionRing completions(bus_, 5);
    const auto eq = driver_.create_eq(events, 1);
    std::vector<std::uint32_t> queues;
    for (std::uint32_t i = 0; i < max_cq; ++i) {
        queues.push_back(driver_.create_cq(completions, eq));
        ASSERT_NE(queues.back(), 0U);
    }
    EXPECT_EQ(driver_.create_cq(completions, eq), 0U);
    hw::mo_cmd_object body{};
    body.object = queues.front();
    ASSERT_EQ(driver_.status(hw::MO_CMD_CQ_DESTROY, body), hw::MO_ST_OK);
    const auto again = driver_.create_cq(completions, eq);
    EXPECT_NE(again, 0U);
    EXPECT_NE(again, queues.front());
}

TEST_P(QueueTest, LiesAreToldWhileAsked) {
    CompletionRing completions(bus_, 5);
    EventRing events(bus_, 5);
    const auto cq = driver_.create_cq(completions, driver_.create_eq(events, 1));
    const auto record = bus_.allocate(64, 64);
    const auto queue = create_queue(cq, record);
    nic_.liar().set(Lie::cqe_index, 2);
    advance(queue, record, 4, 0);
    EXPECT_EQ(completions.pop()->index, 1U);
    EXPECT_GT(completions.pop()->index, 1000U);
    EXPECT_EQ(completions.pop()->index, 3U);
    EXPECT_GT(completions.pop()->index, 1000U);
    nic_.liar().set(Lie::admin_tag);
    EXPECT_NE(driver_.call(Driver::make(hw::MO_CMD_NOP, 0U, 42)).tag, 42);
    nic_.liar().set(Lie::none);
    EXPECT_EQ(driver_.call(Driver::make(hw::MO_CMD_NOP, 0U, 42)).tag, 42);
    EXPECT_EQ(nic_.liar().told(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Modes, QueueTest, testing::Values(all_features, plain_features),
                         mode_name);

} // namespace
} // namespace mo::nic::test
