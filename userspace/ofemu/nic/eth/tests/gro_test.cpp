// SPDX-License-Identifier: GPL-2.0-or-later
// Coalescing: whatever is joined can be taken apart into the packets that were on the wire.
#include <gtest/gtest.h>

#include "fabric/random.hpp"
#include "nic/eth/tests/harness.hpp"

namespace mo::nic::eth::test {
namespace {

constexpr std::uint32_t gro_offloads = usual_offloads | MO_OFFLOAD_RX_GRO;

/// Takes a delivered packet apart as the network stack would.
std::vector<Packet> take_apart(const Received& received) {
    Packet bytes = received.header;
    bytes.insert(bytes.end(), received.bytes.begin(), received.bytes.end());
    if ((received.cqe.flags & MO_RXF_GRO) == 0) {
        return {bytes};
    }
    PacketSpec spec;
    spec.ipv6 = (received.cqe.l3l4 & MO_L3_MASK) == MO_L3_IPV6;
    const std::size_t l4 = offsets_of(spec).l4;
    spec.sequence = get32(bytes, l4 + 4);
    spec.flags = get8(bytes, l4 + 13);
    spec.id = spec.ipv6 ? 0 : get16(bytes, 18);
    spec.option_words = (get8(bytes, l4 + 12) >> 4U) - 5;
    spec.fixed_id = (received.cqe.l3l4 & MO_L3_FIXED_ID) != 0;
    const auto packets = reference_segments(bytes, spec, received.cqe.gso_size);
    EXPECT_EQ(packets.size(), received.cqe.gso_segs);
    EXPECT_GT(packets.size(), 1U);
    EXPECT_EQ(received.cqe.hdr_len, offsets_of(spec).payload);
    // Headers as for any packet that is still to be segmented.
    EXPECT_NE(received.cqe.flags & MO_RXF_L4_CSUM_OK, 0);
    const std::size_t l4_length = bytes.size() - l4;
    EXPECT_EQ(get16(bytes, l4 + 16),
              ~reference_checksum({}, reference_pseudo(bytes, spec, l4_length)) & 0xffffU);
    if (spec.ipv6) {
        EXPECT_EQ(get16(bytes, 18), l4_length);
    } else {
        EXPECT_EQ(get16(bytes, 16), bytes.size() - 14);
        EXPECT_EQ(reference_checksum(std::span(bytes).subspan(14, 20)), 0U);
    }
    return packets;
}

struct Coalesce : ::testing::Test {
    Coalesce() { setup(10, 4096, 0); }
    void setup(std::uint8_t ring_log, std::uint32_t buffer, std::uint32_t header) {
        nic = std::make_unique<TestNic>(16U << 20);
        rx = std::make_unique<HostRx>(*nic, ring_log, buffer, header);
        rx->post(rx->entries());
        open_receiver(*nic, *rx, gro_offloads);
        wire.clear();
    }
    void packet(const PacketSpec& spec) {
        wire.push_back(make_packet(spec));
        nic->mac.receive(frame_of(wire.back()), nic->now);
    }
    void burst(const PacketSpec& spec, std::size_t mss, const std::vector<std::size_t>& cuts = {}) {
        const Packet big = make_packet(spec);
        nic->mac.receive(BurstOf(big, spec, mss, cuts).frame, nic->now);
        for (Packet& one : reference_segments(big, spec, mss)) {
            wire.push_back(std::move(one));
        }
    }
    /// Delivered packets; those they are made of must be what was sent.
    std::vector<Received> finish() {
        nic->poll();
        auto got = rx->all();
        std::vector<Packet> apart;
        for (const Received& one : got) {
            for (Packet& p : take_apart(one)) {
                apart.push_back(std::move(p));
            }
        }
        EXPECT_EQ(apart.size(), wire.size());
        EXPECT_TRUE(apart == wire);
        EXPECT_TRUE(rx->complete);
        EXPECT_TRUE(nic->errors.empty());
        wire.clear();
        return got;
    }
    /// Two packets of 100 bytes that follow each other, the second changed: how many arrive?
    template <typename Change>
    std::size_t second(Change&& change, PacketSpec spec = {}) {
        packet(spec);
        spec.sequence += 100;
        spec.id += 1;
        change(spec);
        packet(spec);
        return finish().size();
    }
    const PortCounters& counters() const { return nic->mac.counters; }

