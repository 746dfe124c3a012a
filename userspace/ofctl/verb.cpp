// SPDX-License-Identifier: GPL-2.0-or-later
#include "ofctl/verb.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iostream>

#include "common/utf8.hpp"
#include "ofctl/schema.hpp"

namespace mo::ofctl {

namespace {

constexpr std::array port_words = {
    Keyword{"up", nullptr, "admin"},
    Keyword{"down", nullptr, "admin"},
    Keyword{"admin", "up|down", "admin", false},
    Keyword{"speed", "MBPS|100G.."},
    Keyword{"lanes", "N"},
    Keyword{"fec", "auto|off|rs|baser|llrs"},
};
constexpr std::array lane_words = {Keyword{"lane", "N"}};
constexpr std::array history_words = {Keyword{"last", "N"}};
constexpr std::array monitor_words = {Keyword{"all"}, Keyword{"dev"}, Keyword{"port"},
                                      Keyword{"lane"}, Keyword{"fw"}};

constexpr std::array table = {
    Verb{"dev",
         "show",
         "NICs: driver, board, firmware versions, health",
         "DEV",
         false,
         {},
         dev_show,
         true},
    Verb{"port",
         "show",
         "ports: link, reason, speed, FEC; -s adds counters",
         "IF",
         false,
         {},
         port_show,
         true},
    Verb{"port", "set", "change a port; all of it or nothing", "IF", true, port_words, port_set},
    Verb{"lane", "show", "lanes: light, bias, SNR, BER, alarms", "IF", false, lane_words, lane_show,
         true},
    Verb{"module",
         "show",
         "optical module: identity, state, monitors; -d adds limits",
         "IF",
         false,
         {},
         module_show,
         true},
    Verb{"fw",
         "show",
         "management firmware: running and stored versions, health",
         "DEV",
         false,
         {},
         fw_show,
         true},
    Verb{"history", "show", "flight recorder: what the link did and why", "IF", false,
         history_words, history_show, true},
    Verb{"monitor", "", "print events as they happen", nullptr, false, monitor_words, monitor,
         true},
};

/// The one name that `word` abbreviates; an exact match wins over longer names.
std::vector<std::string> matches(const std::vector<std::string>& names, const std::string& word) {
    std::vector<std::string> found;
    for (const auto& name : names) {
        if (name == word) {
            return {name};
        }
        if (!word.empty() && name.compare(0, word.size(), word) == 0) {
            found.push_back(name);
        }
    }
    return found;
}

/// What a keyword is about.
std::string_view subject_of(const Keyword& keyword) {
    return keyword.sets != nullptr ? keyword.sets : keyword.word;
}

const Keyword* find_keyword(std::span<const Keyword> keywords, std::string_view word) {
    const auto found = std::find_if(keywords.begin(), keywords.end(),
                                    [word](const Keyword& k) { return k.word == word; });
    return found != keywords.end() ? &*found : nullptr;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

} // namespace

std::span<const Verb> verbs() {
    return table;
}

Exit usage_error(const std::string& text) {
    std::cerr << "Error: " << utf8::printable(text) << ".\n";
    return Exit::usage;
}

Exit report(const KernelError& error, const std::string& subject) {
    std::string text = error.text;
    if (text.empty()) {
        text = std::strerror(error.code);
    }
    if (text.back() == '.') {
        text.pop_back();
    }
    std::cerr << "Error: " << utf8::printable((subject.empty() ? "" : subject + ": ") + text)
              << ".\n";
    if (error.kernel) {
        std::cerr << "kernel answers: " << std::strerror(error.code) << "\n";
    }
    if (error.kernel && (error.code == EPERM || error.code == EACCES)) {
        std::cerr << "This needs the capability CAP_NET_ADMIN: run it as root.\n";
    }
    return Exit::kernel;
}

void print(const Context& context, Json::Array items) {
    const Json list(std::move(items));
    if (context.options.json) {
        std::cout << list.dump(context.options.pretty) << "\n";
    } else {
        std::cout << to_text(list, context.options);
    }
}

Exit dispatch(Context& context, Arguments words) {
    if (words.empty()) {
        std::cerr << help_text();
        return Exit::usage;
    }
    if (words[0] == "help") {
        std::cout << help_text();
        return Exit::ok;
    }
    const auto object = matches(objects(), words[0]);
    if (object.size() != 1) {
        return usage_error(object.empty()
                               ? "object \"" + words[0] + "\" is not known; try \"ofctl help\""
                               : "object \"" + words[0] + "\" is ambiguous: " + joined(object));
    }
    std::vector<const Verb*> candidates;
    std::vector<std::string> names;
    for (const auto& verb : table) {
        if (object[0] == verb.object) {
            candidates.push_back(&verb);
            names.emplace_back(verb.command);
        }
    }
    auto rest = words.subspan(1);
    const Verb* chosen = nullptr;
    if (!rest.empty() && rest[0] == "help") {
        std::cout << help_text(object[0]);
        return Exit::ok;
    }
    if (names.front().empty()) {
        chosen = candidates.front(); // an object without commands
    } else if (rest.empty()) {
        chosen = *std::find_if(candidates.begin(), candidates.end(),
                               [](const Verb* verb) { return verb->is_default; });
    } else {
        const auto command = matches(names, rest[0]);
        if (command.size() != 1) {
            return usage_error("command \"" + rest[0] + "\" of " + object[0] +
                               (command.empty() ? " is not known; there is " + joined(names)
                                                : " is ambiguous: " + joined(command)));
        }
        const auto at = std::find(names.begin(), names.end(), command[0]) - names.begin();
        chosen = candidates[static_cast<std::size_t>(at)];
        rest = rest.subspan(1);
    }
    const auto given = read_words(*chosen, rest);
    return given ? chosen->run(context, *given) : usage_error(given.error().text);
}

const std::string* Words::find(std::string_view sets) const {
    const auto found = std::find_if(given_.begin(), given_.end(), [sets](const Given& given) {
        return subject_of(*given.keyword) == sets;
    });
    return found != given_.end() ? found->value : nullptr;
}

Result<std::optional<std::uint32_t>> Words::number(std::string_view sets) const {
    const std::string* const text = find(sets);
    if (text == nullptr) {
        return std::optional<std::uint32_t>();
    }
    std::uint32_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [rest, status] = std::from_chars(text->data(), end, number);
    if (status != std::errc{} || rest != end) {
        return fail(EINVAL, "\"" + std::string(sets) + "\" needs a number");
    }
    return std::optional(number);
}

Result<Words> read_words(const Verb& verb, Arguments arguments) {
    const std::string* name = nullptr;
    std::vector<Words::Given> given;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& word = arguments[i];
        // Where a name is needed it comes first, and may be any word.
        const auto* const keyword =
            verb.needs_name && i == 0 ? nullptr : find_keyword(verb.keywords, word);
        if (keyword == nullptr) {
            if (verb.name == nullptr || name != nullptr) {
                return fail(EINVAL, "\"" + word + "\" is not known; usage: " + usage_of(verb));
            }
            name = &word;
            continue;
        }
        if (keyword->value != nullptr && ++i == arguments.size()) {
            return fail(EINVAL, "\"" + word + "\" needs a value: " + keyword->value);
        }
        const auto before = std::find_if(given.begin(), given.end(), [&](const auto& other) {
            return subject_of(*other.keyword) == subject_of(*keyword);
        });
        if (before != given.end()) {
            return fail(EINVAL, before->keyword == keyword
                                    ? "\"" + word + "\" is given twice"
                                    : "\"" + word + "\" and \"" + before->keyword->word +
                                          "\" exclude each other");
        }
        given.push_back({keyword, &arguments[i]});
    }
    if (verb.needs_name && (name == nullptr || given.empty())) {
        return fail(EINVAL, "not enough words; usage: " + usage_of(verb));
    }
    return Words(name, std::move(given));
}

bool find_devices(Context& context, const std::string* name, std::vector<Device>& devices,
                  Exit& exit) {
    auto found = context.client.devices();
    if (!found) {
        exit = report(found.error());
        return false;
    }
    if (found->empty()) {
        exit = report({ENODEV,
                       "no mesh_optical device; is the module loaded (modprobe "
                       "mesh_optical) and is the NIC there (lspci)",
                       false});
        if (context.options.json) {
            print(context, {});
        }
        return false;
    }
    if (name == nullptr) {
        devices = std::move(*found);
        return true;
    }
    std::vector<std::string> handles;
    for (auto& device : *found) {
        handles.push_back(device.handle());
        if (device.handle() == *name || device.name == *name) {
            devices.push_back(std::move(device));
            return true;
        }
    }
    exit = report(
        {ENODEV, "no mesh_optical device \"" + *name + "\"; there is " + joined(handles), false});
    return false;
}

bool find_ports(Context& context, const std::string* name, bool statistics,
                std::vector<Port>& ports, Exit& exit) {
    auto found = context.client.ports(statistics);
    if (!found) {
        exit = report(found.error());
        return false;
    }
    if (found->empty()) {
        exit = report({ENODEV,
                       "no mesh_optical port in this network namespace; is the module loaded "
                       "(modprobe mesh_optical), does its firmware run (ofctl fw show)",
                       false});
        if (context.options.json) {
            print(context, {});
        }
        return false;
    }
    if (name == nullptr) {
        ports = std::move(*found);
        return true;
    }
    std::vector<std::string> names;
    for (auto& port : *found) {
        names.push_back(port.ifname);
        if (port.ifname == *name) {
            ports.push_back(std::move(port));
            return true;
        }
    }
    exit = report(
        {ENODEV, "no mesh_optical port \"" + *name + "\"; there is " + joined(names), false});
    return false;
}

Exit show_ports(Context& context, const std::string* name, bool statistics,
                const std::function<Answer<Json>(const Port& port)>& read) {
    std::vector<Port> ports;
    Exit exit = Exit::ok;
    if (!find_ports(context, name, statistics, ports, exit)) {
        return exit;
    }
    Json::Array items;
    for (const auto& port : ports) {
        static constexpr const char* gone = "its device is gone or being reset; see the kernel log";
        auto item = port.present ? read(port) : Answer<Json>(refuse(ENODEV, gone));
        if (item) {
            items.push_back(std::move(*item));
        } else {
            exit = report(item.error(), port.ifname);
        }
    }
    const bool some = !items.empty() && items.size() < ports.size();
    print(context, std::move(items));
    return some ? Exit::partial : exit;
}

Exit show_devices(Context& context, const std::string* name,
                  const std::function<Json(const Device& device)>& describe) {
    std::vector<Device> devices;
    Exit exit = Exit::ok;
    if (!find_devices(context, name, devices, exit)) {
        return exit;
    }
    Json::Array items;
    for (const auto& device : devices) {
        items.push_back(describe(device));
    }
    print(context, std::move(items));
    return exit;
}

ObjectBuilder identified(const char* key, const std::string& name) {
    ObjectBuilder item;
    item.add(key, name).add("schema_version", schema_version, {.where = Show::Where::json_only});
    return item;
}

} // namespace mo::ofctl
