// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <functional>
#include <sstream>

#include "yaml_reader.hpp"

namespace mo::ofemu {

namespace {

using namespace yaml;

constexpr std::uint32_t longest_poll_us = 1'000'000;

/// Reads the list of a kind. The nodes' names are checked here: all kinds share them.
void parse_nodes(const NodeKind& kind, const YAML::Node& list, Used& used, Config& config) {
    NodeKind::Entries entries;
    each(list, kind.section, [&](const YAML::Node& node) {
        entries.push_back(kind.parse(node, used));
        used.once(node["name"], "name", entries.back()->name);
    });
    if (kind.wanted && entries.empty()) {
        reject(list, std::string(kind.section) + " must name at least one " + kind.noun);
    }
    if (kind.complete != nullptr) {
        kind.complete(entries, used);
    }
    config.nodes.insert(config.nodes.end(), entries.begin(), entries.end());
}

/// The links' ends are ports of nodes, and none is used twice.
void check_ends(const YAML::Node& list, const Config& config, Used& used) {
    std::size_t number = 0;
    each(list, "links", [&](const YAML::Node& node) {
        const LinkEntry& link = config.links[number++];
        std::array<bool, 2> ideal{};
        for (std::size_t i = 0; i < link.ends.size(); ++i) {
            const YAML::Node& shown = node["ends"][i];
            const PortRef& end = link.ends[i];
            const auto found = std::ranges::find_if(
                config.nodes, [&end](const auto& entry) { return entry->name == end.node; });
            if (found == config.nodes.end()) {
                reject(shown, "a link ends at \"" + end.node + "\", but no " +
                                  listed(
                                      node_kinds(), [](const NodeKind* kind) { return kind->noun; },
                                      " or ") +
                                  " has this name");
            }
            if (end.port >= (*found)->ports()) {
                reject(shown, "a link ends at port " + std::to_string(end.port) + " of \"" +
                                  end.node + "\", which has " + std::to_string((*found)->ports()));
            }
            used.once(shown, "end", end.node + ":" + std::to_string(end.port));
            ideal[i] = (*found)->ideal();
        }
        if (ideal[0] != ideal[1]) {
            reject(node["ends"],
                   "link \"" + link.name + "\" joins an ideal port (of \"" +
                       link.ends[ideal[0] ? 0 : 1].node + "\") and an optical one (of \"" +
                       link.ends[ideal[0] ? 1 : 0].node + "\"): both must be of one sort");
        }
        for (const char* const key : {"loss_db", "attenuation_db"}) {
            if (ideal[0] && node[key].IsDefined()) {
                reject(node[key], std::string(key) + " means nothing between ideal ports");
            }
        }
    });
}

Config parse_root(const YAML::Node& root) {
    Config config;
    Used used;
    if (!root.IsDefined() || root.IsNull()) {
        throw Mistake(YAML::Mark(), "the file is empty");
    }
    Handlers handlers{
        {"control",
         [&](const YAML::Node& value) {
             config.control = socket_path(value, "control");
             used.once(value, "socket", config.control);
         }},
        {"spin_us",
         [&](const YAML::Node& value) {
             config.spin_us = number<std::uint32_t>(value, "spin_us", 0, longest_poll_us, " us");
         }},
        {"idle_poll_us",
         [&](const YAML::Node& value) {
             config.idle_poll_us =
                 number<std::uint32_t>(value, "idle_poll_us", 0, longest_poll_us, " us");
         }},
        {"features",
         [&](const YAML::Node& value) {
             walk(value, "features",
                  {{"shadow_db",
                    [&](const YAML::Node& on) { config.shadow_db = boolean(on, "shadow_db"); }},
                   {"rdma", [&](const YAML::Node& on) { config.rdma = boolean(on, "rdma"); }}},
                  {});
         }},
        {"bytes",
         [&](const YAML::Node& value) {
             const std::string text = scalar(value, "bytes");
             if (text != "always" && text != "lazy") {
                 reject(value, "bytes must be always or lazy, not \"" + text + "\"");
             }
             config.bytes_always = text == "always";
         }},
        {"seed",
         [&](const YAML::Node& value) {
             config.seed = number<std::uint64_t>(value, "seed", 0, ~std::uint64_t{0}, "");
         }},
        {"rom", [&](const YAML::Node& value) { config.rom = scalar(value, "rom"); }},
        {"flash_dir",
         [&](const YAML::Node& value) { config.flash_dir = scalar(value, "flash_dir"); }}};
    std::map<std::string, YAML::Node> lists; // read in the order of the kinds, not of the file
    for (const NodeKind* const kind : node_kinds()) {
        handlers[kind->section] = [&, kind](const YAML::Node& value) {
            lists[kind->section] = value;
        };
    }
    handlers["links"] = [&](const YAML::Node& value) { lists["links"] = value; };
    walk(root, "the configuration", handlers, {});
    for (const NodeKind* const kind : node_kinds()) {
        if (const auto list = lists.find(kind->section); list != lists.end()) {
            parse_nodes(*kind, list->second, used, config);
        } else if (kind->wanted) {
            reject(root, std::string("the configuration lacks the key \"") + kind->section + "\"");
        }
    }
    if (const auto list = lists.find("links"); list != lists.end()) {
        each(list->second, "links",
             [&](const YAML::Node& node) { config.links.push_back(parse_link(node, used)); });
        check_ends(list->second, config, used);
    }
    return config;
}

Result<Config> parse_node(const std::function<YAML::Node()>& load, const std::string& name) {
    try {
        return parse_root(load());
    } catch (const Mistake& mistake) {
        return fail(EINVAL, name + ":" + std::to_string(std::max(mistake.line(), 1)) + ": " +
                                mistake.what());
    } catch (const YAML::Exception& error) {
        return fail(EINVAL, name + ":" + std::to_string(std::max(error.mark.line + 1, 1)) + ": " +
                                error.msg);
    }
}

} // namespace

Result<Config> parse_config(const std::string& text, const std::string& name) {
    return parse_node([&text] { return YAML::Load(text); }, name);
}

Result<Config> load_config(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return fail(errno, path);
    }
    std::ostringstream text;
    text << file.rdbuf();
    return parse_config(text.str(), path);
}

} // namespace mo::ofemu
