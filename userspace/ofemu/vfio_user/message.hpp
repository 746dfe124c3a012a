// SPDX-License-Identifier: GPL-2.0-or-later
// Codec: bytes to checked requests, and replies to bytes. Pure functions of their arguments; knows
// no socket and no device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vfio_user/protocol.hpp"

namespace mo::vfio_user {

/// What lies at the start of a byte stream.
enum class FrameState : std::uint8_t {
    incomplete, ///< the message has not arrived whole
    complete,
    invalid, ///< an impossible size: the stream cannot be followed any further
};

struct Frame {
    FrameState state = FrameState::incomplete;
    Header header{};                    ///< valid unless `incomplete`
    std::span<const std::byte> payload; ///< of a complete message; points into the stream
    std::size_t size = 0;               ///< of a complete message, header included
};

[[nodiscard]] Frame parse_frame(std::span<const std::byte> stream) noexcept;

/// A message that carries a struct of fixed size, alone and with a plausible argsz.
template <typename T>
[[nodiscard]] std::optional<T> decode(std::span<const std::byte> payload) noexcept;

/// SET_IRQS: the struct, and the bytes that follow it (booleans).
struct SetIrqsMessage {
    SetIrqs request;
    std::span<const std::byte> data;
};
[[nodiscard]] std::optional<SetIrqsMessage>
decode_set_irqs(std::span<const std::byte> payload) noexcept;

/// REGION_WRITE: its data is exactly as long as its count says.
struct RegionWriteMessage {
    RegionAccess request;
    std::span<const std::byte> data;
};
[[nodiscard]] std::optional<RegionWriteMessage>
decode_region_write(std::span<const std::byte> payload) noexcept;

/// REGION_READ, with a count of at most max_transfer.
[[nodiscard]] std::optional<RegionAccess>
decode_region_read(std::span<const std::byte> payload) noexcept;

/// REGION_WRITE_MULTI: walks entries in place. All of them are checked beforehand.
class WriteMultiMessage {
  public:
    [[nodiscard]] std::size_t count() const noexcept {
        return entries_.size() / sizeof(WriteMultiEntry);
    }
    [[nodiscard]] WriteMultiEntry entry(std::size_t index) const noexcept;

  private:
    friend std::optional<WriteMultiMessage>
    decode_write_multi(std::span<const std::byte> payload) noexcept;
    explicit WriteMultiMessage(std::span<const std::byte> entries) noexcept : entries_(entries) {}
    std::span<const std::byte> entries_;
};
[[nodiscard]] std::optional<WriteMultiMessage>
decode_write_multi(std::span<const std::byte> payload) noexcept;

/// VERSION: numbers; JSON, if any, is NUL-terminated.
[[nodiscard]] std::optional<Version> decode_version(std::span<const std::byte> payload) noexcept;

/// Header of the reply to `request`, for `payload_size` bytes or an errno.
[[nodiscard]] Header reply_header(const Header& request, std::size_t payload_size,
                                  std::uint32_t error) noexcept;

} // namespace mo::vfio_user
