// SPDX-License-Identifier: LGPL-2.1-or-later
// ethtool's netlink interface: link modes, link state, FEC, module memory and power.
#pragma once

#include "libofctl/genl.hpp"
#include "ofctl/model.hpp"

namespace mo::ofctl {

/// Fills speed, lanes, modes, reasons and FEC of `port`. What the kernel does not support stays
/// empty. `statistics`: also FEC counters.
[[nodiscard]] Answer<void> read_ethtool(GenlFamilies& families, Port& port, bool statistics);

/// Forces speed and lanes (either may be empty); the kernel picks the mode among all that there
/// are.
[[nodiscard]] Answer<void> set_speed(GenlFamilies& families, const Port& port,
                                     std::optional<std::uint32_t> speed_mbps,
                                     std::optional<std::uint32_t> lanes);

/// The modes, by ethtool's names, among which the firmware may choose; `lanes` excludes those with
/// others. What is no link mode (FIBRE, FEC) may be among them.
[[nodiscard]] Answer<void> set_modes(GenlFamilies& families, const Port& port,
                                     const std::vector<std::string>& modes,
                                     std::optional<std::uint32_t> lanes);

/// Sets the FEC: "auto", "off", "rs", "baser", "llrs".
[[nodiscard]] Answer<void> set_fec(GenlFamilies& families, const Port& port,
                                   const std::vector<std::string>& modes);

/// Reads `length` (1..128) bytes of module memory; `offset` < 128 needs page 0.
[[nodiscard]] Answer<std::vector<std::uint8_t>> read_module_page(GenlFamilies& families,
                                                                 int ifindex, std::uint8_t page,
                                                                 std::uint8_t offset,
                                                                 std::uint32_t length);

/// Power mode and policy in words, empty when the driver does not tell.
struct ModulePower {
    std::optional<std::string> mode, policy;
};
[[nodiscard]] Answer<ModulePower> read_module_power(GenlFamilies& families, int ifindex);

/// Words of ethtool for a link_ext_state and its substate.
[[nodiscard]] std::optional<std::string> ext_state_text(std::uint64_t state);
[[nodiscard]] std::optional<std::string> ext_substate_text(std::uint64_t state,
                                                           std::uint64_t substate);

} // namespace mo::ofctl
