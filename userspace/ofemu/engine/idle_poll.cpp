// SPDX-License-Identifier: GPL-2.0-or-later
#include "engine/idle_poll.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "engine/clock.hpp"

namespace mo::engine {

namespace {

/// The longest sleep, which stop() may have to wait for.
constexpr std::uint64_t longest_nap_ns = 50'000'000;

} // namespace

long IdlePoll::online_cpus() noexcept {
    return ::sysconf(_SC_NPROCESSORS_ONLN);
}

void IdlePoll::start(const std::string& path, long cpus) {
    if (thread_.joinable() || cpus > most_cpus) {
        return;
    }
    if (!fd_) {
        fd_ = Fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    }
    if (!fd_) {
        return;
    }
    state_.store(resting);
    thread_ = std::thread([this] { run(); });
}

void IdlePoll::stop() noexcept {
    if (thread_.joinable()) {
        state_.fetch_or(ending);
        state_.notify_all();
        thread_.join();
    }
}

void IdlePoll::write_latency(std::int32_t latency_us) noexcept {
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &latency_us, sizeof latency_us);
}

void IdlePoll::poke(std::uint64_t now_ns) noexcept {
    const std::uint64_t hold = hold_ns();
    if (hold == 0) {
        return;
    }
    until_ns_.store(now_ns + hold);
    if (state_.load() == resting) {
        ask();
    }
}

void IdlePoll::ask() noexcept {
    std::uint32_t none = resting;
    if (state_.compare_exchange_strong(none, asking)) {
        write_latency(0);
        state_.fetch_add(asked - asking);
        state_.notify_all();
    }
}

void IdlePoll::run() noexcept {
    (void)prctl(PR_SET_NAME, "idle-poll");
    for (;;) {
        const std::uint32_t state = state_.load();
        const bool end = (state & ending) != 0;
        if ((state & state_mask) != asked) {
            if (end && (state & state_mask) == resting) {
                return;
            }
            state_.wait(state);
            continue;
        }
        const std::uint64_t until = until_ns_.load(), now = clock_.now_ns();
        if (now < until && !end) {
            std::this_thread::sleep_for(
                std::chrono::nanoseconds(std::min(until - now, longest_nap_ns)));
            continue;
        }
        write_latency(no_limit_us);
        state_.fetch_sub(asked);
        if (until_ns_.load() != until) { // by a poke that still saw the request
            ask();
        }
    }
}

} // namespace mo::engine
