// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/decode.hpp"

#include <array>
#include <optional>

#include "mgmt/alu.hpp"
#include "mgmt/compressed.hpp"

namespace mo::mgmt {
namespace {

constexpr std::array table{
#define MO_INSN_RR(name, mask, match, expr) InsnSpec{#name, Op::name, Format::r, mask, match},
#define MO_INSN_RI(name, mask, match, expr) InsnSpec{#name, Op::name, Format::i, mask, match},
#define MO_INSN_SH(name, mask, match, expr) InsnSpec{#name, Op::name, Format::shift, mask, match},
#define MO_INSN_U(name, mask, match, expr) InsnSpec{#name, Op::name, Format::u, mask, match},
#define MO_INSN_BR(name, mask, match, expr) InsnSpec{#name, Op::name, Format::b, mask, match},
#define MO_INSN_LD(name, mask, match, type) InsnSpec{#name, Op::name, Format::i, mask, match},
#define MO_INSN_ST(name, mask, match, type) InsnSpec{#name, Op::name, Format::s, mask, match},
#define MO_INSN_SYS(name, mask, match)                                                             \
    InsnSpec{#name, Op::name,                                                                      \
             Op::name == Op::jal    ? Format::j                                                    \
             : Op::name == Op::jalr ? Format::i                                                    \
                                    : Format::system,                                              \
             mask, match},
#include "mgmt/insn.def"
};

constexpr std::uint32_t field(std::uint32_t word, unsigned high, unsigned low) {
    return (word >> low) & ((1U << (high - low + 1)) - 1U);
}

/// Value of the `bits` low bits, sign-extended.
constexpr std::uint32_t extend(std::uint32_t value, unsigned bits) {
    return alu::to_unsigned(alu::to_signed(value << (32 - bits)) >> (32 - bits));
}

std::uint32_t immediate(Format format, std::uint32_t word) {
    switch (format) {
    case Format::r:
        return 0;
    case Format::i:
        return extend(field(word, 31, 20), 12);
    case Format::shift:
        return field(word, 24, 20);
    case Format::s:
        return extend(field(word, 31, 25) << 5 | field(word, 11, 7), 12);
    case Format::b:
        return extend(field(word, 31, 31) << 12 | field(word, 7, 7) << 11 |
                          field(word, 30, 25) << 5 | field(word, 11, 8) << 1,
                      13);
    case Format::u:
        return word & 0xfffff000U;
    case Format::j:
        return extend(field(word, 31, 31) << 20 | field(word, 19, 12) << 12 |
                          field(word, 20, 20) << 11 | field(word, 30, 21) << 1,
                      21);
    case Format::system:
        return field(word, 31, 20);
    }
    return 0;
}

const InsnSpec* find(std::uint32_t word) {
    for (const InsnSpec& spec : table) {
        if ((word & spec.mask) == spec.match) {
            return &spec;
        }
    }
    return nullptr;
}

} // namespace

std::span<const InsnSpec> insn_table() {
    return table;
}

Insn decode(std::uint16_t low, std::uint16_t high, std::uint32_t address) {
    Insn insn;
    std::uint32_t word = low;
    if (is_wide(low)) {
        insn.step = 2;
        word |= std::uint32_t{high} << 16;
    } else {
        insn.step = 1;
        const std::optional<std::uint32_t> expanded = expand_compressed(low);
        if (!expanded) {
            insn.op = Op::illegal;
            insn.imm = low;
            return insn;
        }
        word = *expanded;
    }
    const InsnSpec* spec = find(word);
    if (spec == nullptr) {
        insn.op = Op::illegal;
        insn.imm = word;
        return insn;
    }
    insn.op = spec->op;
    const auto rd = static_cast<std::uint8_t>(field(word, 11, 7));
    insn.rd = rd == 0 ? discard_register : rd;
    insn.rs1 = static_cast<std::uint8_t>(field(word, 19, 15));
    insn.rs2 = static_cast<std::uint8_t>(field(word, 24, 20));
    insn.imm = immediate(spec->format, word);
    if (spec->format == Format::b || spec->format == Format::j) {
        insn.imm += address;
    }
    switch (spec->op) {
#define MO_INSN_U(name, mask, match, expr)                                                         \
    case Op::name:                                                                                 \
        insn.imm = alu::name(address, insn.imm);                                                   \
        break;
#include "mgmt/insn.def"
    default:
        break;
    }
    return insn;
}

} // namespace mo::mgmt
