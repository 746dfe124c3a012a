// SPDX-License-Identifier: GPL-2.0-or-later
// The instruction table itself, and the immediates of every format at their extremes.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "assembler.hpp"
#include "mgmt/decode.hpp"

namespace mo::mgmt::test {
namespace {

Insn decode_word(std::uint32_t word, std::uint32_t address = 0x1000) {
    return decode(static_cast<std::uint16_t>(word), static_cast<std::uint16_t>(word >> 16),
                  address);
}

TEST(InsnTable, NoTwoRowsMatchTheSameWord) {
    const auto table = insn_table();
    for (std::size_t i = 0; i < table.size(); ++i) {
        for (std::size_t j = i + 1; j < table.size(); ++j) {
            const std::uint32_t common = table[i].mask & table[j].mask;
            EXPECT_NE((table[i].match ^ table[j].match) & common, 0U)
                << table[i].name << " and " << table[j].name;
        }
    }
}

TEST(InsnTable, RowsAreWellFormed) {
    std::set<std::string> names;
    for (const InsnSpec& spec : insn_table()) {
        EXPECT_TRUE(names.insert(spec.name).second) << spec.name << " is there twice";
        EXPECT_EQ(spec.match & ~spec.mask, 0U) << spec.name;
        EXPECT_EQ(spec.mask & 0x7fU, 0x7fU) << spec.name;
        EXPECT_TRUE(is_wide(static_cast<std::uint16_t>(spec.match))) << spec.name;
        EXPECT_EQ(decode_word(spec.match).op, spec.op) << spec.name;
    }
    EXPECT_EQ(names.size(), 57U); // 38 of RV32I without ecall & co, 8 M, 6 Zicsr, fence.i, 4 system
}

TEST(Decode, WhatIsNotInTheTableIsIllegal) {
    for (const std::uint32_t word : {
             0x0000000bU,
             0xffffffffU,
             0x00003003U, // ld
             0x00003023U, // sd
             0x00002063U, // no such branch
             0x02001013U, // slli with shamt 32
             0x40001033U, // funct7 of sub with funct3 of sll
             0x00000273U, // ecall with rd
             0x10200073U, // sret: no supervisor mode
             0x0000202fU, // atomics
             0x0000707fU,
         }) {
        const Insn insn = decode_word(word);
        EXPECT_EQ(insn.op, Op::illegal) << std::hex << word;
        EXPECT_EQ(insn.imm, word);
    }
}

TEST(Decode, Immediates) {
    EXPECT_EQ(decode_word(addi(a0, a1, -2048)).imm, 0xfffff800U);
    EXPECT_EQ(decode_word(addi(a0, a1, 2047)).imm, 2047U);
    EXPECT_EQ(decode_word(sw(a0, -2048, a1)).imm, 0xfffff800U);
    EXPECT_EQ(decode_word(sw(a0, 2047, a1)).imm, 2047U);
    EXPECT_EQ(decode_word(sw(a0, 31, a1)).imm, 31U);
    EXPECT_EQ(decode_word(lui(a0, 0xfffff)).imm, 0xfffff000U);
    EXPECT_EQ(decode_word(auipc(a0, 0xfffff), 0x5004).imm, 0x4004U);
    EXPECT_EQ(decode_word(b_type(0, a0, a1, -4096), 0x10000).imm, 0xf000U);
    EXPECT_EQ(decode_word(b_type(0, a0, a1, 4094), 0x10000).imm, 0x10ffeU);
    EXPECT_EQ(decode_word(jal(ra, -1048576), 0x200000).imm, 0x100000U);
    EXPECT_EQ(decode_word(jal(ra, 1048574), 0x200000).imm, 0x2ffffeU);
    EXPECT_EQ(decode_word(csrrwi(a0, 0x340, 31)).imm, 0x340U);
    EXPECT_EQ(decode_word(csrrwi(a0, 0x340, 31)).rs1, 31U);
}

TEST(Decode, RegistersAndLength) {
    const Insn wide = decode_word(r_type(0, 0, 31, 17, 9));
    EXPECT_EQ(wide.rd, 31);
    EXPECT_EQ(wide.rs1, 17);
    EXPECT_EQ(wide.rs2, 9);
    EXPECT_EQ(wide.step, 2);
    EXPECT_EQ(decode_word(r_type(0, 0, 0, 1, 2)).rd, discard_register);
    EXPECT_EQ(decode(0x0001, 0, 0).step, 1); // c.nop
    EXPECT_EQ(decode(0x0001, 0, 0).op, Op::addi);
}

} // namespace
} // namespace mo::mgmt::test
