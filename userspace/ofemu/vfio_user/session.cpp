// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/session.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "common/clock.hpp"
#include "common/log.hpp"

namespace mo::vfio_user {

Session::Session(int socket, pcie::Function& function, std::chrono::microseconds spin,
                 ServerCounters& counters)
    : socket_(socket), function_(function), spin_(spin), counters_(counters), dispatcher_(function),
      reply_(std::make_unique_for_overwrite<std::byte[]>(max_message)) {}

void Session::run() {
    while (receive() && serve_buffered()) {
    }
    end_batch(false);
}

bool Session::receive() {
    Receiver::Status status = Receiver::Status::nothing;
    if (spin_.count() > 0) {
        const Nanoseconds deadline = monotonic_now() + spin_;
        do {
            status = receiver_.fill(socket_, false);
        } while (status == Receiver::Status::nothing && monotonic_now() < deadline);
    }
    if (status == Receiver::Status::nothing) {
        status = receiver_.fill(socket_, true);
    }
    counters_.receive_calls.add(status == Receiver::Status::data ? 1 : 0);
    // A socket with a receive timeout may wait for nothing; that is no end.
    return status != Receiver::Status::closed;
}

bool Session::serve_buffered() {
    for (;;) {
        const Frame request = receiver_.next();
        if (request.state == FrameState::incomplete) {
            end_batch(true);
            return true;
        }
        if (request.state == FrameState::invalid) {
            counters_.errors.add();
            log::print(log::Level::warning, "vfio-user: message of %u bytes: connection ends",
                       request.header.size.value());
            (void)send_reply(request.header, 0, EINVAL);
            return false;
        }
        if (!serve(request)) {
            return false;
        }
    }
}

bool Session::serve(const Frame& request) {
    counters_.messages.add();
    if ((request.header.flags & flag_type_mask) != 0) {
        counters_.errors.add(); // a reply, though nothing was asked
        return true;
    }
    if (!Dispatcher::is_posted_write(request)) {
        end_batch(false);
    } else {
        counters_.posted_writes.add();
        if (!in_batch_) {
            in_batch_ = true;
            counters_.batches.add();
            function_.begin_batch();
        }
    }
    ByteWriter payload(std::span(reply_.get(), max_message).subspan(sizeof(Header)));
    const std::uint32_t error = dispatcher_.handle(request, receiver_.fds(), payload);
    counters_.errors.add(error != 0 ? 1 : 0);
    if ((request.header.flags & flag_no_reply) != 0) {
        return true;
    }
    return send_reply(request.header, error == 0 ? payload.size() : 0, error);
}

bool Session::send_reply(const Header& request, std::size_t payload_size, std::uint32_t error) {
    const Header header = reply_header(request, payload_size, error);
    std::memcpy(reply_.get(), &header, sizeof(header));
    const std::byte* from = reply_.get();
    std::size_t left = sizeof(header) + payload_size;
    while (left != 0) {
        const ssize_t sent = ::send(socket_, from, left, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        from += sent;
        left -= static_cast<std::size_t>(sent);
    }
    return true;
}

void Session::end_batch(bool idle) {
    if (in_batch_) {
        in_batch_ = false;
        function_.end_batch(idle);
    }
}

} // namespace mo::vfio_user
