// SPDX-License-Identifier: GPL-2.0-or-later
// Log lines on standard error, one write(2) each, so that lines of threads do not mix.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/clock.hpp"

namespace mo::log {

enum class Level : std::uint8_t { error, warning, info, debug };

/// Least severe level that is still printed; info at start. Any thread.
void set_level(Level level) noexcept;
[[nodiscard]] Level level() noexcept;

/// Prints "ofemu: warning: text\n"; the program's name is what set_program() gave. Lines are cut
/// at 1000 bytes; control characters are shown as '?', since text may come from a guest.
[[gnu::format(printf, 2, 3)]] void print(Level level, const char* format, ...) noexcept;

/// Name in front of each line; the string must live for ever (a literal, argv[0]).
void set_program(const char* name) noexcept;

/// Admits at most `burst` messages per `interval`: for what a guest can cause at will.
class RateLimit {
  public:
    RateLimit(std::uint32_t burst, Nanoseconds interval) noexcept
        : burst_(burst), interval_(interval) {}

    /// True if a message may be printed at time `now`. Any thread; the limit is approximate.
    [[nodiscard]] bool admit(Nanoseconds now) noexcept;

  private:
    std::uint32_t burst_;
    Nanoseconds interval_;
    std::atomic<std::int64_t> window_start_{0};
    std::atomic<std::uint32_t> used_{0};
};

} // namespace mo::log
