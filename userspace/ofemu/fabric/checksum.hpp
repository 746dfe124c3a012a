// SPDX-License-Identifier: GPL-2.0-or-later
// Internet checksum (RFC 1071) over scattered bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mo::fabric {

/// Ones-complement sum of the 16-bit words of everything added, in order. Pieces may have any
/// length and alignment.
class InternetSum {
  public:
    void add(std::span<const std::byte> bytes) noexcept;
    /// A word given as a number. Only at an even position.
    void add16(std::uint16_t word) noexcept;
    /// Two words given as a number. Only at an even position.
    void add32(std::uint32_t value) noexcept;

    /// The sum, as a number.
    [[nodiscard]] std::uint16_t sum() const noexcept;
    /// Its complement: what is stored in checksum fields.
    [[nodiscard]] std::uint16_t checksum() const noexcept {
        return static_cast<std::uint16_t>(~sum());
    }

  private:
    std::uint64_t total_ = 0; ///< in the machine's byte order
    bool odd_ = false;
};

/// Reads and writes numbers in network byte order; the caller has checked the bounds.
[[nodiscard]] inline std::uint16_t load_be16(const std::byte* at) noexcept {
    return static_cast<std::uint16_t>((std::to_integer<unsigned>(at[0]) << 8U) |
                                      std::to_integer<unsigned>(at[1]));
}
[[nodiscard]] inline std::uint32_t load_be32(const std::byte* at) noexcept {
    return (std::uint32_t{load_be16(at)} << 16U) | load_be16(at + 2);
}
inline void store_be16(std::byte* at, std::uint16_t value) noexcept {
    at[0] = static_cast<std::byte>(value >> 8U);
    at[1] = static_cast<std::byte>(value & 0xffU);
}
inline void store_be32(std::byte* at, std::uint32_t value) noexcept {
    store_be16(at, static_cast<std::uint16_t>(value >> 16U));
    store_be16(at + 2, static_cast<std::uint16_t>(value));
}

} // namespace mo::fabric