    std::unique_ptr<TestNic> nic;
    std::unique_ptr<HostRx> rx;
    std::vector<Packet> wire;
};

TEST_F(Coalesce, ABurstIsOneCompletion) {
    for (const bool ipv6 : {false, true}) {
        PacketSpec spec;
        spec.ipv6 = ipv6;
        spec.payload = 60000;
        spec.flags = 0x18; // ACK, PSH
        burst(spec, 1448, {10, 30000});
        const auto got = finish();
        ASSERT_EQ(got.size(), 1U);
        EXPECT_EQ(got[0].cqe.gso_size, 1448);
        EXPECT_EQ(got[0].cqe.gso_segs, 42);
        EXPECT_EQ(got[0].cqe.nseg, 15);
        EXPECT_EQ(got[0].cqe.length, 60000 + offsets_of(spec).payload);
        rx->post(15);
    }
    EXPECT_EQ(counters().rx_gro_packets, 2U);
    EXPECT_EQ(counters().rx_gro_segs, 84U);
    EXPECT_EQ(counters().rx_frames, 84U);
}

TEST_F(Coalesce, OffMeansOneCompletionPerSegment) {
    set_offload(*nic, usual_offloads, 9000);
    PacketSpec spec;
    spec.payload = 10000;
    burst(spec, 1448);
    EXPECT_EQ(finish().size(), 7U);
    set_offload(*nic, gro_offloads & ~MO_OFFLOAD_RX_CSUM, 9000);
    burst(spec, 1448);
    EXPECT_EQ(finish().size(), 7U) << "unverified checksums are not joined";
    EXPECT_EQ(counters().rx_gro_packets, 0U);
}

TEST_F(Coalesce, PacketsInOrderAreJoined) {
    PacketSpec spec;
    for (unsigned i = 0; i < 10; ++i) {
        packet(spec);
        spec.sequence += 100;
        spec.id = (spec.id + 1) & 0xffff;
        spec.seed = i;
    }
    const auto got = finish();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].cqe.gso_segs, 10);
}

TEST_F(Coalesce, WhatContinuesAPacketAndWhatDoesNot) {
    EXPECT_EQ(second([](PacketSpec&) {}), 1U);
    EXPECT_EQ(second([](PacketSpec& s) { s.payload = 99; }), 1U) << "a shorter last segment";
    EXPECT_EQ(second([](PacketSpec& s) { s.flags = 0x18; }), 1U) << "PSH ends it";
    EXPECT_EQ(second([](PacketSpec& s) { s.payload = 101; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.payload = 0; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.sequence += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.sequence -= 100; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.id += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.acknowledgement += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.window += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.timestamp += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.option_words = 4; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.source_port += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.destination_ip += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.source += 1; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.tos = 4; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.ttl = 63; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.dont_fragment = false; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.udp = true; }), 2U);
    EXPECT_EQ(second([](PacketSpec& s) { s.ipv6 = true; }), 2U);
    for (const unsigned flag : {0x01U, 0x02U, 0x04U, 0x20U, 0x40U, 0x80U}) {
        EXPECT_EQ(second([&](PacketSpec& s) { s.flags |= flag; }), 2U) << "flag " << flag;
    }
    EXPECT_EQ(second([](PacketSpec& s) { s.flags = 0; }), 2U);
}

TEST_F(Coalesce, NothingFollowsAPushedOrShorterPacket) {
    PacketSpec spec;
    spec.flags = 0x18;
    EXPECT_EQ(second([](PacketSpec& s) { s.flags = 0x10; }, spec), 2U);
    spec.flags = 0x10;
    packet(spec);
    spec.sequence += 100;
    spec.id += 1;
    spec.payload = 60;
    packet(spec);
    spec.sequence += 60;
    spec.id += 1;
    packet(spec);
    EXPECT_EQ(finish().size(), 2U);
}

