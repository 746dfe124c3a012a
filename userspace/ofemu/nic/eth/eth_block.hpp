// SPDX-License-Identifier: GPL-2.0-or-later
// EthBlock: the ethernet datapath of a port: queues, commands, polling, MAC. Everything happens on
// the engine thread or with the engine paused.
//
// A frame goes from the ring of one NIC into the buffers of another inside poll(): built from
// descriptors, sent on the link, received by the other block, completed there, then here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "fabric/link.hpp"
#include "nic/eth/mac.hpp"
#include "nic/eth/queue_table.hpp"
#include "nic/eth/receiver.hpp"
#include "nic/eth/rx_queue.hpp"
#include "nic/eth/tx_packet.hpp"
#include "nic/eth/tx_queue.hpp"
#include "nic/queue_env.hpp"

namespace mo::nic::eth {

struct EthLimits {
    std::uint32_t tx_queues = 128;
    std::uint32_t rx_queues = 128;
};

class EthBlock final : public DatapathBlock,
                       public fabric::Endpoint,
                       private Transmitter,
                       private RxQueues {
  public:
    /// `env` must outlive the block.
    EthBlock(QueueEnv& env, std::uint8_t port, const EthLimits& limits = {});
    EthBlock(const EthBlock&) = delete;
    EthBlock& operator=(const EthBlock&) = delete;
    ~EthBlock() override;

    /// Puts the port at an end of a link, which must outlive its place there; nullptr takes it
    /// away.
    void connect(fabric::Link* link, fabric::End end);

    // DatapathBlock
    hw::mo_status command(const hw::mo_cmd_desc& desc, std::span<std::byte, 48> result,
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

    // fabric::Endpoint
    void receive(const fabric::Frame& frame, std::uint64_t now_ns) override;

    [[nodiscard]] const PortCounters& counters() const noexcept { return mac_.counters; }

  private:
    using Result = std::span<std::byte, 48>;
    using Handler = hw::mo_status (EthBlock::*)(const hw::mo_cmd_desc&, Result);
    struct Command {
        hw::mo_cmd opcode;
        Handler handler;
    };
    static std::span<const Command> commands();

    // Commands, in commands.cpp.
    hw::mo_status create_txq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status create_rxq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status destroy_txq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status destroy_rxq(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status query_queue(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_port_rx(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_rx_mode(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_vlans(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_offload(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_rss(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status check_queue(const hw::mo_cmd_queue& body, QueueConfig& config);
    hw::mo_status read_host(std::uint64_t address, std::span<std::byte> out);

    // Transmitter, RxQueues
    void transmit(const fabric::Frame& frame, std::uint64_t now_ns) override;
    [[nodiscard]] RxQueue* rx_queue(std::uint32_t object) override;

    void activate(TxQueue& queue);
    bool poll_active(std::uint64_t now_ns, unsigned& budget);
    bool rest(TxQueue& queue);
    void touch(RxQueue& queue);
    void close_packets();
    [[nodiscard]] bool loopback() const noexcept {
        return receiver_.offload.has(MO_OFFLOAD_LOOPBACK);
    }

    QueueEnv& env_;
    std::uint8_t port_;
    EthLimits limits_;
    fabric::Link* link_ = nullptr;
    fabric::End end_ = fabric::End::a;

    QueueTable<TxQueue> tx_queues_;
    QueueTable<RxQueue> rx_queues_;
    std::vector<TxQueue*> active_;  ///< transmit queues that poll() looks at
    std::size_t next_active_ = 0;   ///< where the next poll() begins, for fairness
    std::vector<RxQueue*> touched_; ///< may hold an open packet
    TxPacket packet_;
    Mac mac_;
    Receiver receiver_;
    bool receive_enabled_ = false; ///< MO_CMD_PORT_RX
};

} // namespace mo::nic::eth
