// SPDX-License-Identifier: GPL-2.0-or-later
// ICRC against golden packets and a bitwise reference; pending ICRCs and congestion marks on their
// way through the fabric.
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fabric/capture.hpp"
#include "fabric/ecn.hpp"
#include "fabric/icrc.hpp"
#include "fabric/link.hpp"
#include "fabric/random.hpp"
#include "fabric/stream.hpp"
#include "fabric/tests/roce_packets.hpp"

namespace mo::fabric {
namespace {

using namespace mo::test;

constexpr std::size_t ipv4_l3 = 14;

/// A packet to UDP port 4791 whose last four bytes have room for the ICRC.
Packet roce_packet(bool ipv6, std::optional<unsigned> vlan, std::size_t payload, unsigned tos) {
    PacketSpec spec;
    spec.ipv6 = ipv6;
    spec.udp = true;
    spec.vlan = vlan;
    spec.destination_port = 4791;
    spec.payload = 12 + payload + 4;
    spec.tos = tos;
    Packet packet = make_packet(spec);
    set16(packet, offsets_of(spec).l4 + 6, 0);
    set32(packet, packet.size() - 4, 0xdeadbeef); // no value
    return packet;
}

Packet with_icrc(Packet packet, std::size_t l3, std::size_t end) {
    const Packet icrc = reference_icrc_bytes(packet, l3, end);
    std::ranges::copy(icrc, packet.begin() + static_cast<std::ptrdiff_t>(end));
    return packet;
}

/// A frame whose ICRC is pending: the head 256 bytes long, then pieces of uneven length.
class PendingFrame {
  public:
    PendingFrame(Packet packet, std::size_t l3) : bytes_(std::move(packet)) {
        complete = with_icrc(bytes_, l3, bytes_.size() - 4);
        const Bytes all(bytes_);
        const std::size_t head = std::min<std::size_t>(all.size(), 256);
        for (std::size_t at = head, part = 1; at < all.size(); at += part, part = part * 2 + 1) {
            part = std::min(part, all.size() - at);
            pieces_.push_back(all.subspan(at, part));
        }
        frame.head = all.first(head);
        frame.body = pieces_;
        frame.length = static_cast<std::uint32_t>(all.size());
        frame.icrc = {frame.length - 4, static_cast<std::uint16_t>(l3)};
    }
    PendingFrame(const PendingFrame&) = delete;
    PendingFrame& operator=(const PendingFrame&) = delete;
    ~PendingFrame() = default;

    Frame frame;
    Packet complete; ///< what the bytes have to be

  private:
    Packet bytes_;
    std::vector<Bytes> pieces_;
};

TEST(Icrc, GoldenPackets) {
    for (const GoldenPacket& golden : {golden_cnp, golden_uc_send}) {
        for (const bool vlan : {false, true}) {
            const Packet packet = golden_frame(golden, vlan);
            const std::size_t l3 = vlan ? 18 : 14;
            const std::size_t end = l3 + from_hex(golden.packet).size();
            EXPECT_EQ(reference_icrc_bytes(packet, l3, end), from_hex(golden.icrc));
            EXPECT_EQ(icrc_of(frame_of(packet), l3, end), reference_icrc(packet, l3, end));
            EXPECT_TRUE(icrc_matches(frame_of(packet), l3, end));
        }
    }
}

TEST(Icrc, EveryBitButTheVariantOnesCounts) {
    for (const bool ipv6 : {false, true}) {
        const std::size_t udp = ipv4_l3 + (ipv6 ? 40 : 20);
        const Packet packet = with_icrc(roce_packet(ipv6, {}, 24, 0), ipv4_l3, udp + 8 + 12 + 24);
        const std::size_t end = packet.size() - 4;
        ASSERT_TRUE(icrc_matches(frame_of(packet), ipv4_l3, end));
        unsigned variant = 0;
        for (std::size_t at = ipv4_l3; at < packet.size(); ++at) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                Packet changed = packet;
                changed[at] ^= static_cast<std::byte>(1U << bit);
                if (get8(changed, ipv4_l3) >> 4U != (ipv6 ? 6U : 4U)) {
                    continue; // another protocol, other masks
                }
                const bool matches = icrc_matches(frame_of(changed), ipv4_l3, end);
                const Packet expected = reference_icrc_bytes(changed, ipv4_l3, end);
                EXPECT_EQ(matches, std::equal(expected.begin(), expected.end(),
                                              changed.begin() + static_cast<std::ptrdiff_t>(end)));
                variant += matches ? 1U : 0U;
            }
        }
        // IPv4: TOS, TTL, checksum; IPv6: class, flow label, hop limit; UDP checksum; BTH byte 4.
        EXPECT_EQ(variant, ipv6 ? 4U + 24 + 8 + 16 + 8 : 8U + 8 + 16 + 16 + 8);
    }
}

