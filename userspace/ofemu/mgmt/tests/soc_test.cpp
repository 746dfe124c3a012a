// SPDX-License-Identifier: GPL-2.0-or-later
// The chip with small programs in place of the boot ROM: registers, peripherals, time, faults.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "assembler.hpp"
#include "common/result.hpp"
#include "fakes.hpp"
#include "mgmt/trap.hpp"

namespace mo::mgmt::test {
namespace {

constexpr std::uint64_t us = 1000;
constexpr std::uint64_t ms = 1000 * us;

/// A chip whose ROM is the program. The trap vector is at 0x8000, where the core sleeps.
struct Chip {
    explicit Chip(const Program& program, SocConfig config = {})
        : soc(with_rom(std::move(config), program), host, phy) {
        soc.power_on(0);
    }
    static SocConfig with_rom(SocConfig config, const Program& program) {
        config.rom = program.bytes();
        config.rom.resize(0x8000);
        for (const std::uint8_t byte : Program().add({wfi, jal(zero, -4)}).bytes()) {
            config.rom.push_back(byte);
        }
        return config;
    }
    FakeHost host;
    FakePhy phy;
    Soc soc;
};

/// Start of every program: traps go to 0x8000.
Program prologue() {
    return Program().load(t0, 0x8000).add({csrrw(zero, 0x305, t0)});
}

struct RegisterRow {
    hw::mo_soc_reg reg;
    const char* name;
    const char* access;
    std::uint32_t reset;
};

const RegisterRow register_rows[] = {
#define X(block, name, offset, access, reset, text)                                                \
    {hw::MO_SOC_##block##_##name, #block "_" #name, #access, reset},
    MO_SOC_REGS(X)
#undef X
};

/// mcause of reading or writing one address; 0 = no trap.
std::uint32_t access_cause(std::uint32_t address, bool write) {
    Program program = prologue();
    program.load(t0, address).add({write ? sw(zero, 0, t0) : lw(t1, 0, t0), wfi, jal(zero, -4)});
    Chip chip(program);
    chip.soc.run(0, 1000);
    return chip.soc.core().mcause;
}

TEST(Registers, AccessFollowsTheTable) {
    for (const RegisterRow& row : register_rows) {
        const std::string access = row.access;
        EXPECT_EQ(access_cause(row.reg, false), access == "WO" ? 5U : 0U) << "read " << row.name;
        EXPECT_EQ(access_cause(row.reg, true), access == "RO" ? 7U : 0U) << "write " << row.name;
    }
}

TEST(Registers, LanesAndBinsRepeat) {
    EXPECT_EQ(access_cause(hw::MO_SOC_SERDES_RATE + 7 * MO_SOC_LANE_STRIDE, true), 0U);
    EXPECT_EQ(access_cause(hw::MO_SOC_SERDES_RATE + 8 * MO_SOC_LANE_STRIDE, true), 7U);
    EXPECT_EQ(access_cause(hw::MO_SOC_PCS_BIN0_HI + 15 * 8, false), 0U);
    EXPECT_EQ(access_cause(hw::MO_SOC_PCS_BIN0_HI + 16 * 8, false), 5U);
}

TEST(Registers, UnknownPlacesTrap) {
    EXPECT_EQ(access_cause(MO_SOC_REG(hw::MO_SOC_SYS, 0x4c), false), 5U);
    EXPECT_EQ(access_cause(MO_SOC_REG(hw::MO_SOC_TIMER, 0x10), true), 7U);
    EXPECT_EQ(access_cause(MO_SOC_REG(13, 0), false), 5U);
    EXPECT_EQ(access_cause(MO_SOC_FLASH_BASE, true), 7U) << "the flash window is read only";
    EXPECT_EQ(access_cause(MO_SOC_STAGE_BASE, true), 7U);
    EXPECT_EQ(access_cause(MO_SOC_MBOX_REQ_BASE, true), 7U);
    EXPECT_EQ(access_cause(MO_SOC_MBOX_RSP_BASE, true), 0U);
}

TEST(Registers, ResetValues) {
    for (const RegisterRow& row : register_rows) {
        const std::string name = row.name;
        if (std::string(row.access) == "WO" || name == "SYS_KEYS" || name == "SYS_IF_VERSION" ||
            name == "SYS_SECURITY_VERSION" || name == "SYS_PORTS") {
            continue; // nothing to read; properties of the device
        }
        if (name.starts_with("MODULE_") || name.starts_with("SERDES_") ||
            name.starts_with("LASER_") || name.starts_with("PCS_")) {
            continue; // live in the optics
        }
        Program program = prologue();
        program.fetch(a0, row.reg).add({wfi, jal(zero, -4)});
        Chip chip(program);
        chip.soc.run(0, 100);
        if (name == "TIMER_NOW_LO" || name == "SYS_STATE") {
            EXPECT_EQ(chip.soc.core().x[a0], 0U) << name;
            continue;
        }
        EXPECT_EQ(chip.soc.core().x[a0], row.reset) << name;
    }
}

TEST(Registers, NothingExecutesOutsideRomAndRam) {
    for (const std::uint32_t target :
         {MO_SOC_FLASH_BASE, MO_SOC_STAGE_BASE, MO_SOC_MBOX_REQ_BASE, MO_SOC_PERIPH_BASE}) {
        Program program = prologue();
        program.load(t0, target).add({jalr(zero, t0, 0)});
        Chip chip(program);
        chip.soc.run(0, 100);
        EXPECT_EQ(chip.soc.core().mcause, 1U);
        EXPECT_EQ(chip.soc.core().mepc, target);
    }
}

TEST(Sys, ReportsIdentityAndReset) {
    SocConfig config;
    config.board = MO_BOARD_LAB_400G;
    config.keys = 4;
    config.security_version = 9;
    Program program = prologue();
    program.fetch(a0, hw::MO_SOC_SYS_BOARD).fetch(a1, hw::MO_SOC_SYS_KEYS);
    program.fetch(a2, hw::MO_SOC_SYS_SECURITY_VERSION).fetch(a3, hw::MO_SOC_SYS_RESET_CAUSE);
    program.fetch(a4, hw::MO_SOC_SYS_BOOT_SOURCE).fetch(a5, hw::MO_SOC_SYS_STAGE_LEN);
    program.add({wfi});
    Chip chip(program, config);
    chip.soc.stage_length(0xffffffff);
    chip.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_STAGE, 0);
    chip.soc.run(0, 100);
    const auto x = chip.soc.core().x;
    EXPECT_EQ(x[a0], std::uint32_t{MO_BOARD_LAB_400G});
    EXPECT_EQ(x[a1], 4U);
    EXPECT_EQ(x[a2], 9U);
    EXPECT_EQ(x[a3], std::uint32_t{MO_SOC_RESET_HOST});
    EXPECT_EQ(x[a4], std::uint32_t{MO_SOC_BOOT_STAGE});
    EXPECT_EQ(x[a5], std::uint32_t{MO_SOC_STAGE_SIZE}) << "cut to the stage";
}

TEST(Sys, StateGoesToTheHostAndNonsenseDoesNot) {
    Program program = prologue();
    program.store(hw::MO_SOC_SYS_ERROR, 77).store(hw::MO_SOC_SYS_STATE, 99);
    program.store(hw::MO_SOC_SYS_ERROR, hw::MO_FW_ERR_HASH);
    program.store(hw::MO_SOC_SYS_STATE, hw::MO_MGMT_REJECTED).add({wfi});
    Chip chip(program);
    const std::size_t before = chip.host.states.size();
    chip.soc.run(0, 100);
    ASSERT_EQ(chip.host.states.size(), before + 1);
    EXPECT_EQ(chip.host.states.back().first, hw::MO_MGMT_REJECTED);
    EXPECT_EQ(chip.host.states.back().second, hw::MO_FW_ERR_HASH);
}

TEST(Sys, CrashReportedByTheFirmwareStopsTheCore) {
    Program program = prologue();
    program.store(hw::MO_SOC_SYS_CRASH_PC, 0x1234).store(hw::MO_SOC_SYS_ERROR, hw::MO_FW_ERR_PANIC);
    program.store(hw::MO_SOC_SYS_STATE, hw::MO_MGMT_CRASHED);
    program.store(hw::MO_SOC_SYS_HEARTBEAT, 1);
    Chip chip(program);
    EXPECT_EQ(chip.soc.run(0, 1000).stop, RunStop::halted);
    EXPECT_EQ(chip.soc.heartbeat(), 0U) << "nothing runs after the crash";
    EXPECT_EQ(chip.soc.state(), hw::MO_MGMT_CRASHED);
    EXPECT_EQ(chip.soc.error(), hw::MO_FW_ERR_PANIC);
    EXPECT_EQ(chip.soc.next_run_ns(0), never_ns);
    chip.soc.reset(MO_SOC_RESET_CRASH, MO_SOC_BOOT_AUTO, 0);
    EXPECT_EQ(chip.soc.crash_pc(), 0x1234U) << "kept over the reset";
    EXPECT_EQ(chip.soc.state(), hw::MO_MGMT_RESET);
}

TEST(Sys, CoreCanResetItself) {
    Program program = prologue();
    program.fetch(a0, hw::MO_SOC_SYS_RESET_CAUSE);
    program.add({addi(a1, zero, MO_SOC_RESET_SELF), b_type(0, a0, a1, 28)}); // already: sleep
    program.store(hw::MO_SOC_SYS_RESET, 1);
    program.add({nop, wfi, jal(zero, -4)});
    Chip chip(program);
    EXPECT_EQ(chip.soc.run(0, 1000).stop, RunStop::waiting);
    EXPECT_EQ(chip.soc.counters().resets, 2U);
    EXPECT_EQ(chip.soc.core().x[a0], std::uint32_t{MO_SOC_RESET_SELF});
}

TEST(Sys, LogCharactersReachTheHost) {
    Program program = prologue();
    program.store(hw::MO_SOC_SYS_LOG, 'h').store(hw::MO_SOC_SYS_LOG, 'i').add({wfi});
    Chip chip(program);
    chip.soc.run(0, 100);
    EXPECT_EQ(chip.host.log, "hi");
}

/// Sets CMP to `at_us` and enables the timer interrupt's wake-up.
Program timer_program(std::uint32_t at_us) {
    Program program = prologue();
    program.store(hw::MO_SOC_TIMER_CMP_HI, 0xffffffff);
    program.store(hw::MO_SOC_TIMER_CMP_LO, at_us).store(hw::MO_SOC_TIMER_CMP_HI, 0);
    program.load(t0, mip_timer).add({csrrw(zero, 0x304, t0)});
    return program;
}

TEST(Timer, WakesAtItsTimeAndNotBefore) {
    Program program = timer_program(500);
    program.add({wfi}).fetch(a0, hw::MO_SOC_TIMER_NOW_LO).add({jal(zero, 0)});
    Chip chip(program);
    EXPECT_EQ(chip.soc.run(0, 1000).stop, RunStop::waiting);
    EXPECT_EQ(chip.soc.next_run_ns(10 * us), 500 * us);
    EXPECT_EQ(chip.soc.run(499 * us, 1000).instructions, 0U);
    chip.soc.run(500 * us, 100);
    EXPECT_EQ(chip.soc.core().x[a0], 500U);
}

TEST(Timer, CountsDeviceTimeAlsoOverPowerOn) {
    Program program = prologue();
    program.fetch(a0, hw::MO_SOC_TIMER_NOW_LO).fetch(a1, hw::MO_SOC_TIMER_NOW_HI).add({wfi});
    Chip chip(program);
    chip.soc.power_on(7'000 * ms);
    chip.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_AUTO, 7'000 * ms);
    const std::uint64_t later = (std::uint64_t{3} << 32) * us + 5 * us;
    chip.soc.run(later, 100);
    EXPECT_EQ(chip.soc.core().x[a0], 5U);
    EXPECT_EQ(chip.soc.core().x[a1], 3U);
}

TEST(Timer, PollingLoopSeesVirtualTimePass) {
    Program program = prologue();
    program.load(a1, 50).load(t0, hw::MO_SOC_TIMER_NOW_LO);
    program.add({lw(a0, 0, t0), b_type(6, a0, a1, -4), wfi}); // until now >= 50 us
    Chip chip(program);
    const RunResult result = chip.soc.run(0, 1'000'000);
    EXPECT_EQ(result.stop, RunStop::waiting);
    EXPECT_EQ(chip.soc.core().x[a0], 50U);
    EXPECT_EQ(result.end_ns, result.instructions * Soc::insn_ns);
    EXPECT_NEAR(static_cast<double>(result.end_ns), 50.0 * us, 100.0);
}

TEST(Timer, InterruptsArePreciseInVirtualTime) {
    Program program = timer_program(200);
    program.add({csrrsi(zero, 0x300, 8), jal(zero, 0)}); // spin with interrupts on
    Chip chip(program);
    chip.soc.run(0, 1'000'000);
    EXPECT_EQ(chip.soc.core().mcause, cause_interrupt | irq_timer);
    EXPECT_EQ(chip.soc.counters().interrupts, 1U);
}

TEST(Watchdog, ExpiryCrashesTheCore) {
    Program program = prologue();
    program.store(hw::MO_SOC_WDOG_PERIOD_US, 1000).add({wfi, jal(zero, -4)});
    Chip chip(program);
    chip.soc.run(0, 1000);
    const std::uint64_t deadline = chip.soc.next_run_ns(0);
    EXPECT_GT(deadline, 1000 * us);
    EXPECT_LT(deadline, 1001 * us);
    EXPECT_EQ(chip.soc.run(deadline - 1, 10).stop, RunStop::waiting);
    EXPECT_EQ(chip.soc.run(deadline, 10).stop, RunStop::halted);
    EXPECT_EQ(chip.soc.error(), hw::MO_FW_ERR_WATCHDOG);
    EXPECT_EQ(chip.soc.counters().watchdog_expiries, 1U);
    EXPECT_EQ(chip.host.states.back().first, hw::MO_MGMT_CRASHED);
}

TEST(Watchdog, KickRestartsAndOnlyTheMagicKicks) {
    for (const std::uint32_t value : {std::uint32_t{MO_SOC_WDOG_MAGIC}, 1U}) {
        Program program = timer_program(800);
        program.store(hw::MO_SOC_WDOG_PERIOD_US, 1000).add({wfi});
        program.store(hw::MO_SOC_WDOG_KICK, value)
            .add({csrrwi(zero, 0x304, 0), wfi, jal(zero, -4)});
        Chip chip(program);
        chip.soc.run(0, 1000);
        chip.soc.run(800 * us, 1000);
        const std::uint64_t deadline = chip.soc.next_run_ns(800 * us);
        EXPECT_EQ(deadline / ms, value == MO_SOC_WDOG_MAGIC ? 1U : 1U);
        EXPECT_EQ(deadline > 1100 * us, value == MO_SOC_WDOG_MAGIC);
    }
}

TEST(Faults, HangEndsByTheWatchdog) {
    Program program = prologue();
    program.store(hw::MO_SOC_WDOG_PERIOD_US, 1000).add({jal(zero, 0)});
    Chip chip(program);
    chip.soc.run(0, 100);
    chip.soc.inject_hang();
    EXPECT_EQ(chip.soc.run(100 * us, 1000).instructions, 0U);
    const std::uint64_t deadline = chip.soc.next_run_ns(100 * us);
    EXPECT_NEAR(static_cast<double>(deadline), 1000.0 * us, 1000.0);
    chip.soc.run(deadline, 1);
    EXPECT_EQ(chip.soc.error(), hw::MO_FW_ERR_WATCHDOG);
    chip.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_AUTO, deadline);
    EXPECT_GT(chip.soc.run(deadline, 10).instructions, 0U) << "the reset ends the hang";
}

TEST(Faults, InjectedCrash) {
    Chip chip(prologue().add({jal(zero, 0)}));
    chip.soc.run(0, 100);
    chip.soc.inject_crash(5);
    EXPECT_EQ(chip.soc.state(), hw::MO_MGMT_CRASHED);
    EXPECT_EQ(chip.soc.error(), hw::MO_FW_ERR_INJECTED);
    chip.soc.inject_crash(6);
    EXPECT_EQ(chip.soc.counters().crashes, 1U) << "it had crashed already";
}

TEST(Faults, TrapWithoutAVectorCrashes) {
    Chip chip(Program().add({nop, 0xffffffff}));
    EXPECT_EQ(chip.soc.run(0, 100).stop, RunStop::halted);
    EXPECT_EQ(chip.soc.error(), hw::MO_FW_ERR_TRAP);
    EXPECT_EQ(chip.soc.crash_pc(), 4U);
    EXPECT_EQ(chip.soc.crash_cause(), 2U);
}

/// Answers each request with its own bytes 0..15 and the length of 12.
Program echo_program() {
    Program program = prologue();
    program.store(hw::MO_SOC_INTC_ENABLE, 1U << MO_SOC_IRQ_MBOX);
    program.load(t0, 1U << 11).add({csrrw(zero, 0x304, t0)});
    program.store(hw::MO_SOC_SYS_STATE, hw::MO_MGMT_RUNNING);
    const std::size_t loop = program.size();
    program.add({wfi});
    program.load(a0, MO_SOC_MBOX_REQ_BASE).load(a1, MO_SOC_MBOX_RSP_BASE);
    for (std::int32_t i = 0; i < 16; i += 4) {
        program.add({lw(t0, i, a0), sw(t0, i, a1)});
    }
    program.fetch(a2, hw::MO_SOC_MBOX_REQ_LEN);
    program.store(hw::MO_SOC_MBOX_RSP_LEN, 12).store(hw::MO_SOC_MBOX_DONE, 1);
    program.add(
        {jal(zero, static_cast<std::int32_t>(loop) - static_cast<std::int32_t>(program.size()))});
    return program;
}

TEST(Mailbox, RequestWakesAndIsAnsweredOnce) {
    Chip chip(echo_program());
    std::vector<std::uint8_t> request(16);
    for (std::size_t i = 0; i < request.size(); ++i) {
        request[i] = static_cast<std::uint8_t>(i + 1);
    }
    EXPECT_FALSE(chip.soc.mailbox_submit(request)) << "not running yet";
    chip.soc.run(0, 1000);
    EXPECT_TRUE(chip.soc.mailbox_submit(request));
    EXPECT_TRUE(chip.soc.mailbox_busy());
    EXPECT_FALSE(chip.soc.mailbox_submit(request)) << "one at a time";
    EXPECT_EQ(chip.soc.next_run_ns(7), 7U);
    EXPECT_EQ(chip.soc.run(7, 1000).stop, RunStop::waiting);
    ASSERT_EQ(chip.host.responses.size(), 1U);
    request.resize(12);
    EXPECT_EQ(chip.host.responses[0], request);
    EXPECT_EQ(chip.soc.core().x[a2], 16U);
    EXPECT_FALSE(chip.soc.mailbox_busy());
    EXPECT_EQ(chip.soc.next_run_ns(9), never_ns);
}

TEST(Mailbox, SizesAreBounded) {
    Chip chip(echo_program());
    chip.soc.run(0, 1000);
    EXPECT_FALSE(chip.soc.mailbox_submit(std::vector<std::uint8_t>(7)));
    EXPECT_FALSE(chip.soc.mailbox_submit(std::vector<std::uint8_t>(MO_MB_MAX + 1)));
    EXPECT_TRUE(chip.soc.mailbox_submit(std::vector<std::uint8_t>(MO_MB_MAX)));
}

TEST(Mailbox, FirmwareCannotAnswerLongerThanTheBufferOrUnasked) {
    Program program = prologue();
    program.store(hw::MO_SOC_MBOX_RSP_LEN, 0xffffffff).fetch(a0, hw::MO_SOC_MBOX_RSP_LEN);
    program.store(hw::MO_SOC_MBOX_DONE, 1).add({wfi});
    Chip chip(program);
    chip.soc.run(0, 100);
    EXPECT_EQ(chip.soc.core().x[a0], std::uint32_t{MO_MB_MAX});
    EXPECT_TRUE(chip.host.responses.empty());
}

TEST(Mailbox, ResetForgetsTheRequest) {
    Chip chip(echo_program());
    chip.soc.run(0, 1000);
    EXPECT_TRUE(chip.soc.mailbox_submit(std::vector<std::uint8_t>(16)));
    chip.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_AUTO, 0);
    EXPECT_FALSE(chip.soc.mailbox_busy());
    chip.soc.run(0, 1000);
    EXPECT_TRUE(chip.host.responses.empty());
}

TEST(Mailbox, EventsAreSplit) {
    Program program = prologue();
    program.store(hw::MO_SOC_MBOX_EVENT, 0x0512abcd).add({wfi});
    Chip chip(program);
    chip.soc.run(0, 100);
    ASSERT_EQ(chip.host.events.size(), 1U);
    EXPECT_EQ(chip.host.events[0].type, 5);
    EXPECT_EQ(chip.host.events[0].code, 0x12);
    EXPECT_EQ(chip.host.events[0].data, 0xabcd);
}

/// One I2C command, then sleep until it is done, then STATUS to a0 and the first word to a1.
Program i2c_program(std::uint32_t target, std::uint32_t len, std::uint32_t command) {
    Program program = prologue();
    program.store(MO_SOC_I2C_BUF_BASE, 0x44332211);
    program.store(hw::MO_SOC_INTC_ENABLE, 1U << MO_SOC_IRQ_I2C);
    program.load(t0, 1U << 11).add({csrrw(zero, 0x304, t0)});
    program.store(hw::MO_SOC_I2C_TARGET, target).store(hw::MO_SOC_I2C_OFFSET, 4);
    program.store(hw::MO_SOC_I2C_LEN, len).store(hw::MO_SOC_I2C_CMD, command);
    program.fetch(a2, hw::MO_SOC_I2C_STATUS).add({wfi});
    program.fetch(a0, hw::MO_SOC_I2C_STATUS).fetch(a1, MO_SOC_I2C_BUF_BASE);
    program.store(hw::MO_SOC_I2C_ACK, 1).fetch(a3, hw::MO_SOC_I2C_STATUS).add({wfi, jal(zero, -4)});
    return program;
}

TEST(I2c, ReadTakesTheTimeOfTheBus) {
    Chip chip(i2c_program(0x50, 8, MO_SOC_I2C_READ));
    for (std::size_t i = 0; i < 256; ++i) {
        chip.phy.eeprom[i] = static_cast<std::uint8_t>(i);
    }
    chip.soc.run(0, 1000);
    EXPECT_EQ(chip.soc.core().x[a2], 1U) << "busy";
    const std::uint64_t end = chip.soc.next_run_ns(0);
    EXPECT_EQ(end - chip.phy.last_i2c_ns, (3 + 8) * 25 * us);
    chip.soc.run(end, 1000);
    EXPECT_EQ(chip.soc.core().x[a0], 4U) << "done";
    EXPECT_EQ(chip.soc.core().x[a1], 0x07060504U);
    EXPECT_EQ(chip.soc.core().x[a3], 0U);
    EXPECT_EQ(chip.soc.counters().i2c_transfers, 1U);
}

TEST(I2c, WriteHappensAtItsEnd) {
    Chip chip(i2c_program(0x50, 4, MO_SOC_I2C_WRITE));
    chip.soc.run(0, 1000);
    EXPECT_EQ(chip.phy.eeprom[4], 0);
    const std::uint64_t end = chip.soc.next_run_ns(0);
    chip.soc.run(end, 1000);
    EXPECT_EQ(chip.phy.last_i2c_ns, end);
    EXPECT_EQ(chip.phy.eeprom[4], 0x11);
    EXPECT_EQ(chip.phy.eeprom[7], 0x44);
    EXPECT_EQ(chip.phy.eeprom[8], 0);
}

TEST(I2c, NobodyThere) {
    for (const std::uint32_t command : {MO_SOC_I2C_READ, MO_SOC_I2C_WRITE}) {
        Chip chip(i2c_program(0x51, 4, command));
        chip.soc.run(0, 1000);
        chip.soc.run(10 * ms, 1000);
        EXPECT_EQ(chip.soc.core().x[a0], 6U) << "done, no acknowledge";
        EXPECT_EQ(chip.soc.core().x[a1], 0x44332211U) << "the buffer is as it was";
        EXPECT_EQ(chip.soc.counters().i2c_nacks, 1U);
    }
}

TEST(I2c, BadLengthsAndCommandsFailAtOnce) {
    for (const auto& [len, command] : std::initializer_list<std::pair<unsigned, unsigned>>{
             {0, 1}, {129, 1}, {0xffffffff, 2}, {4, 3}}) {
        Chip chip(i2c_program(0x50, len, command));
        chip.soc.run(0, 1000);
        EXPECT_EQ(chip.soc.core().x[a0], 6U);
        EXPECT_EQ(chip.phy.last_i2c_ns, 0U);
    }
}

/// One flash command from RAM bytes; STATUS when idle goes to a0.
Program flash_program(std::uint32_t addr, std::uint32_t len, std::uint32_t src,
                      std::uint32_t command) {
    Program program = prologue();
    program.store(MO_SOC_RAM_BASE, 0x55aa33cc);
    program.store(hw::MO_SOC_INTC_ENABLE, 1U << MO_SOC_IRQ_FLASH);
    program.load(t0, 1U << 11).add({csrrw(zero, 0x304, t0)});
    program.store(hw::MO_SOC_FLASH_ADDR, addr).store(hw::MO_SOC_FLASH_LEN, len);
    program.store(hw::MO_SOC_FLASH_SRC, src).store(hw::MO_SOC_FLASH_CMD, command);
    program.add({wfi}).fetch(a0, hw::MO_SOC_FLASH_STATUS);
    program.store(hw::MO_SOC_INTC_ENABLE, 0).add({wfi, jal(zero, -4)});
    return program;
}

void finish_flash(Chip& chip) {
    chip.soc.run(0, 1000);
    chip.soc.run(100 * ms, 1000);
}

TEST(FlashBlock, ShippedEmpty) {
    Chip chip(prologue());
    EXPECT_EQ(chip.soc.flash().size(), std::size_t{MO_SOC_FLASH_SIZE});
    for (const std::uint8_t byte : chip.soc.flash()) {
        ASSERT_EQ(byte, 0xff);
    }
}

TEST(FlashBlock, ProgramClearsBitsAndEraseSetsThem) {
    Chip chip(flash_program(4096 + 8, 4, MO_SOC_RAM_BASE, MO_SOC_FLASH_PROGRAM));
    finish_flash(chip);
    EXPECT_EQ(chip.soc.core().x[a0], 0U);
    EXPECT_EQ(chip.soc.flash()[4096 + 8], 0xcc);
    EXPECT_EQ(chip.soc.flash()[4096 + 11], 0x55);
    EXPECT_EQ(chip.soc.flash()[4096 + 12], 0xff);
    EXPECT_EQ(chip.soc.flash()[4096 + 7], 0xff);

    // A second chip on the same contents would see the AND of both; here: erase in one go.
    Chip eraser(flash_program(4096 + 100, 0, 0, MO_SOC_FLASH_ERASE));
    eraser.soc.run(0, 1000);
    EXPECT_EQ(eraser.soc.next_run_ns(0) / ms, 40U);
    finish_flash(eraser);
    EXPECT_EQ(eraser.soc.counters().flash_erases, 1U);
}

/// Zeros in the whole sector 1, by programming in pieces, and then `command` there.
Program flash_zeros_then(std::uint32_t command) {
    Program program = prologue();
    program.store(MO_SOC_RAM_BASE + 0x4000, 0); // RAM is zero from power-on
    const auto poll_idle = [&program] {
        program.load(t0, hw::MO_SOC_FLASH_STATUS);
        program.add({lw(t1, 0, t0), i_type(0x13, 7, t1, t1, 1), b_type(1, t1, zero, -8)});
    };
    program.store(hw::MO_SOC_FLASH_ADDR, 4096).store(hw::MO_SOC_FLASH_LEN, 4096);
    program.store(hw::MO_SOC_FLASH_SRC, MO_SOC_RAM_BASE + 0x4000);
    program.store(hw::MO_SOC_FLASH_CMD, MO_SOC_FLASH_PROGRAM);
    if (command == MO_SOC_FLASH_ERASE) {
        poll_idle();
        program.store(hw::MO_SOC_FLASH_CMD, MO_SOC_FLASH_ERASE);
    }
    poll_idle();
    program.add({wfi, jal(zero, -4)});
    return program;
}

std::size_t count_in_sector(Chip& chip, std::uint8_t value) {
    const auto sector = chip.soc.flash().subspan(4096, 4096);
    return static_cast<std::size_t>(std::count(sector.begin(), sector.end(), value));
}

TEST(FlashBlock, ResetLeavesAProgramHalfDone) {
    constexpr std::uint64_t whole = 4096 * 3'000;
    Chip chip(flash_zeros_then(MO_SOC_FLASH_PROGRAM));
    chip.soc.run(0, 1000);
    chip.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_STAGE, whole / 2);
    const auto done = count_in_sector(chip, 0x00);
    EXPECT_GT(done, 1500U);
    EXPECT_LT(done, 2500U);
    EXPECT_GE(done + count_in_sector(chip, 0xff) + 1, 4096U) << "one byte may be half programmed";
    EXPECT_EQ(chip.soc.flash()[4095], 0xff) << "neighbours are whole";
    EXPECT_EQ(chip.soc.flash()[8192], 0xff);
}

