// SPDX-License-Identifier: GPL-2.0-or-later
#include "engine/engine.hpp"

#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "common/log.hpp"
#include "common/result.hpp"

namespace mo::engine {

namespace {

constexpr unsigned round_budget = 64;          // of each worker: keeps a round below 1 ms
constexpr unsigned served_budget = 4;          // keeps a control thread from its socket for µs
constexpr unsigned served_rounds = 2;          // the second is for what became due meanwhile
constexpr std::uint64_t stall_ns = 10'000'000; // anchors: timers are rebased behind this
constexpr std::uint64_t ns_per_s = 1'000'000'000;

void relax() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

} // namespace

Engine::Engine(const DeviceClock& clock, std::uint64_t spin_ns)
    : clock_(clock), spin_ns_(spin_ns), idle_poll_(clock), timer_ns_(never) {
    auto fd = make_eventfd();
    if (!fd) {
        throw FatalError(fd.error().message());
    }
    wake_fd_ = std::move(*fd);
    timer_fd_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer_fd_) {
        throw FatalError("cannot make a timer");
    }
}

Engine::~Engine() {
    stop();
}

void Engine::add(Worker& worker, Attendance attendance) {
    if (attendance == Attendance::each_round) {
        attending_.push_back(&worker);
        return;
    }
    worker.member_ = deadlines_.add();
    if (worker.member_ >= on_call_.size()) {
        on_call_.resize(worker.member_ + 1);
        ready_.reserve(on_call_.capacity()); // call() never allocates
        polled_.reserve(on_call_.capacity());
    }
    on_call_[worker.member_] = {&worker, false};
    call(worker);
}

void Engine::remove(Worker& worker) {
    std::erase(attending_, &worker);
    if (is_on_call(worker)) {
        std::erase(ready_, worker.member_);
        on_call_[worker.member_] = {};
        deadlines_.remove(worker.member_);
    }
}

bool Engine::is_on_call(const Worker& worker) const noexcept {
    return worker.member_ < on_call_.size() && on_call_[worker.member_].worker == &worker;
}

void Engine::call(Worker& worker) noexcept {
    if (is_on_call(worker) && !on_call_[worker.member_].ready) {
        on_call_[worker.member_].ready = true;
        ready_.push_back(worker.member_);
    }
}

void Engine::start() {
    if (!thread_.joinable()) {
        stopping_.store(false);
        idle_poll_.start();
        thread_ = std::thread([this] { run(); });
    }
}

void Engine::stop() {
    if (thread_.joinable()) {
        stopping_.store(true, std::memory_order_seq_cst);
        signal_thread();
        thread_.join();
        idle_poll_.stop();
        asleep_.store(false, std::memory_order_seq_cst);
    }
}

bool Engine::take() noexcept {
    // The caller noted its work before (seq_cst); who gives up sets asleep_, then looks at notes.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return asleep_.load(std::memory_order_seq_cst) &&
           asleep_.exchange(false, std::memory_order_seq_cst);
}

void Engine::signal_thread() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_fd_.get(), &one, sizeof(one));
}

void Engine::hand_over() noexcept {
    counters_.wakeups.add();
    signal_thread();
}

void Engine::wake() noexcept {
    if (take()) {
        hand_over();
    }
}

void Engine::serve() noexcept {
    if (!take()) {
        return;
    }
    idle_poll_.poke(clock_.now_ns()); // early: a CPU wakes up as long as the round takes
    for (unsigned rounds = 0; rounds < served_rounds; ++rounds) {
        counters_.served.add();
        (void)round(Effort::bounded);
        const bool done = give_up() && plan(Caller::control);
        // The last thing before sleep: whom an interrupt wakes often has to wait for this CPU. Not
        // before giving up: preempted in the middle, the caller would keep others from working.
        signal_all();
        if (done) {
            return;
        }
    }
    hand_over();
}

void Engine::stop_engine() {
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    mutex_.lock();
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    round_ns_ = clock_.now_ns();
}

