// SPDX-License-Identifier: GPL-2.0-or-later
// RoCEv2 packets for tests, written field by field: the obvious reference. Shares no code with the
// transport.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fabric/tests/roce_packets.hpp"
#include "nic/rdma/packet.hpp"

namespace mo::nic::rdma::test {

using namespace mo::test;
using Octets = mo::test::Packet; // Packet is the transport's

/// What the wire has behind the BTH, in the notation of IBA table 38.
struct WireOpcode {
    unsigned value;
    std::string_view headers; ///< R = RETH, A = AETH, M = AtomicETH, K = AtomicAckETH, D = DETH,
                              ///< I = ImmDt, V = IETH, C = 16 reserved bytes
    bool payload;
};
inline constexpr std::array wire_opcodes = {
    WireOpcode{0x00, "", true},    WireOpcode{0x01, "", true},   WireOpcode{0x02, "", true},
    WireOpcode{0x03, "I", true},   WireOpcode{0x04, "", true},   WireOpcode{0x05, "I", true},
    WireOpcode{0x06, "R", true},   WireOpcode{0x07, "", true},   WireOpcode{0x08, "", true},
    WireOpcode{0x09, "I", true},   WireOpcode{0x0a, "R", true},  WireOpcode{0x0b, "RI", true},
    WireOpcode{0x0c, "R", false},  WireOpcode{0x0d, "A", true},  WireOpcode{0x0e, "", true},
    WireOpcode{0x0f, "A", true},   WireOpcode{0x10, "A", true},  WireOpcode{0x11, "A", false},
    WireOpcode{0x12, "AK", false}, WireOpcode{0x13, "M", false}, WireOpcode{0x14, "M", false},
    WireOpcode{0x16, "V", true},   WireOpcode{0x17, "V", true},  WireOpcode{0x64, "D", true},
    WireOpcode{0x65, "DI", true},  WireOpcode{0x81, "C", false},
};

/// What a test wants in a packet; wrong values on purpose are set afterwards in its bytes.
struct WireSpec {
    WireOpcode op = wire_opcodes[4];
    bool ipv6 = false;
    std::optional<unsigned> vlan;
    unsigned tos = 2;
    unsigned ttl = 64;
    unsigned flow_label = 0;
    unsigned sport = 0xc123;
    unsigned id = 0;
    std::size_t payload = 0;
    bool solicited = false;
    bool migrated = false;
    bool becn = false;
    bool fecn = false;
    bool ack_request = false;
    unsigned pkey = 0xffff;
    unsigned dest_qp = 0x123456;
    unsigned psn = 0xabcdef;
};

// Values of the extended headers of every reference packet.
inline constexpr std::uint64_t wire_address = 0x1122334455667788, wire_swap = 0x0102030405060708,
                               wire_compare = 0xf1f2f3f4f5f6f7f8, wire_result = 0x99aabbccddeeff00;
inline constexpr std::uint32_t wire_rkey = 0xcafe0142, wire_length = 0x00012345,
                               wire_qkey = 0x80010000, wire_src_qp = 0x000777, wire_msn = 0x345678,
                               wire_invalidate = 0xdecade17;
inline constexpr unsigned wire_syndrome = 0x1f;
inline constexpr std::array<unsigned, 4> wire_imm = {0x10, 0x20, 0x30, 0x40};

struct WirePlaces {
    std::size_t l3, udp, bth, payload, icrc;
};

struct WirePacket {
    Octets bytes; ///< frame, padded to 60 bytes
    WirePlaces at;
};

inline void put64(Octets& to, std::uint64_t value) {
    put32(to, static_cast<std::uint32_t>(value >> 32U));
    put32(to, static_cast<std::uint32_t>(value));
}

inline void put_wire_header(Octets& p, char header) {
    switch (header) {
    case 'R':
        put64(p, wire_address);
        put32(p, wire_rkey);
        put32(p, wire_length);
        break;
    case 'A':
        put32(p, (wire_syndrome << 24U) | wire_msn);
        break;
    case 'M':
        put64(p, wire_address);
        put32(p, wire_rkey);
        put64(p, wire_swap);
        put64(p, wire_compare);
        break;
    case 'K':
        put64(p, wire_result);
        break;
    case 'D':
        put32(p, wire_qkey);
        put32(p, wire_src_qp);
        break;
    case 'I':
        for (const unsigned byte : wire_imm) {
            put8(p, byte);
        }
        break;
    case 'V':
        put32(p, wire_invalidate);
        break;
    default:
        p.resize(p.size() + 16);
    }
}

/// Writes IP and UDP lengths, IPv4 checksum and ICRC for the present bytes, the last four of which
/// are the ICRC's; UDP checksum 0.
inline void finish_wire(Octets& p, const WireSpec& spec, const WirePlaces& at) {
    const std::size_t udp_bytes = p.size() - at.udp;
    set16(p, at.udp + 4, static_cast<unsigned>(udp_bytes));
    if (spec.ipv6) {
        set16(p, at.l3 + 4, static_cast<unsigned>(udp_bytes));
    } else {
        set16(p, at.l3 + 2, static_cast<unsigned>(20 + udp_bytes));
        set16(p, at.l3 + 10, 0);
        set16(p, at.l3 + 10, reference_checksum(std::span(p).subspan(at.l3, 20)));
    }
    const Octets icrc = reference_icrc_bytes(p, at.l3, p.size() - 4);
    std::ranges::copy(icrc, p.end() - 4);
}

inline WirePacket make_wire(const WireSpec& spec) {
    WirePacket out;
    Octets& p = out.bytes;
    p = from_hex("02aabbccdd02 02aabbccdd01");
    if (spec.vlan) {
        put16(p, 0x8100);
        put16(p, *spec.vlan);
    }
    put16(p, spec.ipv6 ? 0x86dd : 0x0800);
    out.at.l3 = p.size();
    if (spec.ipv6) {
        put32(p, 0x60000000U | (spec.tos << 20U) | spec.flow_label);
        put16(p, 0);
        put8(p, 17);
        put8(p, spec.ttl);
        for (const std::string_view address :
             {"fd000000000000000000000000000001", "fd000000000000000000000000000002"}) {
            const Octets bytes = from_hex(address);
            p.insert(p.end(), bytes.begin(), bytes.end());
        }
    } else {
        put8(p, 0x45);
        put8(p, spec.tos);
        put16(p, 0);
        put16(p, spec.id);
        put16(p, 0x4000);
        put8(p, spec.ttl);
        put8(p, 17);
        put16(p, 0);
        put32(p, 0x0a000001);
        put32(p, 0x0a000002);
    }
    out.at.udp = p.size();
    put16(p, spec.sport);
    put16(p, 4791);
    put32(p, 0);
    out.at.bth = p.size();
    const std::size_t pad = (4 - spec.payload % 4) % 4;
    put8(p, spec.op.value);
    put8(p, (spec.solicited ? 0x80U : 0U) | (spec.migrated ? 0x40U : 0U) |
                static_cast<unsigned>(pad << 4U));
    put16(p, spec.pkey);
    put8(p, (spec.fecn ? 0x80U : 0U) | (spec.becn ? 0x40U : 0U));
    put8(p, spec.dest_qp >> 16U);
    put16(p, spec.dest_qp & 0xffffU);
    put32(p, (spec.ack_request ? 0x80000000U : 0U) | spec.psn);
    for (const char header : spec.op.headers) {
        put_wire_header(p, header);
    }
    out.at.payload = p.size();
    for (std::size_t i = 0; i < spec.payload; ++i) {
        p.push_back(payload_byte(3, i));
    }
    p.resize(p.size() + pad);
    out.at.icrc = p.size();
    p.resize(p.size() + 4);
    finish_wire(p, spec, out.at);
    if (p.size() < 60) {
        p.resize(60);
    }
    return out;
}

/// The same packet as the transport's structs say it.
inline Route route_of(const WireSpec& spec) {
    Route route;
    std::ranges::copy(from_hex("02aabbccdd02"), route.dmac.begin());
    std::ranges::copy(from_hex("02aabbccdd01"), route.smac.begin());
    route.vlan = spec.vlan.has_value();
    route.vlan_tci = static_cast<std::uint16_t>(spec.vlan.value_or(0));
    const std::string_view network =
        spec.ipv6 ? "fd0000000000000000000000000000" : "00000000000000000000ffff0a0000";
    for (const unsigned last : {1U, 2U}) {
        Octets bytes = from_hex(network);
        put8(bytes, last);
        std::ranges::copy(bytes, (last == 1 ? route.sgid : route.dgid).bytes.begin());
    }
    route.traffic_class = static_cast<std::uint8_t>(spec.tos);
    route.hop_limit = static_cast<std::uint8_t>(spec.ttl);
    route.flow_label = spec.ipv6 ? spec.flow_label : 0;
    route.udp_sport = static_cast<std::uint16_t>(spec.sport);
    return route;
}

inline Headers headers_of(const WireSpec& spec) {
    Headers headers;
    headers.bth.opcode = static_cast<Opcode>(spec.op.value);
    headers.bth.solicited = spec.solicited;
    headers.bth.migrated = spec.migrated;
    headers.bth.becn = spec.becn;
    headers.bth.fecn = spec.fecn;
    headers.bth.ack_request = spec.ack_request;
    headers.bth.pkey = static_cast<std::uint16_t>(spec.pkey);
    headers.bth.dest_qp = spec.dest_qp;
    headers.bth.psn = spec.psn;
    headers.deth = {wire_qkey, wire_src_qp};
    headers.reth = {wire_address, wire_rkey, wire_length};
    headers.atomic = {wire_address, wire_rkey, wire_swap, wire_compare};
    headers.aeth = {static_cast<std::uint8_t>(wire_syndrome), wire_msn};
    headers.atomic_result = wire_result;
    headers.imm = wire_imm[0] | (wire_imm[1] << 8U) | (wire_imm[2] << 16U) | (wire_imm[3] << 24U);
    headers.invalidate = wire_invalidate;
    return headers;
}

/// Payload in pieces whose lengths grow.
class Pieces {
  public:
    Pieces(std::size_t bytes, std::size_t count) {
        for (std::size_t i = 0; i < bytes; ++i) {
            bytes_.push_back(payload_byte(3, i));
        }
        const fabric::Bytes all(bytes_);
        std::size_t at = 0;
        for (std::size_t i = 1; i < count; ++i) {
            const std::size_t part = (bytes - at) * i / (2 * count);
            pieces_.push_back(all.subspan(at, part));
            at += part;
        }
        pieces_.push_back(all.subspan(at));
    }
    Pieces(const Pieces&) = delete;
    Pieces& operator=(const Pieces&) = delete;
    ~Pieces() = default;
    [[nodiscard]] std::span<const fabric::Bytes> pieces() const { return pieces_; }
    [[nodiscard]] std::vector<std::byte>& bytes() { return bytes_; }

  private:
    std::vector<std::byte> bytes_;
    std::vector<fabric::Bytes> pieces_;
};

} // namespace mo::nic::rdma::test
