// SPDX-License-Identifier: GPL-2.0-or-later
// IdlePoll: keeps the host's CPUs from halting while packets are under way.
//
// A packet's way from guest to guest wakes one thread after the other: QEMU's CPU thread, a control
// thread here, QEMU's main loop, the other guest's CPU thread. Where the host is itself a virtual
// machine, each wake-up of a CPU that has halted costs some 50 us, a tenth of a round trip. So for
// a while after the last packet the kernel is asked for a wake-up latency of 0 (PM QoS,
// /dev/cpu_dma_latency): its idle loop then polls instead of halting, and takes nothing from
// anybody. The request is the process's and ends with it. It wants root and the kernel's cpuidle;
// without them nothing is different.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "common/fd.hpp"

namespace mo::engine {

class DeviceClock;

class IdlePoll {
  public:
    /// Longer than the 10 ms that separate the packets of much that waits for answers, so that the
    /// first wake-up of a round trip is a fast one, too.
    static constexpr std::uint64_t default_hold_ns = 20'000'000;
    /// Hosts with more CPUs are left alone: all of them would poll, for the few that work here.
    static constexpr long most_cpus = 4;
    static constexpr std::int32_t no_limit_us = 2'000'000'000; ///< PM QoS's default
    static constexpr const char* device = "/dev/cpu_dma_latency";

    explicit IdlePoll(const DeviceClock& clock) : clock_(clock) {}
    IdlePoll(const IdlePoll&) = delete;
    IdlePoll& operator=(const IdlePoll&) = delete;
    ~IdlePoll() { stop(); }

    /// Opens the device and starts the thread that takes requests back; does nothing on hosts with
    /// many CPUs or where the device cannot be opened. `path`, `cpus`: for tests.
    void start(const std::string& path = device, long cpus = online_cpus());
    /// Idempotent; takes the request back.
    void stop() noexcept;

    /// How long to ask for after the last packet; 0: not at all. Any thread.
    void set_hold(std::uint64_t hold_ns) noexcept { hold_ns_.store(hold_ns, relaxed); }
    [[nodiscard]] std::uint64_t hold_ns() const noexcept { return hold_ns_.load(relaxed); }

    /// Packets are under way at this time. Any thread; a store and a load while the request stands.
    void poke(std::uint64_t now_ns) noexcept;

    [[nodiscard]] static long online_cpus() noexcept;

  private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    /// The request: there is none, somebody is about to make it, it stands. Only who took it from
    /// resting makes it, and only the thread takes back one that stands: so none is left behind.
    static constexpr std::uint32_t resting = 0, asking = 1, asked = 2, state_mask = 3;
    static constexpr std::uint32_t ending = 4; ///< beside one of these

    void run() noexcept;
    /// Makes the request if there is none.
    void ask() noexcept;
    void write_latency(std::int32_t latency_us) noexcept;

    const DeviceClock& clock_;
    std::atomic<std::uint64_t> hold_ns_{default_hold_ns};
    std::atomic<std::uint64_t> until_ns_{0};
    std::atomic<std::uint32_t> state_{ending};
    Fd fd_;
    std::thread thread_;
};

} // namespace mo::engine
