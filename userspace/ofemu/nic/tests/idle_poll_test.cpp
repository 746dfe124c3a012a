// SPDX-License-Identifier: GPL-2.0-or-later
// IdlePoll: polls while it is poked, at a priority that takes nothing from others, and no longer.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "nic/engine.hpp"

namespace mo::nic {
namespace {

using std::chrono::milliseconds;

struct Poller {
    pid_t tid;
    std::uint64_t ticks; ///< of CPU time, user and system
};

/// The threads of this process that are named so.
std::vector<Poller> pollers() {
    std::vector<Poller> found;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream stat(task.path() / "stat");
        std::string word;
        stat >> word >> word;
        if (word != "(idle-poll)") {
            continue;
        }
        std::uint64_t user = 0, system = 0;
        for (int field = 3; field < 14; ++field) { // proc(5): utime is the 14th, stime the 15th
            stat >> word;
        }
        stat >> user >> system;
        found.push_back({std::stoi(task.path().filename()), user + system});
    }
    return found;
}

std::uint64_t ticks() {
    std::uint64_t sum = 0;
    for (const Poller& poller : pollers()) {
        sum += poller.ticks;
    }
    return sum;
}

class IdlePollTest : public testing::Test {
  protected:
    void SetUp() override {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        ASSERT_EQ(::sched_getaffinity(0, sizeof cpus, &cpus), 0);
        count_ = static_cast<std::size_t>(CPU_COUNT(&cpus));
    }
    void start() {
        poll_.start();
        if (count_ > IdlePoll::most_cpus) {
            EXPECT_TRUE(pollers().empty());
            GTEST_SKIP() << count_ << " CPUs: none is kept awake on such a host";
        }
        for (int tries = 0; pollers().size() < count_ && tries < 1000; ++tries) {
            std::this_thread::sleep_for(milliseconds(1));
        }
        ASSERT_EQ(pollers().size(), count_);
    }

    RealClock clock_;
    IdlePoll poll_{clock_};
    std::size_t count_ = 0;
};

TEST_F(IdlePollTest, RunsWhereNobodyElseWantsTo) {
    ASSERT_NO_FATAL_FAILURE(start());
    poll_.poke();
    for (const Poller& poller : pollers()) {
        for (int tries = 0; ::sched_getscheduler(poller.tid) != SCHED_IDLE && tries < 1000;
             ++tries) {
            std::this_thread::sleep_for(milliseconds(1));
        }
        EXPECT_EQ(::sched_getscheduler(poller.tid), SCHED_IDLE);
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        ASSERT_EQ(::sched_getaffinity(poller.tid, sizeof cpus, &cpus), 0);
        EXPECT_EQ(CPU_COUNT(&cpus), 1);
    }
    poll_.stop();
    EXPECT_TRUE(pollers().empty());
}

TEST_F(IdlePollTest, PollsAfterAPokeAndNotForEver) {
    poll_.set_hold(300'000'000);
    ASSERT_NO_FATAL_FAILURE(start());
    std::this_thread::sleep_for(milliseconds(50));
    const std::uint64_t before = ticks();
    poll_.poke();
    // A busy machine gives them little: wait until they have had some.
    for (int tries = 0; ticks() == before && tries < 300; ++tries) {
        poll_.poke();
        std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_GT(ticks(), before);
    std::this_thread::sleep_for(milliseconds(400));
    const std::uint64_t after = ticks();
    std::this_thread::sleep_for(milliseconds(300));
    EXPECT_LE(ticks(), after + 2) << "they poll on";
}

TEST_F(IdlePollTest, ZeroIsNotAtAll) {
    poll_.set_hold(0);
    ASSERT_NO_FATAL_FAILURE(start());
    std::this_thread::sleep_for(milliseconds(50));
    const std::uint64_t before = ticks();
    for (int i = 0; i < 20; ++i) {
        poll_.poke();
        std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_LE(ticks(), before + 2);
}

} // namespace
} // namespace mo::nic
