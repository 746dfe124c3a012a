// SPDX-License-Identifier: GPL-2.0-or-later
#include "ofctl/command_line.hpp"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string_view>

namespace mo::ofctl {

namespace {

using Action = CommandLine::Action;

struct Known {
    int letter; ///< of the short form; above 255: there is none
    const char* name;
    const char* argument; ///< null: takes none
    const char* text;     ///< null: help does not list it
    void (*take)(CommandLine& line, const char* argument);
};

constexpr int first_long_only = 256;
constexpr std::array known = {
    Known{'j', "json", nullptr, "JSON, one array; a key that is absent is unknown",
          [](CommandLine& line, const char*) { line.options.json = true; }},
    Known{'p', "pretty", nullptr, "with -j: line breaks and indentation",
          [](CommandLine& line, const char*) { line.options.pretty = true; }},
    Known{'s', "statistics", nullptr, "add counters",
          [](CommandLine& line, const char*) { line.options.statistics = true; }},
    Known{'d', "details", nullptr, "add details",
          [](CommandLine& line, const char*) { line.options.details = true; }},
    Known{'t', "timestamp", nullptr, "monitor: time in front of each event",
          [](CommandLine& line, const char*) { line.options.timestamps = true; }},
    Known{'n', "netns", "NAME", "work in that network namespace",
          [](CommandLine& line, const char* argument) { line.netns = argument; }},
    Known{'V', "version", nullptr, "version",
          [](CommandLine& line, const char*) { line.action = Action::version; }},
    Known{'h', "help", nullptr, "help",
          [](CommandLine& line, const char*) { line.action = Action::help; }},
    // For the build.
    Known{first_long_only, "man-page", nullptr, nullptr,
          [](CommandLine& line, const char*) { line.action = Action::man_page; }},
    Known{first_long_only + 1, "bash-completion", nullptr, nullptr,
          [](CommandLine& line, const char*) { line.action = Action::bash_completion; }},
};

bool has_letter(const Known& option) {
    return option.letter < first_long_only;
}

const Known* find_letter(int letter) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [letter](const Known& o) { return o.letter == letter; });
    return found != known.end() ? &*found : nullptr;
}

/// The names that begin so; one alone when it is the whole name.
std::vector<std::string> names_like(std::string_view beginning) {
    std::vector<std::string> names;
    for (const auto& option : known) {
        const std::string_view name = option.name;
        if (name == beginning) {
            return {std::string(name)};
        }
        if (!beginning.empty() && name.substr(0, beginning.size()) == beginning) {
            names.emplace_back(name);
        }
    }
    return names;
}

/// iproute2's users write long names with one dash. That counts only where the letters are no
/// options by themselves: -js is -j -s, whatever "json" begins with.
bool is_long_with_one_dash(const std::string& word) {
    if (word.size() <= 2 || word[0] != '-' || word[1] == '-') {
        return false;
    }
    const std::string_view letters = std::string_view(word).substr(1);
    const bool together = std::all_of(letters.begin(), letters.end(), [](char letter) {
        const Known* const option = find_letter(static_cast<unsigned char>(letter));
        return option != nullptr && option->argument == nullptr;
    });
    // "-Version" was that option's name once.
    return !together && (!names_like(letters).empty() || letters == "Version");
}

std::string long_of(const std::string& word) {
    return word == "-Version" ? "--version" : "-" + word;
}

/// What getopt_long() refused: `answer` is what it returned, `word` the last one that it took.
std::string explain(int answer, int letter, const std::string& word) {
    const std::string hint = "; try \"ofctl --help\"";
    if (const Known* const option = find_letter(letter); option != nullptr) {
        return "option \"--" + std::string(option->name) + "\" " +
               (answer == ':' ? "needs a value" : "takes no value") + hint;
    }
    if (letter != 0) {
        return "option \"-" + std::string(1, static_cast<char>(letter)) + "\" is not known" + hint;
    }
    const auto names = names_like(std::string_view(word).substr(2, word.find('=') - 2));
    if (names.size() < 2) {
        return "option \"" + word + "\" is not known" + hint;
    }
    std::string list;
    for (const auto& name : names) {
        list += (list.empty() ? "--" : ", --") + name;
    }
    return "option \"" + word + "\" is ambiguous: " + list;
}

} // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
    std::string letters = ":"; // a missing argument is told apart, and nothing is printed
    std::vector<option> names;
    for (const auto& each : known) {
        if (has_letter(each)) {
            letters += static_cast<char>(each.letter);
            letters += each.argument != nullptr ? ":" : "";
        }
        names.push_back({each.name, each.argument != nullptr ? required_argument : no_argument,
                         nullptr, each.letter});
    }
    names.push_back({});

    std::vector<std::string> words = {"ofctl"};
    bool ended = false;
    for (const auto& word : arguments) {
        ended = ended || word == "--";
        words.push_back(!ended && is_long_with_one_dash(word) ? long_of(word) : word);
    }
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (auto& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const auto count = static_cast<int>(words.size());

    CommandLine line;
    std::map<int, std::string> values; // of the options that take one
    optind = 0; // anew; glibc then sorts words that are no options behind the others
    opterr = 0;
    for (;;) {
        const int letter =
            getopt_long(count, pointers.data(), letters.c_str(), names.data(), nullptr);
        if (letter == -1) {
            break;
        }
        if (letter == '?' || letter == ':') {
            return fail(EINVAL,
                        explain(letter, optopt, pointers[static_cast<std::size_t>(optind - 1)]));
        }
        const Known& option = *find_letter(letter);
        if (option.argument != nullptr) {
            const auto [before, first] = values.emplace(letter, optarg);
            if (!first && before->second != optarg) {
                return fail(EINVAL, "option \"--" + std::string(option.name) +
                                        "\" is given twice: \"" + before->second + "\" and \"" +
                                        optarg + "\"");
            }
        }
        option.take(line, optarg);
    }
    for (int i = optind; i < count; ++i) {
        line.words.emplace_back(pointers[static_cast<std::size_t>(i)]);
    }
    return line;
}

std::vector<OptionHelp> option_help() {
    std::vector<OptionHelp> rows;
    for (const auto& each : known) {
        if (each.text != nullptr) {
            std::string names =
                std::string("-") + static_cast<char>(each.letter) + ", --" + each.name;
            if (each.argument != nullptr) {
                names += std::string(" ") + each.argument;
            }
            rows.push_back({std::move(names), each.text});
        }
    }
    return rows;
}

} // namespace mo::ofctl
