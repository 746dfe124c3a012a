// SPDX-License-Identifier: GPL-2.0-or-later
// Le<T>, Be<T>: integers with a fixed byte order in memory. Size and alignment of T, trivially
// copyable, so structs of them can lie over guest memory and wire bytes; values convert at the
// border and a forgotten conversion cannot compile into a wrong one.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace mo {

/// Reverses the bytes of an unsigned integer.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T byte_swap(T value) noexcept {
    if constexpr (sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(value);
    } else {
        static_assert(sizeof(T) == 8);
        return __builtin_bswap64(value);
    }
}

template <std::unsigned_integral T, std::endian Order>
class Endian {
  public:
    using value_type = T;

    Endian() = default; // trivial: members of unions and of mapped structs
    constexpr Endian(T value) noexcept : raw_(convert(value)) {}

    constexpr operator T() const noexcept { return convert(raw_); }
    [[nodiscard]] constexpr T value() const noexcept { return convert(raw_); }

    constexpr Endian& operator|=(T bits) noexcept { return *this = static_cast<T>(value() | bits); }
    constexpr Endian& operator&=(T bits) noexcept { return *this = static_cast<T>(value() & bits); }
    constexpr Endian& operator+=(T addend) noexcept {
        return *this = static_cast<T>(value() + addend);
    }

  private:
    static constexpr T convert(T value) noexcept {
        if constexpr (Order == std::endian::native) {
            return value;
        } else {
            return byte_swap(value);
        }
    }

    T raw_;
};

template <std::unsigned_integral T>
using Le = Endian<T, std::endian::little>;
template <std::unsigned_integral T>
using Be = Endian<T, std::endian::big>;

static_assert(sizeof(Le<std::uint32_t>) == 4 &&
              alignof(Le<std::uint64_t>) == alignof(std::uint64_t));
static_assert(std::is_standard_layout_v<Le<std::uint64_t>> && std::is_trivial_v<Le<std::uint64_t>>);

} // namespace mo
