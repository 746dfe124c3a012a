// SPDX-License-Identifier: GPL-2.0-or-later
// Frames from one NIC's rings into another's: transmit offloads against the reference, completions,
// doorbell modes, errors.
#include <gtest/gtest.h>

#include "fabric/random.hpp"
#include "nic/eth/tests/harness.hpp"

namespace mo::nic::eth::test {
namespace {

struct Datapath : ::testing::Test {
    Datapath() {
        EXPECT_EQ(tx.status, hw::MO_ST_OK);
        EXPECT_EQ(rx.status, hw::MO_ST_OK);
        rx.post(200);
        open_receiver(pair.b, rx);
    }
    std::vector<Packet> exchange() {
        pair.run();
        std::vector<Packet> out;
        for (Received& one : rx.all()) {
            out.push_back(std::move(one.bytes));
            last = one.cqe;
        }
        EXPECT_TRUE(rx.complete);
        rx.post(rx.consumed - std::exchange(reposted, rx.consumed));
        return out;
    }
    TestPair pair;
    HostTx tx{pair.a};
    HostRx rx{pair.b};
    hw::mo_eth_cqe last{};
    std::uint32_t reposted = 0;
};

TEST_F(Datapath, OnePacketArrivesAndBothSidesComplete) {
    const Packet packet = make_packet({});
    tx.send(packet);
    const auto got = exchange();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0], packet);
    EXPECT_EQ(last.type, MO_CQE_RX);
    EXPECT_EQ(last.length, packet.size());
    EXPECT_EQ(last.index, 0U);
    EXPECT_EQ(last.nseg, 1);
    EXPECT_EQ(last.l3l4, MO_L3_IPV4 | MO_L4_TCP);
    EXPECT_EQ(last.hdr_len, 14 + 20 + 32);
    EXPECT_EQ(last.flags, MO_RXF_L4_CSUM_OK | MO_RXF_HASH | MO_RXF_TIMESTAMP);
    EXPECT_EQ(last.timestamp_ns, pair.b.now);
    const auto done = tx.cq.next();
    ASSERT_TRUE(done);
    EXPECT_EQ(done->type, MO_CQE_TX);
    EXPECT_EQ(done->index, 2U);
    EXPECT_FALSE(tx.cq.next());
    EXPECT_EQ(tx.query().head, 2U);
    EXPECT_EQ(tx.query().tail, 2U);
}

TEST_F(Datapath, OneCompletionForABurst) {
    TxOptions silent;
    silent.flags = 0;
    for (unsigned i = 0; i < 9; ++i) {
        tx.describe(pair.a.put(make_packet({})), make_packet({}).size(), silent);
    }
    TxOptions stamped;
    stamped.flags = MO_TXF_COMPLETE | MO_TXF_TIMESTAMP;
    tx.send(make_packet({}), stamped);
    EXPECT_EQ(exchange().size(), 10U);
    const auto done = tx.cq.next();
    ASSERT_TRUE(done);
    EXPECT_EQ(done->index, 20U);
    EXPECT_EQ(done->flags, MO_RXF_TIMESTAMP);
    EXPECT_EQ(done->timestamp_ns, pair.a.now);
    EXPECT_FALSE(tx.cq.next());
    EXPECT_EQ(tx.doorbells, 1U);
}

