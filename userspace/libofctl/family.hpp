// SPDX-License-Identifier: LGPL-2.1-or-later
// The driver's own netlink family (Documentation/netlink/specs/mesh_optical.yaml).
#pragma once

#include "libofctl/genl.hpp"
#include "ofctl/model.hpp"

namespace mo::ofctl {

/// Every port of ours in this network namespace: its ifindex, and state, reason and blame of its
/// optical link. ENOENT: the driver is not loaded, or has no such family.
[[nodiscard]] Answer<std::vector<Port>> read_optical_ports(GenlFamilies& families);

[[nodiscard]] Answer<LaneSnapshot> read_lanes(GenlFamilies& families, int ifindex);

[[nodiscard]] Answer<std::vector<Record>> read_records(GenlFamilies& families, int ifindex);

/// Subscribes to changes of links.
[[nodiscard]] Answer<void> join_optical_events(GenlFamilies& families);

/// The same after the driver came or came back: its family and group have other numbers then.
void rejoin_optical_events(GenlFamilies& families);

/// Fills `port` from the attributes of a port message; false when it has no ifindex.
bool take_optical_port(const Attributes& attributes, Port& port);

/// Number of the family; 0 when the driver is not loaded.
[[nodiscard]] std::uint16_t optical_family_id(GenlFamilies& families);

} // namespace mo::ofctl
