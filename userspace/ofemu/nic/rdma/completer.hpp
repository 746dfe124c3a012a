// SPDX-License-Identifier: GPL-2.0-or-later
// Completer: what comes back to a requester: ACKs, NAKs, READ data, results of atomics, and silence
// (IBA volume 1, 9.7.5 and 9.7.6). It completes entries of the send queue in their order.
#pragma once

#include <cstdint>

#include "nic/rdma/aeth.hpp"
#include "nic/rdma/qp_host.hpp"

namespace mo::nic::rdma {

class Completer {
  public:
    Completer(QpHost& host, RdmaShared& shared) noexcept : host_(host), shared_(shared) {}

    /// A response for the QP, which sends() and whose path it came on.
    void receive(Qp& qp, const fabric::Frame& frame, const Packet& packet);

    /// Completes what is at the head of the queue and done; reports the end of a drain.
    void settle(Qp& qp);

    /// No answer came in time.
    void timeout(Qp& qp);

    /// The entry fails with `status` when all before it have completed; nothing behind it begins.
    void fail_entry(Qp& qp, std::uint32_t index, hw::mo_wc status, hw::mo_qp_error error,
                    std::uint8_t syndrome = 0);

    /// Reads an entry that has begun from the ring again. False: it fails, or the QP did.
    bool reload(Qp& qp, std::uint32_t index, Wqe& out);

    /// Sets the time for the next answer, counted from now.
    void expect_answer(Qp& qp);

  private:
    void acknowledge(Qp& qp, const Packet& packet);
    void negative(Qp& qp, std::uint32_t psn, Nak code, std::uint8_t syndrome);
    void not_ready(Qp& qp, std::uint32_t psn, std::uint8_t timer);
    void read_response(Qp& qp, const fabric::Frame& frame, const Packet& packet);
    void atomic_response(Qp& qp, const Packet& packet);
    /// The READ or atomic whose answer is expected at `psn`; nullptr: the packet is of no use.
    SendRecord* expected(Qp& qp, std::uint32_t psn, std::uint32_t& index);

    bool answer(Qp& qp, std::uint32_t target);
    void progress(Qp& qp, std::uint32_t una);
    void lost(Qp& qp);
    void seek_cursor(Qp& qp);

    QpHost& host_;
    RdmaShared& shared_;
};

} // namespace mo::nic::rdma