TEST_F(Datapath, ModerationDoesNotHoldBackAnUrgentCompletion) {
    pair.a.cqs[tx.cq.object]->set_moderation({.period_ns = 1'000'000, .count = 8});
    TxOptions urgent;
    urgent.flags = MO_TXF_COMPLETE | MO_TXF_URGENT;

    tx.cq.arm();
    tx.send(make_packet({}));
    EXPECT_EQ(exchange().size(), 1U);
    EXPECT_EQ(pair.a.comp_events, 0U);
    tx.send(make_packet({}), urgent);
    EXPECT_EQ(exchange().size(), 1U);
    EXPECT_EQ(pair.a.comp_events, 1U); // for both packets
    EXPECT_TRUE(tx.cq.next() && tx.cq.next());

    // It is over with the packets that it was for.
    tx.cq.arm();
    tx.send(make_packet({}));
    EXPECT_EQ(exchange().size(), 1U);
    EXPECT_EQ(pair.a.comp_events, 1U);
    EXPECT_TRUE(tx.cq.next());

    // Urgent while nobody asks for an event, and taken: the next one waits as ever.
    tx.send(make_packet({}), urgent);
    EXPECT_EQ(exchange().size(), 1U);
    EXPECT_TRUE(tx.cq.next());
    tx.cq.arm();
    tx.send(make_packet({}));
    EXPECT_EQ(exchange().size(), 1U);
    EXPECT_EQ(pair.a.comp_events, 1U);
}

TEST(UrgentCompletions, AreRefusedUnlessNegotiated) {
    TestNic nic(8U << 20, hw::MO_F_SHADOW_DB | hw::MO_F_ETH);
    HostTx tx{nic};
    TxOptions urgent;
    urgent.flags = MO_TXF_COMPLETE | MO_TXF_URGENT;
    tx.send(make_packet({}), urgent);
    nic.poll();
    EXPECT_TRUE(nic.errors.empty());
    const auto refused = tx.cq.next();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->type, MO_CQE_TX_REFUSED);
    EXPECT_EQ(nic.mac.counters.tx_frames, 0U);
}

TEST_F(Datapath, ChecksumsAreInsertedLikeTheReference) {
    fabric::Random random(3);
    for (unsigned round = 0; round < 300; ++round) {
        PacketSpec spec;
        spec.ipv6 = random.chance(0.5);
        spec.udp = random.chance(0.5);
        spec.payload = random.below(1400);
        spec.seed = round;
        const Packet expected = make_packet(spec);
        const Offsets at = offsets_of(spec);
        Packet partial = expected;
        const std::size_t field = at.l4 + (spec.udp ? 6 : 16);
        const unsigned seed =
            ~reference_checksum({}, reference_pseudo(expected, spec, expected.size() - at.l4)) &
            0xffffU;
        set16(partial, field, seed);
        TxOptions options;
        options.flags |= MO_TXF_CSUM;
        options.csum_start = static_cast<std::uint16_t>(at.l4);
        options.csum_offset = spec.udp ? 6 : 16;
        if (partial.size() > 300) {
            options.cuts = {13, 1 + random.below(200)};
        }
        tx.send(partial, options);
        auto got = exchange();
        ASSERT_EQ(got.size(), 1U);
        Packet padded = expected;
        padded.resize(std::max<std::size_t>(60, padded.size()));
        ASSERT_EQ(got[0], padded) << "round " << round;
        ASSERT_NE(last.flags & MO_RXF_L4_CSUM_OK, 0);
    }
}

TEST_F(Datapath, UdpChecksumIsNeverZero) {
    PacketSpec spec;
    spec.udp = true;
    spec.payload = 2;
    Packet packet = make_packet(spec);
    const Offsets at = offsets_of(spec);
    // Choose the payload so that the sum comes out as all ones.
    set16(packet, at.payload, 0);
    set16(packet, at.l4 + 6, 0);
    const std::uint32_t pseudo = reference_pseudo(packet, spec, packet.size() - at.l4);
    set16(packet, at.payload, reference_checksum(std::span(packet).subspan(at.l4), pseudo));
    set16(packet, at.l4 + 6, ~reference_checksum({}, pseudo) & 0xffffU);
    TxOptions options;
    options.flags |= MO_TXF_CSUM;
    options.csum_start = static_cast<std::uint16_t>(at.l4);
    options.csum_offset = 6;
    tx.send(packet, options);
    const auto got = exchange();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(get16(got[0], at.l4 + 6), 0xffffU);
    EXPECT_NE(last.flags & MO_RXF_L4_CSUM_OK, 0);
}

