// SPDX-License-Identifier: LGPL-2.1-or-later
// The library's one door: asks the kernel and returns the plain model. One thread per Client.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ofctl/error.hpp"
#include "ofctl/model.hpp"

namespace mo::ofctl {

class Transport;

class Client {
  public:
    /// Talks to the kernel in the caller's network namespace.
    Client();
    /// Talks to `transport`, which it owns: recorded answers in tests.
    explicit Client(std::unique_ptr<Transport> transport);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Devices that the driver mesh_optical holds; empty when there is none.
    Answer<std::vector<Device>> devices();

    /// Ports of those devices. `statistics`: also counters.
    Answer<std::vector<Port>> ports(bool statistics);

    /// Snapshot of a port's lanes, all counters from one instant.
    Answer<LaneSnapshot> lanes(const Port& port);

    /// The port's module, decoded; `present` is false when none is plugged.
    Answer<Module> module(const Port& port);

    /// The port's flight recorder, oldest first.
    Answer<std::vector<Record>> records(const Port& port);

    /// Applies every part of `change` or none: what was applied is taken back when a later part
    /// is refused.
    Answer<void> set_port(const Port& port, const PortChange& change);

    /// Subscribes to the events of all ports and devices.
    Answer<void> watch();
    /// Events since the last call; waits up to `timeout` for the first one.
    Answer<std::vector<Event>> events(std::chrono::milliseconds timeout);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Decodes the pages of a CMIS module; see cmis.cpp. Each page is 128 bytes; a missing one is
/// empty. `lower` is 00h:0..127, `page00` its upper half, the others upper halves of bank 0.
struct CmisPages {
    std::vector<std::uint8_t> lower, page00, page01, page02, page11;
    /// 00h:8..13 and 11h:134..153 as read after the pages. Flags are latched until they are read,
    /// so these are those of now. Empty: not read, and every flag is taken to be of now.
    std::vector<std::uint8_t> module_flags, lane_flags;
};
[[nodiscard]] Module decode_cmis(const CmisPages& pages);

} // namespace mo::ofctl
