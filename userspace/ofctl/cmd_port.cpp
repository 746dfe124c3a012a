// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl port show, ofctl port set.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iostream>

#include "ofctl/units.hpp"
#include "ofctl/values.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {

namespace {

constexpr std::uint32_t mbps_per_gbps = 1000;

Json statistics_value(const PortStatistics& s) {
    return ObjectBuilder()
        .add("rx_packets", s.rx_packets)
        .add("rx_bytes", s.rx_bytes)
        .add("rx_errors", s.rx_errors)
        .add("rx_dropped", s.rx_dropped)
        .add("rx_crc_errors", s.rx_crc_errors)
        .add("rx_missed", s.rx_missed)
        .add("multicast", s.multicast)
        .add("tx_packets", s.tx_packets)
        .add("tx_bytes", s.tx_bytes)
        .add("tx_errors", s.tx_errors)
        .add("tx_dropped", s.tx_dropped)
        .done();
}

Json fec_value(const FecStatistics& fec) {
    ObjectBuilder item;
    item.add("corrected_blocks", fec.corrected_blocks)
        .add("uncorrectable_blocks", fec.uncorrectable_blocks)
        .add("corrected_bits", fec.corrected_bits);
    if (!fec.corrected_per_lane.empty()) {
        Json::Array lanes;
        for (const auto value : fec.corrected_per_lane) {
            lanes.emplace_back(value);
        }
        item.add("corrected_blocks_per_lane", std::move(lanes));
    }
    return item.done();
}

Json::Array lanes_of(std::uint32_t mask) {
    Json::Array lanes;
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
        if ((mask >> lane & 1U) != 0) {
            lanes.emplace_back(lane);
        }
    }
    return lanes;
}

} // namespace

Json port_value(const Port& port) {
    constexpr auto details = Show::Where::details;
    constexpr auto statistics = Show::Where::statistics;
    ObjectBuilder item = identified("ifname", port.ifname);
    item.add("ifindex", port.ifindex, {.where = details})
        .add("dev", port.device)
        .add("address", port.address, {.where = details})
        .add("mtu", port.mtu, {.where = details})
        .add("admin", port.admin_up ? "up" : "down")
        .add("link", port.carrier ? "up" : "down");
    item.add("operstate", port.operstate, {.where = details});
    if (port.speed_mbps) {
        item.add("speed_mbps", *port.speed_mbps, {.label = "speed"});
    }
    item.add("lanes", port.lanes);
    if (port.lanes_ok) {
        item.add("lanes_ok", lanes_of(*port.lanes_ok), {.where = details});
    }
    if (port.reason_lanes) {
        item.add("reason_lanes", lanes_of(*port.reason_lanes), {.where = details});
    }
    item.add("fec", port.fec_active)
        .add("fec_configured", port.fec_configured, {.where = details})
        .add("autoneg", port.autoneg, {.where = details})
        .add("state", port.link_state)
        .add("reason", port.reason)
        .add("blame", port.reason ? port.blame : std::nullopt)
        .add("ext_state", port.ext_state, {.where = details})
        .add("ext_substate", port.ext_substate, {.where = details})
        .add("down_count", port.down_count, {.label = "downs"})
        .add("last_reason", port.last_reason, {.where = details})
        .add("bring_up_ms", rounded(scaled(port.up_ns, 1e6), 1000), {.where = details})
        .add("modes", port.supported_modes, {.where = details});
    if (port.statistics) {
        item.add("statistics", statistics_value(*port.statistics), {.where = statistics});
    }
    if (port.fec_statistics) {
        item.add("fec_statistics", fec_value(*port.fec_statistics), {.where = statistics});
    }
    return item.done();
}

