// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl lane show.
#include <cerrno>

#include "ofctl/units.hpp"
#include "ofctl/values.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {

namespace {

Json lane_value(const Lane& lane) {
    constexpr auto details = Show::Where::details;
    constexpr auto statistics = Show::Where::statistics;
    ObjectBuilder item;
    item.add("lane", lane.lane)
        .add("state", lane.state)
        .add("tx_power_dbm", dbm_of_nw(lane.tx_power_nw), {.label = "tx dBm", .decimals = 2})
        .add("rx_power_dbm", dbm_of_nw(lane.rx_power_nw), {.label = "rx dBm", .decimals = 2})
        .add("bias_ma", scaled(lane.bias_ua, 1e3), {.label = "bias mA", .decimals = 1})
        .add("laser_temp_c", scaled(lane.laser_temp_mc, 1e3),
             {.label = "laser C", .decimals = 1, .where = details})
        .add("snr_db", scaled(lane.snr_mdb, 1e3), {.label = "snr dB", .decimals = 1})
        .add("pre_fec_ber", lane.pre_fec_ber(),
             {.label = "pre-FEC BER", .decimals = 1, .scientific = true})
        .add("bits", lane.bits, {.where = statistics})
        .add("bit_errors", lane.bit_errors, {.label = "bit errors", .where = statistics})
        .add("symbol_errors", lane.symbol_errors, {.label = "symbol errors", .where = statistics})
        .add("flags", lane.flags);
    return item.done();
}

} // namespace

Json lanes_value(const Port& port, const LaneSnapshot& snapshot,
                 std::optional<std::uint32_t> only) {
    Json::Array lanes;
    for (const auto& lane : snapshot.lanes) {
        if (!only || lane.lane == *only) {
            lanes.push_back(lane_value(lane));
        }
    }
    return identified("ifname", port.ifname)
        .add("link", port.carrier ? "up" : "down")
        .add("state", port.link_state)
        .add("reason", port.reason)
        .add("time_ns", snapshot.time_ns, {.where = Show::Where::details})
        .add("age_ns", snapshot.age_ns, {.where = Show::Where::details})
        .add("lanes", std::move(lanes))
        .done();
}

Exit lane_show(Context& context, const Words& words) {
    const auto number = words.number("lane");
    if (!number) {
        return usage_error(number.error().text);
    }
    const auto& only = *number;
    return show_ports(context, words.name(), false, [&](const Port& port) -> Answer<Json> {
        const auto snapshot = context.client.lanes(port);
        if (!snapshot) {
            return Unexpected{snapshot.error()};
        }
        if (only && *only >= snapshot->lanes.size()) {
            return refuse(ERANGE, "lane " + std::to_string(*only) + " is out of range 0.." +
                                      std::to_string(snapshot->lanes.size() - 1));
        }
        return lanes_value(port, *snapshot, only);
    });
}

} // namespace mo::ofctl
