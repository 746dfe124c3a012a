// SPDX-License-Identifier: GPL-2.0-or-later
// System: everything that a configuration asks for, wired: engine, NICs, foreign peers, links. Owns
// all of it and the order in which it starts and ends.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "config.hpp"
#include "engine/engine.hpp"
#include "foreign_unit.hpp"
#include "link_unit.hpp"
#include "nic_unit.hpp"

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
    [[nodiscard]] const std::vector<std::unique_ptr<NicUnit>>& nics() const noexcept {
        return nics_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<LinkUnit>>& links() const noexcept {
        return links_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<ForeignUnit>>& foreign() const noexcept {
        return foreign_;
    }
    /// nullptr: there is none of this name.
    [[nodiscard]] NicUnit* find_nic(std::string_view name) noexcept;
    [[nodiscard]] LinkUnit* find_link(std::string_view name) noexcept;

  private:
    explicit System(const Config& config);
    Result<void> build();
    Result<void> connect(LinkUnit& link);

    Config config_;
    engine::RealClock clock_;
    engine::Engine engine_;
    std::vector<std::unique_ptr<NicUnit>> nics_;
    std::vector<std::unique_ptr<ForeignUnit>> foreign_;
    std::vector<std::unique_ptr<LinkUnit>> links_; // ends before what it connects
};

} // namespace mo::ofemu
