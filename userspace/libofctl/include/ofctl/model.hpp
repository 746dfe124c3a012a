// SPDX-License-Identifier: LGPL-2.1-or-later
// The plain model that libofctl returns: what a device, port, lane and module are, without a trace
// of netlink. A value that the kernel did not tell is an empty optional, never 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mo::ofctl {

/// A version as devlink names it ("fw", "fw.mgmt.api", ...).
struct Version {
    std::string name;
    std::optional<std::string> fixed;
    std::optional<std::string> running;
    std::optional<std::string> stored;
};

/// A devlink health reporter.
struct Reporter {
    std::string name;
    bool healthy = true;
    std::uint64_t errors = 0;
    std::uint64_t recoveries = 0;
    bool auto_recover = false;
    std::optional<std::uint64_t> dump_time_ns; ///< wall clock of the stored dump
};

/// A NIC, as devlink knows it.
struct Device {
    std::string bus;  ///< "pci"
    std::string name; ///< "0000:01:00.0"
    std::string driver;
    std::optional<std::string> serial;
    std::optional<std::string> board_serial;
    std::vector<Version> versions;
    std::vector<Reporter> reporters;
    std::vector<std::string> netdevs; ///< interface names of its ports
    std::optional<bool> reload_failed;

    /// devlink's handle, "pci/0000:01:00.0".
    [[nodiscard]] std::string handle() const { return bus + "/" + name; }
};

/// 64-bit interface statistics (rtnl_link_stats64).
struct PortStatistics {
    std::uint64_t rx_packets = 0, rx_bytes = 0, rx_errors = 0, rx_dropped = 0, multicast = 0;
    std::uint64_t tx_packets = 0, tx_bytes = 0, tx_errors = 0, tx_dropped = 0;
    std::uint64_t rx_crc_errors = 0, rx_missed = 0;
};

/// FEC counters of a port (ETHTOOL_MSG_FEC_GET with statistics). Blocks are codewords.
struct FecStatistics {
    std::optional<std::uint64_t> corrected_blocks;
    std::optional<std::uint64_t> uncorrectable_blocks;
    std::optional<std::uint64_t> corrected_bits;
    std::vector<std::uint64_t> corrected_per_lane; ///< codewords, empty when not told
};

/// A network interface of one of our devices.
struct Port {
    /// False: the device behind it is gone or being reset; only what the kernel itself knows is
    /// told.
    bool present = true;
    int ifindex = 0;
    std::string ifname;
    std::optional<std::string> device; ///< devlink handle
    std::optional<std::string> address;
    std::optional<std::uint32_t> mtu;
    bool admin_up = false;
    bool carrier = false;
    std::optional<std::string> operstate;
    std::optional<std::uint32_t> speed_mbps;
    std::optional<std::uint32_t> lanes;
    std::optional<bool> autoneg;
    std::vector<std::string> supported_modes; ///< ethtool's names, "800000baseDR8/Full"
    /// Everything that ethtool lists as advertised: of the modes, those that may be chosen.
    std::vector<std::string> advertised;
    /// "off", "rs", "baser", "llrs": what the kernel lists as supported at any speed; empty:
    /// unknown.
    std::vector<std::string> fec_supported;
    std::optional<std::string> fec_active;
    std::vector<std::string> fec_configured;
    std::optional<std::string> ext_state;      ///< why the link is down
    std::optional<std::string> ext_substate;   ///< finer
    std::optional<std::uint32_t> down_count;   ///< losses of carrier
    std::optional<std::string> link_state;     ///< state machine of the firmware, "WAIT_LIGHT"
    std::optional<std::string> reason;         ///< why it is not up, in the firmware's words
    std::optional<std::string> last_reason;    ///< of the last loss of carrier
    std::optional<std::string> blame;          ///< "local", "remote", "fiber", "admin"
    std::optional<std::uint64_t> changed_ns;   ///< device time of the last change of carrier
    std::optional<std::uint64_t> up_ns;        ///< duration of the last bring-up
    std::optional<std::uint32_t> reason_lanes; ///< bit per lane that the reason is about
    std::optional<std::uint32_t> lanes_ok;     ///< bit per lane that receives properly
    std::optional<PortStatistics> statistics;
    std::optional<FecStatistics> fec_statistics;
};

