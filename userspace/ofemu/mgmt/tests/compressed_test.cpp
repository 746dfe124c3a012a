// SPDX-License-Identifier: GPL-2.0-or-later
// Every compressed form, with each bit of its immediates, against the instruction it stands for.
// The parcels were made by an assembler (binutils).
#include <gtest/gtest.h>

#include "assembler.hpp"
#include "mgmt/compressed.hpp"
#include "mgmt/decode.hpp"

namespace mo::mgmt::test {
namespace {

struct Pair {
    const char* text;
    std::uint16_t parcel;
    std::uint32_t word;
};

const Pair pairs[] = {
#include "compressed_pairs.inc"
};

TEST(Compressed, StandsForTheRightInstruction) {
    for (const Pair& pair : pairs) {
        const auto expanded = expand_compressed(pair.parcel);
        ASSERT_TRUE(expanded) << pair.text;
        EXPECT_EQ(*expanded, pair.word) << pair.text << std::hex << " gave " << *expanded;
    }
}

TEST(Compressed, ReservedFormsAreIllegal) {
    for (const int parcel : {
             0x0000,                         // all zero: defined as illegal
             0x0008,                         // c.addi4spn with immediate 0
             0x2000, 0x4002,                 // c.fld; c.lwsp to x0
             0x6000, 0xa000, 0xe000, 0x8000, // floating point, reserved
             0x6001, 0x6101,                 // c.lui, c.addi16sp with immediate 0
             0x9001, 0x9401,                 // c.srli, c.srai by 32 and more
             0x9c01, 0x9c21, 0x9c41, 0x9c61, // c.subw, c.addw, reserved
             0x1002,                         // c.slli by 32 and more
             0x8002,                         // c.jr x0
             0x2002, 0x6002, 0xa002, 0xe002, // floating point
         }) {
        EXPECT_FALSE(expand_compressed(static_cast<std::uint16_t>(parcel))) << std::hex << parcel;
    }
}

TEST(Compressed, EveryExpansionIsAnInstruction) {
    unsigned legal = 0;
    for (std::uint32_t parcel = 0; parcel < 0x10000; ++parcel) {
        if ((parcel & 3U) == 3U) {
            continue;
        }
        const auto expanded = expand_compressed(static_cast<std::uint16_t>(parcel));
        if (!expanded) {
            continue;
        }
        ++legal;
        const Insn insn = decode(static_cast<std::uint16_t>(*expanded),
                                 static_cast<std::uint16_t>(*expanded >> 16), 0);
        EXPECT_NE(insn.op, Op::illegal) << std::hex << parcel << " -> " << *expanded;
    }
    // As many as binutils disassembles for RV32, without the shifts by more than 31.
    EXPECT_EQ(legal, 28'823U);
}

} // namespace
} // namespace mo::mgmt::test
