// SPDX-License-Identifier: GPL-2.0-or-later
// The options of the command line, which may stand before, between and behind its words.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "ofctl/output.hpp"

namespace mo::ofctl {

/// What a command line asks for.
struct CommandLine {
    enum class Action : std::uint8_t {
        run,
        help,
        version,
        man_page,
        bash_completion
    } action = Action::run;
    Options options;
    std::optional<std::string> netns; ///< work in that network namespace
    std::vector<std::string> words;   ///< what is no option, in order
};

/// Takes the options out of `arguments` (without the program's name). The error's text says what
/// is wrong. Letters may stand together (-js), long names may be abbreviated and may have one dash;
/// "--" ends the options.
[[nodiscard]] Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

/// An option as help shows it.
struct OptionHelp {
    std::string names;
    const char* text;
};
[[nodiscard]] std::vector<OptionHelp> option_help();

} // namespace mo::ofctl
