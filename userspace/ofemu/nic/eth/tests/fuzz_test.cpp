// SPDX-License-Identifier: GPL-2.0-or-later
// Nonsense by seed: descriptors, records, commands and frames. Nothing may be touched outside of
// the guests' memory (the sanitizers watch), nothing may hang, and a healthy queue must go on.
#include <gtest/gtest.h>

#include "fabric/random.hpp"
#include "nic/eth/tests/harness.hpp"

namespace mo::nic::eth::test {
namespace {

using fabric::Random;

void spoil(Random& random, std::span<std::byte> bytes, unsigned changes) {
    for (unsigned i = 0; i < changes && !bytes.empty(); ++i) {
        bytes[random.below(bytes.size())] =
            random.chance(0.5) ? static_cast<std::byte>(random.next())
                               : static_cast<std::byte>(random.chance(0.5) ? 0 : 0xff);
    }
}

Packet random_packet(Random& random) {
    PacketSpec spec;
    spec.ipv6 = random.chance(0.4);
    spec.udp = random.chance(0.3);
    if (random.chance(0.2)) {
        spec.vlan = static_cast<unsigned>(random.below(65536));
    }
    spec.payload = random.below(random.chance(0.2) ? 8000 : 1400);
    spec.option_words = random.below(11);
    spec.flags = static_cast<unsigned>(random.chance(0.7) ? 0x10 : random.next() & 0xff);
    Packet packet = make_packet(spec);
    spoil(random, std::span(packet).first(std::min<std::size_t>(packet.size(), 100)),
          static_cast<unsigned>(random.below(5)));
    return packet;
}

TEST(Fuzz, DescriptorsAndRecords) {
    std::uint64_t sent = 0;
    std::uint64_t stopped = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Random random(seed);
        TestPair pair(2U << 20);
        HostRx rx(pair.b, 6, 256U << random.below(4), random.chance(0.3) ? 200 : 0);
        rx.post(60);
        open_receiver(pair.b, rx, usual_offloads | (random.chance(0.5) ? MO_OFFLOAD_RX_GRO : 0U));
        HostTx tx(pair.a, 6);
        HostTx healthy(pair.a, 6);
        const std::uint64_t memory = pair.a.put(random_packet(random));
        const std::uint64_t descriptor_bytes = 16ULL << 6;
        for (unsigned round = 0; round < 20; ++round) {
            PacketSpec spec;
            spec.payload = random.below(5000);
            const Packet packet = make_packet(spec);
            TxOptions options =
                random.chance(0.5) ? tso(spec, 500 + random.below(1000)) : TxOptions{};
            if (random.chance(0.3)) {
                options.flags |= MO_TXF_VLAN | MO_TXF_CSUM;
                options.csum_start = static_cast<std::uint16_t>(random.below(packet.size()));
                options.csum_offset = static_cast<std::uint16_t>(random.below(3000));
            }
            pair.a.store(memory,
                         std::span(packet).first(std::min<std::size_t>(packet.size(), 400)));
            tx.describe(memory, packet.size(), options);
            if (random.chance(0.5)) {
                spoil(random, {pair.a.at(tx.body.ring), descriptor_bytes},
                      static_cast<unsigned>(random.below(8)));
            }
            if (random.chance(0.1)) {
                spoil(random, {pair.a.at(tx.body.rec), 64}, 2);
                pair.a.block.doorbell(hw::MO_DB_SQ, tx.object,
                                      static_cast<std::uint32_t>(random.next()));
            } else {
                tx.ring();
            }
            if (random.chance(0.1)) {
                spoil(random, {pair.b.at(rx.body.ring), descriptor_bytes}, 4);
            }
            ASSERT_LT(pair.run(), 1000U);
            rx.all();
            while (tx.cq.next()) {
            }
        }
        sent += pair.a.mac.counters.tx_frames;
        stopped += pair.a.errors.size() + pair.b.errors.size();
        ASSERT_LE(pair.a.errors.size(), 1U);
        const std::uint64_t before = pair.a.mac.counters.tx_frames;
        healthy.send(make_packet({}));
        pair.run();
        ASSERT_EQ(pair.a.mac.counters.tx_frames, before + 1);
        ASSERT_EQ(tx.destroy(), hw::MO_ST_OK);
        ASSERT_EQ(rx.destroy(), hw::MO_ST_OK);
    }
    EXPECT_GT(sent, 1000U) << "the nonsense is too coarse to reach anything";
    EXPECT_GT(stopped, 100U);
}

TEST(Fuzz, Frames) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Random random(seed);
        TestNic nic(2U << 20);
        HostRx rx(nic, 8, 256U << random.below(4), random.chance(0.5) ? 100 : 0);
        rx.post(256);
        open_receiver(nic, rx, all_offloads & ~MO_OFFLOAD_LOOPBACK);
        std::uint32_t reposted = 0;
        for (unsigned i = 0; i < 200; ++i) {
            const Packet packet = random_packet(random);
            const fabric::Bytes all(packet);
            // In as many pieces as it likes, the head at least 256 bytes as every sender gives it.
            std::vector<fabric::Bytes> body;
            const std::size_t head = std::min<std::size_t>(all.size(), 256 + random.below(300));
            for (std::size_t at = head; at < all.size();) {
                const std::size_t part = random.below(all.size() - at + 1);
                body.push_back(all.subspan(at, part));
                at += std::max<std::size_t>(part, 1);
                if (part == 0) {
                    at -= 1;
                }
            }
            fabric::Frame frame;
            frame.head = all.first(head);
            frame.body = body;
            frame.length = static_cast<std::uint32_t>(all.size());
            frame.bad_fcs = random.chance(0.1);
            if (random.chance(0.3)) {
                frame.checksum = {.start = static_cast<std::uint16_t>(random.below(100)),
                                  .field = static_cast<std::uint16_t>(random.below(100)),
                                  .seed = static_cast<std::uint16_t>(random.next()),
                                  .end = static_cast<std::uint32_t>(random.below(2000))};
            }
            nic.mac.receive(frame, nic.now);
            if (random.chance(0.3)) {
                nic.poll();
                rx.all();
                rx.post(rx.consumed - std::exchange(reposted, rx.consumed));
            }
        }
        ASSERT_TRUE(nic.errors.empty());
        ASSERT_TRUE(rx.complete);
    }
}

