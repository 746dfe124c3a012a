// SPDX-License-Identifier: GPL-2.0-or-later
// What each instruction does, one by one, through the core.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "machine.hpp"
#include "mgmt/alu.hpp"
#include "mgmt/decode.hpp"

namespace mo::mgmt::test {
namespace {

constexpr std::uint32_t min_int = 0x80000000;
constexpr std::uint32_t minus_one = 0xffffffff;

/// Names of instructions that the tests below executed; compared with the table at the end.
std::set<std::string>& executed() {
    static std::set<std::string> names;
    return names;
}

void note(std::uint32_t word) {
    const Insn insn =
        decode(static_cast<std::uint16_t>(word), static_cast<std::uint16_t>(word >> 16), 0);
    for (const InsnSpec& spec : insn_table()) {
        if (spec.op == insn.op) {
            executed().insert(spec.name);
        }
    }
}

struct Alu {
    std::uint32_t word; ///< rd = a2, rs1 = a0, rs2 = a1
    std::uint32_t a;
    std::uint32_t b;
    std::uint32_t result;
};

constexpr std::uint32_t rr(std::uint32_t funct7, std::uint32_t funct3) {
    return r_type(funct7, funct3, a2, a0, a1);
}
constexpr std::uint32_t ri(std::uint32_t funct3, std::int32_t imm) {
    return i_type(0x13, funct3, a2, a0, imm);
}

const Alu alu_cases[] = {
    {ri(0, 1), minus_one, 0, 0},      // addi wraps
    {ri(0, -2048), 0, 0, 0xfffff800}, // addi sign-extends
    {ri(2, -1), min_int, 0, 1},       // slti: min < -1
    {ri(2, -1), 0, 0, 0},             // slti: 0 < -1 is false
    {ri(3, -1), 5, 0, 1},             // sltiu: immediate is extended, then unsigned
    {ri(3, 1), 0, 0, 1},              // sltiu rd, rs, 1: seqz
    {ri(3, 1), 1, 0, 0},
    {ri(4, -1), 0x0f0f0f0f, 0, 0xf0f0f0f0},    // xori: not
    {ri(6, 0x70f), 0xf0f0f0f0, 0, 0xf0f0f7ff}, // ori
    {ri(7, -16), 0x1234567f, 0, 0x12345670},   // andi
    {ri(1, 31), 3, 0, min_int},                // slli
    {ri(1, 0), 77, 0, 77},
    {ri(5, 31), min_int, 0, 1},                 // srli
    {ri(5, 31 | 0x400), min_int, 0, minus_one}, // srai
    {ri(5, 1 | 0x400), 0x40000000, 0, 0x20000000},
    {rr(0, 0), minus_one, 2, 1},        // add wraps
    {rr(0x20, 0), 0, 1, minus_one},     // sub wraps
    {rr(0, 1), 1, 33, 2},               // sll takes five bits
    {rr(0, 2), min_int, 0x7fffffff, 1}, // slt
    {rr(0, 2), 0x7fffffff, min_int, 0},
    {rr(0, 3), min_int, 0x7fffffff, 0}, // sltu
    {rr(0, 3), 0, minus_one, 1},
    {rr(0, 4), 0xff00ff00, 0x0ff00ff0, 0xf0f0f0f0}, // xor
    {rr(0, 5), min_int, 32 + 4, 0x08000000},        // srl
    {rr(0x20, 5), min_int, 32 + 4, 0xf8000000},     // sra
    {rr(0, 6), 0xff000000, 0x00ff0000, 0xffff0000}, // or
    {rr(0, 7), 0xff00ff00, 0x0ff00ff0, 0x0f000f00}, // and
    {rr(1, 0), 0x10001, 0x10001, 0x00020001},       // mul, low half
    {rr(1, 0), minus_one, minus_one, 1},
    {rr(1, 1), min_int, min_int, 0x40000000}, // mulh
    {rr(1, 1), minus_one, 1, minus_one},
    {rr(1, 1), minus_one, minus_one, 0},
    {rr(1, 2), minus_one, minus_one, minus_one}, // mulhsu: -1 * (2^32 - 1)
    {rr(1, 2), min_int, minus_one, 0x80000000},
    {rr(1, 2), 0x7fffffff, minus_one, 0x7ffffffe},
    {rr(1, 3), minus_one, minus_one, 0xfffffffe}, // mulhu
    {rr(1, 3), 0x10000, 0x10000, 1},
    {rr(1, 4), 7, static_cast<std::uint32_t>(-2), static_cast<std::uint32_t>(-3)}, // div to zero
    {rr(1, 4), 7, 0, minus_one},                                                   // div by zero
    {rr(1, 4), min_int, minus_one, min_int},                                       // the overflow
    {rr(1, 5), minus_one, 2, 0x7fffffff},                                          // divu
    {rr(1, 5), 7, 0, minus_one},
    {rr(1, 5), min_int, minus_one, 0},
    {rr(1, 6), static_cast<std::uint32_t>(-7), 2, minus_one}, // rem has the dividend's sign
    {rr(1, 6), 7, static_cast<std::uint32_t>(-2), 1},
    {rr(1, 6), 7, 0, 7},
    {rr(1, 6), min_int, minus_one, 0},
    {rr(1, 7), minus_one, 16, 15}, // remu
    {rr(1, 7), 7, 0, 7},
    {lui(a2, 0x80000), 1, 1, min_int},
};

TEST(Insn, Alu) {
    for (const Alu& test : alu_cases) {
        Machine machine;
        machine.load(Program().add({test.word}));
        machine.cpu.set_x(a0, test.a);
        machine.cpu.set_x(a1, test.b);
        EXPECT_EQ(machine.step().executed, 1U);
        EXPECT_EQ(machine.cpu.x(a2), test.result)
            << std::hex << "word " << test.word << " a " << test.a << " b " << test.b;
        EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 4);
        note(test.word);
    }
}

TEST(Insn, AuipcAddsItsOwnAddress) {
    Machine machine;
    machine.load(Program().add({nop, auipc(a0, 1), auipc(a1, 0xfffff)}));
    machine.step(3);
    EXPECT_EQ(machine.cpu.x(a0), Machine::ram_base + 4 + 0x1000);
    EXPECT_EQ(machine.cpu.x(a1), Machine::ram_base + 8 - 0x1000);
    note(auipc(a0, 1));
}

TEST(Insn, ZeroStaysZero) {
    Machine machine;
    machine.load(Program().add({addi(zero, zero, 5), lui(zero, 1), jal(zero, 4), lw(zero, 0, sp),
                                csrrw(zero, csr::mscratch, sp), r_type(0, 0, a0, zero, zero)}));
    machine.cpu.set_x(sp, Machine::ram_base);
    machine.step(6);
    EXPECT_EQ(machine.cpu.x(0), 0U);
    EXPECT_EQ(machine.cpu.x(a0), 0U);
    EXPECT_EQ(machine.csr(csr::mscratch), Machine::ram_base);
}

TEST(Insn, Branches) {
    struct Case {
        std::uint32_t funct3;
        std::uint32_t a;
        std::uint32_t b;
        bool taken;
    };
    const Case cases[] = {
        {0, 1, 1, true},          {0, 1, 2, false},        {1, 1, 2, true},
        {1, 2, 2, false},         {4, minus_one, 0, true}, {4, 0, minus_one, false},
        {4, 0, 0, false},         {5, 0, minus_one, true}, {5, 0, 0, true},
        {5, minus_one, 0, false}, {6, 0, minus_one, true}, {6, minus_one, 0, false},
        {6, 0, 0, false},         {7, minus_one, 0, true}, {7, 0, 0, true},
        {7, 0, minus_one, false},
    };
    for (const Case& test : cases) {
        for (const std::int32_t offset : {64, -64}) {
            Machine machine;
            const std::uint32_t at = Machine::ram_base + 0x100;
            const std::uint32_t word = b_type(test.funct3, a0, a1, offset);
            machine.place(at, Program().add({word}));
            machine.cpu.reset(at);
            machine.cpu.set_x(a0, test.a);
            machine.cpu.set_x(a1, test.b);
            machine.step();
            EXPECT_EQ(machine.cpu.pc(),
                      test.taken ? at + static_cast<std::uint32_t>(offset) : at + 4)
                << "funct3 " << test.funct3 << std::hex << " a " << test.a << " b " << test.b;
            note(word);
        }
    }
}

TEST(Insn, JumpsLink) {
    Machine machine;
    machine.load(Program().add({jal(ra, 8), nop, jalr(a0, t0, 1)}));
    machine.cpu.set_x(t0, Machine::ram_base + 0x40);
    machine.step();
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 8);
    EXPECT_EQ(machine.cpu.x(ra), Machine::ram_base + 4);
    machine.step();
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 0x40) << "bit 0 of the target is dropped";
    EXPECT_EQ(machine.cpu.x(a0), Machine::ram_base + 12);
    note(jal(ra, 8));
    note(jalr(a0, t0, 1));
}

