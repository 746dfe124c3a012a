// SPDX-License-Identifier: GPL-2.0-or-later
// EthBlock: the ethernet datapath of a port: queues, commands, polling. Everything happens on the
// engine thread or with the engine paused.
//
// A frame goes from the ring of one NIC into the buffers of another inside poll(): built from
// descriptors, sent on the link, received by the other block, completed there, then here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "nic/command_table.hpp"
#include "nic/eth/queue_table.hpp"
#include "nic/eth/receiver.hpp"
#include "nic/eth/rx_queue.hpp"
#include "nic/eth/tx_packet.hpp"
#include "nic/eth/tx_queue.hpp"
#include "nic/port/mac.hpp"
#include "nic/queue_env.hpp"

namespace mo::nic::eth {

struct EthLimits {
    std::uint32_t tx_queues = 128;
    std::uint32_t rx_queues = 128;
};

class EthBlock final : public DatapathBlock,
                       private Mac::Client,
                       private Transmitter,
                       private RxQueues {
  public:
    /// The ethernet datapath of the MAC's port; it sets the MAC as the host's commands say and
    /// tells its counters. `env` and `mac` must outlive the block.
    EthBlock(QueueEnv& env, Mac& mac, const EthLimits& limits = {});
    EthBlock(const EthBlock&) = delete;
    EthBlock& operator=(const EthBlock&) = delete;
    ~EthBlock() override;

    // DatapathBlock
    hw::mo_status command(const hw::mo_cmd_desc& desc, CommandResult result,
                          std::uint64_t now_ns) override;
    [[nodiscard]] bool handles(std::uint16_t opcode) const override;
    void doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint32_t index) override;
    bool poll(std::uint64_t now_ns, unsigned budget) override;
    void finish_round(std::uint64_t /*now_ns*/) override { close_packets(); }
    void publish_events() override;
    [[nodiscard]] bool work_arrived() override;
    [[nodiscard]] std::uint64_t next_deadline_ns() const override;
    void reset() override;
    void port_changed(std::uint8_t number, std::uint64_t now_ns) override;
    void dma_unmapping(std::uint64_t iova, std::uint64_t size) override;
    void identify(hw::mo_identify& out) const override;
    void read_stats(std::uint8_t port, hw::mo_port_stats& out) const override;

  private:
    using Result = CommandResult;
    using Command = CommandRow<EthBlock>;
    static std::span<const Command> commands();

    // Commands, in commands.cpp.
    hw::mo_status create_txq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status create_rxq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status destroy_txq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status destroy_rxq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status map_rxq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status query_queue(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_port_rx(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_rx_mode(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_vlans(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_offload(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_rss(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status check_queue(const hw::mo_cmd_queue& body, QueueConfig& config);
    hw::mo_status read_host(std::uint64_t address, std::span<std::byte> out);

    // Mac::Client, Transmitter, RxQueues
    void receive(const fabric::Frame& frame, std::uint64_t now_ns) override;
    void transmit(const fabric::Frame& frame, std::uint64_t now_ns) override;
    [[nodiscard]] RxQueue* rx_queue(std::uint32_t index) override;

    void activate(TxQueue& queue);
    bool poll_active(std::uint64_t now_ns, unsigned& budget);
    bool rest(TxQueue& queue);
    void touch(RxQueue& queue);
    void close_packets();

    QueueEnv& env_;
    Mac& mac_;
    EthLimits limits_;

    QueueTable<TxQueue> tx_queues_;
    QueueTable<RxQueue> rx_queues_;
    /// Object numbers by the index that steering names; 0, or of a queue that is gone: none.
    std::array<std::uint32_t, MO_RXQ_MAP_MAX> rx_map_{};
    std::vector<TxQueue*> active_;  ///< transmit queues that poll() looks at
    std::size_t next_active_ = 0;   ///< where the next poll() begins, for fairness
    std::vector<RxQueue*> touched_; ///< may hold an open packet
    TxPacket packet_;
    Receiver receiver_;
};

} // namespace mo::nic::eth
