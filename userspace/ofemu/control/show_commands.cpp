// SPDX-License-Identifier: GPL-2.0-or-later
// Commands that show: nodes, links, counters.
#include <algorithm>
#include <array>
#include <cerrno>

#include "control/command.hpp"
#include "control/counters.hpp"
#include "engine/host.hpp"
#include "system.hpp"

namespace mo::control {

namespace {

using engine::EnginePause;

/// The units that `belongs` names, or the one of that name.
template <typename Units, typename Belongs>
Json list(const Units& units, const std::optional<std::string>& name, std::uint64_t now_ns,
          Belongs&& belongs) {
    Json out = Json::array();
    for (const auto& unit : units) {
        if (belongs(*unit) && (!name || unit->name() == *name)) {
            out.push(unit->describe(now_ns));
        }
    }
    return out;
}

/// How one thing of a section is called.
std::string noun_of(const std::string& section) {
    for (const ofemu::NodeKind* const kind : ofemu::node_kinds()) {
        if (section == kind->section) {
            return kind->noun;
        }
    }
    return section == "links" ? "link" : "node or link";
}

/// What can be shown with names: each kind of node, and links.
std::vector<std::string> sections() {
    std::vector<std::string> names;
    for (const ofemu::NodeKind* const kind : ofemu::node_kinds()) {
        names.emplace_back(kind->section);
    }
    names.emplace_back("links");
    return names;
}

Result<Json> show_counters(Context& context, const std::optional<std::string>& name) {
    Json all = subtract(collect_counters(context.system), context.counters_base);
    if (!name) {
        return all;
    }
    for (const std::string& section : sections()) {
        if (const Json* const found = all.find(section)->find(*name); found != nullptr) {
            return *found;
        }
    }
    return fail(ENOENT, "there is no node or link \"" + *name + "\"");
}

Result<Json> show(Context& context, Arguments& arguments) {
    const std::string what = arguments.optional_word().value_or("all");
    const std::optional<std::string> name = arguments.optional_word();
    const std::vector<std::string> known = sections();
    if (what != "all" && what != "counters" && std::ranges::find(known, what) == known.end()) {
        std::string words;
        for (const std::string& word : known) {
            words += (words.empty() ? "" : ", ") + word;
        }
        arguments.reject("can show " + words + " or counters, not \"" + what + "\"");
    }
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    if (what == "counters") {
        return show_counters(context, name);
    }
    Json out = Json::object();
    bool found = !name;
    const auto put = [&](const std::string& section, Json units) {
        // With a name only what has it; a whole section also when nothing is in it.
        const bool any = !units.as_array()->empty();
        if (any || !name) {
            out.set(section, std::move(units));
        }
        found |= any;
    };
    const EnginePause pause(context.system.engine());
    const std::uint64_t now_ns = context.system.engine().now_ns();
    for (const ofemu::NodeKind* const kind : ofemu::node_kinds()) {
        if (what == "all" || what == kind->section) {
            put(kind->section,
                list(context.system.nodes(), name, now_ns,
                     [kind](const ofemu::Node& node) { return &node.kind() == kind; }));
        }
    }
    if (what == "all" || what == "links") {
        put("links", list(context.system.links(), name, now_ns,
                          [](const ofemu::LinkUnit& /*link*/) { return true; }));
    }
    if (!found) {
        return fail(ENOENT, "there is no " + noun_of(what) + " \"" + *name + "\"");
    }
    if (what == "all" && !name) {
        Json engine = Json::object();
        constexpr std::uint64_t ns_per_us = 1000;
        engine.set("spin_us", context.system.engine().spin_ns() / ns_per_us);
        engine.set("idle_poll_us", context.system.engine().idle_poll().hold_ns() / ns_per_us);
        engine.set("time_ns", now_ns);
        out.set("engine", std::move(engine));
    }
    return out;
}

Result<Json> reset_counters(Context& context, Arguments& arguments) {
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    context.counters_base = collect_counters(context.system);
    return Json::object();
}

constexpr std::array commands{
    Command{"show", "[KIND|links|counters] [NAME]",
            "state of nodes (\"nics\", \"foreign\"...), links, or counters", show},
    Command{"reset-counters", "", "count from zero again", reset_counters},
};

} // namespace

std::span<const Command> show_commands() {
    return commands;
}

} // namespace mo::control