/// One lane at the instant of its snapshot: optics of the module and SerDes of the host. Powers in
/// nW, currents in uA.
struct Lane {
    std::uint32_t lane = 0; ///< from 0; CMIS calls lane 0 "lane 1"
    std::string state;      ///< "absent", "disabled", "init", "up", "degraded", "failed"
    std::optional<std::uint64_t> tx_power_nw;
    std::optional<std::uint64_t> rx_power_nw;
    std::optional<std::uint64_t> bias_ua;
    std::optional<std::int64_t> laser_temp_mc;
    std::optional<std::int64_t> snr_mdb;
    std::optional<std::uint64_t> bits;
    std::optional<std::uint64_t> bit_errors;
    std::optional<std::uint64_t> symbol_errors;
    std::vector<std::string> flags; ///< alarms and warnings by name

    /// Bit errors before FEC per received bit; empty when no bits were counted.
    [[nodiscard]] std::optional<double> pre_fec_ber() const;
};

/// All lanes of a port at one instant of the device's clock.
struct LaneSnapshot {
    int ifindex = 0;
    std::uint64_t time_ns = 0;
    /// How old that was when the kernel was asked; empty from a driver that asks the firmware.
    std::optional<std::uint64_t> age_ns;
    std::vector<Lane> lanes;
};

/// One entry of a port's flight recorder.
struct Record {
    std::uint64_t seq = 0;
    std::uint64_t time_ns = 0; ///< device clock
    std::string machine;       ///< "link", "module" or "lane"
    std::string from, to;
    std::string reason;
    std::string blame;
    std::uint32_t lanes = 0; ///< bit per lane that caused it
};

/// Threshold set of a monitored value: alarms and warnings, in the unit of the value.
struct Thresholds {
    double high_alarm = 0, low_alarm = 0, high_warning = 0, low_warning = 0;
};

/// Module lane as CMIS page 11h tells it.
struct ModuleLane {
    std::uint32_t lane = 0;
    std::string datapath_state;
    std::optional<double> tx_power_mw, rx_power_mw, bias_ma;
    std::vector<std::string> flags;   ///< alarms and faults that are true now, by name
    std::vector<std::string> latched; ///< those that were, since somebody last looked
};

/// The optical module, decoded from its CMIS memory.
struct Module {
    int ifindex = 0;
    bool present = false;
    std::string identifier; ///< "OSFP", "QSFP-DD", ...
    std::string revision;   ///< CMIS revision, "5.2"
    std::string state;      ///< "ModuleReady", ...
    std::optional<std::string> power_mode, power_policy;
    std::string vendor, part, serial, date, oui, hardware_revision;
    std::optional<std::string> firmware;
    std::optional<double> temperature_c, voltage_v, max_power_w, wavelength_nm, length_m;
    std::optional<Thresholds> temperature_thresholds, voltage_thresholds, tx_power_thresholds,
        rx_power_thresholds, bias_thresholds;
    std::vector<std::string> flags;        ///< alarms and faults that are true now
    std::vector<std::string> latched;      ///< those that were, since somebody last looked
    std::vector<std::string> applications; ///< "host -> media, lanes"
    std::optional<std::string> connector, technology, media;
    bool linear = false; ///< LPO: no retimer in the module
    std::vector<ModuleLane> lanes;
};

/// What `port set` may change; empty = leave as it is.
struct PortChange {
    std::optional<bool> admin_up;
    std::optional<std::uint32_t> speed_mbps;
    std::optional<std::uint32_t> lanes;
    std::optional<std::string> fec; ///< "auto", "off", "rs", "baser", "llrs"
};

/// Something that happened, from any of the kernel's notification groups.
struct Event {
    std::uint64_t time_ns = 0; ///< CLOCK_REALTIME of reception
    std::string object;        ///< "port", "lane", "module", "fw", "dev"
    std::string name;          ///< interface or handle
    std::string what;          ///< "link-up", "link-down", ...
    std::vector<std::pair<std::string, std::string>> details;
    std::vector<std::uint32_t> lanes; ///< those it is about, from 0; empty: not of lanes
};

} // namespace mo::ofctl