TEST(Insn, JalrReadsItsSourceBeforeItLinks) {
    Machine machine;
    machine.load(Program().add({jalr(ra, ra, 0)}));
    machine.cpu.set_x(ra, Machine::ram_base + 0x20);
    machine.step();
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 0x20);
    EXPECT_EQ(machine.cpu.x(ra), Machine::ram_base + 4);
}

TEST(Insn, CompressedJumpLinksTwoBytesOn) {
    Machine machine;
    // c.jal .+4; c.nop; two halfwords to one word, low first
    machine.load(Program().add({0x00012011}));
    machine.step();
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 4);
    EXPECT_EQ(machine.cpu.x(ra), Machine::ram_base + 2);
}

TEST(Insn, LoadsExtend) {
    struct Case {
        std::uint32_t funct3;
        std::int32_t offset;
        std::uint32_t result;
    };
    const Case cases[] = {
        {0, 0, 0xffffff80}, {0, 1, 0x7f}, {1, 0, 0x7f80}, {1, 2, 0xffff8001},
        {2, 0, 0x80017f80}, {4, 0, 0x80}, {4, 3, 0x80},   {5, 2, 0x8001},
    };
    for (const std::uint32_t base : {Machine::ram_base + 0x200, Machine::ram_base + 0xfffc}) {
        for (const Case& test : cases) {
            Machine machine;
            const std::uint32_t word = i_type(0x03, test.funct3, a0, a1, test.offset);
            machine.load(Program().add({word}));
            machine.place(base, Program().add({0x80017f80}));
            machine.cpu.set_x(a1, base);
            machine.step();
            EXPECT_EQ(machine.cpu.x(a0), test.result) << "funct3 " << test.funct3;
            note(word);
        }
    }
}

