// SPDX-License-Identifier: GPL-2.0-or-later
// What every peripheral block of driver/hw/soc.h is to the SoC, and the address range that they
// share. Access rules come from the register table; a block sees permitted accesses only.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "common/hw.hpp"
#include "mgmt/bus.hpp"

namespace mo::mgmt {

inline constexpr std::uint64_t never_ns = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::size_t block_count = 13;

/// Offset of a register inside its block, from the address that driver/hw/soc.h gives it.
[[nodiscard]] constexpr std::uint32_t block_offset(hw::mo_soc_reg reg) {
    return (static_cast<std::uint32_t>(reg) - MO_SOC_PERIPH_BASE) % MO_SOC_PERIPH_SIZE;
}

/// Reset value of a register, from the table.
[[nodiscard]] std::uint32_t reset_value(hw::mo_soc_reg reg);

class Peripheral {
  public:
    virtual ~Peripheral() = default;

    /// Reads a readable register.
    virtual std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) = 0;

    /// Writes a writable register; a W1C one gets the bits to clear.
    virtual void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) = 0;

    /// The core resets; not a power-on.
    virtual void reset(std::uint64_t now_ns) = 0;

    /// Finishes what is due at `now_ns`.
    virtual void advance(std::uint64_t now_ns) { (void)now_ns; }

    /// When advance() or a look at irq_levels() is due next.
    [[nodiscard]] virtual std::uint64_t deadline_ns(std::uint64_t now_ns) {
        (void)now_ns;
        return never_ns;
    }

    /// Bits 1 << MO_SOC_IRQ_* whose level is high.
    [[nodiscard]] virtual std::uint32_t irq_levels(std::uint64_t now_ns) {
        (void)now_ns;
        return 0;
    }

  protected:
    Peripheral() = default;
    Peripheral(const Peripheral&) = default;
    Peripheral& operator=(const Peripheral&) = default;
    Peripheral(Peripheral&&) = default;
    Peripheral& operator=(Peripheral&&) = default;
};

/// All blocks, as one device on the bus.
class PeripheralSpace : public MmioDevice {
  public:
    /// `block` must outlive the space. @throws FatalError when the place is taken
    void attach(hw::mo_soc_block index, Peripheral& block);

    std::optional<std::uint32_t> mmio_read(std::uint32_t offset, std::uint64_t now_ns) override;
    bool mmio_write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override;

    static constexpr std::uint32_t size = block_count * MO_SOC_PERIPH_SIZE;

  private:
    std::array<Peripheral*, block_count> blocks_{};
};

} // namespace mo::mgmt
