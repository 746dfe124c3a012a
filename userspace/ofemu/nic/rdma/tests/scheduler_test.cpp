// SPDX-License-Identifier: GPL-2.0-or-later
// Turns, looks and times: who gets them, in which order, and that nobody is forgotten.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "nic/rdma/retry.hpp"
#include "nic/rdma/scheduler.hpp"
#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

using Numbers = std::vector<std::uint32_t>;

class SchedulerTest : public testing::Test {
  protected:
    struct Member final : Scheduled {
        explicit Member(std::uint32_t its_number) : number(its_number) {}
        std::uint32_t number;
        bool moved = false; ///< there is something that a look finds
        unsigned looks = 0;
    };

    void make(std::uint32_t count, std::uint32_t owner = 0) {
        while (all.size() < count) {
            all.push_back(std::make_unique<Member>(static_cast<std::uint32_t>(all.size())));
            scheduler.add(*all.back(), owner);
        }
    }
    static Member& member(Scheduled& each) { return static_cast<Member&>(each); }
    /// Takes a turn of the next one, who has nothing more to do unless `more`.
    std::uint32_t turn(bool more = false, bool watched = true) {
        Member& next = member(scheduler.begin_turn());
        scheduler.end_turn(next, true, more, watched);
        return next.number;
    }
    Numbers turns() {
        Numbers order;
        while (scheduler.ready() != 0) {
            order.push_back(turn());
        }
        return order;
    }
    /// A round without turns; who has moved is ready afterwards.
    void round(bool leaves = true, std::uint64_t now_ns = 0) {
        scheduler.begin_round(now_ns);
        scheduler.watch(
            [](Scheduled& each) {
                ++member(each).looks;
                return std::exchange(member(each).moved, false);
            },
            [leaves](Scheduled& /*each*/, bool idle) { return leaves && idle; });
    }
    /// Numbers of those whose time has come, in order.
    Numbers at(std::uint64_t now_ns) {
        scheduler.begin_round(now_ns);
        return turns();
    }
    unsigned looks() {
        unsigned sum = 0;
        for (const auto& each : all) {
            sum += std::exchange(each->looks, 0);
        }
        return sum;
    }

    Scheduler scheduler;
    std::vector<std::unique_ptr<Member>> all;
};

TEST_F(SchedulerTest, TurnsGoRound) {
    make(3);
    for (const std::uint32_t number : {1U, 0U, 2U, 1U}) {
        scheduler.call(*all[number]);
    }
    EXPECT_EQ(scheduler.ready(), 3U);
    EXPECT_EQ(scheduler.next_ns(), 0U);
    Numbers order;
    for (int i = 0; i < 7; ++i) {
        order.push_back(turn(true));
    }
    EXPECT_EQ(order, (Numbers{1, 0, 2, 1, 0, 2, 1}));
    EXPECT_EQ(turns(), (Numbers{0, 2, 1}));
    EXPECT_EQ(scheduler.next_ns(), never_ns);
}

/// Who has many has no more turns than who has one.
TEST_F(SchedulerTest, TurnsGoRoundAmongOwners) {
    make(4, 7);
    make(5, 1023);
    make(7, 0);
    for (const auto& each : all) {
        scheduler.call(*each);
    }
    Numbers order;
    for (int i = 0; i < 9; ++i) {
        order.push_back(turn(true));
    }
    EXPECT_EQ(order, (Numbers{0, 4, 5, 1, 4, 6, 2, 4, 5}));
    unsigned seen = 0;
    scheduler.for_each_active([&](Scheduled&) { ++seen; });
    EXPECT_EQ(seen, all.size());
    // One that leaves takes nobody's place.
    scheduler.remove(*all[4]);
    EXPECT_EQ(turns(), (Numbers{3, 6, 0, 5, 1, 2}));
}

/// An answer that comes while one is sending is not lost with the end of the turn.
TEST_F(SchedulerTest, CalledInItsOwnTurn) {
    make(2);
    scheduler.call(*all[0]);
    scheduler.call(*all[1]);
    Scheduled& now = scheduler.begin_turn();
    EXPECT_FALSE(now.ready());
    scheduler.call(now);
    scheduler.end_turn(now, true, false, true);
    EXPECT_EQ(turns(), (Numbers{1, 0}));
}

TEST_F(SchedulerTest, TheLastTimeCounts) {
    make(3);
    EXPECT_EQ(scheduler.next_ns(), never_ns);
    scheduler.wake(*all[0], 100);
    scheduler.wake(*all[1], 50);
    EXPECT_EQ(scheduler.next_ns(), 50U);
    EXPECT_EQ(at(49), Numbers{});
    scheduler.wake(*all[1], 120); // later
    EXPECT_EQ(at(100), Numbers{0});
    EXPECT_EQ(scheduler.next_ns(), 120U);
    scheduler.wake(*all[1], 110); // earlier
    EXPECT_EQ(at(115), Numbers{1});
    EXPECT_EQ(at(1000), Numbers{});
    scheduler.wake(*all[2], 2000);
    scheduler.wake(*all[2], never_ns);
    EXPECT_EQ(at(3000), Numbers{});
    EXPECT_EQ(scheduler.next_ns(), never_ns);
    scheduler.wake(*all[2], 4000);
    scheduler.rest(*all[2]);
    EXPECT_EQ(scheduler.next_ns(), never_ns);
}

