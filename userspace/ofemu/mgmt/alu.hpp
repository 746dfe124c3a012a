// SPDX-License-Identifier: GPL-2.0-or-later
// What the computing instructions of insn.def compute, as pure functions alu::add(a, b), and the
// conditions of the branches, as alu::beq(a, b).
#pragma once

#include <cstdint>
#include <limits>

namespace mo::mgmt::alu {

[[nodiscard]] constexpr std::int32_t to_signed(std::uint32_t value) {
    return static_cast<std::int32_t>(value);
}
[[nodiscard]] constexpr std::uint32_t to_unsigned(std::int32_t value) {
    return static_cast<std::uint32_t>(value);
}
[[nodiscard]] constexpr std::uint32_t high_half(std::int64_t product) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(product) >> 32);
}

/// Signed division of the M extension: by zero gives -1, the one overflow gives the dividend.
[[nodiscard]] constexpr std::uint32_t divide(std::uint32_t a, std::uint32_t b) {
    if (b == 0) {
        return ~0U;
    }
    if (to_signed(a) == std::numeric_limits<std::int32_t>::min() && b == ~0U) {
        return a;
    }
    return to_unsigned(to_signed(a) / to_signed(b));
}

/// Signed remainder of the M extension: by zero gives the dividend, the one overflow gives 0.
[[nodiscard]] constexpr std::uint32_t remainder(std::uint32_t a, std::uint32_t b) {
    if (b == 0) {
        return a;
    }
    if (to_signed(a) == std::numeric_limits<std::int32_t>::min() && b == ~0U) {
        return 0;
    }
    return to_unsigned(to_signed(a) % to_signed(b));
}

#define MO_ALU_FUNCTION(name, mask, match, expr)                                                   \
    [[nodiscard]] constexpr std::uint32_t name([[maybe_unused]] std::uint32_t a,                   \
                                               [[maybe_unused]] std::uint32_t b) {                 \
        return expr;                                                                               \
    }
#define MO_INSN_RR MO_ALU_FUNCTION
#define MO_INSN_RI MO_ALU_FUNCTION
#define MO_INSN_SH MO_ALU_FUNCTION
#define MO_INSN_U MO_ALU_FUNCTION
#define MO_INSN_BR(name, mask, match, expr)                                                        \
    [[nodiscard]] constexpr bool name(std::uint32_t a, std::uint32_t b) {                          \
        return expr;                                                                               \
    }
#include "mgmt/insn.def"
#undef MO_ALU_FUNCTION

} // namespace mo::mgmt::alu
