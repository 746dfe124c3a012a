// SPDX-License-Identifier: GPL-2.0-or-later
// Seeded random numbers whose sequence does not depend on the standard library.
#pragma once

#include <cstdint>

namespace mo::optics {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    /// 64 random bits (SplitMix64).
    std::uint64_t bits();
    /// In [0, 1).
    double uniform();
    /// Normal with mean 0 and variance 1.
    double normal();
    /// Successes of `n` trials of probability `p`: counted, Poisson or normal, whichever fits.
    std::uint64_t binomial(std::uint64_t n, double p);

  private:
    std::uint64_t poisson_small(double mean);
    std::uint64_t state_;
};

} // namespace mo::optics
