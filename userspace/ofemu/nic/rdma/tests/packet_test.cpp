// SPDX-License-Identifier: GPL-2.0-or-later
// Codec of RoCEv2 packets against packets written field by field.
#include <functional>
#include <gtest/gtest.h>

#include "nic/rdma/cnp.hpp"
#include "nic/rdma/packet.hpp"
#include "nic/rdma/tests/wire_reference.hpp"

namespace mo::nic::rdma {
namespace {

using namespace test;

/// A frame as senders give it: 256 bytes of head, the rest in two pieces.
struct Split {
    explicit Split(const Octets& bytes) {
        const fabric::Bytes all(bytes);
        const std::size_t head = std::min<std::size_t>(all.size(), 256);
        const std::size_t middle = (all.size() - head) / 3;
        body = {all.subspan(head, middle), all.subspan(head + middle)};
        frame.head = all.first(head);
        frame.body = body;
        frame.length = static_cast<std::uint32_t>(all.size());
    }
    Split(const Split&) = delete;
    Split& operator=(const Split&) = delete;
    ~Split() = default;
    std::vector<fabric::Bytes> body;
    fabric::Frame frame;
};

Fault fault_of(const Octets& bytes) {
    const Split split(bytes);
    Packet packet;
    return parse(split.frame, packet);
}

/// Shapes that every opcode is tried in.
std::vector<WireSpec> shapes(const WireOpcode& op) {
    std::vector<WireSpec> out;
    for (const bool ipv6 : {false, true}) {
        for (const std::optional<unsigned> vlan : {std::optional<unsigned>(), {0xa123U}}) {
            for (const std::size_t payload : {0U, 1U, 2U, 3U, 4U, 150U, 257U, 1024U, 4096U}) {
                if (payload != 0 && !op.payload) {
                    continue;
                }
                WireSpec spec;
                spec.op = op;
                spec.ipv6 = ipv6;
                spec.vlan = vlan;
                spec.payload = payload;
                spec.flow_label = 0x54321;
                spec.tos = 0xb9;
                spec.ttl = 17;
                spec.solicited = payload % 2 == 1;
                spec.migrated = payload % 3 == 1;
                spec.ack_request = payload % 2 == 0;
                spec.becn = op.value == 0x81;
                spec.fecn = payload == 150;
                out.push_back(spec);
            }
        }
    }
    return out;
}

void expect_headers(const Headers& got, const WireSpec& spec) {
    const Headers want = headers_of(spec);
    EXPECT_EQ(got.bth.opcode, want.bth.opcode);
    EXPECT_EQ(got.bth.solicited, want.bth.solicited);
    EXPECT_EQ(got.bth.migrated, want.bth.migrated);
    EXPECT_EQ(got.bth.fecn, want.bth.fecn);
    EXPECT_EQ(got.bth.becn, want.bth.becn);
    EXPECT_EQ(got.bth.ack_request, want.bth.ack_request);
    EXPECT_EQ(got.bth.pkey, want.bth.pkey);
    EXPECT_EQ(got.bth.dest_qp, want.bth.dest_qp);
    EXPECT_EQ(got.bth.psn, want.bth.psn);
    for (const char header : spec.op.headers) {
        switch (header) {
        case 'R':
            EXPECT_EQ(got.reth.address, want.reth.address);
            EXPECT_EQ(got.reth.rkey, want.reth.rkey);
            EXPECT_EQ(got.reth.length, want.reth.length);
            break;
        case 'A':
            EXPECT_EQ(got.aeth.syndrome, want.aeth.syndrome);
            EXPECT_EQ(got.aeth.msn, want.aeth.msn);
            break;
        case 'M':
            EXPECT_EQ(got.atomic.address, want.atomic.address);
            EXPECT_EQ(got.atomic.rkey, want.atomic.rkey);
            EXPECT_EQ(got.atomic.swap_add, want.atomic.swap_add);
            EXPECT_EQ(got.atomic.compare, want.atomic.compare);
            break;
        case 'K':
            EXPECT_EQ(got.atomic_result, want.atomic_result);
            break;
        case 'D':
            EXPECT_EQ(got.deth.qkey, want.deth.qkey);
            EXPECT_EQ(got.deth.src_qp, want.deth.src_qp);
            break;
        case 'I':
            EXPECT_EQ(got.imm, want.imm);
            break;
        case 'V':
            EXPECT_EQ(got.invalidate, want.invalidate);
            break;
        default:
            break;
        }
    }
}

void expect_route(const Route& got, const WireSpec& spec) {
    const Route want = route_of(spec);
    EXPECT_EQ(got.smac, want.smac);
    EXPECT_EQ(got.dmac, want.dmac);
    EXPECT_EQ(got.vlan, want.vlan);
    EXPECT_EQ(got.vlan_tci, want.vlan_tci);
    EXPECT_EQ(got.sgid, want.sgid);
    EXPECT_EQ(got.dgid, want.dgid);
    EXPECT_EQ(got.traffic_class, want.traffic_class);
    EXPECT_EQ(got.hop_limit, want.hop_limit);
    EXPECT_EQ(got.flow_label, want.flow_label);
    EXPECT_EQ(got.udp_sport, want.udp_sport);
}

Octets payload_of(const fabric::Frame& frame, const Packet& packet) {
    Octets out;
    EXPECT_TRUE(packet.payload(frame).take(packet.payload_bytes, [&out](fabric::Bytes piece) {
        out.insert(out.end(), piece.begin(), piece.end());
        return true;
    }));
    return out;
}

TEST(Parse, EveryOpcodeInEveryShape) {
    for (const WireOpcode& op : wire_opcodes) {
        for (const WireSpec& spec : shapes(op)) {
            SCOPED_TRACE(::testing::Message() << "opcode " << op.value << " ipv6 " << spec.ipv6
                                              << " payload " << spec.payload);
            const WirePacket wire = make_wire(spec);
            const Split split(wire.bytes);
            Packet packet;
            ASSERT_EQ(parse(split.frame, packet), Fault::none);
            ASSERT_NE(packet.op, nullptr);
            EXPECT_EQ(static_cast<unsigned>(packet.op->opcode), op.value);
            expect_route(packet.route, spec);
            expect_headers(packet.headers, spec);
            EXPECT_EQ(packet.l3_offset, wire.at.l3);
            EXPECT_EQ(packet.l3_bytes, wire.at.udp - wire.at.l3);
            EXPECT_EQ(packet.bth_offset, wire.at.bth);
            EXPECT_EQ(packet.payload_offset, wire.at.payload);
            EXPECT_EQ(packet.icrc_offset, wire.at.icrc);
            EXPECT_EQ(packet.transport_bytes(), wire.at.icrc + 4 - wire.at.bth);
            EXPECT_EQ(packet.payload_bytes, spec.payload);
            EXPECT_EQ(payload_of(split.frame, packet),
                      Octets(wire.bytes.begin() + static_cast<std::ptrdiff_t>(wire.at.payload),
                             wire.bytes.begin() +
                                 static_cast<std::ptrdiff_t>(wire.at.payload + spec.payload)));
            EXPECT_TRUE(std::ranges::equal(
                packet.ip_header(split.frame),
                std::span(wire.bytes).subspan(wire.at.l3, wire.at.udp - wire.at.l3)));
            EXPECT_TRUE(icrc_right(split.frame, packet));
            EXPECT_EQ(packet.congestion(), false);
        }
    }
}

TEST(Parse, GoldenPackets) {
    for (const bool vlan : {false, true}) {
        const Octets cnp = golden_frame(golden_cnp, vlan);
        const Split split(cnp);
        Packet packet;
        ASSERT_EQ(parse(split.frame, packet), Fault::none);
        EXPECT_EQ(packet.headers.bth.opcode, Opcode::cnp);
        EXPECT_EQ(packet.headers.bth.dest_qp, 0x118U);
        EXPECT_EQ(packet.route.traffic_class, cnp_traffic_class);
        EXPECT_EQ(packet.route.vlan, vlan);
        EXPECT_TRUE(icrc_right(split.frame, packet));
        EXPECT_TRUE(cnp_valid(packet));
    }
    // Unreliable connections are none of ours.
    EXPECT_EQ(fault_of(golden_frame(golden_uc_send)), Fault::opcode);
}

TEST(Parse, EcnFieldOfBothProtocols) {
    for (const bool ipv6 : {false, true}) {
        for (unsigned ecn = 0; ecn < 4; ++ecn) {
            WireSpec spec;
            spec.ipv6 = ipv6;
            spec.tos = 0x68U | ecn;
            const WirePacket wire = make_wire(spec);
            const Split split(wire.bytes);
            Packet packet;
            ASSERT_EQ(parse(split.frame, packet), Fault::none);
            EXPECT_EQ(packet.congestion(), ecn == 3);
        }
    }
}

TEST(Parse, UdpChecksumIsZeroOrRight) {
    for (const bool ipv6 : {false, true}) {
        for (const std::size_t payload : {7U, 1001U}) {
            WireSpec spec;
            spec.ipv6 = ipv6;
            spec.payload = payload;
            WirePacket wire = make_wire(spec);
            std::uint32_t sum = 17;
            for (std::size_t i = wire.at.l3 + (ipv6 ? 8 : 12); i < wire.at.udp; i += 2) {
                sum += get16(wire.bytes, i);
            }
            const std::size_t udp_bytes = wire.at.icrc + 4 - wire.at.udp;
            sum += static_cast<std::uint32_t>(udp_bytes);
            const unsigned checksum =
                reference_checksum(std::span(wire.bytes).subspan(wire.at.udp, udp_bytes), sum);
            set16(wire.bytes, wire.at.udp + 6, checksum);
            EXPECT_EQ(fault_of(wire.bytes), Fault::none);
            set16(wire.bytes, wire.at.udp + 6, checksum ^ 0x0100U);
            EXPECT_EQ(fault_of(wire.bytes), Fault::udp_checksum);
        }
    }
}

/// A packet, a change to its bytes, and what the parser has to say.
struct Malformation {
    Fault fault;
    std::function<void(Octets&, const WirePlaces&)> change;
    bool fix_ip = true; ///< the IPv4 checksum is made right again
    bool ipv6 = false;
};

const std::vector<Malformation>& malformations() {
    static const std::vector<Malformation> all = {
        {Fault::not_ip, [](Octets& p, auto&) { set16(p, 12, 0x0806); }},
        {Fault::not_ip, [](Octets& p, auto&) { set16(p, 12, 0x88a8); }},
        {Fault::not_ip,
         [](Octets& p, auto&) {
             const Octets tags = from_hex("81000001 81000002");
             p.insert(p.begin() + 12, tags.begin(), tags.end());
         },
         false},
        {Fault::ip_version, [](Octets& p, auto& at) { p[at.l3] = std::byte{0x65}; }},
        {Fault::ip_version, [](Octets& p, auto& at) { p[at.l3] = std::byte{0x40}; }, true, true},
        {Fault::ip_options, [](Octets& p, auto& at) { p[at.l3] = std::byte{0x46}; }},
        {Fault::ip_options, [](Octets& p, auto& at) { p[at.l3] = std::byte{0x44}; }},
        {Fault::ip_checksum, [](Octets& p, auto& at) { p[at.l3 + 11] ^= std::byte{1}; }, false},
        {Fault::ip_checksum, [](Octets& p, auto& at) { p[at.l3 + 8] = std::byte{1}; }, false},
        {Fault::ip_fragment, [](Octets& p, auto& at) { set16(p, at.l3 + 6, 0x2000); }},
        {Fault::ip_fragment, [](Octets& p, auto& at) { set16(p, at.l3 + 6, 0x0007); }},
        {Fault::ip_fragment, [](Octets& p, auto& at) { p[at.l3 + 6] = std::byte{44}; }, true, true},
        {Fault::not_udp, [](Octets& p, auto& at) { p[at.l3 + 9] = std::byte{6}; }},
        {Fault::not_udp, [](Octets& p, auto& at) { p[at.l3 + 6] = std::byte{0}; }, true, true},
        {Fault::ip_length, [](Octets& p, auto& at) { set16(p, at.l3 + 2, 0xffff); }},
        {Fault::ip_length, [](Octets& p, auto& at) { set16(p, at.l3 + 2, 19); }},
        {Fault::ip_length, [](Octets& p, auto& at) { set16(p, at.l3 + 4, 0xffff); }, true, true},
        {Fault::truncated, [](Octets& p, auto& at) { set16(p, at.l3 + 2, 20); }},
        {Fault::truncated, [](Octets& p, auto& at) { set16(p, at.l3 + 4, 7); }, true, true},
        {Fault::udp_port, [](Octets& p, auto& at) { set16(p, at.udp + 2, 4790); }},
        {Fault::udp_length,
         [](Octets& p, auto& at) { set16(p, at.udp + 4, get16(p, at.udp + 4) + 4); }},
        {Fault::udp_length,
         [](Octets& p, auto& at) { set16(p, at.udp + 4, get16(p, at.udp + 4) - 4); }},
        {Fault::udp_length, [](Octets& p, auto& at) { set16(p, at.udp + 4, 0); }},
        {Fault::udp_checksum, [](Octets& p, auto& at) { set16(p, at.udp + 6, 0x1234); }},
        {Fault::opcode, [](Octets& p, auto& at) { p[at.bth] = std::byte{0x15}; }},
        {Fault::opcode, [](Octets& p, auto& at) { p[at.bth] = std::byte{0xff}; }},
        {Fault::opcode, [](Octets& p, auto& at) { p[at.bth] = std::byte{0x24}; }},
        {Fault::version, [](Octets& p, auto& at) { p[at.bth + 1] |= std::byte{1}; }},
        {Fault::version, [](Octets& p, auto& at) { p[at.bth + 1] |= std::byte{8}; }},
        // The spec's packet is a SEND Only of 8 bytes.
        {Fault::header_length, [](Octets& p, auto& at) { p[at.bth] = std::byte{0x0a}; }},
        {Fault::payload, [](Octets& p, auto& at) { p[at.bth] = std::byte{0x11}; }},
    };
    return all;
}

TEST(Parse, NamesEveryMalformation) {
    for (const Malformation& bad : malformations()) {
        WireSpec spec;
        spec.payload = 8;
        spec.ipv6 = bad.ipv6;
        WirePacket wire = make_wire(spec);
        ASSERT_EQ(fault_of(wire.bytes), Fault::none);
        bad.change(wire.bytes, wire.at);
        if (bad.fix_ip && !bad.ipv6) {
            set16(wire.bytes, wire.at.l3 + 10, 0);
            set16(wire.bytes, wire.at.l3 + 10,
                  reference_checksum(std::span(wire.bytes).subspan(wire.at.l3, 20)));
        }
        const Fault fault = fault_of(wire.bytes);
        EXPECT_EQ(fault, bad.fault) << text_of(fault) << ", expected " << text_of(bad.fault);
    }
}

TEST(Parse, PadAlignmentAndLength) {
    for (const bool ipv6 : {false, true}) {
        WireSpec spec;
        spec.ipv6 = ipv6;
        spec.payload = 0;
        WirePacket wire = make_wire(spec);
        wire.bytes[wire.at.bth + 1] |= std::byte{0x10}; // a pad, but no payload
        EXPECT_EQ(fault_of(wire.bytes), Fault::pad);
        for (const unsigned cut : {1U, 2U, 3U}) {
            spec.payload = 16;
            wire = make_wire(spec);
            wire.bytes.resize(wire.bytes.size() - cut);
            finish_wire(wire.bytes, spec, wire.at);
            EXPECT_EQ(fault_of(wire.bytes), Fault::alignment);
        }
        spec.payload = 4100;
        EXPECT_EQ(fault_of(make_wire(spec).bytes), Fault::payload_length);
    }
}

TEST(Parse, HeadersOfEachOpcodeHaveToBeThere) {
    for (const WireOpcode& op : wire_opcodes) {
        if (op.headers.empty()) {
            continue;
        }
        WireSpec spec;
        spec.op = op;
        WirePacket wire = make_wire(spec);
        wire.bytes.resize(wire.at.payload); // four bytes short: the ICRC takes the headers' place
        finish_wire(wire.bytes, spec, wire.at);
        if (wire.bytes.size() < 60) {
            wire.bytes.resize(60);
        }
        EXPECT_EQ(fault_of(wire.bytes), Fault::header_length) << op.value;
    }
}

TEST(Parse, EveryTruncationIsAFaultAndReadsNothingBehind) {
    for (const WireOpcode& op : wire_opcodes) {
        for (const bool ipv6 : {false, true}) {
            WireSpec spec;
            spec.op = op;
            spec.ipv6 = ipv6;
            spec.payload = op.payload ? 20 : 0;
            const WirePacket wire = make_wire(spec);
            for (std::size_t size = 0; size < wire.at.icrc + 4; ++size) {
                const Octets exact(wire.bytes.begin(),
                                   wire.bytes.begin() + static_cast<std::ptrdiff_t>(size));
                const Fault fault = fault_of(exact);
                EXPECT_TRUE(fault == Fault::truncated || fault == Fault::ip_length)
                    << size << ": " << text_of(fault);
            }
        }
    }
}

TEST(Parse, AnyBitOfTheIcrcOrThePayloadIsNoticed) {
    WireSpec spec;
    spec.payload = 700;
    WirePacket wire = make_wire(spec);
    for (std::size_t at = wire.at.payload; at < wire.at.icrc + 4; at += 13) {
        Octets changed = wire.bytes;
        changed[at] ^= std::byte{0x10};
        const Split split(changed);
        Packet packet;
        ASSERT_EQ(parse(split.frame, packet), Fault::none);
        EXPECT_FALSE(icrc_right(split.frame, packet));
    }
}

TEST(Build, IsTheReferencePacketByteForByte) {
    for (const WireOpcode& op : wire_opcodes) {
        PacketBuffer buffer;
        unsigned id = 0;
        for (WireSpec spec : shapes(op)) {
            for (const Making making : {Making::lazy, Making::bytes}) {
                for (const std::size_t pieces : {1U, 3U, 40U, 200U}) {
                    spec.id = spec.ipv6 ? 0 : id++;
                    const WirePacket wire = make_wire(spec);
                    const Pieces payload(spec.payload, pieces);
                    const fabric::Frame& frame =
                        buffer.build(route_of(spec), headers_of(spec), payload.pieces(), making);
                    EXPECT_EQ(static_cast<bool>(frame.icrc), making == Making::lazy);
                    EXPECT_GE(frame.head.size(), std::min<std::size_t>(frame.length, 256));
                    EXPECT_LE(frame.body.size(), fabric::max_body_pieces);
                    EXPECT_EQ(frame.length, wire.bytes.size());
                    EXPECT_EQ(buffer.transport_bytes(), wire.at.icrc + 4 - wire.at.bth);
                    if (making == Making::bytes) {
                        EXPECT_TRUE(frame.body.empty());
                    }
                    Packet packet;
                    ASSERT_EQ(parse(frame, packet), Fault::none);
                    EXPECT_EQ(packet.payload_bytes, spec.payload);
                    EXPECT_TRUE(icrc_right(frame, packet));
                    ASSERT_EQ(complete_bytes(frame), wire.bytes)
                        << "opcode " << op.value << " payload " << spec.payload << " pieces "
                        << pieces << " ipv6 " << spec.ipv6;
                }
            }
        }
    }
}

TEST(Build, LazyPacketRefersToThePayload) {
    WireSpec spec;
    spec.payload = 4096;
    Pieces payload(spec.payload, 4);
    PacketBuffer buffer;
    const fabric::Frame& frame =
        buffer.build(route_of(spec), headers_of(spec), payload.pieces(), Making::lazy);
    payload.bytes().back() ^= std::byte{0xff};
    Packet packet;
    ASSERT_EQ(parse(frame, packet), Fault::none);
    EXPECT_EQ(payload_of(frame, packet).back(), payload.bytes().back());
    fabric::OwnedFrame copy;
    copy.assign(frame); // of the bytes as they are now
    EXPECT_FALSE(copy.view().icrc);
    EXPECT_TRUE(icrc_right(copy.view(), packet));
}

TEST(Build, WidthsOfTheWire) {
    WireSpec spec;
    Headers headers = headers_of(spec);
    headers.bth.dest_qp |= 0xff000000U; // must not reach FECN and BECN
    headers.bth.psn |= 0x7f000000U;     // nor AckReq
    Route route = route_of(spec);
    route.flow_label = 0xfff00000U | 0x00001;
    PacketBuffer buffer;
    Packet packet;
    ASSERT_EQ(parse(buffer.build(route, headers, {}, Making::bytes), packet), Fault::none);
    EXPECT_EQ(packet.headers.bth.dest_qp, spec.dest_qp);
    EXPECT_EQ(packet.headers.bth.psn, spec.psn);
    EXPECT_FALSE(packet.headers.bth.ack_request);
    EXPECT_FALSE(packet.headers.bth.becn);
}

TEST(Cnp, BuiltAndValidated) {
    WireSpec spec;
    spec.op = {0x81, "C", false};
    spec.tos = cnp_traffic_class;
    spec.becn = true;
    spec.psn = 0;
    spec.dest_qp = 0x118;
    WireSpec data = spec;
    data.tos = 0x03;
    PacketBuffer buffer;
    const fabric::Frame& frame =
        buffer.build(cnp_route(route_of(data)), cnp_headers(0x118), {}, Making::bytes);
    EXPECT_EQ(bytes_of(frame), make_wire(spec).bytes);
    Packet packet;
    ASSERT_EQ(parse(frame, packet), Fault::none);
    EXPECT_TRUE(cnp_valid(packet));

    WirePacket wire = make_wire(spec);
    wire.bytes[wire.at.bth + 12] = std::byte{1}; // reserved: not looked at
    const Split reserved(wire.bytes);
    ASSERT_EQ(parse(reserved.frame, packet), Fault::none);
    EXPECT_TRUE(cnp_valid(packet));
    spec.becn = false;
    wire = make_wire(spec);
    const Split without(wire.bytes);
    ASSERT_EQ(parse(without.frame, packet), Fault::none);
    EXPECT_FALSE(cnp_valid(packet));
    WireSpec send;
    send.becn = true;
    wire = make_wire(send);
    const Split other(wire.bytes);
    ASSERT_EQ(parse(other.frame, packet), Fault::none);
    EXPECT_FALSE(cnp_valid(packet));
}

} // namespace
} // namespace mo::nic::rdma