void Engine::continue_engine() {
    // What was done in the pause may have reached for guest memory; the caller may be about to
    // take that memory away.
    for (Worker* const worker : attending_) {
        worker->end_round();
    }
    for (const OnCall& place : on_call_) { // their deadlines may have changed
        if (place.worker != nullptr) {
            call(*place.worker);
        }
    }
    mutex_.unlock();
    wake(); // those of the others, too
}

void Engine::lock_for_engine() {
    // A mutex is not fair: without this, control threads could starve behind a busy engine.
    while (waiting_.load(std::memory_order_seq_cst) != 0) {
        std::this_thread::yield();
    }
    mutex_.lock();
}

bool Engine::round(Effort effort) {
    const bool full = effort == Effort::full;
    lock_for_engine();
    counters_.rounds.add();
    const std::uint64_t now = clock_.now_ns();
    round_ns_ = now;
    tell_stall(now);
    bool worked = false;
    for (Worker* const worker : attending_) {
        worked |= worker->poll(now, full ? round_budget : served_budget);
    }
    worked |= poll_ready(now, full ? round_budget : served_budget);
    if (full) {
        const bool busy = worked;
        for (Worker* const worker : attending_) {
            worked |= worker->poll_background(now, busy);
        }
    }
    for (Worker* const worker : attending_) {
        worker->finish_round(now);
    }
    for (const Deadlines::Member member : polled_) {
        on_call_[member].worker->finish_round(now);
    }
    for (Worker* const worker : attending_) {
        worker->end_round();
    }
    for (const Deadlines::Member member : polled_) {
        on_call_[member].worker->end_round();
    }
    worked |= !ready_.empty();
    mutex_.unlock();
    if (full) {
        signal_all();
    }
    return worked;
}

bool Engine::poll_ready(std::uint64_t now_ns, unsigned budget) {
    while (deadlines_.first_ns() <= now_ns) {
        const Deadlines::Member member = deadlines_.first();
        deadlines_.set(member, never);
        call(*on_call_[member].worker);
    }
    polled_.clear();
    polled_.swap(ready_);
    bool worked = false;
    for (const Deadlines::Member member : polled_) {
        Worker& worker = *on_call_[member].worker;
        on_call_[member].ready = false; // from here on a call is one for the next round
        if (worker.poll(now_ns, budget)) {
            worked = true;
            call(worker);
        }
        deadlines_.set(member, worker.next_deadline_ns(now_ns));
    }
    return worked;
}

/// Since the last round began, or since the deadline for which nobody woke, somebody should have
/// been at work.
void Engine::tell_stall(std::uint64_t now) {
    const std::uint64_t gap = awake_since_ && now > *awake_since_ ? now - *awake_since_ : 0;
    awake_since_ = now;
    if (gap > stall_ns) {
        counters_.stalls.add();
        for (Worker* const worker : attending_) {
            worker->stalled(gap);
        }
        for (const OnCall& place : on_call_) {
            if (place.worker != nullptr) {
                place.worker->stalled(gap);
            }
        }
    }
}

void Engine::signal_all() noexcept {
    for (Worker* const worker : attending_) {
        worker->signal();
    }
}

bool Engine::give_up() {
    // From here on another one may take the work; the lock keeps him off until all is in order.
    asleep_.store(true, std::memory_order_seq_cst);
    lock_for_engine();
    for (Worker* const worker : attending_) {
        worker->publish_events();
    }
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bool arrived = !ready_.empty();
    for (Worker* const worker : attending_) {
        arrived |= worker->work_arrived();
    }
    for (Worker* const worker : attending_) {
        worker->end_round();
    }
    mutex_.unlock();
    if (arrived) {
        counters_.rescued.add();
    }
    return !arrived || !take();
}

