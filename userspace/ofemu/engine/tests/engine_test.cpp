// SPDX-License-Identifier: GPL-2.0-or-later
// The engine without any device: who is polled when, in virtual and in real time.
#include "engine/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace mo::engine {
namespace {

using std::chrono::steady_clock;

/// Keeps a book of its polls.
class Clerk final : public Worker {
  public:
    bool poll(std::uint64_t now_ns, unsigned /*budget*/) override {
        polls.push_back(now_ns);
        if (deadline_ns <= now_ns) {
            deadline_ns = never;
        }
        return at_poll && at_poll();
    }
    void finish_round(std::uint64_t /*now_ns*/) override {
        if (at_finish) {
            std::exchange(at_finish, nullptr)();
        }
    }
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t /*now_ns*/) override {
        ++asked;
        return deadline_ns;
    }
    void stalled(std::uint64_t gap_ns) override { gap = gap_ns; }

    std::vector<std::uint64_t> polls;
    unsigned asked = 0;
    std::uint64_t deadline_ns = never, gap = 0;
    std::function<bool()> at_poll;
    std::function<void()> at_finish;
};

using Times = std::vector<std::uint64_t>;

class OnCall : public testing::Test {
  protected:
    void add(Clerk& clerk) { engine_.add(clerk, Attendance::on_call); }

    ManualClock clock_;
    Engine engine_{clock_, 0};
};

