// SPDX-License-Identifier: GPL-2.0-or-later
// Receive side: filters, MAC counters, scatter, header split, missing buffers, RSS to queues.
#include <gtest/gtest.h>

#include "nic/eth/tests/harness.hpp"

namespace mo::nic::eth::test {
namespace {

struct Receive : ::testing::Test {
    void wire(const Packet& packet, bool bad_fcs = false) {
        fabric::Frame frame = frame_of(packet);
        frame.bad_fcs = bad_fcs;
        nic.mac.receive(frame, nic.now);
        nic.poll();
    }
    const PortCounters& counters() const { return nic.mac.counters; }
    TestNic nic;
};

Packet to_address(std::uint64_t destination) {
    PacketSpec spec;
    spec.destination = destination;
    return make_packet(spec);
}

TEST_F(Receive, AddressFilter) {
    constexpr std::uint64_t own = 0x020000000002;
    constexpr std::uint64_t other = 0x020000000003;
    constexpr std::uint64_t group = 0x01005e000001;
    constexpr std::uint64_t other_group = 0x01005e000002;
    constexpr std::uint64_t broadcast = 0xffffffffffff;
    HostRx rx(nic);
    rx.post(200);
    open_receiver(nic, rx);
    const auto accepted = [&](std::uint32_t flags, const std::vector<std::uint64_t>& list) {
        EXPECT_EQ(set_rx_mode(nic, flags, list), hw::MO_ST_OK);
        std::vector<std::uint64_t> out;
        for (const std::uint64_t address : {own, other, group, other_group, broadcast}) {
            wire(to_address(address));
            if (rx.next()) {
                out.push_back(address);
            }
        }
        return out;
    };
    using List = std::vector<std::uint64_t>;
    EXPECT_EQ(accepted(0, {}), List{});
    EXPECT_EQ(accepted(0, {own, group}), (List{own, group}));
    EXPECT_EQ(accepted(MO_RX_MODE_BROADCAST, {own}), (List{own, broadcast}));
    EXPECT_EQ(accepted(MO_RX_MODE_ALLMULTI, {own}), (List{own, group, other_group}));
    EXPECT_EQ(accepted(MO_RX_MODE_PROMISC, {}), (List{own, other, group, other_group, broadcast}));
    EXPECT_EQ(counters().rx_frames, 25U);
    EXPECT_EQ(counters().rx_filtered, 25U - 0 - 2 - 2 - 3 - 5);
    EXPECT_EQ(counters().rx_unicast, 10U);
    EXPECT_EQ(counters().rx_multicast, 10U);
    EXPECT_EQ(counters().rx_broadcast, 5U);
}

TEST_F(Receive, VlanFilter) {
    HostRx rx(nic);
    rx.post(100);
    open_receiver(nic, rx);
    std::vector<std::byte> bitmap(512);
    bitmap[5 / 8] |= std::byte{1U << 5U};
    bitmap[4095 / 8] |= std::byte{1U << 7U};
    hw::mo_cmd_vlan body{};
    body.bitmap = nic.put(bitmap, 8);
    EXPECT_EQ(nic.command(hw::MO_CMD_VLAN_FILTER, body), hw::MO_ST_OK);
    const auto passes = [&](std::optional<unsigned> tci) {
        PacketSpec spec;
        spec.vlan = tci;
        wire(make_packet(spec));
        return rx.next().has_value();
    };
    EXPECT_TRUE(passes(std::nullopt));
    EXPECT_TRUE(passes(0xe005));
    EXPECT_TRUE(passes(4095));
    EXPECT_FALSE(passes(4));
    EXPECT_FALSE(passes(0));
    EXPECT_EQ(counters().rx_filtered, 2U);
    body.bitmap = 0;
    EXPECT_EQ(nic.command(hw::MO_CMD_VLAN_FILTER, body), hw::MO_ST_OK);
    EXPECT_TRUE(passes(4));
    body.bitmap = 0x100;
    EXPECT_EQ(nic.command(hw::MO_CMD_VLAN_FILTER, body), hw::MO_ST_DMA_FAULT);
    EXPECT_TRUE(passes(4)) << "a failed command changes nothing";
}

TEST_F(Receive, LengthChecksAndSizeClasses) {
    HostRx rx(nic, 8, 16384);
    rx.post(200);
    open_receiver(nic, rx, usual_offloads, 9000);
    const std::size_t sizes[] = {60,  61,   123,  124,  251,  252, 507,
                                 508, 1019, 1020, 1514, 1515, 9014};
    std::uint64_t octets = 0;
    for (const std::size_t size : sizes) {
        Packet packet = sized_packet(0);
        packet.resize(size);
        wire(packet);
        octets += size + 4;
    }
    EXPECT_EQ(rx.all().size(), std::size(sizes));
    const PortCounters& c = counters();
    EXPECT_EQ(c.rx_64, 1U);
    EXPECT_EQ(c.rx_65_127, 2U);
    EXPECT_EQ(c.rx_128_255, 2U);
    EXPECT_EQ(c.rx_256_511, 2U);
    EXPECT_EQ(c.rx_512_1023, 2U);
    EXPECT_EQ(c.rx_1024_1518, 2U);
    EXPECT_EQ(c.rx_1519_max, 2U);
    EXPECT_EQ(c.rx_octets, octets);
    EXPECT_EQ(c.rx_frames, std::size(sizes));

    Packet frame = sized_packet(0);
    frame.resize(59);
    wire(frame);
    EXPECT_EQ(c.rx_too_short, 1U);
    frame.resize(9015);
    wire(frame);
    EXPECT_EQ(c.rx_too_long, 1U);
    PacketSpec tagged;
    tagged.vlan = 1;
    frame = make_packet(tagged);
    frame.resize(9018); // a tag does not count against the MTU
    wire(frame);
    EXPECT_EQ(c.rx_too_long, 1U);
    EXPECT_EQ(set_offload(nic, 0, 1000), hw::MO_ST_OK);
    wire(frame);
    EXPECT_EQ(c.rx_too_long, 2U);
    EXPECT_EQ(c.rx_frames, std::size(sizes) + 1);
}

TEST_F(Receive, OnlyTheShortLastPacketOfABurstMayFitTheMtu) {
    HostRx rx(nic);
    rx.post(100);
    open_receiver(nic, rx, usual_offloads, 1000);
    PacketSpec spec;
    spec.payload = 4500;
    const Packet big = make_packet(spec);
    nic.mac.receive(BurstOf(big, spec, 1448).frame, nic.now);
    EXPECT_EQ(counters().rx_too_long, 3U);
    EXPECT_EQ(counters().rx_frames, 1U);
    const auto got = rx.all();
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].bytes, reference_segments(big, spec, 1448).back());
}

