// SPDX-License-Identifier: GPL-2.0-or-later
// States of a QP: which transition is legal, and which attributes it needs and allows, as a table
// (IBA volume 1, 10.3.1 and 11.2.5.2). Pure.
#pragma once

#include <cstdint>
#include <span>

#include "common/hw.hpp"

namespace mo::nic::rdma {

/// Attributes (MO_QPA_*) of a transition for one kind of QP.
struct TransitionRule {
    bool legal = false;
    std::uint32_t required = 0;
    std::uint32_t optional = 0;
};

struct Transition {
    hw::mo_qp_state from;
    hw::mo_qp_state to;
    TransitionRule connected; ///< of a reliable connection
    TransitionRule datagram;
};

/// All legal transitions but those to RESET and ERR, which every state has and which take no
/// attribute.
[[nodiscard]] std::span<const Transition> transitions() noexcept;

/// OK, or BAD_STATE: there is no such transition, an attribute of `mask` is not allowed in it or
/// one is missing. MO_QPA_STATE itself is not looked at. `rule`: that of the QP's kind.
[[nodiscard]] hw::mo_status check_transition(TransitionRule Transition::* rule,
                                             hw::mo_qp_state from, hw::mo_qp_state to,
                                             std::uint32_t mask) noexcept;

/// Requests of the peer are executed.
[[nodiscard]] constexpr bool receives(hw::mo_qp_state state) noexcept {
    return state == hw::MO_QPS_RTR || state == hw::MO_QPS_RTS || state == hw::MO_QPS_SQD ||
           state == hw::MO_QPS_SQE;
}
/// Requests may be under way: responses of the peer are looked at.
[[nodiscard]] constexpr bool sends(hw::mo_qp_state state) noexcept {
    return state == hw::MO_QPS_RTS || state == hw::MO_QPS_SQD;
}

} // namespace mo::nic::rdma
