// SPDX-License-Identifier: GPL-2.0-or-later
// Traps, interrupts, crashes, control registers and time.
#include <gtest/gtest.h>

#include <set>

#include "machine.hpp"

namespace mo::mgmt::test {
namespace {

struct Fault {
    const char* name;
    std::uint32_t word;
    std::uint32_t a1_value;
    std::uint32_t cause;
    std::uint32_t value;
};

constexpr std::uint32_t nowhere = 0x90000000;

const Fault faults[] = {
    {"illegal", 0xffffffff, 0, 2, 0xffffffff},
    {"illegal compressed", 0x00000000, 0, 2, 0},
    {"lh misaligned", i_type(0x03, 1, a0, a1, 0), Machine::ram_base + 0x201, 4,
     Machine::ram_base + 0x201},
    {"lw misaligned", lw(a0, 2, a1), Machine::ram_base + 0x200, 4, Machine::ram_base + 0x202},
    {"lw nowhere", lw(a0, 0, a1), nowhere, 5, nowhere},
    {"lw behind the RAM", lw(a0, 0, a1), Machine::ram_base + Machine::ram_size, 5,
     Machine::ram_base + Machine::ram_size},
    {"lw refused by the device", lw(a0, 4, a1), Machine::device_base, 5, Machine::device_base + 4},
    {"lb of a device", i_type(0x03, 0, a0, a1, 0), Machine::device_base, 5, Machine::device_base},
    {"sh misaligned", s_type(1, a0, a1, 0), Machine::ram_base + 0x203, 6,
     Machine::ram_base + 0x203},
    {"sw misaligned before its place is looked at", sw(a0, 0, a1), nowhere + 1, 6, nowhere + 1},
    {"sw nowhere", sw(a0, 0, a1), nowhere, 7, nowhere},
    {"sw to read-only memory", sw(a0, 0, a1), Machine::data_base, 7, Machine::data_base},
    {"sw refused by the device", sw(a0, 4, a1), Machine::device_base, 7, Machine::device_base + 4},
    {"sh to a device", s_type(1, a0, a1, 0), Machine::device_base, 7, Machine::device_base},
    {"unknown csr", csrrw(a0, 0x7c0, a1), 0, 2, csrrw(a0, 0x7c0, a1)},
    {"write to a read-only csr", csrrw(zero, csr::mhartid, a1), 0, 2,
     csrrw(zero, csr::mhartid, a1)},
    {"set bits of a read-only csr", csrrsi(a0, csr::mhartid, 1), 0, 2, csrrsi(a0, csr::mhartid, 1)},
    {"no supervisor csrs", csrrs(a0, 0x100, zero), 0, 2, csrrs(a0, 0x100, zero)},
};

TEST(Trap, FaultsArePrecise) {
    for (const Fault& fault : faults) {
        Machine machine;
        machine.set_handler();
        machine.load(Program().add({nop, fault.word}));
        machine.cpu.set_x(a0, 0x77);
        machine.cpu.set_x(a1, fault.a1_value);
        machine.cpu.csrs().set(csr::mstatus, mstatus_mie);
        EXPECT_EQ(machine.step(2).exit, Cpu::Exit::budget) << fault.name;
        EXPECT_EQ(machine.csr(csr::mcause), fault.cause) << fault.name;
        EXPECT_EQ(machine.csr(csr::mtval), fault.value) << fault.name;
        EXPECT_EQ(machine.csr(csr::mepc), Machine::ram_base + 4) << fault.name;
        EXPECT_EQ(machine.cpu.pc(), Machine::handler) << fault.name;
        EXPECT_EQ(machine.cpu.x(a0), 0x77U) << fault.name << ": nothing was written";
        EXPECT_EQ(machine.csr(csr::mstatus) & (mstatus_mie | mstatus_mpie), mstatus_mpie)
            << fault.name;
    }
}

TEST(Trap, FetchFaultIsAtTheTarget) {
    for (const std::uint32_t target : {nowhere, Machine::data_base, Machine::device_base,
                                       Machine::ram_base + Machine::ram_size}) {
        Machine machine;
        machine.set_handler();
        machine.load(Program().add({jalr(ra, a1, 0)}));
        machine.cpu.set_x(a1, target);
        machine.step(2);
        EXPECT_EQ(machine.csr(csr::mcause), 1U);
        EXPECT_EQ(machine.csr(csr::mepc), target);
        EXPECT_EQ(machine.csr(csr::mtval), target);
        EXPECT_EQ(machine.cpu.x(ra), Machine::ram_base + 4) << "the jump itself was done";
    }
}

TEST(Trap, RunningOffTheEndFaults) {
    Machine machine;
    machine.set_handler();
    const std::uint32_t last = Machine::ram_base + Machine::ram_size - 4;
    machine.place(last, Program().add({nop}));
    machine.cpu.reset(last);
    machine.set_handler();
    machine.step(2);
    EXPECT_EQ(machine.csr(csr::mepc), last + 4);
    EXPECT_EQ(machine.csr(csr::mcause), 1U);
}

TEST(Trap, HalfAnInstructionAtTheEndFaults) {
    Machine machine;
    const std::uint32_t last = Machine::ram_base + Machine::ram_size - 4;
    machine.place(last, Program().add({0x00130001})); // c.nop, then the first half of an addi
    machine.cpu.reset(last);
    machine.set_handler();
    machine.step(2);
    EXPECT_EQ(machine.csr(csr::mepc), last + 2);
    EXPECT_EQ(machine.csr(csr::mcause), 1U);
}

TEST(Trap, MretRestores) {
    Machine machine;
    machine.set_handler();
    machine.load(Program().add({ecall, nop}));
    machine.place(Machine::handler, Program().add({csrrw(zero, csr::mepc, a0), mret}));
    machine.cpu.set_x(a0, Machine::ram_base + 4);
    machine.cpu.csrs().set(csr::mstatus, mstatus_mie);
    machine.step(2);
    EXPECT_EQ(machine.step(1).exit, Cpu::Exit::attention);
    EXPECT_EQ(machine.cpu.pc(), Machine::ram_base + 4);
    EXPECT_EQ(machine.csr(csr::mstatus) & (mstatus_mie | mstatus_mpie), mstatus_mie | mstatus_mpie);
}

TEST(Crash, WithoutATrapVector) {
    Machine machine;
    machine.load(Program().add({nop, 0xffffffff}));
    EXPECT_EQ(machine.step(5).exit, Cpu::Exit::crashed);
    EXPECT_EQ(machine.cpu.crash().pc, Machine::ram_base + 4);
    EXPECT_EQ(machine.cpu.crash().cause, 2U);
}

TEST(Crash, ExceptionInTheHandler) {
    Machine machine;
    machine.set_handler();
    machine.load(Program().add({ecall}));
    machine.place(Machine::handler, Program().add({nop, lw(a0, 1, zero)}));
    EXPECT_EQ(machine.step(5).exit, Cpu::Exit::crashed);
    EXPECT_EQ(machine.cpu.crash().pc, Machine::handler + 4);
    EXPECT_EQ(machine.cpu.crash().cause, 4U);
    EXPECT_EQ(machine.cpu.crash().value, 1U);
}

TEST(Crash, HandlerThatIsNowhere) {
    Machine machine;
    EXPECT_TRUE(machine.cpu.csrs().write(csr::mtvec, nowhere));
    machine.load(Program().add({ecall}));
    EXPECT_EQ(machine.step(5).exit, Cpu::Exit::crashed);
    EXPECT_EQ(machine.cpu.crash().cause, 1U);
}

TEST(Crash, AnExceptionAfterMretIsNoDoubleTrap) {
    Machine machine;
    machine.set_handler();
    machine.load(Program().add({ecall}));
    machine.place(Machine::handler, Program().add({mret}));
    for (int i = 0; i < 10; ++i) {
        EXPECT_NE(machine.step(2).exit, Cpu::Exit::crashed);
    }
}

TEST(Interrupt, NeedsBothEnables) {
    for (unsigned enables = 0; enables < 4; ++enables) {
        Machine machine;
        machine.set_handler();
        machine.load(Program().add({nop}));
        machine.cpu.set_pending(mip_external);
        machine.cpu.csrs().set(csr::mie, (enables & 1) != 0 ? mip_external : 0);
        machine.cpu.csrs().set(csr::mstatus, (enables & 2) != 0 ? mstatus_mie : 0);
        machine.step();
        EXPECT_EQ(machine.csr(csr::mcause), enables == 3 ? cause_interrupt | 11 : 0) << enables;
    }
}

TEST(Interrupt, ExternalBeforeTimerAndVectored) {
    Machine machine;
    machine.set_handler(1);
    machine.load(Program().add({nop}));
    for (unsigned i = 0; i < 16; ++i) {
        machine.place(Machine::handler + 4 * i, Program().add({jal(zero, 0)}));
    }
    machine.cpu.csrs().set(csr::mie, mip_external | mip_timer);
    machine.cpu.csrs().set(csr::mstatus, mstatus_mie);
    machine.cpu.set_pending(mip_external | mip_timer);
    machine.step();
    EXPECT_EQ(machine.csr(csr::mcause), cause_interrupt | 11);
    EXPECT_EQ(machine.csr(csr::mepc), Machine::ram_base);
    EXPECT_EQ(machine.cpu.pc(), Machine::handler + 44);
    EXPECT_EQ(machine.cpu.interrupts(), 1U);
}

TEST(Interrupt, WaitEndsWithoutAHandlerWhenMasked) {
    Machine machine;
    machine.load(Program().add({wfi, addi(a0, a0, 1), wfi}));
    machine.cpu.csrs().set(csr::mie, mip_timer);
    EXPECT_EQ(machine.step(10).exit, Cpu::Exit::waiting);
    EXPECT_EQ(machine.step(10).executed, 0U) << "still waiting";
    machine.cpu.set_pending(mip_external);
    EXPECT_EQ(machine.step(10).executed, 0U) << "not the one that is enabled";
    machine.cpu.set_pending(mip_timer);
    EXPECT_EQ(machine.step(1).executed, 1U);
    EXPECT_EQ(machine.cpu.x(a0), 1U);
    EXPECT_EQ(machine.cpu.waits(), 1U);
}

TEST(Interrupt, WfiWithOnePendingGoesOn) {
    Machine machine;
    machine.load(Program().add({wfi, addi(a0, a0, 1)}));
    machine.cpu.csrs().set(csr::mie, mip_timer);
    machine.cpu.set_pending(mip_timer);
    machine.step(2);
    EXPECT_EQ(machine.cpu.x(a0), 1U);
    EXPECT_EQ(machine.cpu.waits(), 0U);
}

TEST(Interrupt, EnablingReturnsToTheCaller) {
    Machine machine;
    machine.load(
        Program().add({csrrsi(zero, csr::mstatus, 8), nop, csrrw(zero, csr::mie, a0), nop}));
    EXPECT_EQ(machine.step(10).executed, 1U);
    EXPECT_EQ(machine.step(10).executed, 2U);
}

TEST(Csr, TableHasNoOverlaps) {
    std::set<unsigned> numbers;
    for (const CsrSpec& spec : csr_table()) {
        for (unsigned i = 0; i < spec.count; ++i) {
            EXPECT_TRUE(numbers.insert(spec.number + i).second) << spec.name;
            EXPECT_LT(spec.number + i, 4096U) << spec.name;
            // Lowest privilege in bits 9..8 is machine mode's.
            EXPECT_EQ((spec.number + i) >> 8 & 3, 3U) << spec.name;
        }
        if ((spec.number >> 10 & 3) == 3) {
            EXPECT_EQ(spec.write_mask, 0U) << spec.name;
        }
    }
}

TEST(Csr, OnlyMaskedBitsChange) {
    for (const CsrSpec& spec : csr_table()) {
        if (spec.kind != CsrKind::stored) {
            continue;
        }
        CsrFile file;
        EXPECT_EQ(*file.read(spec.number), spec.reset) << spec.name;
        const bool writable = (spec.number >> 10 & 3) != 3;
        EXPECT_EQ(file.write(spec.number, 0xffffffff), writable) << spec.name;
        EXPECT_EQ(*file.read(spec.number), spec.reset | spec.write_mask) << spec.name;
        EXPECT_EQ(file.write(spec.number, 0), writable) << spec.name;
        EXPECT_EQ(*file.read(spec.number), spec.reset & ~spec.write_mask) << spec.name;
        file.reset();
        EXPECT_EQ(*file.read(spec.number), spec.reset) << spec.name;
    }
}

TEST(Csr, IdentityIsRv32Imc) {
    CsrFile file;
    EXPECT_EQ(*file.read(csr::misa), 1U << 30 | 1U << ('I' - 'A') | 1U << ('M' - 'A') | 1U << 2);
    EXPECT_EQ(*file.read(csr::mhartid), 0U);
    EXPECT_FALSE(file.read(0x7a0));
    EXPECT_FALSE(file.read(0xc00)) << "no Zicntr";
}

TEST(Csr, MipShowsLevelsAndIgnoresWrites) {
    CsrFile file;
    file.set_pending(mip_external);
    EXPECT_TRUE(file.write(csr::mip, 0));
    EXPECT_EQ(*file.read(csr::mip), mip_external);
}

TEST(Csr, CountersCountAndCanBeWritten) {
    Machine machine;
    machine.set_handler();
    machine.load(Program().add({nop, nop, csrrs(a0, csr::mcycle, zero), ecall}));
    machine.place(Machine::handler,
                  Program().add({csrrs(a1, csr::mcycle, zero), csrrs(a2, csr::minstret, zero),
                                 csrrw(zero, csr::mcycleh, a3), csrrs(a4, csr::mcycleh, zero)}));
    machine.cpu.set_x(a3, 0x1234);
    machine.step(8);
    EXPECT_EQ(machine.cpu.x(a0), 2U);
    EXPECT_EQ(machine.cpu.x(a1), 4U);
    EXPECT_EQ(machine.cpu.x(a2), 4U) << "five before it, of which ecall does not retire";
    EXPECT_EQ(machine.cpu.x(a4), 0x1234U);
}

TEST(Time, DevicesSeeTheInstructionsBefore) {
    Machine machine;
    machine.load(Program().add({nop, nop, lw(a0, 0, a1)}));
    machine.cpu.set_x(a1, Machine::device_base);
    machine.cpu.run(5000, 3);
    EXPECT_EQ(machine.device.last_ns, 5000U + 2 * Cpu::insn_ns);
}

TEST(Time, DeviceStoresReturnToTheCaller) {
    Machine machine;
    machine.load(Program().add({sw(a0, 0, a1), nop, nop}));
    machine.cpu.set_x(a0, 99);
    machine.cpu.set_x(a1, Machine::device_base);
    const Cpu::RunOutcome outcome = machine.step(3);
    EXPECT_EQ(outcome.exit, Cpu::Exit::attention);
    EXPECT_EQ(outcome.executed, 1U);
    EXPECT_EQ(machine.device.value, 99U);
    EXPECT_EQ(machine.step(2).executed, 2U);
}

} // namespace
} // namespace mo::mgmt::test
