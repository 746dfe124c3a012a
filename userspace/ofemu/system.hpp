// SPDX-License-Identifier: GPL-2.0-or-later
// System: everything that a configuration asks for, wired: engine, NICs, links, and a vfio-user
// server for each NIC. Owns all of it and the order in which it starts and ends.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "config.hpp"
#include "nic/engine.hpp"
#include "nic/nic.hpp"
#include "vfio_user/server.hpp"

namespace mo::ofemu {

/// A NIC with its parts and its server.
struct NicUnit {
    std::unique_ptr<nic::Nic> nic;
    std::unique_ptr<vfio_user::Server> server;
};

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

    [[nodiscard]] nic::Engine& engine() noexcept { return engine_; }
    [[nodiscard]] const Config& config() const noexcept { return config_; }
    [[nodiscard]] std::vector<NicUnit>& nics() noexcept { return nics_; }
    /// nullptr: no NIC of this name.
    [[nodiscard]] NicUnit* find_nic(std::string_view name) noexcept;

  private:
    explicit System(const Config& config);
    Result<void> build();

    Config config_;
    nic::RealClock clock_;
    nic::Engine engine_;
    std::vector<NicUnit> nics_;
};

} // namespace mo::ofemu
