// SPDX-License-Identifier: GPL-2.0-or-later
// Parser of RoCEv2 packets.
#include "nic/rdma/packet.hpp"

#include <algorithm>
#include <array>

#include "common/le.hpp"
#include "fabric/ethertype.hpp"
#include "fabric/icrc.hpp"
#include "nic/rdma/wire.hpp"

namespace mo::nic::rdma {

namespace {

using namespace wire;
using fabric::load_be16;
using fabric::load_be32;

constexpr std::size_t alignment = 4;

struct Parser {
    const fabric::Frame& frame;
    const std::byte* head;
    Packet& out;
    std::size_t udp_offset = 0;
    std::size_t end = 0; ///< of the IP packet

    /// The frame's first `bytes` bytes are there (as long as that is at most 256).
    [[nodiscard]] bool has(std::size_t bytes) const noexcept {
        return bytes <= frame.head.size() && bytes <= frame.length;
    }

    Fault parse() noexcept {
        Fault fault = layer2();
        if (fault == Fault::none) {
            fault = out.l3_bytes == ipv4::min_header ? layer3_ipv4() : layer3_ipv6();
        }
        if (fault == Fault::none) {
            fault = layer4();
        }
        return fault == Fault::none ? transport() : fault;
    }

    Fault layer2() noexcept {
        if (!has(fabric::ethernet_header + fabric::vlan_tag_length)) {
            return Fault::truncated;
        }
        std::copy_n(head, out.route.dmac.size(), out.route.dmac.begin());
        std::copy_n(head + 6, out.route.smac.size(), out.route.smac.begin());
        std::uint16_t ethertype = load_be16(head + 12);
        out.l3_offset = fabric::ethernet_header;
        out.route.vlan = ethertype == fabric::ethertype_vlan;
        out.route.vlan_tci = 0;
        if (out.route.vlan) {
            out.route.vlan_tci = load_be16(head + fabric::ethernet_header);
            out.l3_offset += fabric::vlan_tag_length;
            ethertype = load_be16(head + out.l3_offset - 2);
        }
        if (ethertype == fabric::ethertype_ipv4) {
            out.l3_bytes = ipv4::min_header;
        } else if (ethertype == fabric::ethertype_ipv6) {
            out.l3_bytes = ipv6::header;
        } else {
            return Fault::not_ip;
        }
        udp_offset = out.l3_offset + std::size_t{out.l3_bytes};
        return has(udp_offset) ? Fault::none : Fault::truncated;
    }

    Fault set_end(std::size_t ip_bytes) noexcept {
        end = out.l3_offset + ip_bytes;
        return end >= udp_offset && end <= frame.length ? Fault::none : Fault::ip_length;
    }

    Fault layer3_ipv4() noexcept {
        const std::byte* const ip = head + out.l3_offset;
        if (load8(ip) >> 4U != 4) {
            return Fault::ip_version;
        }
        if (*ip != ipv4::version_length) {
            return Fault::ip_options;
        }
        fabric::InternetSum sum;
        sum.add({ip, ipv4::min_header});
        if (sum.checksum() != 0) {
            return Fault::ip_checksum;
        }
        if ((load_be16(ip + ipv4::fragment) & ipv4::fragment_bits) != 0) {
            return Fault::ip_fragment;
        }
        if (load8(ip + ipv4::protocol) != fabric::protocol_udp) {
            return Fault::not_udp;
        }
        out.route.traffic_class = load8(ip + ipv4::type_of_service);
        out.route.hop_limit = load8(ip + ipv4::time_to_live);
        out.route.flow_label = 0;
        out.route.sgid = Gid::of_ipv4(std::span<const std::byte, 4>(ip + ipv4::source, 4));
        out.route.dgid = Gid::of_ipv4(std::span<const std::byte, 4>(ip + ipv4::destination, 4));
        return set_end(load_be16(ip + ipv4::total_length));
    }

    Fault layer3_ipv6() noexcept {
        const std::byte* const ip = head + out.l3_offset;
        const std::uint32_t word = load_be32(ip);
        if (word >> 28U != 6) {
            return Fault::ip_version;
        }
        const std::uint8_t next = load8(ip + ipv6::next_header);
        if (next != fabric::protocol_udp) {
            return next == fabric::protocol_fragment ? Fault::ip_fragment : Fault::not_udp;
        }
        out.route.traffic_class = static_cast<std::uint8_t>(word >> ipv6::class_shift);
        out.route.hop_limit = load8(ip + ipv6::hop_limit);
        out.route.flow_label = word & ipv6::label_mask;
        std::copy_n(ip + ipv6::source, out.route.sgid.bytes.size(), out.route.sgid.bytes.begin());
        std::copy_n(ip + ipv6::destination, out.route.dgid.bytes.size(),
                    out.route.dgid.bytes.begin());
        return set_end(ipv6::header + load_be16(ip + ipv6::payload_length));
    }

