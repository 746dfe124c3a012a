// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/bus.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/le.hpp"
#include "common/result.hpp"

namespace mo::mgmt {
namespace {

/// The core is little endian.
template <typename T>
std::uint32_t get(const std::uint8_t* from) {
    Le<T> value;
    std::memcpy(&value, from, sizeof(value));
    return value.value();
}

template <typename T>
void put(std::uint8_t* to, std::uint32_t value) {
    const Le<T> stored(static_cast<T>(value));
    std::memcpy(to, &stored, sizeof(stored));
}

} // namespace

void Bus::refuse_overlap(const std::string& name, std::uint32_t base, std::uint64_t size) const {
    if (size == 0 || std::uint64_t{base} + size > (std::uint64_t{1} << 32)) {
        throw FatalError("bus: region " + name + " is empty or wraps");
    }
    const auto check = [&](const std::string& other, std::uint64_t other_base,
                           std::uint64_t other_size) {
        if (base < other_base + other_size && other_base < base + size) {
            throw FatalError("bus: region " + name + " overlaps region " + other);
        }
    };
    for (const Memory& memory : memories_) {
        check(memory.name, memory.base, memory.bytes.size());
    }
    for (const Device& device : devices_) {
        check(device.name, device.base, device.size);
    }
}

void Bus::add_memory(Memory memory) {
    refuse_overlap(memory.name, memory.base, memory.bytes.size());
    memories_.push_back(std::move(memory));
}

void Bus::add_device(std::string name, std::uint32_t base, std::uint32_t size, MmioDevice& device) {
    refuse_overlap(name, base, size);
    devices_.push_back({std::move(name), base, size, &device});
}

const Memory* Bus::find_memory(std::uint32_t addr) const {
    const auto found = std::find_if(memories_.begin(), memories_.end(), [&](const Memory& memory) {
        return addr - memory.base < memory.bytes.size();
    });
    return found == memories_.end() ? nullptr : &*found;
}

const Bus::Device* Bus::find_device(std::uint32_t addr) const {
    const auto found = std::find_if(devices_.begin(), devices_.end(), [&](const Device& device) {
        return addr - device.base < device.size;
    });
    return found == devices_.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> Bus::load(std::uint32_t addr, std::uint32_t width,
                                       std::uint64_t now_ns) {
    if (const Memory* memory = find_memory(addr)) {
        const std::uint32_t offset = addr - memory->base;
        if (memory->bytes.size() - offset < width) {
            return {};
        }
        const std::uint8_t* from = memory->bytes.data() + offset;
        return width == 4   ? get<std::uint32_t>(from)
               : width == 2 ? get<std::uint16_t>(from)
                            : *from;
    }
    const Device* device = width == 4 ? find_device(addr) : nullptr;
    if (device == nullptr) {
        return {};
    }
    return device->device->mmio_read(addr - device->base, now_ns);
}

StoreResult Bus::store(std::uint32_t addr, std::uint32_t width, std::uint32_t value,
                       std::uint64_t now_ns) {
    if (const Memory* memory = find_memory(addr)) {
        const std::uint32_t offset = addr - memory->base;
        if (!memory->writable || memory->bytes.size() - offset < width) {
            return StoreResult::fault;
        }
        std::uint8_t* to = memory->bytes.data() + offset;
        if (width == 4) {
            put<std::uint32_t>(to, value);
        } else if (width == 2) {
            put<std::uint16_t>(to, value);
        } else {
            *to = static_cast<std::uint8_t>(value);
        }
        return StoreResult::memory;
    }
    const Device* device = width == 4 ? find_device(addr) : nullptr;
    if (device == nullptr || !device->device->mmio_write(addr - device->base, value, now_ns)) {
        return StoreResult::fault;
    }
    return StoreResult::device;
}

std::span<const std::uint8_t> Bus::view(std::uint32_t addr, std::uint32_t len) const {
    const Memory* memory = find_memory(addr);
    if (memory == nullptr || memory->bytes.size() - (addr - memory->base) < len) {
        return {};
    }
    return memory->bytes.subspan(addr - memory->base, len);
}

} // namespace mo::mgmt