TEST_F(Receive, BadFcs) {
    HostRx rx(nic);
    rx.post(10);
    open_receiver(nic, rx);
    wire(make_packet({}), true);
    EXPECT_FALSE(rx.next());
    EXPECT_EQ(counters().rx_fcs_errors, 1U);
    EXPECT_EQ(counters().rx_frames, 0U);
    set_offload(nic, usual_offloads | MO_OFFLOAD_RX_FCS_ERR);
    wire(make_packet({}), true);
    const auto got = rx.next();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->cqe.flags & (MO_RXF_L4_CSUM_OK | MO_RXF_L4_CSUM_BAD), 0);
    EXPECT_EQ(counters().rx_fcs_errors, 2U);
}

TEST_F(Receive, PauseEndsInTheMac) {
    HostRx rx(nic);
    rx.post(10);
    open_receiver(nic, rx);
    Packet pause = to_address(0x0180c2000001);
    set16(pause, 12, 0x8808);
    set16(pause, 14, 1);
    pause.resize(60);
    wire(pause);
    EXPECT_FALSE(rx.next());
    EXPECT_EQ(counters().rx_pause, 1U);
    EXPECT_EQ(counters().rx_frames, 1U);
    HostTx tx(nic);
    tx.send(pause);
    nic.poll();
    EXPECT_EQ(counters().tx_pause, 1U);
}