namespace {

/// "100000", "100G" or "100g".
std::optional<std::uint32_t> parse_speed(const std::string& text) {
    std::uint32_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, status] = std::from_chars(text.data(), end, value);
    if (status != std::errc{} || value == 0) {
        return std::nullopt;
    }
    if (rest == end) {
        return value;
    }
    if (rest + 1 == end && (*rest == 'G' || *rest == 'g') && value < 10000) {
        return value * mbps_per_gbps;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> parse_count(const std::string& text) {
    std::uint32_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, status] = std::from_chars(text.data(), end, value);
    return status == std::errc{} && rest == end && value > 0 ? std::optional(value) : std::nullopt;
}

/// Speeds of ethtool's mode names ("800000baseDR8/Full"), each once.
std::vector<std::uint32_t> speeds_of(const Port& port) {
    std::vector<std::uint32_t> speeds;
    for (const auto& mode : port.supported_modes) {
        std::uint32_t speed = 0;
        std::from_chars(mode.data(), mode.data() + mode.size(), speed);
        if (speed != 0 && std::find(speeds.begin(), speeds.end(), speed) == speeds.end()) {
            speeds.push_back(speed);
        }
    }
    return speeds;
}

template <typename T>
bool holds(const std::vector<T>& values, const T& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

/// What a port is to be; the error's text says which value makes no sense.
Result<PortChange> read_change(const Words& words) {
    PortChange change;
    if (const auto* const admin = words.find("admin")) {
        if (*admin != "up" && *admin != "down") {
            return fail(EINVAL, "admin \"" + *admin + "\" is neither up nor down");
        }
        change.admin_up = *admin == "up";
    }
    if (const auto* const speed = words.find("speed")) {
        change.speed_mbps = parse_speed(*speed);
        if (!change.speed_mbps) {
            return fail(EINVAL,
                        "speed \"" + *speed + "\" is neither Mbit/s nor Gbit/s such as 400G");
        }
    }
    if (const auto* const lanes = words.find("lanes")) {
        change.lanes = parse_count(*lanes);
        if (!change.lanes) {
            return fail(EINVAL, "lanes \"" + *lanes + "\" is not a number above 0");
        }
    }
    if (const auto* const fec = words.find("fec")) {
        static const std::vector<std::string> known = {"auto", "off", "rs", "baser", "llrs"};
        if (!holds(known, *fec)) {
            return fail(EINVAL,
                        "fec \"" + *fec + "\" is not known; use auto, off, rs, baser or llrs");
        }
        change.fec = *fec;
    }
    return change;
}

/// What a port can do, as the kernel lists it; empty: it does not.
std::string speeds_text(const Port& port) {
    std::string text;
    for (const auto speed : speeds_of(port)) {
        text += (text.empty() ? "" : ", ") + std::to_string(speed);
    }
    return text;
}
std::string fec_text(const Port& port) {
    std::string text;
    for (const auto& fec : port.fec_supported) {
        text += (text.empty() ? "auto, " : ", ") + fec;
    }
    return text;
}

/// The kernel's interface for speed has no room for an explanation: it is given here.
Result<void> check_speed(const Port& port, const PortChange& change) {
    const auto speeds = speeds_of(port);
    if (change.speed_mbps && !speeds.empty() && !holds(speeds, *change.speed_mbps)) {
        return fail(EINVAL, "speed " + std::to_string(*change.speed_mbps) +
                                " Mbit/s is not possible; this port can do " + speeds_text(port));
    }
    return {};
}

/// Nor has that for lanes and FEC, but whether they are possible the driver knows best: beside its
/// refusal stands what it lists as possible.
Exit explain(const KernelError& error, const Port& port, const PortChange& change) {
    const auto exit = report(error, port.ifname);
    const bool mode = change.speed_mbps || change.lanes || change.fec;
    const auto speeds = speeds_text(port), fec = fec_text(port);
    if (mode && (error.code == EINVAL || error.code == EOPNOTSUPP) &&
        !(speeds.empty() && fec.empty())) {
        std::cerr << "This port can do" << (speeds.empty() ? "" : " speed " + speeds)
                  << (speeds.empty() || fec.empty() ? "" : ";")
                  << (fec.empty() ? "" : " fec " + fec) << "; not all of it together.\n";
    }
    return exit;
}

} // namespace

Exit port_show(Context& context, const Words& words) {
    return show_ports(context, words.name(), context.options.statistics,
                      [](const Port& port) -> Answer<Json> { return port_value(port); });
}

Exit port_set(Context& context, const Words& words) {
    // The whole line is understood before anything is asked of the kernel.
    const auto change = read_change(words);
    if (!change) {
        return usage_error(change.error().text);
    }
    std::vector<Port> ports;
    Exit exit = Exit::ok;
    if (!find_ports(context, words.name(), false, ports, exit)) {
        return exit;
    }
    const Port& port = ports.front();
    if (const auto possible = check_speed(port, *change); !possible) {
        return report({EINVAL, possible.error().text, false}, port.ifname);
    }
    if (const auto set = context.client.set_port(port, *change); !set) {
        return explain(set.error(), port, *change);
    }
    return Exit::ok;
}

} // namespace mo::ofctl