TEST_F(OnCall, AWorkerIsPolledWhenAddedAndWhenDue) {
    Clerk clerk;
    clerk.deadline_ns = 700;
    add(clerk);
    engine_.run_until(clock_, 2'000);
    EXPECT_EQ(clerk.polls, (Times{0, 700}));
    EXPECT_EQ(clerk.asked, 2U); // once behind each poll, not in each round
    EXPECT_EQ(clock_.now_ns(), 2'000U);
}

TEST_F(OnCall, NobodyPaysForTheOthers) {
    constexpr std::size_t many = 10'000;
    std::vector<Clerk> clerks(many);
    for (std::size_t i = 0; i < many; ++i) {
        clerks[i].deadline_ns = 1'000 + i % 97 * 10;
        add(clerks[i]);
    }
    engine_.run_until(clock_, 1'000'000);
    for (std::size_t i = 0; i < many; ++i) {
        ASSERT_EQ(clerks[i].polls, (Times{0, 1'000 + i % 97 * 10})) << i;
        ASSERT_EQ(clerks[i].asked, 2U);
    }
}

TEST_F(OnCall, TheEarliestDeadlineIsTheEngines) {
    std::vector<Clerk> clerks(3);
    for (std::size_t i = 0; i < clerks.size(); ++i) {
        clerks[i].deadline_ns = 900 - i * 100;
        add(clerks[i]);
    }
    EXPECT_EQ(engine_.settle(), 700U);
    engine_.remove(clerks[2]);
    EXPECT_EQ(engine_.settle(), 800U);
}

TEST_F(OnCall, CallsAreInOrderAndCountOnce) {
    std::vector<int> order;
    std::vector<Clerk> clerks(4);
    for (int i = 0; i < 4; ++i) {
        clerks[static_cast<std::size_t>(i)].at_poll = [&order, i] {
            order.push_back(i);
            return false;
        };
        add(clerks[static_cast<std::size_t>(i)]);
    }
    (void)engine_.settle();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
    order.clear();
    Clerk attending;
    attending.at_poll = [&] {
        if (attending.polls.size() > 1) {
            return false;
        }
        engine_.call(clerks[2]);
        engine_.call(clerks[0]);
        engine_.call(clerks[2]);
        return true;
    };
    engine_.add(attending);
    (void)engine_.settle();
    EXPECT_EQ(order, (std::vector<int>{2, 0}));
}

TEST_F(OnCall, WhoHasMoreIsPolledAgain) {
    Clerk clerk;
    clerk.at_poll = [&] { return clerk.polls.size() < 5; };
    add(clerk);
    (void)engine_.settle();
    EXPECT_EQ(clerk.polls.size(), 5U);
}

TEST_F(OnCall, ACallBehindThePollIsForTheNextRound) {
    Clerk first, second;
    add(first);
    add(second);
    second.at_poll = [&] {
        if (second.polls.size() == 1) {
            engine_.call(first);
        }
        return false;
    };
    (void)engine_.settle();
    EXPECT_EQ(first.polls.size(), 2U);
    EXPECT_EQ(second.polls.size(), 1U);
}

TEST_F(OnCall, ACallAtTheEndOfARoundIsNotSleptThrough) {
    Clerk clerk, attending;
    add(clerk);
    engine_.add(attending);
    (void)engine_.settle();
    attending.at_finish = [&] { engine_.call(clerk); };
    (void)engine_.settle();
    EXPECT_EQ(clerk.polls.size(), 2U);
}

TEST_F(OnCall, APauseCallsAll) {
    Clerk clerk;
    add(clerk);
    (void)engine_.settle();
    {
        const EnginePause pause(engine_);
        clerk.deadline_ns = 500;
    }
    EXPECT_EQ(engine_.settle(), 500U);
    EXPECT_EQ(clerk.polls.size(), 2U);
}

TEST_F(OnCall, ARemovedWorkerIsLeftAlone) {
    Clerk clerk, other;
    clerk.deadline_ns = 100;
    add(clerk);
    add(other);
    engine_.remove(clerk); // called, with a deadline to come
    engine_.call(clerk);
    engine_.run_until(clock_, 1'000);
    EXPECT_TRUE(clerk.polls.empty());
    Clerk later; // takes its place
    add(later);
    engine_.call(clerk);
    (void)engine_.settle();
    EXPECT_TRUE(clerk.polls.empty());
    EXPECT_EQ(later.polls.size(), 1U);
    EXPECT_EQ(other.polls.size(), 1U);
}

TEST_F(OnCall, RunsAreEqual) {
    const auto run = [] {
        ManualClock clock;
        Engine engine(clock, 0);
        std::vector<std::pair<std::uint64_t, std::size_t>> seen;
        std::vector<Clerk> clerks(50);
        std::uint64_t random = 1;
        for (std::size_t i = 0; i < clerks.size(); ++i) {
            Clerk& clerk = clerks[i];
            clerk.at_poll = [&, i] {
                seen.emplace_back(clock.now_ns(), i);
                random = random * 6364136223846793005ULL + 1442695040888963407ULL;
                clerks[i].deadline_ns = clock.now_ns() + 1 + (random >> 60U);
                engine.call(clerks[(random >> 40U) % clerks.size()]);
                return false;
            };
            engine.add(clerk, Attendance::on_call);
        }
        for (std::uint64_t time = 0; time < 400; time += 4) {
            clock.set(time);
            (void)engine.settle(5); // calls breed calls: it would not end
        }
        return seen;
    };
    const auto first = run();
    EXPECT_GT(first.size(), 1'000U);
    EXPECT_EQ(first, run());
}

TEST(OnCallThread, WakesForDeadlinesAndAfterPauses) {
    RealClock clock;
    Engine engine(clock, 0);
    struct Timer final : Worker {
        bool poll(std::uint64_t now_ns, unsigned /*budget*/) override {
            if (now_ns >= next_ns) {
                next_ns = ++ticks < 20 ? now_ns + 1'000'000 : never;
            }
            return false;
        }
        [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t /*now_ns*/) override {
            return next_ns;
        }
        std::uint64_t next_ns = 0;
        std::atomic<unsigned> ticks{0};
    } timer;
    engine.add(timer, Attendance::on_call);
    engine.start();
    const auto reaches = [&](unsigned ticks) {
        const auto end = steady_clock::now() + std::chrono::seconds(10);
        while (timer.ticks < ticks && steady_clock::now() < end) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return timer.ticks.load();
    };
    EXPECT_EQ(reaches(20), 20U);
    {
        const EnginePause pause(engine);
        timer.next_ns = engine.now_ns() + 1'000'000;
    }
    EXPECT_EQ(reaches(21), 21U);
    engine.stop();
}

/// A worker that now and then keeps the thread for 30 ms, as a host without a processor does.
class Slow final : public Worker {
  public:
    bool poll(std::uint64_t now_ns, unsigned /*budget*/) override {
        const std::uint64_t told = gap_ns.exchange(0);
        if (told != 0) {
            longest_ns = std::max(longest_ns.load(), told);
            ++stalls;
        }
        if (polls++ % 16 == 15) {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            ++naps;
        }
        deadline_ns = now_ns + 1'000'000;
        return false;
    }
    std::uint64_t next_deadline_ns(std::uint64_t /*now_ns*/) override { return deadline_ns; }
    void stalled(std::uint64_t gap) override { gap_ns = gap; }

    std::atomic<std::uint64_t> gap_ns{0}, longest_ns{0};
    std::atomic<unsigned> stalls{0}, naps{0};
    unsigned polls = 0;
    std::uint64_t deadline_ns = 0;
};

TEST(EngineStall, IsToldBeforeTheNextRound) {
    RealClock clock;
    Engine engine(clock, 0);
    Slow slow;
    engine.add(slow);
    engine.start();
    const auto end = steady_clock::now() + std::chrono::seconds(10);
    while (slow.naps < 4 && steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    engine.stop();
    // Each nap is a stall; the sleeps until a deadline in between are none, however many.
    EXPECT_GE(slow.naps, 4U);
    EXPECT_GE(slow.stalls, 3U);
    EXPECT_GE(slow.longest_ns, 30'000'000U);
    EXPECT_EQ(engine.counters().stalls.value(), slow.stalls + (slow.gap_ns != 0 ? 1U : 0U));
}

TEST(EngineStall, VirtualTimeHasNone) {
    ManualClock clock;
    Engine engine(clock, 0);
    Slow slow;
    slow.polls = 16; // no nap for a while
    engine.add(slow);
    engine.run_until(clock, 5'000'000);
    clock.set(1'000'000'000);
    (void)engine.settle();
    EXPECT_EQ(engine.counters().stalls.value(), 0U);
}

TEST(EngineStall, IsToldToWorkersOnCall) {
    RealClock clock;
    Engine engine(clock, 0);
    Slow slow;
    slow.polls = 15; // naps at once
    Clerk clerk;
    engine.add(slow);
    engine.add(clerk, Attendance::on_call);
    (void)engine.settle(2); // real time without the thread: a round is due behind the nap
    EXPECT_GE(slow.naps, 1U);
    EXPECT_GE(clerk.gap, 30'000'000U);
}

} // namespace
} // namespace mo::engine
