// SPDX-License-Identifier: GPL-2.0-or-later
// Traps as values: what an instruction yields instead of a result.
#pragma once

#include <cstdint>

namespace mo::mgmt {

/// Exception codes of mcause (privileged manual, "Machine Cause Register").
enum class Cause : std::uint8_t {
    fetch_fault = 1,
    illegal_instruction = 2,
    breakpoint = 3,
    load_misaligned = 4,
    load_fault = 5,
    store_misaligned = 6,
    store_fault = 7,
    ecall_machine = 11,
};

/// Interrupts: bits of mip and mie, and codes of mcause.
inline constexpr std::uint32_t irq_timer = 7;
inline constexpr std::uint32_t irq_external = 11;
inline constexpr std::uint32_t mip_timer = 1U << irq_timer;
inline constexpr std::uint32_t mip_external = 1U << irq_external;
inline constexpr std::uint32_t cause_interrupt = 1U << 31;

} // namespace mo::mgmt
