// SPDX-License-Identifier: GPL-2.0-or-later
// Impairer: decides by seed what happens to each wire packet of a direction. The sequence of
// verdicts depends on the configuration and the number of packets only, never on time or on
// whether packets come alone or in bursts, so a run repeats exactly.
#pragma once

#include <cstdint>

#include "fabric/random.hpp"

namespace mo::fabric {

/// What may happen to a wire packet: X(name, text). ofemu ctl knows them by these names.
#define MO_IMPAIRMENTS(X)                                                                          \
    X(drop, "packet vanishes")                                                                     \
    X(corrupt, "bits flip; the receiving MAC sees a wrong FCS")                                    \
    X(alter, "bits flip behind the ethernet header and the FCS is right")                          \
    X(reorder, "packet is overtaken by the next one")                                              \
    X(duplicate, "packet comes twice")                                                             \
    X(ecn, "packet is marked 'congestion experienced', if its transport knows ECN")

/// Probabilities 0..1 per wire packet; checked by valid().
struct ImpairmentConfig {
#define X(name, text) double name = 0;
    MO_IMPAIRMENTS(X)
#undef X
    std::uint64_t seed = 1;

    [[nodiscard]] bool valid() const noexcept;
    [[nodiscard]] bool active() const noexcept;
};

/// What happens to one packet. drop excludes the others; mark comes before corrupt and alter.
struct Verdict {
    bool drop = false;
    bool corrupt = false;
    bool alter = false;
    bool reorder = false;
    bool duplicate = false;
    bool mark = false;
    bool lost = false; ///< by the path below, not by the impairment

    [[nodiscard]] bool any() const noexcept {
        return drop || corrupt || alter || reorder || duplicate || mark || lost;
    }
};

class Impairer {
  public:
    Impairer() noexcept { draw_loss(); }

    /// Precondition: config.valid().
    void configure(const ImpairmentConfig& config) noexcept;
    [[nodiscard]] const ImpairmentConfig& config() const noexcept { return config_; }
    [[nodiscard]] bool active() const noexcept { return active_; }

    /// Verdict for the next packet, for which the path below is a hazard of `hazard` (minus the
    /// logarithm of the probability that it passes).
    Verdict next(double hazard) noexcept;
    /// For packets of which the impairment has none to look at: true if the path below loses none
    /// of them, whose hazards are `hazard` together. If false, nothing has happened yet.
    [[nodiscard]] bool spares(double hazard) noexcept {
        if (hazard > 0 && !(hazard < until_loss_)) {
            return false;
        }
        until_loss_ -= hazard;
        return true;
    }
    /// Which bit of a packet of `bits` bits flips, 0..bits-1; bits must not be 0.
    std::uint64_t pick(std::uint64_t bits) noexcept;

  private:
    /// Hazard up to the packet that is lost next: exponentially distributed, so that a random
    /// number is drawn for each packet that is lost, and none for those that pass.
    void draw_loss() noexcept;

    ImpairmentConfig config_;
    bool active_ = false;
    double until_loss_ = 0;
    Random verdicts_{1};
    Random bits_{2};
    Random path_{3};
    Random marks_{4};
};

} // namespace mo::fabric
