// SPDX-License-Identifier: GPL-2.0-or-later
// Delayed: a flag that follows its cause after a time of its own, and forgets causes that go away
// before it has followed them.
#pragma once

#include <cstdint>

namespace mo::optics {

inline constexpr std::uint64_t never = UINT64_MAX;

class Delayed {
  public:
    /// The cause is `cause` from `now_ns` on; the flag follows `rise_ns` or `fall_ns` later.
    void drive(bool cause, std::uint64_t now_ns, std::uint64_t rise_ns, std::uint64_t fall_ns) {
        if (cause != cause_) {
            cause_ = cause;
            at_ns_ = cause == value_ ? never : now_ns + (cause ? rise_ns : fall_ns);
        }
        if (at_ns_ <= now_ns) {
            value_ = cause_;
            at_ns_ = never;
        }
    }
    [[nodiscard]] bool value() const { return value_; }
    /// When the flag changes; never = not before the cause does.
    [[nodiscard]] std::uint64_t next_ns() const { return at_ns_; }
    void reset() { *this = Delayed{}; }

  private:
    bool value_ = false;
    bool cause_ = false;
    std::uint64_t at_ns_ = never;
};

} // namespace mo::optics
