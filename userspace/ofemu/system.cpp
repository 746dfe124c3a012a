// SPDX-License-Identifier: GPL-2.0-or-later
#include "system.hpp"

namespace mo::ofemu {

namespace {

constexpr std::uint64_t ns_per_us = 1000;

nic::NicConfig nic_config(const Config& config, const NicEntry& entry) {
    nic::NicConfig out;
    out.name = entry.name;
    out.mac = entry.mac;
    out.serial = entry.serial;
    out.board = nic::find_board(entry.board);
    out.vectors = config.vectors;
    if (!config.shadow_db) {
        out.features &= ~std::uint64_t{hw::MO_F_SHADOW_DB};
    }
    return out;
}

} // namespace

System::System(const Config& config)
    : config_(config), engine_(clock_, config.spin_us ? *config.spin_us * ns_per_us
                                                      : nic::Engine::default_spin_ns) {}

System::~System() { stop(); }

Result<std::unique_ptr<System>> System::create(const Config& config) {
    std::unique_ptr<System> system(new System(config));
    const auto built = system->build();
    if (!built) {
        return Unexpected{built.error()};
    }
    return system;
}

Result<void> System::build() {
    for (const NicEntry& entry : config_.nics) {
        NicUnit unit;
        unit.nic = std::make_unique<nic::Nic>(nic_config(config_, entry), engine_);
        engine_.add(*unit.nic);
        auto server = vfio_user::Server::listen(entry.socket, unit.nic->function());
        if (!server) {
            return Unexpected{server.error()};
        }
        unit.server = std::move(*server);
        nics_.push_back(std::move(unit));
    }
    return {};
}

void System::start() {
    engine_.start();
    for (NicUnit& unit : nics_) {
        unit.server->start();
    }
}

void System::stop() {
    for (NicUnit& unit : nics_) {
        if (unit.server != nullptr) {
            unit.server->stop();
        }
    }
    engine_.stop();
}

NicUnit* System::find_nic(std::string_view name) noexcept {
    for (NicUnit& unit : nics_) {
        if (unit.nic->name() == name) {
            return &unit;
        }
    }
    return nullptr;
}

} // namespace mo::ofemu
