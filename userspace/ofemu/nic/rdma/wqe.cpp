// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/wqe.hpp"

#include <algorithm>
#include <cstring>

namespace mo::nic::rdma {

namespace {

constexpr std::uint32_t atomic_bytes = 8;
constexpr std::uint32_t qp_number_mask = 0xffffff;
constexpr std::uint32_t flow_bits = MO_AV_FLOW_LABEL | MO_AV_SL;

/// Bytes of the bodies by opcode; -1: no such opcode.
constexpr auto body_sizes = [] {
    std::array<std::int16_t, 256> sizes{};
    sizes.fill(-1);
#define X(name, value, body, text) sizes[value] = (body);
    MO_WRS(X)
#undef X
    return sizes;
}();

/// Bytes of the body; a datagram's send has the datagram's.
constexpr std::size_t body_bytes(hw::mo_wr opcode, bool datagram) noexcept {
    return datagram && is_send(opcode) ? sizeof(hw::mo_wqe_ud)
                                       : static_cast<std::size_t>(body_sizes[opcode]);
}

constexpr bool known(std::uint8_t opcode) noexcept {
    return body_sizes[opcode] >= 0;
}

bool allowed(hw::mo_wr opcode, const TransportPolicy& policy, bool kernel) noexcept {
    return policy.can_send(opcode) && (opcode != hw::MO_WR_REG_MR || kernel);
}

template <typename T>
T take(std::span<const std::byte> raw, std::size_t offset) noexcept {
    T value;
    std::memcpy(static_cast<void*>(&value), raw.data() + offset, sizeof value);
    return value;
}

/// SGEs at `offset`; the number was checked against the opcode, not against the entry.
WqeFault take_sges(std::span<const std::byte> raw, std::size_t offset, Wqe& out) noexcept {
    if (out.sge_count * sizeof(hw::mo_sge) > raw.size() - offset) {
        return WqeFault::sges;
    }
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < out.sge_count; ++i) {
        const auto sge = take<hw::mo_sge>(raw, offset + i * sizeof(hw::mo_sge));
        out.sges[i] = {sge.addr, sge.length, sge.lkey};
        length += sge.length;
    }
    if (length > MO_RDMA_MAX_MSG) {
        return WqeFault::length;
    }
    out.length = static_cast<std::uint32_t>(length);
    return WqeFault::none;
}

WqeFault take_ud(const hw::mo_wqe_ud& ud) noexcept {
    if (ud.rsvd != 0) {
        return WqeFault::reserved;
    }
    return ud.dest_qp > qp_number_mask || (ud.av.flow & ~flow_bits) != 0 ? WqeFault::range
                                                                         : WqeFault::none;
}

WqeFault take_body(std::span<const std::byte> raw, bool datagram, Wqe& out) noexcept {
    constexpr std::size_t at = sizeof(hw::mo_wqe);
    if (is_write(out.opcode) || out.opcode == hw::MO_WR_READ) {
        const auto body = take<hw::mo_wqe_rdma>(raw, at);
        out.remote_address = body.remote_addr;
        out.rkey = body.rkey;
        return body.rsvd != 0 ? WqeFault::reserved : WqeFault::none;
    }
    if (is_atomic(out.opcode)) {
        const auto body = take<hw::mo_wqe_atomic>(raw, at);
        out.remote_address = body.remote_addr;
        out.swap_add = body.swap_add;
        out.compare = body.compare;
        out.rkey = body.rkey;
        return body.rsvd != 0 ? WqeFault::reserved : WqeFault::none;
    }
    if (out.opcode == hw::MO_WR_REG_MR) {
        out.reg = take<hw::mo_wqe_reg>(raw, at);
        const bool zero =
            std::ranges::all_of(out.reg.rsvd, [](std::uint8_t byte) { return byte == 0; });
        return zero ? WqeFault::none : WqeFault::reserved;
    }
    if (out.opcode == hw::MO_WR_BIND) {
        out.bind = take<hw::mo_wqe_bind>(raw, at);
        const bool zero =
            std::ranges::all_of(out.bind.rsvd, [](std::uint8_t byte) { return byte == 0; });
        return zero ? WqeFault::none : WqeFault::reserved;
    }
    if (datagram && is_send(out.opcode)) {
        out.ud = take<hw::mo_wqe_ud>(raw, at);
        return take_ud(out.ud);
    }
    return WqeFault::none;
}

/// Number of SGEs and inline data, as far as the opcode decides.
WqeFault check_shape(const hw::mo_wqe& head, const Wqe& wqe) noexcept {
    const bool data_goes_out = is_send(wqe.opcode) || is_write(wqe.opcode);
    if (wqe.is_inline() && (!data_goes_out || head.nsge != 0)) {
        return data_goes_out ? WqeFault::sges : WqeFault::flags;
    }
    if (!wqe.is_inline() && head.length != 0) {
        return WqeFault::reserved;
    }
    if (is_atomic(wqe.opcode)) {
        return head.nsge == 1 ? WqeFault::none : WqeFault::sges;
    }
    const unsigned most = is_local(wqe.opcode)           ? 0
                          : wqe.opcode == hw::MO_WR_READ ? MO_RDMA_MAX_SGE_RD
                                                         : MO_RDMA_MAX_SGE;
    return head.nsge <= most ? WqeFault::none : WqeFault::sges;
}

} // namespace

