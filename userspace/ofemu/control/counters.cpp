// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/counters.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "engine/host.hpp"
#include "system.hpp"

namespace mo::control {

Json collect_counters(ofemu::System& system) {
    const engine::EngineCounters& scheduling = system.engine().counters();
    Json engine = Json::object();
    engine.set("rounds", scheduling.rounds.value()).set("sleeps", scheduling.sleeps.value());
    engine.set("served", scheduling.served.value());
    engine.set("wakeups", scheduling.wakeups.value()).set("rescued", scheduling.rescued.value());
    engine.set("stalls", scheduling.stalls.value());
    Json out = Json::object();
    out.set("engine", std::move(engine));
    std::vector<Json> of_nodes;
    for (const auto& node : system.nodes()) {
        of_nodes.push_back(node->early_counters());
    }
    const engine::EnginePause pause(system.engine());
    for (const ofemu::NodeKind* const kind : ofemu::node_kinds()) {
        Json section = Json::object();
        for (std::size_t i = 0; i < of_nodes.size(); ++i) {
            ofemu::Node& node = *system.nodes()[i];
            if (&node.kind() != kind) {
                continue;
            }
            const Json late = node.counters();
            for (const auto& [name, value, show] : *late.as_object()) {
                of_nodes[i].set(name, value, show);
            }
            section.set(node.name(), std::move(of_nodes[i]));
        }
        out.set(kind->section, std::move(section));
    }
    Json links = Json::object();
    for (const auto& link : system.links()) {
        links.set(link->name(), link->counters());
    }
    out.set("links", std::move(links));
    return out;
}

Json subtract(const Json& now, const Json& base) {
    if (const Json::Object* const members = now.as_object(); members != nullptr) {
        Json out = Json::object();
        for (const auto& [name, value, show] : *members) {
            const Json* const before = base.find(name);
            out.set(name, before != nullptr ? subtract(value, *before) : value, show);
        }
        return out;
    }
    if (now.is_number() && base.is_number()) {
        return Json(now.integer() - base.integer());
    }
    return now;
}

} // namespace mo::control