TEST(Fuzz, Commands) {
    Random random(5);
    TestNic nic(64U << 20);
    HostRx rx(nic);
    HostTx tx(nic);
    rx.post(20);
    std::map<hw::mo_status, unsigned> seen;
    constexpr hw::mo_cmd opcodes[] = {
        hw::MO_CMD_TXQ_CREATE,  hw::MO_CMD_TXQ_DESTROY, hw::MO_CMD_RXQ_CREATE,
        hw::MO_CMD_RXQ_DESTROY, hw::MO_CMD_QUEUE_QUERY, hw::MO_CMD_PORT_RX,
        hw::MO_CMD_RX_MODE,     hw::MO_CMD_VLAN_FILTER, hw::MO_CMD_OFFLOAD,
        hw::MO_CMD_RSS_SET,     hw::MO_CMD_RXQ_MAP};
    for (unsigned i = 0; i < 20000; ++i) {
        hw::mo_cmd_desc desc{};
        desc.hdr.opcode = static_cast<std::uint16_t>(opcodes[random.below(std::size(opcodes))]);
        const std::span<std::byte> body = std::as_writable_bytes(std::span(desc.body));
        const std::size_t words = random.below(6);
        for (std::size_t word = 0; word < words; ++word) {
            const std::uint64_t values[] = {
                random.next(), random.below(16), TestNic::ram_base + (random.below(100) << 12U),
                tx.object,     rx.object,        rx.cq.object};
            const std::uint64_t value = values[random.below(std::size(values))];
            std::memcpy(body.data() + word * 8, &value, 8);
        }
        std::array<std::byte, 48> result{};
        ++seen[nic.block.command(desc, result, nic.now)];
        if (random.chance(0.2)) {
            nic.mac.receive(frame_of(make_packet({})), nic.now);
            nic.poll();
            rx.all();
        }
        nic.end_round();
    }
    EXPECT_EQ(seen.count(hw::MO_ST_INTERNAL), 0U);
    EXPECT_GE(seen.size(), 5U) << "statuses that were reached";
}

} // namespace
} // namespace mo::nic::eth::test
