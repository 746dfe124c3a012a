// SPDX-License-Identifier: GPL-2.0-or-later
// RegisterSpace: a block of registers made from a table. Knows names, reset values, which bits can
// be written or cleared by writing one, splits and merges accesses of other widths, and counts.
//
// Threads: none of its own; used by the control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mo::pcie {

/// One row of a register table. Bits in neither mask are read-only.
struct RegisterSpec {
    std::string name;
    std::uint32_t offset = 0;        ///< bytes, a multiple of the width
    std::uint32_t width = 4;         ///< bytes: 1, 2, 4, 8
    std::uint64_t reset = 0;         ///< value after reset()
    std::uint64_t writable = 0;      ///< bits that take what is written
    std::uint64_t write_1_clear = 0; ///< bits that a written 1 clears; disjoint from `writable`
};

/// Counts of accesses to one register.
struct RegisterCounts {
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
};

class RegisterSpace {
  public:
    /// Value that a read returns, in place of the stored one.
    using ReadCallback = std::function<std::uint64_t()>;
    /// Called after the masks were applied; `written` is what the bus carried (for doorbells and
    /// write-only registers), `value` what the register now holds.
    using WriteCallback = std::function<void(std::uint64_t value, std::uint64_t written)>;

    /// `name` and `size` (bytes) of the whole space, e.g. a BAR.
    RegisterSpace(std::string name, std::uint64_t size);

    /// Adds a register. Throws FatalError, naming both, if it overlaps another one, does not fit,
    /// is misaligned or has contradicting masks.
    void add(RegisterSpec spec);
    void add(std::span<const RegisterSpec> table);

    /// Attaches behaviour to the register at `offset`; FatalError if there is none.
    void on_read(std::uint32_t offset, ReadCallback callback);
    void on_write(std::uint32_t offset, WriteCallback callback);

    /// Bus access of 1, 2, 4, 8 bytes, naturally aligned, at any offset. A 64-bit register takes
    /// two 32-bit halves: its write callback runs when the upper half is written, and a read of
    /// the lower half holds the upper one for the read that follows. Where no register is, reads
    /// give 0 and writes do nothing; both are counted.
    [[nodiscard]] std::uint64_t read(std::uint64_t offset, unsigned size);
    void write(std::uint64_t offset, unsigned size, std::uint64_t value);

    /// The device's own access: no masks, no callbacks. FatalError if there is no such register.
    [[nodiscard]] std::uint64_t get(std::uint32_t offset) const;
    void set(std::uint32_t offset, std::uint64_t value);

    /// All registers to their reset values; counts stay.
    void reset();

    [[nodiscard]] const RegisterSpec* find(std::string_view name) const;
    [[nodiscard]] RegisterCounts counts(std::uint32_t offset) const;
    [[nodiscard]] std::uint64_t unknown_accesses() const noexcept { return unknown_; }

    /// Walks the table in order of offsets: spec, present value, counts (for dumps).
    void for_each(const std::function<void(const RegisterSpec&, std::uint64_t,
                                           const RegisterCounts&)>& visit) const;

  private:
    struct Register {
        RegisterSpec spec;
        std::uint64_t value = 0;
        std::uint64_t held_upper = 0; ///< upper half for the second read of a pair
        std::uint64_t pending = 0;    ///< bus value of the lower half, until the upper one comes
        bool upper_is_held = false;
        RegisterCounts counts;
        ReadCallback read;
        WriteCallback write;
    };

    [[nodiscard]] Register* at(std::uint64_t offset);
    [[nodiscard]] Register& exactly_at(std::uint32_t offset);
    [[nodiscard]] const Register& exactly_at(std::uint32_t offset) const;
    [[nodiscard]] std::uint64_t read_part(Register& reg, unsigned first, unsigned size);
    void write_part(Register& reg, unsigned first, unsigned size, std::uint64_t value);

    std::string name_;
    std::uint64_t size_;
    std::vector<Register> registers_; // ordered by offset
    std::uint64_t unknown_ = 0;
};

} // namespace mo::pcie