TEST_F(SchedulerTest, TimesComeInOrder) {
    make(200);
    std::mt19937 random(1);
    std::map<std::uint64_t, std::uint32_t> expected;
    for (const auto& each : all) {
        std::uint64_t time = 0;
        for (unsigned changes = 1 + random() % 4; changes != 0; --changes) {
            time = 1 + random() % 1000 * 200 + each->number; // all different
            scheduler.wake(*each, time);
        }
        expected[time] = each->number;
    }
    for (std::uint64_t now = 0; !expected.empty(); now += random() % 5000) {
        Numbers due;
        while (!expected.empty() && expected.begin()->first <= now) {
            due.push_back(expected.begin()->second);
            expected.erase(expected.begin());
        }
        Numbers woken = at(now);
        std::ranges::sort(due);
        std::ranges::sort(woken);
        ASSERT_EQ(woken, due) << now;
    }
    EXPECT_EQ(scheduler.next_ns(), never_ns);
}

TEST_F(SchedulerTest, WhoIsGoneIsForgotten) {
    make(4);
    for (const auto& each : all) {
        scheduler.call(*each);
        scheduler.wake(*each, 10);
    }
    EXPECT_EQ(turn(), 0U); // one is watched, three are ready
    for (const std::uint32_t number : {0U, 1U, 3U}) {
        scheduler.remove(*all[number]);
        all[number].reset();
    }
    EXPECT_EQ(turns(), Numbers{2});
    EXPECT_EQ(at(10), Numbers{2});
    unsigned count = 0;
    scheduler.for_each([&](Scheduled&) { ++count; });
    EXPECT_EQ(count, 1U);
}

/// However many are watched, a round looks at a bounded number, and at each soon.
TEST_F(SchedulerTest, LooksAreBoundedAndReachAll) {
    constexpr std::uint32_t count = 1000;
    make(count);
    for (const auto& each : all) {
        scheduler.call(*each);
    }
    scheduler.begin_round(0);
    EXPECT_EQ(turns().size(), count);
    constexpr auto bound = Scheduler::recent_limit + Scheduler::looks_of_others;
    constexpr auto all_others = count / Scheduler::looks_of_others + 1;
    for (unsigned i = 0; i < all_others; ++i) {
        round();
        // The last ones to have had a turn are looked at each time.
        EXPECT_EQ(all[count - 1]->looks, i + 1);
        EXPECT_EQ(all[count - Scheduler::recent_limit]->looks, i + 1);
    }
    EXPECT_TRUE(std::ranges::all_of(all, [](const auto& each) { return each->looks != 0; }));
    EXPECT_LE(looks(), all_others * bound);
    // Who is found is one of the recent ones from then on.
    all[7]->moved = true;
    for (unsigned i = 0; i < all_others && scheduler.ready() == 0; ++i) {
        round();
    }
    EXPECT_EQ(turns(), Numbers{7});
    (void)looks();
    round();
    round();
    EXPECT_EQ(all[7]->looks, 2U);
}

TEST_F(SchedulerTest, WhoIsIdleForLongRests) {
    make(100);
    for (const auto& each : all) {
        scheduler.call(*each);
    }
    scheduler.begin_round(0);
    EXPECT_EQ(turns().size(), 100U);
    for (std::uint64_t i = 1; i < Scheduler::idle_rounds_limit; ++i) {
        round();
    }
    EXPECT_TRUE(std::ranges::all_of(all, [](const auto& each) { return each->watched(); }));
    round(false); // who may not rest yet stays
    EXPECT_TRUE(std::ranges::all_of(all, [](const auto& each) { return each->watched(); }));
    round();
    EXPECT_TRUE(std::ranges::none_of(all, [](const auto& each) { return each->watched(); }));
    (void)looks();
    round();
    EXPECT_EQ(looks(), 0U);
}

/// The last look before one rests finds something, or fails: that is not lost.
TEST_F(SchedulerTest, WhoIsCalledAsItLeavesStaysReady) {
    make(70); // both kinds of watched ones
    for (const auto& each : all) {
        scheduler.call(*each);
    }
    EXPECT_EQ(turns().size(), 70U);
    for (std::uint64_t i = 0; i < Scheduler::idle_rounds_limit; ++i) {
        scheduler.begin_round(0);
    }
    scheduler.watch([](Scheduled&) { return false; },
                    [this](Scheduled& each, bool idle) {
                        EXPECT_TRUE(idle);
                        scheduler.call(each);
                        return member(each).number % 2 == 0;
                    });
    EXPECT_EQ(scheduler.ready(), 70U);
    EXPECT_EQ(turns().size(), 70U);
    scheduler.watch_all([](Scheduled&) { return false; },
                        [this](Scheduled& each) {
                            scheduler.call(each);
                            return true;
                        });
    EXPECT_EQ(scheduler.ready(), 70U - Scheduler::recent_limit);
}

