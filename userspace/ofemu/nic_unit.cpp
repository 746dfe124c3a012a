// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic_unit.hpp"

#include <utility>

#include "common/random.hpp"
#include "link_unit.hpp"
#include "optics/cmis_map.hpp"

namespace mo::ofemu {

namespace {

nic::NicConfig nic_config(const Config& config, const NicEntry& entry) {
    nic::NicConfig out;
    out.name = entry.name;
    out.mac = entry.mac;
    out.serial = entry.serial;
    out.board = nic::find_board(entry.board);
    out.vectors = entry.vectors;
    out.ideal_port = entry.ideal();
    out.features |= hw::MO_F_GRO_HW; // the ethernet block below coalesces
    out.bytes_always = config.bytes_always;
    if (config.rdma) {
        out.features |= hw::MO_F_RDMA;
    }
    if (!config.shadow_db) {
        out.features &= ~std::uint64_t{hw::MO_F_SHADOW_DB};
    }
    return out;
}

nic::rdma::Making making(const nic::NicConfig& config) {
    return config.bytes_always ? nic::rdma::Making::bytes : nic::rdma::Making::lazy;
}

optics::PortConfig port_config(const Config& config, const NicEntry& entry) {
    optics::PortConfig out;
    out.lanes = nic::find_board(entry.board)->lanes;
    out.seed =
        seed_of(config.seed, {reinterpret_cast<const char*>(entry.mac.data()), entry.mac.size()});
    return out;
}

/// The module with as many lanes as the board's cage.
optics::cmis::Identity module_of(const nic::Board& board, const std::string& serial) {
    return board.lanes == 4 ? optics::cmis::dr4_lpo(serial) : optics::cmis::dr8_lpo(serial);
}

mgmt::SocConfig soc_config(const Config& config, const NicEntry& entry,
                           std::vector<std::uint8_t> rom) {
    mgmt::SocConfig out;
    out.rom = std::move(rom);
    out.board = nic::find_board(entry.board)->number;
    if (!config.flash_dir.empty()) {
        out.flash_path = config.flash_dir + "/" + entry.name + ".flash";
    }
    return out;
}

} // namespace

NicUnit::FullPort::FullPort(const Config& config, const NicEntry& entry,
                            std::vector<std::uint8_t> rom, nic::Nic& nic)
    : port(port_config(config, entry)),
      core(soc_config(config, entry, std::move(rom)), nic.mgmt(), port) {}

NicUnit::NicUnit(const Config& config, const NicEntry& entry, std::vector<std::uint8_t> rom,
                 engine::Engine& engine)
    : entry_(entry), engine_(engine), nic_(nic_config(config, entry), engine), mac_(nic_, 0),
      eth_(nic_, mac_), rdma_(nic_, mac_, making(nic_.config())) {
    nic_.attach(eth_, hw::MO_F_ETH);
    nic_.attach(rdma_, hw::MO_F_RDMA);
    if (entry_.ideal()) {
        const nic::Board& board = *nic_.config().board;
        nic_.attach(ideal_.emplace(board.number, board.lanes, nic_.mgmt()));
    } else {
        full_.emplace(config, entry_, std::move(rom), nic_);
        nic_.set_sensors([this](std::uint64_t now_ns) { return sensors(now_ns); });
        (void)plug_module(true, engine_.now_ns());
        nic_.attach(full_->core);
    }
    engine_.add(nic_);
}

NicUnit::~NicUnit() {
    server_.reset();
    engine_.remove(nic_);
}

Result<void> NicUnit::listen() {
    auto server = vfio_user::Server::listen(entry_.socket, nic_.function());
    if (!server) {
        return Unexpected{server.error()};
    }
    server_ = std::move(*server);
    return {};
}

Result<void> NicUnit::join(unsigned /*port*/, LinkUnit& link, fabric::End end) {
    mac_.connect(&link.link(), end);
    if (ideal_) {
        link.connect(end, *ideal_, &nic_.port(0));
    } else {
        link.connect(end, full_->port, &nic_.port(0));
    }
    return {};
}

void NicUnit::leave() {
    mac_.connect(nullptr, fabric::End::a);
}

void NicUnit::start() {
    if (server_ != nullptr) {
        server_->start();
    }
}

void NicUnit::stop() {
    if (server_ != nullptr) {
        server_->stop();
    }
}

bool NicUnit::plug_module(bool plugged, std::uint64_t now_ns) {
    optics::Port& port = full_->port;
    if (port.plugged() == plugged) {
        return false;
    }
    if (!plugged) {
        port.unplug(now_ns);
        return true;
    }
    port.plug(module_of(*nic_.config().board, entry_.serial + "-M"), now_ns);
    return true;
}

mgmt::SensorValues NicUnit::sensors(std::uint64_t now_ns) {
    constexpr double board_w = 11.0; // memory, clocks, converters
    constexpr double ambient_c = 35.0, board_c_per_w = 0.35, asic_c_per_w = 0.9;
    constexpr double milli = 1000.0;
    constexpr std::uint64_t ns_per_ms = 1'000'000; // mW * ms = uJ
    const double watts = board_w + full_->port.power_w(now_ns);
    mgmt::SensorValues values;
    values.temp_board_mc = static_cast<std::int32_t>((ambient_c + watts * board_c_per_w) * milli);
    values.temp_asic_mc = static_cast<std::int32_t>((ambient_c + watts * asic_c_per_w) * milli);
    values.volt_core_mv = 750;
    values.volt_io_mv = 1800;
    values.power_mw = static_cast<std::uint32_t>(watts * milli);
    const std::uint64_t passed_ms = (now_ns - energy_until_ns_) / ns_per_ms;
    energy_uj_ += passed_ms * values.power_mw;
    energy_until_ns_ += passed_ms * ns_per_ms;
    values.energy_uj = energy_uj_;
    return values;
}

} // namespace mo::ofemu