TEST_F(Receive, MacControlIsCountedWhateverItsOpcode) {
    HostRx rx(nic);
    rx.post(10);
    open_receiver(nic, rx);
    HostTx tx(nic);
    for (const unsigned opcode : {0U, 1U, 2U}) {
        Packet control = to_address(0x0180c2000001);
        set16(control, 12, 0x8808);
        set16(control, 14, opcode);
        control.resize(60);
        wire(control);
        tx.send(control);
        nic.poll();
    }
    EXPECT_EQ(counters().rx_control, 3U);
    EXPECT_EQ(counters().tx_control, 3U);
    EXPECT_EQ(counters().rx_pause, 1U);
    EXPECT_EQ(counters().tx_pause, 1U);
}

TEST_F(Receive, Scatter) {
    for (const std::uint32_t buffer : {256U, 300U, 1000U, 2048U, 65536U}) {
        TestNic one;
        HostRx rx(one, 6, buffer);
        rx.post(60);
        open_receiver(one, rx);
        for (const std::size_t payload : {0UL, 190UL, 191UL, 234UL, 700UL, 1448UL, 4000UL}) {
            const Packet packet = [&] {
                Packet p = sized_packet(payload);
                p.resize(std::max<std::size_t>(60, p.size()));
                return p;
            }();
            // In pieces that do not fit the buffers.
            const fabric::Bytes all(packet);
            std::vector<fabric::Bytes> body;
            const std::size_t head = std::min<std::size_t>(all.size(), 70);
            for (std::size_t at = head; at < all.size(); at += 99) {
                body.push_back(all.subspan(at, std::min<std::size_t>(99, all.size() - at)));
            }
            fabric::Frame frame;
            frame.head = all.first(head);
            frame.body = body;
            frame.length = static_cast<std::uint32_t>(all.size());
            one.mac.receive(frame, one.now);
            const auto got = rx.next();
            ASSERT_TRUE(got);
            EXPECT_EQ(got->bytes, packet);
            EXPECT_EQ(got->cqe.nseg, (packet.size() + buffer - 1) / buffer);
            rx.post(got->cqe.nseg);
        }
        EXPECT_TRUE(rx.complete);
        EXPECT_TRUE(one.errors.empty());
    }
}

TEST_F(Receive, MoreBuffersThanACompletionNames) {
    HostRx rx(nic, 8, 256);
    rx.post(100);
    open_receiver(nic, rx);
    wire(sized_packet(20 * 256 - 66));
    EXPECT_EQ(rx.next()->cqe.nseg, 20);
    wire(sized_packet(20 * 256 - 65));
    EXPECT_FALSE(rx.next());
    EXPECT_EQ(counters().rx_no_buffer, 1U);
    EXPECT_EQ(rx.query().head, 20U);
}

TEST_F(Receive, NoBufferDropsAndGoesOn) {
    HostRx rx(nic);
    open_receiver(nic, rx);
    wire(make_packet({}));
    EXPECT_EQ(counters().rx_no_buffer, 1U);
    rx.post(1);
    EXPECT_EQ(rx.doorbells, 0U) << "the tail is read from the record";
    wire(make_packet({}));
    wire(make_packet({}));
    EXPECT_EQ(rx.all().size(), 1U);
    EXPECT_EQ(counters().rx_no_buffer, 2U);
    rx.post(3);
    wire(make_packet({}));
    EXPECT_EQ(rx.all().size(), 1U);
    EXPECT_EQ(counters().rx_frames, 4U);
    EXPECT_TRUE(nic.errors.empty());
    // A large packet that does not fit leaves the buffers for smaller ones.
    wire(sized_packet(6000));
    wire(make_packet({}));
    EXPECT_EQ(rx.all().size(), 1U);
    EXPECT_EQ(rx.query().head, 3U);
}

