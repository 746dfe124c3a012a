// SPDX-License-Identifier: GPL-2.0-or-later
// Random: the process's one seeded generator (SplitMix64; Steele, Lea, Flood 2014), the same on
// every machine and with every standard library. Not for secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace mo {

class Random {
  public:
    explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

    /// 64 random bits.
    constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    /// Uniform in 0..bound-1; bound must not be 0.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
    /// Uniform in [0, 1).
    constexpr double uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1p-53; }
    /// True with probability `p`: never for 0, always for 1.
    constexpr bool chance(double p) noexcept { return uniform() < p; }

  private:
    std::uint64_t state_;
};

/// The seed of the part of that name (or address), from the one seed of a configuration: parts with
/// different names draw different numbers, the same name always the same (FNV-1a).
[[nodiscard]] constexpr std::uint64_t seed_of(std::uint64_t seed, std::string_view name) noexcept {
    constexpr std::uint64_t fnv_prime = 1099511628211U;
    for (const char c : name) {
        seed = (seed ^ static_cast<unsigned char>(c)) * fnv_prime;
    }
    return seed;
}

} // namespace mo
