// SPDX-License-Identifier: GPL-2.0-or-later
// StreamEndpoint against a peer that speaks QEMU's framing over a real socket.
#include <array>
#include <cerrno>
#include <gtest/gtest.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fabric/stream.hpp"
#include "fabric/tests/packets.hpp"

namespace mo::fabric {
namespace {

using namespace mo::test;

class Sink final : public Endpoint {
  public:
    void receive(const Frame& frame, std::uint64_t /*now_ns*/) override {
        packets.push_back(bytes_of(frame));
    }
    std::vector<Packet> packets;
};

class Peer {
  public:
    explicit Peer(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        connected =
            ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    void write(std::span<const std::byte> bytes) {
        ASSERT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    /// Everything that can be read now, appended to `stream`; false at the end of the file.
    bool read() {
        std::array<std::byte, 65536> buffer;
        for (;;) {
            const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
            if (count > 0) {
                stream.insert(stream.end(), buffer.begin(), buffer.begin() + count);
            } else {
                return count != 0 && errno == EAGAIN;
            }
        }
    }
    /// Frames of `stream`.
    std::vector<Packet> frames() {
        std::vector<Packet> out;
        std::size_t at = 0;
        while (stream.size() - at >= 4) {
            const std::size_t length = get32(stream, at);
            if (stream.size() - at - 4 < length) {
                break;
            }
            const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at + 4);
            out.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(length));
            at += 4 + length;
        }
        return out;
    }
    Packet stream;
    bool connected = false;

