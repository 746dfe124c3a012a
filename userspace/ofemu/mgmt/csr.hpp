// SPDX-License-Identifier: GPL-2.0-or-later
// Control and status registers, by the table in csr.def.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace mo::mgmt {

enum class CsrKind : std::uint8_t { stored, pending, cycle_lo, cycle_hi, instret_lo, instret_hi };

/// One row of csr.def.
struct CsrSpec {
    const char* name;
    std::uint16_t number;
    std::uint16_t count;
    CsrKind kind;
    std::uint32_t reset;
    std::uint32_t write_mask;
};

[[nodiscard]] std::span<const CsrSpec> csr_table();

/// Numbers of the registers that csr.def names.
namespace csr {
#define MO_CSR(name, number, count, kind, reset, write_mask)                                       \
    inline constexpr std::uint16_t name = number;
#include "mgmt/csr.def"
} // namespace csr

inline constexpr std::uint32_t mstatus_mie = 1U << 3;
inline constexpr std::uint32_t mstatus_mpie = 1U << 7;

class CsrFile {
  public:
    CsrFile();

    /// All registers to their reset values, counters to zero.
    void reset();

    /// Value of a register without side effects; none when the number does not exist.
    [[nodiscard]] std::optional<std::uint32_t> read(std::uint32_t number) const;

    /// Writes as software does. @return false: no such register, or read only
    [[nodiscard]] bool write(std::uint32_t number, std::uint32_t value);

    /// The core's own access to a `stored` register: any bit may change.
    [[nodiscard]] std::uint32_t get(std::uint16_t number) const;
    void set(std::uint16_t number, std::uint32_t value);

    /// Value of mip: levels that the SoC drives.
    void set_pending(std::uint32_t mip) { pending_ = mip; }
    [[nodiscard]] std::uint32_t pending() const { return pending_; }

    /// Totals behind mcycle and minstret, to be brought up to date before read() and write().
    void set_time(std::uint64_t cycles, std::uint64_t retired);

    /// True once software has written mtvec.
    [[nodiscard]] bool trap_vector_set() const { return trap_vector_set_; }

  private:
    static constexpr std::uint8_t absent = 0xff;
    std::array<std::uint8_t, 4096> row_{};  ///< row of csr.def by number, or absent
    std::array<std::uint32_t, 32> value_{}; ///< by row
    std::uint32_t pending_ = 0;
    std::uint64_t cycles_ = 0;
    std::uint64_t retired_ = 0;
    std::uint64_t cycle_offset_ = 0; ///< counter = total + offset, moved by writes
    std::uint64_t instret_offset_ = 0;
    bool trap_vector_set_ = false;
};

} // namespace mo::mgmt
