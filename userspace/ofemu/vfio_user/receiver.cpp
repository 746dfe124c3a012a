// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/receiver.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace mo::vfio_user {

namespace {

constexpr std::size_t capacity = max_message + 65536;
constexpr std::size_t scm_max_fd = 253; // the kernel's limit for one message
constexpr std::size_t fds_expected = max_message_fds;

void append(std::vector<Fd>& to, std::vector<Fd>& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    from.clear();
}

} // namespace

Receiver::Receiver() : buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {
    head_fds_.reserve(fds_expected);
    tail_fds_.reserve(fds_expected);
    message_fds_.reserve(fds_expected);
}

Receiver::Status Receiver::fill(int socket, bool wait) {
    message_fds_.clear();
    if (begin_ != 0) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    alignas(cmsghdr) std::array<char, CMSG_SPACE(scm_max_fd * sizeof(int))> control;
    iovec target{.iov_base = buffer_.get() + end_, .iov_len = capacity - end_};
    msghdr message{};
    message.msg_iov = &target;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t received = 0;
    do {
        received = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    } while (received < 0 && errno == EINTR);
    if (received < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? Status::nothing : Status::closed;
    }
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            tail_fds_.emplace_back(fd);
        }
    }
    if (received == 0 || (message.msg_flags & MSG_CTRUNC) != 0) {
        return Status::closed;
    }
    end_ += static_cast<std::size_t>(received);
    return Status::data;
}

Frame Receiver::next() {
    message_fds_.clear();
    const Frame frame = parse_frame({buffer_.get() + begin_, end_ - begin_});
    if (frame.state != FrameState::complete) {
        append(head_fds_, tail_fds_);
        return frame;
    }
    begin_ += frame.size;
    append(message_fds_, head_fds_);
    if (begin_ == end_) {
        append(message_fds_, tail_fds_);
    }
    return frame;
}

} // namespace mo::vfio_user
