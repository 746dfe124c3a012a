// SPDX-License-Identifier: GPL-2.0-or-later
// RdmaBlock: the RoCEv2 transport of a port: keys, addresses, queue pairs, their commands, and the
// polling of those that have work. Everything happens on the engine thread or with it paused.
//
// A payload goes from the memory of one host into that of another inside poll(): cut into packets
// that point to it, sent on the link, copied once by the receiving block. Answers are noted at
// reception and sent by the next poll(), so they follow the copy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "nic/command_table.hpp"
#include "nic/object_table.hpp"
#include "nic/port/mac.hpp"
#include "nic/port/roce.hpp"
#include "nic/queue_env.hpp"
#include "nic/rdma/completer.hpp"
#include "nic/rdma/group_delivery.hpp"
#include "nic/rdma/mcast.hpp"
#include "nic/rdma/qp.hpp"
#include "nic/rdma/qp_host.hpp"
#include "nic/rdma/requester.hpp"
#include "nic/rdma/responder.hpp"
#include "nic/rdma/scheduler.hpp"
#include "nic/rdma/ud.hpp"

namespace mo::nic::rdma {

struct RdmaLimits {
    std::uint32_t qps = 16384;
    std::uint32_t cqs = 16384; ///< what the ethernet datapath leaves of the NIC's
};

class RdmaBlock final : public DatapathBlock, public RoceEndpoint, private QpHost {
  public:
    /// `env` and `mac` must outlive the block. `making`: whether frames carry bytes.
    RdmaBlock(QueueEnv& env, Mac& mac, Making making = Making::lazy, const RdmaLimits& limits = {});
    RdmaBlock(const RdmaBlock&) = delete;
    RdmaBlock& operator=(const RdmaBlock&) = delete;
    ~RdmaBlock() override;

    // DatapathBlock
    hw::mo_status command(const hw::mo_cmd_desc& desc, CommandResult result,
                          std::uint64_t now_ns) override;
    [[nodiscard]] bool handles(std::uint16_t opcode) const override;
    void doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint32_t index) override;
    bool poll(std::uint64_t now_ns, unsigned budget) override;
    void publish_events() override;
    [[nodiscard]] bool work_arrived() override;
    [[nodiscard]] std::uint64_t next_deadline_ns() const override;
    void reset() override;
    void port_changed(std::uint8_t number, std::uint64_t now_ns) override;
    void dma_unmapping(std::uint64_t iova, std::uint64_t size) override;
    void identify(hw::mo_identify& out) const override;
    void read_stats(std::uint8_t port, hw::mo_port_stats& out) const override;
    void read_rdma_stats(std::uint8_t port, hw::mo_rdma_stats& out) const override;
    void stalled(std::uint64_t gap_ns) override;

    // RoceEndpoint
    [[nodiscard]] bool listening() const noexcept override;
    [[nodiscard]] bool claims(const RoceDestination& to) const noexcept override;
    void receive(const fabric::Frame& frame, std::uint64_t now_ns) override;