TEST_F(Receive, WithoutShadowTheDoorbellCounts) {
    TestNic plain(8U << 20, hw::MO_F_ETH);
    HostRx rx(plain);
    open_receiver(plain, rx);
    rx.record().tail = 5; // stored, but not rung
    plain.mac.receive(frame_of(make_packet({})), 0);
    EXPECT_EQ(plain.mac.counters.rx_no_buffer, 1U);
    rx.post(5);
    EXPECT_EQ(rx.doorbells, 1U);
    plain.mac.receive(frame_of(make_packet({})), 0);
    EXPECT_TRUE(rx.next());
    plain.block.doorbell(hw::MO_DB_RQ, rx.object, 2); // late: harmless
    EXPECT_EQ(rx.query().tail, 5U);
    plain.block.doorbell(hw::MO_DB_RQ, rx.object, 1 + rx.entries() + 1);
    ASSERT_EQ(plain.errors.size(), 1U);
    EXPECT_EQ(plain.errors[0].second, hw::MO_QERR_TAIL);
}

TEST_F(Receive, HeaderSplit) {
    HostRx rx(nic, 8, 2048, 128);
    rx.post(50);
    open_receiver(nic, rx);
    const auto check = [&](const Packet& packet, const Packet& delivered, std::size_t header) {
        wire(packet);
        const auto got = rx.next();
        ASSERT_TRUE(got);
        EXPECT_EQ(got->cqe.flags & MO_RXF_HDR_SPLIT, header != 0 ? MO_RXF_HDR_SPLIT : 0U);
        const auto middle = delivered.begin() + static_cast<std::ptrdiff_t>(header);
        EXPECT_EQ(got->header, Packet(delivered.begin(), middle));
        EXPECT_EQ(got->bytes, Packet(middle, delivered.end()));
    };
    check(sized_packet(500), sized_packet(500), 66);
    check(sized_packet(1), sized_packet(1), 66);
    check(sized_packet(0), sized_packet(0), 66);
    PacketSpec tagged;
    tagged.vlan = 3;
    check(make_packet(tagged), make_packet({}), 66);
    PacketSpec large;
    large.ipv6 = true;
    large.option_words = 10; // 14 + 40 + 60 = 114
    check(make_packet(large), make_packet(large), 114);
    Packet arp = sized_packet(0);
    set16(arp, 12, 0x0806);
    check(arp, arp, 0);
    // A header that does not fit is not split.
    PacketSpec options;
    Packet longer = make_packet(options);
    longer.insert(longer.begin() + 34, 40, std::byte{1});
    longer[14] = std::byte{0x4f};
    longer[86] = std::byte{0xf0};
    set16(longer, 16, static_cast<unsigned>(longer.size() - 14));
    ASSERT_GT(parse(longer, static_cast<std::uint32_t>(longer.size())).payload_offset, 128 - 1);
    check(longer, longer, 0);
}

TEST_F(Receive, BufferOutsideMemoryStopsThatQueueOnly) {
    HostRx bad(nic);
    HostRx good(nic);
    bad.push(hw::mo_rx_desc{0x77, 0});
    bad.ring();
    good.post(10);
    open_receiver(nic, bad);
    wire(make_packet({}));
    ASSERT_EQ(nic.errors.size(), 1U);
    EXPECT_EQ(nic.errors[0], std::pair(bad.object, hw::MO_QERR_DMA));
    ASSERT_EQ(nic.faults.size(), 1U);
    EXPECT_EQ(nic.faults[0], std::pair(bad.object, std::uint64_t{0x77}));
    wire(make_packet({}));
    EXPECT_EQ(nic.errors.size(), 1U);
    EXPECT_EQ(counters().rx_no_queue, 1U);
    open_receiver(nic, good);
    wire(make_packet({}));
    EXPECT_TRUE(good.next());

    HostRx odd(nic);
    odd.push(hw::mo_rx_desc{odd.buffer(0), odd.buffer(1)}); // header buffer without header split
    odd.ring();
    open_receiver(nic, odd);
    wire(make_packet({}));
    EXPECT_EQ(nic.errors.back(), std::pair(odd.object, hw::MO_QERR_DESC));
}

