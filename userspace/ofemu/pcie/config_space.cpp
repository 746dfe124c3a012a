// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcie/config_space.hpp"

#include <algorithm>
#include <string>

#include "common/result.hpp"

namespace mo::pcie {

namespace {

std::byte byte_of(std::uint64_t value, unsigned index) noexcept {
    return static_cast<std::byte>(value >> (8 * index));
}

} // namespace

void ConfigSpace::define(std::size_t offset, unsigned width, std::uint64_t value,
                         std::uint64_t writable, std::uint64_t write_1_clear) {
    if (width == 0 || width > 8 || offset > size - width) {
        throw FatalError("configuration register at " + std::to_string(offset) +
                         " lies outside of the configuration space");
    }
    if ((writable & write_1_clear) != 0) {
        throw FatalError("configuration register at " + std::to_string(offset) +
                         " has bits that are both writable and cleared by writing one");
    }
    for (unsigned i = 0; i < width; ++i) {
        value_[offset + i] = reset_[offset + i] = byte_of(value, i);
        writable_[offset + i] = byte_of(writable, i);
        write_1_clear_[offset + i] = byte_of(write_1_clear, i);
    }
}

void ConfigSpace::read(std::size_t offset, std::span<std::byte> out) const noexcept {
    const std::size_t inside = offset < size ? std::min(out.size(), size - offset) : 0;
    if (inside != 0) {
        std::copy_n(value_.begin() + static_cast<std::ptrdiff_t>(offset), inside, out.begin());
    }
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(inside), out.end(), std::byte{0xff});
}

void ConfigSpace::write(std::size_t offset, std::span<const std::byte> data) noexcept {
    const std::size_t inside = offset < size ? std::min(data.size(), size - offset) : 0;
    for (std::size_t i = 0; i < inside; ++i) {
        std::byte& value = value_[offset + i];
        const std::byte writable = writable_[offset + i];
        value = (value & ~writable) | (data[i] & writable);
        value &= ~(data[i] & write_1_clear_[offset + i]);
    }
}

std::uint64_t ConfigSpace::get(std::size_t offset, unsigned width) const noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width && offset + i < size; ++i) {
        value |= std::to_integer<std::uint64_t>(value_[offset + i]) << (8 * i);
    }
    return value;
}

void ConfigSpace::set(std::size_t offset, unsigned width, std::uint64_t value) noexcept {
    for (unsigned i = 0; i < width && offset + i < size; ++i) {
        value_[offset + i] = byte_of(value, i);
    }
}

} // namespace mo::pcie
