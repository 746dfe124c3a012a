// SPDX-License-Identifier: GPL-2.0-or-later
// A few instructions as words, enough for the programs of the tests. Written from the manual's
// formats and independent of decode.cpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace mo::mgmt::test {

enum Reg : std::uint32_t {
    zero,
    ra,
    sp,
    gp,
    tp,
    t0,
    t1,
    t2,
    s0,
    s1,
    a0,
    a1,
    a2,
    a3,
    a4,
    a5 // x0..x15
};

constexpr std::uint32_t i_type(std::uint32_t opcode, std::uint32_t funct3, std::uint32_t rd,
                               std::uint32_t rs1, std::int32_t imm) {
    return (static_cast<std::uint32_t>(imm) & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 |
           opcode;
}
constexpr std::uint32_t r_type(std::uint32_t funct7, std::uint32_t funct3, std::uint32_t rd,
                               std::uint32_t rs1, std::uint32_t rs2) {
    return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33;
}
constexpr std::uint32_t s_type(std::uint32_t funct3, std::uint32_t rs2, std::uint32_t rs1,
                               std::int32_t imm) {
    const auto u = static_cast<std::uint32_t>(imm);
    return (u >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (u & 0x1f) << 7 | 0x23;
}
constexpr std::uint32_t b_type(std::uint32_t funct3, std::uint32_t rs1, std::uint32_t rs2,
                               std::int32_t offset) {
    const auto u = static_cast<std::uint32_t>(offset);
    return (u >> 12 & 1) << 31 | (u >> 5 & 0x3f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 |
           (u >> 1 & 0xf) << 8 | (u >> 11 & 1) << 7 | 0x63;
}

constexpr std::uint32_t lui(std::uint32_t rd, std::uint32_t upper20) {
    return upper20 << 12 | rd << 7 | 0x37;
}
constexpr std::uint32_t auipc(std::uint32_t rd, std::uint32_t upper20) {
    return upper20 << 12 | rd << 7 | 0x17;
}
constexpr std::uint32_t addi(std::uint32_t rd, std::uint32_t rs1, std::int32_t imm) {
    return i_type(0x13, 0, rd, rs1, imm);
}
constexpr std::uint32_t lw(std::uint32_t rd, std::int32_t offset, std::uint32_t rs1) {
    return i_type(0x03, 2, rd, rs1, offset);
}
constexpr std::uint32_t sw(std::uint32_t rs2, std::int32_t offset, std::uint32_t rs1) {
    return s_type(2, rs2, rs1, offset);
}
constexpr std::uint32_t jal(std::uint32_t rd, std::int32_t offset) {
    const auto u = static_cast<std::uint32_t>(offset);
    return (u >> 20 & 1) << 31 | (u >> 1 & 0x3ff) << 21 | (u >> 11 & 1) << 20 |
           (u >> 12 & 0xff) << 12 | rd << 7 | 0x6f;
}
constexpr std::uint32_t jalr(std::uint32_t rd, std::uint32_t rs1, std::int32_t offset) {
    return i_type(0x67, 0, rd, rs1, offset);
}
constexpr std::uint32_t csrrw(std::uint32_t rd, std::uint32_t csr, std::uint32_t rs1) {
    return csr << 20 | rs1 << 15 | 1U << 12 | rd << 7 | 0x73;
}
constexpr std::uint32_t csrrs(std::uint32_t rd, std::uint32_t csr, std::uint32_t rs1) {
    return csr << 20 | rs1 << 15 | 2U << 12 | rd << 7 | 0x73;
}
constexpr std::uint32_t csrrc(std::uint32_t rd, std::uint32_t csr, std::uint32_t rs1) {
    return csr << 20 | rs1 << 15 | 3U << 12 | rd << 7 | 0x73;
}
constexpr std::uint32_t csrrwi(std::uint32_t rd, std::uint32_t csr, std::uint32_t imm) {
    return csr << 20 | imm << 15 | 5U << 12 | rd << 7 | 0x73;
}
constexpr std::uint32_t csrrsi(std::uint32_t rd, std::uint32_t csr, std::uint32_t imm) {
    return csr << 20 | imm << 15 | 6U << 12 | rd << 7 | 0x73;
}
constexpr std::uint32_t csrrci(std::uint32_t rd, std::uint32_t csr, std::uint32_t imm) {
    return csr << 20 | imm << 15 | 7U << 12 | rd << 7 | 0x73;
}
inline constexpr std::uint32_t nop = addi(zero, zero, 0);
inline constexpr std::uint32_t ecall = 0x00000073;
inline constexpr std::uint32_t ebreak = 0x00100073;
inline constexpr std::uint32_t mret = 0x30200073;
inline constexpr std::uint32_t wfi = 0x10500073;
inline constexpr std::uint32_t fence = 0x0ff0000f;
inline constexpr std::uint32_t fence_i = 0x0000100f;

/// Program text: appends words and loads constants of 32 bits.
class Program {
  public:
    Program& add(std::initializer_list<std::uint32_t> words) {
        words_.insert(words_.end(), words);
        return *this;
    }
    /// Two instructions: lui, addi.
    Program& load(std::uint32_t rd, std::uint32_t value) {
        return add(
            {lui(rd, (value + 0x800) >> 12), addi(rd, rd, static_cast<std::int32_t>(value))});
    }
    /// Five instructions, t0 and t1 used: *addr = value.
    Program& store(std::uint32_t addr, std::uint32_t value) {
        return load(t0, addr).load(t1, value).add({sw(t1, 0, t0)});
    }
    /// Three instructions, t0 used: rd = *addr.
    Program& fetch(std::uint32_t rd, std::uint32_t addr) {
        return load(t0, addr).add({lw(rd, 0, t0)});
    }
    [[nodiscard]] std::size_t size() const { return words_.size() * 4; }
    [[nodiscard]] std::vector<std::uint8_t> bytes() const {
        std::vector<std::uint8_t> out;
        for (const std::uint32_t word : words_) {
            for (unsigned shift = 0; shift < 32; shift += 8) {
                out.push_back(static_cast<std::uint8_t>(word >> shift));
            }
        }
        return out;
    }

  private:
    std::vector<std::uint32_t> words_;
};

} // namespace mo::mgmt::test
