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

void put_text(Page& page, const Field& field, const std::string& text) {
    for (unsigned i = 0; i < field.bytes; ++i) {
        at(page, field.byte + i) = static_cast<std::uint8_t>(i < text.size() ? text[i] : ' ');
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

void put_limits(Page& page, const Field& field, const Limits& limits, double per_unit) {
    const double values[] = {limits.high_alarm, limits.low_alarm, limits.high_warn,
                             limits.low_warn};
    for (std::size_t i = 0; i < std::size(values); ++i) {
        put16(page, field.byte + static_cast<unsigned>(2 * i),
              static_cast<std::uint16_t>(std::lround(values[i] * per_unit)));
    }
}

Limits to_mw(const Limits& dbm) {
    return {dbm_to_mw(dbm.high_alarm), dbm_to_mw(dbm.low_alarm), dbm_to_mw(dbm.high_warn),
            dbm_to_mw(dbm.low_warn)};
}

std::uint32_t rounded(double value) {
    return static_cast<std::uint32_t>(std::lround(value));
}

/// The sum of what stands from `first` up to the checksum.
void put_checksum(Page& page, unsigned first, const Field& field) {
    put(page, field, sum(page, first, field.byte - 1));
}

Page admin_page(const Identity& identity) {
    Page page{};
    put(page, p00_ID, identity.identifier);
    put_text(page, p00_VENDOR, identity.vendor);
    std::copy(identity.oui.begin(), identity.oui.end(), &at(page, p00_OUI.byte));
    put_text(page, p00_PART, identity.part);
    put_text(page, p00_PART_REVISION, identity.revision);
    put_text(page, p00_SERIAL, identity.serial);
    put_text(page, p00_DATE, identity.date);
    put_text(page, p00_CLEI, "");
    put(page, p00_POWER_CLASS, identity.power_class - 1U);
    put(page, p00_MAX_POWER, rounded(identity.max_power_w * 4.0));
    put(page, p00_CONNECTOR, identity.connector);
    put(page, p00_LANES_LACKING, 0xffU << identity.lanes);
    put(page, p00_TECHNOLOGY, hw::MO_CMIS_TECHNOLOGY_DFB_1310);
    put_checksum(page, p00_ID.byte, p00_CHECKSUM);
    return page;
}

Page advertising_page(const Identity& identity) {
    const Timing& timing = identity.timing;
    Page page{};
    put(page, p01_HW_MAJOR, 1);
    put(page, p01_LENGTH, identity.length_m / 100); // LENGTH_SCALE 0: 0.1 km
    put(page, p01_WAVELENGTH, rounded(identity.wavelength_nm / 0.05));
    put(page, p01_TOLERANCE, rounded(identity.tolerance_nm / 0.005));
    put(page, p01_DP_INIT_TIME, duration_code(timing.dp_init_ns));
    put(page, p01_DP_DEINIT_TIME, duration_code(timing.dp_deinit_ns));
    put(page, p01_MAX_TEMP, rounded(identity.temp_c.high_alarm));
    put(page, p01_MIN_TEMP, rounded(identity.temp_c.low_alarm));
    put(page, p01_DELAY, 1); // no retimer
    put(page, p01_MIN_VCC, 3100 / 20);
    put(page, p01_DETECTOR, 0x10);    // Rx power is average power, PIN detector
    put(page, p01_TX_CONTROLS, 0x22); // squelch reduces the mean power, Tx can be disabled
    put(page, p01_RX_CONTROLS, 0x02); // Rx output can be disabled
    put(page, p01_TX_FLAGS, 0x03);    // LOS, fault
    put(page, p01_RX_FLAGS, 0x02);    // LOS
    put(page, p01_MONITORS, 0x03);
    put(page, p01_HAS_BIAS, 1);
    put(page, p01_HAS_TX_POWER, 1);
    put(page, p01_HAS_RX_POWER, 1);
    put(page, p01_PWR_UP_TIME, duration_code(timing.power_up_ns));
    put(page, p01_PWR_DOWN_TIME, duration_code(timing.power_down_ns));
    put(page, p01_TX_ON_TIME, duration_code(timing.tx_turn_on_ns));
    put(page, p01_TX_OFF_TIME, duration_code(timing.tx_turn_off_ns));
    for (unsigned i = 0; i < identity.apps.size() && i < p01_MEDIA_STARTS.bytes; ++i) {
        at(page, p01_MEDIA_STARTS.byte + i) = identity.apps[i].starts;
    }
    put_checksum(page, p01_HW_MAJOR.byte, p01_CHECKSUM);
    return page;
}

Page threshold_page(const Identity& identity) {
    constexpr double temp_per_c = 256.0;
    constexpr double supply_per_v = 10000.0;
    constexpr double power_per_mw = 10000.0;
    constexpr double bias_per_ma = 500.0;
    Page page{};
    put_limits(page, p02_TEMP_LIMITS, identity.temp_c, temp_per_c);
    put_limits(page, p02_VCC_LIMITS, identity.vcc_v, supply_per_v);
    put_limits(page, p02_TX_POWER_LIMITS, to_mw(identity.tx_power_dbm), power_per_mw);
    put_limits(page, p02_BIAS_LIMITS, identity.bias_ma, bias_per_ma);
    put_limits(page, p02_RX_POWER_LIMITS, to_mw(identity.rx_power_dbm), power_per_mw);
    put_checksum(page, p02_TEMP_LIMITS.byte, p02_CHECKSUM);
    return page;
}

Page control_page(const Identity& identity) {
    constexpr std::uint8_t app_sel_1 = 0x10; // one data path that starts at lane 0
    Page page{};
    for (unsigned lane = 0; lane < identity.lanes; ++lane) {
        at(page, hw::MO_CMIS_10_CONFIG + lane) = app_sel_1;
    }
    return page;
}

Identity lpo(const std::string& serial) {
    Identity identity;
    identity.serial = serial;
    return identity;
}

} // namespace

void put(Page& page, const Field& field, std::uint32_t value) {
    if (field.bytes == 2) {
        put16(page, field.byte, value);
        return;
    }
    std::uint8_t& byte = at(page, field.byte);
    byte = static_cast<std::uint8_t>((byte & ~field.mask) | (value << field.shift & field.mask));
}

void put16(Page& page, unsigned address, std::uint32_t value) {
    at(page, address) = static_cast<std::uint8_t>(value >> 8U);
    at(page, address + 1) = static_cast<std::uint8_t>(value);
}

Identity dr8_lpo(const std::string& serial) {
    Identity identity = lpo(serial);
    identity.part = "MO-8DR8-LPO";
    identity.apps = {
        {hw::MO_CMIS_HOST_LEI_800G, hw::MO_CMIS_SMF_800G_DR8_LPO, 8, 0x01},
        {hw::MO_CMIS_HOST_LEI_400G, hw::MO_CMIS_SMF_400G_DR4_LPO, 4, 0x11},
        {hw::MO_CMIS_HOST_LEI_200G, hw::MO_CMIS_SMF_200G_DR2_LPO, 2, 0x55},
        {hw::MO_CMIS_HOST_LEI_100G, hw::MO_CMIS_SMF_100G_DR_LPO, 1, 0xff},
    };
    return identity;
}

Identity dr4_lpo(const std::string& serial) {
    Identity identity = lpo(serial);
    identity.identifier = hw::MO_CMIS_ID_QSFP;
    identity.part = "MO-4DR4-LPO";
    identity.max_power_w = 4.5;
    identity.power_class = 4;
    identity.lanes = 4;
    identity.apps = {
        {hw::MO_CMIS_HOST_LEI_400G, hw::MO_CMIS_SMF_400G_DR4_LPO, 4, 0x01},
        {hw::MO_CMIS_HOST_LEI_200G, hw::MO_CMIS_SMF_200G_DR2_LPO, 2, 0x05},
        {hw::MO_CMIS_HOST_LEI_100G, hw::MO_CMIS_SMF_100G_DR_LPO, 1, 0x0f},
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
    put(page, pLOW_ID, identity.identifier);
    put(page, pLOW_REVISION, revision_5_2);
    put(page, pLOW_BUS_SPEED, 1); // up to 1 MHz
    put(page, pLOW_LOW_PWR_ALLOW_HW, 1);
    put(page, pLOW_FW_MAJOR, 1);
    put(page, pLOW_FUNCTION, function_transmission);
    put(page, pLOW_MEDIA_TYPE, hw::MO_CMIS_MEDIA_SINGLE_MODE);
    constexpr unsigned most = hw::MO_CMIS_LOW_APPS_LEN / MO_CMIS_APP_LEN;
    unsigned address = pLOW_APPS.byte;
    for (const App& app : identity.apps) {
        put_app(page, address, app);
        address += MO_CMIS_APP_LEN;
    }
    if (identity.apps.size() < most) {
        at(page, address) = MO_CMIS_APPS_END;
    }
    return page;
}

std::optional<Page> upper_page(const Identity& identity, std::uint8_t page) {
    switch (page) {
    case hw::MO_CMIS_PAGE_00:
        return admin_page(identity);
    case hw::MO_CMIS_PAGE_01:
        return advertising_page(identity);
    case hw::MO_CMIS_PAGE_02:
        return threshold_page(identity);
    case hw::MO_CMIS_PAGE_10:
        return control_page(identity);
    default:
        return std::nullopt;
    }
}

} // namespace mo::optics::cmis