    [[nodiscard]] const RdmaCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] std::uint32_t qp_count() const noexcept { return qp_count_; }
    [[nodiscard]] std::uint32_t key_count() const noexcept { return shared_.keys.live(); }
    /// Calls visit(const Qp&) for each.
    template <typename Visit>
    void for_each_qp(Visit&& visit) const {
        for (const auto& qp : qps_) {
            if (qp != nullptr) {
                visit(*qp);
            }
        }
    }

  private:
    using Result = CommandResult;
    using Command = CommandRow<RdmaBlock>;
    static std::span<const Command> commands();

    // Commands, in commands.cpp.
    hw::mo_status tell_caps(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status set_gid(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status attach_mcast(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status detach_mcast(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status create_mr(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status add_mr_pages(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status destroy_mr(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status modify_mr(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status create_qp(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status modify_qp(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status query_qp(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status destroy_qp(const hw::mo_cmd_desc& desc, Result result);
    hw::mo_status check_mcast(const hw::mo_cmd_mcast& body) const;
    hw::mo_status check_qp(const hw::mo_cmd_qp& body, QpConfig& config);
    hw::mo_status read_pages_of_qp(const hw::mo_cmd_qp& body, QpConfig& config);
    hw::mo_status pass_pages(std::uint32_t key, std::uint64_t list, std::uint32_t offset,
                             std::uint32_t count);
    hw::mo_status refused(const pcie::DmaFault& fault);

    // QpHost
    void transmit(const Route& route, bool loopback, const Headers& headers,
                  std::span<const fabric::Bytes> payload) override;
    [[nodiscard]] std::uint32_t port_mtu() const noexcept override;
    bool complete(Qp& qp, hw::mo_rdma_cqe cqe) override;
    void fail(Qp& qp, hw::mo_qp_error why) override;
    void fail_send(Qp& qp, hw::mo_qp_error why) override;
    void fail(Qp& qp, const pcie::DmaFault& fault) override;
    void report(Qp& qp, const pcie::DmaFault& fault) override;
    void raise(Qp& qp, hw::mo_event type) override;
    void activate(Qp& qp) override;
    void wake(Qp& qp, std::uint64_t at_ns) override;

    [[nodiscard]] Qp* find(std::uint32_t number) const noexcept {
        Qp* const qp = qps_[ObjectTable::index(number)].get();
        return qp != nullptr && qp->number() == number ? qp : nullptr;
    }
    [[nodiscard]] Qp* find_by_rq(std::uint32_t object) const noexcept {
        Qp* const qp = by_rq_[ObjectTable::index(object)];
        return qp != nullptr && qp->config.rq_object == object ? qp : nullptr;
    }
    /// The QP of a number on the wire; nullptr: there is none.
    [[nodiscard]] Qp* find_addressed(std::uint32_t number) const noexcept {
        Qp* const qp = number == gsi_number ? gsi_ : find(number);
        return qp != nullptr && qp->wire_number() == number ? qp : nullptr;
    }
    [[nodiscard]] bool from_peer(Qp& qp, const Packet& packet);
    void forget(Qp& qp);
    void restart(Qp& qp);

    bool service(Qp& qp, unsigned& budget);
    bool serve_both_ways(Qp& qp, unsigned& budget);
    bool flush(Qp& qp, unsigned& budget);
    bool flush_queue(Qp& qp, bool receive, unsigned& budget);
    [[nodiscard]] bool look(Qp& qp);
    [[nodiscard]] bool look(Qp& qp, WorkQueue& queue);
    [[nodiscard]] bool rest(Qp& qp, bool idle);
    [[nodiscard]] bool armed(const Qp& qp) const noexcept;
    [[nodiscard]] bool busy(const Qp& qp) const noexcept;
    void publish(Qp& qp);

    void receive_unicast(const fabric::Frame& frame, const Packet& packet);
    void receive_cnp(const fabric::Frame& frame, const Packet& packet);
    void receive_multicast(const fabric::Frame& frame, const Packet& packet);
    void give(std::span<const std::uint32_t> members, const fabric::Frame& frame,
              const Packet& packet);
    unsigned deliver(unsigned budget);
    [[nodiscard]] bool right(const fabric::Frame& frame, const Packet& packet);

    QueueEnv& env_;
    Mac& mac_;
    RdmaLimits limits_;
    Making making_;
    RdmaCounters counters_;
    RdmaShared shared_;
    McastTable mcast_;
    GroupDelivery deliveries_;
    Completer completer_;
    Requester requester_;
    Responder responder_;
    Datagrams datagrams_;
    PacketBuffer buffer_;

    std::vector<std::unique_ptr<Qp>> qps_; ///< by index of the object
    std::vector<Qp*> by_rq_;               ///< by index of the receive queue's object
    std::uint32_t qp_count_ = 0;
    Qp* gsi_ = nullptr;
    Scheduler scheduler_;
};

} // namespace mo::nic::rdma
