// SPDX-License-Identifier: GPL-2.0-or-later
// Random: a small seeded generator (SplitMix64, Steele, Lea, Flood 2014), the same on every
// machine. Not for secrets.
#pragma once

#include <cstdint>

namespace mo::fabric {

class Random {
  public:
    explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    /// Uniform in 0..bound-1; bound must not be 0.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
    /// True with probability `p`: never for 0, always for 1.
    constexpr bool chance(double p) noexcept {
        return static_cast<double>(next() >> 11U) < p * 9007199254740992.0; // 2^53
    }

  private:
    std::uint64_t state_;
};

} // namespace mo::fabric