TEST_F(Datapath, AWrongSeedIsNotHiddenByTheKnownChecksum) {
    const Packet packet = make_packet({});
    TxOptions options;
    options.flags |= MO_TXF_CSUM;
    options.csum_start = 34;
    options.csum_offset = 16;
    tx.send(packet, options); // the field holds the full checksum, not that of the pseudo header
    ASSERT_EQ(exchange().size(), 1U);
    EXPECT_NE(last.flags & MO_RXF_L4_CSUM_BAD, 0);
    EXPECT_EQ(pair.b.mac.counters.rx_csum_bad, 1U);
}

TEST_F(Datapath, ChecksumFieldFarInsideTheFrame) {
    PacketSpec spec;
    spec.payload = 3000;
    Packet packet = make_packet(spec);
    set16(packet, 2000, 0x1234);
    TxOptions options;
    options.flags |= MO_TXF_CSUM | MO_TXF_VLAN;
    options.vlan_tci = 0x2005;
    options.csum_start = 1801;
    options.csum_offset = 199;
    options.cuts = {100, 1000, 1500};
    tx.send(packet, options);
    Packet expected = packet;
    set16(expected, 2000, reference_checksum(std::span(packet).subspan(1801)));
    const auto got = exchange();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0], expected);
    EXPECT_NE(last.flags & MO_RXF_VLAN, 0);
    EXPECT_EQ(last.vlan_tci, 0x2005);
}

TEST_F(Datapath, TsoEqualsTheReference) {
    fabric::Random random(4);
    for (unsigned round = 0; round < 150; ++round) {
        PacketSpec spec;
        spec.ipv6 = random.chance(0.5);
        spec.payload = 1 + random.below(60000);
        spec.option_words = random.below(11);
        spec.flags = static_cast<unsigned>(0x10 | (random.next() & 0x89));
        spec.sequence = static_cast<std::uint32_t>(random.next());
        spec.id = static_cast<unsigned>(random.below(65536));
        const std::size_t mss = 536 + random.below(2000);
        const Packet big = make_packet(spec);
        Packet offloaded = big;
        set16(offloaded, offsets_of(spec).l4 + 16, 0x4242);
        TxOptions options = tso(spec, mss);
        if (spec.payload > 1000) {
            options.cuts = {7 + random.below(100), 200 + random.below(300)};
        }
        tx.send(offloaded, options);
        const auto expected = reference_segments(big, spec, mss);
        const auto got = exchange();
        ASSERT_EQ(got.size(), expected.size()) << "round " << round;
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(got[i], expected[i]) << "round " << round << " packet " << i;
        }
        ASSERT_NE(last.flags & MO_RXF_L4_CSUM_OK, 0);
    }
    EXPECT_EQ(pair.a.mac.counters.tx_tso_packets, 150U);
    EXPECT_EQ(pair.a.mac.counters.tx_tso_segs, pair.b.mac.counters.rx_frames);
    EXPECT_TRUE(pair.a.errors.empty());
}

TEST_F(Datapath, VlanTagIsInsertedAndRemoved) {
    PacketSpec spec;
    const Packet plain = make_packet(spec);
    TxOptions options;
    options.flags |= MO_TXF_VLAN;
    options.vlan_tci = 0x6123;
    tx.send(plain, options);
    auto got = exchange();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0], plain);
    EXPECT_EQ(last.vlan_tci, 0x6123);
    EXPECT_EQ(last.hdr_len, 66);

    set_offload(pair.b, MO_OFFLOAD_RX_CSUM);
    tx.send(plain, options);
    spec.vlan = 0x6123;
    const Packet tagged = make_packet(spec);
    got = exchange();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0], tagged);
    EXPECT_EQ(last.flags & MO_RXF_VLAN, 0);
    EXPECT_EQ(last.hdr_len, 70);
    EXPECT_NE(last.flags & MO_RXF_L4_CSUM_OK, 0);

    // With TSO, tag and headers together.
    PacketSpec big_spec;
    big_spec.payload = 5000;
    const Packet big = make_packet(big_spec);
    TxOptions both = tso(big_spec, 1400);
    both.flags |= MO_TXF_VLAN;
    both.vlan_tci = 9;
    tx.send(big, both);
    big_spec.vlan = 9;
    EXPECT_EQ(exchange(), reference_segments(make_packet(big_spec), big_spec, 1400));
}

