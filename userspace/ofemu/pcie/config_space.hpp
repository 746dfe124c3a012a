// SPDX-License-Identifier: GPL-2.0-or-later
// ConfigSpace: 4096 bytes of PCI Express configuration space with masks per byte. Knows no meaning:
// capability.hpp fills it, Function acts on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mo::pcie {

class ConfigSpace {
  public:
    static constexpr std::size_t size = 4096;

    // Set-up: values and masks. Offsets beyond the space are a FatalError.

    /// Stores a reset value of 1, 2, 4 or 8 bytes (little endian).
    void define(std::size_t offset, unsigned width, std::uint64_t value, std::uint64_t writable = 0,
                std::uint64_t write_1_clear = 0);

    // The driver's access. Any length; bytes beyond the end read as all ones and ignore writes.

    void read(std::size_t offset, std::span<std::byte> out) const noexcept;
    void write(std::size_t offset, std::span<const std::byte> data) noexcept;

    // The device's own access, without masks; width 1, 2, 4, 8.

    [[nodiscard]] std::uint64_t get(std::size_t offset, unsigned width) const noexcept;
    void set(std::size_t offset, unsigned width, std::uint64_t value) noexcept;

    /// All bytes to their reset values.
    void reset() noexcept { value_ = reset_; }

  private:
    using Bytes = std::array<std::byte, size>;
    Bytes value_{}, reset_{}, writable_{}, write_1_clear_{};
};

} // namespace mo::pcie
