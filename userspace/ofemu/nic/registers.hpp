// SPDX-License-Identifier: GPL-2.0-or-later
// ControlRegisters: BAR 0, made from the table in driver/hw/regs.h: discoverable blocks, each with
// its registers. Knows names, access rules and counts; what a register does is its owner's part.
//
// Threads: the control thread reads and writes; for_each() is for any thread that has not paused
// the engine: a write may pause it, with the registers locked.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "common/hw.hpp"
#include "pcie/register_space.hpp"

namespace mo::nic {

class ControlRegisters {
  public:
    /// What a NIC's identity adds to the reset values in the table.
    struct Identity {
        std::uint32_t board = MO_BOARD_DEVKIT_800G;
        std::uint64_t features = 0;
        std::uint32_t ports = 1;
        std::uint32_t vectors = MO_MAX_VECTORS;
    };

    explicit ControlRegisters(const Identity& identity);

    void on_read(std::uint32_t address, pcie::RegisterSpace::ReadCallback callback) {
        space_.on_read(address, std::move(callback));
    }
    void on_write(std::uint32_t address, pcie::RegisterSpace::WriteCallback callback) {
        space_.on_write(address, std::move(callback));
    }

    /// The driver's access, 1 to 8 bytes, naturally aligned.
    [[nodiscard]] std::uint64_t read(std::uint64_t offset, unsigned size);
    void write(std::uint64_t offset, unsigned size, std::uint64_t value);

    /// The device's own access; also from inside a callback.
    [[nodiscard]] std::uint32_t get(std::uint32_t address) const;
    void set(std::uint32_t address, std::uint32_t value);
    /// All registers to their reset values; counts stay.
    void reset();

    struct Row {
        std::string name;
        std::uint32_t address;
        std::uint64_t value; ///< as stored, without callbacks
        std::uint64_t reads, writes;
    };
    void for_each(const std::function<void(const Row&)>& visit) const;
    /// Accesses where no register is.
    [[nodiscard]] std::uint64_t unknown_accesses() const;

  private:
    mutable std::recursive_mutex mutex_; // a write callback may reset the registers
    pcie::RegisterSpace space_;
};

/// Address in BAR 0 of a register: reg::DEV_STATUS.
namespace reg {

/// Offset of a block by its name in the table.
#define X(name, type, version, offset, text) inline constexpr std::uint32_t name##_base = (offset);
MO_REG_BLOCKS(X)
#undef X

#define X(block, name, offset, access, reset, text)                                                \
    inline constexpr std::uint32_t block##_##name = block##_base + (offset);
MO_REGS(X)
#undef X

} // namespace reg

} // namespace mo::nic
