// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libofctl/rtnl.hpp"

#include <array>
#include <cstdio>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

namespace mo::ofctl {

namespace {

/// RFC 2863 states in the kernel's order (IF_OPER_*).
constexpr std::array operstates = {"unknown", "notpresent", "down", "lowerlayerdown",
                                   "testing", "dormant",    "up"};

std::string hardware_address(std::span<const std::byte> data) {
    std::string text;
    for (const auto byte : data) {
        std::array<char, 4> part{};
        std::snprintf(part.data(), part.size(), "%02x:", std::to_integer<unsigned>(byte));
        text += part.data();
    }
    if (!text.empty()) {
        text.pop_back();
    }
    return text;
}

PortStatistics statistics_of(std::span<const std::byte> data) {
    rtnl_link_stats64 raw{};
    std::memcpy(&raw, data.data(), std::min(sizeof raw, data.size()));
    PortStatistics s;
    s.rx_packets = raw.rx_packets;
    s.rx_bytes = raw.rx_bytes;
    s.rx_errors = raw.rx_errors;
    s.rx_dropped = raw.rx_dropped;
    s.multicast = raw.multicast;
    s.tx_packets = raw.tx_packets;
    s.tx_bytes = raw.tx_bytes;
    s.tx_errors = raw.tx_errors;
    s.tx_dropped = raw.tx_dropped;
    s.rx_crc_errors = raw.rx_crc_errors;
    s.rx_missed = raw.rx_missed_errors;
    return s;
}

ifinfomsg interface_header(int ifindex) {
    ifinfomsg head{};
    head.ifi_index = ifindex;
    return head;
}

} // namespace

Answer<void> read_link(Transport& transport, Port& port, bool statistics) {
    Builder builder(RTM_GETLINK, 0);
    builder.header(interface_header(port.ifindex));
    const auto answer = transport.exchange(NETLINK_ROUTE, std::move(builder).finish());
    if (!answer) {
        return Unexpected{answer.error()};
    }
    for (const auto& message : *answer) {
        const auto head = header_of<ifinfomsg>(message);
        if (head.ifi_index != port.ifindex) {
            continue;
        }
        const auto attributes = attributes_of(message, sizeof(ifinfomsg));
        port.ifname = attributes.text(IFLA_IFNAME).value_or(port.ifname);
        const auto bus = attributes.text(IFLA_PARENT_DEV_BUS_NAME);
        const auto device = attributes.text(IFLA_PARENT_DEV_NAME);
        if (bus && device) {
            port.device = *bus + "/" + *device;
        }
        port.admin_up = (head.ifi_flags & IFF_UP) != 0;
        port.carrier = attributes.integer(IFLA_CARRIER).value_or(0) != 0;
        if (const auto mtu = attributes.integer(IFLA_MTU)) {
            port.mtu = static_cast<std::uint32_t>(*mtu);
        }
        if (attributes.has(IFLA_ADDRESS)) {
            port.address = hardware_address(attributes.bytes(IFLA_ADDRESS));
        }
        if (const auto state = attributes.integer(IFLA_OPERSTATE);
            state && *state < operstates.size()) {
            port.operstate = operstates[*state];
        }
        if (statistics && attributes.has(IFLA_STATS64)) {
            port.statistics = statistics_of(attributes.bytes(IFLA_STATS64));
        }
    }
    return {};
}

Answer<void> set_admin(Transport& transport, int ifindex, bool up) {
    auto head = interface_header(ifindex);
    head.ifi_change = IFF_UP;
    head.ifi_flags = up ? IFF_UP : 0;
    Builder builder(RTM_NEWLINK, 0);
    builder.header(head);
    const auto answer = transport.exchange(NETLINK_ROUTE, std::move(builder).finish());
    if (!answer) {
        return Unexpected{answer.error()};
    }
    return {};
}

} // namespace mo::ofctl
