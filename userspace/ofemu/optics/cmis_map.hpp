// SPDX-License-Identifier: GPL-2.0-or-later
// Memory map of a CMIS 5.2 module (OIF-CMIS-05.2): byte addresses that the model needs by name, the
// identity of a module, and its pages before any state is in them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mo::optics::cmis {

using Page = std::array<std::uint8_t, 128>;

// Module states, 00h:3[3:1].
enum class ModuleState : std::uint8_t { low_pwr = 1, pwr_up = 2, ready = 3, pwr_dn = 4, fault = 5 };

// Data path states, 11h:128..131.
enum class DataPath : std::uint8_t {
    deactivated = 1,
    init = 2,
    deinit = 3,
    activated = 4,
    tx_turn_on = 5,
    tx_turn_off = 6,
    initialized = 7,
};

// Result of applying a configuration, 11h:202..205.
enum class ConfigStatus : std::uint8_t {
    undefined = 0,
    success = 1,
    rejected = 2,
    rejected_app_sel = 3,
    rejected_data_path = 4,
    rejected_lanes_in_use = 6,
    in_progress = 12,
};

// Lower memory.
inline constexpr unsigned lower_state = 3;
inline constexpr unsigned lower_flags_summary = 4;
inline constexpr unsigned lower_flags = 8; // 8 module state, 9 temperature and supply
inline constexpr unsigned lower_temp = 14;
inline constexpr unsigned lower_vcc = 16;
inline constexpr unsigned lower_control = 26;
inline constexpr unsigned lower_masks = 31; // masks of 8, 9
inline constexpr unsigned lower_fault = 41;
inline constexpr unsigned lower_apps = 86;
inline constexpr unsigned lower_bank = 126;
inline constexpr unsigned lower_page = 127;
inline constexpr std::uint8_t control_allow_hw = 0x40; // LowPwrAllowRequestHW
inline constexpr std::uint8_t control_low_pwr = 0x10;  // LowPwrRequestSW
inline constexpr std::uint8_t control_reset = 0x08;    // SoftwareReset
inline constexpr std::uint8_t flag_module_state = 0x01;

// Page 02h.
inline constexpr unsigned thresholds_temp = 128;
inline constexpr unsigned thresholds_vcc = 136;
inline constexpr unsigned thresholds_tx_power = 176;
inline constexpr unsigned thresholds_bias = 184;
inline constexpr unsigned thresholds_rx_power = 192;

// Page 10h.
inline constexpr unsigned dp_deinit = 128;
inline constexpr unsigned tx_disable = 130;
inline constexpr unsigned rx_disable = 138;
inline constexpr unsigned apply_dp_init = 143;
inline constexpr unsigned apply_immediate = 144;
inline constexpr unsigned staged_config = 145; // 8 lanes
inline constexpr unsigned lane_masks = 213;    // of 11h:134..153

// Page 11h.
inline constexpr unsigned dp_state = 128; // nibbles
inline constexpr unsigned rx_output = 132;
inline constexpr unsigned tx_output = 133;
inline constexpr unsigned lane_flags = 134; // to 153
inline constexpr unsigned lane_flags_count = 20;
inline constexpr unsigned flag_dp_state = 134;
inline constexpr unsigned flag_tx_fault = 135;
inline constexpr unsigned flag_tx_los = 136;
inline constexpr unsigned flag_tx_power = 139; // high alarm, low alarm, high warning, low warning
inline constexpr unsigned flag_bias = 143;
inline constexpr unsigned flag_rx_los = 147;
inline constexpr unsigned flag_rx_power = 149;
inline constexpr unsigned flag_rx_output = 153;
inline constexpr unsigned mon_tx_power = 154; // u16 per lane, 0.1 uW
inline constexpr unsigned mon_bias = 170;     // u16 per lane, 2 uA
inline constexpr unsigned mon_rx_power = 186; // u16 per lane, 0.1 uW
inline constexpr unsigned config_status = 202;
inline constexpr unsigned active_config = 206;
inline constexpr unsigned dp_init_pending = 235;

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
    std::uint8_t identifier = 0x19; ///< SFF-8024: OSFP
    std::string vendor = "Mesh Optical";
    std::array<std::uint8_t, 3> oui{0x00, 0x00, 0x00}; ///< none assigned
    std::string part;
    std::string revision = "1A";
    std::string serial;
    std::string date = "260301  "; ///< YYMMDD and lot
    std::uint8_t connector = 0x0c; ///< MPO 1x12
    std::uint8_t power_class = 5;  ///< 1..8
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
/// Big-endian 16-bit value at `address`.
void put16(Page& page, unsigned address, std::uint32_t value);

} // namespace mo::optics::cmis
