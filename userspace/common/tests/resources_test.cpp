// SPDX-License-Identifier: GPL-2.0-or-later
// Fd, Mapping, grace periods, counters, log.
#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "common/clock.hpp"
#include "common/counter.hpp"
#include "common/fd.hpp"
#include "common/grace.hpp"
#include "common/log.hpp"
#include "common/mapping.hpp"

namespace mo {
namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(Fd, ClosesWhatItOwnsOnce) {
    auto made = make_eventfd();
    ASSERT_TRUE(made);
    const int raw = made->get();
    {
        Fd owner = std::move(*made);
        EXPECT_FALSE(*made); // NOLINT(bugprone-use-after-move): that it is empty is the point
        EXPECT_TRUE(is_open(raw));
        auto copy = owner.duplicate();
        ASSERT_TRUE(copy);
        EXPECT_NE(copy->get(), raw);
        EXPECT_NE(::fcntl(copy->get(), F_GETFD) & FD_CLOEXEC, 0);
    }
    EXPECT_FALSE(is_open(raw));
}

TEST(Fd, KeepsErrnoAndGivesOwnershipAway) {
    Fd owner = std::move(make_eventfd()).value();
    const int raw = owner.release();
    EXPECT_FALSE(owner);
    owner.reset(raw);
    errno = EXDEV;
    owner.reset();
    EXPECT_EQ(errno, EXDEV);
    EXPECT_FALSE(is_open(raw));
    EXPECT_EQ(Fd().duplicate().error().code, EBADF);
}

TEST(Mapping, SharesTheFile) {
    const Fd file = std::move(make_memfd("test", 8192)).value();
    const Mapping first = std::move(Mapping::map(file.get(), 0, 8192, true)).value();
    Mapping second = std::move(Mapping::map(file.get(), 4096, 4096, false)).value();
    first.data()[4096] = std::byte{42};
    EXPECT_EQ(second.bytes()[0], std::byte{42});
    const Mapping moved = std::move(second);
    EXPECT_EQ(moved.size(), 4096U);
    EXPECT_EQ(Mapping::map(-1, 0, 4096, true).error().code, EBADF);
}

TEST(Clock, DoesNotGoBack) {
    const Nanoseconds first = monotonic_now();
    EXPECT_GE(monotonic_now(), first);
}

TEST(Counter, AddsFromSeveralThreads) {
    Counter counter;
    std::thread other([&] {
        for (int i = 0; i < 1000; ++i) {
            counter.add();
        }
    });
    for (int i = 0; i < 1000; ++i) {
        counter.add(2);
    }
    other.join();
    EXPECT_EQ(counter.value(), 3000U);
    counter.clear();
    EXPECT_EQ(counter.value(), 0U);
}

TEST(GracePeriod, WaitsForASectionThatBeganBefore) {
    const GracePeriod grace;
    std::atomic<bool> ended{false};
    auto section = std::make_unique<GracePeriod::Section>(grace.enter());
    std::thread writer([&] {
        grace.synchronise();
        EXPECT_TRUE(ended.load());
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ended.store(true);
    section.reset();
    writer.join();
}

TEST(GracePeriod, SectionsNestAndDoNotWait) {
    const GracePeriod grace;
    const auto outer = grace.enter();
    const auto inner = grace.enter();
    SUCCEED();
}

// A reader must never see an object that the writer has poisoned after its grace period.
TEST(GracePeriod, ProtectsWhatReadersUse) {
    const GracePeriod grace;
    std::atomic<std::uint64_t*> published{std::make_unique<std::uint64_t>(1).release()};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> seen{0};
    const auto read = [&] {
        while (!stop.load(std::memory_order_relaxed)) {
            const auto section = grace.enter();
            const std::uint64_t* const value = published.load(std::memory_order_seq_cst);
            ASSERT_EQ(*value, 1U);
            seen.fetch_add(1, std::memory_order_relaxed);
        }
    };
    std::thread first(read);
    std::thread second(read);
    for (int i = 0; i < 2000 || seen.load() < 1000; ++i) {
        std::unique_ptr<std::uint64_t> old(published.exchange(
            std::make_unique<std::uint64_t>(1).release(), std::memory_order_seq_cst));
        grace.synchronise();
        *old = 0;
    }
    stop.store(true);
    first.join();
    second.join();
    const std::unique_ptr<std::uint64_t> last(published.load());
}

/// Runs `body` with standard error going into a pipe; returns what it wrote.
template <typename F>
std::string captured(F&& body) {
    testing::internal::CaptureStderr();
    body();
    return testing::internal::GetCapturedStderr();
}

TEST(Log, PrintsOneLineWithoutControlCharacters) {
    EXPECT_EQ(captured([] { log::print(log::Level::warning, "port %d\n\x1b[2J", 3); }),
              "ofemu: warning: port 3??[2J\n");
}

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
    log::set_level(log::Level::error);
    EXPECT_EQ(captured([] { log::print(log::Level::warning, "hidden"); }), "");
    log::set_level(log::Level::debug);
    log::set_program("tool");
    EXPECT_EQ(captured([] { log::print(log::Level::debug, "shown"); }), "tool: debug: shown\n");
    log::set_program("ofemu");
    log::set_level(log::Level::info);
}

TEST(Log, CutsLongLines) {
    const std::string text(5000, 'x');
    const std::string line = captured([&] { log::print(log::Level::error, "%s", text.c_str()); });
    EXPECT_EQ(line.size(), 1000U);
    EXPECT_EQ(line.back(), '\n');
}

TEST(Log, LimitsARate) {
    log::RateLimit limit(2, std::chrono::seconds(1));
    const Nanoseconds start = std::chrono::seconds(10);
    EXPECT_TRUE(limit.admit(start));
    EXPECT_TRUE(limit.admit(start));
    EXPECT_FALSE(limit.admit(start + std::chrono::milliseconds(999)));
    EXPECT_TRUE(limit.admit(start + std::chrono::milliseconds(1001)));
}

} // namespace
} // namespace mo
