// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcie/capability.hpp"

#include <bit>
#include <linux/pci_regs.h>
#include <string>

#include "common/result.hpp"

namespace mo::pcie {

namespace {

constexpr std::size_t pm_offset = 0x40;
constexpr std::size_t pcie_offset = 0x60;
constexpr std::size_t msix_offset = 0xa0;
constexpr std::size_t aer_offset = 0x100;
constexpr std::size_t dsn_offset = 0x150;

constexpr std::uint32_t msix_entry_size = PCI_MSIX_ENTRY_SIZE;
constexpr unsigned max_msix_vectors = PCI_MSIX_FLAGS_QSIZE + 1;

[[noreturn]] void refuse(const std::string& text) {
    throw FatalError("PCIe function: " + text);
}

void check_msix(const FunctionSpec& spec) {
    if (spec.msix_vectors == 0 || spec.msix_vectors > max_msix_vectors) {
        refuse("MSI-X with " + std::to_string(spec.msix_vectors) + " vectors");
    }
    if (spec.msix_bar >= spec.bars.size() || spec.bars[spec.msix_bar].size != 0) {
        refuse("MSI-X needs a BAR of its own, but BAR " + std::to_string(spec.msix_bar) +
               " is taken or does not exist");
    }
    const std::uint64_t table_end =
        std::uint64_t{spec.msix_table_offset} + std::uint64_t{spec.msix_vectors} * msix_entry_size;
    const std::uint64_t pba_end =
        std::uint64_t{spec.msix_pba_offset} + (spec.msix_vectors + std::uint64_t{63}) / 64 * 8;
    const bool apart = table_end <= spec.msix_pba_offset || pba_end <= spec.msix_table_offset;
    if (spec.msix_table_offset % 8 != 0 || spec.msix_pba_offset % 8 != 0 || !apart ||
        table_end > spec.msix_bar_size || pba_end > spec.msix_bar_size) {
        refuse("MSI-X table and pending bits overlap or lie outside of their BAR");
    }
}

void define_bars(const FunctionSpec& spec, ConfigSpace& config) {
    auto bars = spec.bars;
    if (spec.msix) {
        check_msix(spec);
        bars[spec.msix_bar] = BarSpec{.size = spec.msix_bar_size};
    }
    for (std::size_t i = 0; i < bars.size(); ++i) {
        const BarSpec& bar = bars[i];
        if (bar.size == 0) {
            continue;
        }
        const std::string name = "BAR " + std::to_string(i);
        if (!std::has_single_bit(bar.size) || bar.size < 4096) {
            refuse(name + " is " + std::to_string(bar.size) +
                   " bytes, not a power of two of at least 4096");
        }
        if (!bar.wide && bar.size > (std::uint64_t{1} << 31)) {
            refuse(name + " is too large for a 32-bit BAR");
        }
        if (bar.wide && (i + 1 == bars.size() || bars[i + 1].size != 0)) {
            refuse(name + " is 64 bits wide, but BAR " + std::to_string(i + 1) +
                   " is taken or does not exist");
        }
        const std::uint64_t flags =
            (bar.wide ? PCI_BASE_ADDRESS_MEM_TYPE_64 : PCI_BASE_ADDRESS_MEM_TYPE_32) |
            (bar.prefetchable ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
        config.define(PCI_BASE_ADDRESS_0 + 4 * i, bar.wide ? 8 : 4, flags, ~(bar.size - 1));
    }
}

void define_header(const FunctionSpec& spec, ConfigSpace& config) {
    config.define(PCI_VENDOR_ID, 2, spec.vendor_id);
    config.define(PCI_DEVICE_ID, 2, spec.device_id);
    config.define(PCI_COMMAND, 2, 0,
                  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
                      PCI_COMMAND_INTX_DISABLE);
    config.define(PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0,
                  PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
                      PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
                      PCI_STATUS_DETECTED_PARITY);
    config.define(PCI_REVISION_ID, 4, spec.revision | (std::uint64_t{spec.class_code} << 8));
    config.define(PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
    config.define(PCI_SUBSYSTEM_VENDOR_ID, 2, spec.subsystem_vendor_id);
    config.define(PCI_SUBSYSTEM_ID, 2, spec.subsystem_id);
    config.define(PCI_INTERRUPT_LINE, 1, 0, 0xff);
    define_bars(spec, config);
}

// 7.5.2. State survives D3hot (No_Soft_Reset), so leaving it is no reset; D1 and D2 are absent.
void define_power_management(ConfigSpace& config) {
    config.define(pm_offset + PCI_PM_PMC, 2, 3);
    config.define(pm_offset + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK);
}

// 7.5.3.
void define_pci_express(const FunctionSpec& spec, ConfigSpace& config) {
    const auto speed = static_cast<std::uint32_t>(spec.link_speed);
    const std::uint32_t width = spec.link_width;
    if (speed < 1 || speed > 6 || width > 16 || !std::has_single_bit(width)) {
        refuse("a link of speed " + std::to_string(speed) + " and width " + std::to_string(width));
    }
    constexpr std::uint32_t payload_512 = 2;
    constexpr std::uint64_t flr = PCI_EXP_DEVCTL_BCR_FLR;
    config.define(pcie_offset + PCI_EXP_FLAGS, 2, 2 | (PCI_EXP_TYPE_ENDPOINT << 4));
    config.define(pcie_offset + PCI_EXP_DEVCAP, 4,
                  payload_512 | PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
    config.define(pcie_offset + PCI_EXP_DEVCTL, 2,
                  PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B,
                  0x7fff | flr);
    config.define(pcie_offset + PCI_EXP_DEVSTA, 2, 0, 0,
                  PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED |
                      PCI_EXP_DEVSTA_URD);
    constexpr std::uint32_t aspm_optionality = 1U << 22;
    config.define(pcie_offset + PCI_EXP_LNKCAP, 4, speed | (width << 4) | aspm_optionality);
    config.define(pcie_offset + PCI_EXP_LNKCTL, 2, 0,
                  PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
    config.define(pcie_offset + PCI_EXP_LNKSTA, 2, speed | (width << 4) | PCI_EXP_LNKSTA_SLC);
    config.define(pcie_offset + PCI_EXP_DEVCAP2, 4, PCI_EXP_DEVCAP2_COMP_TMOUT_DIS);
    config.define(pcie_offset + PCI_EXP_DEVCTL2, 2, 0, PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
    const std::uint32_t speeds = ((1U << speed) - 1) << 1;
    config.define(pcie_offset + PCI_EXP_LNKCAP2, 4, speeds);
    config.define(pcie_offset + PCI_EXP_LNKCTL2, 2, speed, PCI_EXP_LNKCTL2_TLS);
    config.define(pcie_offset + PCI_EXP_LNKSTA2, 2, 0);
}

// 7.7.2.
void define_msix(const FunctionSpec& spec, ConfigSpace& config) {
    config.define(msix_offset + PCI_MSIX_FLAGS, 2, spec.msix_vectors - 1U,
                  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    config.define(msix_offset + PCI_MSIX_TABLE, 4, spec.msix_table_offset | spec.msix_bar);
    config.define(msix_offset + PCI_MSIX_PBA, 4, spec.msix_pba_offset | spec.msix_bar);
}

// 7.8.4, with the default masks and severities given there.
void define_error_reporting(ConfigSpace& config) {
    constexpr std::uint32_t uncorrectable =
        PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP |
        PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP |
        PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP |
        PCI_ERR_UNC_INTN;
    constexpr std::uint32_t fatal = PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_FCP |
                                    PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_INTN;
    constexpr std::uint32_t correctable =
        PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP | PCI_ERR_COR_REP_ROLL |
        PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL;
    config.define(aer_offset + PCI_ERR_UNCOR_STATUS, 4, 0, 0, uncorrectable);
    config.define(aer_offset + PCI_ERR_UNCOR_MASK, 4, PCI_ERR_UNC_INTN, uncorrectable);
    config.define(aer_offset + PCI_ERR_UNCOR_SEVER, 4, fatal, uncorrectable);
    config.define(aer_offset + PCI_ERR_COR_STATUS, 4, 0, 0, correctable);
    config.define(aer_offset + PCI_ERR_COR_MASK, 4, PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL,
                  correctable);
    config.define(aer_offset + PCI_ERR_CAP, 4, 0);
}

// 7.9.3: the low half comes first.
void define_serial_number(const FunctionSpec& spec, ConfigSpace& config) {
    config.define(dsn_offset + 4, 8, spec.serial_number);
}

/// Appends to the list that starts at the pointer `link`; returns the place of the next pointer.
std::size_t chain(ConfigSpace& config, std::size_t link, std::size_t offset, std::uint8_t id) {
    config.define(link, 1, offset);
    config.define(offset + PCI_CAP_LIST_ID, 1, id);
    return offset + PCI_CAP_LIST_NEXT;
}

std::uint32_t extended_header(std::uint32_t id, std::uint32_t version, std::size_t next) {
    return id | (version << 16) | (static_cast<std::uint32_t>(next) << 20);
}

} // namespace

Capabilities build_config_space(const FunctionSpec& spec, ConfigSpace& config) {
    define_header(spec, config);
    define_power_management(config);
    define_pci_express(spec, config);
    define_error_reporting(config);
    define_serial_number(spec, config);

    std::size_t link = PCI_CAPABILITY_LIST;
    link = chain(config, link, pm_offset, PCI_CAP_ID_PM);
    link = chain(config, link, pcie_offset, PCI_CAP_ID_EXP);
    if (spec.msix) {
        define_msix(spec, config);
        chain(config, link, msix_offset, PCI_CAP_ID_MSIX);
    }
    config.define(aer_offset, 4, extended_header(PCI_EXT_CAP_ID_ERR, 2, dsn_offset));
    config.define(dsn_offset, 4, extended_header(PCI_EXT_CAP_ID_DSN, 1, 0));
    return {.power_management = pm_offset,
            .pci_express = pcie_offset,
            .msix = spec.msix ? msix_offset : 0,
            .error_reporting = aer_offset,
            .serial_number = dsn_offset};
}

std::size_t find_capability(const ConfigSpace& config, std::uint8_t id) noexcept {
    constexpr int longest = 48; // capabilities that fit between the header and 0x100
    auto offset = static_cast<std::size_t>(config.get(PCI_CAPABILITY_LIST, 1));
    for (int i = 0; i < longest && offset >= PCI_STD_HEADER_SIZEOF; ++i) {
        if (config.get(offset + PCI_CAP_LIST_ID, 1) == id) {
            return offset;
        }
        offset = static_cast<std::size_t>(config.get(offset + PCI_CAP_LIST_NEXT, 1));
    }
    return 0;
}

std::size_t find_extended_capability(const ConfigSpace& config, std::uint16_t id) noexcept {
    constexpr int longest = (ConfigSpace::size - PCI_CFG_SPACE_SIZE) / 8;
    std::size_t offset = PCI_CFG_SPACE_SIZE;
    for (int i = 0; i < longest && offset >= PCI_CFG_SPACE_SIZE; ++i) {
        const auto header = static_cast<std::uint32_t>(config.get(offset, 4));
        if ((header & 0xffff) == id) {
            return offset;
        }
        offset = header >> 20;
    }
    return 0;
}

} // namespace mo::pcie
