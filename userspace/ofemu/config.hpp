// SPDX-License-Identifier: GPL-2.0-or-later
// Config: what a configuration file says. Strict: an unknown key, a wrong type, a name that means
// nothing or two things is an error that names file, line and what is wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "link_entry.hpp"
#include "node.hpp"

namespace mo::ofemu {

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
    /// Of all kinds, in their order; in the file's order within a kind.
    std::vector<std::shared_ptr<const NodeEntry>> nodes;
    std::vector<LinkEntry> links;
};

/// Reads a file. Errors read "FILE:LINE: what is wrong".
Result<Config> load_config(const std::string& path);

/// The same from text; `name` stands for the file.
Result<Config> parse_config(const std::string& text, const std::string& name);

} // namespace mo::ofemu
