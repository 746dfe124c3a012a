// SPDX-License-Identifier: GPL-2.0-or-later
// The core: RV32IMC with Zicsr and Zifencei, machine mode only. An interpreter over decoded
// instructions. Knows a bus and nothing behind it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "mgmt/bus.hpp"
#include "mgmt/code_cache.hpp"
#include "mgmt/csr.hpp"
#include "mgmt/trap.hpp"

namespace mo::mgmt {

class Cpu {
  public:
    /// Device time per instruction, see Soc::insn_ns.
    static constexpr std::uint64_t insn_ns = 10;

    enum class Exit : std::uint8_t {
        budget,    ///< all instructions executed
        attention, ///< a device register was written or the interrupt enables changed
        waiting,   ///< wfi without a pending enabled interrupt
        crashed,   ///< trap before mtvec was set, or an exception while a trap was handled
    };

    struct RunOutcome {
        Exit exit = Exit::budget;
        std::uint64_t executed = 0; ///< instructions, those that trapped included
    };

    /// Why the core crashed: what mepc, mcause and mtval would have become.
    struct Crash {
        std::uint32_t pc = 0;
        std::uint32_t cause = 0;
        std::uint32_t value = 0;
    };

    /// `bus` must outlive the core and have all its regions. The region at `ram_base` is the one
    /// that loads and stores reach without asking the bus.
    Cpu(Bus& bus, std::uint32_t ram_base);

    /// Registers and CSRs to their reset values, pc to `pc`; forgets decoded instructions.
    void reset(std::uint32_t pc);

    /// Levels of mip, to be set before run().
    void set_pending(std::uint32_t mip) { csrs_.set_pending(mip); }

    /// Executes up to `budget` instructions from `now_ns` on.
    RunOutcome run(std::uint64_t now_ns, std::uint64_t budget);

    /// True when wfi has stopped the core and no enabled interrupt is pending.
    [[nodiscard]] bool waiting() const { return waiting_ && !wake_pending(); }

    [[nodiscard]] std::uint32_t pc() const { return pc_; }
    [[nodiscard]] std::uint32_t x(std::size_t index) const { return x_[index]; }
    void set_x(std::size_t index, std::uint32_t value);
    [[nodiscard]] CsrFile& csrs() { return csrs_; }
    [[nodiscard]] const CsrFile& csrs() const { return csrs_; }
    [[nodiscard]] const Crash& crash() const { return crash_; }

    [[nodiscard]] std::uint64_t executed() const { return executed_; }
    [[nodiscard]] std::uint64_t exceptions() const { return exceptions_; }
    [[nodiscard]] std::uint64_t interrupts() const { return interrupts_; }
    [[nodiscard]] std::uint64_t waits() const { return waits_; }

  private:
    [[nodiscard]] bool wake_pending() const { return (csrs_.pending() & csrs_.get(csr::mie)) != 0; }
    void take_interrupt();
    [[nodiscard]] bool take_exception(Cause cause, std::uint32_t value);
    void enter_trap(std::uint32_t cause, std::uint32_t value);
    void leave_trap();
    [[nodiscard]] bool execute_csr(const Insn& insn, std::uint64_t executed);
    [[nodiscard]] CodeCache* find_code(std::uint32_t addr);

    Bus& bus_;
    std::vector<CodeCache> code_;
    std::uint32_t ram_base_;
    std::span<std::uint8_t> ram_;
    std::array<std::uint32_t, 33> x_{}; ///< the last is discard_register
    std::uint32_t pc_ = 0;
    CsrFile csrs_;
    unsigned trap_depth_ = 0; ///< traps entered and not left by mret
    bool waiting_ = false;
    Crash crash_;
    std::uint64_t executed_ = 0;
    std::uint64_t exceptions_ = 0;
    std::uint64_t interrupts_ = 0;
    std::uint64_t waits_ = 0;
};

} // namespace mo::mgmt