TEST(Insn, StoresWriteTheirWidthOnly) {
    Machine machine;
    const std::uint32_t at = Machine::ram_base + 0x200;
    const std::uint32_t words[] = {s_type(0, a0, a1, 1), s_type(1, a0, a1, 2),
                                   s_type(2, a0, a1, 4)};
    machine.load(Program().add({words[0], words[1], words[2]}));
    machine.place(at, Program().add({0x11111111, 0x11111111, 0x11111111}));
    machine.cpu.set_x(a0, 0xa1b2c3d4);
    machine.cpu.set_x(a1, at);
    machine.step(3);
    EXPECT_EQ(machine.word(at), 0xc3d4d411U);
    EXPECT_EQ(machine.word(at + 4), 0xa1b2c3d4U);
    EXPECT_EQ(machine.word(at + 8), 0x11111111U);
    for (const std::uint32_t word : words) {
        note(word);
    }
}

TEST(Insn, FenceIMakesNewCodeVisible) {
    Machine machine;
    // Runs `target` once, replaces it, and runs it again after fence.i.
    const std::int32_t target = 0x100;
    machine.load(
        Program().add({jal(ra, target), sw(a1, 0, a2), fence_i, jal(ra, target - 12), nop}));
    machine.place(Machine::ram_base + static_cast<std::uint32_t>(target),
                  Program().add({addi(a0, a0, 1), jalr(zero, ra, 0)}));
    machine.cpu.set_x(a1, addi(a0, a0, 16));
    machine.cpu.set_x(a2, Machine::ram_base + static_cast<std::uint32_t>(target));
    machine.step(8);
    EXPECT_EQ(machine.cpu.x(a0), 17U);
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 16);
    note(fence_i);
}

