// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/transport.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace mo::nic::rdma {

namespace {

constexpr std::uint64_t opcodes(std::initializer_list<hw::mo_wr> list) noexcept {
    std::uint64_t bits = 0;
    for (const hw::mo_wr opcode : list) {
        bits |= std::uint64_t{1} << opcode;
    }
    return bits;
}

constexpr std::uint64_t all_opcodes = opcodes({
#define X(name, value, body, text) hw::MO_WR_##name,
    MO_WRS(X)
#undef X
});
constexpr std::uint64_t datagram_opcodes =
    opcodes({hw::MO_WR_NOP, hw::MO_WR_SEND, hw::MO_WR_SEND_IMM});

constexpr std::array rows = {
    TransportPolicy{.type = hw::MO_QPT_RC,
                    .packets = Transport::rc,
                    .connected = true,
                    .acknowledged = true,
                    .multicast = false,
                    .wire_number = 0,
                    .sends = all_opcodes,
                    .after_failed_send = hw::MO_QPS_ERR,
                    .rule = &Transition::connected},
    TransportPolicy{.type = hw::MO_QPT_UD,
                    .packets = Transport::ud,
                    .connected = false,
                    .acknowledged = false,
                    .multicast = true,
                    .wire_number = 0,
                    .sends = datagram_opcodes,
                    .after_failed_send = hw::MO_QPS_SQE,
                    .rule = &Transition::datagram},
    TransportPolicy{.type = hw::MO_QPT_GSI,
                    .packets = Transport::ud,
                    .connected = false,
                    .acknowledged = false,
                    .multicast = false,
                    .wire_number = gsi_number,
                    .sends = datagram_opcodes,
                    .after_failed_send = hw::MO_QPS_SQE,
                    .rule = &Transition::datagram},
};

constexpr bool has_row(hw::mo_qp_type type) noexcept {
    return std::ranges::any_of(rows, [&](const TransportPolicy& row) { return row.type == type; });
}
#define X(name, value, text) static_assert(has_row(hw::MO_QPT_##name), text);
MO_QP_TYPES(X)
#undef X

} // namespace

const TransportPolicy* find_policy(std::uint8_t type) noexcept {
    const auto* const row =
        std::ranges::find_if(rows, [&](const TransportPolicy& each) { return each.type == type; });
    return row == rows.end() ? nullptr : row;
}

const TransportPolicy& policy_of(hw::mo_qp_type type) noexcept {
    const TransportPolicy* const row = find_policy(static_cast<std::uint8_t>(type));
    return row != nullptr ? *row : rows.front();
}

} // namespace mo::nic::rdma
