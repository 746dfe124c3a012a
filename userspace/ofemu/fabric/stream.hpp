// SPDX-License-Identifier: GPL-2.0-or-later
// StreamEndpoint: a foreign machine on a link, through QEMU's "-netdev stream" on a UNIX socket:
// each frame is preceded by its length, 4 bytes, big endian. We listen; QEMU connects
// (reconnect-ms=…) and may go and come as it likes. One peer at a time.
//
// Foreign peers know no offloads: bursts are cut, all checksums are right. Engine thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/fd.hpp"
#include "common/result.hpp"
#include "common/unix_socket.hpp"
#include "fabric/frame.hpp"
#include "fabric/link.hpp"

namespace mo::fabric {

/// Counters of a stream endpoint: X(name, text).
#define MO_STREAM_COUNTERS(X)                                                                      \
    X(connects, "peers that connected")                                                            \
    X(refused, "connections refused because a peer was there already")                             \
    X(protocol_errors, "connections ended because of an impossible length")                        \
    X(rx_frames, "frames from the peer")                                                           \
    X(rx_bad_length, "frames from the peer that were too short or too long")                       \
    X(tx_frames, "frames to the peer")                                                             \
    X(tx_bad_fcs, "frames not passed on because they were damaged")                                \
    X(tx_no_peer, "frames lost because no peer was connected")                                     \
    X(tx_overflow, "frames lost because the peer read too slowly")

struct StreamCounters {
#define X(name, text) std::uint64_t name = 0;
    MO_STREAM_COUNTERS(X)
#undef X
};

class StreamEndpoint final : public Endpoint {
  public:
    /// Longest message of QEMU's sockets (its NET_BUFSIZE); a longer one is a broken stream.
    static constexpr std::uint32_t max_message = 4096 + 65536;
    /// Bytes that wait for a slow peer before frames are lost.
    static constexpr std::size_t backlog_limit = 4U << 20;

    /// Listens on the UNIX socket `path` (a dead socket there is replaced, nothing else) and sends
    /// what arrives into `link` from `end`. The caller attaches the endpoint; `link` must outlive
    /// it.
    static Result<std::unique_ptr<StreamEndpoint>> listen(const std::string& path, Link& link,
                                                          End end);
    StreamEndpoint(const StreamEndpoint&) = delete;
    StreamEndpoint& operator=(const StreamEndpoint&) = delete;
    ~StreamEndpoint() = default;

    /// A frame for the peer; sent by the next service(), or now if much waits.
    void receive(const Frame& frame, std::uint64_t now_ns) override;

    /// Descriptor that polls readable when service() has work to do.
    [[nodiscard]] int poll_fd() const noexcept { return epoll_.get(); }
    /// Accepts, receives at most `budget` frames and sends, without waiting. True: there may be
    /// more to receive.
    bool service(std::uint64_t now_ns, unsigned budget = 64);
    /// Sends what waits; costs no system call if nothing does. For each round of the engine.
    void flush() {
        if (!out_.empty() && !watching_writable_) {
            send_some();
        }
    }

    [[nodiscard]] bool connected() const noexcept { return static_cast<bool>(peer_); }
    [[nodiscard]] const StreamCounters& counters() const noexcept { return counters_; }

  private:
    StreamEndpoint(UnixListener listener, Fd epoll, Link& link, End end);
    void accept_peers();
    bool receive_some();
    unsigned parse(std::uint64_t now_ns, unsigned budget);
    void deliver(Bytes frame, std::uint64_t now_ns);
    void put_packet(const Frame& packet);
    void send_some();
    void watch_writable(bool on);
    void disconnect();

    UnixListener listener_;
    Fd epoll_;
    Fd peer_;
    Link& link_;
    End end_;
    std::vector<std::byte> in_;
    std::size_t in_begin_ = 0;
    std::size_t in_end_ = 0;
    std::vector<std::byte> out_;
    std::size_t out_begin_ = 0;
    bool watching_writable_ = false;
    StreamCounters counters_;
};

} // namespace mo::fabric
