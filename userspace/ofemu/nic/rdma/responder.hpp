// SPDX-License-Identifier: GPL-2.0-or-later
// Responder: executes requests of the peer and answers them (IBA volume 1, 9.7.4 and 9.7.5). What
// a packet asks for is done at its reception; answers are noted and sent by poll(), in the order of
// their sequence numbers, so that an ACK follows the copy.
#pragma once

#include <cstdint>

#include "nic/rdma/aeth.hpp"
#include "nic/rdma/qp_host.hpp"

namespace mo::nic::rdma {

class Responder {
  public:
    Responder(QpHost& host, RdmaShared& shared) noexcept : host_(host), shared_(shared) {}

    /// A request for the QP, which receives() and whose path it came on.
    void receive(Qp& qp, const fabric::Frame& frame, const Packet& packet);
    /// A packet for the QP was marked on its way: the peer will be told.
    void congested(Qp& qp);

    /// Sends answers; each packet lowers `budget` by one. True: something was sent.
    bool poll(Qp& qp, unsigned& budget);
    /// There is something that poll() could do now.
    [[nodiscard]] static bool ready(const Qp& qp) noexcept;

  private:
    void execute(Qp& qp, const fabric::Frame& frame, const Packet& packet);
    void duplicate(Qp& qp, const Packet& packet);
    [[nodiscard]] static bool in_order(const Qp& qp, const OpcodeInfo& op) noexcept;
    [[nodiscard]] static bool length_right(const Qp& qp, const Packet& packet) noexcept;

    void send(Qp& qp, const fabric::Frame& frame, const Packet& packet);
    void write(Qp& qp, const fabric::Frame& frame, const Packet& packet);
    void read(Qp& qp, const Packet& packet);
    void atomic(Qp& qp, const Packet& packet);
    [[nodiscard]] bool begin_write(Qp& qp, const Packet& packet);
    [[nodiscard]] bool take_entry(Qp& qp);
    [[nodiscard]] FetchResource* take_resource(Qp& qp);
    void done(Qp& qp, const Packet& packet, std::uint32_t packets = 1);

    /// Ends the QP with a NAK. With a status, a receive that is in use completes with it first;
    /// else it is flushed.
    void refuse(Qp& qp, Nak code, hw::mo_qp_error error, hw::mo_wc status = hw::MO_WC_SUCCESS);
    void not_ready(Qp& qp);
    void owe_nak(Qp& qp, std::uint8_t syndrome, std::uint32_t psn);

    bool answer_fetch(Qp& qp);
    void answer_read(Qp& qp, FetchResource& resource);
    void answer_atomic(Qp& qp, FetchResource& resource);
    void reply(Qp& qp, Opcode opcode, std::uint32_t psn, std::uint8_t syndrome);

    QpHost& host_;
    RdmaShared& shared_;
};

} // namespace mo::nic::rdma
