// SPDX-License-Identifier: LGPL-2.1-or-later
// Notifications of the kernel, turned into events of the model.
#include <cerrno>
#include <chrono>

#include <linux/devlink.h>
#include <linux/rtnetlink.h>

#include "libofctl/client_state.hpp"
#include "libofctl/devlink.hpp"
#include "libofctl/family.hpp"
#include "uapi/mesh_optical.h"

namespace mo::ofctl {

namespace {

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

void add(Event& event, const char* key, const std::optional<std::string>& value) {
    if (value && !value->empty()) {
        event.details.emplace_back(key, *value);
    }
}

std::optional<Event> devlink_event(const Bytes& message) {
    const auto command = header_of<genlmsghdr>(message).cmd;
    const auto a = genl_attributes(message);
    Event event;
    event.time_ns = now_ns();
    event.name = a.text(DEVLINK_ATTR_BUS_NAME).value_or("") + "/" +
                 a.text(DEVLINK_ATTR_DEV_NAME).value_or("");
    switch (command) {
    case DEVLINK_CMD_NEW:
        event.object = "dev";
        event.what = "added";
        return event;
    case DEVLINK_CMD_DEL:
        event.object = "dev";
        event.what = "removed";
        return event;
    case DEVLINK_CMD_HEALTH_REPORTER_RECOVER: {
        const auto nest = a.nest(DEVLINK_ATTR_HEALTH_REPORTER);
        const bool healthy =
            nest.integer(DEVLINK_ATTR_HEALTH_REPORTER_STATE).value_or(0) == reporter_healthy;
        event.object = "fw";
        event.what = healthy ? "recovered" : "error";
        add(event, "reporter", nest.text(DEVLINK_ATTR_HEALTH_REPORTER_NAME));
        return event;
    }
    case DEVLINK_CMD_FLASH_UPDATE_STATUS:
        event.object = "fw";
        event.what = "flash";
        add(event, "status", a.text(DEVLINK_ATTR_FLASH_UPDATE_STATUS_MSG));
        add(event, "component", a.text(DEVLINK_ATTR_FLASH_UPDATE_COMPONENT));
        return event;
    case DEVLINK_CMD_FLASH_UPDATE_END:
        event.object = "fw";
        event.what = "flash-end";
        return event;
    default:
        return std::nullopt;
    }
}

std::optional<Event> optical_event(const std::map<int, std::string>& names, const Bytes& message) {
    if (header_of<genlmsghdr>(message).cmd != MESH_OPTICAL_CMD_PORT_NTF) {
        return std::nullopt;
    }
    Port port;
    if (!take_optical_port(genl_attributes(message), port)) {
        return std::nullopt;
    }
    Event event;
    event.time_ns = now_ns();
    event.object = "lane";
    const auto name = names.find(port.ifindex);
    event.name = name != names.end() ? name->second : std::to_string(port.ifindex);
    event.what = "link-state";
    add(event, "state", port.link_state);
    add(event, "reason", port.reason);
    add(event, "blame", port.reason ? port.blame : std::nullopt);
    return event;
}

} // namespace

Answer<void> Client::watch() {
    const auto known = ports(false);
    if (!known) {
        return Unexpected{known.error()};
    }
    for (const auto& port : *known) {
        state_->carrier[port.ifindex] = port.carrier;
        state_->names[port.ifindex] = port.ifname;
    }
    if (auto joined = state_->transport->join(NETLINK_ROUTE, RTNLGRP_LINK); !joined) {
        return joined;
    }
    if (auto joined = state_->families.join(DEVLINK_GENL_NAME, DEVLINK_GENL_MCGRP_CONFIG_NAME);
        !joined) {
        return joined;
    }
    return join_optical_events(state_->families);
}

Answer<std::vector<Event>> Client::events(std::chrono::milliseconds timeout) {
    auto received = state_->transport->receive(timeout);
    if (!received) {
        return Unexpected{received.error()};
    }
    const auto optical = optical_family_id(state_->families);
    std::vector<Event> events;
    for (const auto& [protocol, message] : *received) {
        nlmsghdr head{};
        std::memcpy(&head, message.data(), sizeof head);
        if (protocol == NETLINK_GENERIC) {
            const auto event = optical != 0 && head.nlmsg_type == optical
                                   ? optical_event(state_->names, message)
                                   : devlink_event(message);
            if (event) {
                events.push_back(*event);
            }
            continue;
        }
        const auto link = header_of<ifinfomsg>(message);
        const auto name = state_->names.find(link.ifi_index);
        if (name == state_->names.end()) {
            continue;
        }
        Event event;
        event.time_ns = now_ns();
        event.object = "port";
        event.name = name->second;
        if (head.nlmsg_type == RTM_DELLINK) {
            event.what = "removed";
            events.push_back(event);
            state_->names.erase(name);
            continue;
        }
        const auto carrier =
            attributes_of(message, sizeof link).integer(IFLA_CARRIER).value_or(0) != 0;
        if (head.nlmsg_type == RTM_NEWLINK && carrier != state_->carrier[link.ifi_index]) {
            state_->carrier[link.ifi_index] = carrier;
            event.what = carrier ? "link-up" : "link-down";
            events.push_back(event);
        }
    }
    return events;
}

} // namespace mo::ofctl
