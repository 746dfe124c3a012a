// SPDX-License-Identifier: GPL-2.0-or-later
// NicUnit: a NIC with all that belongs to it: PCIe function and core, ethernet block, management
// core, optical port, and the server of its socket.
#pragma once

#include <memory>
#include <string>

#include "common/result.hpp"
#include "config.hpp"
#include "engine/engine.hpp"
#include "nic/eth/eth_block.hpp"
#include "nic/nic.hpp"
#include "nic/port/mac.hpp"
#include "nic/rdma/rdma_block.hpp"
#include "nic/soc_core.hpp"
#include "optics/port.hpp"
#include "vfio_user/server.hpp"

namespace mo::ofemu {

class NicUnit {
  public:
    /// Powers the NIC on; `rom` is the boot ROM's image, empty for the built-in one. FatalError
    /// when its flash or ROM cannot be used.
    NicUnit(const Config& config, const NicEntry& entry, std::vector<std::uint8_t> rom,
            engine::Engine& engine);
    NicUnit(const NicUnit&) = delete;
    NicUnit& operator=(const NicUnit&) = delete;
    ~NicUnit();

    /// Listens on the NIC's socket; clients are served from start() on.
    Result<void> listen();
    void start();
    void stop();

    [[nodiscard]] const std::string& name() const noexcept { return nic_.name(); }
    [[nodiscard]] nic::Nic& nic() noexcept { return nic_; }
    [[nodiscard]] nic::Mac& mac() noexcept { return mac_; }
    [[nodiscard]] nic::eth::EthBlock& eth() noexcept { return eth_; }
    [[nodiscard]] nic::rdma::RdmaBlock& rdma() noexcept { return rdma_; }
    [[nodiscard]] optics::Port& port() noexcept { return port_; }
    [[nodiscard]] mgmt::Soc& soc() noexcept { return core_.soc(); }
    [[nodiscard]] const vfio_user::Server* server() const noexcept { return server_.get(); }
    [[nodiscard]] const NicEntry& entry() const noexcept { return entry_; }

    /// Plugs a module of the board's kind, or pulls it. False: it is so already. With the engine
    /// paused.
    bool plug_module(bool plugged, std::uint64_t now_ns);

  private:
    [[nodiscard]] mgmt::SensorValues sensors(std::uint64_t now_ns);

    NicEntry entry_;
    engine::Engine& engine_;
    nic::Nic nic_;
    nic::Mac mac_;
    nic::eth::EthBlock eth_;
    nic::rdma::RdmaBlock rdma_;
    optics::Port port_;
    nic::SocCore core_;
    std::unique_ptr<vfio_user::Server> server_;
    std::uint64_t energy_uj_ = 0;
    std::uint64_t energy_until_ns_ = 0;
};

} // namespace mo::ofemu
