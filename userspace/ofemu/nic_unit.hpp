// SPDX-License-Identifier: GPL-2.0-or-later
// NicUnit: a NIC with all that belongs to it: PCIe function and core, ethernet block, management
// core, optical port, and the server of its socket.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "config.hpp"
#include "engine/engine.hpp"
#include "nic/eth/eth_block.hpp"
#include "nic/ideal_core.hpp"
#include "nic/nic.hpp"
#include "nic/port/mac.hpp"
#include "nic/rdma/rdma_block.hpp"
#include "nic/soc_core.hpp"
#include "node.hpp"
#include "optics/port.hpp"
#include "vfio_user/server.hpp"

namespace mo::ofemu {

extern const NodeKind nic_kind;

struct NicEntry final : NodeEntry {
    NicEntry() : NodeEntry(nic_kind) {}

    std::string socket; ///< of its vfio-user server
    std::array<std::uint8_t, 6> mac{};
    std::string serial;
    std::string board;                      ///< a name that nic::find_board() knows
    std::uint16_t vectors = MO_MAX_VECTORS; ///< entries of its MSI-X table
    bool ideal_port = false;                ///< port: ideal

    [[nodiscard]] bool ideal() const override { return ideal_port; }
};

class NicUnit final : public Node {
  public:
    /// Powers the NIC on; `rom` is the boot ROM's image, empty for the built-in one. FatalError
    /// when its flash or ROM cannot be used.
    NicUnit(const Config& config, const NicEntry& entry, std::vector<std::uint8_t> rom,
            engine::Engine& engine);
    NicUnit(const NicUnit&) = delete;
    NicUnit& operator=(const NicUnit&) = delete;
    ~NicUnit() override;

    /// Listens on the NIC's socket; clients are served from start() on.
    Result<void> listen();

    // Node
    [[nodiscard]] const NicEntry& entry() const noexcept override { return entry_; }
    Result<void> join(unsigned port, LinkUnit& link, fabric::End end) override;
    void leave() override;
    void start() override;
    void stop() override;
    [[nodiscard]] Json describe(std::uint64_t now_ns) override;
    [[nodiscard]] Json counters() override;
    [[nodiscard]] Json early_counters() override;

    [[nodiscard]] nic::Nic& nic() noexcept { return nic_; }
    [[nodiscard]] nic::Mac& mac() noexcept { return mac_; }
    [[nodiscard]] nic::eth::EthBlock& eth() noexcept { return eth_; }
    [[nodiscard]] nic::rdma::RdmaBlock& rdma() noexcept { return rdma_; }
    /// What an ideal port has not; nullptr.
    [[nodiscard]] optics::Port* optical_port() noexcept { return full_ ? &full_->port : nullptr; }
    /// Precondition of both: not entry().ideal().
    [[nodiscard]] optics::Port& port() noexcept { return full_->port; }
    [[nodiscard]] mgmt::Soc& soc() noexcept { return full_->core.soc(); }
    [[nodiscard]] const vfio_user::Server* server() const noexcept { return server_.get(); }

    /// Plugs a module of the board's kind, or pulls it. False: it is so already. With the engine
    /// paused. Precondition: not entry().ideal().
    bool plug_module(bool plugged, std::uint64_t now_ns);

  private:
    /// A port with all that is behind one: firmware on its core, module, lanes.
    struct FullPort {
        FullPort(const Config& config, const NicEntry& entry, std::vector<std::uint8_t> rom,
                 nic::Nic& nic);
        optics::Port port;
        nic::SocCore core;
    };

    [[nodiscard]] mgmt::SensorValues sensors(std::uint64_t now_ns);

    NicEntry entry_;
    engine::Engine& engine_;
    nic::Nic nic_;
    nic::Mac mac_;
    nic::eth::EthBlock eth_;
    nic::rdma::RdmaBlock rdma_;
    std::optional<FullPort> full_;        // either this
    std::optional<nic::IdealCore> ideal_; // or that
    std::unique_ptr<vfio_user::Server> server_;
    std::uint64_t energy_uj_ = 0;
    std::uint64_t energy_until_ns_ = 0;
};

} // namespace mo::ofemu
