// SPDX-License-Identifier: GPL-2.0-or-later
// Back ends: a value tree as text for people, or as JSON for programs.
#pragma once

#include <string>

#include "ofctl/value.hpp"

namespace mo::ofctl {

struct Options {
    bool json = false;
    bool pretty = false;
    bool statistics = false;
    bool details = false;
    bool timestamps = false;
};

/// JSON of `value`; `pretty` breaks lines and indents. No line break at the end.
[[nodiscard]] std::string to_json(const Value& value, bool pretty);

/// Text of a list of objects. Each begins with the value of its first member; scalar members
/// follow as "label value"; lists of objects become tables below it.
[[nodiscard]] std::string to_text(const Value& value, const Options& options);

/// A number as both back ends write it: shortest text that reads back the same.
[[nodiscard]] std::string number_text(double value, const Show& show);

} // namespace mo::ofctl
