// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that is counted, as JSON objects by name; and the difference of two such values, by
// which "reset-counters" works without touching a counter.
#pragma once

#include "common/json.hpp"

namespace mo::ofemu {
class System;
} // namespace mo::ofemu

namespace mo::control {

/// {"engine": {...}, "nics": {NAME: {...}}, "links": {...}, ...}: a member for each kind of node.
/// Pauses the engine.
[[nodiscard]] Json collect_counters(ofemu::System& system);

/// `now` with every number lessened by the one of the same path in `base`.
[[nodiscard]] Json subtract(const Json& now, const Json& base);

} // namespace mo::control
