// SPDX-License-Identifier: GPL-2.0-or-later
// MgmtBridge: between the NIC and its management core. Serialises mailbox messages, loads and
// starts firmware, shows the core's state to registers, passes its events and link state on.
//
// Function resets: the core, its firmware and the link are of another domain and go on. Messages of
// the old driver are dropped, answers to them are discarded.
//
// Engine thread only, or with the engine paused; the register values may be read by any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/hw.hpp"
#include "mgmt/soc.hpp"
#include "nic/admin/context.hpp"
#include "nic/mgmt_core.hpp"

namespace mo::nic {

struct NicCounters;

/// What the bridge asks of the NIC.
class MgmtBridgeHost {
  public:
    virtual void complete_admin(const AdminTag& tag, hw::mo_status status, AdminResult result) = 0;
    /// The MAC gate of port 0.
    virtual void mac_gate_changed(bool receive, bool transmit, std::uint32_t speed_mbps) = 0;
    /// State, error, heartbeat: the health area is out of date.
    virtual void health_changed() = 0;
    /// link() has changed.
    virtual void link_changed() = 0;
    /// optics() has changed.
    virtual void optics_changed() = 0;
    virtual mgmt::SensorValues read_sensors(std::uint64_t now_ns) = 0;

  protected:
    ~MgmtBridgeHost() = default;
};

class MgmtBridge final : public mgmt::SocHost {
  public:
    MgmtBridge(std::string name, MgmtBridgeHost& host, DmaAccess& dma, EventSink& events);

    /// The core, which outlives the bridge's use; then power_on().
    void attach(MgmtCore& core) noexcept { core_ = &core; }
    /// Before the core ends, when the NIC is used longer.
    void detach() noexcept { core_ = nullptr; }
    void power_on(std::uint64_t now_ns);

    // Admin commands.
    [[nodiscard]] hw::mo_status load(const hw::mo_cmd_fw_load& body);
    [[nodiscard]] hw::mo_status start(const hw::mo_cmd_fw_start& body, std::uint64_t now_ns);
    [[nodiscard]] AdminAnswer message(const hw::mo_cmd_mgmt& body, const AdminTag& tag);

    /// Hands messages over and lets the core run for at most `max_insns` instructions. True: it
    /// executed some. With `dma_allowed` false messages of the host wait.
    bool poll(std::uint64_t now_ns, std::uint64_t max_insns, bool dma_allowed);
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t now_ns) const;

    /// The function was reset: forgets the messages and the staged image of its driver. The
    /// management domain (core, firmware, link, what the host asked of it) is none of its business.
    void function_reset();

    /// Link state as published last; generation words are not set.
    [[nodiscard]] const hw::mo_link_state& link() const noexcept { return link_; }

    /// Optics as published last, as link(); zero when no firmware has published any.
    [[nodiscard]] const hw::mo_optics& optics() const noexcept { return optics_; }

    // Values of the MGMT registers, any thread.
    [[nodiscard]] std::uint32_t state() const noexcept { return state_.load(relaxed); }
    [[nodiscard]] std::uint32_t error() const noexcept { return error_.load(relaxed); }
    [[nodiscard]] std::uint32_t version() const noexcept { return version_.load(relaxed); }
    [[nodiscard]] std::uint32_t abi() const noexcept { return abi_.load(relaxed); }
    [[nodiscard]] std::uint32_t crash_pc() const noexcept { return crash_pc_.load(relaxed); }
    [[nodiscard]] std::uint32_t crash_cause() const noexcept { return crash_cause_.load(relaxed); }
    [[nodiscard]] std::uint32_t heartbeat() const noexcept { return heartbeat_.load(relaxed); }

    // mgmt::SocHost
    void mgmt_state(hw::mo_mgmt_state state, hw::mo_fw_error error, std::uint64_t now_ns) override;
    void mailbox_done(std::span<const std::uint8_t> response) override;
    void host_event(std::uint8_t type, std::uint8_t code, std::uint16_t data) override;
    void publish_link(std::span<const std::uint8_t> state) override;
    void publish_optics(std::span<const std::uint8_t> block) override;
    void mac_gate(bool receive, bool transmit, std::uint32_t speed_mbps) override;
    void log_char(char c) override;
    mgmt::SensorValues sensors(std::uint64_t now_ns) override;

  private:
    static constexpr auto relaxed = std::memory_order_relaxed;
    static constexpr std::size_t queue_capacity = 1U << MO_ADMIN_MAX_LOG;

    struct Message {
        hw::mo_cmd_mgmt body;
        AdminTag tag;
    };
    /// Whose message the firmware works on.
    enum class Busy : std::uint8_t {
        no,
        host,   ///< the driver's
        orphan, ///< of a driver that was reset away: the answer is discarded
    };

    void submit_next(bool dma_allowed);
    bool submit(const Message& message);
    void finish(const AdminTag& tag, hw::mo_status status, std::uint32_t written = 0);
    void fail_all(hw::mo_status in_flight);
    void lose_link(std::uint64_t now_ns);
    void refresh();

    std::string name_;
    MgmtBridgeHost& host_;
    DmaAccess& dma_;
    EventSink& events_;
    MgmtCore* core_ = nullptr;
    std::vector<Message> queue_; // ring of queue_capacity
    std::size_t queue_head_ = 0;
    std::size_t queue_count_ = 0;
    Message current_{};
    Busy busy_ = Busy::no;
    std::uint32_t staged_ = 0; ///< bytes of the stage that hold the image
    std::uint64_t core_time_ns_ = 0;
    hw::mo_link_state link_{};
    hw::mo_optics optics_{};
    std::array<std::uint8_t, MO_MB_MAX> request_{};
    std::array<std::uint8_t, MO_SOC_STAGE_SIZE / 64> piece_{};
    std::string log_line_;
    std::atomic<std::uint32_t> state_{hw::MO_MGMT_RESET}, error_{0}, version_{0}, abi_{0};
    std::atomic<std::uint32_t> crash_pc_{0}, crash_cause_{0}, heartbeat_{0};
};

} // namespace mo::nic
