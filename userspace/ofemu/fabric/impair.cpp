// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/impair.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace mo::fabric {

namespace {

auto probabilities(const ImpairmentConfig& config) noexcept {
    return std::array{
#define X(name, text) config.name,
        MO_IMPAIRMENTS(X)
#undef X
    };
}

} // namespace

bool ImpairmentConfig::valid() const noexcept {
    // Written so that NaN is refused.
    return std::ranges::all_of(probabilities(*this), [](double p) { return p >= 0 && p <= 1; });
}

bool ImpairmentConfig::active() const noexcept {
    return std::ranges::any_of(probabilities(*this), [](double p) { return p > 0; });
}

void Impairer::configure(const ImpairmentConfig& config) noexcept {
    assert(config.valid());
    config_ = config;
    active_ = config.active();
    // Four sequences, so that what a verdict leads to does not change later verdicts, and marks
    // change no other verdict.
    Random seeds(config.seed);
    verdicts_ = Random(seeds.next());
    bits_ = Random(seeds.next());
    path_ = Random(seeds.next());
    marks_ = Random(seeds.next());
    draw_loss();
}

void Impairer::draw_loss() noexcept {
    until_loss_ = -std::log1p(-path_.uniform());
}

Verdict Impairer::next(double hazard) noexcept {
    Verdict verdict;
    if (!spares(hazard)) {
        verdict.lost = true;
        draw_loss();
    }
    if (active_) {
        verdict.drop = verdicts_.chance(config_.drop);
        verdict.corrupt = verdicts_.chance(config_.corrupt);
        verdict.alter = verdicts_.chance(config_.alter);
        verdict.reorder = verdicts_.chance(config_.reorder);
        verdict.duplicate = verdicts_.chance(config_.duplicate);
        verdict.mark = marks_.chance(config_.ecn);
    }
    return verdict;
}

std::uint64_t Impairer::pick(std::uint64_t bits) noexcept {
    return bits_.below(bits);
}

} // namespace mo::fabric
