// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/random.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mo::optics {

double Random::normal() {
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Random::poisson_small(double mean) {
    const double limit = std::exp(-mean);
    std::uint64_t count = 0;
    double product = uniform();
    while (product > limit) {
        ++count;
        product *= uniform();
    }
    return count;
}

std::uint64_t Random::binomial(std::uint64_t n, double p) {
    if (n == 0 || p <= 0.0) {
        return 0;
    }
    if (p >= 1.0) {
        return n;
    }
    if (p > 0.5) {
        return n - binomial(n, 1.0 - p);
    }
    const double mean = static_cast<double>(n) * p;
    if (n <= 64) {
        std::uint64_t count = 0;
        for (std::uint64_t i = 0; i < n; ++i) {
            count += uniform() < p ? 1 : 0;
        }
        return count;
    }
    if (mean < 30.0) { // then p is small, and Poisson is the binomial's limit
        return std::min(n, poisson_small(mean));
    }
    const double value = mean + std::sqrt(mean * (1.0 - p)) * normal();
    return std::min(n, static_cast<std::uint64_t>(std::llround(std::max(0.0, value))));
}

} // namespace mo::optics