  private:
    Fd fd_;
};

Packet framed(const Packet& packet) {
    Packet out;
    put32(out, static_cast<std::uint32_t>(packet.size()));
    out.insert(out.end(), packet.begin(), packet.end());
    return out;
}

struct StreamTest : ::testing::Test {
    StreamTest() {
        auto made = StreamEndpoint::listen(path, link, End::b);
        EXPECT_TRUE(made);
        stream = std::move(*made);
        link.attach(End::a, &sink);
        link.attach(End::b, stream.get());
    }
    ~StreamTest() override {
        link.attach(End::a, nullptr);
        link.attach(End::b, nullptr);
    }
    bool readable() const {
        pollfd p{stream->poll_fd(), POLLIN, 0};
        return ::poll(&p, 1, 0) == 1;
    }
    std::string path = ::testing::TempDir() + "stream-" + std::to_string(::getpid());
    Link link{"x"};
    Sink sink;
    std::unique_ptr<StreamEndpoint> stream;
};

TEST_F(StreamTest, FramesInAnyPortions) {
    Peer peer(path);
    ASSERT_TRUE(peer.connected);
    EXPECT_TRUE(readable());
    std::vector<Packet> sent;
    Packet wire;
    for (unsigned i = 0; i < 40; ++i) {
        PacketSpec spec;
        spec.payload = i * 37;
        sent.push_back(make_packet(spec));
        const Packet one = framed(sent.back());
        wire.insert(wire.end(), one.begin(), one.end());
        while (sent.back().size() < 60) {
            sent.back().push_back(std::byte{});
        }
    }
    std::size_t at = 0;
    for (std::size_t portion = 1; at < wire.size(); portion = portion * 7 % 911 + 1) {
        const std::size_t size = std::min(portion, wire.size() - at);
        peer.write(std::span(wire).subspan(at, size));
        at += size;
        stream->service(0);
    }
    EXPECT_EQ(sink.packets, sent);
    EXPECT_EQ(stream->counters().rx_frames, 40U);
    EXPECT_FALSE(readable());
}

TEST_F(StreamTest, BudgetLeavesTheRestForLater) {
    Peer peer(path);
    for (unsigned i = 0; i < 10; ++i) {
        peer.write(framed(make_packet({})));
    }
    EXPECT_TRUE(stream->service(0, 4));
    EXPECT_EQ(sink.packets.size(), 4U);
    EXPECT_TRUE(stream->service(0, 4));
    EXPECT_FALSE(stream->service(0, 4));
    EXPECT_EQ(sink.packets.size(), 10U);
}

TEST_F(StreamTest, BurstsReachThePeerAsPacketsWithRightChecksums) {
    Peer peer(path);
    stream->service(0);
    PacketSpec spec;
    spec.payload = 20000;
    const Packet big = make_packet(spec);
    link.send(End::a, BurstOf(big, spec, 1448, {5, 9999}).frame, 0);
    stream->flush();
    EXPECT_TRUE(peer.read());
    EXPECT_EQ(peer.frames(), reference_segments(big, spec, 1448));
}

TEST_F(StreamTest, ImpossibleLengthEndsTheConnection) {
    for (const std::uint32_t length : {0U, StreamEndpoint::max_message + 1, 0xffffffffU}) {
        Peer peer(path);
        Packet bytes;
        put32(bytes, length);
        peer.write(bytes);
        stream->service(0);
        EXPECT_FALSE(stream->connected());
        EXPECT_FALSE(peer.read());
    }
    EXPECT_EQ(stream->counters().protocol_errors, 3U);
    Peer peer(path);
    peer.write(framed(make_packet({})));
    stream->service(0);
    EXPECT_EQ(sink.packets.size(), 1U);
}

TEST_F(StreamTest, OddFramesAreCountedAndSkipped) {
    Peer peer(path);
    peer.write(framed(Packet(13)));
    peer.write(framed(Packet(max_frame + 1)));
    peer.write(framed(Packet(StreamEndpoint::max_message)));
    peer.write(framed(make_packet({})));
    stream->service(0);
    EXPECT_EQ(stream->counters().rx_bad_length, 3U);
    EXPECT_EQ(sink.packets.size(), 1U);
}

TEST_F(StreamTest, PeersComeAndGo) {
    const Packet packet = make_packet({});
    link.send(End::a, frame_of(packet), 0);
    EXPECT_EQ(stream->counters().tx_no_peer, 1U);
    {
        Peer first(path);
        const Packet whole = framed(packet);
        first.write(std::span(whole).first(20)); // half a frame
        stream->service(0);
        EXPECT_TRUE(stream->connected());
        Peer second(path);
        stream->service(0);
        EXPECT_EQ(stream->counters().refused, 1U);
        EXPECT_FALSE(second.read());
    }
    // The first one is gone and the next is there before we looked.
    Peer third(path);
    third.write(framed(packet));
    stream->service(0);
    EXPECT_TRUE(stream->connected());
    EXPECT_EQ(stream->counters().connects, 2U);
    EXPECT_EQ(sink.packets.size(), 1U) << "half a frame of the first must not shift the next";
}

TEST_F(StreamTest, SlowPeerLosesWholeFramesOnly) {
    Peer peer(path);
    stream->service(0);
    Packet packet(max_frame);
    unsigned sent = 0;
    while (stream->counters().tx_overflow == 0) {
        set32(packet, 20, sent++);
        link.send(End::a, frame_of(packet), 0);
        stream->flush();
        ASSERT_LT(sent, 10000U);
    }
    EXPECT_FALSE(readable());
    for (int i = 0; i < 1000 && peer.frames().size() < sent - 1; ++i) {
        peer.read();
        stream->service(0);
    }
    const auto frames = peer.frames();
    ASSERT_EQ(frames.size(), sent - 1);
    for (unsigned i = 0; i < frames.size(); ++i) {
        ASSERT_EQ(frames[i].size(), max_frame);
        ASSERT_EQ(get32(frames[i], 20), i);
    }
}

TEST_F(StreamTest, DamagedFramesStayHere) {
    Peer peer(path);
    stream->service(0);
    link.set_impairment(End::a, {.corrupt = 1});
    link.send(End::a, frame_of(make_packet({})), 0);
    stream->flush();
    EXPECT_TRUE(peer.read());
    EXPECT_TRUE(peer.stream.empty());
    EXPECT_EQ(stream->counters().tx_bad_fcs, 1U);
}

TEST_F(StreamTest, DeadSocketIsReplacedAndALiveOneIsNot) {
    Link other("y");
    EXPECT_FALSE(StreamEndpoint::listen(path, other, End::a)) << "somebody listens";
    EXPECT_FALSE(StreamEndpoint::listen(std::string(200, 'x'), other, End::a));

    const std::string dead = path + "-dead";
    {
        Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        dead.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    {
        auto made = StreamEndpoint::listen(dead, other, End::a);
        ASSERT_TRUE(made) << made.error().message();
    }
    struct stat info{};
    EXPECT_NE(::stat(dead.c_str(), &info), 0) << "the socket is removed at the end";
}

} // namespace
} // namespace mo::fabric
