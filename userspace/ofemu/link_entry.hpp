// SPDX-License-Identifier: GPL-2.0-or-later
// LinkEntry: what a configuration says of a link.
#pragma once

#include <array>
#include <string>

#include "node.hpp"

namespace mo::ofemu {

struct LinkEntry {
    std::string name;
    std::array<PortRef, 2> ends;
    double length_m = 10;
    double loss_db = 0.8;      ///< of the connectors at both ends together; the fibre adds its own
    double attenuation_db = 0; ///< extra attenuation of both directions, as `ctl attenuate` sets it
};

/// Reads an entry of "links"; throws a yaml::Mistake. Its ends are checked when all nodes are
/// known.
[[nodiscard]] LinkEntry parse_link(const YAML::Node& node, yaml::Used& used);

} // namespace mo::ofemu
