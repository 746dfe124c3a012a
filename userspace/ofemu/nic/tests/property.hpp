// SPDX-License-Identifier: GPL-2.0-or-later
// For tests of properties: how many points, and a watchdog for calls that do not return.
#pragma once

#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace mo::nic::test {

/// Points of a run: MO_PROPERTY_POINTS, or `usual`.
inline std::uint64_t property_points(std::uint64_t usual) {
    const char* const wanted = std::getenv("MO_PROPERTY_POINTS");
    const std::uint64_t points = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 0;
    return points != 0 ? points : usual;
}

/// Ends the process, saying the seed, if one call takes more than a few seconds of CPU time.
class Watchdog {
  public:
    Watchdog() { (void)std::signal(SIGVTALRM, bark); }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog() {
        set(0);
        (void)std::signal(SIGVTALRM, SIG_DFL);
    }
    /// Once for each episode: it has so much time as a whole.
    void feed(std::uint64_t seed) {
        seed_.store(seed);
        constexpr int patience_s = 10;
        set(patience_s);
    }

  private:
    static void set(int seconds) {
        itimerval when{};
        when.it_value.tv_sec = seconds;
        (void)::setitimer(ITIMER_VIRTUAL, &when, nullptr);
    }
    static void bark(int /*signal*/) {
        constexpr std::string_view text = "a call does not end; seed ";
        [[maybe_unused]] auto done = ::write(STDERR_FILENO, text.data(), text.size());
        char digits[24];
        char* at = digits + sizeof digits;
        *--at = '\n';
        for (std::uint64_t rest = seed_.load(); at == digits + sizeof digits - 1 || rest != 0;
             rest /= 10) {
            *--at = static_cast<char>('0' + rest % 10);
        }
        done = ::write(STDERR_FILENO, at, static_cast<std::size_t>(digits + sizeof digits - at));
        ::_exit(1);
    }
    static inline std::atomic<std::uint64_t> seed_{0};
};

} // namespace mo::nic::test
