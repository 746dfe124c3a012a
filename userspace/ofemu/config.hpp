// SPDX-License-Identifier: GPL-2.0-or-later
// Config: what a configuration file says. Strict: an unknown key, a wrong type, a name that means
// nothing or two things is an error that names file, line and what is wrong.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/hw.hpp"
#include "common/result.hpp"

namespace mo::ofemu {

struct NicEntry {
    std::string name;
    std::string socket; ///< of its vfio-user server
    std::array<std::uint8_t, 6> mac{};
    std::string serial;
    std::string board;                      ///< a name that nic::find_board() knows
    std::uint16_t vectors = MO_MAX_VECTORS; ///< entries of its MSI-X table
};

/// A NIC of somebody else (QEMU's stream socket) that joins the fabric.
struct ForeignEntry {
    std::string name;
    std::string socket;
};

struct LinkEntry {
    std::string name;
    std::array<std::string, 2> ends; ///< names of NICs or foreign peers
    double length_m = 10;
    double loss_db = 0.8;      ///< of the connectors at both ends together; the fibre adds its own
    double attenuation_db = 0; ///< extra attenuation of both directions, as `ctl attenuate` sets it
};

struct Config {
    std::string control; ///< socket of the control server; empty: none
    std::optional<std::uint32_t> spin_us;
    std::optional<std::uint32_t> idle_poll_us; ///< engine::IdlePoll: how long after a packet
    bool shadow_db = true;                     ///< features: {shadow_db: BOOL}
    bool rdma = true;                          ///< features: {rdma: BOOL}
    bool bytes_always = false;                 ///< bytes: always
    std::uint64_t seed = 1;
    std::string rom;       ///< boot ROM of the management cores; empty: the built-in one
    std::string flash_dir; ///< keeps the flashes; empty: in memory
    std::vector<NicEntry> nics;
    std::vector<ForeignEntry> foreign;
    std::vector<LinkEntry> links;
};

/// Reads a file. Errors read "FILE:LINE: what is wrong".
Result<Config> load_config(const std::string& path);

/// The same from text; `name` stands for the file.
Result<Config> parse_config(const std::string& text, const std::string& name);

} // namespace mo::ofemu
