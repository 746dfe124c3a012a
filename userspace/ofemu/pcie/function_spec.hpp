// SPDX-License-Identifier: GPL-2.0-or-later
// FunctionSpec: what a PCIe function looks like to its driver.
#pragma once

#include <array>
#include <cstdint>

namespace mo::pcie {

/// Values of PCI_EXP_LNKCAP's Max Link Speed (PCIe base specification 6.0, 7.5.3.6).
enum class LinkSpeed : std::uint8_t {
    gt_2_5 = 1,
    gt_5 = 2,
    gt_8 = 3,
    gt_16 = 4,
    gt_32 = 5,
    gt_64 = 6,
};

/// A memory BAR; size 0 means absent, else a power of two of at least 4096.
struct BarSpec {
    std::uint64_t size = 0;
    bool wide = true; ///< 64-bit: takes the next BAR's register as well
    bool prefetchable = false;
};

struct FunctionSpec {
    std::uint16_t vendor_id = 0;
    std::uint16_t device_id = 0;
    std::uint16_t subsystem_vendor_id = 0;
    std::uint16_t subsystem_id = 0;
    std::uint32_t class_code = 0x020000; ///< 24 bits; Ethernet controller
    std::uint8_t revision = 0;
    std::array<BarSpec, 6> bars{};
    bool msix = true; ///< false: a personality without MSI-X, which QEMU can unplug
    std::uint16_t msix_vectors = 128;
    std::uint8_t msix_bar = 4; ///< left empty in `bars`; served by Function
    std::uint64_t msix_bar_size = 16384;
    std::uint32_t msix_table_offset = 0;
    std::uint32_t msix_pba_offset = 8192;
    LinkSpeed link_speed = LinkSpeed::gt_64;
    std::uint8_t link_width = 16;
    std::uint64_t serial_number = 0; ///< Device Serial Number capability (EUI-64)
};

} // namespace mo::pcie
