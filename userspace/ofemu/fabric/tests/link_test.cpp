// SPDX-License-Identifier: GPL-2.0-or-later
// Link: delay, impairments by seed, path quality, capture.
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "common/fd.hpp"
#include "fabric/capture.hpp"
#include "fabric/link.hpp"
#include "fabric/segmenter.hpp"
#include "fabric/tests/packets.hpp"

namespace mo::fabric {
namespace {

using namespace mo::test;

struct Arrival {
    std::uint64_t time;
    Packet bytes;
    bool bad_fcs;
};

/// Notes wire packets.
class Sink final : public Endpoint {
  public:
    void receive(const Frame& frame, std::uint64_t now_ns) override {
        ++calls;
        if (!frame.is_burst()) {
            arrivals.push_back({now_ns, bytes_of(frame), frame.bad_fcs});
            known = frame.checksum;
            return;
        }
        Segmenter segmenter(frame);
        for (Frame packet; segmenter.next(packet);) {
            arrivals.push_back({now_ns, bytes_of(packet), packet.bad_fcs});
        }
    }
    std::vector<Arrival> arrivals;
    KnownChecksum known;
    unsigned calls = 0;
};

struct LinkTest : ::testing::Test {
    LinkTest() {
        link.attach(End::a, &a);
        link.attach(End::b, &b);
    }
    Packet numbered(unsigned number) {
        PacketSpec spec;
        spec.sequence = number;
        return make_packet(spec);
    }
    Sink a;
    Sink b;
    Link link{"fibre0"};
};

unsigned number_of(const Packet& packet) {
    return get32(packet, 38);
}

TEST_F(LinkTest, DeliversAtOnceWithoutDelay) {
    const Packet packet = numbered(1);
    link.send(End::a, frame_of(packet), 100);
    ASSERT_EQ(b.arrivals.size(), 1U);
    EXPECT_EQ(b.arrivals[0].bytes, packet);
    EXPECT_EQ(b.arrivals[0].time, 100U);
    EXPECT_TRUE(a.arrivals.empty());
    EXPECT_EQ(link.next_deadline_ns(), no_deadline);
    EXPECT_EQ(link.counters(End::a).packets, 1U);
    EXPECT_EQ(link.counters(End::a).bytes, packet.size());
    EXPECT_EQ(link.counters(End::a).delivered, 1U);
    EXPECT_EQ(link.counters(End::b).packets, 0U);
}

TEST_F(LinkTest, DelayKeepsOrderAndTimes) {
    link.set_delay(End::a, 5000);
    {
        const Packet gone = numbered(1); // its memory ends before it arrives
        link.send(End::a, frame_of(gone), 100);
    }
    link.set_delay(End::a, 0); // may not overtake
    link.send(End::a, frame_of(numbered(2)), 200);
    EXPECT_TRUE(b.arrivals.empty());
    EXPECT_EQ(link.next_deadline_ns(), 5100U);
    link.advance(5099);
    EXPECT_TRUE(b.arrivals.empty());
    link.advance(9000);
    ASSERT_EQ(b.arrivals.size(), 2U);
    EXPECT_EQ(number_of(b.arrivals[0].bytes), 1U);
    EXPECT_EQ(b.arrivals[0].time, 5100U);
    EXPECT_EQ(number_of(b.arrivals[1].bytes), 2U);
    EXPECT_EQ(link.next_deadline_ns(), no_deadline);
}

TEST_F(LinkTest, BoundsWhatIsUnderWay) {
    link.set_delay(End::a, 1'000'000);
    PacketSpec spec;
    spec.payload = 200000;
    const BurstOf burst(make_packet(spec), spec, 8000);
    const std::size_t fit = Link::in_flight_limit / burst.frame.length;
    for (std::size_t i = 0; i < fit + 3; ++i) {
        link.send(End::a, burst.frame, 0);
    }
    EXPECT_EQ(link.counters(End::a).lost_overflow, 3U * burst.frame.wire_packets());
    link.flush(End::a);
    EXPECT_EQ(link.counters(End::a).lost_unattached, fit * burst.frame.wire_packets());
    link.advance(1'000'000);
    EXPECT_TRUE(b.arrivals.empty());
}

TEST_F(LinkTest, NobodyThere) {
    link.attach(End::b, nullptr);
    link.send(End::a, frame_of(numbered(1)), 0);
    EXPECT_EQ(link.counters(End::a).lost_unattached, 1U);
    EXPECT_EQ(link.counters(End::a).delivered, 0U);
}

class FixedPath final : public PathQuality {
  public:
    PathState state(End from) override {
        return {from == End::b || is_open, -std::log1p(-loss), per_byte};
    }
    bool is_open = true;
    double loss = 0;
    double per_byte = 0;
};

TEST_F(LinkTest, ClosedPathLosesOneDirection) {
    FixedPath path;
    path.is_open = false;
    link.set_path(&path);
    link.send(End::a, frame_of(numbered(1)), 0);
    link.send(End::b, frame_of(numbered(2)), 0);
    EXPECT_TRUE(b.arrivals.empty());
    EXPECT_EQ(a.arrivals.size(), 1U);
    EXPECT_EQ(link.counters(End::a).lost_closed, 1U);
    link.set_path(nullptr);
}

TEST_F(LinkTest, PathLossActsOnWirePackets) {
    FixedPath path;
    path.loss = 0.05;
    link.set_path(&path);
    PacketSpec spec;
    spec.payload = 64000;
    const BurstOf burst(make_packet(spec), spec, 1448);
    const unsigned bursts = 100;
    for (unsigned i = 0; i < bursts; ++i) {
        link.send(End::a, burst.frame, 0);
    }
    const LinkCounters& c = link.counters(End::a);
    EXPECT_EQ(c.packets, bursts * burst.frame.wire_packets());
    EXPECT_EQ(c.delivered + c.lost_fec, c.packets);
    EXPECT_NEAR(static_cast<double>(c.lost_fec), 0.05 * static_cast<double>(c.packets), 60);
    EXPECT_EQ(c.bursts + c.bursts_cut, bursts);
    EXPECT_GT(c.bursts, 0U);
    EXPECT_GT(c.bursts_cut, 0U);
    link.set_path(nullptr);
}

TEST_F(LinkTest, PathLossIsAsLikelyAsThePathSays) {
    FixedPath path;
    link.set_path(&path);
    const Packet packet = numbered(1);
    const auto lost_of = [&](unsigned packets) {
        const std::uint64_t before = link.counters(End::a).lost_fec;
        for (unsigned i = 0; i < packets; ++i) {
            link.send(End::a, frame_of(packet), i);
        }
        return link.counters(End::a).lost_fec - before;
    };
    EXPECT_EQ(lost_of(10'000), 0U);
    for (const double loss : {0.001, 0.02, 0.3, 0.9}) {
        path.loss = loss;
        constexpr unsigned packets = 100'000;
        const double sigma = std::sqrt(packets * loss * (1 - loss));
        EXPECT_NEAR(static_cast<double>(lost_of(packets)), packets * loss, 5 * sigma) << loss;
    }
    path.loss = 1;
    EXPECT_EQ(lost_of(1000), 1000U);
    // Longer packets are hit more often.
    path.loss = 0;
    path.per_byte = 0.01 / static_cast<double>(packet.size());
    EXPECT_NEAR(static_cast<double>(lost_of(100'000)), 995, 160);
    link.set_path(nullptr);
}

/// What comes out of 3000 packets, singly or in bursts.
std::vector<Arrival> impaired(std::uint64_t seed, bool in_bursts, LinkCounters* counters) {
    Sink sink;
    Link link("x");
    link.attach(End::b, &sink);
    ImpairmentConfig config{.drop = 0.02,
                            .corrupt = 0.01,
                            .alter = 0.01,
                            .reorder = 0.02,
                            .duplicate = 0.02,
                            .seed = seed};
    EXPECT_TRUE(config.valid());
    link.set_impairment(End::a, config);
    for (unsigned i = 0; i < 100; ++i) {
        PacketSpec spec;
        spec.sequence = i * 30000;
        spec.payload = 30000;
        const Packet big = make_packet(spec);
        if (in_bursts) {
            link.send(End::a, BurstOf(big, spec, 1000).frame, i);
        } else {
            for (const Packet& packet : reference_segments(big, spec, 1000)) {
                link.send(End::a, frame_of(packet), i);
            }
        }
    }
    link.advance(100 + Link::reorder_hold_ns);
    *counters = link.counters(End::a);
    link.attach(End::b, nullptr);
    return std::move(sink.arrivals);
}

bool same(const std::vector<Arrival>& x, const std::vector<Arrival>& y) {
    return x.size() == y.size() &&
           std::equal(x.begin(), x.end(), y.begin(), [](const Arrival& p, const Arrival& q) {
               return p.bytes == q.bytes && p.bad_fcs == q.bad_fcs;
           });
}

TEST(Impairment, IsTheSameForASeedWhetherBurstOrNot) {
    LinkCounters bursts;
    LinkCounters single;
    LinkCounters again;
    LinkCounters other;
    const auto in_bursts = impaired(7, true, &bursts);
    EXPECT_TRUE(same(in_bursts, impaired(7, false, &single)));
    EXPECT_TRUE(same(in_bursts, impaired(7, true, &again)));
    EXPECT_FALSE(same(in_bursts, impaired(8, true, &other)));

    EXPECT_EQ(bursts.packets, 3000U);
    EXPECT_EQ(bursts.dropped, single.dropped);
    EXPECT_EQ(bursts.corrupted, single.corrupted);
    for (const auto count : {bursts.dropped, bursts.reordered, bursts.duplicated}) {
        EXPECT_GT(count, 30U);
        EXPECT_LT(count, 100U);
    }
    EXPECT_GT(bursts.corrupted, 10U);
    EXPECT_GT(bursts.altered, 10U);
    EXPECT_EQ(bursts.delivered, bursts.packets - bursts.dropped + bursts.duplicated);
    const auto bad = std::count_if(in_bursts.begin(), in_bursts.end(),
                                   [](const Arrival& arrival) { return arrival.bad_fcs; });
    EXPECT_GE(static_cast<std::uint64_t>(bad), bursts.corrupted);
}

TEST_F(LinkTest, ReorderedPacketIsOvertakenByOne) {
    link.set_impairment(End::a, {.reorder = 1});
    link.send(End::a, frame_of(numbered(1)), 0);
    EXPECT_EQ(link.next_deadline_ns(), Link::reorder_hold_ns);
    link.send(End::a, frame_of(numbered(2)), 1);
    ASSERT_EQ(b.arrivals.size(), 2U);
    EXPECT_EQ(number_of(b.arrivals[0].bytes), 2U);
    EXPECT_EQ(number_of(b.arrivals[1].bytes), 1U);
    link.send(End::a, frame_of(numbered(3)), 2);
    link.advance(2 + Link::reorder_hold_ns);
    ASSERT_EQ(b.arrivals.size(), 3U);
    EXPECT_EQ(number_of(b.arrivals[2].bytes), 3U);
}

TEST_F(LinkTest, DamageChangesOneBitAndSaysSo) {
    const Packet packet = numbered(1);
    Frame frame = frame_of(packet);
    frame.checksum = {.start = 34, .field = 50, .seed = 1, .end = 100};
    link.set_impairment(End::a, {.corrupt = 1});
    link.send(End::a, frame, 0);
    link.set_impairment(End::a, {.alter = 1});
    link.send(End::a, frame, 0);
    ASSERT_EQ(b.arrivals.size(), 2U);
    EXPECT_TRUE(b.arrivals[0].bad_fcs);
    EXPECT_FALSE(b.arrivals[1].bad_fcs);
    EXPECT_EQ(b.known.start, 0) << "a changed frame's checksum is not known";
    for (const Arrival& arrival : b.arrivals) {
        unsigned bits = 0;
        for (std::size_t i = 0; i < packet.size(); ++i) {
            bits +=
                static_cast<unsigned>(__builtin_popcount(get8(packet, i) ^ get8(arrival.bytes, i)));
        }
        EXPECT_EQ(bits, 1U);
    }
    EXPECT_TRUE(std::equal(packet.begin(), packet.begin() + 14, b.arrivals[1].bytes.begin()));
}

TEST(Impairment, RefusesImpossibleProbabilities) {
    EXPECT_FALSE(ImpairmentConfig{.drop = -0.1}.valid());
    EXPECT_FALSE(ImpairmentConfig{.reorder = 1.1}.valid());
    EXPECT_FALSE(ImpairmentConfig{.alter = std::numeric_limits<double>::quiet_NaN()}.valid());
    EXPECT_TRUE((ImpairmentConfig{.drop = 1, .duplicate = 1}.valid()));
}

struct PcapPacket {
    std::uint64_t time;
    std::uint32_t length;
    Packet bytes;
};

/// Reads a pcap file as the format's description says.
std::vector<PcapPacket> read_pcap(const std::string& path, std::uint32_t* snap_length) {
    std::ifstream file(path, std::ios::binary);
    std::uint32_t header[6];
    file.read(reinterpret_cast<char*>(header), sizeof header);
    EXPECT_EQ(header[0], 0xa1b23c4dU);
    EXPECT_EQ(header[1], 2U | (4U << 16U));
    EXPECT_EQ(header[5], 1U);
    *snap_length = header[4];
    std::vector<PcapPacket> packets;
    std::uint32_t record[4];
    while (file.read(reinterpret_cast<char*>(record), sizeof record)) {
        PcapPacket packet{record[0] * 1'000'000'000ULL + record[1], record[3], Packet(record[2])};
        EXPECT_LT(record[1], 1'000'000'000U);
        file.read(reinterpret_cast<char*>(packet.bytes.data()), record[2]);
        EXPECT_TRUE(file);
        packets.push_back(std::move(packet));
    }
    return packets;
}

TEST_F(LinkTest, CapturesWirePacketsOfBothDirections) {
    const std::string path = ::testing::TempDir() + "capture-" + std::to_string(::getpid());
    auto capture = Capture::open(path, 1'700'000'000'000'000'000, 200);
    ASSERT_TRUE(capture);
    link.set_capture(std::make_unique<Capture>(std::move(*capture)));
    PacketSpec spec;
    spec.payload = 5000;
    const Packet big = make_packet(spec);
    const Packet small = numbered(9);
    link.send(End::a, BurstOf(big, spec, 2000, {100, 3000}).frame, 5);
    EXPECT_EQ(b.calls, 1U) << "capture does not cut what it sees";
    link.send(End::b, frame_of(small), 1'000'000'007);
    EXPECT_EQ(link.next_deadline_ns(), 5 + Capture::flush_period_ns);
    link.advance(2'000'000'000);
    EXPECT_EQ(link.capture()->packets(), 4U);
    EXPECT_EQ(link.capture()->lost(), 0U);

    std::uint32_t snap = 0;
    const auto packets = read_pcap(path, &snap);
    EXPECT_EQ(snap, 200U);
    const auto expected = reference_segments(big, spec, 2000);
    ASSERT_EQ(packets.size(), 4U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(packets[i].time, 1'700'000'000'000'000'005U);
        EXPECT_EQ(packets[i].length, expected[i].size());
        EXPECT_EQ(packets[i].bytes, Packet(expected[i].begin(), expected[i].begin() + 200));
    }
    EXPECT_EQ(packets[3].time, 1'700'000'001'000'000'007U);
    EXPECT_EQ(packets[3].bytes, small);
    link.set_capture(nullptr);
    std::remove(path.c_str());
}

TEST_F(LinkTest, CaptureSurvivesAFullDisk) {
    auto capture = Capture::open("/dev/full", 0);
    EXPECT_FALSE(capture);
    EXPECT_EQ(capture.error().code, ENOSPC);
    EXPECT_FALSE(Capture::open("/nonexistent/x", 0));
}

/// A named pipe, and its reader.
class PipeCaptureTest : public LinkTest {
  protected:
    PipeCaptureTest() : path_(::testing::TempDir() + "pipe-" + std::to_string(::getpid())) {
        (void)std::signal(SIGPIPE, SIG_IGN);
        EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    }
    void TearDown() override { std::remove(path_.c_str()); }

    void open() {
        reader_.reset(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        auto capture = Capture::open(path_, 0);
        ASSERT_TRUE(capture);
        link.set_capture(std::make_unique<Capture>(std::move(*capture)));
    }
    /// What the pipe holds.
    std::size_t read() {
        std::vector<char> bytes(1U << 20);
        std::size_t sum = 0;
        for (ssize_t got = 0; (got = ::read(reader_.get(), bytes.data(), bytes.size())) > 0;) {
            sum += static_cast<std::size_t>(got);
        }
        return sum;
    }

    static constexpr std::size_t file_header = 24, packet_header = 16;
    std::string path_;
    Fd reader_;
};

TEST_F(PipeCaptureTest, NobodyReads) {
    const auto capture = Capture::open(path_, 0);
    ASSERT_FALSE(capture);
    EXPECT_EQ(capture.error().code, ENXIO);
}

TEST_F(PipeCaptureTest, WaitsForNobody) {
    open();
    const Packet packet = numbered(1);
    const std::size_t record = packet_header + packet.size();
    const std::size_t more_than_fits = 2 * Capture::backlog_limit / record;
    std::uint64_t now = 1;
    for (std::size_t i = 0; i < more_than_fits; ++i) {
        link.send(End::a, frame_of(packet), now);
        link.advance(++now);
    }
    EXPECT_EQ(a.calls + b.calls, more_than_fits);
    EXPECT_GT(link.capture()->lost(), 0U);
    // Reading goes on: what comes is whole packets.
    std::size_t bytes = 0;
    for (int i = 0; i < 1000 && link.next_deadline_ns() != no_deadline; ++i) {
        bytes += read();
        now = link.next_deadline_ns();
        link.advance(now);
    }
    bytes += read();
    EXPECT_EQ(link.capture()->packets() + link.capture()->lost(), more_than_fits);
    EXPECT_EQ(bytes, file_header + link.capture()->packets() * record);
}

TEST_F(PipeCaptureTest, TheReaderLeaves) {
    open();
    reader_.reset();
    link.send(End::a, frame_of(numbered(1)), 1);
    link.advance(Capture::flush_period_ns + 1);
    link.send(End::a, frame_of(numbered(2)), Capture::flush_period_ns + 2);
    EXPECT_EQ(link.capture()->lost(), 2U);
    EXPECT_EQ(link.capture()->packets(), 0U);
}

TEST_F(PipeCaptureTest, WhatWaitsAtTheEndIsLost) {
    open();
    const Packet packet = numbered(1);
    const std::size_t sent = (2U << 20) / (packet_header + packet.size());
    for (std::size_t i = 0; i < sent; ++i) {
        link.send(End::a, frame_of(packet), 1);
    }
    link.capture()->close(1);
    EXPECT_EQ(link.capture()->packets() + link.capture()->lost(), sent);
    EXPECT_GT(link.capture()->lost(), 0U);
}

} // namespace
} // namespace mo::fabric