TEST_F(Datapath, ShortFramesArePadded) {
    Packet arp = sized_packet(0);
    arp.resize(42);
    std::fill(arp.begin() + 12, arp.end(), std::byte{0xff});
    tx.send(arp);
    auto got = exchange();
    ASSERT_EQ(got.size(), 1U);
    arp.resize(60);
    EXPECT_EQ(got[0], arp);
    EXPECT_EQ(last.l3l4, 0);
    EXPECT_EQ(last.hdr_len, 0);
    EXPECT_EQ(last.flags, MO_RXF_TIMESTAMP);
    EXPECT_EQ(pair.a.mac.counters.tx_64, 1U);
    EXPECT_EQ(pair.b.mac.counters.rx_64, 1U);
    EXPECT_EQ(pair.b.mac.counters.rx_octets, 64U);
}

TEST_F(Datapath, MemoryScatteredFinerThanPagesIsSentToo) {
    // Adjacent bus addresses, but each 512-byte map somewhere else in this process.
    constexpr std::size_t grain = 512;
    constexpr std::uint64_t base = 0x9'0000'0000;
    PacketSpec spec;
    spec.payload = 200 * grain;
    const Packet big = make_packet(spec);
    const std::size_t maps = big.size() / grain + 1;
    std::vector<std::byte> memory(maps * grain * 2);
    for (std::size_t i = 0; i < maps; ++i) {
        const auto place = std::span(memory).subspan((maps - 1 - i) * grain * 2, grain);
        ASSERT_TRUE(pair.a.map.map_memory(base + i * grain, place));
        const std::size_t from = i * grain;
        std::memcpy(place.data(), big.data() + from, std::min(grain, big.size() - from));
    }
    tx.describe(base, big.size(), tso(spec, 8000));
    tx.ring();
    EXPECT_EQ(exchange(), reference_segments(big, spec, 8000));
}

TEST_F(Datapath, ClosedGateDiscardsAndCompletes) {
    pair.a.gate.transmit = false;
    tx.send(make_packet({}));
    PacketSpec spec;
    spec.payload = 10000;
    tx.send(make_packet(spec), tso(spec, 1000));
    EXPECT_TRUE(exchange().empty());
    EXPECT_TRUE(tx.cq.next());
    EXPECT_TRUE(tx.cq.next());
    EXPECT_EQ(pair.a.mac.counters.tx_discard_link, 11U);
    EXPECT_EQ(pair.a.mac.counters.tx_frames, 0U);

    pair.a.gate.transmit = true;
    pair.b.gate.receive = false;
    tx.send(make_packet({}));
    EXPECT_TRUE(exchange().empty());
    EXPECT_EQ(pair.a.mac.counters.tx_frames, 1U);
    EXPECT_EQ(pair.b.mac.counters.rx_frames, 0U);
}

TEST_F(Datapath, LoopbackStaysInTheMac) {
    HostRx own(pair.a);
    own.post(10);
    open_receiver(pair.a, own, MO_OFFLOAD_LOOPBACK);
    pair.a.gate = {};
    tx.send(make_packet({}));
    pair.run();
    EXPECT_EQ(own.all().size(), 1U);
    EXPECT_TRUE(rx.all().empty());
    EXPECT_EQ(pair.link.counters(fabric::End::a).packets, 0U);
    // What comes by the link is not received meanwhile.
    HostTx other(pair.b);
    other.send(make_packet({}));
    pair.run();
    EXPECT_TRUE(own.all().empty());
}

