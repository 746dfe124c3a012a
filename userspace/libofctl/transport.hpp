// SPDX-License-Identifier: LGPL-2.1-or-later
// The seam between the library and the kernel: whole messages out, whole messages in. The real
// one is a libnl socket per protocol; tests put recorded answers in its place.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "libofctl/message.hpp"
#include "ofctl/error.hpp"

namespace mo::ofctl {

class Transport {
  public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// Sends `request` on `protocol` (NETLINK_ROUTE, NETLINK_GENERIC) and collects every message
    /// of the answer. An error message of the kernel becomes the error; an interrupted dump
    /// (NLM_F_DUMP_INTR) is repeated.
    virtual Answer<std::vector<Bytes>> exchange(int protocol, Bytes request) = 0;

    /// Joins a multicast group of `protocol`.
    virtual Answer<void> join(int protocol, std::uint32_t group) = 0;

    struct Received {
        int protocol = 0;
        Bytes message;
    };
    /// Waits for notifications of the joined groups; empty after `timeout` (negative: for ever).
    virtual Answer<std::vector<Received>> receive(std::chrono::milliseconds timeout) = 0;
};

/// Sockets in the network namespace of the caller.
[[nodiscard]] std::unique_ptr<Transport> make_socket_transport();

} // namespace mo::ofctl
