// SPDX-License-Identifier: GPL-2.0-or-later
// The graph of a configuration: nodes of several kinds, which have ports, and links between two
// ports each. All that is known of a kind is in its NodeKind and in its Node, so that a new kind is
// new files and a row in node_kinds.cpp: Documentation/dev/add-a-kind-of-node.rst.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "common/result.hpp"
#include "fabric/link.hpp"

namespace YAML {
class Node;
}
namespace mo::engine {
class Engine;
}

namespace mo::ofemu {

class LinkUnit;
class Node;
struct Config;
struct NodeKind;
namespace yaml {
class Used;
}

/// What a configuration says of a node. Each kind has its own.
struct NodeEntry {
    explicit NodeEntry(const NodeKind& its_kind) : kind(&its_kind) {}
    NodeEntry(const NodeEntry&) = default;
    NodeEntry& operator=(const NodeEntry&) = default;
    virtual ~NodeEntry() = default;

    /// How many links may end here.
    [[nodiscard]] virtual unsigned ports() const { return 1; }
    /// Its ports have no optics; both ends of a link have them, or none has.
    [[nodiscard]] virtual bool ideal() const { return false; }

    const NodeKind* kind;
    std::string name; ///< among all nodes
};

/// A port of a node, as a link's end names it.
struct PortRef {
    std::string node;
    unsigned port = 0;
};

/// What nodes are built with; outlives them.
struct Workshop {
    const Config& config;
    engine::Engine& engine;
    std::vector<std::uint8_t> rom; ///< boot ROM of management cores; empty: the built-in one
};

/// A kind of node.
struct NodeKind {
    using Entries = std::vector<std::shared_ptr<NodeEntry>>;

    const char* section; ///< key of its list in a configuration and in answers
    const char* noun;    ///< "NIC"
    bool wanted;         ///< a configuration has at least one
    /// Reads an entry of the list; throws a yaml::Mistake.
    std::shared_ptr<NodeEntry> (*parse)(const YAML::Node& node, yaml::Used& used);
    /// Fills in what the file has left out, once all entries of the kind are read. May be nullptr.
    void (*complete)(const Entries& entries, yaml::Used& used);
    /// Builds a node, which listens on its sockets but serves nobody yet. Errors name the socket or
    /// file.
    Result<std::unique_ptr<Node>> (*build)(Workshop& workshop, const NodeEntry& entry);
};

/// All kinds, in the order in which nodes are built and shown.
[[nodiscard]] std::span<const NodeKind* const> node_kinds();

class Node {
  public:
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    virtual ~Node() = default;

    [[nodiscard]] virtual const NodeEntry& entry() const noexcept = 0;
    [[nodiscard]] const std::string& name() const noexcept { return entry().name; }
    [[nodiscard]] const NodeKind& kind() const noexcept { return *entry().kind; }

    /// Puts an end of a link, which outlives its use here, into a port below entry().ports().
    virtual Result<void> join(unsigned port, LinkUnit& link, fabric::End end) = 0;
    /// All links end now, before the node does.
    virtual void leave() {}

    /// Serves clients, until stop(); both are idempotent.
    virtual void start() {}
    virtual void stop() {}

    /// What it is and what state it is in, with its name. With the engine paused.
    [[nodiscard]] virtual Json describe(std::uint64_t now_ns) = 0;
    /// All that it counts, as numbers by name, but for early_counters(). With the engine paused.
    [[nodiscard]] virtual Json counters() = 0;
    /// What it counts and can be read only while the engine is not paused: where whoever counts
    /// may wait for the engine.
    [[nodiscard]] virtual Json early_counters() { return Json::object(); }
};

} // namespace mo::ofemu
