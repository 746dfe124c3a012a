// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/dispatch.hpp"

#include <cerrno>
#include <string_view>

#include "common/log.hpp"

namespace mo::vfio_user {

namespace {

template <std::size_t N>
constexpr std::string_view with_nul(const char (&text)[N]) {
    return {text, N};
}

// The numbers are max_message_fds and max_transfer.
constexpr std::string_view capabilities =
    with_nul("{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
             "\"write_multiple\":true}}");
static_assert(max_message_fds == 16 && max_transfer == 1048576);
constexpr std::string_view no_capabilities = with_nul("{}");

constexpr std::size_t max_dma_maps = 65535; // what the protocol assumes if nothing is said

std::uint32_t report(const char* what, const Error& error) {
    log::print(log::Level::debug, "vfio-user: %s refused: %s", what, error.message().c_str());
    return static_cast<std::uint32_t>(error.code);
}

} // namespace

bool Dispatcher::is_posted_write(const Frame& request) noexcept {
    const auto command = static_cast<Command>(request.header.command.value());
    if ((request.header.flags & flag_no_reply) == 0) {
        return false;
    }
    if (command == Command::region_write_multi) {
        return true;
    }
    if (command != Command::region_write) {
        return false;
    }
    const auto write = decode_region_write(request.payload);
    return write && write->request.region < region_config;
}

std::uint32_t Dispatcher::handle(const Frame& request, std::span<Fd> fds, ByteWriter& reply) {
    const auto command = static_cast<Command>(request.header.command.value());
    if (fds.size() > max_message_fds || negotiated_ == (command == Command::version)) {
        return EINVAL; // also: VERSION comes first, and once
    }
    const Payload payload = request.payload;
    switch (command) {
    case Command::version:
        return version(request, reply);
    case Command::dma_map:
        return dma_map(payload, fds);
    case Command::dma_unmap:
        return dma_unmap(payload, reply);
    case Command::device_get_info:
        return device_info(payload, reply);
    case Command::device_get_region_info:
        return region_info(payload, reply);
    case Command::device_get_irq_info:
        return irq_info(payload, reply);
    case Command::device_set_irqs:
        return set_irqs(payload, fds);
    case Command::region_read:
        return region_read(payload, reply);
    case Command::region_write:
        return region_write(payload, reply);
    case Command::region_write_multi:
        return region_write_multi(payload);
    case Command::device_reset:
        function_.reset(pcie::ResetKind::device);
        return 0;
    case Command::device_get_region_io_fds:
    case Command::dma_read:
    case Command::dma_write:
    case Command::dirty_pages:
        return ENOSYS;
    }
    return ENOSYS;
}

std::uint32_t Dispatcher::version(const Frame& request, ByteWriter& reply) {
    const auto asked = decode_version(request.payload);
    if (!asked || asked->major != version_major) {
        return EINVAL;
    }
    reply.object(Version{.major = version_major, .minor = version_minor});
    // QEMU has room for a reply of its request's length only.
    const std::size_t room = request.payload.size() - sizeof(Version);
    for (const std::string_view text : {capabilities, no_capabilities}) {
        if (text.size() <= room) {
            reply.bytes(std::as_bytes(std::span(text)));
            break;
        }
    }
    negotiated_ = true;
    return 0;
}

std::uint32_t Dispatcher::dma_map(Payload payload, std::span<Fd> fds) {
    const auto request = decode<DmaMapRequest>(payload);
    constexpr std::uint32_t known_flags = 3;
    if (!request || (request->flags & ~known_flags) != 0 || fds.size() > 1) {
        return EINVAL;
    }
    if (function_.dma().map_count() >= max_dma_maps) {
        return ENOSPC;
    }
    const pcie::DmaRegion region{.iova = request->iova,
                                 .size = request->size,
                                 .offset = request->offset,
                                 .access = static_cast<pcie::Access>(request->flags.value())};
    const auto mapped = fds.empty() ? function_.dma().map_unbacked(region)
                                    : function_.dma().map(region, fds.front().get());
    return mapped ? 0 : report("DMA_MAP", mapped.error());
}

std::uint32_t Dispatcher::dma_unmap(Payload payload, ByteWriter& reply) {
    auto request = decode<DmaUnmapRequest>(payload);
    if (!request || (request->flags & ~dma_unmap_all) != 0) {
        return EINVAL; // dirty bitmaps belong to migration, which is not offered
    }
    if ((request->flags & dma_unmap_all) != 0) {
        if (request->iova != 0 || request->size != 0) {
            return EINVAL;
        }
        function_.dma_unmap_all();
    } else {
        const auto removed = function_.dma_unmap(request->iova, request->size);
        if (!removed) {
            return report("DMA_UNMAP", removed.error());
        }
        request->size = *removed;
    }
    reply.object(*request);
    return 0;
}

std::uint32_t Dispatcher::device_info(Payload payload, ByteWriter& reply) {
    auto info = decode<DeviceInfo>(payload);
    if (!info) {
        return EINVAL;
    }
    info->argsz = sizeof(DeviceInfo);
    info->flags = device_flag_reset | device_flag_pci;
    info->regions = region_count;
    info->irqs = irq_count;
    reply.object(*info);
    return 0;
}

} // namespace mo::vfio_user
