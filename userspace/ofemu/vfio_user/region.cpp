// SPDX-License-Identifier: GPL-2.0-or-later
// Dispatcher's part for regions: BARs and configuration space. No region is ever mmap-able: with
// one that is, QEMU makes every write of the device a round trip.
#include <cerrno>

#include "vfio_user/dispatch.hpp"

namespace mo::vfio_user {

std::uint64_t Dispatcher::region_size(std::uint32_t region) const noexcept {
    return region == region_config ? pcie::ConfigSpace::size : function_.bar_size(region);
}

bool Dispatcher::inside_region(std::uint32_t region, std::uint64_t offset,
                               std::uint64_t count) const noexcept {
    const std::uint64_t size = region_size(region);
    return count <= size && offset <= size - count;
}

std::uint32_t Dispatcher::region_info(Payload payload, ByteWriter& reply) {
    auto info = decode<RegionInfo>(payload);
    if (!info || info->index >= region_count) {
        return EINVAL;
    }
    const std::uint64_t size = region_size(info->index);
    info->argsz = sizeof(RegionInfo);
    info->flags = size != 0 ? region_flag_read | region_flag_write : 0;
    info->cap_offset = 0;
    info->size = size;
    info->offset = 0;
    reply.object(*info);
    return 0;
}

std::uint32_t Dispatcher::region_read(Payload payload, ByteWriter& reply) {
    const auto request = decode_region_read(payload);
    if (!request || !inside_region(request->region, request->offset, request->count)) {
        return EINVAL;
    }
    reply.object(*request);
    const std::span<std::byte> data = reply.reserve(request->count);
    if (request->region == region_config) {
        function_.config_read(request->offset, data);
    } else {
        function_.mmio_read(request->region, request->offset, data);
    }
    return 0;
}

void Dispatcher::write_region(std::uint32_t region, std::uint64_t offset, Payload data) {
    if (region == region_config) {
        function_.config_write(offset, data);
    } else {
        function_.mmio_write(region, offset, data);
    }
}

std::uint32_t Dispatcher::region_write(Payload payload, ByteWriter& reply) {
    const auto write = decode_region_write(payload);
    if (!write ||
        !inside_region(write->request.region, write->request.offset, write->request.count)) {
        return EINVAL;
    }
    write_region(write->request.region, write->request.offset, write->data);
    reply.object(write->request);
    return 0;
}

std::uint32_t Dispatcher::region_write_multi(Payload payload) {
    const auto message = decode_write_multi(payload);
    if (!message) {
        return EINVAL;
    }
    std::uint32_t error = 0;
    for (std::size_t i = 0; i < message->count(); ++i) {
        const WriteMultiEntry entry = message->entry(i);
        // Only BARs: a configuration write may reset the device, which a batch must not see.
        if (entry.region >= region_config ||
            !inside_region(entry.region, entry.offset, entry.count)) {
            error = EINVAL;
            continue;
        }
        write_region(entry.region, entry.offset, std::span(entry.data).first(entry.count));
    }
    return error;
}

} // namespace mo::vfio_user
