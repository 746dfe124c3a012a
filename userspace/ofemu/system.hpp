// SPDX-License-Identifier: GPL-2.0-or-later
// System: everything that a configuration asks for, wired: engine, nodes, links. Owns
// all of it and the order in which it starts and ends.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "config.hpp"
#include "engine/engine.hpp"
#include "link_unit.hpp"
#include "node.hpp"

namespace mo::ofemu {

class System {
  public:
    /// Builds all parts and listens on all sockets; nothing is served yet. Errors name the socket
    /// or the file that cannot be used.
    static Result<std::unique_ptr<System>> create(const Config& config);
    System(const System&) = delete;
    System& operator=(const System&) = delete;
    /// Stops.
    ~System();

    /// Serves clients and runs the engine, until stop(); both are idempotent.
    void start();
    void stop();

    [[nodiscard]] engine::Engine& engine() noexcept { return engine_; }
    [[nodiscard]] const Config& config() const noexcept { return config_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Node>>& nodes() const noexcept {
        return nodes_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<LinkUnit>>& links() const noexcept {
        return links_;
    }
    /// nullptr: there is none of this name.
    [[nodiscard]] Node* find_node(std::string_view name) noexcept;
    [[nodiscard]] LinkUnit* find_link(std::string_view name) noexcept;
    /// A node of a kind. nullptr: there is none of this name and kind.
    template <typename Unit>
    [[nodiscard]] Unit* find(std::string_view name) noexcept {
        return dynamic_cast<Unit*>(find_node(name));
    }

  private:
    explicit System(const Config& config);
    Result<void> build();
    Result<void> connect(LinkUnit& link);

    Config config_;
    engine::RealClock clock_;
    engine::Engine engine_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<LinkUnit>> links_; // ends before what it connects
};

} // namespace mo::ofemu