TEST(Icrc, PiecesOfAnyLength) {
    Random random(3);
    for (unsigned i = 0; i < 300; ++i) {
        const bool ipv6 = random.chance(0.5);
        const std::optional<unsigned> vlan = random.chance(0.5) ? std::optional(5U) : std::nullopt;
        const std::size_t l3 = vlan ? 18 : 14;
        PendingFrame pending(roce_packet(ipv6, vlan, random.below(4200), 2), l3);
        EXPECT_EQ(icrc_of(pending.frame, l3, pending.frame.length - 4),
                  reference_icrc(pending.complete, l3, pending.complete.size() - 4));
        EXPECT_FALSE(icrc_matches(pending.frame, l3, pending.frame.length - 4));
        EXPECT_EQ(complete_bytes(pending.frame), pending.complete);
        OwnedFrame copy;
        copy.assign(pending.frame);
        EXPECT_FALSE(copy.view().icrc);
        EXPECT_TRUE(icrc_matches(copy.view(), l3, pending.frame.length - 4));
    }
}

class Sink final : public Endpoint {
  public:
    void receive(const Frame& frame, std::uint64_t /*now_ns*/) override {
        pending.push_back(static_cast<bool>(frame.icrc));
        bad_fcs.push_back(frame.bad_fcs);
        arrivals.push_back(complete_bytes(frame));
    }
    std::vector<bool> pending;
    std::vector<bool> bad_fcs;
    std::vector<Packet> arrivals;
};

struct PendingTest : ::testing::Test {
    PendingTest() { link.attach(End::b, &sink); }
    /// What arrived is complete, as often as expected.
    void expect_complete(std::size_t count) {
        ASSERT_EQ(sink.arrivals.size(), count);
        for (const Packet& packet : sink.arrivals) {
            EXPECT_EQ(packet, sent.complete);
        }
    }
    Sink sink;
    Link link{"fibre0"};
    PendingFrame sent{roce_packet(false, {}, 1024, 2), ipv4_l3};
};

TEST_F(PendingTest, DirectDeliveryDoesNotComputeIt) {
    ImpairmentConfig rare; // an impairment that does not hit leaves it alone
    rare.drop = 1e-12;
    link.set_impairment(End::a, rare);
    link.send(End::a, sent.frame, 0);
    expect_complete(1);
    EXPECT_TRUE(sink.pending[0]);
}

TEST_F(PendingTest, DelayedCopyIsComplete) {
    link.set_delay(End::a, 5000);
    link.send(End::a, sent.frame, 0);
    link.advance(5000);
    expect_complete(1);
    EXPECT_FALSE(sink.pending[0]);
}

TEST_F(PendingTest, ReorderedAndDuplicatedOnesAreComplete) {
    ImpairmentConfig config;
    config.reorder = 1;
    link.set_impairment(End::a, config);
    link.send(End::a, sent.frame, 0); // held
    EXPECT_TRUE(sink.arrivals.empty());
    config.reorder = 0;
    config.duplicate = 1;
    link.set_impairment(End::a, config);
    link.send(End::a, sent.frame, 10);
    expect_complete(3);
    EXPECT_EQ(link.counters(End::a).reordered, 1U);
    EXPECT_EQ(link.counters(End::a).duplicated, 1U);
    EXPECT_FALSE(sink.pending[2]) << "the held one is a copy";
}

TEST_F(PendingTest, DuplicateWithDelay) {
    link.set_delay(End::a, 2000);
    ImpairmentConfig config;
    config.duplicate = 1;
    link.set_impairment(End::a, config);
    link.send(End::a, sent.frame, 0);
    link.advance(2000);
    expect_complete(2);
}

