// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl port show, ofctl port set.
#include <algorithm>
#include <cerrno>
#include <charconv>

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

} // namespace

Exit port_show(Context& context, Arguments arguments) {
    const auto* name = arguments.empty() ? nullptr : &arguments[0];
    return show_ports(context, name, context.options.statistics,
                      [](const Port& port) -> Answer<Json> { return port_value(port); });
}

Exit port_set(Context& context, Arguments arguments) {
    // The whole line is understood before anything is asked of the kernel.
    PortChange change;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const auto& word = arguments[i];
        if (word == "up" || word == "down") {
            change.admin_up = word == "up";
            continue;
        }
        if (word != "speed" && word != "lanes" && word != "fec" && word != "admin") {
            return usage_error("\"" + word +
                               "\" is not known; use up, down, admin, speed, lanes or fec");
        }
        if (++i == arguments.size()) {
            return usage_error("\"" + word + "\" needs a value");
        }
        const auto& value = arguments[i];
        if (word == "speed") {
            change.speed_mbps = parse_speed(value);
            if (!change.speed_mbps) {
                return usage_error("speed \"" + value +
                                   "\" is neither Mbit/s nor Gbit/s such as 400G");
            }
        } else if (word == "lanes") {
            change.lanes = parse_count(value);
            if (!change.lanes) {
                return usage_error("lanes \"" + value + "\" is not a number above 0");
            }
        } else if (word == "admin") {
            if (value != "up" && value != "down") {
                return usage_error("admin \"" + value + "\" is neither up nor down");
            }
            change.admin_up = value == "up";
        } else {
            if (value != "auto" && value != "off" && value != "rs" && value != "baser" &&
                value != "llrs") {
                return usage_error("fec \"" + value +
                                   "\" is not known; use auto, off, rs, baser or llrs");
            }
            change.fec = value;
        }
    }
    std::vector<Port> ports;
    Exit exit = Exit::ok;
    if (!find_ports(context, &arguments[0], false, ports, exit)) {
        return exit;
    }
    // The kernel's interface for this has no room for an explanation: give it here.
    const auto speeds = speeds_of(ports.front());
    if (change.speed_mbps && !speeds.empty() &&
        std::find(speeds.begin(), speeds.end(), *change.speed_mbps) == speeds.end()) {
        std::string known;
        for (const auto speed : speeds) {
            known += (known.empty() ? "" : ", ") + std::to_string(speed);
        }
        return report({EINVAL,
                       "speed " + std::to_string(*change.speed_mbps) +
                           " Mbit/s is not possible; this port can do " + known,
                       false},
                      arguments[0]);
    }
    if (const auto set = context.client.set_port(ports.front(), change); !set) {
        return report(set.error(), arguments[0]);
    }
    return Exit::ok;
}

} // namespace mo::ofctl
