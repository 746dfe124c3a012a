// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "nic/rdma/timers.hpp"

namespace mo::nic::rdma {
namespace {

class TimerTest : public testing::Test {
  protected:
    TimerTest() {
        for (std::uint32_t number = 0; number < 3; ++number) {
            QpConfig config;
            config.number = number;
            config.sq_stride_log = 6;
            config.pages.assign(1, 0);
            qps.push_back(std::make_unique<Qp>(std::move(config)));
        }
    }
    /// Numbers of those whose time has come, in order.
    std::vector<std::uint32_t> at(std::uint64_t now_ns) {
        std::vector<std::uint32_t> due;
        timers.expire(
            now_ns,
            [this](std::uint32_t number) {
                return number < qps.size() ? qps[number].get() : nullptr;
            },
            [&due](Qp& qp) { due.push_back(qp.number()); });
        return due;
    }
    using Numbers = std::vector<std::uint32_t>;

    Timers timers;
    std::vector<std::unique_ptr<Qp>> qps;
};

TEST_F(TimerTest, TheLastTimeCounts) {
    EXPECT_EQ(timers.next_ns(), never_ns);
    timers.set(*qps[0], 100);
    timers.set(*qps[1], 50);
    EXPECT_EQ(timers.next_ns(), 50U);
    EXPECT_EQ(at(49), Numbers{});
    timers.set(*qps[1], 120); // later
    EXPECT_EQ(at(100), Numbers{0});
    EXPECT_EQ(timers.next_ns(), 120U);
    timers.set(*qps[1], 110); // earlier
    EXPECT_EQ(at(115), Numbers{1});
    EXPECT_EQ(at(1000), Numbers{});
    timers.set(*qps[2], 2000);
    timers.set(*qps[2], never_ns);
    EXPECT_EQ(at(3000), Numbers{});
    EXPECT_EQ(timers.next_ns(), never_ns);
}

TEST_F(TimerTest, QpsThatAreGoneAreForgotten) {
    timers.set(*qps[2], 10);
    qps.pop_back();
    EXPECT_EQ(at(10), Numbers{});
    EXPECT_EQ(timers.next_ns(), never_ns);
}

/// An answer in time makes the time move away, a receiver that is not ready makes it move near:
/// the heap does not grow with that.
TEST_F(TimerTest, StaysSmall) {
    std::uint64_t now = 0;
    for (int i = 0; i < 100'000; ++i) {
        timers.set(*qps[0], now + 1'000'000'000);
        timers.set(*qps[0], now + 10);
        now += 10;
        ASSERT_EQ(at(now), Numbers{0});
    }
    EXPECT_LT(timers.size(), 1000U);
}

} // namespace
} // namespace mo::nic::rdma
