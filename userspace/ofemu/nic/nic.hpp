// SPDX-License-Identifier: GPL-2.0-or-later
// Nic: one NIC of the process: the PCIe function and behind it registers, admin queue, event and
// completion queues, areas, doorbells, the management core's bridge and the datapath blocks. Wires
// them, owns reset.
//
// Threads: DeviceModel's functions are the control thread's; Worker's the engine's; control
// functions (set_gone(), liar(), snapshots) any thread's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/hw.hpp"
#include "nic/admin/dispatch.hpp"
#include "nic/admin/queue.hpp"
#include "nic/area.hpp"
#include "nic/counters.hpp"
#include "nic/doorbell.hpp"
#include "nic/engine.hpp"
#include "nic/fault.hpp"
#include "nic/host.hpp"
#include "nic/mgmt_bridge.hpp"
#include "nic/object_table.hpp"
#include "nic/queue_env.hpp"
#include "nic/queue_set.hpp"
#include "nic/registers.hpp"
#include "pcie/function.hpp"

namespace mo::nic {

/// A board, as configuration names it.
struct Board {
    const char* name;
    std::uint32_t number; ///< MO_BOARD_*
    std::uint8_t lanes;
};

/// The board of that name; nullptr: none.
[[nodiscard]] const Board* find_board(std::string_view name);
[[nodiscard]] std::span<const Board> all_boards();

struct NicConfig {
    std::string name = "nic";
    std::array<std::uint8_t, 6> mac{};
    std::string serial = "MO-0000";
    const Board* board = nullptr; ///< nullptr: the first of all_boards()
    std::uint64_t features = hw::MO_F_SHADOW_DB | hw::MO_F_MGMT | hw::MO_F_ETH | hw::MO_F_GRO_HW |
                             hw::MO_F_TX_URGENT | hw::MO_F_OPTICS;
    std::uint16_t vectors = MO_MAX_VECTORS;
    bool ideal_port = false; ///< the board's name says so to the driver
    /// "bytes: always": senders copy payload into frames and compute every ICRC; nothing travels by
    /// reference.
    bool bytes_always = false;
};

class Nic final : public pcie::DeviceModel,
                  public Worker,
                  public QueueEnv,
                  private EventSink,
                  private AdminExecutor,
                  private AreaSource,
                  private MgmtBridgeHost {
  public:
    Nic(const NicConfig& config, Host& host);
    Nic(const Nic&) = delete;
    Nic& operator=(const Nic&) = delete;
    ~Nic() override;

    /// A datapath block, which needs `feature` (MO_F_*). Before anything runs; the block outlives
    /// the NIC's use.
    void attach(DatapathBlock& block, std::uint64_t feature);
    /// The management core. Powers it on.
    void attach(MgmtCore& core);

    /// Where the board's sensors get their values; a board at rest otherwise. Engine thread.
    using Sensors = std::function<mgmt::SensorValues(std::uint64_t now_ns)>;
    void set_sensors(Sensors sensors) { sensors_ = std::move(sensors); }

    [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
    [[nodiscard]] const NicConfig& config() const noexcept { return config_; }
    [[nodiscard]] pcie::Function& function() noexcept { return function_; }

    // For the control socket.

    /// True: reads are all ones, no DMA, no interrupts, as if the card had been pulled. False: it
    /// is plugged in again and remembers nothing.
    void set_gone(bool gone) noexcept;
    [[nodiscard]] Liar& liar() noexcept { return liar_; }
    [[nodiscard]] DoorbellBox& doorbells() noexcept { return doorbells_; }
    [[nodiscard]] MgmtBridge& mgmt() noexcept { return mgmt_; }
    [[nodiscard]] ControlRegisters& registers() noexcept { return registers_; }
    [[nodiscard]] hw::mo_fatal fatal_reason() const noexcept {
        return static_cast<hw::mo_fatal>(fatal_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] bool admin_on() const noexcept { return admin_on_.load(); }
    [[nodiscard]] std::uint64_t accepted_features() const noexcept { return accepted_.load(); }
    /// With the engine paused.
    [[nodiscard]] const QueueSet& queues() const noexcept { return queues_; }
    [[nodiscard]] const ObjectTable& objects() const noexcept { return objects_; }

    // pcie::DeviceModel
    std::uint64_t bar_read(unsigned bar, std::uint64_t offset, unsigned size) override;
    void bar_write(unsigned bar, std::uint64_t offset, unsigned size, std::uint64_t value) override;
    void reset(pcie::ResetKind kind) override;
    void bus_master_changed(bool enabled) override;
    void dma_unmapping(std::uint64_t iova, std::uint64_t size) override;
    void begin_batch() override { in_batch_ = true; }
    void end_batch(bool idle) override;

    // Worker
    bool poll(std::uint64_t now_ns, unsigned budget) override;
    bool poll_background(std::uint64_t now_ns, bool busy) override;
    void finish_round(std::uint64_t now_ns) override;
    void end_round() override { dma_.end_round(); }
    void stalled(std::uint64_t gap_ns) override;
    void signal() noexcept override { function_.msix().raise_noted(); }
    void publish_events() override;
    [[nodiscard]] bool work_arrived() override;
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t now_ns) override;

    // QueueEnv
    [[nodiscard]] DmaAccess& dma() override { return dma_; }
    [[nodiscard]] CompletionQueue* cq(std::uint32_t object) override { return queues_.cq(object); }
    [[nodiscard]] std::optional<std::uint32_t> create_object(hw::mo_doorbell doorbell,
                                                             std::uint32_t db_page) override;
    void destroy_object(std::uint32_t object) override {
        queues_.forget_events(object);
        (void)objects_.destroy(object);
    }
    void forget_events(std::uint32_t object) override { queues_.forget_events(object); }
    [[nodiscard]] std::uint32_t db_pages() const override;
    void queue_error(std::uint32_t object, std::uint8_t port, hw::mo_queue_error why) override;
    void dma_fault(std::uint32_t object, const pcie::DmaFault& fault) override {
        report_dma_fault(object, fault);
    }
    [[nodiscard]] std::uint64_t features() const override { return features_; }
    [[nodiscard]] const PortState& port(std::uint8_t number) const override;
    [[nodiscard]] bool working() override { return may_work(); }
    [[nodiscard]] NicCounters& counters() override { return counters_; }

  private:
    struct AttachedBlock {
        DatapathBlock* block;
        std::uint64_t feature;
    };

    // EventSink; async_event() is QueueEnv's as well
    void completion_event(std::uint32_t eq, std::uint32_t cq) override;
    void async_event(const hw::mo_eqe& event) override;
    void report_dma_fault(std::uint32_t object, const pcie::DmaFault& fault) override;
    void fatal(hw::mo_fatal why) override;
    void wants_flush(CompletionQueue& cq) override { queues_.wants_flush(cq); }
    void twist_completion(std::span<std::byte> entry) override { liar_.twist_completion(entry); }
    void twist_event(hw::mo_eqe& event) override { liar_.twist_event(event); }
    [[nodiscard]] NicCounters& event_counters() override { return counters_; }

    // AdminExecutor
    AdminAnswer execute(const hw::mo_cmd_desc& desc, const AdminTag& tag,
                        AdminResult result) override;

    // AreaSource
    void fill_link(std::uint8_t port, hw::mo_link_state& out, std::uint64_t now_ns) override;
    void fill_optics(std::uint8_t port, hw::mo_optics& out, std::uint64_t now_ns) override;
    void fill_health(hw::mo_health& out, std::uint64_t now_ns) override;
    void fill_stats(std::uint8_t port, hw::mo_port_stats& out, std::uint64_t now_ns) override;
    void fill_rdma_stats(std::uint8_t port, hw::mo_rdma_stats& out, std::uint64_t now_ns) override;

    // MgmtBridgeHost
    void complete_admin(const AdminTag& tag, hw::mo_status status, AdminResult result) override;
    void mac_gate_changed(bool receive, bool transmit, std::uint32_t speed_mbps) override;
    void health_changed() override { areas_.changed(hw::MO_AREA_HEALTH); }
    void link_changed() override;
    void optics_changed() override;
    mgmt::SensorValues read_sensors(std::uint64_t now_ns) override;

    void wire_registers();
    void accept_written();
    void admin_control_written(std::uint32_t value);
    void clear_state();
    [[nodiscard]] bool may_work();
    [[nodiscard]] hw::mo_identify identity() const;
    void wake_unless_batching();

    NicConfig config_;
    Host& host_;
    pcie::Function function_;
    NicCounters counters_;
    Liar liar_;
    DmaAccess dma_;
    ObjectTable objects_;
    DoorbellBox doorbells_;
    QueueSet queues_;
    AreaSet areas_;
    AdminQueue admin_;
    MgmtBridge mgmt_;
    std::vector<AttachedBlock> blocks_;
    PortState port_;
    Sensors sensors_;
    ControlRegisters registers_;
    std::uint64_t features_ = 0; ///< accepted when the admin queue was switched on
    std::uint64_t now_ns_ = 0;   ///< of the round
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint32_t> fatal_{hw::MO_FATAL_NONE};
    std::atomic<bool> admin_on_{false};
    std::atomic<bool> gone_{false};
    ObjectTable::Owner executing_ = ObjectTable::core; ///< block whose command runs
    bool last_words_ = false; ///< a fatal event waits for the end of the round
    bool in_batch_ = false;
    bool noted_in_batch_ = false;
};

} // namespace mo::nic
