// SPDX-License-Identifier: LGPL-2.1-or-later
// Netlink messages as bytes: a builder that nests attributes and a reader that never runs out of
// bounds. The transport carries them; nothing here talks to a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <linux/netlink.h>

namespace mo::ofctl {

using Bytes = std::vector<std::byte>;

/// Attributes of one level, by type. A view: it lives as long as the message does.
class Attributes {
  public:
    /// Parses `data`; stops at the first malformed attribute.
    explicit Attributes(std::span<const std::byte> data = {});

    [[nodiscard]] bool has(std::uint16_t type) const { return first(type) != nullptr; }
    /// Unsigned integers of any width the kernel may have chosen (1, 2, 4 or 8 bytes).
    [[nodiscard]] std::optional<std::uint64_t> integer(std::uint16_t type) const;
    /// Signed integers of any width ("sint").
    [[nodiscard]] std::optional<std::int64_t> signed_integer(std::uint16_t type) const;
    /// NUL-terminated or not.
    [[nodiscard]] std::optional<std::string> text(std::uint16_t type) const;
    [[nodiscard]] std::span<const std::byte> bytes(std::uint16_t type) const;
    [[nodiscard]] Attributes nest(std::uint16_t type) const { return Attributes(bytes(type)); }
    /// Every attribute of that type, in order.
    [[nodiscard]] std::vector<std::span<const std::byte>> all(std::uint16_t type) const;
    /// Every attribute, in order, with its type.
    [[nodiscard]] const std::vector<std::pair<std::uint16_t, std::span<const std::byte>>>&
    items() const {
        return items_;
    }

  private:
    [[nodiscard]] const std::span<const std::byte>* first(std::uint16_t type) const;
    std::vector<std::pair<std::uint16_t, std::span<const std::byte>>> items_;
};

/// Builds one request: nlmsghdr, a fixed header, attributes.
class Builder {
  public:
    /// `flags` are added to NLM_F_REQUEST.
    Builder(std::uint16_t type, std::uint16_t flags);

    /// Appends a fixed header (genlmsghdr, ifinfomsg) and pads it.
    template <typename Header>
    Builder& header(const Header& value) {
        append(&value, sizeof value);
        return *this;
    }
    Builder& put(std::uint16_t type, std::span<const std::byte> value);
    Builder& put_text(std::uint16_t type, std::string_view value);
    Builder& put_u8(std::uint16_t type, std::uint8_t value);
    Builder& put_u32(std::uint16_t type, std::uint32_t value);
    Builder& put_u64(std::uint16_t type, std::uint64_t value);
    Builder& put_flag(std::uint16_t type) { return put(type, {}); }
    /// Opens a nest; close it with end().
    Builder& begin(std::uint16_t type);
    Builder& end();

    /// The finished message, length filled in.
    [[nodiscard]] Bytes finish() &&;

  private:
    void append(const void* data, std::size_t length);
    Bytes bytes_;
    std::vector<std::size_t> open_;
};

/// Attributes behind `header_size` bytes of fixed header in a received message.
[[nodiscard]] Attributes attributes_of(const Bytes& message, std::size_t header_size);

/// Fixed header of a received message, zero-extended when it is shorter.
template <typename Header>
[[nodiscard]] Header header_of(const Bytes& message) {
    Header value{};
    if (message.size() > NLMSG_HDRLEN) {
        std::memcpy(&value, message.data() + NLMSG_HDRLEN,
                    std::min(sizeof value, message.size() - NLMSG_HDRLEN));
    }
    return value;
}

} // namespace mo::ofctl
