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
    /// Precondition: config.valid().
    void configure(const ImpairmentConfig& config) noexcept;
    [[nodiscard]] const ImpairmentConfig& config() const noexcept { return config_; }
    [[nodiscard]] bool active() const noexcept { return active_; }

    /// Verdict for the next packet, which the path below loses with probability `path_loss`.
    Verdict next(double path_loss) noexcept;
    /// Which bit of a packet of `bits` bits flips, 0..bits-1; bits must not be 0.
    std::uint64_t pick(std::uint64_t bits) noexcept;

  private:
    ImpairmentConfig config_;
    bool active_ = false;
    Random verdicts_{1};
    Random bits_{2};
    Random path_{3};
    Random marks_{4};
};

} // namespace mo::fabric
