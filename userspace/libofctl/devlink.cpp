// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libofctl/devlink.hpp"

#include <algorithm>
#include <cerrno>

#include <linux/devlink.h>

namespace mo::ofctl {

namespace {

constexpr const char* family_name = DEVLINK_GENL_NAME;
constexpr const char* driver_name = "mesh_optical";

Builder& put_handle(Builder& builder, const Device& device) {
    return builder.put_text(DEVLINK_ATTR_BUS_NAME, device.bus)
        .put_text(DEVLINK_ATTR_DEV_NAME, device.name);
}

void add_version(std::vector<Version>& versions, const Attributes& attributes,
                 std::optional<std::string> Version::* kind) {
    const auto name = attributes.text(DEVLINK_ATTR_INFO_VERSION_NAME);
    const auto value = attributes.text(DEVLINK_ATTR_INFO_VERSION_VALUE);
    if (!name || !value) {
        return;
    }
    auto found = std::find_if(versions.begin(), versions.end(),
                              [&](const Version& v) { return v.name == *name; });
    if (found == versions.end()) {
        found = versions.insert(versions.end(), Version{*name, {}, {}, {}});
    }
    (*found).*kind = *value;
}

/// False when the device has another driver, or none that tells.
Answer<bool> read_info(GenlFamilies& families, Device& device) {
    auto request = families.request(family_name, DEVLINK_CMD_INFO_GET, 0);
    if (!request) {
        return Unexpected{request.error()};
    }
    put_handle(*request, device);
    const auto answer = families.exchange(std::move(*request));
    if (!answer) {
        // Other drivers may not implement it; devices may go away meanwhile.
        if (answer.error().code == EOPNOTSUPP || answer.error().code == ENODEV) {
            return false;
        }
        return Unexpected{answer.error()};
    }
    for (const auto& message : *answer) {
        const auto attributes = genl_attributes(message);
        if (auto driver = attributes.text(DEVLINK_ATTR_INFO_DRIVER_NAME)) {
            device.driver = *driver;
        }
        device.serial = attributes.text(DEVLINK_ATTR_INFO_SERIAL_NUMBER);
        device.board_serial = attributes.text(DEVLINK_ATTR_INFO_BOARD_SERIAL_NUMBER);
        for (const auto data : attributes.all(DEVLINK_ATTR_INFO_VERSION_FIXED)) {
            add_version(device.versions, Attributes(data), &Version::fixed);
        }
        for (const auto data : attributes.all(DEVLINK_ATTR_INFO_VERSION_RUNNING)) {
            add_version(device.versions, Attributes(data), &Version::running);
        }
        for (const auto data : attributes.all(DEVLINK_ATTR_INFO_VERSION_STORED)) {
            add_version(device.versions, Attributes(data), &Version::stored);
        }
    }
    return device.driver == driver_name;
}

Answer<void> read_reporters(GenlFamilies& families, Device& device) {
    auto request = families.request(family_name, DEVLINK_CMD_HEALTH_REPORTER_GET, NLM_F_DUMP);
    if (!request) {
        return Unexpected{request.error()};
    }
    put_handle(*request, device);
    const auto answer = families.exchange(std::move(*request));
    if (!answer) {
        return Unexpected{answer.error()};
    }
    for (const auto& message : *answer) {
        const auto attributes = genl_attributes(message);
        if (attributes.text(DEVLINK_ATTR_BUS_NAME) != device.bus ||
            attributes.text(DEVLINK_ATTR_DEV_NAME) != device.name) {
            continue;
        }
        const auto nest = attributes.nest(DEVLINK_ATTR_HEALTH_REPORTER);
        Reporter reporter;
        reporter.name = nest.text(DEVLINK_ATTR_HEALTH_REPORTER_NAME).value_or("");
        reporter.healthy =
            nest.integer(DEVLINK_ATTR_HEALTH_REPORTER_STATE).value_or(0) == reporter_healthy;
        reporter.errors = nest.integer(DEVLINK_ATTR_HEALTH_REPORTER_ERR_COUNT).value_or(0);
        reporter.recoveries = nest.integer(DEVLINK_ATTR_HEALTH_REPORTER_RECOVER_COUNT).value_or(0);
        reporter.auto_recover =
            nest.integer(DEVLINK_ATTR_HEALTH_REPORTER_AUTO_RECOVER).value_or(0) != 0;
        reporter.dump_time_ns = nest.integer(DEVLINK_ATTR_HEALTH_REPORTER_DUMP_TS_NS);
        device.reporters.push_back(std::move(reporter));
    }
    return {};
}

} // namespace

Answer<std::vector<Device>> read_devices(GenlFamilies& families) {
    auto request = families.request(family_name, DEVLINK_CMD_GET, NLM_F_DUMP);
    if (!request) {
        return Unexpected{request.error()};
    }
    const auto answer = families.exchange(std::move(*request));
    if (!answer) {
        return Unexpected{answer.error()};
    }
    std::vector<Device> devices;
    for (const auto& message : *answer) {
        const auto attributes = genl_attributes(message);
        Device device;
        device.bus = attributes.text(DEVLINK_ATTR_BUS_NAME).value_or("");
        device.name = attributes.text(DEVLINK_ATTR_DEV_NAME).value_or("");
        if (const auto failed = attributes.integer(DEVLINK_ATTR_RELOAD_FAILED)) {
            device.reload_failed = *failed != 0;
        }
        const auto ours = read_info(families, device);
        if (!ours) {
            return Unexpected{ours.error()};
        }
        if (!*ours) {
            continue;
        }
        if (const auto read = read_reporters(families, device); !read) {
            return Unexpected{read.error()};
        }
        devices.push_back(std::move(device));
    }
    std::sort(devices.begin(), devices.end(),
              [](const Device& a, const Device& b) { return a.handle() < b.handle(); });
    return devices;
}

Answer<bool> is_our_device(GenlFamilies& families, const std::string& handle) {
    Device device;
    const auto slash = handle.find('/');
    device.bus = handle.substr(0, slash);
    device.name = slash == std::string::npos ? "" : handle.substr(slash + 1);
    return read_info(families, device);
}

Answer<std::vector<DevlinkPort>> read_devlink_ports(GenlFamilies& families) {
    auto request = families.request(family_name, DEVLINK_CMD_PORT_GET, NLM_F_DUMP);
    if (!request) {
        return Unexpected{request.error()};
    }
    const auto answer = families.exchange(std::move(*request));
    if (!answer) {
        return Unexpected{answer.error()};
    }
    std::vector<DevlinkPort> ports;
    for (const auto& message : *answer) {
        const auto attributes = genl_attributes(message);
        const auto ifindex = attributes.integer(DEVLINK_ATTR_PORT_NETDEV_IFINDEX);
        if (!ifindex) {
            continue;
        }
        DevlinkPort port;
        port.device = attributes.text(DEVLINK_ATTR_BUS_NAME).value_or("") + "/" +
                      attributes.text(DEVLINK_ATTR_DEV_NAME).value_or("");
        port.ifindex = static_cast<int>(*ifindex);
        port.ifname = attributes.text(DEVLINK_ATTR_PORT_NETDEV_NAME).value_or("");
        ports.push_back(std::move(port));
    }
    return ports;
}

} // namespace mo::ofctl
