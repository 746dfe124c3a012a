// SPDX-License-Identifier: GPL-2.0-or-later
// TransportPolicy: what the transport service of a QP does (IBA volume 1, 3.2.2 and 9.2), a row for
// each type of QP. Who handles QPs asks the row, never the type: a new type is a new row, and code
// only for what no other type does.
//
// What is not in a row follows from it. `connected`: requests go where the QP's attributes say, and
// packets of anybody else are dropped (9.6.1); not connected: each entry has an address and a
// Q_Key, a packet is a message, and the GRH area comes before what was received (9.8).
// `acknowledged`: sequence numbers are kept, answers expected and given, what is lost repeated; a
// request that cannot be executed is told to the requester (9.7.5.2), else it is dropped and
// counted (9.8.3).
#pragma once

#include <cstdint>

#include "common/hw.hpp"
#include "nic/rdma/opcode.hpp"
#include "nic/rdma/qp_state.hpp"

namespace mo::nic::rdma {

/// Number of the GSI QP on the wire (IBA 9.2.2).
inline constexpr std::uint32_t gsi_number = 1;

struct TransportPolicy {
    hw::mo_qp_type type;
    Transport packets; ///< those that are for such a QP
    bool connected;
    bool acknowledged;
    bool multicast;            ///< may be attached to groups (IBA 10.5)
    std::uint32_t wire_number; ///< well-known number, of one QP of the port; 0: its own
    std::uint64_t sends;       ///< opcodes of its send queue, a bit for each (IBA table 88)
    /// Where a send that fails at this side leads (IBA 10.3.1): SQE, in which the receive queue
    /// goes on, or ERR.
    hw::mo_qp_state after_failed_send;
    TransitionRule Transition::* rule; ///< attributes of its transitions (IBA table 96)

    [[nodiscard]] constexpr bool can_send(hw::mo_wr opcode) const noexcept {
        return (sends >> opcode & 1U) != 0;
    }
};

/// The row of a type; nullptr: there are no such QPs.
[[nodiscard]] const TransportPolicy* find_policy(std::uint8_t type) noexcept;
/// The row of a type that has one.
[[nodiscard]] const TransportPolicy& policy_of(hw::mo_qp_type type) noexcept;

} // namespace mo::nic::rdma
