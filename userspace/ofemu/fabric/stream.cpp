// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

#include "fabric/checksum.hpp"
#include "fabric/icrc.hpp"
#include "fabric/segmenter.hpp"

namespace mo::fabric {

namespace {

constexpr std::size_t prefix = 4;
constexpr std::size_t in_size = 512U << 10;
constexpr std::size_t send_early = 128U << 10;
static_assert(in_size >= 2 * (StreamEndpoint::max_message + prefix));

bool add_to(const Fd& epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

} // namespace

Result<std::unique_ptr<StreamEndpoint>> StreamEndpoint::listen(const std::string& path, Link& link,
                                                               End end) {
    constexpr int waiting_peers = 4;
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) {
        return fail(errno, "epoll");
    }
    auto listener = UnixListener::listen(path, waiting_peers, SOCK_NONBLOCK);
    if (!listener) {
        return Unexpected{std::move(listener).error()};
    }
    if (!add_to(epoll, listener->get())) {
        return fail(errno, "cannot watch " + path);
    }
    return std::unique_ptr<StreamEndpoint>(
        new StreamEndpoint(std::move(*listener), std::move(epoll), link, end));
}

StreamEndpoint::StreamEndpoint(UnixListener listener, Fd epoll, Link& link, End end)
    : listener_(std::move(listener)), epoll_(std::move(epoll)), link_(link), end_(end),
      in_(in_size) {}

bool StreamEndpoint::service(std::uint64_t now_ns, unsigned budget) {
    accept_peers();
    unsigned left = budget;
    bool more = false;
    while (peer_ && left != 0) {
        left -= parse(now_ns, left);
        if (left == 0) {
            more = true;
            break;
        }
        if (!peer_ || !receive_some()) {
            break;
        }
    }
    send_some();
    return more;
}

void StreamEndpoint::accept_peers() {
    for (;;) {
        Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!peer) {
            return;
        }
        if (peer_) {
            // The old peer may be dead already, with its end of file still unread.
            std::byte probe{};
            if (::recv(peer_.get(), &probe, 1, MSG_PEEK) == 0) {
                disconnect();
            }
        }
        if (peer_) {
            ++counters_.refused;
        } else if (add_to(epoll_, peer.get())) {
            peer_ = std::move(peer);
            ++counters_.connects;
        }
    }
}

/// Reads what the socket holds; false if there was nothing.
bool StreamEndpoint::receive_some() {
    if (in_begin_ != 0) {
        std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
        in_end_ -= in_begin_;
        in_begin_ = 0;
    }
    const ssize_t count = ::recv(peer_.get(), in_.data() + in_end_, in_.size() - in_end_, 0);
    if (count > 0) {
        in_end_ += static_cast<std::size_t>(count);
        return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        disconnect();
    }
    return false;
}

/// Delivers complete frames, at most `budget`; how many.
unsigned StreamEndpoint::parse(std::uint64_t now_ns, unsigned budget) {
    unsigned count = 0;
    while (count < budget && in_end_ - in_begin_ >= prefix) {
        const std::uint32_t length = load_be32(in_.data() + in_begin_);
        if (length == 0 || length > max_message) {
            ++counters_.protocol_errors;
            disconnect();
            return count;
        }
        if (in_end_ - in_begin_ < prefix + length) {
            break;
        }
        const Bytes frame = Bytes(in_).subspan(in_begin_ + prefix, length);
        in_begin_ += prefix + length;
        ++count;
        deliver(frame, now_ns);
    }
    return count;
}

void StreamEndpoint::deliver(Bytes bytes, std::uint64_t now_ns) {
    if (bytes.size() < ethernet_header || bytes.size() > max_frame) {
        ++counters_.rx_bad_length;
        return;
    }
    ++counters_.rx_frames;
    // QEMU hands frames over as its guest wrote them; the MAC that it does not model would pad.
    std::array<std::byte, min_frame> padded{};
    if (bytes.size() < min_frame) {
        std::ranges::copy(bytes, padded.begin());
        bytes = padded;
    }
    Frame frame;
    frame.head = bytes;
    frame.length = static_cast<std::uint32_t>(bytes.size());
    link_.send(end_, frame, now_ns);
}

void StreamEndpoint::receive(const Frame& frame, std::uint64_t /*now_ns*/) {
    if (frame.is_burst()) {
        Segmenter segmenter(frame);
        for (Frame packet; segmenter.next(packet);) {
            put_packet(packet);
        }
    } else {
        put_packet(frame);
    }
    if (out_.size() - out_begin_ >= send_early && !watching_writable_) {
        send_some();
    }
}

void StreamEndpoint::put_packet(const Frame& packet) {
    if (!peer_) {
        ++counters_.tx_no_peer;
    } else if (packet.bad_fcs) {
        ++counters_.tx_bad_fcs;
    } else if (out_.size() - out_begin_ + prefix + packet.length > backlog_limit) {
        ++counters_.tx_overflow;
    } else {
        std::array<std::byte, prefix> length{};
        store_be32(length.data(), packet.length);
        out_.insert(out_.end(), length.begin(), length.end());
        out_.insert(out_.end(), packet.head.begin(), packet.head.end());
        for (const Bytes piece : packet.body) {
            out_.insert(out_.end(), piece.begin(), piece.end());
        }
        if (packet.icrc) {
            complete_icrc(std::span(out_).last(packet.length), packet.icrc);
        }
        ++counters_.tx_frames;
    }
}

void StreamEndpoint::send_some() {
    while (peer_ && out_begin_ != out_.size()) {
        const ssize_t count = ::send(peer_.get(), out_.data() + out_begin_,
                                     out_.size() - out_begin_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            out_begin_ += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            disconnect();
        }
    }
    if (out_begin_ == out_.size()) {
        out_.clear();
        out_begin_ = 0;
    } else if (out_begin_ > backlog_limit / 4) {
        out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(out_begin_));
        out_begin_ = 0;
    }
    watch_writable(!out_.empty());
}

void StreamEndpoint::watch_writable(bool on) {
    if (!peer_ || on == watching_writable_) {
        return;
    }
    epoll_event event{};
    event.events = EPOLLIN | (on ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    event.data.fd = peer_.get();
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, peer_.get(), &event) == 0) {
        watching_writable_ = on;
    }
}

void StreamEndpoint::disconnect() {
    peer_.reset();
    in_begin_ = 0;
    in_end_ = 0;
    out_.clear();
    out_begin_ = 0;
    watching_writable_ = false;
}

} // namespace mo::fabric