TEST(FlashBlock, ResetLeavesAnEraseHalfDone) {
    constexpr std::uint64_t programmed = 4096 * 3'000, erase = 40 * ms;
    std::size_t last_erased = 0;
    for (const unsigned percent : {5U, 30U, 60U, 90U}) {
        Chip chip(flash_zeros_then(MO_SOC_FLASH_ERASE));
        chip.soc.run(0, 1000);
        chip.soc.run(programmed, 1000);
        ASSERT_EQ(chip.soc.counters().flash_erases, 1U);
        chip.soc.power_on(programmed + erase * percent / 100);
        const auto erased = count_in_sector(chip, 0xff);
        EXPECT_LT(erased, 4096U) << percent;
        EXPECT_GE(erased, last_erased) << percent;
        last_erased = erased;
        EXPECT_EQ(chip.soc.flash()[4095], 0xff);
        EXPECT_EQ(chip.soc.flash()[8192], 0xff);
    }
    EXPECT_GT(last_erased, 0U);
}

TEST(FlashBlock, RefusesWhatItCannotDo) {
    struct Case {
        const char* name;
        std::uint32_t addr, len, src, command;
    };
    const Case cases[] = {
        {"crosses a sector", 4090, 8, MO_SOC_RAM_BASE, MO_SOC_FLASH_PROGRAM},
        {"longer than a sector", 0, 4097, MO_SOC_RAM_BASE, MO_SOC_FLASH_PROGRAM},
        {"empty", 0, 0, MO_SOC_RAM_BASE, MO_SOC_FLASH_PROGRAM},
        {"behind the end", MO_SOC_FLASH_SIZE, 4, MO_SOC_RAM_BASE, MO_SOC_FLASH_PROGRAM},
        {"erase behind the end", MO_SOC_FLASH_SIZE, 4, 0, MO_SOC_FLASH_ERASE},
        {"address wraps", 0xfffffffc, 8, MO_SOC_RAM_BASE, MO_SOC_FLASH_PROGRAM},
        {"source in ROM", 0, 4, 0, MO_SOC_FLASH_PROGRAM},
        {"source crosses the end", 0, 8, MO_SOC_RAM_BASE + MO_SOC_RAM_SIZE - 4,
         MO_SOC_FLASH_PROGRAM},
        {"unknown command", 0, 4, MO_SOC_RAM_BASE, 3},
    };
    for (const Case& test : cases) {
        Chip chip(flash_program(test.addr, test.len, test.src, test.command));
        finish_flash(chip);
        EXPECT_EQ(chip.soc.core().x[a0], 2U) << test.name;
        EXPECT_EQ(chip.soc.counters().flash_programs + chip.soc.counters().flash_erases, 0U)
            << test.name;
    }
}

