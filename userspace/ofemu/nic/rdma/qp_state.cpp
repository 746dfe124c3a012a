// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/qp_state.hpp"

#include <algorithm>
#include <array>

namespace mo::nic::rdma {

namespace {

using enum hw::mo_qp_state;
using enum hw::mo_qp_attr_bit;

constexpr std::uint32_t path = MO_QPA_AV | MO_QPA_MTU | MO_QPA_DEST_QP | MO_QPA_RQ_PSN |
                               MO_QPA_DEST_RD_ATOMIC | MO_QPA_MIN_RNR;
constexpr std::uint32_t sending =
    MO_QPA_TIMEOUT | MO_QPA_RETRY | MO_QPA_RNR_RETRY | MO_QPA_SQ_PSN | MO_QPA_RD_ATOMIC;
/// What a drained queue may change before it goes on.
constexpr std::uint32_t drained = MO_QPA_AV | MO_QPA_TIMEOUT | MO_QPA_RETRY | MO_QPA_RNR_RETRY |
                                  MO_QPA_RD_ATOMIC | MO_QPA_DEST_RD_ATOMIC | MO_QPA_ACCESS |
                                  MO_QPA_PKEY | MO_QPA_MIN_RNR;

constexpr TransitionRule none{};

constexpr std::array table{
    Transition{MO_QPS_RESET,
               MO_QPS_INIT,
               {true, MO_QPA_PKEY | MO_QPA_ACCESS, 0},
               {true, MO_QPA_PKEY | MO_QPA_QKEY, 0}},
    Transition{MO_QPS_INIT,
               MO_QPS_INIT,
               {true, 0, MO_QPA_PKEY | MO_QPA_ACCESS},
               {true, 0, MO_QPA_PKEY | MO_QPA_QKEY}},
    Transition{MO_QPS_INIT,
               MO_QPS_RTR,
               {true, path, MO_QPA_PKEY | MO_QPA_ACCESS | MO_QPA_ECE},
               {true, 0, MO_QPA_PKEY | MO_QPA_QKEY}},
    Transition{MO_QPS_RTR,
               MO_QPS_RTS,
               {true, sending, MO_QPA_ACCESS | MO_QPA_MIN_RNR | MO_QPA_ECE},
               {true, MO_QPA_SQ_PSN, MO_QPA_QKEY}},
    Transition{
        MO_QPS_RTS, MO_QPS_RTS, {true, 0, MO_QPA_ACCESS | MO_QPA_MIN_RNR}, {true, 0, MO_QPA_QKEY}},
    Transition{MO_QPS_RTS, MO_QPS_SQD, {true, 0, MO_QPA_SQD_NOTIFY}, {true, 0, MO_QPA_SQD_NOTIFY}},
    Transition{
        MO_QPS_SQD, MO_QPS_RTS, {true, 0, MO_QPA_ACCESS | MO_QPA_MIN_RNR}, {true, 0, MO_QPA_QKEY}},
    Transition{MO_QPS_SQD, MO_QPS_SQD, {true, 0, drained}, {true, 0, MO_QPA_PKEY | MO_QPA_QKEY}},
    Transition{MO_QPS_SQE, MO_QPS_RTS, none, {true, 0, MO_QPA_QKEY}},
};

} // namespace

std::span<const Transition> transitions() noexcept {
    return table;
}

hw::mo_status check_transition(TransitionRule Transition::* rule, hw::mo_qp_state from,
                               hw::mo_qp_state to, std::uint32_t mask) noexcept {
    const std::uint32_t given = mask & ~std::uint32_t{MO_QPA_STATE};
    if (to == MO_QPS_RESET || to == MO_QPS_ERR) {
        return given == 0 ? hw::MO_ST_OK : hw::MO_ST_BAD_STATE;
    }
    const auto* const row = std::ranges::find_if(table, [&](const Transition& transition) {
        return transition.from == from && transition.to == to;
    });
    if (row == table.end()) {
        return hw::MO_ST_BAD_STATE;
    }
    const TransitionRule& asked = (*row).*rule;
    const bool fits = asked.legal && (given & asked.required) == asked.required &&
                      (given & ~(asked.required | asked.optional)) == 0;
    return fits ? hw::MO_ST_OK : hw::MO_ST_BAD_STATE;
}

} // namespace mo::nic::rdma
