// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/csr.hpp"

namespace mo::mgmt {
namespace {

constexpr std::array table{
#define MO_CSR(name, number, count, kind, reset, write_mask)                                       \
    CsrSpec{#name, number, count, CsrKind::kind, reset, write_mask},
#include "mgmt/csr.def"
};
static_assert(table.size() <= 32);

/// Numbers whose bits 11..10 are set are read only ("CSR Address Mapping Conventions").
constexpr bool read_only(std::uint32_t number) {
    return (number >> 10 & 3U) == 3U;
}

constexpr std::uint64_t with_low(std::uint64_t value, std::uint32_t low) {
    return (value & ~std::uint64_t{0xffffffff}) | low;
}
constexpr std::uint64_t with_high(std::uint64_t value, std::uint32_t high) {
    return (value & 0xffffffff) | std::uint64_t{high} << 32;
}

} // namespace

std::span<const CsrSpec> csr_table() {
    return table;
}

CsrFile::CsrFile() {
    row_.fill(absent);
    for (std::size_t row = 0; row < table.size(); ++row) {
        for (std::size_t i = 0; i < table[row].count; ++i) {
            row_[table[row].number + i] = static_cast<std::uint8_t>(row);
        }
    }
    reset();
}

void CsrFile::reset() {
    for (std::size_t row = 0; row < table.size(); ++row) {
        value_[row] = table[row].reset;
    }
    pending_ = 0;
    cycle_offset_ = 0 - cycles_;
    instret_offset_ = 0 - retired_;
    trap_vector_set_ = false;
}

std::uint32_t CsrFile::get(std::uint16_t number) const {
    return value_[row_[number]];
}

void CsrFile::set(std::uint16_t number, std::uint32_t value) {
    value_[row_[number]] = value;
}

void CsrFile::set_time(std::uint64_t cycles, std::uint64_t retired) {
    cycles_ = cycles;
    retired_ = retired;
}

std::optional<std::uint32_t> CsrFile::read(std::uint32_t number) const {
    if (number >= row_.size() || row_[number] == absent) {
        return {};
    }
    const std::uint8_t row = row_[number];
    const std::uint64_t cycle = cycles_ + cycle_offset_;
    const std::uint64_t instret = retired_ + instret_offset_;
    switch (table[row].kind) {
    case CsrKind::stored:
        return value_[row];
    case CsrKind::pending:
        return pending_;
    case CsrKind::cycle_lo:
        return static_cast<std::uint32_t>(cycle);
    case CsrKind::cycle_hi:
        return static_cast<std::uint32_t>(cycle >> 32);
    case CsrKind::instret_lo:
        return static_cast<std::uint32_t>(instret);
    case CsrKind::instret_hi:
        return static_cast<std::uint32_t>(instret >> 32);
    }
    return {};
}

bool CsrFile::write(std::uint32_t number, std::uint32_t value) {
    if (number >= row_.size() || row_[number] == absent || read_only(number)) {
        return false;
    }
    const std::uint8_t row = row_[number];
    const std::uint64_t cycle = cycles_ + cycle_offset_;
    const std::uint64_t instret = retired_ + instret_offset_;
    switch (table[row].kind) {
    case CsrKind::stored: {
        const std::uint32_t mask = table[row].write_mask;
        value_[row] = (value_[row] & ~mask) | (value & mask);
        trap_vector_set_ |= number == csr::mtvec;
        break;
    }
    case CsrKind::pending:
        break;
    case CsrKind::cycle_lo:
        cycle_offset_ = with_low(cycle, value) - cycles_;
        break;
    case CsrKind::cycle_hi:
        cycle_offset_ = with_high(cycle, value) - cycles_;
        break;
    case CsrKind::instret_lo:
        instret_offset_ = with_low(instret, value) - retired_;
        break;
    case CsrKind::instret_hi:
        instret_offset_ = with_high(instret, value) - retired_;
        break;
    }
    return true;
}

} // namespace mo::mgmt