bool Engine::plan(Caller caller) {
    lock_for_engine();
    const std::uint64_t now = clock_.now_ns();
    deadline_ns_ = ready_.empty() ? deadlines_.first_ns() : now;
    for (Worker* const worker : attending_) {
        deadline_ns_ = std::min(deadline_ns_, worker->next_deadline_ns(now));
        worker->end_round();
    }
    const bool seen = collect_wait_fds(caller);
    const bool due = deadline_ns_ <= now || !seen;
    if (!due) { // who sleeps owes nothing before that; virtual time goes where a test puts it
        awake_since_.reset();
        if (caller != Caller::simulation && deadline_ns_ != never) {
            awake_since_ = deadline_ns_;
        }
    }
    // Somebody who works already makes a plan of his own.
    if (caller != Caller::simulation && !due && asleep_.load(std::memory_order_seq_cst)) {
        set_timer(now);
    }
    mutex_.unlock();
    return !due || !take();
}

/// What the thread is to sleep on. False: it sleeps already, on something else.
bool Engine::collect_wait_fds(Caller caller) {
    wanted_fds_.clear();
    wanted_fds_.push_back({wake_fd_.get(), POLLIN, 0});
    wanted_fds_.push_back({timer_fd_.get(), POLLIN, 0});
    for (const Worker* const worker : attending_) {
        worker->add_wait_fds(wanted_fds_);
    }
    if (caller != Caller::control) {
        fds_ = wanted_fds_;
        return true;
    }
    return std::equal(fds_.begin(), fds_.end(), wanted_fds_.begin(), wanted_fds_.end(),
                      [](const pollfd& now, const pollfd& wanted) {
                          return now.fd == wanted.fd && now.events == wanted.events;
                      });
}

void Engine::set_timer(std::uint64_t now_ns) noexcept {
    if (deadline_ns_ == timer_ns_) {
        return;
    }
    timer_ns_ = deadline_ns_;
    itimerspec when{}; // zero: never
    if (deadline_ns_ != never) {
        const std::uint64_t left = deadline_ns_ - now_ns;
        when.it_value.tv_sec = static_cast<std::time_t>(left / ns_per_s);
        when.it_value.tv_nsec = static_cast<long>(left % ns_per_s);
    }
    (void)::timerfd_settime(timer_fd_.get(), 0, &when, nullptr);
}

bool Engine::sleep() {
    counters_.sleeps.add();
    (void)::poll(fds_.data(), fds_.size(), -1);
    std::uint64_t count = 0;
    if ((fds_[0].revents & POLLIN) != 0 && read(wake_fd_.get(), &count, sizeof(count)) > 0) {
        return true;
    }
    if ((fds_[1].revents & POLLIN) != 0) {
        const std::lock_guard lock(mutex_);
        // Never blocks. Nothing to be read: it was set anew meanwhile.
        // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
        if (read(timer_fd_.get(), &count, sizeof(count)) > 0) {
            timer_ns_ = never;
        }
    }
    if (take()) {
        return true;
    }
    // Somebody else works, looks at deadlines and descriptors too, and is soon done.
    const std::lock_guard wait(mutex_);
    return false;
}

void Engine::run() {
    (void)prctl(PR_SET_NAME, "engine");
    std::uint64_t last_work = clock_.now_ns();
    while (!stopping_.load(std::memory_order_seq_cst)) {
        const bool worked = round(Effort::full);
        const std::uint64_t last_round = clock_.now_ns();
        if (worked) {
            idle_poll_.poke(last_round);
            last_work = last_round;
            continue;
        }
        if (last_round - last_work < spin_ns()) {
            relax();
            continue;
        }
        if (give_up() && plan(Caller::thread)) {
            while (!sleep() && !stopping_.load(std::memory_order_seq_cst)) {
            }
        }
    }
}

std::uint64_t Engine::settle(unsigned limit) {
    for (unsigned rounds = 0; rounds < limit; ++rounds) {
        if (!round(Effort::full) && give_up() && plan(Caller::simulation)) {
            asleep_.store(false, std::memory_order_seq_cst);
            break;
        }
    }
    return deadline_ns_;
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

} // namespace mo::engine
