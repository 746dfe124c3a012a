// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/message.hpp"

#include <algorithm>

#include "common/bytes.hpp"

namespace mo::vfio_user {

Frame parse_frame(std::span<const std::byte> stream) noexcept {
    Frame frame;
    if (stream.size() < sizeof(Header)) {
        return frame;
    }
    frame.header = ByteReader(stream).object<Header>();
    const std::size_t size = frame.header.size.value();
    if (size < sizeof(Header) || size > max_message) {
        frame.state = FrameState::invalid;
        return frame;
    }
    if (stream.size() < size) {
        return frame;
    }
    frame.state = FrameState::complete;
    frame.size = size;
    frame.payload = stream.subspan(sizeof(Header), size - sizeof(Header));
    return frame;
}

template <typename T>
std::optional<T> decode(std::span<const std::byte> payload) noexcept {
    ByteReader reader(payload);
    const T request = reader.object<T>();
    if (!reader.finished() || request.argsz < sizeof(T)) {
        return std::nullopt;
    }
    return request;
}

template std::optional<DmaMapRequest> decode(std::span<const std::byte>) noexcept;
template std::optional<DmaUnmapRequest> decode(std::span<const std::byte>) noexcept;
template std::optional<DeviceInfo> decode(std::span<const std::byte>) noexcept;
template std::optional<RegionInfo> decode(std::span<const std::byte>) noexcept;
template std::optional<IrqInfo> decode(std::span<const std::byte>) noexcept;

std::optional<SetIrqsMessage> decode_set_irqs(std::span<const std::byte> payload) noexcept {
    ByteReader reader(payload);
    const auto request = reader.object<SetIrqs>();
    if (!reader.ok() || request.argsz < sizeof(SetIrqs)) {
        return std::nullopt;
    }
    return SetIrqsMessage{.request = request, .data = reader.bytes(reader.remaining())};
}

std::optional<RegionWriteMessage> decode_region_write(std::span<const std::byte> payload) noexcept {
    ByteReader reader(payload);
    const auto request = reader.object<RegionAccess>();
    if (!reader.ok() || reader.remaining() != request.count) {
        return std::nullopt;
    }
    return RegionWriteMessage{.request = request, .data = reader.bytes(reader.remaining())};
}

std::optional<RegionAccess> decode_region_read(std::span<const std::byte> payload) noexcept {
    ByteReader reader(payload);
    const auto request = reader.object<RegionAccess>();
    if (!reader.finished() || request.count > max_transfer) {
        return std::nullopt;
    }
    return request;
}

WriteMultiEntry WriteMultiMessage::entry(std::size_t index) const noexcept {
    ByteReader reader(entries_);
    reader.skip(index * sizeof(WriteMultiEntry));
    return reader.object<WriteMultiEntry>();
}

std::optional<WriteMultiMessage> decode_write_multi(std::span<const std::byte> payload) noexcept {
    ByteReader reader(payload);
    const std::uint64_t count = reader.le64();
    if (!reader.ok() || reader.remaining() % sizeof(WriteMultiEntry) != 0 ||
        reader.remaining() / sizeof(WriteMultiEntry) != count) {
        return std::nullopt;
    }
    const WriteMultiMessage message(reader.bytes(reader.remaining()));
    for (std::size_t i = 0; i < message.count(); ++i) {
        const std::uint32_t size = message.entry(i).count;
        if (size == 0 || size > sizeof(WriteMultiEntry::data)) {
            return std::nullopt;
        }
    }
    return message;
}

std::optional<Version> decode_version(std::span<const std::byte> payload) noexcept {
    ByteReader reader(payload);
    const auto version = reader.object<Version>();
    if (!reader.ok() || (reader.remaining() != 0 && payload.back() != std::byte{0})) {
        return std::nullopt;
    }
    return version;
}

Header reply_header(const Header& request, std::size_t payload_size, std::uint32_t error) noexcept {
    return Header{.message_id = request.message_id,
                  .command = request.command,
                  .size = static_cast<std::uint32_t>(sizeof(Header) + payload_size),
                  .flags = flag_reply | (error != 0 ? flag_error : 0),
                  .error = error};
}

} // namespace mo::vfio_user
