// SPDX-License-Identifier: GPL-2.0-or-later
// Instruction words to decoded instructions, by the table in insn.def.
#pragma once

#include <cstdint>
#include <span>

namespace mo::mgmt {

/// What a decoded instruction does. The first three are no instructions.
enum class Op : std::uint8_t {
    undecoded,   ///< cache entry that has not been decoded
    fetch_fault, ///< not executable
    illegal,
#define MO_OP(name, mask, match, ...) name,
#define MO_INSN_RR MO_OP
#define MO_INSN_RI MO_OP
#define MO_INSN_SH MO_OP
#define MO_INSN_U MO_OP
#define MO_INSN_BR MO_OP
#define MO_INSN_LD MO_OP
#define MO_INSN_ST MO_OP
#define MO_INSN_SYS(name, mask, match) name,
#include "mgmt/insn.def"
#undef MO_OP
};

/// Which immediate an instruction carries (unprivileged manual, "Immediate Encoding Variants").
enum class Format : std::uint8_t { r, i, shift, s, b, u, j, system };

/// One decoded instruction.
struct Insn {
    Op op = Op::undecoded;
    std::uint8_t rd = 0;   ///< 0..31, or discard_register
    std::uint8_t rs1 = 0;  ///< 0..31; csrr*i: the immediate
    std::uint8_t rs2 = 0;  ///< 0..31
    std::uint8_t step = 0; ///< length in halfwords, 1 or 2
    /// Immediate; u, b, j formats: the final value or absolute target; csrr*: the CSR's number;
    /// illegal: the instruction's bits.
    std::uint32_t imm = 0;
};

/// Where results for x0 go, so that executing needs no test for it.
inline constexpr std::uint8_t discard_register = 32;

/// One row of insn.def.
struct InsnSpec {
    const char* name;
    Op op;
    Format format;
    std::uint32_t mask;
    std::uint32_t match;
};

[[nodiscard]] std::span<const InsnSpec> insn_table();

/// Decodes the instruction whose first halfword is `low`; `high` is the next one, which counts
/// only when is_wide(low). `address` is where it stands.
[[nodiscard]] Insn decode(std::uint16_t low, std::uint16_t high, std::uint32_t address);

/// True when the instruction that starts with this halfword has 32 bits.
[[nodiscard]] constexpr bool is_wide(std::uint16_t low) {
    return (low & 3U) == 3U;
}

} // namespace mo::mgmt
