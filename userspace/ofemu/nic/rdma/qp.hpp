// SPDX-License-Identifier: GPL-2.0-or-later
// Qp: a queue pair: what the host configured, its queues, and the state of each of its roles. The
// roles (requester, responder, completer, datagrams) are elsewhere and own what they change.
//
// Engine thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "common/hw.hpp"
#include "nic/completion_queue.hpp"
#include "nic/rdma/mr.hpp"
#include "nic/rdma/packet.hpp"
#include "nic/rdma/qp_state.hpp"
#include "nic/rdma/receive_source.hpp"
#include "nic/rdma/receive_state.hpp"
#include "nic/rdma/scheduler.hpp"
#include "nic/rdma/send_state.hpp"
#include "nic/rdma/transport.hpp"
#include "nic/rdma/work_queue.hpp"

namespace mo::nic::rdma {

class GidTable;

struct QpConfig {
    std::uint32_t number = 0;    ///< object of the send queue, and of the QP on the wire
    std::uint32_t rq_object = 0; ///< 0: there is no receive queue
    std::uint32_t pd = 0;
    hw::mo_qp_type type = hw::MO_QPT_RC;
    bool kernel = false;
    CompletionQueue* send_cq = nullptr; ///< attached
    CompletionQueue* recv_cq = nullptr; ///< attached
    std::vector<std::uint64_t> pages;   ///< of both rings
    std::uint8_t page_shift = 0;
    std::uint8_t sq_log = 0;
    std::uint8_t sq_stride_log = 0;
    std::uint8_t rq_log = 0;
    std::uint8_t rq_stride_log = 0;
    std::uint64_t record = 0; ///< of the send queue; that of the receive queue follows

    /// Bytes of the rings, one behind the other.
    [[nodiscard]] std::uint64_t rq_offset() const noexcept;
    [[nodiscard]] std::uint64_t bytes() const noexcept;
    [[nodiscard]] bool has_rq() const noexcept { return rq_stride_log != 0; }
};

/// Where a connected QP's packets go, as derived from its address vector.
struct Path {
    Route route;
    bool usable = false;          ///< the entry of the address table is there
    bool loopback = false;        ///< the peer is this port
    std::uint32_t generation = 0; ///< of the address table when this was derived
};

struct Qp final : Scheduled {
    explicit Qp(QpConfig configuration);
    Qp(const Qp&) = delete;
    Qp& operator=(const Qp&) = delete;
    ~Qp() = default;

    [[nodiscard]] std::uint32_t number() const noexcept { return config.number; }
    [[nodiscard]] std::uint32_t wire_number() const noexcept {
        return policy.wire_number != 0 ? policy.wire_number : config.number;
    }
    [[nodiscard]] KeyUser user() const noexcept {
        return {config.pd, config.kernel, config.number};
    }
    [[nodiscard]] std::uint32_t mtu() const noexcept { return attr.path_mtu; }

    /// QP_MODIFY: all or nothing. Does not start or stop anything. No path has a longer MTU than
    /// the port.
    [[nodiscard]] hw::mo_status modify(const hw::mo_qp_attr& wanted, const GidTable& gids,
                                       std::uint32_t port_mtu);
    /// QP_QUERY.
    [[nodiscard]] hw::mo_qp_attr query() const;
    /// Derives the path anew if the address table has changed. False: it cannot be used.
    bool refresh_path(const GidTable& gids);

    const QpConfig config;
    const TransportPolicy& policy; ///< what its type does
    hw::mo_qp_state state = hw::MO_QPS_RESET;
    hw::mo_qp_error error = hw::MO_QPE_NONE;
    hw::mo_qp_attr attr{}; ///< as modified; state, type and what QP_QUERY computes are not used
    Path path;
    WorkQueue sq;
    WorkQueue rq;
    ReceiveSource receives{rq};
    SendState send;
    ReceiveState recv;

    bool answers_next = false; ///< who gets the odd packet of a turn

  private:
    [[nodiscard]] hw::mo_status check_values(const hw::mo_qp_attr& wanted, const GidTable& gids,
                                             std::uint32_t port_mtu) const;
    void take_values(const hw::mo_qp_attr& wanted);
    void enter(hw::mo_qp_state to);
};

/// The route that an address vector describes; false: its entry of the address table is empty.
/// `seed` chooses the UDP source port if the vector leaves that to the device.
[[nodiscard]] bool make_route(const hw::mo_av& av, const GidTable& gids, std::uint32_t seed,
                              Route& out);

} // namespace mo::nic::rdma