class FlashFile : public testing::Test {
  protected:
    void TearDown() override { std::filesystem::remove(path_); }
    SocConfig config() const {
        SocConfig config;
        config.flash_path = path_;
        return config;
    }
    std::string path_ = testing::TempDir() + "mo-flash-" + std::to_string(::getpid());
};

TEST_F(FlashFile, KeepsContentsAndBootSlot) {
    {
        Program program = flash_program(8, 4, MO_SOC_RAM_BASE, MO_SOC_FLASH_PROGRAM);
        program.store(hw::MO_SOC_SYS_BOOT_SLOT, 1); // never reached: the program sleeps before
        Chip chip(program, config());
        finish_flash(chip);
    }
    {
        Chip chip(prologue().store(hw::MO_SOC_SYS_BOOT_SLOT, 1).add({wfi}), config());
        chip.soc.run(0, 100);
        EXPECT_EQ(chip.soc.flash()[8], 0xcc);
    }
    Chip chip(prologue(), config());
    EXPECT_EQ(chip.soc.flash()[8], 0xcc);
    EXPECT_EQ(chip.soc.boot_slot(), 1U);
}

TEST_F(FlashFile, KeepsAPowerCutInTheMiddleOfAProgram) {
    {
        Chip chip(flash_zeros_then(MO_SOC_FLASH_PROGRAM), config());
        chip.soc.run(0, 1000);
        ASSERT_EQ(chip.soc.counters().flash_programs, 1U);
    } // the process ends here, the program does not
    Chip chip(prologue(), config());
    const auto done = count_in_sector(chip, 0x00);
    EXPECT_GT(done, 0U);
    EXPECT_LT(done, 4096U);
}

