// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/idle_poll.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#include "common/cpu.hpp"
#include "nic/engine.hpp"

namespace mo::nic {

namespace {

constexpr unsigned pauses = 16; // between two looks at the clock

/// Ties the calling thread to a CPU, where it runs only if nobody else wants to.
bool settle_on(int cpu) noexcept {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(cpu), &only);
    const sched_param none{};
    return ::sched_setaffinity(0, sizeof only, &only) == 0 &&
           ::sched_setscheduler(0, SCHED_IDLE, &none) == 0;
}

} // namespace

void IdlePoll::start() {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (!threads_.empty() || ::sched_getaffinity(0, sizeof cpus, &cpus) != 0 ||
        static_cast<std::size_t>(CPU_COUNT(&cpus)) > most_cpus) {
        return;
    }
    stopping_.store(false);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &cpus)) {
            threads_.emplace_back([this, cpu] { run(cpu); });
        }
    }
}

void IdlePoll::stop() noexcept {
    stopping_.store(true);
    pokes_.fetch_add(1);
    pokes_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

bool IdlePoll::wanted() const noexcept {
    return clock_.now_ns() < until_ns_.load();
}

void IdlePoll::poke() noexcept {
    const std::uint64_t hold = hold_ns();
    if (hold == 0) {
        return;
    }
    until_ns_.store(clock_.now_ns() + hold);
    if (asleep_.load() && asleep_.exchange(false)) {
        pokes_.fetch_add(1);
        pokes_.notify_all();
    }
}

void IdlePoll::run(int cpu) noexcept {
    (void)prctl(PR_SET_NAME, "idle-poll");
    if (!settle_on(cpu)) {
        return; // rather none than one that takes time from others
    }
    while (!stopping_.load()) {
        if (wanted()) {
            for (unsigned i = 0; i < pauses; ++i) {
                relax_cpu();
            }
            continue;
        }
        const std::uint32_t seen = pokes_.load();
        asleep_.store(true);
        if (!wanted() && !stopping_.load()) { // a poke after this look changes pokes_
            pokes_.wait(seen);
        }
    }
}

} // namespace mo::nic