TEST_F(PendingTest, DamageIsDoneToCompleteBytes) {
    for (const bool corrupt : {true, false}) {
        sink.arrivals.clear();
        ImpairmentConfig config;
        (corrupt ? config.corrupt : config.alter) = 1;
        link.set_impairment(End::a, config);
        for (unsigned i = 0; i < 40; ++i) {
            PendingFrame fresh(roce_packet(i % 2 == 1, {}, 60, 2), ipv4_l3);
            link.send(End::a, fresh.frame, 0);
            ASSERT_EQ(sink.arrivals.size(), i + 1);
            EXPECT_FALSE(sink.pending.back());
            EXPECT_EQ(sink.bad_fcs.back(), corrupt);
            unsigned changed = 0;
            for (std::size_t at = 0; at < fresh.complete.size(); ++at) {
                changed += static_cast<unsigned>(
                    std::popcount(get8(fresh.complete, at) ^ get8(sink.arrivals.back(), at)));
            }
            EXPECT_EQ(changed, 1U) << "one bit flipped, and nothing but that";
        }
    }
}

TEST_F(PendingTest, CaptureHoldsCompletePackets) {
    const std::string path = ::testing::TempDir() + "mo-icrc-" + std::to_string(::getpid());
    for (const std::uint32_t snap : {65535U, 100U}) {
        {
            auto capture = Capture::open(path, 0, snap);
            ASSERT_TRUE(capture);
            link.set_capture(std::make_unique<Capture>(std::move(*capture)));
            link.send(End::a, sent.frame, 0);
            link.set_capture(nullptr);
        }
        std::ifstream file(path, std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(file)), {});
        std::remove(path.c_str());
        constexpr std::size_t headers = 24 + 16; // of file and packet
        const std::size_t captured = std::min<std::size_t>(snap, sent.complete.size());
        ASSERT_EQ(bytes.size(), headers + captured);
        EXPECT_EQ(std::memcmp(bytes.data() + headers, sent.complete.data(), captured), 0);
    }
    EXPECT_TRUE(sink.pending[0]) << "the capture is of no concern to the receiver";
}

TEST_F(PendingTest, ForeignPeerGetsCompletePackets) {
    const std::string path = ::testing::TempDir() + "mo-icrc-s" + std::to_string(::getpid());
    auto stream = StreamEndpoint::listen(path, link, End::b);
    ASSERT_TRUE(stream);
    link.attach(End::b, stream->get());
    const Fd peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    (*stream)->service(0);
    link.send(End::a, sent.frame, 0);
    (*stream)->service(0);
    Packet got(4 + sent.complete.size());
    ASSERT_EQ(::recv(peer.get(), got.data(), got.size(), MSG_WAITALL),
              static_cast<ssize_t>(got.size()));
    got.erase(got.begin(), got.begin() + 4);
    EXPECT_EQ(got, sent.complete);
    link.attach(End::b, nullptr);
}

TEST(Ecn, MarksEctAndKeepsEverythingElse) {
    for (const bool ipv6 : {false, true}) {
        for (const std::optional<unsigned> vlan : {std::optional<unsigned>(), {7U}}) {
            for (unsigned ecn = 0; ecn < 4; ++ecn) {
                Packet packet = roce_packet(ipv6, vlan, 40, 0xb8U | ecn);
                ASSERT_EQ(can_mark_congestion(packet), ecn == 1 || ecn == 2);
                if (!can_mark_congestion(packet)) {
                    continue;
                }
                mark_congestion(packet);
                // The same as if the sender had sent it so; IPv4's checksum included.
                EXPECT_EQ(packet, roce_packet(ipv6, vlan, 40, 0xbbU));
                EXPECT_FALSE(can_mark_congestion(packet));
            }
        }
    }
}