TEST_F(Datapath, SameMemoryForSendAndReceive) {
    HostRx own(pair.a);
    own.post(10);
    open_receiver(pair.a, own, MO_OFFLOAD_LOOPBACK);
    PacketSpec spec;
    spec.payload = 1200;
    const Packet packet = make_packet(spec);
    pair.a.store(own.buffer(0) + 100, packet); // the frame overlaps the buffer it arrives in
    tx.describe(own.buffer(0) + 100, packet.size(), {});
    tx.ring();
    pair.run();
    const auto got = own.all();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].bytes.size(), packet.size());
}

/// Every way to make a bad packet. It costs that packet where the ring still tells where the next
/// one begins and the host's memory is there; else it stops the queue, and no other queue.
struct BadPacket {
    const char* name;
    void (*spoil)(hw::mo_tx_pkt&, hw::mo_tx_seg&);
    hw::mo_queue_error why = hw::MO_QERR_DESC;
};

void PrintTo(const BadPacket& bad, std::ostream* out) {
    *out << bad.name;
}

struct BadPackets : Datapath, ::testing::WithParamInterface<BadPacket> {
    /// A good burst of four segments, a spoiled one, a good one; the spoiled one's index.
    std::uint32_t send_three(std::uint16_t extra_flags = 0) {
        PacketSpec spec;
        spec.payload = 4000;
        const Packet packet = make_packet(spec);
        tx.send(packet, tso(spec, 1000));
        const std::uint64_t iova = pair.a.put(packet);
        const std::uint32_t at = tx.tail;
        tx.describe(iova, packet.size(), tso(spec, 1000));
        auto& pkt = pair.a.object<hw::mo_tx_pkt>(tx.body.ring + std::uint64_t{at} * 16);
        auto& seg = pair.a.object<hw::mo_tx_seg>(tx.body.ring + std::uint64_t{at + 1} * 16);
        GetParam().spoil(pkt, seg);
        pkt.flags = static_cast<std::uint16_t>(pkt.flags | extra_flags);
        tx.describe(iova, packet.size(), tso(spec, 1000));
        tx.ring();
        return at;
    }
};

struct StoppingPackets : BadPackets {};
struct RefusedPackets : BadPackets {};

TEST_P(StoppingPackets, StopTheQueue) {
    HostTx other(pair.a);
    const std::uint32_t at = send_three();
    EXPECT_EQ(exchange().size(), 4U);

    ASSERT_EQ(pair.a.errors.size(), 1U);
    EXPECT_EQ(pair.a.errors[0], std::pair(tx.object, GetParam().why));
    EXPECT_EQ(pair.a.faults.size(), GetParam().why == hw::MO_QERR_DMA ? 1U : 0U);
    EXPECT_TRUE(tx.cq.next());
    const auto error = tx.cq.next();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->type, MO_CQE_TX_ERROR);
    EXPECT_EQ(error->index, at);
    EXPECT_EQ(error->flags, GetParam().why);
    EXPECT_EQ(tx.query().head, at);
    EXPECT_EQ(tx.query().error, static_cast<std::uint32_t>(GetParam().why));
    EXPECT_EQ(pair.a.nic_counters.tx_refused.value(), 0U);

    tx.send(make_packet({})); // a stopped queue stays stopped
    other.send(make_packet({}));
    EXPECT_EQ(exchange().size(), 1U);
    EXPECT_EQ(pair.a.errors.size(), 1U);
    EXPECT_EQ(tx.destroy(), hw::MO_ST_OK);
}