TEST_F(Coalesce, PaddingOfAShortLastSegmentIsDropped) {
    PacketSpec spec;
    spec.option_words = 0;
    const Packet first = make_packet(spec);
    spec.sequence += 100;
    spec.id += 1;
    spec.payload = 1;
    Packet last = make_packet(spec);
    ASSERT_LT(last.size(), fabric::min_frame);
    last.resize(fabric::min_frame);
    nic->mac.receive(frame_of(first), nic->now);
    nic->mac.receive(frame_of(last), nic->now);
    nic->mac.receive(frame_of(last), nic->now); // continues nothing
    nic->poll();
    const auto got = rx->all();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].cqe.gso_segs, 2);
    EXPECT_EQ(got[0].bytes.size(), first.size() + 1);
    EXPECT_EQ(take_apart(got[0]), (std::vector<Packet>{first, last})); // whoever sends it pads it
    EXPECT_EQ(take_apart(got[1]), (std::vector<Packet>{last}));
}

TEST_F(Coalesce, IdentificationRisesOrStandsStill) {
    PacketSpec spec;
    std::vector<bool> fixed; // what the completions say
    const auto run = [&](bool dont_fragment, std::vector<unsigned> ids) {
        spec.dont_fragment = dont_fragment;
        for (const unsigned id : ids) {
            spec.id = id;
            const Packet one = make_packet(spec);
            nic->mac.receive(frame_of(one), nic->now);
            spec.sequence += 100;
        }
        nic->poll();
        std::vector<unsigned> segments;
        fixed.clear();
        for (const Received& one : rx->all()) {
            segments.push_back(std::max<unsigned>(1, one.cqe.gso_segs));
            fixed.push_back((one.cqe.l3l4 & MO_L3_FIXED_ID) != 0);
        }
        spec.sequence += 5000;
        return segments;
    };
    using List = std::vector<unsigned>;
    using Said = std::vector<bool>;
    EXPECT_EQ(run(true, {5, 6, 7}), (List{3}));
    EXPECT_EQ(fixed, (Said{false}));
    EXPECT_EQ(run(true, {5, 5, 5}), (List{3}));
    EXPECT_EQ(fixed, (Said{true}));
    EXPECT_EQ(run(true, {5, 6, 6}), (List{2, 1}));
    EXPECT_EQ(fixed, (Said{false, false}));
    EXPECT_EQ(run(true, {5, 5, 6}), (List{2, 1}));
    EXPECT_EQ(fixed, (Said{true, false}));
    EXPECT_EQ(run(true, {0, 0, 1, 1}), (List{2, 2}));
    EXPECT_EQ(fixed, (Said{true, true}));
    EXPECT_EQ(run(false, {5, 6, 7}), (List{3}));
    EXPECT_EQ(fixed, (Said{false}));
    EXPECT_EQ(run(false, {5, 5, 5}), (List{3}));
    EXPECT_EQ(fixed, (Said{true}));
    EXPECT_EQ(run(false, {5, 5, 6}), (List{2, 1}));
    EXPECT_EQ(fixed, (Said{true, false}));
    EXPECT_EQ(run(true, {65535, 0, 1}), (List{3}));
    EXPECT_EQ(fixed, (Said{false}));
}

TEST_F(Coalesce, WrongChecksumsAreNotJoined) {
    PacketSpec spec;
    packet(spec);
    spec.sequence += 100;
    spec.id += 1;
    Packet bad = make_packet(spec);
    bad.back() ^= std::byte{1};
    nic->mac.receive(frame_of(bad), nic->now);
    nic->poll();
    auto got = rx->all();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_NE(got[1].cqe.flags & MO_RXF_L4_CSUM_BAD, 0);
    bad.back() ^= std::byte{1};
    set16(bad, 24, get16(bad, 24) ^ 1U);
    packet(spec);
    nic->mac.receive(frame_of(bad), nic->now);
    nic->poll();
    got = rx->all();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_NE(got[1].cqe.flags & MO_RXF_L3_CSUM_BAD, 0);
}

TEST_F(Coalesce, OrderIsKeptAmongPacketsThatAreNotJoined) {
    PacketSpec flow;
    PacketSpec other;
    other.udp = true;
    for (unsigned i = 0; i < 6; ++i) {
        packet(flow);
        flow.sequence += 100;
        flow.id += 1;
        if (i % 2 == 1) {
            packet(other);
        }
    }
    EXPECT_EQ(finish().size(), 6U);
}

