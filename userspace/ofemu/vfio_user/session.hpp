// SPDX-License-Identifier: GPL-2.0-or-later
// Session: one client's connection from its first byte to its last: receives in bulk, groups
// posted writes into batches, answers in order.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "common/counter.hpp"
#include "pcie/function.hpp"
#include "vfio_user/dispatch.hpp"
#include "vfio_user/receiver.hpp"

namespace mo::vfio_user {

/// What the connections of a server have cost since its start.
struct ServerCounters {
    Counter connections;   ///< clients accepted
    Counter messages;      ///< requests, posted ones included
    Counter posted_writes; ///< REGION_WRITE(_MULTI) messages to BARs without reply
    Counter batches;       ///< runs of posted writes
    Counter receive_calls; ///< recvmsg calls that brought data
    Counter errors;        ///< requests refused, streams that could not be followed
};

class Session {
  public:
    /// The socket stays the caller's.
    Session(int socket, pcie::Function& function, std::chrono::microseconds spin,
            ServerCounters& counters);

    /// Serves until the client goes, breaks the protocol, or the socket is shut down.
    void run();

  private:
    [[nodiscard]] bool receive();
    [[nodiscard]] bool serve_buffered();
    [[nodiscard]] bool serve(const Frame& request);
    [[nodiscard]] bool send_reply(const Header& request, std::size_t payload_size,
                                  std::uint32_t error);
    void end_batch(bool idle);

    int socket_;
    pcie::Function& function_;
    std::chrono::microseconds spin_;
    ServerCounters& counters_;
    Dispatcher dispatcher_;
    Receiver receiver_;
    std::unique_ptr<std::byte[]> reply_;
    bool in_batch_ = false;
};

} // namespace mo::vfio_user