TEST_P(RefusedPackets, CostThemselvesOnly) {
    for (const unsigned flags : {0U, MO_TXF_COMPLETE, MO_TXF_TIMESTAMP}) {
        const std::uint32_t at = send_three(static_cast<std::uint16_t>(flags));
        EXPECT_EQ(exchange().size(), 8U) << "those before and behind it";
        EXPECT_TRUE(pair.a.errors.empty());
        EXPECT_TRUE(pair.a.faults.empty());

        const auto first = tx.cq.next();
        ASSERT_TRUE(first);
        EXPECT_EQ(first->type, MO_CQE_TX);
        EXPECT_EQ(first->index, at);
        const auto refused = tx.cq.next();
        ASSERT_TRUE(refused) << "with or without the request for a completion";
        EXPECT_EQ(refused->type, MO_CQE_TX_REFUSED);
        EXPECT_EQ(refused->index, at + 2) << "it is done, as all before it";
        EXPECT_EQ(refused->flags, GetParam().why);
        EXPECT_EQ(refused->timestamp_ns, 0U);
        const auto behind = tx.cq.next();
        ASSERT_TRUE(behind);
        EXPECT_EQ(behind->type, MO_CQE_TX);
        EXPECT_EQ(behind->index, tx.tail);
        EXPECT_FALSE(tx.cq.next());
        EXPECT_EQ(tx.query().head, tx.tail);
        EXPECT_EQ(tx.query().error, 0U);
    }
    EXPECT_EQ(pair.a.nic_counters.tx_refused.value(), 3U);
    EXPECT_EQ(pair.a.mac.counters.tx_frames, 24U);
}

using Pkt = hw::mo_tx_pkt;
using Seg = hw::mo_tx_seg;

