// SPDX-License-Identifier: GPL-2.0-or-later
// Mac: counters of a port (MO_PORT_COUNTERS). Octets and size classes include the FCS, as
// IEEE 802.3 and RFC 2819 count; every wire packet counts, whether it came alone or in a burst.
#pragma once

#include <cstdint>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "nic/eth/filter.hpp"

namespace mo::nic::eth {

struct PortCounters {
#define X(name, text) std::uint64_t name = 0;
    MO_PORT_COUNTERS(X)
#undef X
};

class Mac {
  public:
    /// Counts the wire packets of a frame that was received without error.
    void count_received(const fabric::Frame& frame, Cast cast) noexcept;
    /// Counts the wire packets of a frame that was sent.
    void count_sent(const fabric::Frame& frame, Cast cast) noexcept;

    PortCounters counters;
};

} // namespace mo::nic::eth
