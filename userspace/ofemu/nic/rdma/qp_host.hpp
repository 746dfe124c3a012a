// SPDX-License-Identifier: GPL-2.0-or-later
// QpHost: what the roles of QPs (requester, responder, completer, datagrams) may ask of the block.
// Everything happens on the engine thread inside of poll() or the reception of a frame.
#pragma once

#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "nic/rdma/gid_table.hpp"
#include "nic/rdma/memory.hpp"
#include "nic/rdma/mr.hpp"
#include "nic/rdma/packet.hpp"
#include "nic/rdma/qp.hpp"

namespace mo::nic::rdma {

struct RdmaCounters {
#define X(name, text) std::uint64_t name = 0;
    MO_RDMA_COUNTERS(X)
#undef X
};

/// What all roles share.
struct RdmaShared {
    RdmaShared(DmaAccess& dma, RdmaCounters& counters_of_port) noexcept
        : memory(dma, keys), counters(counters_of_port) {}

    KeyTable keys;
    GidTable gids;
    Memory memory;
    RdmaCounters& counters;
    std::uint64_t now_ns = 0; ///< of the round or the reception
    bool shadow = false;      ///< MO_F_SHADOW_DB
};

class QpHost {
  public:
    QpHost() = default;
    QpHost(const QpHost&) = delete;
    QpHost& operator=(const QpHost&) = delete;

    /// Sends a packet; nothing of it is used after the call. To an address of the own port it goes
    /// straight into the reception: the caller looks at the state of its QP again afterwards.
    virtual void transmit(const Route& route, bool loopback, const Headers& headers,
                          std::span<const fabric::Bytes> payload) = 0;

    /// Longest payload of a packet that the port may send: its active MTU (IBA 7.9, 11.2.4.3), or
    /// 0.
    [[nodiscard]] virtual std::uint32_t port_mtu() const noexcept = 0;

    /// Writes a completion of the oldest entry of the send queue or (MO_CQE_RECV in its opcode) of
    /// the receive that is in use: fills in QP, index and time. False: the QP is in the error state
    /// now.
    virtual bool complete(Qp& qp, hw::mo_rdma_cqe cqe) = 0;

    /// Puts the QP into the error state and tells the host; poll() flushes it. Nothing if it is
    /// there already.
    virtual void fail(Qp& qp, hw::mo_qp_error why) = 0;
    /// A send failed: the QP's transport says which state that leads to.
    virtual void fail_send(Qp& qp, hw::mo_qp_error why) = 0;
    /// fail() after refused DMA of a queue or record.
    virtual void fail(Qp& qp, const pcie::DmaFault& fault) = 0;
    /// DMA of payload was refused: told to the host, the QP goes on.
    virtual void report(Qp& qp, const pcie::DmaFault& fault) = 0;

    /// An asynchronous event of the QP.
    virtual void raise(Qp& qp, hw::mo_event type) = 0;
    /// There may be something to do for the QP: it gets a turn.
    virtual void activate(Qp& qp) = 0;
    /// ... and one at `at_ns`; the last time that was named counts.
    virtual void wake(Qp& qp, std::uint64_t at_ns) = 0;

  protected:
    ~QpHost() = default;
};

} // namespace mo::nic::rdma
