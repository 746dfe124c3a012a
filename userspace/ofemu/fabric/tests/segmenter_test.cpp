// SPDX-License-Identifier: GPL-2.0-or-later
// Checksum, segmentation, owned frames.
#include <gtest/gtest.h>

#include "fabric/checksum.hpp"
#include "fabric/owned_frame.hpp"
#include "fabric/random.hpp"
#include "fabric/segmenter.hpp"
#include "fabric/tests/packets.hpp"

namespace mo::fabric {
namespace {

using namespace mo::test;

Packet random_bytes(Random& random, std::size_t size) {
    Packet bytes(size);
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(random.next());
    }
    return bytes;
}

TEST(Checksum, EqualsTheReferenceForEveryCutAndAlignment) {
    Random random(1);
    for (unsigned round = 0; round < 3000; ++round) {
        const Packet bytes = random_bytes(random, random.below(round < 500 ? 70 : 3000));
        InternetSum sum;
        std::size_t at = 0;
        while (at < bytes.size()) {
            const std::size_t part =
                1 + random.below(std::min<std::size_t>(bytes.size() - at, 500));
            sum.add(Bytes(bytes).subspan(at, part));
            at += part;
        }
        ASSERT_EQ(sum.checksum(), reference_checksum(bytes)) << "round " << round;
    }
}

TEST(Checksum, CarriesOfAllOnesAreKept) {
    const Packet ones(65536, std::byte{0xff});
    InternetSum sum;
    sum.add(ones);
    EXPECT_EQ(sum.sum(), 0xffff);
    sum.add16(1);
    EXPECT_EQ(sum.sum(), 1);
    sum.add32(0x00010002);
    EXPECT_EQ(sum.sum(), 4);
}

std::vector<Packet> cut(const Frame& burst) {
    std::vector<Packet> packets;
    Segmenter segmenter(burst);
    for (Frame packet; segmenter.next(packet);) {
        packets.push_back(bytes_of(packet));
        EXPECT_EQ(packets.back().size(), packet.length);
    }
    return packets;
}

TEST(Segmenter, CutsLikeTheReference) {
    Random random(2);
    for (unsigned round = 0; round < 400; ++round) {
        PacketSpec spec;
        spec.ipv6 = random.chance(0.5);
        if (random.chance(0.3)) {
            spec.vlan = 5;
        }
        spec.payload = 1 + random.below(20000);
        spec.option_words = random.below(11);
        spec.flags = static_cast<unsigned>(random.below(256));
        spec.id = 0xfff0 + static_cast<unsigned>(random.below(16));
        spec.sequence = static_cast<std::uint32_t>(0xfffff000U + random.below(4096));
        const std::size_t mss = 1 + random.below(spec.payload > 3000 ? 8900 : 1500);
        if (spec.payload / mss >= max_burst_segments) {
            continue;
        }
        std::vector<std::size_t> cuts;
        for (std::size_t left = spec.payload; left > 1 && cuts.size() < 20;) {
            cuts.push_back(random.below(left));
            left -= cuts.back();
        }
        const Packet big = make_packet(spec);
        const BurstOf burst(big, spec, mss, cuts);
        const auto expected = reference_segments(big, spec, mss);
        const auto got = cut(burst.frame);
        ASSERT_EQ(got.size(), expected.size());
        ASSERT_EQ(got.size(), burst.frame.wire_packets());
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(got[i], expected[i]) << "round " << round << " packet " << i;
            bytes += got[i].size();
        }
        ASSERT_EQ(bytes, burst.frame.wire_bytes());
        ASSERT_EQ(got.front().size(), burst.frame.longest_packet());
        ASSERT_EQ(got.back().size(), burst.frame.last_packet());
    }
}

TEST(Segmenter, SaysWhichChecksumItMade) {
    PacketSpec spec;
    spec.payload = 5000;
    const BurstOf burst(make_packet(spec), spec, 1448);
    Segmenter segmenter(burst.frame);
    Frame packet;
    ASSERT_TRUE(segmenter.next(packet));
    const Packet bytes = bytes_of(packet);
    EXPECT_EQ(packet.checksum.start, 34);
    EXPECT_EQ(packet.checksum.field, 50);
    EXPECT_EQ(packet.checksum.end, bytes.size());
    const unsigned pseudo =
        ~reference_checksum({}, reference_pseudo(bytes, spec, bytes.size() - 34));
    EXPECT_EQ(packet.checksum.seed, pseudo & 0xffffU);
}

TEST(OwnedFrame, KeepsBytesAndBurst) {
    PacketSpec spec;
    spec.payload = 4000;
    const Packet big = make_packet(spec);
    const auto expected = reference_segments(big, spec, 1000);
    OwnedFrame owned;
    {
        const BurstOf burst(big, spec, 1000, {17, 600});
        owned.assign(burst.frame);
    }
    OwnedFrame moved = std::move(owned);
    EXPECT_EQ(cut(moved.view()), expected);

    const Packet plain = make_packet(PacketSpec{});
    moved.assign(frame_of(plain));
    EXPECT_FALSE(moved.view().is_burst());
    EXPECT_EQ(bytes_of(moved.view()), plain);
    EXPECT_EQ(moved.view().head.size(), plain.size());
}

} // namespace
} // namespace mo::fabric
