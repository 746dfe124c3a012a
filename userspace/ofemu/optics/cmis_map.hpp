// SPDX-License-Identifier: GPL-2.0-or-later
// The identity of a CMIS 5.2 module (OIF-CMIS-05.2), and its pages before any state is in them.
// Where what stands is in driver/hw/cmis.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/cmis.hpp"

namespace mo::optics::cmis {

using namespace mo::cmis; // the fields

using Page = std::array<std::uint8_t, MO_CMIS_PAGE_LEN>;

using ModuleState = hw::mo_cmis_module_state;
using DataPath = hw::mo_cmis_dp_state;
using ConfigStatus = hw::mo_cmis_config_status;

/// One application descriptor (00h:86).
struct App {
    std::uint8_t host_id = 0;  ///< SFF-8024 host interface
    std::uint8_t media_id = 0; ///< SFF-8024 single-mode media interface
    std::uint8_t lanes = 0;    ///< lanes of host and media
    std::uint8_t starts = 0;   ///< bit per lane on which the data path may start
};

/// Limits of a monitored value, in its own unit.
struct Limits {
    double high_alarm;
    double low_alarm;
    double high_warn;
    double low_warn;
};

/// How long a transition takes; what the pages advertise is the class it falls into.
struct Timing {
    std::uint64_t mgmt_init_ns = 30'000'000;
    std::uint64_t power_up_ns = 60'000'000;
    std::uint64_t power_down_ns = 3'000'000;
    std::uint64_t apply_ns = 1'000'000;
    std::uint64_t dp_init_ns = 30'000'000;
    std::uint64_t dp_deinit_ns = 2'000'000;
    std::uint64_t tx_turn_on_ns = 3'000'000;
    std::uint64_t tx_turn_off_ns = 500'000;
};

/// What a module is, apart from its state.
struct Identity {
    std::uint8_t identifier = hw::MO_CMIS_ID_OSFP;
    std::string vendor = "Mesh Optical";
    std::array<std::uint8_t, 3> oui{0x00, 0x00, 0x00}; ///< none assigned
    std::string part;
    std::string revision = "1A";
    std::string serial;
    std::string date = "260301  "; ///< YYMMDD and lot
    std::uint8_t connector = hw::MO_CMIS_CONNECTOR_MPO_1X12;
    std::uint8_t power_class = 5; ///< 1..8
    double max_power_w = 8.5;
    unsigned length_m = 500;
    double wavelength_nm = 1310.0;
    double tolerance_nm = 6.5;
    unsigned lanes = 8;
    std::vector<App> apps;
    Timing timing;
    Limits temp_c{75.0, -5.0, 70.0, 0.0};
    Limits vcc_v{3.63, 2.97, 3.465, 3.135};
    Limits tx_power_dbm{5.0, -5.9, 4.0, -2.9};
    Limits bias_ma{110.0, 10.0, 100.0, 20.0};
    Limits rx_power_dbm{5.0, -8.9, 4.0, -5.9};
};

/// 800G-DR8, linear (LPO): no retimer. Also 2x400G-DR4, 4x200G-DR2 and 8x100G-DR1.
[[nodiscard]] Identity dr8_lpo(const std::string& serial);
/// 400G-DR4, linear, four lanes.
[[nodiscard]] Identity dr4_lpo(const std::string& serial);

/// Code of a maximum duration in 01h:144, 167, 168 (CMIS table 8-45).
[[nodiscard]] std::uint8_t duration_code(std::uint64_t ns);

/// Page 00h lower memory, without state.
[[nodiscard]] Page lower_memory(const Identity& identity);
/// Pages 00h (upper), 01h, 02h with their checksums; 10h with its reset values.
[[nodiscard]] std::optional<Page> upper_page(const Identity& identity, std::uint8_t page);

/// Byte `address` (0..255, as the specification counts) of a lower or upper page.
[[nodiscard]] inline std::uint8_t& at(Page& page, unsigned address) {
    return page[address & 0x7fU];
}
[[nodiscard]] inline std::uint8_t at(const Page& page, unsigned address) {
    return page[address & 0x7fU];
}
/// Puts a number into a field of one byte (those bits only) or of two.
void put(Page& page, const Field& field, std::uint32_t value);
/// Big-endian 16-bit value at `address`.
void put16(Page& page, unsigned address, std::uint32_t value);

} // namespace mo::optics::cmis