TEST(Ecn, KeepsAWrongChecksumWrongAndBoundsTheHead) {
    Packet packet = roce_packet(false, {}, 40, 2);
    packet[24] ^= std::byte{0x40};
    mark_congestion(packet);
    EXPECT_NE(reference_checksum(std::span(packet).subspan(14, 20)), 0U);
    const Bytes all(packet);
    for (std::size_t size = 0; size < all.size(); ++size) {
        const Packet exact(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(can_mark_congestion(exact)); // marked already, or too short
    }
    Packet tags = roce_packet(false, 1U, 40, 2);
    for (unsigned i = 0; i < 2; ++i) { // a third tag is too much
        EXPECT_TRUE(can_mark_congestion(tags));
        const Packet tag = from_hex("88a80002");
        tags.insert(tags.begin() + 12, tag.begin(), tag.end());
    }
    EXPECT_FALSE(can_mark_congestion(tags));
    tags = roce_packet(false, {}, 40, 2);
    set16(tags, 12, 0x0806);
    EXPECT_FALSE(can_mark_congestion(tags));
}

struct EcnLink : ::testing::Test {
    EcnLink() { link.attach(End::b, &sink); }
    void mark(double probability, std::uint64_t seed = 1, double drop = 0) {
        ImpairmentConfig config;
        config.ecn = probability;
        config.drop = drop;
        config.seed = seed;
        ASSERT_TRUE(config.valid());
        link.set_impairment(End::a, config);
    }
    std::vector<unsigned> marks() const {
        std::vector<unsigned> out;
        out.reserve(sink.arrivals.size());
        for (const Packet& packet : sink.arrivals) {
            out.push_back(get8(packet, 15) & 3U);
        }
        return out;
    }
    Sink sink;
    Link link{"fibre0"};
};

TEST_F(EcnLink, MarkedPacketHasARightIcrcAndChecksum) {
    mark(1);
    PendingFrame sent(roce_packet(false, {}, 2000, 2), ipv4_l3);
    link.send(End::a, sent.frame, 0);
    ASSERT_EQ(sink.arrivals.size(), 1U);
    EXPECT_EQ(link.counters(End::a).marked, 1U);
    const Packet& packet = sink.arrivals[0];
    EXPECT_EQ(get8(packet, 15), 3U);
    EXPECT_EQ(reference_checksum(std::span(packet).subspan(14, 20)), 0U);
    EXPECT_TRUE(icrc_matches(frame_of(packet), ipv4_l3, packet.size() - 4));
}

TEST_F(EcnLink, LeavesWhatKnowsNoEcnUntouched) {
    mark(1);
    PendingFrame sent(roce_packet(false, {}, 2000, 0), ipv4_l3);
    link.send(End::a, sent.frame, 0);
    EXPECT_EQ(link.counters(End::a).marked, 0U);
    ASSERT_EQ(sink.arrivals.size(), 1U);
    EXPECT_TRUE(sink.pending[0]);
    EXPECT_EQ(sink.arrivals[0], sent.complete);
}

TEST_F(EcnLink, RepeatsBySeedAndChangesNoOtherVerdict) {
    const Packet packet = roce_packet(false, {}, 100, 2);
    const auto run = [&](double ecn, std::uint64_t seed) {
        sink.arrivals.clear();
        mark(ecn, seed, 0.3);
        const std::uint64_t before = link.counters(End::a).dropped;
        for (unsigned i = 0; i < 2000; ++i) {
            link.send(End::a, frame_of(packet), 0);
        }
        return std::pair(marks(), link.counters(End::a).dropped - before);
    };
    const auto first = run(0.25, 9);
    EXPECT_EQ(run(0.25, 9), first);
    EXPECT_NE(run(0.25, 10), first);
    EXPECT_EQ(run(0, 9).second, first.second) << "marks change what is dropped";
    const auto marked = std::ranges::count(first.first, 3U);
    const double share = static_cast<double>(marked) / static_cast<double>(first.first.size());
    EXPECT_NEAR(share, 0.25, 0.05);
}

TEST_F(EcnLink, MarksSinglePacketsOfABurst) {
    mark(0.3);
    PacketSpec spec;
    spec.payload = 60000;
    spec.tos = 2;
    const BurstOf burst(make_packet(spec), spec, 1448);
    link.send(End::a, burst.frame, 0);
    const std::vector<unsigned> seen = marks();
    ASSERT_EQ(seen.size(), burst.frame.wire_packets());
    EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(seen, 3U)),
              link.counters(End::a).marked);
    EXPECT_GT(std::ranges::count(seen, 3U), 3);
    EXPECT_GT(std::ranges::count(seen, 2U), 10);
    for (const Packet& packet : sink.arrivals) {
        EXPECT_EQ(reference_checksum(std::span(packet).subspan(14, 20)), 0U);
    }
}

TEST(EcnConfig, RangeIsChecked) {
    ImpairmentConfig config;
    config.ecn = 1.5;
    EXPECT_FALSE(config.valid());
    config.ecn = 0.5;
    EXPECT_TRUE(config.valid() && config.active());
}

} // namespace
} // namespace mo::fabric
