// SPDX-License-Identifier: LGPL-2.1-or-later
// rtnetlink: interfaces, their state and 64-bit statistics.
#pragma once

#include "libofctl/transport.hpp"
#include "ofctl/model.hpp"

namespace mo::ofctl {

/// Fills name, address, MTU, state and, when asked for, statistics of `port` (by ifindex).
[[nodiscard]] Answer<void> read_link(Transport& transport, Port& port, bool statistics);

/// Sets or clears IFF_UP.
[[nodiscard]] Answer<void> set_admin(Transport& transport, int ifindex, bool up);

} // namespace mo::ofctl
