// SPDX-License-Identifier: GPL-2.0-or-later
// IdlePoll: asks for a wake-up latency of 0 while it is poked, and takes that back.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "engine/clock.hpp"
#include "engine/idle_poll.hpp"

namespace mo::engine {
namespace {

using std::chrono::milliseconds;

bool within_seconds(const std::function<bool()>& what) {
    for (int tries = 0; tries < 10'000; ++tries) {
        if (what()) {
            return true;
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
}

/// A file in the device's place, in which the requests stand one after the other.
class IdlePollTest : public testing::Test {
  protected:
    void SetUp() override {
        path_ = testing::TempDir() + "idle-poll-" + std::to_string(::getpid());
        std::ofstream(path_).close();
    }
    void TearDown() override {
        poll_.stop();
        std::filesystem::remove(path_);
    }
    [[nodiscard]] std::vector<std::int32_t> requests() const {
        std::ifstream file(path_, std::ios::binary);
        std::vector<std::int32_t> seen;
        for (std::int32_t one = 0; file.read(reinterpret_cast<char*>(&one), sizeof one);) {
            seen.push_back(one);
        }
        return seen;
    }

    RealClock clock_;
    IdlePoll poll_{clock_};
    std::string path_;
};

constexpr std::int32_t none = IdlePoll::no_limit_us;

TEST_F(IdlePollTest, AsksOnceAndTakesItBack) {
    poll_.set_hold(50'000'000);
    poll_.start(path_, 1);
    EXPECT_TRUE(requests().empty());
    const std::uint64_t start = clock_.now_ns();
    for (int i = 0; i < 100; ++i) {
        poll_.poke(clock_.now_ns());
        std::this_thread::sleep_for(milliseconds(1));
    }
    const std::uint64_t last = clock_.now_ns();
    // A busy machine may have held this thread up for longer than the request stands.
    const auto seen = requests();
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.front(), 0);
    if (last - start < 140'000'000) {
        EXPECT_EQ(seen, std::vector<std::int32_t>{0});
    }
    EXPECT_TRUE(within_seconds([&] { return requests().back() == none; }));
    EXPECT_GE(clock_.now_ns() - last, 48'000'000U);
    const std::size_t count = requests().size();
    poll_.poke(clock_.now_ns());
    ASSERT_EQ(requests().size(), count + 1);
    EXPECT_EQ(requests().back(), 0);
}

TEST_F(IdlePollTest, EveryRequestIsTakenBack) {
    poll_.set_hold(1'000'000);
    poll_.start(path_, 1);
    std::vector<std::thread> pokers;
    constexpr int count = 3;
    pokers.reserve(count);
    for (int i = 0; i < count; ++i) { // at the boundary of the hold, from several threads
        pokers.emplace_back([this] {
            for (int n = 0; n < 200; ++n) {
                poll_.poke(clock_.now_ns());
                std::this_thread::sleep_for(std::chrono::microseconds(900 + n));
            }
        });
    }
    for (std::thread& poker : pokers) {
        poker.join();
    }
    EXPECT_TRUE(within_seconds([&] { return requests().back() == none; }));
    const auto seen = requests();
    for (std::size_t i = 0; i < seen.size(); ++i) {
        EXPECT_EQ(seen[i], i % 2 == 0 ? 0 : none) << i;
    }
}

TEST_F(IdlePollTest, StopTakesItBack) {
    poll_.set_hold(3'600'000'000'000);
    poll_.start(path_, 1);
    poll_.poke(clock_.now_ns());
    EXPECT_EQ(requests(), std::vector<std::int32_t>{0});
    poll_.stop();
    EXPECT_EQ(requests(), (std::vector<std::int32_t>{0, none}));
    poll_.poke(clock_.now_ns());
    EXPECT_EQ(requests().size(), 2U);
}

TEST_F(IdlePollTest, NothingWithoutHoldDeviceOrOnBigHosts) {
    poll_.set_hold(0);
    poll_.start(path_, IdlePoll::most_cpus);
    poll_.poke(clock_.now_ns());
    EXPECT_TRUE(requests().empty());
    poll_.stop();

    IdlePoll big(clock_);
    big.start(path_, IdlePoll::most_cpus + 1);
    big.poke(clock_.now_ns());
    EXPECT_TRUE(requests().empty());

    IdlePoll without(clock_);
    without.start(path_ + ".none", 1);
    without.poke(clock_.now_ns());
    EXPECT_FALSE(std::filesystem::exists(path_ + ".none"));
}

} // namespace
} // namespace mo::engine
