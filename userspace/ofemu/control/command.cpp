// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/command.hpp"

#include <algorithm>
#include <cerrno>

namespace mo::control {

std::vector<Command> all_commands() {
    std::vector<Command> all;
    for (const auto group : {show_commands(), link_commands(), nic_commands()}) {
        all.insert(all.end(), group.begin(), group.end());
    }
    return all;
}

Result<Json> execute(Context& context, const std::vector<std::string>& words) {
    if (words.empty()) {
        return fail(EINVAL, "no command given; \"help\" lists them");
    }
    if (words.front() == "help") {
        return Json(help_text());
    }
    const std::vector<Command> commands = all_commands();
    const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& command) {
        return command.name == words.front();
    });
    if (found == commands.end()) {
        return fail(EINVAL, "\"" + words.front() + "\" is no command; \"help\" lists them");
    }
    Arguments arguments(std::vector<std::string>(words.begin() + 1, words.end()));
    auto done = found->handler(context, arguments);
    if (!done && done.error().code == EINVAL) {
        return fail(EINVAL, std::string(found->name) + ": " + done.error().text + "\nUsage: " +
                                std::string(found->name) + " " + std::string(found->usage));
    }
    return done;
}

std::string help_text() {
    std::string text;
    for (const Command& command : all_commands()) {
        std::string line = "  " + std::string(command.name) + " " + std::string(command.usage);
        constexpr std::size_t column = 52;
        if (line.size() + 2 > column) {
            line += "\n" + std::string(column, ' ');
        } else {
            line.resize(column, ' ');
        }
        text += line + std::string(command.help) + "\n";
    }
    return text;
}

} // namespace mo::control
