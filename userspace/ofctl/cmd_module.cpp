// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl module show.
#include "ofctl/units.hpp"
#include "ofctl/values.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {

namespace {

constexpr double thousandths = 1e3;
constexpr auto details = Show::Where::details;

Json thresholds_value(const Module& module) {
    Json::Array rows;
    const auto add = [&](const char* value, const std::optional<Thresholds>& limits) {
        if (!limits) {
            return;
        }
        const auto round = [](double v) { return *rounded(v, 1e4); };
        rows.push_back(ObjectBuilder()
                           .add("value", value)
                           .add("low_alarm", round(limits->low_alarm))
                           .add("low_warning", round(limits->low_warning))
                           .add("high_warning", round(limits->high_warning))
                           .add("high_alarm", round(limits->high_alarm))
                           .done());
    };
    add("temperature_c", module.temperature_thresholds);
    add("voltage_v", module.voltage_thresholds);
    add("tx_power_mw", module.tx_power_thresholds);
    add("rx_power_mw", module.rx_power_thresholds);
    add("bias_ma", module.bias_thresholds);
    return rows;
}

Json module_lanes_value(const Module& module) {
    Json::Array rows;
    for (const auto& lane : module.lanes) {
        rows.push_back(ObjectBuilder()
                           .add("lane", lane.lane)
                           .add("data_path", lane.datapath_state)
                           .add("tx_power_dbm", dbm_of_mw(lane.tx_power_mw),
                                {.label = "tx dBm", .decimals = 2})
                           .add("rx_power_dbm", dbm_of_mw(lane.rx_power_mw),
                                {.label = "rx dBm", .decimals = 2})
                           .add("bias_ma", rounded(lane.bias_ma, thousandths),
                                {.label = "bias mA", .decimals = 1})
                           .add("flags", lane.flags)
                           .add("latched", lane.latched)
                           .done());
    }
    return rows;
}

} // namespace

Json module_value(const Port& port, const Module& module) {
    ObjectBuilder item = identified("ifname", port.ifname);
    item.add("present", module.present);
    if (!module.present) {
        return item.done();
    }
    item.add("identifier", module.identifier, {.label = "type"})
        .add("media", module.media)
        .add("linear", module.linear, {.where = details})
        .add("state", module.state)
        .add_text("vendor", module.vendor)
        .add_text("part", module.part)
        .add_text("serial", module.serial)
        .add("cmis_revision", module.revision, {.label = "CMIS"})
        .add_text("oui", module.oui, {.where = details})
        .add_text("hardware_revision", module.hardware_revision, {.where = details})
        .add_text("date", module.date, {.where = details})
        .add("firmware", module.firmware)
        .add("power_mode", module.power_mode, {.label = "power"})
        .add("power_policy", module.power_policy, {.where = details})
        .add("max_power_w", module.max_power_w, {.label = "max W", .where = details})
        .add("connector", module.connector, {.where = details})
        .add("technology", module.technology, {.where = details})
        .add("wavelength_nm", rounded(module.wavelength_nm, thousandths),
             {.label = "nm", .where = details})
        .add("length_m", module.length_m, {.label = "reach m", .where = details})
        .add("temperature_c", rounded(module.temperature_c, thousandths),
             {.label = "temp C", .decimals = 1})
        .add("voltage_v", rounded(module.voltage_v, 1e4), {.label = "vcc V", .decimals = 2})
        .add("flags", module.flags)
        .add("latched", module.latched)
        .add("applications", module.applications, {.where = details})
        .add("lanes", module_lanes_value(module))
        .add("thresholds", thresholds_value(module), {.label = "limits", .where = details});
    return item.done();
}

Exit module_show(Context& context, const Words& words) {
    return show_ports(context, words.name(), false, [&](const Port& port) -> Answer<Json> {
        const auto module = context.client.module(port);
        if (!module) {
            return Unexpected{module.error()};
        }
        return module_value(port, *module);
    });
}

} // namespace mo::ofctl
