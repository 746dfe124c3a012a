// SPDX-License-Identifier: GPL-2.0-or-later
// The library's model as output values: one function per thing that is shown. Their keys are what
// programs see; Documentation/user/ofctl.schema.json describes each, and a test holds it to them.
#pragma once

#include <optional>

#include "ofctl/model.hpp"
#include "ofctl/object_builder.hpp"

namespace mo::ofctl {

/// `details`: the reporters belong to the details, else to the statistics.
[[nodiscard]] Json device_value(const Device& device, bool details);
[[nodiscard]] Json firmware_value(const Device& device);
[[nodiscard]] Json port_value(const Port& port);
/// All lanes of the snapshot, or the lane `only`.
[[nodiscard]] Json lanes_value(const Port& port, const LaneSnapshot& snapshot,
                               std::optional<std::uint32_t> only);
[[nodiscard]] Json module_value(const Port& port, const Module& module);
/// The newest `last` records, or all.
[[nodiscard]] Json history_value(const Port& port, const std::vector<Record>& records,
                                 std::optional<std::uint32_t> last);
[[nodiscard]] Json event_value(const Event& event);

} // namespace mo::ofctl
