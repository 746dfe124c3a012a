// SPDX-License-Identifier: GPL-2.0-or-later
// The vfio-user protocol's messages as they lie on the wire (vfio-user specification 0.9.x, "The
// VFIO-user protocol"; names as there). All integers are little endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/le.hpp"

namespace mo::vfio_user {

// As wide as on the wire.
enum class Command : std::uint16_t { // NOLINT(performance-enum-size)
    version = 1,
    dma_map = 2,
    dma_unmap = 3,
    device_get_info = 4,
    device_get_region_info = 5,
    device_get_region_io_fds = 6,
    device_get_irq_info = 7,
    device_set_irqs = 8,
    region_read = 9,
    region_write = 10,
    dma_read = 11,
    dma_write = 12,
    device_reset = 13,
    dirty_pages = 14,
    region_write_multi = 15,
};

struct Header {
    Le<std::uint16_t> message_id;
    Le<std::uint16_t> command;
    Le<std::uint32_t> size; ///< of the message, this header included
    Le<std::uint32_t> flags;
    Le<std::uint32_t> error; ///< errno, with flag_error
};
static_assert(sizeof(Header) == 16);

inline constexpr std::uint32_t flag_type_mask = 0xf; ///< 0 request, 1 reply
inline constexpr std::uint32_t flag_reply = 1;
inline constexpr std::uint32_t flag_no_reply = 1U << 4;
inline constexpr std::uint32_t flag_error = 1U << 5;

inline constexpr std::uint16_t version_major = 0;
inline constexpr std::uint16_t version_minor = 0;

struct Version {
    Le<std::uint16_t> major;
    Le<std::uint16_t> minor;
    // followed by NUL-terminated JSON
};
static_assert(sizeof(Version) == 4);

struct DmaMapRequest {
    Le<std::uint32_t> argsz;
    Le<std::uint32_t> flags; ///< 1 the device may read, 2 it may write
    Le<std::uint64_t> offset;
    Le<std::uint64_t> iova;
    Le<std::uint64_t> size;
};
static_assert(sizeof(DmaMapRequest) == 32);

struct DmaUnmapRequest {
    Le<std::uint32_t> argsz;
    Le<std::uint32_t> flags;
    Le<std::uint64_t> iova;
    Le<std::uint64_t> size;
};
static_assert(sizeof(DmaUnmapRequest) == 24);
inline constexpr std::uint32_t dma_unmap_dirty_bitmap = 1U << 0;
inline constexpr std::uint32_t dma_unmap_all = 1U << 1;

struct DeviceInfo {
    Le<std::uint32_t> argsz;
    Le<std::uint32_t> flags;
    Le<std::uint32_t> regions;
    Le<std::uint32_t> irqs;
};
static_assert(sizeof(DeviceInfo) == 16);
inline constexpr std::uint32_t device_flag_reset = 1U << 0;
inline constexpr std::uint32_t device_flag_pci = 1U << 1;

struct RegionInfo {
    Le<std::uint32_t> argsz;
    Le<std::uint32_t> flags;
    Le<std::uint32_t> index;
    Le<std::uint32_t> cap_offset;
    Le<std::uint64_t> size;
    Le<std::uint64_t> offset;
};
static_assert(sizeof(RegionInfo) == 32);
inline constexpr std::uint32_t region_flag_read = 1U << 0;
inline constexpr std::uint32_t region_flag_write = 1U << 1;

/// Regions of a PCI device: BARs are 0 to 5.
inline constexpr std::uint32_t region_config = 7;
inline constexpr std::uint32_t region_count = 9;

struct IrqInfo {
    Le<std::uint32_t> argsz;
    Le<std::uint32_t> flags;
    Le<std::uint32_t> index;
    Le<std::uint32_t> count;
};
static_assert(sizeof(IrqInfo) == 16);
inline constexpr std::uint32_t irq_flag_eventfd = 1U << 0;

/// Interrupt indexes of a PCI device.
inline constexpr std::uint32_t irq_msix = 2;
inline constexpr std::uint32_t irq_count = 5; ///< INTx, MSI, MSI-X, ERR, REQ

struct SetIrqs {
    Le<std::uint32_t> argsz;
    Le<std::uint32_t> flags;
    Le<std::uint32_t> index;
    Le<std::uint32_t> start;
    Le<std::uint32_t> count;
};
static_assert(sizeof(SetIrqs) == 20);
inline constexpr std::uint32_t irq_data_none = 1U << 0;
inline constexpr std::uint32_t irq_data_bool = 1U << 1;
inline constexpr std::uint32_t irq_data_eventfd = 1U << 2;
inline constexpr std::uint32_t irq_action_mask = 1U << 3;
inline constexpr std::uint32_t irq_action_unmask = 1U << 4;
inline constexpr std::uint32_t irq_action_trigger = 1U << 5;

/// Request of REGION_READ and REGION_WRITE (there followed by data), and head of their replies.
struct RegionAccess {
    Le<std::uint64_t> offset;
    Le<std::uint32_t> region;
    Le<std::uint32_t> count;
};
static_assert(sizeof(RegionAccess) == 16);

/// REGION_WRITE_MULTI is a Le<u64> count followed by so many of these.
struct WriteMultiEntry {
    Le<std::uint64_t> offset;
    Le<std::uint32_t> region;
    Le<std::uint32_t> count; ///< 1 to 8
    std::array<std::byte, 8> data;
};
static_assert(sizeof(WriteMultiEntry) == 24);

/// Limits of this server, which its VERSION reply announces.
inline constexpr std::size_t max_message_fds = 16;
inline constexpr std::size_t max_transfer = 1U << 20;
inline constexpr std::size_t max_message = max_transfer + sizeof(Header) + sizeof(RegionAccess);

} // namespace mo::vfio_user
