// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl dev show, ofctl fw show: what devlink knows of a NIC.
#include "ofctl/values.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {

namespace {

Json versions_value(const Device& device) {
    Json::Array rows;
    for (const auto& version : device.versions) {
        rows.push_back(ObjectBuilder()
                           .add("name", version.name)
                           .add("fixed", version.fixed)
                           .add("running", version.running)
                           .add("stored", version.stored)
                           .done());
    }
    return rows;
}

Json reporters_value(const Device& device) {
    Json::Array rows;
    for (const auto& reporter : device.reporters) {
        rows.push_back(
            ObjectBuilder()
                .add("reporter", reporter.name)
                .add("state", reporter.healthy ? "healthy" : "error")
                .add("errors", reporter.errors)
                .add("recoveries", reporter.recoveries)
                .add("auto_recover", reporter.auto_recover)
                .add("dump_time_ns", reporter.dump_time_ns, {.where = Show::Where::details})
                .done());
    }
    return rows;
}

const Version* find_version(const Device& device, const char* name) {
    for (const auto& version : device.versions) {
        if (version.name == name) {
            return &version;
        }
    }
    return nullptr;
}

} // namespace

Json device_value(const Device& device, bool details) {
    const auto* firmware = find_version(device, "fw");
    ObjectBuilder item = identified("dev", device.handle());
    item.add("driver", device.driver)
        .add("ports", device.netdevs, {.label = "ports"})
        .add("serial", device.serial)
        .add("board_serial", device.board_serial, {.where = Show::Where::details});
    item.add("fw", firmware != nullptr ? firmware->running : std::nullopt);
    bool healthy = true;
    for (const auto& reporter : device.reporters) {
        healthy = healthy && reporter.healthy;
    }
    item.add("health", healthy ? "ok" : "error");
    if (device.reload_failed && *device.reload_failed) {
        item.add("reload_failed", true);
    }
    item.add("versions", versions_value(device), {.where = Show::Where::details})
        .add("reporters", reporters_value(device),
             {.where = details ? Show::Where::details : Show::Where::statistics});
    return item.done();
}

Json firmware_value(const Device& device) {
    const auto* firmware = find_version(device, "fw");
    ObjectBuilder item = identified("dev", device.handle());
    const bool running = firmware != nullptr && firmware->running.has_value();
    item.add("state", running ? "running" : "not running");
    for (const auto& reporter : device.reporters) {
        if (reporter.name == "fw") {
            item.add("health", reporter.healthy ? "healthy" : "error")
                .add("errors", reporter.errors)
                .add("recoveries", reporter.recoveries);
        }
    }
    item.add("versions", versions_value(device));
    return item.done();
}

Exit dev_show(Context& context, const Words& words) {
    return show_devices(context, words.name(), [&](const Device& device) {
        return device_value(device, context.options.details);
    });
}

Exit fw_show(Context& context, const Words& words) {
    return show_devices(context, words.name(), firmware_value);
}

} // namespace mo::ofctl
