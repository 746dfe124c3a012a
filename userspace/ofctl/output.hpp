// SPDX-License-Identifier: GPL-2.0-or-later
// A tree of values as text for people; for programs Json::dump() writes it.
#pragma once

#include <string>

#include "common/json.hpp"

namespace mo::ofctl {

struct Options {
    bool json = false;
    bool pretty = false;
    bool statistics = false;
    bool details = false;
    bool timestamps = false;
};

/// Text of a list of objects. Each begins with the value of its first member; scalar members
/// follow as "label value"; lists of objects become tables below it.
[[nodiscard]] std::string to_text(const Json& value, const Options& options);

} // namespace mo::ofctl
