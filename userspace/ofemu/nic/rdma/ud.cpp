// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/ud.hpp"

#include <algorithm>
#include <array>

namespace mo::nic::rdma {

namespace {

/// IBA 10.2.5: a Q_Key with this bit in an entry means that of the QP.
constexpr std::uint32_t controlled_qkey = 0x80000000U;

std::array<std::byte, MO_RDMA_GRH_BYTES> grh_area(const fabric::Frame& frame,
                                                  const Packet& packet) noexcept {
    std::array<std::byte, MO_RDMA_GRH_BYTES> area{};
    const auto header = packet.ip_header(frame);
    std::ranges::copy(header, area.end() - static_cast<std::ptrdiff_t>(header.size()));
    return area;
}

} // namespace

bool Datagrams::poll(Qp& qp, unsigned& budget) {
    bool worked = false;
    if (qp.state == hw::MO_QPS_SQD && qp.send.notify) {
        qp.send.notify = false; // a datagram is gone when its turn is over
        host_.raise(qp, hw::MO_EVENT_SQ_DRAINED);
    }
    while (budget != 0 && ready(qp)) {
        if (!send_one(qp)) {
            break;
        }
        worked = true;
        --budget;
    }
    return worked;
}

/// False: the entry could not be read.
bool Datagrams::send_one(Qp& qp) {
    std::array<std::byte, std::size_t{1} << MO_RDMA_STRIDE_MAX_LOG> raw;
    const auto entry = std::span(raw).first(qp.sq.stride());
    if (!qp.sq.fetch(shared_.memory.section(), qp.sq.head(), entry)) {
        host_.fail(qp, qp.sq.last_fault());
        return false;
    }
    const auto fault = decode_send(entry, qp.policy, qp.config.kernel, wqe_);
    if (fault != WqeFault::none) {
        hw::mo_rdma_cqe cqe{};
        cqe.status = hw::MO_WC_LOC_QP_OP_ERR;
        cqe.error = hw::MO_QPE_WQE;
        if (host_.complete(qp, cqe)) {
            host_.fail(qp, hw::MO_QPE_WQE);
        }
        return true;
    }
    if (wqe_.opcode != hw::MO_WR_NOP) {
        const auto status = build(qp, wqe_);
        if (status != hw::MO_WC_SUCCESS) {
            fail(qp, wqe_.opcode, status);
            return true;
        }
    }
    if (wqe_.has(MO_WQEF_SIGNALED)) {
        hw::mo_rdma_cqe cqe{};
        cqe.opcode = static_cast<std::uint8_t>(wqe_.opcode);
        (void)host_.complete(qp, cqe);
    } else {
        qp.sq.complete();
    }
    return true;
}

void Datagrams::fail(Qp& qp, hw::mo_wr opcode, hw::mo_wc status) {
    hw::mo_rdma_cqe cqe{};
    cqe.opcode = static_cast<std::uint8_t>(opcode);
    cqe.status = static_cast<std::uint8_t>(status);
    cqe.error = hw::MO_QPE_LOCAL;
    if (host_.complete(qp, cqe)) {
        host_.fail_send(qp, hw::MO_QPE_LOCAL);
    }
}

/// Sends a datagram, or says why that cannot be.
hw::mo_wc Datagrams::build(Qp& qp, const Wqe& wqe) {
    if (wqe.length > host_.port_mtu()) {
        return hw::MO_WC_LOC_LEN_ERR;
    }
    Route route;
    if (!make_route(wqe.ud.av, shared_.gids, qp.number(), route) ||
        route.sgid.is_ipv4() != route.dgid.is_ipv4()) {
        return hw::MO_WC_LOC_QP_OP_ERR;
    }
    SpanList memory;
    std::array<fabric::Bytes, SpanList::capacity> payload;
    std::size_t pieces = 0;
    if (wqe.is_inline()) {
        payload[pieces++] = wqe.inline_data();
    } else {
        SgCursor place;
        const auto fault = shared_.memory.resolve(wqe, qp.user(), 0, 0, wqe.length, place, memory);
        if (fault == MemoryFault::dma) {
            host_.report(qp, shared_.memory.last_fault());
        }
        if (fault != MemoryFault::none) {
            return hw::MO_WC_LOC_PROT_ERR;
        }
        for (const auto piece : memory.pieces()) {
            payload[pieces++] = piece;
        }
    }
    Headers headers;
    headers.bth.opcode =
        wqe.opcode == hw::MO_WR_SEND_IMM ? Opcode::ud_send_only_imm : Opcode::ud_send_only;
    headers.bth.solicited = wqe.has(MO_WQEF_SOLICITED);
    headers.bth.dest_qp = wqe.ud.dest_qp;
    headers.bth.psn = qp.send.next_psn;
    headers.deth.qkey = (wqe.ud.qkey & controlled_qkey) != 0 ? qp.attr.qkey : wqe.ud.qkey;
    headers.deth.src_qp = qp.wire_number();
    headers.imm = wqe.imm;
    qp.send.next_psn = psn_next(qp.send.next_psn);
    ++shared_.counters.tx_send;
    const bool loopback = shared_.gids.find(route.dgid, route.vlan, route.vlan_tci) != nullptr;
    host_.transmit(route, loopback, headers, std::span(payload).first(pieces));
    return hw::MO_WC_SUCCESS;
}

void Datagrams::receive(Qp& qp, const fabric::Frame& frame, const Packet& packet) {
    RdmaCounters& counters = shared_.counters;
    if (packet.headers.deth.qkey != qp.attr.qkey) {
        ++counters.rx_qkey_errors;
        return;
    }
    ReceiveEntry& entry = qp.recv.entry;
    const auto taken = qp.receives.take(shared_.memory.section(), shared_.shadow, entry);
    switch (taken) {
    case ReceiveSource::Take::bad_tail:
        host_.fail(qp, hw::MO_QPE_TAIL);
        return;
    case ReceiveSource::Take::fault:
        host_.fail(qp, qp.receives.last_fault());
        return;
    case ReceiveSource::Take::empty:
        ++counters.rx_ud_no_buffer;
        return;
    default:
        break;
    }
    const Wqe& wqe = entry.wqe;
    hw::mo_rdma_cqe cqe{};
    cqe.opcode = hw::MO_RECV_SEND;
    if (taken == ReceiveSource::Take::malformed) {
        cqe.status = hw::MO_WC_LOC_QP_OP_ERR;
        cqe.error = hw::MO_QPE_WQE;
    } else if (packet.payload_bytes + MO_RDMA_GRH_BYTES > wqe.length) {
        ++counters.rx_malformed; // IBA 9.8.3: dropped; a stranger must not end the QP
        qp.receives.put_back(entry);
        return;
    } else if (!store(qp, wqe, frame, packet)) {
        cqe.status = hw::MO_WC_LOC_PROT_ERR;
        cqe.error = hw::MO_QPE_LOCAL;
    }
    if (cqe.status != hw::MO_WC_SUCCESS) {
        const auto error = static_cast<hw::mo_qp_error>(cqe.error.value());
        if (host_.complete(qp, cqe)) {
            host_.fail(qp, error);
        }
        return;
    }
    const bool imm = packet.op->has(has_imm);
    cqe.length = packet.payload_bytes + MO_RDMA_GRH_BYTES;
    cqe.imm = imm ? packet.headers.imm : 0;
    cqe.src_qp = packet.headers.deth.src_qp;
    cqe.vlan_tci = packet.route.vlan ? packet.route.vlan_tci : std::uint16_t{0};
    std::ranges::transform(packet.route.smac, std::begin(cqe.smac),
                           [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
    cqe.flags = static_cast<std::uint16_t>(MO_CQEF_GRH | MO_CQEF_SMAC | (imm ? MO_CQEF_IMM : 0) |
                                           (packet.route.vlan ? MO_CQEF_VLAN : 0) |
                                           (packet.route.ipv6() ? 0 : MO_CQEF_IPV4) |
                                           (packet.headers.bth.solicited ? MO_CQEF_SOLICITED : 0));
    ++counters.rx_send;
    (void)host_.complete(qp, cqe);
}

/// Writes GRH area and payload; false: the entry does not allow it.
bool Datagrams::store(Qp& qp, const Wqe& wqe, const fabric::Frame& frame, const Packet& packet) {
    const auto area = grh_area(frame, packet);
    SgCursor place;
    SpanList header;
    SpanList data;
    auto fault = shared_.memory.resolve(wqe, qp.user(), MO_ACCESS_LOCAL_WRITE, 0, MO_RDMA_GRH_BYTES,
                                        place, header);
    if (fault == MemoryFault::none) {
        fault = shared_.memory.resolve(wqe, qp.user(), MO_ACCESS_LOCAL_WRITE, MO_RDMA_GRH_BYTES,
                                       packet.payload_bytes, place, data);
    }
    if (fault == MemoryFault::dma) {
        host_.report(qp, shared_.memory.last_fault());
    }
    if (fault != MemoryFault::none) {
        return false;
    }
    shared_.memory.copy(packet.payload(frame), data);
    shared_.memory.copy(fabric::PieceCursor({}, area), header);
    return true;
}

} // namespace mo::nic::rdma