TEST_F(Coalesce, BurstsOfAFlowAreJoinedToo) {
    PacketSpec spec;
    spec.payload = 14480;
    for (unsigned i = 0; i < 4; ++i) {
        burst(spec, 1448);
        spec.sequence += 14480;
        spec.id += 10;
    }
    const auto got = finish();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].cqe.gso_segs, 40);
}

TEST_F(Coalesce, LimitsOfLengthAndSegments) {
    PacketSpec spec;
    spec.payload = 200000; // longer than an IP packet can be
    burst(spec, 8900);
    auto got = finish();
    EXPECT_EQ(got.size(), 4U);
    for (const Received& one : got) {
        EXPECT_LE(one.cqe.length, 65535U + 14U);
    }
    setup(10, 4096, 0);
    spec.ipv6 = true;
    burst(spec, 8900);
    EXPECT_EQ(finish().size(), 4U);
    setup(10, 4096, 0);
    spec.payload = 60000;
    burst(spec, 100);
    got = finish();
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(got[0].cqe.gso_segs, 255);
    setup(10, 512, 0);
    spec.payload = 30000;
    burst(spec, 1448);
    got = finish();
    EXPECT_EQ(got.size(), 3U);
    for (const Received& one : got) {
        EXPECT_LE(one.cqe.nseg, MO_RX_MAX_SEGS);
    }
}

TEST_F(Coalesce, ASingleSegmentOfABurstHasItsOwnChecksum) {
    setup(10, 512, 0); // 20 buffers hold 7 segments, so the eighth is alone
    PacketSpec spec;
    spec.payload = 8 * 1448;
    burst(spec, 1448);
    const auto got = finish();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].cqe.gso_segs, 7);
    EXPECT_EQ(got[1].cqe.flags & MO_RXF_GRO, 0);
}

TEST_F(Coalesce, BuffersThatEndInTheMiddle) {
    nic = std::make_unique<TestNic>(16U << 20);
    rx = std::make_unique<HostRx>(*nic, 8, 2048);
    rx->post(5);
    open_receiver(*nic, *rx, gro_offloads);
    PacketSpec spec;
    spec.payload = 20 * 1448;
    const Packet big = make_packet(spec);
    nic->mac.receive(BurstOf(big, spec, 1448).frame, nic->now);
    nic->poll();
    const auto got = rx->all();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].cqe.gso_segs, 7);
    EXPECT_EQ(counters().rx_no_buffer, 13U);
    const auto expected = reference_segments(big, spec, 1448);
    const auto apart = take_apart(got[0]);
    for (std::size_t i = 0; i < apart.size(); ++i) {
        Packet want = expected[i];
        EXPECT_EQ(apart[i], want);
    }
}

TEST_F(Coalesce, FlagsOfABurstThatForbidIt) {
    PacketSpec spec;
    spec.payload = 10 * 1448;
    spec.flags = 0x90; // CWR belongs to the first segment only
    burst(spec, 1448);
    auto got = finish();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[1].cqe.gso_segs, 9);
    spec.flags = 0x11; // FIN to the last
    burst(spec, 1448);
    got = finish();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].cqe.gso_segs, 9);
    spec.flags = 0x50; // ECE to all
    burst(spec, 1448);
    EXPECT_EQ(finish().size(), 10U);
}

TEST_F(Coalesce, TagsAreRemovedFirst) {
    PacketSpec spec;
    const auto send = [&](std::optional<unsigned> tci) {
        spec.vlan = tci;
        const Packet one = make_packet(spec);
        nic->mac.receive(frame_of(one), nic->now);
        spec.sequence += 100;
        spec.id += 1;
    };
    send(5);
    send(5);
    send(6);
    send(std::nullopt);
    nic->poll();
    auto got = rx->all();
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(got[0].cqe.gso_segs, 2);
    EXPECT_EQ(got[0].cqe.vlan_tci, 5);
    EXPECT_EQ(got[1].cqe.vlan_tci, 6);
    EXPECT_EQ(got[2].cqe.flags & MO_RXF_VLAN, 0);
    set_offload(*nic, gro_offloads & ~MO_OFFLOAD_RX_VLAN);
    send(5);
    send(5);
    nic->poll();
    EXPECT_EQ(rx->all().size(), 2U) << "a tag in the packet is not looked through";
}