TEST_F(Receive, RssSpreadsAndDeadQueuesDrop) {
    HostRx one(nic);
    HostRx two(nic);
    one.post(200);
    two.post(200);
    wire(make_packet({}));
    EXPECT_EQ(counters().rx_frames, 0U) << "PORT_RX is off";
    set_rx_mode(nic, MO_RX_MODE_PROMISC);
    enable_rx(nic);
    wire(make_packet({}));
    EXPECT_EQ(counters().rx_no_queue, 1U);
    ASSERT_EQ(set_rss(nic, rss_config({0, 7})), hw::MO_ST_OK);
    wire(make_packet({}));
    EXPECT_EQ(counters().rx_no_queue, 2U) << "no index leads to a queue";
    ASSERT_EQ(map_rxq(nic, 0, one.object), hw::MO_ST_OK);
    ASSERT_EQ(map_rxq(nic, 7, two.object), hw::MO_ST_OK);
    ASSERT_EQ(set_offload(nic, MO_OFFLOAD_RX_HASH), hw::MO_ST_OK);
    for (unsigned port = 0; port < 100; ++port) {
        PacketSpec spec;
        spec.source_port = port;
        wire(make_packet(spec));
    }
    const auto first = one.all();
    const auto second = two.all();
    EXPECT_EQ(first.size() + second.size(), 100U);
    EXPECT_GT(first.size(), 25U);
    EXPECT_GT(second.size(), 25U);
    for (const Received& packet : second) {
        EXPECT_EQ(packet.cqe.hash & 1U, 1U);
        EXPECT_EQ(packet.cqe.flags, MO_RXF_HASH | MO_RXF_TIMESTAMP);
    }
    ASSERT_EQ(two.destroy(), hw::MO_ST_OK);
    for (unsigned port = 0; port < 100; ++port) {
        PacketSpec spec;
        spec.source_port = port;
        wire(make_packet(spec));
    }
    EXPECT_EQ(one.all().size(), first.size());
    EXPECT_EQ(counters().rx_no_queue, 2 + second.size());
    EXPECT_EQ(enable_rx(nic, false), hw::MO_ST_OK);
    wire(make_packet({}));
    EXPECT_FALSE(one.next());
}

TEST_F(Receive, AQueueIsExchangedBetweenTwoPackets) {
    HostRx former(nic);
    HostRx next(nic);
    former.post(20);
    next.post(20);
    open_receiver(nic, former, usual_offloads | MO_OFFLOAD_RX_GRO);
    PacketSpec spec;
    spec.payload = 1000;
    const auto segment = [&] {
        nic.mac.receive(frame_of(make_packet(spec)), nic.now);
        spec.sequence += 1000;
        ++spec.id;
    };
    segment();
    segment(); // the packet that they make stays open
    hw::mo_cmd_rxq_map body{};
    body.object = next.object;
    hw::mo_cmd_desc desc{};
    desc.hdr.opcode = static_cast<std::uint16_t>(hw::MO_CMD_RXQ_MAP);
    std::memcpy(static_cast<void*>(desc.body), &body, sizeof body);
    std::array<std::byte, 48> result{};
    ASSERT_EQ(nic.block.command(desc, result, nic.now), hw::MO_ST_OK);
    auto packets = former.all(); // the round has not ended
    ASSERT_EQ(packets.size(), 1U);
    EXPECT_EQ(packets[0].cqe.gso_segs, 2U);
    segment();
    nic.end_round();
    EXPECT_TRUE(former.all().empty());
    packets = next.all();
    ASSERT_EQ(packets.size(), 1U);
    EXPECT_EQ(former.destroy(), hw::MO_ST_OK);
    wire(make_packet({}));
    EXPECT_EQ(next.all().size(), 1U);
    ASSERT_EQ(map_rxq(nic, 0, 0), hw::MO_ST_OK);
    wire(make_packet({}));
    EXPECT_EQ(next.all().size(), 0U);
    EXPECT_EQ(counters().rx_no_queue, 1U);
    EXPECT_EQ(counters().rx_no_buffer, 0U);
}

} // namespace
} // namespace mo::nic::eth::test
