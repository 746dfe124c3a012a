// SPDX-License-Identifier: GPL-2.0-or-later
// What travels on one direction of a fibre: light per lane, and what the PCS at the sending end
// says with it. Constant between changes.
#pragma once

#include <array>
#include <cstdint>

#include "common/hw.hpp"

namespace mo::optics {

/// Light of one lane.
struct LaneLight {
    double power_mw = 0.0; ///< mean power
    double oma_mw = 0.0;   ///< modulation amplitude; 0 = not modulated
    double q_tx = 0.0;     ///< Q of the sending host SerDes, end to end over linear optics
    std::uint32_t rate = MO_SOC_RATE_OFF;
    /// Until then the sender's output settles: who adapts to it adapts to the wrong channel.
    std::uint64_t settled_ns = 0;
    bool operator==(const LaneLight&) const = default;
};

/// What the sending PCS does.
struct LinePcs {
    bool on = false;
    bool remote_fault = false; ///< remote fault ordered sets instead of frames
    std::uint32_t fec = 0;     ///< MO_FEC_*
    std::uint32_t lanes = 0;   ///< bit per lane that carries data
    bool operator==(const LinePcs&) const = default;
};

struct Line {
    std::array<LaneLight, MO_MAX_LANES> lane{};
    LinePcs pcs;
    bool operator==(const Line&) const = default;
};

} // namespace mo::optics
