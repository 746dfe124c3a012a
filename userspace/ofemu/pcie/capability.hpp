// SPDX-License-Identifier: GPL-2.0-or-later
// Builds a function's configuration space: type 0 header, and the capabilities PM, PCI Express
// (version 2, endpoint, FLR), MSI-X, AER, Device Serial Number. Constants are those of
// <linux/pci_regs.h>; section numbers in capability.cpp are those of the PCI Express base
// specification 6.0.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pcie/config_space.hpp"
#include "pcie/function_spec.hpp"

namespace mo::pcie {

/// Where the capabilities were placed; 0 = absent.
struct Capabilities {
    std::size_t power_management = 0;
    std::size_t pci_express = 0;
    std::size_t msix = 0;
    std::size_t error_reporting = 0;
    std::size_t serial_number = 0;
};

/// Fills `config` with reset values and masks. Throws FatalError, saying what is wrong, on a
/// specification that no device could have.
Capabilities build_config_space(const FunctionSpec& spec, ConfigSpace& config);

/// Walks the capability list as a driver does; 0 if `id` is not there.
[[nodiscard]] std::size_t find_capability(const ConfigSpace& config, std::uint8_t id) noexcept;

/// The same for extended capabilities (offset 0x100 on).
[[nodiscard]] std::size_t find_extended_capability(const ConfigSpace& config,
                                                   std::uint16_t id) noexcept;

} // namespace mo::pcie
