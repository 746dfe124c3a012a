// SPDX-License-Identifier: GPL-2.0-or-later
// A NIC and the engine as a thread: no wake-up is lost at the boundary of sleep, pauses are short.
#include <chrono>
#include <random>
#include <string>
#include <tuple>

#include "tests/fixture.hpp"

namespace mo::nic::test {
namespace {

using std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint32_t posts = 200'000;
#else
constexpr std::uint32_t posts = 1'000'000;
#endif

using Running = LocalBus::Running;
using Mode = std::tuple<std::uint64_t, Running>; // MO_F_* that the driver accepts; who works

std::string engine_mode_name(const testing::TestParamInfo<Mode>& info) {
    const bool shadow = (std::get<0>(info.param) & hw::MO_F_SHADOW_DB) != 0;
    return std::string(shadow ? "shadow" : "mmio") +
           (std::get<1>(info.param) == Running::serving ? "_serving" : "");
}

class EngineTest : public testing::TestWithParam<Mode> {
  protected:
    EngineTest() {
        nic_.attach(block_, hw::MO_F_ETH);
        engine_.add(nic_);
        engine_.start();
        driver_.bring_up(features());
    }
    [[nodiscard]] static std::uint64_t features() { return std::get<0>(GetParam()); }
    ~EngineTest() override { engine_.stop(); }

    RealClock clock_;
    Engine engine_{clock_, 0};
    Nic nic_{test_config(), engine_};
    EchoBlock block_{nic_};
    LocalBus bus_{nic_, engine_, std::get<1>(GetParam())};
    Driver driver_{bus_};
};

TEST_P(EngineTest, NoWakeUpIsLostAtTheBoundaryOfSleep) {
    CompletionRing completions(bus_, 10);
    EventRing events(bus_, 5);
    const auto cq = driver_.create_cq(completions, driver_.create_eq(events, 1));
    const auto record = bus_.allocate(64, 64);
    hw::mo_cmd_queue body{};
    body.cq = cq;
    body.rec = record;
    const auto created = driver_.call(hw::MO_CMD_TXQ_CREATE, body);
    ASSERT_EQ(created.status, hw::MO_ST_OK);
    const std::uint32_t queue = Driver::result<hw::mo_res_create>(created).object;
    auto& rec = bus_.at<hw::mo_db_rec>(record);
    std::minstd_rand random(7);
    std::uint32_t rung = 0;
    for (std::uint32_t tail = 1; tail <= posts; ++tail) {
        // Between none and a few microseconds: the engine is about to sleep, or has just slept.
        for (auto pause = random() % 1024; pause > 0; --pause) {
            __asm__ volatile("");
        }
        const Le<std::uint32_t> value(tail);
        __atomic_store(&rec.tail, &value, __ATOMIC_RELEASE);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        Le<std::uint32_t> event;
        __atomic_load(&rec.event, &event, __ATOMIC_ACQUIRE);
        if (!driver_.shadow() || hw::mo_db_needed(event, tail, tail - 1) != 0) {
            ++rung;
            driver_.doorbell(hw::MO_DB_SQ, queue, tail);
        }
        const auto deadline = steady_clock::now() + std::chrono::seconds(5);
        for (unsigned looks = 0;; ++looks) {
            if (const auto done = completions.pop(); done) {
                ASSERT_EQ(done->index, tail);
                break;
            }
            if (looks % 4096 == 4095) {
                std::this_thread::yield();
                ASSERT_LT(steady_clock::now(), deadline) << "post " << tail << " was lost";
            }
        }
        if (tail % 256 == 0) {
            completions.acknowledge();
        }
    }
    const auto count = [](const Counter& counter) {
        return static_cast<unsigned long long>(counter.value());
    };
    const EngineCounters& cost = engine_.counters();
    std::printf(
        "%u posts: %u doorbells, %llu sleeps, %llu served, %llu rescued by the second look\n",
        posts, rung, count(cost.sleeps), count(cost.served), count(cost.rescued));
    EXPECT_EQ(cost.served.value() != 0, std::get<1>(GetParam()) == Running::serving);
    if (driver_.shadow()) {
        EXPECT_GT(rung, 0U);
    }
}

TEST_P(EngineTest, PausesAreShortUnderLoad) {
    std::atomic<bool> stop{false};
    std::thread load([&] {
        while (!stop.load()) {
            engine_.wake();
        }
    });
    std::vector<double> took;
    for (int i = 0; i < 200; ++i) {
        const auto start = steady_clock::now();
        {
            const EnginePause pause(engine_);
        }
        took.push_back(
            std::chrono::duration<double, std::milli>(steady_clock::now() - start).count());
    }
    stop.store(true);
    load.join();
    std::sort(took.begin(), took.end());
    EXPECT_LT(took[took.size() / 2], 1.0) << "median in ms";
}

TEST_P(EngineTest, ResetsWhileTheEngineWorks) {
    for (int i = 0; i < 200; ++i) {
        driver_.bring_up(features());
        for (std::uint16_t tag = 0; tag < 20; ++tag) {
            driver_.post(Driver::make(hw::MO_CMD_NOP, 0U, tag));
        }
        (void)driver_.ring_admin();
        if (i % 2 == 0) {
            bus_.host().function_level_reset();
            bus_.enable();
        }
    }
    driver_.bring_up(features());
    EXPECT_EQ(driver_.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
    EXPECT_EQ(driver_.reg(reg::DEV_STATUS), MO_DEV_STATUS_READY);
}

INSTANTIATE_TEST_SUITE_P(Modes, EngineTest,
                         testing::Combine(testing::Values(all_features, plain_features),
                                          testing::Values(Running::threaded, Running::serving)),
                         engine_mode_name);

} // namespace
} // namespace mo::nic::test