TEST(Insn, FenceDoesNothing) {
    Machine machine;
    machine.load(Program().add({fence, 0x8330000f /* fence.tso */}));
    machine.step(2);
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 8);
    note(fence);
}

TEST(Insn, CsrInstructions) {
    struct Case {
        std::uint32_t word;
        std::uint32_t source;
        std::uint32_t after;
    };
    const Case cases[] = {
        {csrrw(a0, csr::mscratch, a1), 0x12345678, 0x12345678},
        {csrrs(a0, csr::mscratch, a1), 0x0000000f, 0xa5a5000f | 0xa5a50000},
        {csrrc(a0, csr::mscratch, a1), 0xa0000000, 0x05a50000},
        {csrrwi(a0, csr::mscratch, 31), 0, 31},
        {csrrsi(a0, csr::mscratch, 17), 0, 0xa5a50011},
        {csrrci(a0, csr::mscratch, 31), 0, 0xa5a50000},
    };
    for (const Case& test : cases) {
        Machine machine;
        machine.load(Program().add({test.word}));
        machine.cpu.csrs().set(csr::mscratch, 0xa5a50000);
        machine.cpu.set_x(a1, test.source);
        machine.step();
        EXPECT_EQ(machine.cpu.x(a0), 0xa5a50000U);
        EXPECT_EQ(machine.csr(csr::mscratch), test.after) << std::hex << test.word;
        note(test.word);
    }
}

TEST(Insn, SystemInstructions) {
    Machine machine;
    machine.set_handler();
    machine.load(Program().add({ecall}));
    machine.place(Machine::handler, Program().add({mret}));
    machine.step();
    EXPECT_EQ(machine.cpu.pc(), Machine::handler);
    EXPECT_EQ(machine.csr(csr::mcause), 11U);
    EXPECT_EQ(machine.csr(csr::mepc), Machine::ram_base);
    machine.step();
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base);
    note(ecall);
    note(mret);

    Machine other;
    other.set_handler();
    other.load(Program().add({nop, ebreak}));
    other.step(2);
    EXPECT_EQ(other.csr(csr::mcause), 3U);
    EXPECT_EQ(other.csr(csr::mtval), Machine::ram_base + 4);
    note(ebreak);

    Machine sleeper;
    sleeper.load(Program().add({wfi, nop}));
    EXPECT_EQ(sleeper.step(5).exit, Cpu::Exit::waiting);
    EXPECT_TRUE(sleeper.cpu.waiting());
    note(wfi);
}

/// Runs last in this file: whatever is in the table has been executed above.
TEST(InsnZ, EveryRowWasExecuted) {
    if (executed().empty()) {
        GTEST_SKIP() << "the tests of the instructions did not run";
    }
    for (const InsnSpec& spec : insn_table()) {
        EXPECT_TRUE(executed().contains(spec.name)) << spec.name;
    }
}

// The pure functions can be checked at compile time as well.
static_assert(alu::divide(min_int, minus_one) == min_int);
static_assert(alu::remainder(min_int, minus_one) == 0);
static_assert(alu::sra(min_int, 31) == minus_one);

} // namespace
} // namespace mo::mgmt::test
