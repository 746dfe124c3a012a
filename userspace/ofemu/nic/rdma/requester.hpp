// SPDX-License-Identifier: GPL-2.0-or-later
// Requester: from entries of a send queue to request packets (IBA volume 1, 9.4 and 9.7): cuts
// messages to the path MTU, numbers the packets, asks for ACKs, keeps to the window and to the
// limit of READs and atomics, and does what stays in the device (NOP, LOCAL_INV, REG_MR, BIND).
#pragma once

#include <cstdint>

#include "nic/rdma/completer.hpp"
#include "nic/rdma/qp_host.hpp"

namespace mo::nic::rdma {

class Requester {
  public:
    Requester(QpHost& host, RdmaShared& shared, Completer& completer) noexcept
        : host_(host), shared_(shared), completer_(completer) {}

    /// Sends what a connected QP that sends() may send; each packet lowers `budget` by one. True:
    /// something was done.
    bool poll(Qp& qp, unsigned& budget);

    /// There is something that poll() could do now.
    [[nodiscard]] bool ready(const Qp& qp) const noexcept;

  private:
    bool begin(Qp& qp);
    bool begin_local(Qp& qp);
    [[nodiscard]] bool register_pages(Qp& qp, const hw::mo_wqe_reg& body);
    void count_begun(hw::mo_wr opcode) noexcept;
    bool send_packet(Qp& qp);
    void advance(SendState& send, const SendRecord& record);
    static void fill_data(const Qp& qp, const SendRecord& record, std::uint32_t number,
                          Headers& headers);
    static void fill_fetch(const Qp& qp, const SendRecord& record, std::uint32_t number,
                           Headers& headers);

    QpHost& host_;
    RdmaShared& shared_;
    Completer& completer_;
};

} // namespace mo::nic::rdma
