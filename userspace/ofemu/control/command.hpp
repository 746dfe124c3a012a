// SPDX-License-Identifier: GPL-2.0-or-later
// Commands of the control socket: a table with usage and help, from which the server dispatches
// and the client prints its help. Faults enter a System here and nowhere else.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.hpp"
#include "common/result.hpp"
#include "control/arguments.hpp"

namespace mo::ofemu {
class System;
}

namespace mo::control {

/// What commands act on, and what outlives a command.
struct Context {
    ofemu::System& system;
    Json counters_base; ///< values at the last reset-counters
};

using Handler = Result<Json> (*)(Context&, Arguments&);

struct Command {
    std::string_view name;
    std::string_view usage; ///< arguments
    std::string_view help;  ///< one line
    Handler handler;
};

/// One file per group.
[[nodiscard]] std::span<const Command> link_commands();
[[nodiscard]] std::span<const Command> nic_commands();
[[nodiscard]] std::span<const Command> show_commands();

/// All commands, in the order in which help lists them.
[[nodiscard]] std::vector<Command> all_commands();

/// Executes a command line. Errors are for the user: EINVAL for a wrong line (with the usage),
/// ENOENT for a name that means nothing, else what failed.
Result<Json> execute(Context& context, const std::vector<std::string>& words);

/// The list of commands with their usage.
[[nodiscard]] std::string help_text();

} // namespace mo::control