TEST_F(FlashFile, RefusesWhatIsNoFlash) {
    std::ofstream(path_) << "short";
    EXPECT_THROW(Chip(prologue(), config()), FatalError);
}

TEST_F(FlashFile, RefusesTwoUsers) {
    Chip chip(prologue(), config());
    EXPECT_THROW(Chip(prologue(), config()), FatalError);
}

TEST(Mac, GateAndPublication) {
    Program program = prologue();
    program.store(MO_SOC_LINK_BASE, 0x01020304).store(hw::MO_SOC_MAC_SPEED, 800'000);
    program.store(hw::MO_SOC_MAC_CTRL, 0xfffffffd).store(hw::MO_SOC_MAC_PUBLISH, 1).add({wfi});
    Chip chip(program);
    chip.soc.run(0, 100);
    EXPECT_TRUE(chip.host.receives);
    EXPECT_FALSE(chip.host.transmits);
    EXPECT_EQ(chip.host.speed, 800'000U);
    ASSERT_EQ(chip.host.links.size(), 1U);
    EXPECT_EQ(chip.host.links[0].size(), sizeof(hw::mo_link_state));
    EXPECT_EQ(chip.host.links[0][0], 4);
    chip.soc.inject_crash(0);
    EXPECT_TRUE(chip.host.receives) << "a crash leaves the datapath alone";
    chip.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_AUTO, 0);
    EXPECT_FALSE(chip.host.receives);
    EXPECT_EQ(chip.phy.resets, 2U);
}

TEST(Sensor, ShowsTheHostsValues) {
    Program program = prologue();
    program.fetch(a0, hw::MO_SOC_SENSOR_TEMP_BOARD).fetch(a1, hw::MO_SOC_SENSOR_POWER);
    program.fetch(a2, hw::MO_SOC_SENSOR_ENERGY_LO).fetch(a3, hw::MO_SOC_SENSOR_ENERGY_HI);
    program.add({wfi});
    Chip chip(program);
    chip.host.values.temp_board_mc = -5000;
    chip.host.values.power_mw = 21'500;
    chip.host.values.energy_uj = 0x700000005;
    chip.soc.run(0, 100);
    const auto x = chip.soc.core().x;
    EXPECT_EQ(static_cast<std::int32_t>(x[a0]), -5000);
    EXPECT_EQ(x[a1], 21'500U);
    EXPECT_EQ(x[a2], 5U);
    EXPECT_EQ(x[a3], 7U);
}

TEST(Optics, RegistersAreForwardedAndInterruptsComeInTime) {
    Program program = prologue();
    program.store(hw::MO_SOC_SERDES_RATE + 2 * MO_SOC_LANE_STRIDE, 3);
    program.store(hw::MO_SOC_INTC_ENABLE, 1U << MO_SOC_IRQ_PCS);
    program.load(t0, 1U << 11).add({csrrw(zero, 0x304, t0), wfi});
    program.fetch(a0, hw::MO_SOC_INTC_PENDING).add({csrrwi(zero, 0x304, 0), wfi});
    Chip chip(program);
    chip.phy.levels = 1U << MO_SOC_IRQ_PCS | 1U << MO_SOC_IRQ_MBOX;
    chip.phy.irq_at_ns = 300 * us;
    chip.soc.run(0, 100);
    const std::uint32_t offset = (hw::MO_SOC_SERDES_RATE & 0xfff) + 2 * MO_SOC_LANE_STRIDE;
    EXPECT_EQ((chip.phy.registers[{hw::MO_SOC_SERDES, offset}]), 3U);
    EXPECT_EQ(chip.soc.next_run_ns(0), 300 * us);
    chip.soc.run(300 * us, 100);
    EXPECT_EQ(chip.soc.core().x[a0], 1U << MO_SOC_IRQ_PCS) << "only its own sources";
}

TEST(Stage, IsBounded) {
    Chip chip(prologue());
    const std::vector<std::uint8_t> bytes(16);
    EXPECT_TRUE(chip.soc.stage_write(MO_SOC_STAGE_SIZE - 16, bytes));
    EXPECT_FALSE(chip.soc.stage_write(MO_SOC_STAGE_SIZE - 15, bytes));
    EXPECT_FALSE(chip.soc.stage_write(0xfffffff8, bytes));
}

TEST(Soc, HeldUntilPowerOn) {
    FakeHost host;
    FakePhy phy;
    Soc soc({}, host, phy);
    EXPECT_EQ(soc.run(0, 100).stop, RunStop::halted);
    EXPECT_EQ(soc.next_run_ns(0), never_ns);
    soc.power_on(0);
    EXPECT_EQ(soc.next_run_ns(3), 3U);
    soc.hold(5);
    EXPECT_EQ(soc.run(10, 100).stop, RunStop::halted);
    EXPECT_EQ(soc.state(), hw::MO_MGMT_RESET);
}

TEST(Soc, RefusesARomThatDoesNotFit) {
    FakeHost host;
    FakePhy phy;
    SocConfig config;
    config.rom.resize(MO_SOC_ROM_SIZE + 1);
    EXPECT_THROW(Soc(config, host, phy), FatalError);
}

TEST(Soc, TimeNeverGoesBack) {
    Chip chip(prologue().add({jal(zero, 0)}));
    const std::uint64_t end = chip.soc.run(1000, 5000).end_ns;
    EXPECT_EQ(end, 1000 + 5000 * Soc::insn_ns);
    EXPECT_EQ(chip.soc.run(500, 10).end_ns, end + 10 * Soc::insn_ns);
}

TEST(Soc, BudgetIsExact) {
    Chip chip(prologue().add({jal(zero, 0)}));
    EXPECT_EQ(chip.soc.run(0, 12345).instructions, 12345U);
    EXPECT_EQ(chip.soc.run(0, 1).instructions, 1U);
    EXPECT_EQ(chip.soc.counters().instructions, 12346U);
}

} // namespace
} // namespace mo::mgmt::test
