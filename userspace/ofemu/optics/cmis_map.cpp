// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/cmis_map.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "optics/physics.hpp"

namespace mo::optics::cmis {

namespace {

constexpr std::uint8_t revision_5_2 = 0x52;
constexpr std::uint8_t function_transmission = 0x00;
constexpr std::uint8_t media_single_mode = 0x02;
constexpr std::uint8_t technology_1310_dfb = 0x04;

void put_text(Page& page, unsigned address, std::size_t size, const std::string& text) {
    for (std::size_t i = 0; i < size; ++i) {
        at(page, address + static_cast<unsigned>(i)) =
            static_cast<std::uint8_t>(i < text.size() ? text[i] : ' ');
    }
}

std::uint8_t sum(const Page& page, unsigned first, unsigned last) {
    unsigned total = 0;
    for (unsigned address = first; address <= last; ++address) {
        total += at(page, address);
    }
    return static_cast<std::uint8_t>(total);
}

void put_app(Page& page, unsigned address, const App& app) {
    at(page, address) = app.host_id;
    at(page, address + 1) = app.media_id;
    at(page, address + 2) = static_cast<std::uint8_t>(app.lanes << 4U | app.lanes);
    at(page, address + 3) = app.starts;
}

void put_limits(Page& page, unsigned address, const Limits& limits, double per_unit) {
    const double values[] = {limits.high_alarm, limits.low_alarm, limits.high_warn,
                             limits.low_warn};
    for (std::size_t i = 0; i < std::size(values); ++i) {
        put16(page, address + static_cast<unsigned>(2 * i),
              static_cast<std::uint16_t>(std::lround(values[i] * per_unit)));
    }
}

Limits to_mw(const Limits& dbm) {
    return {dbm_to_mw(dbm.high_alarm), dbm_to_mw(dbm.low_alarm), dbm_to_mw(dbm.high_warn),
            dbm_to_mw(dbm.low_warn)};
}

std::uint8_t durations(std::uint64_t low_nibble_ns, std::uint64_t high_nibble_ns) {
    return static_cast<std::uint8_t>(duration_code(high_nibble_ns) << 4U |
                                     duration_code(low_nibble_ns));
}

Page admin_page(const Identity& identity) {
    Page page{};
    at(page, 128) = identity.identifier;
    put_text(page, 129, 16, identity.vendor);
    std::copy(identity.oui.begin(), identity.oui.end(), &at(page, 145));
    put_text(page, 148, 16, identity.part);
    put_text(page, 164, 2, identity.revision);
    put_text(page, 166, 16, identity.serial);
    put_text(page, 182, 8, identity.date);
    put_text(page, 190, 10, "");
    at(page, 200) = static_cast<std::uint8_t>((identity.power_class - 1U) << 5U);
    at(page, 201) = static_cast<std::uint8_t>(std::lround(identity.max_power_w * 4.0));
    at(page, 203) = identity.connector;
    // A set bit means that the near end lacks the media lane.
    at(page, 210) = static_cast<std::uint8_t>(0xffU << identity.lanes);
    at(page, 212) = technology_1310_dfb;
    at(page, 222) = sum(page, 128, 221);
    return page;
}

Page advertising_page(const Identity& identity) {
    const Timing& timing = identity.timing;
    Page page{};
    at(page, 130) = 1;                                                  // hardware revision 1.0
    at(page, 132) = static_cast<std::uint8_t>(identity.length_m / 100); // unit 0.1 km
    put16(page, 138, static_cast<std::uint32_t>(std::lround(identity.wavelength_nm / 0.05)));
    put16(page, 140, static_cast<std::uint32_t>(std::lround(identity.tolerance_nm / 0.005)));
    at(page, 144) = durations(timing.dp_init_ns, timing.dp_deinit_ns);
    at(page, 146) = static_cast<std::uint8_t>(std::lround(identity.temp_c.high_alarm));
    at(page, 147) = static_cast<std::uint8_t>(std::lround(identity.temp_c.low_alarm));
    put16(page, 148, 1);       // propagation delay, 10 ns: no retimer
    at(page, 150) = 3100 / 20; // least supply, 20 mV
    at(page, 151) = 0x10;      // Rx power is average power, PIN detector
    at(page, 155) = 0x22;      // squelch reduces the mean power, Tx can be disabled
    at(page, 156) = 0x02;      // Rx output can be disabled
    at(page, 157) = 0x03;      // Tx flags: LOS, fault
    at(page, 158) = 0x02;      // Rx flags: LOS
    at(page, 159) = 0x03;      // monitors: temperature, supply
    at(page, 160) = 0x07;      // monitors: bias (x1), Tx power, Rx power
    at(page, 167) = durations(timing.power_up_ns, timing.power_down_ns);
    at(page, 168) = durations(timing.tx_turn_on_ns, timing.tx_turn_off_ns);
    for (std::size_t i = 0; i < identity.apps.size() && i < 15; ++i) {
        at(page, 176 + static_cast<unsigned>(i)) = identity.apps[i].starts; // media lanes
    }
    at(page, 255) = sum(page, 130, 254);
    return page;
}

Page threshold_page(const Identity& identity) {
    constexpr double temp_per_c = 256.0;
    constexpr double supply_per_v = 10000.0;
    constexpr double power_per_mw = 10000.0;
    constexpr double bias_per_ma = 500.0;
    Page page{};
    put_limits(page, thresholds_temp, identity.temp_c, temp_per_c);
    put_limits(page, thresholds_vcc, identity.vcc_v, supply_per_v);
    put_limits(page, thresholds_tx_power, to_mw(identity.tx_power_dbm), power_per_mw);
    put_limits(page, thresholds_bias, identity.bias_ma, bias_per_ma);
    put_limits(page, thresholds_rx_power, to_mw(identity.rx_power_dbm), power_per_mw);
    at(page, 255) = sum(page, 128, 254);
    return page;
}

Page control_page(const Identity& identity) {
    constexpr std::uint8_t app_sel_1 = 0x10; // one data path that starts at lane 0
    Page page{};
    for (unsigned lane = 0; lane < identity.lanes; ++lane) {
        at(page, staged_config + lane) = app_sel_1;
    }
    return page;
}

Identity lpo(const std::string& serial) {
    Identity identity;
    identity.serial = serial;
    return identity;
}

} // namespace

void put16(Page& page, unsigned address, std::uint32_t value) {
    at(page, address) = static_cast<std::uint8_t>(value >> 8U);
    at(page, address + 1) = static_cast<std::uint8_t>(value);
}

Identity dr8_lpo(const std::string& serial) {
    Identity identity = lpo(serial);
    identity.part = "MO-8DR8-LPO";
    identity.apps = {
        {0x23, 0x92, 8, 0x01}, // LEI-800G, 800G-DR8-LPO
        {0x22, 0x91, 4, 0x11}, // LEI-400G, 400G-DR4-LPO
        {0x21, 0x90, 2, 0x55}, // LEI-200G, 200G-DR2-LPO
        {0x20, 0x8f, 1, 0xff}, // LEI-100G, 100G-DR1-LPO
    };
    return identity;
}

Identity dr4_lpo(const std::string& serial) {
    Identity identity = lpo(serial);
    identity.identifier = 0x1e; // QSFP112 with CMIS
    identity.part = "MO-4DR4-LPO";
    identity.max_power_w = 4.5;
    identity.power_class = 4;
    identity.lanes = 4;
    identity.apps = {
        {0x22, 0x91, 4, 0x01},
        {0x21, 0x90, 2, 0x05},
        {0x20, 0x8f, 1, 0x0f},
    };
    return identity;
}

std::uint8_t duration_code(std::uint64_t ns) {
    constexpr std::uint64_t ms = 1'000'000;
    constexpr std::uint64_t below[] = {1 * ms,   5 * ms,    10 * ms,   50 * ms,    100 * ms,
                                       500 * ms, 1000 * ms, 5000 * ms, 10000 * ms, 60000 * ms};
    std::uint8_t code = 0;
    for (const std::uint64_t limit : below) {
        if (ns < limit) {
            break;
        }
        ++code;
    }
    return code;
}

Page lower_memory(const Identity& identity) {
    Page page{};
    at(page, 0) = identity.identifier;
    at(page, 1) = revision_5_2;
    at(page, 2) = 0x04; // paged; bus up to 1 MHz
    at(page, lower_control) = control_allow_hw;
    at(page, 39) = 1; // active firmware 1.0
    at(page, 57) = function_transmission;
    at(page, 85) = media_single_mode;
    unsigned address = lower_apps;
    for (const App& app : identity.apps) {
        put_app(page, address, app);
        address += 4;
    }
    if (identity.apps.size() < 8) {
        at(page, address) = 0xff; // end of the list
    }
    return page;
}

std::optional<Page> upper_page(const Identity& identity, std::uint8_t page) {
    switch (page) {
    case 0x00:
        return admin_page(identity);
    case 0x01:
        return advertising_page(identity);
    case 0x02:
        return threshold_page(identity);
    case 0x10:
        return control_page(identity);
    default:
        return std::nullopt;
    }
}

} // namespace mo::optics::cmis