TEST_F(SchedulerTest, BeforeSleepAllAreLookedAt) {
    make(300);
    for (const auto& each : all) {
        scheduler.call(*each);
    }
    EXPECT_EQ(turns().size(), 300U);
    unsigned seen = 0;
    scheduler.watch_all(
        [&](Scheduled& each) {
            ++seen;
            return member(each).number % 100 == 5;
        },
        [](Scheduled&) { return true; });
    EXPECT_EQ(seen, 300U);
    Numbers found = turns();
    std::ranges::sort(found);
    EXPECT_EQ(found, (Numbers{5, 105, 205}));
    seen = 0;
    scheduler.for_each_active([&](Scheduled&) { ++seen; });
    EXPECT_LE(seen, Scheduler::recent_limit + 3);
}

// ---------------------------------------------------------------- with queue pairs

/// Many connected QPs, more than are looked at in a round.
class ManyQpsTest : public testing::Test {
  protected:
    static constexpr unsigned count = 200;
    ManyQpsTest() {
        constexpr QpOptions options{
            .sq_log = 4, .sq_stride_log = 7, .rq_log = 0, .rq_stride_log = 6, .cq_log = 4};
        for (unsigned i = 0; i < count; ++i) {
            senders.push_back(std::make_unique<HostQp>(pair.a, options));
            receivers.push_back(std::make_unique<HostQp>(pair.b, options));
            Pair::connect(*senders.back(), *receivers.back());
        }
        pair.run();
    }
    void post(HostQp& qp) {
        qp.post({.opcode = hw::MO_WR_WRITE,
                 .inline_data = pattern(16, 1),
                 .remote_address = to.iova(),
                 .rkey = to.key});
    }
    /// All that is posted completes within `rounds`.
    void expect_all_done(unsigned rounds) {
        unsigned missing = 0;
        for (const auto& qp : senders) {
            missing += qp->tail - done[qp.get()];
        }
        for (; rounds != 0 && missing != 0; --rounds) {
            (void)pair.round();
            for (const auto& qp : senders) {
                while (const auto cqe = qp->send_cq.next()) {
                    ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS);
                    ++done[qp.get()];
                    --missing;
                }
            }
        }
        ASSERT_EQ(missing, 0U);
        EXPECT_EQ(pair.a.block.counters().timeouts, 0U);
    }
    unsigned doorbells() {
        unsigned sum = 0;
        for (const auto& qp : senders) {
            sum += std::exchange(qp->doorbells, 0);
        }
        return sum;
    }

    Pair pair{all_features, 64U << 20};
    Region to{pair.b, 4096};
    std::vector<std::unique_ptr<HostQp>> senders, receivers;
    std::map<const HostQp*, std::uint32_t> done;
};

TEST_F(ManyQpsTest, WhoNeedNotRingIsFound) {
    for (const auto& qp : senders) {
        post(*qp);
        post(*qp);
    }
    EXPECT_EQ(doorbells(), count);
    expect_all_done(100);
    for (unsigned repeat = 0; repeat < 20; ++repeat) {
        for (unsigned i = 0; i < count; i += 1 + repeat) {
            post(*senders[i]);
        }
        expect_all_done(100);
    }
    EXPECT_EQ(doorbells(), 0U);
}

TEST_F(ManyQpsTest, WhoRestsRings) {
    for (const auto& qp : senders) {
        post(*qp);
    }
    expect_all_done(100);
    for (unsigned i = 0; i < Scheduler::idle_rounds_limit + 10; ++i) {
        (void)pair.round();
    }
    (void)doorbells();
    for (unsigned repeat = 1; repeat < 4; ++repeat) {
        for (const auto& qp : senders) {
            post(*qp);
        }
        EXPECT_EQ(doorbells(), repeat == 1 ? count : 0);
        expect_all_done(100);
    }
}

/// What the engine does before it sleeps, with entries that come at the last moment.
TEST_F(ManyQpsTest, NothingIsLostBeforeSleep) {
    for (unsigned repeat = 0; repeat < 6; ++repeat) {
        for (const auto& qp : senders) {
            post(*qp);
        }
        expect_all_done(100);
        (void)doorbells();
        // Before the event index is stored: without a doorbell, and seen by the last look.
        for (unsigned i = 0; i < count; i += 3) {
            post(*senders[i]);
        }
        EXPECT_EQ(doorbells(), 0U) << repeat;
        pair.a.block.publish_events();
        EXPECT_TRUE(pair.a.block.work_arrived());
        EXPECT_EQ(pair.a.block.next_deadline_ns(), 0U);
        pair.a.end_round();
        expect_all_done(100);
        pair.run();
        // Behind it: each one rings.
        pair.a.block.publish_events();
        EXPECT_FALSE(pair.a.block.work_arrived());
        EXPECT_GT(pair.a.block.next_deadline_ns(), pair.a.now);
        pair.a.end_round();
        for (const auto& qp : senders) {
            post(*qp);
        }
        EXPECT_EQ(doorbells(), count) << repeat;
        expect_all_done(100);
    }
}

} // namespace
} // namespace mo::nic::rdma::test
