// SPDX-License-Identifier: GPL-2.0-or-later
// ByteReader, ByteWriter: bounded cursors over bytes. An access beyond the end yields zero (or
// writes nothing) and sticks as a failure, so a decoder reads all fields and checks ok() once.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "common/le.hpp"

namespace mo {

class ByteReader {
  public:
    explicit ByteReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t position() const noexcept { return position_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - position_; }
    /// True when every byte was read and no access failed.
    [[nodiscard]] bool finished() const noexcept { return ok_ && remaining() == 0; }

    std::uint8_t u8() noexcept { return object<std::uint8_t>(); }
    std::uint16_t le16() noexcept { return object<Le<std::uint16_t>>(); }
    std::uint32_t le32() noexcept { return object<Le<std::uint32_t>>(); }
    std::uint64_t le64() noexcept { return object<Le<std::uint64_t>>(); }
    std::uint16_t be16() noexcept { return object<Be<std::uint16_t>>(); }
    std::uint32_t be32() noexcept { return object<Be<std::uint32_t>>(); }
    std::uint64_t be64() noexcept { return object<Be<std::uint64_t>>(); }

    /// A trivially copyable object; all zero on failure.
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    T object() noexcept {
        T value;
        const std::span<const std::byte> from = bytes(sizeof(T));
        if (from.empty()) {
            std::memset(static_cast<void*>(&value), 0, sizeof(T));
        } else {
            std::memcpy(static_cast<void*>(&value), from.data(), sizeof(T));
        }
        return value;
    }

    /// The next `count` bytes, a view; empty on failure.
    std::span<const std::byte> bytes(std::size_t count) noexcept {
        if (!ok_ || count > remaining()) {
            ok_ = false;
            return {};
        }
        const auto view = bytes_.subspan(position_, count);
        position_ += count;
        return view;
    }

    void skip(std::size_t count) noexcept { (void)bytes(count); }

  private:
    std::span<const std::byte> bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

class ByteWriter {
  public:
    explicit ByteWriter(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t size() const noexcept { return position_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - position_; }
    [[nodiscard]] std::span<const std::byte> written() const noexcept {
        return bytes_.first(position_);
    }

    void u8(std::uint8_t value) noexcept { object(value); }
    void le16(std::uint16_t value) noexcept { object(Le<std::uint16_t>(value)); }
    void le32(std::uint32_t value) noexcept { object(Le<std::uint32_t>(value)); }
    void le64(std::uint64_t value) noexcept { object(Le<std::uint64_t>(value)); }
    void be16(std::uint16_t value) noexcept { object(Be<std::uint16_t>(value)); }
    void be32(std::uint32_t value) noexcept { object(Be<std::uint32_t>(value)); }
    void be64(std::uint64_t value) noexcept { object(Be<std::uint64_t>(value)); }

    template <typename T>
        requires std::is_trivially_copyable_v<T>
    void object(const T& value) noexcept {
        bytes(std::as_bytes(std::span<const T, 1>(&value, 1)));
    }

    /// Appends all of `from`, or nothing and fails.
    void bytes(std::span<const std::byte> from) noexcept {
        if (!ok_ || from.size() > remaining()) {
            ok_ = false;
            return;
        }
        if (!from.empty()) {
            std::memcpy(bytes_.data() + position_, from.data(), from.size());
        }
        position_ += from.size();
    }

    /// The next `count` bytes, for the caller to fill; empty on failure.
    [[nodiscard]] std::span<std::byte> reserve(std::size_t count) noexcept {
        if (!ok_ || count > remaining()) {
            ok_ = false;
            return {};
        }
        const auto place = bytes_.subspan(position_, count);
        position_ += count;
        return place;
    }

    void zeros(std::size_t count) noexcept {
        const auto place = reserve(count);
        if (!place.empty()) {
            std::memset(place.data(), 0, place.size());
        }
    }

  private:
    std::span<std::byte> bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

} // namespace mo