const char* text_of(WqeFault fault) noexcept {
    switch (fault) {
#define X(name, text)                                                                              \
    case WqeFault::name:                                                                           \
        return text;
        MO_WQE_FAULTS(X)
#undef X
    }
    return "unknown";
}

WqeFault decode_send(std::span<const std::byte> raw, const TransportPolicy& policy, bool kernel,
                     Wqe& out) noexcept {
    const auto head = take<hw::mo_wqe>(raw, 0);
    if (!known(head.opcode)) {
        return WqeFault::opcode;
    }
    out.opcode = static_cast<hw::mo_wr>(head.opcode);
    out.flags = head.flags;
    out.sge_count = head.nsge;
    out.inline_bytes = 0;
    out.imm = head.imm;
    out.length = 0;
    if (!allowed(out.opcode, policy, kernel)) {
        return WqeFault::opcode;
    }
    if ((head.flags & ~MO_WQEF_ALL) != 0) {
        return WqeFault::flags;
    }
    if (head.rsvd != 0 || head.rsvd1 != 0) {
        return WqeFault::reserved;
    }
    if (const auto fault = check_shape(head, out); fault != WqeFault::none) {
        return fault;
    }
    const bool datagram = !policy.connected;
    const std::size_t data = sizeof head + body_bytes(out.opcode, datagram);
    if (data > raw.size()) {
        return WqeFault::opcode; // entries of this queue are too short for it
    }
    if (const auto fault = take_body(raw, datagram, out); fault != WqeFault::none) {
        return fault;
    }
    if (out.is_inline()) {
        if (head.length > MO_RDMA_MAX_INLINE || head.length > raw.size() - data) {
            return WqeFault::inline_length;
        }
        out.inline_bytes = static_cast<std::uint16_t>(head.length);
        out.length = head.length;
        std::memcpy(out.data.data(), raw.data() + data, out.inline_bytes);
        return WqeFault::none;
    }
    if (const auto fault = take_sges(raw, data, out); fault != WqeFault::none) {
        return fault;
    }
    return is_atomic(out.opcode) && out.length != atomic_bytes ? WqeFault::length : WqeFault::none;
}

WqeFault decode_receive(std::span<const std::byte> raw, Wqe& out) noexcept {
    const auto head = take<hw::mo_wqe>(raw, 0);
    out.opcode = hw::MO_WR_NOP;
    out.flags = 0;
    out.sge_count = head.nsge;
    out.inline_bytes = 0;
    out.length = 0;
    if (head.opcode != hw::MO_WR_NOP) {
        return WqeFault::opcode;
    }
    if (head.flags != 0) {
        return WqeFault::flags;
    }
    if (head.rsvd != 0 || head.length != 0 || head.rsvd1 != 0) {
        return WqeFault::reserved;
    }
    if (head.nsge > MO_RDMA_MAX_SGE) {
        return WqeFault::sges;
    }
    return take_sges(raw, sizeof head, out);
}

} // namespace mo::nic::rdma