TEST_F(Coalesce, WithHeaderSplit) {
    setup(8, 4096, 128);
    PacketSpec spec;
    spec.payload = 40000;
    burst(spec, 1448);
    spec.sequence += 40000;
    spec.id += 28;
    spec.payload = 100;
    packet(spec);
    const auto got = finish();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].header.size(), 66U);
    EXPECT_EQ(got[0].bytes.size(), 40000U);
    EXPECT_EQ(got[1].header.size(), 66U);
}

TEST_F(Coalesce, OpenPacketsEndWithTheirQueueAndItsMemory) {
    PacketSpec spec;
    packet(spec);
    EXPECT_FALSE(rx->next()) << "it stays open until the round ends";
    EXPECT_TRUE(nic->block.work_arrived());
    EXPECT_EQ(nic->block.next_deadline_ns(), 0U);
    nic->block.dma_unmapping(0, 1);
    EXPECT_TRUE(rx->next());
    packet(spec);
    set_offload(*nic, gro_offloads);
    EXPECT_TRUE(rx->next());
    packet(spec);
    enable_rx(*nic, false);
    EXPECT_TRUE(rx->next());
    enable_rx(*nic);
    packet(spec);
    EXPECT_EQ(rx->destroy(), hw::MO_ST_OK);
    EXPECT_TRUE(rx->next());
    EXPECT_FALSE(nic->poll());
    EXPECT_FALSE(nic->block.work_arrived());
    EXPECT_EQ(nic->block.next_deadline_ns(), fabric::no_deadline);
}

TEST_F(Coalesce, AnyMixtureComesApartIntoWhatWasSent) {
    fabric::Random random(11);
    std::uint64_t joined = 0;
    for (unsigned round = 0; round < 150; ++round) {
        setup(8, 512 << random.below(4), random.chance(0.3) ? 128 : 0);
        std::array<PacketSpec, 3> flows;
        flows[1].source_port = 77;
        flows[2].ipv6 = true;
        for (PacketSpec& flow : flows) {
            flow.sequence = static_cast<std::uint32_t>(random.next());
        }
        std::uint32_t used = 0;
        while (used < 100) {
            PacketSpec& flow = flows[random.below(10) < 7 ? 0 : random.below(3)];
            flow.seed = static_cast<unsigned>(random.next() & 0xff);
            flow.flags = random.chance(0.8) ? 0x10 : static_cast<unsigned>(random.next() & 0xff);
            unsigned packets = 1;
            if (random.chance(0.3)) {
                const std::size_t mss = random.chance(0.7) ? 1000 : 1 + random.below(1400);
                flow.payload = 1 + random.below(6) * mss + random.below(mss);
                burst(flow, mss, {random.below(flow.payload)});
                packets = static_cast<unsigned>((flow.payload + mss - 1) / mss);
            } else {
                flow.payload = random.chance(0.7) ? 1000 : 10 + random.below(1400);
                packet(flow);
            }
            flow.sequence += static_cast<std::uint32_t>(flow.payload);
            if (packets > 1 || random.chance(0.6)) { // else it stands still
                flow.id = (flow.id + packets) & 0xffffU;
            }
            if (random.chance(0.05)) {
                flow.sequence += 1;
            }
            if (random.chance(0.2)) {
                nic->poll();
            }
            // At most: each segment alone in its buffers.
            used = 0;
            for (const Packet& one : wire) {
                used += static_cast<std::uint32_t>((one.size() + 511) / 512);
            }
        }
        finish();
        ASSERT_EQ(counters().rx_no_buffer, 0U);
        joined += counters().rx_gro_segs;
        if (HasFailure()) {
            FAIL() << "round " << round;
        }
    }
    EXPECT_GT(joined, 1000U);
}

} // namespace
} // namespace mo::nic::eth::test
