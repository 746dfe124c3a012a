// SPDX-License-Identifier: GPL-2.0-or-later
// Receiver: drains a stream socket in bulk and cuts it into messages with their file descriptors.
// Allocates at construction, not per message.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "common/fd.hpp"
#include "vfio_user/message.hpp"

namespace mo::vfio_user {

class Receiver {
  public:
    enum class Status : std::uint8_t {
        data,    ///< bytes arrived
        nothing, ///< none there (only without waiting)
        closed,  ///< end of stream, error, or descriptors were lost
    };

    Receiver();

    /// One recvmsg(2) into the free part of the buffer. Call after next() reported `incomplete`.
    Status fill(int socket, bool wait);

    /// The next message of the buffer; valid until the following fill(). Its descriptors are in
    /// fds() until the following next().
    Frame next();

    /// Descriptors of the message that next() returned; take them by moving.
    [[nodiscard]] std::span<Fd> fds() noexcept { return message_fds_; }

  private:
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t begin_ = 0, end_ = 0;
    // A sendmsg(2) with descriptors ends what one recvmsg(2) returns, so those of a fill() belong
    // to the last message that begins in it.
    std::vector<Fd> head_fds_;    ///< of the incomplete message at the buffer's start
    std::vector<Fd> tail_fds_;    ///< of the last message that has begun
    std::vector<Fd> message_fds_; ///< of the message handed out
};

} // namespace mo::vfio_user