    Fault layer4() noexcept {
        if (end < udp_offset + udp::header || !has(udp_offset + udp::header)) {
            return Fault::truncated;
        }
        const std::byte* const at = head + udp_offset;
        if (load_be16(at + udp::destination_port) != MO_RDMA_UDP_PORT) {
            return Fault::udp_port;
        }
        if (load_be16(at + udp::length) != end - udp_offset) {
            return Fault::udp_length;
        }
        out.route.udp_sport = load_be16(at + udp::source_port);
        return load_be16(at + udp::checksum) == 0 || checksum_right() ? Fault::none
                                                                      : Fault::udp_checksum;
    }

    [[nodiscard]] bool checksum_right() const noexcept {
        fabric::InternetSum sum;
        fabric::PieceCursor bytes(frame.body, frame.head.subspan(udp_offset));
        bytes.take(end - udp_offset, [&sum](fabric::Bytes piece) {
            sum.add(piece);
            return true;
        });
        fabric::InternetSum total;
        const std::size_t first =
            out.l3_offset + (out.l3_bytes == ipv4::min_header ? ipv4::source : ipv6::source);
        total.add(frame.head.subspan(first, udp_offset - first)); // both addresses
        total.add16(fabric::protocol_udp);
        total.add16(static_cast<std::uint16_t>(end - udp_offset));
        total.add16(sum.sum());
        return total.checksum() == 0;
    }

    Fault transport() noexcept {
        const std::size_t at = udp_offset + udp::header;
        out.bth_offset = static_cast<std::uint16_t>(at);
        if (end < at + bth_bytes + icrc_bytes || !has(at + bth_bytes)) {
            return Fault::truncated;
        }
        out.op = find_opcode(load8(head + at + bth::opcode));
        if (out.op == nullptr) {
            return Fault::opcode;
        }
        const std::uint8_t flags = load8(head + at + bth::flags);
        if ((flags & bth::version_mask) != 0) {
            return Fault::version;
        }
        if (end < at + out.op->bytes + icrc_bytes || !has(at + out.op->bytes)) {
            return Fault::header_length;
        }
        out.payload_offset = static_cast<std::uint16_t>(at + out.op->bytes);
        out.icrc_offset = static_cast<std::uint32_t>(end - icrc_bytes);
        const std::size_t padded = out.icrc_offset - out.payload_offset;
        const std::size_t pad = (flags >> bth::pad_shift) & bth::pad_mask;
        if (padded % alignment != 0) {
            return Fault::alignment;
        }
        if (!out.op->payload && padded != 0) {
            return Fault::payload;
        }
        if (pad > padded) {
            return Fault::pad;
        }
        if (padded > max_payload) {
            return Fault::payload_length;
        }
        out.payload_bytes = static_cast<std::uint32_t>(padded - pad);
        base_header(head + at, flags);
        extended_headers(head + at + bth_bytes);
        return Fault::none;
    }

    void base_header(const std::byte* at, std::uint8_t flags) noexcept {
        Bth& to = out.headers.bth;
        to.opcode = out.op->opcode;
        to.solicited = (flags & bth::solicited) != 0;
        to.migrated = (flags & bth::migrated) != 0;
        to.pkey = load_be16(at + bth::pkey);
        const std::uint8_t notification = load8(at + bth::notification);
        to.fecn = (notification & bth::fecn) != 0;
        to.becn = (notification & bth::becn) != 0;
        to.dest_qp = load_be32(at + bth::dest_qp) & bth::low24;
        const std::uint32_t word = load_be32(at + bth::psn);
        to.ack_request = (word & bth::ack_request) != 0;
        to.psn = word & bth::low24;
    }

    void extended_headers(const std::byte* at) noexcept {
        Headers& to = out.headers;
        if (out.op->has(has_deth)) {
            to.deth = {load_be32(at), load_be32(at + 4) & bth::low24};
            at += deth_bytes;
        }
        if (out.op->has(has_reth)) {
            to.reth = {load_be64(at), load_be32(at + 8), load_be32(at + 12)};
            at += reth_bytes;
        }
        if (out.op->has(has_atomic_eth)) {
            to.atomic = {load_be64(at), load_be32(at + 8), load_be64(at + 12), load_be64(at + 20)};
            at += atomic_eth_bytes;
        }
        if (out.op->has(has_aeth)) {
            to.aeth = {load8(at), load_be32(at) & bth::low24};
            at += aeth_bytes;
        }
        if (out.op->has(has_atomic_ack)) {
            to.atomic_result = load_be64(at);
            at += atomic_ack_bytes;
        }
        if (out.op->has(has_imm)) {
            to.imm = byte_swap(load_be32(at));
            at += imm_bytes;
        }
        if (out.op->has(has_ieth)) {
            to.invalidate = load_be32(at);
        }
    }
};

} // namespace

const char* text_of(Fault fault) noexcept {
    static constexpr std::array texts = {
#define X(name, text) text,
        MO_ROCE_FAULTS(X)
#undef X
    };
    return texts[static_cast<std::size_t>(fault)];
}

Fault parse(const fabric::Frame& frame, Packet& out) noexcept {
    return Parser{frame, frame.head.data(), out}.parse();
}

bool icrc_right(const fabric::Frame& frame, const Packet& packet) noexcept {
    return frame.icrc || fabric::icrc_matches(frame, packet.l3_offset, packet.icrc_offset);
}

} // namespace mo::nic::rdma
