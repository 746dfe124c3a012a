// SPDX-License-Identifier: GPL-2.0-or-later
// Datagrams: what UD and GSI QPs send and receive (IBA volume 1, 9.8): one packet a message, no
// answer, an address in every entry, Q_Keys, and the GRH area in front of what was received.
#pragma once

#include <cstdint>

#include "nic/rdma/qp_host.hpp"

namespace mo::nic::rdma {

class Datagrams {
  public:
    /// Where a packet to a group of this port goes as well.
    Datagrams(QpHost& host, RdmaShared& shared) noexcept : host_(host), shared_(shared) {}

    /// Sends entries of a datagram QP in RTS; each lowers `budget` by one. True: one was.
    bool poll(Qp& qp, unsigned& budget);
    [[nodiscard]] static bool ready(const Qp& qp) noexcept {
        return qp.state == hw::MO_QPS_RTS && qp.sq.posted() != 0;
    }

    /// A datagram for the QP, which receives(); its P_Key is right.
    void receive(Qp& qp, const fabric::Frame& frame, const Packet& packet);

  private:
    bool send_one(Qp& qp);
    [[nodiscard]] hw::mo_wc build(Qp& qp, const Wqe& wqe);
    void fail(Qp& qp, hw::mo_wr opcode, hw::mo_wc status);
    [[nodiscard]] bool store(Qp& qp, const Wqe& wqe, const fabric::Frame& frame,
                             const Packet& packet);

    QpHost& host_;
    RdmaShared& shared_;
    Wqe wqe_;
};

} // namespace mo::nic::rdma
