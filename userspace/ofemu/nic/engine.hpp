// SPDX-License-Identifier: GPL-2.0-or-later
// Engine: the one thread that works for all NICs and links of a process, run to completion. Spins
// for a while after the last work, then publishes event indexes, looks once more, and sleeps until
// a doorbell, a stream socket or a deadline. In deterministic mode tests call run_until() with a
// clock of their own; the rounds are the same code.
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
#include "nic/host.hpp"

namespace mo::nic {

/// A thing that the engine works for. Called with the engine's lock held, one at a time.
class Worker {
  public:
    /// Works off at most `budget` units. True: there was work, or there is more.
    virtual bool poll(std::uint64_t now_ns, unsigned budget) = 0;
    /// All workers have been polled: flush what was produced for others.
    virtual void finish_round(std::uint64_t now_ns) = 0;
    /// The round ends: let go of guest memory.
    virtual void end_round() = 0;
    /// Before the engine sleeps: publish event indexes ...
    virtual void publish_events() = 0;
    /// ... and, behind a full barrier, look again. True: work has come.
    [[nodiscard]] virtual bool work_arrived() = 0;
    /// When poll() has to be called though nothing came; UINT64_MAX: never.
    [[nodiscard]] virtual std::uint64_t next_deadline_ns(std::uint64_t now_ns) = 0;
    /// The engine stood still for `gap_ns` until now though there may have been work (its thread
    /// got no processor). Before the next poll().
    virtual void stalled(std::uint64_t gap_ns) { (void)gap_ns; }
    /// Descriptors that wake the engine.
    virtual void add_wait_fds(std::vector<pollfd>& fds) const { (void)fds; }

  protected:
    ~Worker() = default;
};

/// Device time. Real time counts from the clock's creation; manual time goes where a test puts it.
class DeviceClock {
  public:
    virtual ~DeviceClock() = default;
    [[nodiscard]] virtual std::uint64_t now_ns() const noexcept = 0;
};

class RealClock final : public DeviceClock {
  public:
    RealClock() noexcept;
    [[nodiscard]] std::uint64_t now_ns() const noexcept override;

  private:
    std::int64_t start_ns_;
};

class ManualClock final : public DeviceClock {
  public:
    [[nodiscard]] std::uint64_t now_ns() const noexcept override {
        return now_ns_.load(std::memory_order_relaxed);
    }
    /// Never back.
    void set(std::uint64_t now_ns) noexcept { now_ns_.store(now_ns, std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> now_ns_{0};
};

/// What the engine's scheduling has cost.
struct EngineCounters {
    Counter rounds;  ///< looks at all workers
    Counter sleeps;  ///< waits in the kernel
    Counter wakeups; ///< eventfd writes by control threads
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

    /// Before start(), or with the engine stopped by EnginePause. Workers outlive their place.
    void add(Worker& worker);
    void remove(Worker& worker);

    /// Runs the thread. stop() ends it; both are idempotent.
    void start();
    void stop();

    /// How long to poll after the last work before sleeping. Any thread.
    void set_spin(std::uint64_t spin_ns) noexcept { spin_ns_.store(spin_ns, relaxed); }
    [[nodiscard]] std::uint64_t spin_ns() const noexcept { return spin_ns_.load(relaxed); }

    /// Deterministic mode, without the thread: rounds at the clock's time until nothing is to be
    /// done (at most `limit` rounds). Returns the earliest deadline.
    std::uint64_t settle(unsigned limit = 100'000);
    /// The same, and jumps `clock` from deadline to deadline up to `end_ns`.
    void run_until(ManualClock& clock, std::uint64_t end_ns);

    // Host
    [[nodiscard]] std::uint64_t now_ns() const noexcept override { return clock_.now_ns(); }
    void wake() noexcept override;
    void stop_engine() override;
    void continue_engine() override;

    [[nodiscard]] const EngineCounters& counters() const noexcept { return counters_; }

  private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    void run();
    bool round();
    /// Publishes and looks again; false: there is work. Leaves asleep_ set on true.
    bool prepare_sleep(std::uint64_t& deadline_ns);
    void sleep(std::uint64_t deadline_ns);
    void tell_stall(std::uint64_t now_ns);
    void lock_for_engine();

    const DeviceClock& clock_;
    std::atomic<std::uint64_t> spin_ns_;
    std::vector<Worker*> workers_;
    std::vector<pollfd> fds_;
    Fd wake_fd_;
    std::mutex mutex_;
    std::atomic<std::uint32_t> waiting_{0}; ///< control threads that want the lock
    std::atomic<bool> asleep_{false};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
    std::optional<std::uint64_t> awake_since_; ///< engine thread; none: it slept
    EngineCounters counters_;
};

} // namespace mo::nic
