// SPDX-License-Identifier: GPL-2.0-or-later
// IdlePoll: keeps the host's CPUs from halting while packets are under way.
//
// A packet's way from guest to guest wakes one thread after the other: QEMU's CPU thread, a control
// thread here, QEMU's main loop, the other guest's CPU thread. Where the host is itself a virtual
// machine, each wake-up of a CPU that has halted costs some 50 us, a tenth of a round trip. So one
// thread for each CPU polls for a while after the last packet, at the priority that runs only
// where nobody else wants to (SCHED_IDLE): to the scheduler such a CPU is idle, but it does not
// halt. What the KVM of a bare machine has as halt polling, for threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace mo::nic {

class DeviceClock;

class IdlePoll {
  public:
    /// Longer than the 10 ms that separate the packets of much that waits for answers, so that the
    /// first wake-up of a round trip is a fast one, too.
    static constexpr std::uint64_t default_hold_ns = 20'000'000;
    /// Hosts with more CPUs are left alone: their threads rarely follow each other from CPU to CPU.
    static constexpr std::size_t most_cpus = 4;

    explicit IdlePoll(const DeviceClock& clock) : clock_(clock) {}
    IdlePoll(const IdlePoll&) = delete;
    IdlePoll& operator=(const IdlePoll&) = delete;
    ~IdlePoll() { stop(); }

    /// One thread for each CPU that the process may use; none if there are more than most_cpus, or
    /// if the kernel refuses the priority. Idempotent, like stop().
    void start();
    void stop() noexcept;

    /// How long to poll after the last packet; 0: not at all. Any thread.
    void set_hold(std::uint64_t hold_ns) noexcept { hold_ns_.store(hold_ns, relaxed); }
    [[nodiscard]] std::uint64_t hold_ns() const noexcept { return hold_ns_.load(relaxed); }

    /// Packets are under way. Any thread; cheap while the pollers poll.
    void poke() noexcept;

  private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    void run(int cpu) noexcept;
    [[nodiscard]] bool wanted() const noexcept;

    const DeviceClock& clock_;
    std::atomic<std::uint64_t> hold_ns_{default_hold_ns};
    std::atomic<std::uint64_t> until_ns_{0};
    std::atomic<std::uint32_t> pokes_{0}; ///< what sleeping pollers wait on
    std::atomic<bool> asleep_{false};     ///< at least one poller sleeps, or is about to
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> threads_;
};

} // namespace mo::nic
