// SPDX-License-Identifier: LGPL-2.1-or-later
// Notifications of the kernel, turned into events of the model.
#include <algorithm>
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

/// The handle of the device that a devlink message is about.
std::string handle_of(const Attributes& a) {
    return a.text(DEVLINK_ATTR_BUS_NAME).value_or("") + "/" +
           a.text(DEVLINK_ATTR_DEV_NAME).value_or("");
}

/// What is news of a device, whosever it is.
std::optional<Event> devlink_event(const Bytes& message) {
    const auto command = header_of<genlmsghdr>(message).cmd;
    const auto a = genl_attributes(message);
    Event event;
    event.time_ns = now_ns();
    event.name = handle_of(a);
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

std::vector<std::uint32_t> lanes_of(std::uint64_t mask) {
    std::vector<std::uint32_t> lanes;
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
        if ((mask >> lane & 1U) != 0) {
            lanes.push_back(lane);
        }
    }
    return lanes;
}

std::optional<Event> optical_event(const Bytes& message) {
    if (header_of<genlmsghdr>(message).cmd != MESH_OPTICAL_CMD_PORT_NTF) {
        return std::nullopt;
    }
    Port port;
    const auto a = genl_attributes(message);
    if (!take_optical_port(a, port)) {
        return std::nullopt;
    }
    Event event;
    event.time_ns = now_ns();
    event.name = std::to_string(port.ifindex);
    if (const auto lanes = a.integer(MESH_OPTICAL_A_PORT_LANES_CHANGED)) {
        event.object = "lane";
        event.what = "quality";
        event.lanes = lanes_of(*lanes);
    } else {
        event.object = "port";
        event.what = "link-state";
    }
    add(event, "state", port.link_state);
    add(event, "reason", port.reason);
    add(event, "blame", port.reason ? port.blame : std::nullopt);
    return event;
}

/// Makes events of messages, by what is known of devices and interfaces.
class Translator {
  public:
    Translator(GenlFamilies& families, Watched& watched) : families_(families), watched_(watched) {}

    void devlink(const Bytes& message);
    void optical(const Bytes& message);
    void link(std::uint16_t type, const Bytes& message);
    std::vector<Event> take() { return std::move(events_); }

  private:
    /// Asked once per device; a device that cannot be asked is asked again.
    bool ours(const std::string& handle) {
        const auto known = watched_.devices.find(handle);
        if (known != watched_.devices.end()) {
            return known->second;
        }
        const auto answer = is_our_device(families_, handle);
        if (!answer) {
            return false;
        }
        return watched_.devices[handle] = *answer;
    }
    /// Does the interface belong to a device of ours? Asked once per interface.
    bool ours(int ifindex) {
        if (watched_.others.contains(ifindex)) {
            return false;
        }
        const auto ports = read_optical_ports(families_);
        if (!ports) {
            return false;
        }
        if (std::any_of(ports->begin(), ports->end(),
                        [&](const Port& port) { return port.ifindex == ifindex; })) {
            return true;
        }
        watched_.others.insert(ifindex);
        return false;
    }
    Event& add_port_event(const std::string& name, const char* what) {
        Event event;
        event.time_ns = now_ns();
        event.object = "port";
        event.name = name;
        event.what = what;
        events_.push_back(std::move(event));
        return events_.back();
    }

    GenlFamilies& families_;
    Watched& watched_;
    std::vector<Event> events_;
};

void Translator::devlink(const Bytes& message) {
    const auto command = header_of<genlmsghdr>(message).cmd;
    const auto handle = handle_of(genl_attributes(message));
    if (command == DEVLINK_CMD_NEW) {
        watched_.devices.erase(handle); // another driver may have it now
        if (ours(handle)) {
            rejoin_optical_events(families_); // it may come with a driver that was loaded anew
        }
    }
    const auto event = devlink_event(message);
    if (event && ours(handle)) {
        events_.push_back(*event);
    }
    if (command == DEVLINK_CMD_DEL) {
        watched_.devices.erase(handle);
    }
}

void Translator::optical(const Bytes& message) {
    auto event = optical_event(message);
    if (!event) {
        return;
    }
    const auto port = watched_.ports.find(std::stoi(event->name));
    if (port != watched_.ports.end()) {
        event->name = port->second.name;
    }
    events_.push_back(std::move(*event));
}

void Translator::link(std::uint16_t type, const Bytes& message) {
    const auto head = header_of<ifinfomsg>(message);
    const auto attributes = attributes_of(message, sizeof head);
    const int ifindex = head.ifi_index;
    auto known = watched_.ports.find(ifindex);
    if (type == RTM_DELLINK) {
        watched_.others.erase(ifindex);
        if (known != watched_.ports.end()) {
            add_port_event(known->second.name, "removed");
            watched_.ports.erase(known);
        }
        return;
    }
    if (type != RTM_NEWLINK || (known == watched_.ports.end() && !ours(ifindex))) {
        return;
    }
    const auto name = attributes.text(IFLA_IFNAME).value_or(std::to_string(ifindex));
    if (known == watched_.ports.end()) {
        known = watched_.ports.insert({ifindex, {name, false}}).first;
        add_port_event(name, "added");
    }
    auto& port = known->second;
    if (port.name != name) {
        add_port_event(name, "renamed").details.emplace_back("before", port.name);
        port.name = name;
    }
    const bool carrier = attributes.integer(IFLA_CARRIER).value_or(0) != 0;
    if (carrier != port.carrier) {
        port.carrier = carrier;
        add_port_event(name, carrier ? "link-up" : "link-down");
    }
}

} // namespace

Answer<void> Client::watch() {
    // Joined first: what happens while the state is read is news already.
    if (auto joined = state_->transport->join(NETLINK_ROUTE, RTNLGRP_LINK); !joined) {
        return joined;
    }
    if (auto joined = state_->families.join(DEVLINK_GENL_NAME, DEVLINK_GENL_MCGRP_CONFIG_NAME);
        !joined) {
        return joined;
    }
    // Without the driver there is nothing to hear yet; its first device brings it.
    if (auto joined = join_optical_events(state_->families);
        !joined && joined.error().code != ENOENT) {
        return joined;
    }
    const auto known = ports(false);
    if (!known) {
        return Unexpected{known.error()};
    }
    for (const auto& port : *known) {
        state_->watched.ports[port.ifindex] = {port.ifname, port.carrier};
        if (port.device) {
            state_->watched.devices[*port.device] = true;
        }
    }
    return {};
}

Answer<std::vector<Event>> Client::events(std::chrono::milliseconds timeout) {
    auto received = state_->transport->receive(timeout);
    if (!received) {
        return Unexpected{received.error()};
    }
    const auto optical = optical_family_id(state_->families);
    const auto devlink = state_->families.find(DEVLINK_GENL_NAME);
    Translator translator(state_->families, state_->watched);
    for (const auto& [protocol, message] : *received) {
        nlmsghdr head{};
        std::memcpy(&head, message.data(), sizeof head);
        if (protocol != NETLINK_GENERIC) {
            translator.link(head.nlmsg_type, message);
        } else if (optical != 0 && head.nlmsg_type == optical) {
            translator.optical(message);
        } else if (devlink && head.nlmsg_type == devlink->id) {
            translator.devlink(message);
        }
    }
    return translator.take();
}

} // namespace mo::ofctl
