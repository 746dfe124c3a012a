// SPDX-License-Identifier: LGPL-2.1-or-later
// devlink: which devices are ours, their versions, health and ports.
#pragma once

#include "libofctl/genl.hpp"
#include "ofctl/model.hpp"

namespace mo::ofctl {

/// DEVLINK_ATTR_HEALTH_REPORTER_STATE of a reporter without an open error; the kernel's enum
/// devlink_health_reporter_state is in no uAPI header.
constexpr std::uint64_t reporter_healthy = 0;

/// A devlink port with a netdev.
struct DevlinkPort {
    std::string device; ///< handle
    int ifindex = 0;
    std::string ifname;
};

/// Every device whose driver is mesh_optical, with versions and health reporters.
[[nodiscard]] Answer<std::vector<Device>> read_devices(GenlFamilies& families);

/// Is the driver of the device of that handle mesh_optical? False when it is gone.
[[nodiscard]] Answer<bool> is_our_device(GenlFamilies& families, const std::string& handle);

/// Ports of every devlink device.
[[nodiscard]] Answer<std::vector<DevlinkPort>> read_devlink_ports(GenlFamilies& families);

} // namespace mo::ofctl