std::string name_of(const ::testing::TestParamInfo<BadPacket>& param) {
    std::string name = param.param.name;
    std::replace(name.begin(), name.end(), ' ', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(
    All, StoppingPackets,
    ::testing::Values(
        BadPacket{"type", [](Pkt& p, Seg&) { p.type = 2; }},
        BadPacket{"no segment", [](Pkt& p, Seg&) { p.nseg = 0; }},
        BadPacket{"too many segments", [](Pkt& p, Seg&) { p.nseg = MO_TX_MAX_SEGS + 1; }},
        BadPacket{"beyond the tail", [](Pkt& p, Seg&) { p.nseg = 4; }},
        BadPacket{"not mapped", [](Pkt&, Seg& s) { s.addr = 0x5000; }, hw::MO_QERR_DMA},
        BadPacket{"address wraps", [](Pkt&, Seg& s) { s.addr = ~std::uint64_t{0} - 100; },
                  hw::MO_QERR_DMA}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    All, RefusedPackets,
    ::testing::Values(BadPacket{"unknown flag", [](Pkt& p, Seg&) { p.flags |= 0x80; }},
                      BadPacket{"both kinds", [](Pkt& p, Seg&) { p.flags |= MO_TXF_TSO6; }},
                      BadPacket{"wrong kind", [](Pkt& p, Seg&) { p.flags = MO_TXF_TSO6; }},
                      BadPacket{"reserved", [](Pkt& p, Seg&) { p.rsvd = 1; }},
                      BadPacket{"mss 0", [](Pkt& p, Seg&) { p.mss = 0; }},
                      BadPacket{"mss too long", [](Pkt& p, Seg&) { p.mss = 9001; }},
                      BadPacket{"header too short", [](Pkt& p, Seg&) { p.hdr_len = 13; }},
                      BadPacket{"header too long", [](Pkt& p, Seg&) { p.hdr_len = 257; }},
                      BadPacket{"header not that of the packet",
                                [](Pkt& p, Seg&) { p.hdr_len = 65; }},
                      BadPacket{"no payload", [](Pkt&, Seg& s) { s.len = 66; }},
                      BadPacket{"l3 offset", [](Pkt& p, Seg&) { p.l3_offset = 15; }},
                      BadPacket{"checksum start", [](Pkt& p, Seg&) { p.csum_start = 35; }},
                      BadPacket{"checksum offset", [](Pkt& p, Seg&) { p.csum_offset = 15; }},
                      BadPacket{"checksum behind the end",
                                [](Pkt& p, Seg& s) {
                                    p.flags = MO_TXF_CSUM;
                                    s.len = 100;
                                    p.csum_start = 80;
                                    p.csum_offset = 19;
                                }},
                      BadPacket{"checksum over the header",
                                [](Pkt& p, Seg&) {
                                    p.flags = MO_TXF_CSUM;
                                    p.csum_start = 13;
                                }},
                      BadPacket{"length 0", [](Pkt&, Seg& s) { s.len = 0; }},
                      BadPacket{"length too long", [](Pkt&, Seg& s) { s.len = 65537; }},
                      BadPacket{"segment reserved", [](Pkt&, Seg& s) { s.rsvd = 1; }},
                      BadPacket{"frame too short",
                                [](Pkt& p, Seg& s) {
                                    p.flags = 0;
                                    s.len = 13;
                                }},
                      BadPacket{"frame too long",
                                [](Pkt& p, Seg& s) {
                                    p.flags = 0;
                                    s.len = MO_ETH_MAX_FRAME + 1;
                                }}),
    name_of);

TEST_F(Datapath, TooManySegmentsOfOneBurst) {
    PacketSpec spec;
    spec.payload = fabric::max_burst_segments + 1;
    tx.send(make_packet(spec), tso(spec, 1));
    EXPECT_TRUE(exchange().empty());
    EXPECT_TRUE(pair.a.errors.empty());
    const auto refused = tx.cq.next();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->type, MO_CQE_TX_REFUSED);
}

TEST_F(Datapath, TailBeyondTheRingStopsTheQueue) {
    tx.tail = tx.entries() + 1;
    tx.ring();
    exchange();
    ASSERT_EQ(pair.a.errors.size(), 1U);
    EXPECT_EQ(pair.a.errors[0].second, hw::MO_QERR_TAIL);
}

TEST_F(Datapath, FailedCompletionQueueStopsItsQueue) {
    const auto& config = pair.a.cq_configs[tx.cq.object];
    const std::uint32_t room = config.ring.entries();
    pair.a.object<hw::mo_arm_rec>(config.record).arm = 0; // the host never looks
    for (std::uint32_t i = 0; i < room + 1; ++i) {
        tx.send(sized_packet(10));
        exchange();
    }
    ASSERT_EQ(pair.a.errors.size(), 1U);
    EXPECT_EQ(pair.a.errors[0].second, hw::MO_QERR_CQ);
}

TEST_F(Datapath, DestroyEndsTheQueue) {
    tx.send(make_packet({}));
    EXPECT_EQ(tx.destroy(), hw::MO_ST_OK);
    EXPECT_EQ(tx.destroy(), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(pair.a.destroyed, std::vector{tx.object});
    EXPECT_EQ(pair.a.cq(tx.cq.object)->users(), 0U);
    tx.ring();
    EXPECT_TRUE(exchange().empty());

    HostTx second(pair.a);
    second.send(make_packet({}));
    EXPECT_EQ(exchange().size(), 1U);
    EXPECT_EQ(rx.destroy(), hw::MO_ST_OK);
    second.send(make_packet({}));
    pair.run();
    EXPECT_EQ(pair.b.mac.counters.rx_no_queue, 1U);
}

TEST_F(Datapath, ResetForgetsEverything) {
    tx.send(make_packet({}));
    exchange();
    pair.a.block.reset();
    pair.b.block.reset();
    pair.a.cqs.clear(); // as the core does
    EXPECT_EQ(pair.a.mac.counters.tx_frames, 0U);
    tx.ring();
    pair.a.block.doorbell(hw::MO_DB_SQ, tx.object, 10);
    EXPECT_FALSE(pair.a.poll());
    hw::mo_cmd_object which{};
    which.object = tx.object;
    EXPECT_EQ(pair.a.command(hw::MO_CMD_QUEUE_QUERY, which), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(pair.b.command(hw::MO_CMD_RXQ_DESTROY, which), hw::MO_ST_BAD_OBJECT);
    HostTx fresh(pair.a);
    fresh.send(make_packet({}));
    EXPECT_TRUE(exchange().empty()) << "the other side lets nothing in after its reset";
}

} // namespace
} // namespace mo::nic::eth::test
