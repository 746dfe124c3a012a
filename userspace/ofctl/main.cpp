// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl: command line of the optical links of mesh_optical NICs. Options in command_line.cpp, verbs
// in verb.cpp.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <sched.h>

#include "common/fd.hpp"
#include "common/utf8.hpp"
#include "ofctl/command_line.hpp"
#include "ofctl/verb.hpp"

namespace {

using namespace mo::ofctl;

bool enter_namespace(const std::string& name) {
    const mo::Fd fd(open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || setns(fd.get(), CLONE_NEWNET) < 0) {
        std::cerr << "Error: network namespace \"" << mo::utf8::printable(name)
                  << "\": " << std::strerror(errno) << ".\n";
        return false;
    }
    return true;
}

int run(const std::vector<std::string>& arguments) {
    const auto line = parse_command_line(arguments);
    if (!line) {
        return static_cast<int>(usage_error(line.error().text));
    }
    Exit exit = Exit::ok;
    switch (line->action) {
    case CommandLine::Action::help:
        std::cout << help_text();
        break;
    case CommandLine::Action::version:
        std::cout << "ofctl " OFCTL_VERSION "\n";
        break;
    case CommandLine::Action::man_page:
        std::cout << man_page();
        break;
    case CommandLine::Action::bash_completion:
        std::cout << bash_completion();
        break;
    case CommandLine::Action::run: {
        if (line->netns && !enter_namespace(*line->netns)) {
            return static_cast<int>(Exit::kernel);
        }
        Client client;
        Context context{line->options, client};
        exit = dispatch(context, line->words);
    }
    }
    std::cout.flush();
    if (!std::cout) {
        std::cerr << "Error: standard output: " << std::strerror(errno) << ".\n";
        return static_cast<int>(Exit::kernel);
    }
    return static_cast<int>(exit);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "Error: " << mo::utf8::printable(error.what()) << ".\n";
        return static_cast<int>(Exit::kernel);
    }
}
