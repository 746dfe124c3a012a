// SPDX-License-Identifier: GPL-2.0-or-later
// Distributions that the optics need, of the process's generator.
#pragma once

#include <cstdint>

#include "common/random.hpp"

namespace mo::optics {

class Random : public mo::Random {
  public:
    using mo::Random::Random;

    /// Normal with mean 0 and variance 1.
    double normal();
    /// Successes of `n` trials of probability `p`: counted, Poisson or normal, whichever fits.
    std::uint64_t binomial(std::uint64_t n, double p);

  private:
    std::uint64_t poisson_small(double mean);
};

} // namespace mo::optics
