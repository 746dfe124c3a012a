// SPDX-License-Identifier: GPL-2.0-or-later
// Nonsense by seed for the parser: packets of every opcode with damaged bytes, lengths and pieces.
// Nothing outside of the frame may be read (the sanitizers watch), and what is accepted must keep
// what Packet promises.
#include <gtest/gtest.h>
#include <map>

#include "fabric/random.hpp"
#include "nic/rdma/packet.hpp"
#include "nic/rdma/tests/wire_reference.hpp"

namespace mo::nic::rdma {
namespace {

using namespace test;
using fabric::Random;

WireSpec random_spec(Random& random) {
    WireSpec spec;
    spec.op = wire_opcodes[random.below(wire_opcodes.size())];
    spec.ipv6 = random.chance(0.5);
    if (random.chance(0.3)) {
        spec.vlan = static_cast<unsigned>(random.below(65536));
    }
    spec.payload = !spec.op.payload || random.chance(0.2) ? 0
                   : random.chance(0.1)                   ? random.below(4200)
                                                          : random.below(500);
    spec.tos = static_cast<unsigned>(random.below(256));
    return spec;
}

void spoil(Random& random, Octets& bytes, const WirePlaces& at) {
    const std::size_t changes = random.below(4);
    for (std::size_t i = 0; i < changes; ++i) {
        const std::size_t headers = std::min(bytes.size(), at.payload + 8);
        bytes[random.below(headers)] = random.chance(0.7)   ? static_cast<std::byte>(random.next())
                                       : random.chance(0.5) ? std::byte{}
                                                            : std::byte{0xff};
    }
    if (random.chance(0.3)) { // lengths that nearly fit, each other or the frame
        const bool ipv6 = at.udp - at.l3 == 40;
        const auto delta = static_cast<unsigned>(random.below(17)) - 8;
        const std::size_t fields[] = {at.l3 + (ipv6 ? 4U : 2U), at.udp + 4};
        const std::size_t which = random.below(3); // one of them, or both
        for (std::size_t i = 0; i < 2; ++i) {
            if (which == 2 || which == i) {
                set16(bytes, fields[i], get16(bytes, fields[i]) + delta);
            }
        }
    }
    if (random.chance(0.2)) {
        bytes.resize(random.below(bytes.size() + 1));
    } else if (random.chance(0.2)) {
        bytes.resize(bytes.size() + random.below(100));
    }
    if (random.chance(0.7) && bytes.size() >= at.l3 + 20 && get8(bytes, at.l3) == 0x45) {
        set16(bytes, at.l3 + 10, 0);
        set16(bytes, at.l3 + 10, reference_checksum(std::span(bytes).subspan(at.l3, 20)));
    }
}

/// Every piece is memory of its own, so that no read can stray into a neighbour unseen.
class Scattered {
  public:
    Scattered(const Octets& bytes, Random& random) {
        const std::size_t head = std::min<std::size_t>(bytes.size(), 256 + random.below(300));
        put(bytes, 0, head);
        for (std::size_t at = head; at < bytes.size();) {
            const std::size_t part = random.below(bytes.size() - at + 1);
            put(bytes, at, part);
            at += part;
        }
        for (const Octets& piece : memory_) {
            pieces_.emplace_back(piece);
        }
        frame.head = pieces_.front();
        frame.body = std::span(pieces_).subspan(1);
        frame.length = static_cast<std::uint32_t>(bytes.size());
    }
    fabric::Frame frame;

  private:
    void put(const Octets& bytes, std::size_t at, std::size_t size) {
        const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        memory_.emplace_back(from, from + static_cast<std::ptrdiff_t>(size)).shrink_to_fit();
    }
    std::vector<Octets> memory_;
    std::vector<fabric::Bytes> pieces_;
};

void expect_promises(const fabric::Frame& frame, const Packet& packet) {
    ASSERT_NE(packet.op, nullptr);
    ASSERT_LE(packet.payload_offset, frame.head.size());
    ASSERT_LE(packet.payload_bytes, max_payload);
    const std::size_t padded = packet.icrc_offset - packet.payload_offset;
    ASSERT_EQ(padded % 4, 0U);
    ASSERT_LE(packet.payload_bytes, padded);
    ASSERT_LT(padded - packet.payload_bytes, 4U);
    ASSERT_LE(packet.icrc_offset + icrc_bytes, frame.length);
    ASSERT_TRUE(packet.op->payload || padded == 0);
    ASSERT_EQ(packet.payload_offset, packet.bth_offset + packet.op->bytes);
    std::size_t seen = 0;
    ASSERT_TRUE(packet.payload(frame).take(packet.payload_bytes, [&seen](fabric::Bytes piece) {
        seen += piece.size();
        return true;
    }));
    ASSERT_EQ(seen, packet.payload_bytes);
    const Octets all = bytes_of(frame);
    const Octets icrc = reference_icrc_bytes(all, packet.l3_offset, packet.icrc_offset);
    ASSERT_EQ(icrc_right(frame, packet),
              std::equal(icrc.begin(), icrc.end(),
                         all.begin() + static_cast<std::ptrdiff_t>(packet.icrc_offset)));
}

TEST(Fuzz, Parser) {
    std::map<Fault, unsigned> seen;
    std::map<Opcode, unsigned> accepted;
    Random random(11);
    for (unsigned i = 0; i < 30000; ++i) {
        const WireSpec spec = random_spec(random);
        WirePacket wire = make_wire(spec);
        spoil(random, wire.bytes, wire.at);
        const Scattered scattered(wire.bytes, random);
        Packet packet;
        const Fault fault = parse(scattered.frame, packet);
        ++seen[fault];
        if (fault == Fault::none) {
            ++accepted[packet.headers.bth.opcode];
            expect_promises(scattered.frame, packet);
            ASSERT_FALSE(::testing::Test::HasFatalFailure());
        }
    }
    EXPECT_EQ(accepted.size(), wire_opcodes.size());
    EXPECT_GT(seen[Fault::none], 3000U);
#define X(name, text) EXPECT_NE(seen[Fault::name], 0U) << (text);
    MO_ROCE_FAULTS(X)
#undef X
}

TEST(Fuzz, RandomBytes) {
    Random random(12);
    for (unsigned i = 0; i < 20000; ++i) {
        Octets bytes(random.below(400));
        for (std::byte& byte : bytes) {
            byte = static_cast<std::byte>(random.next());
        }
        const Scattered scattered(bytes, random);
        Packet packet;
        EXPECT_NE(parse(scattered.frame, packet), Fault::none);
        RoceDestination to;
        (void)roce_destination(scattered.frame.head, to);
    }
}

TEST(Fuzz, BuiltPacketsParse) {
    Random random(13);
    PacketBuffer buffer;
    for (unsigned i = 0; i < 5000; ++i) {
        WireSpec spec = random_spec(random);
        spec.payload = std::min<std::size_t>(spec.payload, max_payload);
        const Pieces payload(spec.payload, 1 + random.below(150));
        const fabric::Frame& frame =
            buffer.build(route_of(spec), headers_of(spec), payload.pieces(),
                         random.chance(0.5) ? Making::lazy : Making::bytes);
        fabric::OwnedFrame copy;
        copy.assign(frame);
        const fabric::Frame looked_at = copy.view();
        Packet packet;
        ASSERT_EQ(parse(looked_at, packet), Fault::none);
        expect_promises(looked_at, packet);
        ASSERT_TRUE(icrc_right(looked_at, packet));
    }
}

} // namespace
} // namespace mo::nic::rdma
