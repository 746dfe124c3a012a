// SPDX-License-Identifier: GPL-2.0-or-later
// Names and encodings: unprivileged manual, "C" Standard Extension for Compressed Instructions.
#include "mgmt/compressed.hpp"

namespace mo::mgmt {
namespace {

using Word = std::uint32_t;
using Expanded = std::optional<Word>;

constexpr Word bits(Word value, unsigned high, unsigned low) {
    return (value >> low) & ((1U << (high - low + 1)) - 1U);
}
constexpr Word bit(Word value, unsigned n) {
    return (value >> n) & 1U;
}

/// Registers of 32-bit instructions. Three-bit fields name x8..x15.
constexpr Word rd(Word c) {
    return bits(c, 11, 7);
}
constexpr Word rs2(Word c) {
    return bits(c, 6, 2);
}
constexpr Word low_register(Word c) {
    return 8 + bits(c, 4, 2);
}
constexpr Word high_register(Word c) {
    return 8 + bits(c, 9, 7);
}

constexpr Word extend(Word value, unsigned width) {
    const Word sign = 1U << (width - 1);
    return (value ^ sign) - sign;
}

/// Builders of the 32-bit formats.
constexpr Word make_i(Word opcode, Word funct3, Word to, Word from, Word imm) {
    return (imm & 0xfffU) << 20 | from << 15 | funct3 << 12 | to << 7 | opcode;
}
constexpr Word make_s(Word funct3, Word base, Word source, Word imm) {
    return bits(imm, 11, 5) << 25 | source << 20 | base << 15 | funct3 << 12 |
           bits(imm, 4, 0) << 7 | 0x23U;
}
constexpr Word make_r(Word funct7, Word funct3, Word to, Word a, Word b) {
    return funct7 << 25 | b << 20 | a << 15 | funct3 << 12 | to << 7 | 0x33U;
}
constexpr Word make_b(Word funct3, Word a, Word imm) {
    return bit(imm, 12) << 31 | bits(imm, 10, 5) << 25 | a << 15 | funct3 << 12 |
           bits(imm, 4, 1) << 8 | bit(imm, 11) << 7 | 0x63U;
}
constexpr Word make_j(Word to, Word imm) {
    return bit(imm, 20) << 31 | bits(imm, 10, 1) << 21 | bit(imm, 11) << 20 |
           bits(imm, 19, 12) << 12 | to << 7 | 0x6fU;
}
constexpr Word addi(Word to, Word from, Word imm) {
    return make_i(0x13, 0, to, from, imm);
}

/// imm[5|4:0] of CI format, sign-extended.
constexpr Word imm6(Word c) {
    return extend(bit(c, 12) << 5 | bits(c, 6, 2), 6);
}

/// Offset of C.LW and C.SW.
constexpr Word offset_word(Word c) {
    return bit(c, 5) << 6 | bits(c, 12, 10) << 3 | bit(c, 6) << 2;
}

/// Offset of C.J and C.JAL.
constexpr Word offset_jump(Word c) {
    return extend(bit(c, 12) << 11 | bit(c, 8) << 10 | bits(c, 10, 9) << 8 | bit(c, 6) << 7 |
                      bit(c, 7) << 6 | bit(c, 2) << 5 | bit(c, 11) << 4 | bits(c, 5, 3) << 1,
                  12);
}

/// Offset of C.BEQZ and C.BNEZ.
constexpr Word offset_branch(Word c) {
    return extend(bit(c, 12) << 8 | bits(c, 6, 5) << 6 | bit(c, 2) << 5 | bits(c, 11, 10) << 3 |
                      bits(c, 4, 3) << 1,
                  9);
}

Expanded quadrant0(Word c) {
    switch (bits(c, 15, 13)) {
    case 0: { // C.ADDI4SPN
        const Word imm =
            bits(c, 10, 7) << 6 | bits(c, 12, 11) << 4 | bit(c, 5) << 3 | bit(c, 6) << 2;
        if (imm == 0) {
            return {}; // includes the all-zero parcel, defined as illegal
        }
        return addi(low_register(c), 2, imm);
    }
    case 2: // C.LW
        return make_i(0x03, 2, low_register(c), high_register(c), offset_word(c));
    case 6: // C.SW
        return make_s(2, high_register(c), low_register(c), offset_word(c));
    default: // floating point
        return {};
    }
}

Expanded arithmetic(Word c) {
    const Word reg = high_register(c);
    switch (bits(c, 11, 10)) {
    case 0: // C.SRLI
    case 1: // C.SRAI
        if (bit(c, 12) != 0) {
            return {}; // shift amounts above 31 are not for RV32
        }
        return make_i(0x13, 5, reg, reg, bit(c, 10) << 10 | bits(c, 6, 2));
    case 2: // C.ANDI
        return make_i(0x13, 7, reg, reg, imm6(c));
    default:
        break;
    }
    if (bit(c, 12) != 0) {
        return {}; // C.SUBW, C.ADDW
    }
    switch (bits(c, 6, 5)) {
    case 0: // C.SUB
        return make_r(0x20, 0, reg, reg, low_register(c));
    case 1: // C.XOR
        return make_r(0, 4, reg, reg, low_register(c));
    case 2: // C.OR
        return make_r(0, 6, reg, reg, low_register(c));
    default: // C.AND
        return make_r(0, 7, reg, reg, low_register(c));
    }
}

Expanded quadrant1(Word c) {
    switch (bits(c, 15, 13)) {
    case 0: // C.ADDI, C.NOP
        return addi(rd(c), rd(c), imm6(c));
    case 1: // C.JAL
        return make_j(1, offset_jump(c));
    case 2: // C.LI
        return addi(rd(c), 0, imm6(c));
    case 3: {
        if (imm6(c) == 0) {
            return {};
        }
        if (rd(c) == 2) { // C.ADDI16SP
            const Word imm = extend(bit(c, 12) << 9 | bits(c, 4, 3) << 7 | bit(c, 5) << 6 |
                                        bit(c, 2) << 5 | bit(c, 6) << 4,
                                    10);
            return addi(2, 2, imm);
        }
        return (imm6(c) << 12) | rd(c) << 7 | 0x37U; // C.LUI
    }
    case 4:
        return arithmetic(c);
    case 5: // C.J
        return make_j(0, offset_jump(c));
    default: // C.BEQZ, C.BNEZ
        return make_b(bit(c, 13), high_register(c), offset_branch(c));
    }
}

Expanded quadrant2(Word c) {
    switch (bits(c, 15, 13)) {
    case 0: // C.SLLI
        if (bit(c, 12) != 0) {
            return {};
        }
        return make_i(0x13, 1, rd(c), rd(c), rs2(c));
    case 2: // C.LWSP
        if (rd(c) == 0) {
            return {};
        }
        return make_i(0x03, 2, rd(c), 2, bits(c, 3, 2) << 6 | bit(c, 12) << 5 | bits(c, 6, 4) << 2);
    case 4:
        if (rs2(c) != 0) { // C.ADD, C.MV
            return make_r(0, 0, rd(c), bit(c, 12) != 0 ? rd(c) : 0, rs2(c));
        }
        if (rd(c) == 0) { // C.EBREAK; C.JR with x0 is reserved
            return bit(c, 12) != 0 ? Expanded{0x00100073U} : Expanded{};
        }
        return make_i(0x67, 0, bit(c, 12), rd(c), 0); // C.JR, C.JALR
    case 6:                                           // C.SWSP
        return make_s(2, 2, rs2(c), bits(c, 8, 7) << 6 | bits(c, 12, 9) << 2);
    default: // floating point
        return {};
    }
}

} // namespace

std::optional<std::uint32_t> expand_compressed(std::uint16_t parcel) {
    switch (parcel & 3U) {
    case 0:
        return quadrant0(parcel);
    case 1:
        return quadrant1(parcel);
    case 2:
        return quadrant2(parcel);
    default:
        return {};
    }
}

} // namespace mo::mgmt
