// SPDX-License-Identifier: GPL-2.0-or-later
// Builder of RoCEv2 packets.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "common/le.hpp"
#include "fabric/ethertype.hpp"
#include "fabric/icrc.hpp"
#include "nic/rdma/packet.hpp"
#include "nic/rdma/wire.hpp"

namespace mo::nic::rdma {

namespace {

using namespace wire;
using fabric::store_be16;
using fabric::store_be32;

/// Behind the ethernet header and the tag.
std::byte* put_layer2(std::byte* at, const Route& route) noexcept {
    at = std::ranges::copy(route.dmac, at).out;
    at = std::ranges::copy(route.smac, at).out;
    if (route.vlan) {
        store_be16(at, fabric::ethertype_vlan);
        store_be16(at + 2, route.vlan_tci);
        at += fabric::vlan_tag_length;
    }
    store_be16(at, route.ipv6() ? fabric::ethertype_ipv6 : fabric::ethertype_ipv4);
    return at + 2;
}

std::byte* put_ipv4(std::byte* ip, const Route& route, std::size_t payload,
                    std::uint16_t id) noexcept {
    ip[0] = ipv4::version_length;
    ip[ipv4::type_of_service] = std::byte{route.traffic_class};
    store_be16(ip + ipv4::total_length, static_cast<std::uint16_t>(ipv4::min_header + payload));
    store_be16(ip + ipv4::identification, id);
    store_be16(ip + ipv4::fragment, ipv4::dont_fragment);
    ip[ipv4::time_to_live] = std::byte{route.hop_limit};
    ip[ipv4::protocol] = std::byte{fabric::protocol_udp};
    store_be16(ip + ipv4::checksum, 0);
    std::ranges::copy(route.sgid.ipv4(), ip + ipv4::source);
    std::ranges::copy(route.dgid.ipv4(), ip + ipv4::destination);
    fabric::InternetSum sum;
    sum.add({ip, ipv4::min_header});
    store_be16(ip + ipv4::checksum, sum.checksum());
    return ip + ipv4::min_header;
}

std::byte* put_ipv6(std::byte* ip, const Route& route, std::size_t payload) noexcept {
    store_be32(ip, ipv6::version | (std::uint32_t{route.traffic_class} << ipv6::class_shift) |
                       (route.flow_label & ipv6::label_mask));
    store_be16(ip + ipv6::payload_length, static_cast<std::uint16_t>(payload));
    ip[ipv6::next_header] = std::byte{fabric::protocol_udp};
    ip[ipv6::hop_limit] = std::byte{route.hop_limit};
    std::ranges::copy(route.sgid.bytes, ip + ipv6::source);
    std::ranges::copy(route.dgid.bytes, ip + ipv6::destination);
    return ip + ipv6::header;
}

std::byte* put_udp(std::byte* at, const Route& route, std::size_t bytes) noexcept {
    store_be16(at + udp::source_port, route.udp_sport);
    store_be16(at + udp::destination_port, MO_RDMA_UDP_PORT);
    store_be16(at + udp::length, static_cast<std::uint16_t>(bytes));
    store_be16(at + udp::checksum, 0);
    return at + udp::header;
}

std::byte* put_bth(std::byte* at, const Bth& from, std::size_t pad) noexcept {
    at[bth::opcode] = static_cast<std::byte>(from.opcode);
    at[bth::flags] =
        static_cast<std::byte>((from.solicited ? bth::solicited : 0U) |
                               (from.migrated ? bth::migrated : 0U) | (pad << bth::pad_shift));
    store_be16(at + bth::pkey, from.pkey);
    store_be32(at + bth::dest_qp, from.dest_qp & bth::low24);
    at[bth::notification] =
        static_cast<std::byte>((from.fecn ? bth::fecn : 0U) | (from.becn ? bth::becn : 0U));
    store_be32(at + bth::psn, (from.psn & bth::low24) | (from.ack_request ? bth::ack_request : 0U));
    return at + bth_bytes;
}

std::byte* put_extended(std::byte* at, const OpcodeInfo& op, const Headers& from) noexcept {
    if (op.has(has_deth)) {
        store_be32(at, from.deth.qkey);
        store_be32(at + 4, from.deth.src_qp & bth::low24);
        at += deth_bytes;
    }
    if (op.has(has_reth)) {
        store_be64(at, from.reth.address);
        store_be32(at + 8, from.reth.rkey);
        store_be32(at + 12, from.reth.length);
        at += reth_bytes;
    }
    if (op.has(has_atomic_eth)) {
        store_be64(at, from.atomic.address);
        store_be32(at + 8, from.atomic.rkey);
        store_be64(at + 12, from.atomic.swap_add);
        store_be64(at + 20, from.atomic.compare);
        at += atomic_eth_bytes;
    }
    if (op.has(has_aeth)) {
        store_be32(at, (std::uint32_t{from.aeth.syndrome} << 24U) | (from.aeth.msn & bth::low24));
        at += aeth_bytes;
    }
    if (op.has(has_atomic_ack)) {
        store_be64(at, from.atomic_result);
        at += atomic_ack_bytes;
    }
    if (op.has(has_imm)) {
        store_be32(at, byte_swap(from.imm));
        at += imm_bytes;
    }
    if (op.has(has_ieth)) {
        store_be32(at, from.invalidate);
        at += ieth_bytes;
    }
    if (op.has(has_cnp)) {
        at = std::fill_n(at, cnp_bytes, std::byte{});
    }
    return at;
}

std::byte* put_bytes(std::byte* at, fabric::Bytes bytes) noexcept {
    if (!bytes.empty()) {
        std::memcpy(at, bytes.data(), bytes.size());
    }
    return at + bytes.size();
}

} // namespace

const fabric::Frame& PacketBuffer::build(const Route& route, const Headers& headers,
                                         std::span<const fabric::Bytes> payload,
                                         Making making) noexcept {
    const OpcodeInfo& op = info(headers.bth.opcode);
    std::size_t payload_bytes = 0;
    for (const fabric::Bytes piece : payload) {
        payload_bytes += piece.size();
    }
    assert(payload_bytes <= max_payload && (op.payload || payload_bytes == 0));
    const std::size_t pad = (0U - payload_bytes) & 3U;
    transport_bytes_ = static_cast<std::uint32_t>(op.bytes + payload_bytes + pad + icrc_bytes);
    const std::size_t udp_bytes = udp::header + transport_bytes_;

    std::byte* at = put_layer2(bytes_.data(), route);
    const auto l3_offset = static_cast<std::uint16_t>(at - bytes_.data());
    at = route.ipv6() ? put_ipv6(at, route, udp_bytes) : put_ipv4(at, route, udp_bytes, ip_id_++);
    at = put_udp(at, route, udp_bytes);
    at = put_bth(at, headers.bth, pad);
    at = put_extended(at, op, headers);

    // The head takes payload until it is long enough; the rest stays where it is.
    const bool copy_all = making == Making::bytes || payload.size() >= pieces_.size();
    std::size_t room =
        copy_all ? payload_bytes : head_bytes - static_cast<std::size_t>(at - bytes_.data());
    std::size_t referred = 0;
    std::size_t pieces = 0;
    for (const fabric::Bytes piece : payload) {
        const std::size_t copied = std::min(room, piece.size());
        at = put_bytes(at, piece.first(copied));
        room -= copied;
        if (copied != piece.size()) {
            pieces_[pieces++] = piece.subspan(copied);
            referred += piece.size() - copied;
        }
    }
    std::byte* const tail = at;
    std::byte* const icrc = std::fill_n(tail, pad, std::byte{});
    at = std::fill_n(icrc, icrc_bytes, std::byte{});
    std::size_t written = static_cast<std::size_t>(at - bytes_.data());
    const std::size_t icrc_offset = written + referred - icrc_bytes;
    if (written + referred < fabric::min_frame) {
        std::fill_n(at, fabric::min_frame - written, std::byte{});
        written = fabric::min_frame;
    }

    const fabric::Bytes all = fabric::Bytes(bytes_).first(written);
    const std::size_t head = pieces == 0 ? written : static_cast<std::size_t>(tail - all.data());
    if (pieces != 0) {
        pieces_[pieces++] = all.subspan(head);
    }
    frame_ = fabric::Frame{};
    frame_.head = all.first(head);
    frame_.body = std::span(pieces_).first(pieces);
    frame_.length = static_cast<std::uint32_t>(written + referred);
    frame_.icrc = {static_cast<std::uint32_t>(icrc_offset), l3_offset};
    if (making == Making::bytes) {
        fabric::complete_icrc(std::span(bytes_).first(written), frame_.icrc);
        frame_.icrc = {};
    }
    return frame_;
}

} // namespace mo::nic::rdma
