// SPDX-License-Identifier: GPL-2.0-or-later
// The interpreter's loop. It walks decoded entries by pointer; the pc is computed only when needed.
#include "mgmt/cpu.hpp"

#include <cstring>
#include <optional>
#include <type_traits>

#include "common/le.hpp"
#include "common/result.hpp"
#include "mgmt/alu.hpp"

namespace mo::mgmt {
namespace {

/// A loaded value as the register gets it: extended by its type's sign.
template <typename T>
constexpr std::uint32_t extend(T value) {
    if constexpr (std::is_signed_v<T>) {
        return alu::to_unsigned(std::int32_t{value});
    } else {
        return value;
    }
}

/// The instruction word of a CSR access, for mtval.
std::uint32_t system_word(const Insn& insn) {
    const std::uint32_t rd = insn.rd == discard_register ? 0 : insn.rd;
    std::uint32_t word = insn.imm << 20 | std::uint32_t{insn.rs1} << 15 | rd << 7;
    for (const InsnSpec& spec : insn_table()) {
        if (spec.op == insn.op) {
            word |= spec.match;
        }
    }
    return word;
}

} // namespace

Cpu::Cpu(Bus& bus, std::uint32_t ram_base) : bus_(bus), ram_base_(ram_base) {
    for (const Memory& memory : bus.memories()) {
        if (memory.executable) {
            code_.emplace_back(memory.base, memory.bytes);
        }
        if (memory.base == ram_base && memory.writable) {
            ram_ = memory.bytes;
        }
    }
    if (ram_.empty()) {
        throw FatalError("cpu: no writable memory at the address given for RAM");
    }
}

void Cpu::reset(std::uint32_t pc) {
    x_.fill(0);
    pc_ = pc;
    csrs_.set_time(executed_, executed_ - exceptions_);
    csrs_.reset();
    trap_depth_ = 0;
    waiting_ = false;
    crash_ = {};
    for (CodeCache& code : code_) {
        code.flush();
    }
}

void Cpu::set_x(std::size_t index, std::uint32_t value) {
    if (index != 0 && index < discard_register) {
        x_[index] = value;
    }
}

CodeCache* Cpu::find_code(std::uint32_t addr) {
    for (CodeCache& code : code_) {
        if (addr - code.base() < code.size()) {
            return &code;
        }
    }
    return nullptr;
}

/// Enters the handler for `cause` with mepc = pc_. Interrupts go to a vector of their own when
/// mtvec asks for it.
void Cpu::enter_trap(std::uint32_t cause, std::uint32_t value) {
    csrs_.set(csr::mepc, pc_);
    csrs_.set(csr::mcause, cause);
    csrs_.set(csr::mtval, value);
    std::uint32_t mstatus = csrs_.get(csr::mstatus) & ~mstatus_mpie;
    if ((mstatus & mstatus_mie) != 0) {
        mstatus |= mstatus_mpie;
    }
    csrs_.set(csr::mstatus, mstatus & ~mstatus_mie);
    const std::uint32_t mtvec = csrs_.get(csr::mtvec);
    const bool vectored = (mtvec & 1U) != 0 && (cause & cause_interrupt) != 0;
    pc_ = (mtvec & ~3U) + (vectored ? 4 * (cause & ~cause_interrupt) : 0);
    ++trap_depth_;
}

void Cpu::leave_trap() {
    std::uint32_t mstatus = csrs_.get(csr::mstatus) & ~mstatus_mie;
    if ((mstatus & mstatus_mpie) != 0) {
        mstatus |= mstatus_mie;
    }
    csrs_.set(csr::mstatus, mstatus | mstatus_mpie);
    pc_ = csrs_.get(csr::mepc);
    if (trap_depth_ != 0) {
        --trap_depth_;
    }
}

/// @return false: the core cannot handle it and has crashed
bool Cpu::take_exception(Cause cause, std::uint32_t value) {
    ++exceptions_;
    const auto code = static_cast<std::uint32_t>(cause);
    if (trap_depth_ != 0 || !csrs_.trap_vector_set()) {
        crash_ = {pc_, code, value};
        return false;
    }
    enter_trap(code, value);
    return true;
}

void Cpu::take_interrupt() {
    const std::uint32_t ready = csrs_.pending() & csrs_.get(csr::mie);
    // External before timer ("Machine Interrupt Registers").
    const std::uint32_t code = (ready & mip_external) != 0 ? irq_external : irq_timer;
    ++interrupts_;
    enter_trap(cause_interrupt | code, 0);
}

/// csrrw and its kin. @return false: illegal; nothing has changed
bool Cpu::execute_csr(const Insn& insn, std::uint64_t executed) {
    const bool immediate = insn.op == Op::csrrwi || insn.op == Op::csrrsi || insn.op == Op::csrrci;
    const std::uint32_t source = immediate ? insn.rs1 : x_[insn.rs1];
    const bool replaces = insn.op == Op::csrrw || insn.op == Op::csrrwi;
    const bool sets = insn.op == Op::csrrs || insn.op == Op::csrrsi;
    const std::uint64_t cycles = executed_ + executed;
    csrs_.set_time(cycles, cycles - exceptions_);
    const std::optional<std::uint32_t> old = csrs_.read(insn.imm);
    if (!old) {
        return false;
    }
    const std::uint32_t value = replaces ? source : sets ? *old | source : *old & ~source;
    // With x0 or a zero immediate, set and clear do not write at all.
    if ((replaces || insn.rs1 != 0) && !csrs_.write(insn.imm, value)) {
        return false;
    }
    x_[insn.rd] = *old;
    return true;
}

Cpu::RunOutcome Cpu::run(std::uint64_t now_ns, std::uint64_t budget) {
    RunOutcome outcome;
    if (waiting()) {
        outcome.exit = Exit::waiting;
        return outcome;
    }
    waiting_ = false;
    if (wake_pending() && (csrs_.get(csr::mstatus) & mstatus_mie) != 0) {
        if (!csrs_.trap_vector_set()) {
            crash_ = {pc_, cause_interrupt, 0};
            outcome.exit = Exit::crashed;
            return outcome;
        }
        take_interrupt();
    }

    static const Insn nowhere{Op::fetch_fault, 0, 0, 0, 0, 0};
    CodeCache* code = nullptr;
    const Insn* first = nullptr; // entries of *code
    std::uint32_t code_base = 0;
    std::uint32_t code_size = 0;
    const Insn* ip = &nowhere;
    std::uint64_t left = budget;
    std::uint32_t* const x = x_.data();
    std::uint8_t* const ram = ram_.data();
    const auto ram_size = static_cast<std::uint32_t>(ram_.size());
    const std::uint32_t ram_base = ram_base_;

    // Points ip at an address; outside executable memory, at an entry that faults there.
    const auto jump = [&](std::uint32_t target) {
        if (target - code_base >= code_size) {
            code = find_code(target);
            if (code == nullptr) {
                first = &nowhere;
                code_base = target;
                code_size = 0;
                ip = &nowhere;
                return;
            }
            first = code->entries();
            code_base = code->base();
            code_size = code->size();
        }
        ip = first + (target - code_base) / 2;
    };
    const auto address = [&](const Insn* at) {
        return code_base + static_cast<std::uint32_t>(at - first) * 2;
    };
    const auto time = [&] { return now_ns + (budget - left) * insn_ns; };

    Cause cause = Cause::illegal_instruction;
    std::uint32_t value = 0;
    jump(pc_);

    for (; left != 0; --left) {
        const Insn& insn = *ip;
        switch (insn.op) {
        case Op::undecoded:
            code->fill(static_cast<std::size_t>(ip - first));
            ++left; // has executed nothing
            continue;
        case Op::fetch_fault:
            cause = Cause::fetch_fault;
            value = address(ip);
            goto exception;
        case Op::illegal:
            cause = Cause::illegal_instruction;
            value = insn.imm;
            goto exception;

#define MO_INSN_RR(name, mask, match, expr)                                                        \
    case Op::name:                                                                                 \
        x[insn.rd] = alu::name(x[insn.rs1], x[insn.rs2]);                                          \
        break;
#define MO_INSN_RI(name, mask, match, expr)                                                        \
    case Op::name:                                                                                 \
        x[insn.rd] = alu::name(x[insn.rs1], insn.imm);                                             \
        break;
#define MO_INSN_SH MO_INSN_RI
// The decoder has computed these: they depend on nothing but their address.
#define MO_INSN_U(name, mask, match, expr)                                                         \
    case Op::name:                                                                                 \
        x[insn.rd] = insn.imm;                                                                     \
        break;
#define MO_INSN_BR(name, mask, match, expr)                                                        \
    case Op::name:                                                                                 \
        if (alu::name(x[insn.rs1], x[insn.rs2])) {                                                 \
            jump(insn.imm);                                                                        \
            continue;                                                                              \
        }                                                                                          \
        break;
// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses
#define MO_INSN_LD(name, mask, match, type)                                                        \
    case Op::name: {                                                                               \
        const std::uint32_t addr = x[insn.rs1] + insn.imm;                                         \
        const std::uint32_t offset = addr - ram_base;                                              \
        if ((addr & (sizeof(type) - 1)) != 0) {                                                    \
            cause = Cause::load_misaligned;                                                        \
            value = addr;                                                                          \
            goto exception;                                                                        \
        }                                                                                          \
        if (offset < ram_size) {                                                                   \
            Le<std::make_unsigned_t<type>> raw;                                                    \
            std::memcpy(&raw, ram + offset, sizeof(raw));                                          \
            x[insn.rd] = extend(static_cast<type>(raw.value()));                                   \
            break;                                                                                 \
        }                                                                                          \
        const std::optional<std::uint32_t> loaded = bus_.load(addr, sizeof(type), time());         \
        if (!loaded) {                                                                             \
            cause = Cause::load_fault;                                                             \
            value = addr;                                                                          \
            goto exception;                                                                        \
        }                                                                                          \
        x[insn.rd] = extend(static_cast<type>(*loaded));                                           \
        break;                                                                                     \
    }
#define MO_INSN_ST(name, mask, match, type)                                                        \
    case Op::name: {                                                                               \
        const std::uint32_t addr = x[insn.rs1] + insn.imm;                                         \
        const std::uint32_t offset = addr - ram_base;                                              \
        if ((addr & (sizeof(type) - 1)) != 0) {                                                    \
            cause = Cause::store_misaligned;                                                       \
            value = addr;                                                                          \
            goto exception;                                                                        \
        }                                                                                          \
        if (offset < ram_size) {                                                                   \
            const Le<type> raw(static_cast<type>(x[insn.rs2]));                                    \
            std::memcpy(ram + offset, &raw, sizeof(raw));                                          \
            break;                                                                                 \
        }                                                                                          \
        const StoreResult stored = bus_.store(addr, sizeof(type), x[insn.rs2], time());            \
        if (stored == StoreResult::fault) {                                                        \
            cause = Cause::store_fault;                                                            \
            value = addr;                                                                          \
            goto exception;                                                                        \
        }                                                                                          \
        if (stored == StoreResult::device) {                                                       \
            pc_ = address(ip + insn.step);                                                         \
            outcome.exit = Exit::attention;                                                        \
            goto stop_after;                                                                       \
        }                                                                                          \
        break;                                                                                     \
    }
// NOLINTEND(bugprone-macro-parentheses)
#include "mgmt/insn.def"

        case Op::jal: {
            const std::uint32_t link = address(ip + insn.step);
            jump(insn.imm);
            x[insn.rd] = link;
            continue;
        }
        case Op::jalr: {
            const std::uint32_t link = address(ip + insn.step);
            const std::uint32_t target = (x[insn.rs1] + insn.imm) & ~1U;
            x[insn.rd] = link;
            jump(target);
            continue;
        }
        case Op::fence: // one hart, memory in order
            break;
        case Op::fence_i:
            pc_ = address(ip + insn.step);
            for (CodeCache& each : code_) {
                each.flush();
            }
            jump(pc_); // what insn refers to is gone
            continue;
        case Op::ecall:
            cause = Cause::ecall_machine;
            value = 0;
            goto exception;
        case Op::ebreak:
            cause = Cause::breakpoint;
            value = address(ip);
            goto exception;
        case Op::mret:
            leave_trap();
            outcome.exit = Exit::attention;
            goto stop_after;
        case Op::wfi:
            pc_ = address(ip + insn.step);
            if (wake_pending()) {
                break;
            }
            waiting_ = true;
            ++waits_;
            outcome.exit = Exit::waiting;
            goto stop_after;
        case Op::csrrw:
        case Op::csrrs:
        case Op::csrrc:
        case Op::csrrwi:
        case Op::csrrsi:
        case Op::csrrci:
            if (!execute_csr(insn, budget - left)) {
                cause = Cause::illegal_instruction;
                value = system_word(insn);
                goto exception;
            }
            if (insn.imm == csr::mstatus || insn.imm == csr::mie) {
                pc_ = address(ip + insn.step);
                outcome.exit = Exit::attention;
                goto stop_after;
            }
            break;
        }
        ip += insn.step;
        continue;

    exception:
        pc_ = address(ip);
        if (!take_exception(cause, value)) {
            outcome.exit = Exit::crashed;
            goto stop_after;
        }
        jump(pc_);
    }
    pc_ = address(ip);
    outcome.executed = budget;
    executed_ += budget;
    return outcome;

stop_after: // the instruction counts; pc_ is set
    outcome.executed = budget - left + 1;
    executed_ += outcome.executed;
    return outcome;
}

} // namespace mo::mgmt
