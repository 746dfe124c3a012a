// SPDX-License-Identifier: GPL-2.0-or-later
// The address space of the core: memories and devices at fixed places.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mo::mgmt {

/// Registers behind an address range. Only aligned words get here.
class MmioDevice {
  public:
    virtual ~MmioDevice() = default;

    /// `offset` is relative to the device. @return none: nothing to read there (access fault)
    virtual std::optional<std::uint32_t> mmio_read(std::uint32_t offset, std::uint64_t now_ns) = 0;

    /// @return false: nothing to write there (access fault)
    virtual bool mmio_write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) = 0;

  protected:
    MmioDevice() = default;
    MmioDevice(const MmioDevice&) = default;
    MmioDevice& operator=(const MmioDevice&) = default;
    MmioDevice(MmioDevice&&) = default;
    MmioDevice& operator=(MmioDevice&&) = default;
};

/// Bytes at an address range, owned elsewhere.
struct Memory {
    std::string name;
    std::uint32_t base = 0;
    std::span<std::uint8_t> bytes;
    bool writable = false;   ///< by the core
    bool executable = false; ///< by the core
};

/// How a store went.
enum class StoreResult : std::uint8_t { fault, memory, device };

class Bus {
  public:
    /// Both throw FatalError when the range is empty, wraps, or overlaps another one.
    void add_memory(Memory memory);
    void add_device(std::string name, std::uint32_t base, std::uint32_t size, MmioDevice& device);

    /// Accesses of 1, 2 or 4 bytes by the core; `addr` must be aligned to `width`.
    [[nodiscard]] std::optional<std::uint32_t> load(std::uint32_t addr, std::uint32_t width,
                                                    std::uint64_t now_ns);
    [[nodiscard]] StoreResult store(std::uint32_t addr, std::uint32_t width, std::uint32_t value,
                                    std::uint64_t now_ns);

    /// Bytes of one memory; empty unless all of [addr, addr + len) lies in it.
    [[nodiscard]] std::span<const std::uint8_t> view(std::uint32_t addr, std::uint32_t len) const;

    [[nodiscard]] const std::vector<Memory>& memories() const { return memories_; }

  private:
    struct Device {
        std::string name;
        std::uint32_t base = 0;
        std::uint32_t size = 0;
        MmioDevice* device = nullptr;
    };

    void refuse_overlap(const std::string& name, std::uint32_t base, std::uint64_t size) const;
    [[nodiscard]] const Memory* find_memory(std::uint32_t addr) const;
    [[nodiscard]] const Device* find_device(std::uint32_t addr) const;

    std::vector<Memory> memories_;
    std::vector<Device> devices_;
};

} // namespace mo::mgmt
