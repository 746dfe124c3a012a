// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/engine.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/result.hpp"

namespace mo::nic {

namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};
constexpr unsigned round_budget = 64;          // packets of each NIC: keeps a round below 1 ms
constexpr std::uint64_t stall_ns = 10'000'000; // anchors: timers are rebased behind this
constexpr std::uint64_t fd_check_ns = 50'000;  // sockets are looked at so often while busy
constexpr std::uint64_t ns_per_s = 1'000'000'000;

void relax() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

} // namespace

RealClock::RealClock() noexcept : start_ns_(monotonic_now().count()) {}

std::uint64_t RealClock::now_ns() const noexcept {
    return static_cast<std::uint64_t>(monotonic_now().count() - start_ns_);
}

Engine::Engine(const DeviceClock& clock, std::uint64_t spin_ns) : clock_(clock), spin_ns_(spin_ns) {
    auto fd = make_eventfd();
    if (!fd) {
        throw FatalError(fd.error().message());
    }
    wake_fd_ = std::move(*fd);
}

Engine::~Engine() {
    stop();
}

void Engine::add(Worker& worker) {
    workers_.push_back(&worker);
}

void Engine::remove(Worker& worker) {
    std::erase(workers_, &worker);
}

void Engine::start() {
    if (!thread_.joinable()) {
        stopping_.store(false);
        thread_ = std::thread([this] { run(); });
    }
}

void Engine::stop() {
    if (thread_.joinable()) {
        stopping_.store(true, std::memory_order_seq_cst);
        wake();
        thread_.join();
    }
}

void Engine::wake() noexcept {
    // The caller noted its work before (seq_cst); the engine sets asleep_, then looks at notes.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (asleep_.load(std::memory_order_seq_cst) &&
        asleep_.exchange(false, std::memory_order_seq_cst)) {
        counters_.wakeups.add();
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = write(wake_fd_.get(), &one, sizeof(one));
    }
}

void Engine::stop_engine() {
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    mutex_.lock();
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
}

void Engine::continue_engine() {
    // What was done in the pause may have reached for guest memory; the caller may be about to
    // take that memory away.
    for (Worker* const worker : workers_) {
        worker->end_round();
    }
    mutex_.unlock();
    wake(); // deadlines may have changed
}

void Engine::lock_for_engine() {
    // A mutex is not fair: without this, control threads could starve behind a busy engine.
    while (waiting_.load(std::memory_order_seq_cst) != 0) {
        std::this_thread::yield();
    }
    mutex_.lock();
}

bool Engine::round() {
    lock_for_engine();
    counters_.rounds.add();
    const std::uint64_t now = clock_.now_ns();
    tell_stall(now);
    bool worked = false;
    for (Worker* const worker : workers_) {
        worked |= worker->poll(now, round_budget);
    }
    for (Worker* const worker : workers_) {
        worker->finish_round(now);
    }
    for (Worker* const worker : workers_) {
        worker->end_round();
    }
    mutex_.unlock();
    return worked;
}

/// Since the last round began, or since the end of a sleep, the thread should have been at work.
void Engine::tell_stall(std::uint64_t now) {
    const std::uint64_t gap = awake_since_ && now > *awake_since_ ? now - *awake_since_ : 0;
    awake_since_ = now;
    if (gap > stall_ns) {
        counters_.stalls.add();
        for (Worker* const worker : workers_) {
            worker->stalled(gap);
        }
    }
}

bool Engine::prepare_sleep(std::uint64_t& deadline_ns) {
    asleep_.store(true, std::memory_order_seq_cst);
    lock_for_engine();
    for (Worker* const worker : workers_) {
        worker->publish_events();
    }
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bool arrived = false;
    for (Worker* const worker : workers_) {
        arrived |= worker->work_arrived();
    }
    const std::uint64_t now = clock_.now_ns();
    deadline_ns = never;
    fds_.clear();
    fds_.push_back({wake_fd_.get(), POLLIN, 0});
    for (Worker* const worker : workers_) {
        deadline_ns = std::min(deadline_ns, worker->next_deadline_ns(now));
        worker->add_wait_fds(fds_);
        worker->end_round();
    }
    mutex_.unlock();
    if (arrived || deadline_ns <= now) {
        asleep_.store(false, std::memory_order_seq_cst);
        if (arrived) {
            counters_.rescued.add();
        }
        return false;
    }
    return true;
}

void Engine::sleep(std::uint64_t deadline_ns) {
    timespec wait{};
    timespec* timeout = nullptr;
    if (deadline_ns != never) {
        const std::uint64_t now = clock_.now_ns();
        const std::uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
        wait.tv_sec = static_cast<std::time_t>(left / ns_per_s);
        wait.tv_nsec = static_cast<long>(left % ns_per_s);
        timeout = &wait;
    }
    counters_.sleeps.add();
    (void)ppoll(fds_.data(), fds_.size(), timeout, nullptr);
    const std::uint64_t woken = clock_.now_ns();
    awake_since_ = std::min(woken, deadline_ns); // behind its deadline it overslept
    asleep_.store(false, std::memory_order_seq_cst);
    if ((fds_.front().revents & POLLIN) != 0) {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t got = read(wake_fd_.get(), &count, sizeof(count));
    }
}

void Engine::run() {
    (void)prctl(PR_SET_NAME, "engine");
    (void)prctl(PR_SET_TIMERSLACK, 1000UL);
    std::uint64_t last_work = clock_.now_ns();
    while (!stopping_.load(std::memory_order_seq_cst)) {
        const bool worked = round();
        const std::uint64_t last_round = clock_.now_ns();
        if (worked) {
            last_work = last_round;
            continue;
        }
        if (last_round - last_work < spin_ns()) {
            relax();
            continue;
        }
        std::uint64_t deadline = never;
        if (prepare_sleep(deadline) && !stopping_.load(std::memory_order_seq_cst)) {
            sleep(deadline);
        }
        asleep_.store(false, std::memory_order_seq_cst);
    }
}

std::uint64_t Engine::settle(unsigned limit) {
    std::uint64_t deadline = never;
    for (unsigned rounds = 0; rounds < limit; ++rounds) {
        if (!round() && prepare_sleep(deadline)) {
            asleep_.store(false, std::memory_order_seq_cst);
            awake_since_.reset(); // sleeps until the clock is set anew
            return deadline;
        }
        asleep_.store(false, std::memory_order_seq_cst);
    }
    return deadline;
}

void Engine::run_until(ManualClock& clock, std::uint64_t end_ns) {
    for (;;) {
        const std::uint64_t deadline = settle();
        if (deadline > end_ns) {
            break;
        }
        clock.set(std::max(deadline, clock.now_ns()));
    }
    clock.set(std::max(end_ns, clock.now_ns()));
    (void)settle();
}

} // namespace mo::nic
