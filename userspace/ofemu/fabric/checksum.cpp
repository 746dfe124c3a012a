// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/checksum.hpp"

#include <bit>
#include <cstring>

#include "common/le.hpp"

namespace mo::fabric {

namespace {

std::uint64_t load64(const std::byte* at) noexcept {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

/// a + b with the carry added again: the sum modulo 2^64 - 1.
void add_carry(std::uint64_t& a, std::uint64_t b) noexcept {
    a += b;
    a += static_cast<std::uint64_t>(a < b);
}

/// A 64-bit ones-complement sum folded to 16 bits.
std::uint16_t fold(std::uint64_t sum) noexcept {
    sum = (sum & 0xffffffffU) + (sum >> 32U);
    sum = (sum & 0xffffffffU) + (sum >> 32U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(sum);
}

/// Sum in the machine's byte order; an odd last byte is the first half of a word.
std::uint64_t raw_sum(std::span<const std::byte> bytes) noexcept {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    // Four independent sums: one alone would wait for its own carries.
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    std::uint64_t d = 0;
    for (; left >= 32; left -= 32, at += 32) {
        add_carry(a, load64(at));
        add_carry(b, load64(at + 8));
        add_carry(c, load64(at + 16));
        add_carry(d, load64(at + 24));
    }
    for (; left >= 8; left -= 8, at += 8) {
        add_carry(a, load64(at));
    }
    if (left != 0) {
        std::uint64_t tail = 0;
        std::memcpy(&tail, at, left);
        add_carry(b, tail);
    }
    add_carry(a, b);
    add_carry(c, d);
    add_carry(a, c);
    return a;
}

} // namespace

void InternetSum::add(std::span<const std::byte> bytes) noexcept {
    static_assert(std::endian::native == std::endian::little ||
                  std::endian::native == std::endian::big);
    std::uint16_t part = fold(raw_sum(bytes));
    if (odd_) {
        part = byte_swap(part);
    }
    total_ += part;
    odd_ = odd_ != ((bytes.size() & 1U) != 0);
}

void InternetSum::add16(std::uint16_t word) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        word = byte_swap(word);
    }
    total_ += word;
}

void InternetSum::add32(std::uint32_t value) noexcept {
    add16(static_cast<std::uint16_t>(value >> 16U));
    add16(static_cast<std::uint16_t>(value));
}

std::uint16_t InternetSum::sum() const noexcept {
    const std::uint16_t native = fold(total_);
    return std::endian::native == std::endian::little ? byte_swap(native) : native;
}

} // namespace mo::fabric
