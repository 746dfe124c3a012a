// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl: command line of the optical links of mesh_optical NICs. Options here, verbs in verb.cpp.
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <sched.h>

#include "common/fd.hpp"
#include "ofctl/verb.hpp"

namespace {

using namespace mo::ofctl;

struct Flag {
    char letter;
    const char* name;
    bool Options::* member;
};
constexpr std::array flags = {
    Flag{'j', "json", &Options::json},
    Flag{'p', "pretty", &Options::pretty},
    Flag{'s', "statistics", &Options::statistics},
    Flag{'d', "details", &Options::details},
    Flag{'t', "timestamp", &Options::timestamps},
};

/// True when `word` is -x, -name or --name, the name abbreviated to two letters or more.
bool is_option(const std::string& word, char letter, const std::string& name) {
    auto rest = word.substr(word.compare(0, 2, "--") == 0 ? 2 : 1);
    if (rest.size() == 1 && word[1] != '-') {
        return rest[0] == letter;
    }
    return rest.size() >= 2 && name.compare(0, rest.size(), rest) == 0;
}

bool enter_namespace(const std::string& name) {
    const mo::Fd fd(open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || setns(fd.get(), CLONE_NEWNET) < 0) {
        std::cerr << "Error: network namespace \"" << name << "\": " << std::strerror(errno)
                  << ".\n";
        return false;
    }
    return true;
}

int run(const std::vector<std::string>& words) {
    Options options;
    std::size_t at = 0;
    for (; at < words.size() && words[at].size() > 1 && words[at][0] == '-'; ++at) {
        const auto& word = words[at];
        if (is_option(word, 'h', "help")) {
            std::cout << help_text();
            return static_cast<int>(Exit::ok);
        }
        if (word == "-V" || is_option(word, 'V', "Version") || word == "--version") {
            std::cout << "ofctl " OFCTL_VERSION "\n";
            return static_cast<int>(Exit::ok);
        }
        if (word == "--man-page") {
            std::cout << man_page();
            return static_cast<int>(Exit::ok);
        }
        if (word == "--bash-completion") {
            std::cout << bash_completion();
            return static_cast<int>(Exit::ok);
        }
        if (is_option(word, 'n', "netns")) {
            if (++at == words.size()) {
                return static_cast<int>(usage_error("option " + word + " needs a name"));
            }
            if (!enter_namespace(words[at])) {
                return static_cast<int>(Exit::kernel);
            }
            continue;
        }
        bool known = false;
        for (const auto& flag : flags) {
            if (is_option(word, flag.letter, flag.name)) {
                options.*flag.member = true;
                known = true;
            }
        }
        if (!known && word[1] != '-' && word.size() > 2) {
            // Letters together, as in -jp.
            known = true;
            for (const char letter : word.substr(1)) {
                bool one = false;
                for (const auto& flag : flags) {
                    if (flag.letter == letter) {
                        options.*flag.member = true;
                        one = true;
                    }
                }
                known = known && one;
            }
        }
        if (!known) {
            return static_cast<int>(
                usage_error("option \"" + word + "\" is not known; try \"ofctl -help\""));
        }
    }
    Client client;
    Context context{options, client};
    const auto exit = dispatch(context, Arguments(words).subspan(at));
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
        std::cerr << "Error: " << error.what() << ".\n";
        return static_cast<int>(Exit::kernel);
    }
}
