// SPDX-License-Identifier: GPL-2.0-or-later
// Engine: works for all workers of a process, in rounds, run to completion, one round at a time. It
// knows those that attend each round, a list of those that are ready, and deadlines in order;
// nothing of what they do. Mostly on its own thread, which spins for a while after the last work,
// then publishes event indexes, looks once more, and sleeps until a stream socket, a deadline or a
// wake-up. While it sleeps, a control thread that took a doorbell off its socket does a short round
// itself (serve()): waking a second thread would cost more than the work. In deterministic mode
// tests call run_until() with a clock of their own; the rounds are the same code.
//
// Whoever takes asleep_ back from true works, and only he, until he gives up: so there is one
// worker at any time, be it the thread or a control thread.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "common/counter.hpp"
#include "common/fd.hpp"
#include "engine/clock.hpp"
#include "engine/deadlines.hpp"
#include "engine/host.hpp"
#include "engine/idle_poll.hpp"
#include "engine/worker.hpp"

namespace mo::engine {

/// What the engine's scheduling has cost.
struct EngineCounters {
    Counter rounds;  ///< looks at all workers that attend or are ready
    Counter sleeps;  ///< waits in the kernel
    Counter served;  ///< rounds by control threads
    Counter wakeups; ///< eventfd writes to the engine's thread
    Counter rescued; ///< sleeps that the second look prevented
    Counter stalls;  ///< rounds that began more than 10 ms late
};

class Engine final : public Host {
  public:
    static constexpr std::uint64_t default_spin_ns = 20'000;

    explicit Engine(const DeviceClock& clock, std::uint64_t spin_ns = default_spin_ns);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    /// Before start(), or with the engine stopped by EnginePause. Workers outlive their place. A
    /// worker on call counts as called when it is added.
    void add(Worker& worker, Attendance attendance = Attendance::each_round);
    void remove(Worker& worker);

    /// Something came for a worker on call: it is polled in this round, or in the next one if it
    /// has been already. Nothing for other workers. From within a round or an EnginePause only;
    /// whatever is done in a pause calls all of them.
    void call(Worker& worker) noexcept;

    /// Runs the thread. stop() ends it; both are idempotent.
    void start();
    void stop();

    /// How long to poll after the last work before sleeping. Any thread.
    void set_spin(std::uint64_t spin_ns) noexcept { spin_ns_.store(spin_ns, relaxed); }
    [[nodiscard]] std::uint64_t spin_ns() const noexcept { return spin_ns_.load(relaxed); }

    /// What keeps the host's CPUs awake while packets are under way; with the thread only.
    [[nodiscard]] IdlePoll& idle_poll() noexcept { return idle_poll_; }
    [[nodiscard]] const IdlePoll& idle_poll() const noexcept { return idle_poll_; }

    /// Deterministic mode, without the thread: rounds at the clock's time until nothing is to be
    /// done (at most `limit` rounds). Returns the earliest deadline.
    std::uint64_t settle(unsigned limit = 100'000);
    /// The same, and jumps `clock` from deadline to deadline up to `end_ns`.
    void run_until(ManualClock& clock, std::uint64_t end_ns);

    // Host
    [[nodiscard]] std::uint64_t now_ns() const noexcept override { return clock_.now_ns(); }
    /// When the round or pause at hand began: all that workers do in one happens at one time. For
    /// what is asked for with each packet, where reading the clock would cost as much as building
    /// headers. Within a round or an EnginePause only.
    [[nodiscard]] std::uint64_t round_ns() const noexcept { return round_ns_; }
    void wake() noexcept override;
    void serve() noexcept override;
    void stop_engine() override;
    void continue_engine() override;

    [[nodiscard]] const EngineCounters& counters() const noexcept { return counters_; }

  private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    enum class Effort : std::uint8_t { full, bounded };
    enum class Caller : std::uint8_t { thread, control, simulation };

    void run();
    bool round(Effort effort);
    /// True: the engine was asleep, and the caller works now.
    [[nodiscard]] bool take() noexcept;
    /// The worker's: publishes, looks again, and stops working. False: there is something to do,
    /// and it is still the caller's.
    [[nodiscard]] bool give_up();
    /// Behind give_up(): has the engine's thread awake for deadlines and descriptors. False: one
    /// is due already, and the caller works on.
    [[nodiscard]] bool plan(Caller caller);
    /// The worker's: lets the engine's thread go on.
    void hand_over() noexcept;
    /// The engine's thread, when nobody works or somebody else. True: it works now.
    [[nodiscard]] bool sleep();
    void tell_stall(std::uint64_t now_ns);
    void lock_for_engine();
    [[nodiscard]] bool collect_wait_fds(Caller caller);
    [[nodiscard]] bool is_on_call(const Worker& worker) const noexcept;
    /// Polls the workers on call that are ready.
    [[nodiscard]] bool poll_ready(std::uint64_t now_ns, unsigned budget);
    void signal_all() noexcept;
    void set_timer(std::uint64_t now_ns) noexcept;
    void signal_thread() noexcept;

    const DeviceClock& clock_;
    std::atomic<std::uint64_t> spin_ns_;
    IdlePoll idle_poll_;
    std::vector<Worker*> attending_;
    Fd wake_fd_;
    Fd timer_fd_;
    std::mutex mutex_;
    // Under the lock.
    struct OnCall {
        Worker* worker = nullptr; ///< nullptr: the place is free
        bool ready = false;       ///< waits in ready_ or, in a round, in polled_
    };
    std::vector<OnCall> on_call_;          ///< by member of deadlines_
    Deadlines deadlines_;                  ///< of the workers on call
    std::vector<Deadlines::Member> ready_; ///< in the order in which they were called
    std::vector<Deadlines::Member> polled_;
    std::uint64_t round_ns_ = 0;
    std::vector<pollfd> wanted_fds_;
    std::uint64_t deadline_ns_ = 0; ///< when there is something to do though nothing came
    std::uint64_t timer_ns_;        ///< what the timer is set to
    std::vector<pollfd> fds_; ///< engine thread: asleep on these; others read them under the lock
    std::atomic<std::uint32_t> waiting_{0}; ///< control threads that want the lock
    std::atomic<bool> asleep_{false};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
    std::optional<std::uint64_t> awake_since_; ///< last round, or when one is due; none: never
    EngineCounters counters_;
};

} // namespace mo::engine
