// SPDX-License-Identifier: GPL-2.0-or-later
// Help, completion and manual page, all made from the table of verbs.
#include <algorithm>

#include "ofctl/command_line.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {

namespace {

/// Text for man(7): a leading dot or quote would be a macro, a dash would be a hyphen.
std::string man_text(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '-') {
            out += "\\-";
        } else if (c == '\\') {
            out += "\\e";
        } else {
            out += c;
        }
    }
    return out;
}

/// The line that completes what a verb takes behind the name; names are completed for all alike.
std::string verb_completion(const Verb& verb) {
    std::string words;
    for (const auto& keyword : verb.keywords) {
        if (keyword.listed) {
            words += (words.empty() ? "" : " ") + std::string(keyword.word);
        }
    }
    if (words.empty()) {
        return {};
    }
    const std::string command = verb.command[0] != '\0' ? " " + std::string(verb.command) : "";
    return "    '" + (verb.object + command) + (verb.name != nullptr ? " " : "") + "'*) reply='" +
           words + "' ;;\n";
}

} // namespace

std::vector<std::string> objects() {
    std::vector<std::string> names;
    for (const auto& verb : verbs()) {
        if (names.empty() || names.back() != verb.object) {
            names.emplace_back(verb.object);
        }
    }
    return names;
}

std::string arguments_of(const Verb& verb) {
    std::string text;
    if (verb.name != nullptr) {
        text = verb.needs_name ? std::string(verb.name) : "[" + std::string(verb.name) + "]";
    }
    const Keyword* before = nullptr;
    for (const auto& keyword : verb.keywords) {
        if (!keyword.listed) {
            continue;
        }
        // Words without a value that set the same are a choice.
        if (before != nullptr && before->sets != nullptr && keyword.sets != nullptr &&
            keyword.value == nullptr && std::string_view(before->sets) == keyword.sets) {
            text.back() = '|';
        } else {
            text += text.empty() ? "[" : " [";
        }
        text += keyword.word;
        text += keyword.value != nullptr ? " " + std::string(keyword.value) : "";
        text += ']';
        before = &keyword;
    }
    return text;
}

std::string usage_of(const Verb& verb) {
    std::string text = "ofctl " + std::string(verb.object);
    if (verb.command[0] != '\0') {
        text += " " + std::string(verb.command);
    }
    return text + " " + arguments_of(verb);
}

std::string help_text(std::string_view object) {
    std::string text;
    if (object.empty()) {
        text = "Usage: ofctl [OPTIONS] OBJECT { COMMAND | help } [OPTIONS]\n\n"
               "Shows and sets the optical links of mesh_optical NICs.\n\nObjects and commands:\n";
    }
    for (const auto& verb : verbs()) {
        if (object.empty() || object == verb.object) {
            text += "  " + usage_of(verb) + "\n      " + verb.text + "\n";
        }
    }
    if (object.empty()) {
        text += "\nOptions:\n";
        for (const auto& option : option_help()) {
            std::string names = option.names;
            names.resize(18, ' ');
            text += "  " + names + option.text + "\n";
        }
        text += "\n"
                "DEV is a devlink handle such as pci/0000:01:00.0, IF an interface name.\n"
                "Objects, commands and long options may be abbreviated, short options put\n"
                "together (-js). Lanes count from 0.\n"
                "Exit status: 0 done, 1 wrong command line, 2 the kernel or the device\n"
                "refused, 3 only a part could be read.\n";
    }
    return text;
}

std::string bash_completion() {
    std::string text = "# bash completion for ofctl\n_ofctl() {\n"
                       "    local cur=${COMP_WORDS[COMP_CWORD]} words=() word previous=\n"
                       "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                       "        case $previous in -n|--netns) previous=; continue;; esac\n"
                       "        previous=$word\n"
                       "        [[ $word == -* ]] || words+=(\"$word\")\n    done\n"
                       "    local reply=\n    case \"${words[*]}\" in\n";
    text += "    '') reply='";
    for (const auto& object : objects()) {
        text += object + " ";
    }
    text += "help' ;;\n";
    for (const auto& object : objects()) {
        std::string commands;
        for (const auto& verb : verbs()) {
            if (object == verb.object && verb.command[0] != '\0') {
                commands += std::string(verb.command) + " ";
            }
        }
        if (!commands.empty()) {
            text.append("    ").append(object).append(") reply='").append(commands);
            text += "help' ;;\n";
        }
    }
    for (const auto& verb : verbs()) {
        text += verb_completion(verb);
    }
    text += "    'dev show'|'fw show')\n"
            "        reply=$(ofctl -j dev show 2>/dev/null | "
            "grep -o '\"dev\":\"[^\"]*' | cut -d'\"' -f4) ;;\n"
            "    *) reply=$(ofctl -j port show 2>/dev/null | "
            "grep -o '\"ifname\":\"[^\"]*' | cut -d'\"' -f4) ;;\n"
            "    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$reply\" -- \"$cur\")\n}\n"
            "complete -F _ofctl ofctl\n";
    return text;
}

std::string man_page() {
    std::string text = ".TH OFCTL 8\n.SH NAME\nofctl \\- show and set the optical links of "
                       "mesh_optical NICs\n.SH SYNOPSIS\n.B ofctl\n[\\fIOPTIONS\\fR] "
                       "\\fIOBJECT\\fR { \\fICOMMAND\\fR | help }\n.SH COMMANDS\n";
    for (const auto& verb : verbs()) {
        text += ".TP\n.B " + man_text(usage_of(verb)) + "\n" + man_text(verb.text) + ".\n";
    }
    text +=
        ".PP\n\\fIDEV\\fR is a devlink handle such as pci/0000:01:00.0, \\fIIF\\fR an "
        "interface name. Objects, commands and long options may be abbreviated, short options put "
        "together. Options may stand anywhere; -- ends them. Lanes count from 0; "
        "what CMIS calls lane 1 is lane 0.\n.SH OPTIONS\n";
    for (const auto& option : option_help()) {
        text += ".TP\n.B " + man_text(option.names) + "\n" + man_text(option.text) + ".\n";
    }
    text += ".SH JSON\nThe output is one array. Each element has the key schema_version. Units are "
            "part of the keys, numbers are raw, a key that is absent means that the value is "
            "unknown.\n.SH EXIT STATUS\n0 done; 1 the command line is wrong; 2 the kernel or the "
            "device refused, or there is no such thing; 3 only a part could be read.\n"
            ".SH EXAMPLES\n.nf\nofctl port show\nofctl \\-j lane show | jq "
            "\\(aq.[].lanes[] | select(.state != \"up\")\\(aq\n"
            "ofctl port set ens3 speed 400G fec rs up\n.fi\n"
            ".SH SEE ALSO\n.BR ip (8),\n.BR devlink (8),\n.BR ethtool (8)\n";
    return text;
}

} // namespace mo::ofctl
