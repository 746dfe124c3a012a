// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/pci_regs.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "common/unix_socket.hpp"
#include "vfio_user/message.hpp"

namespace mo::vfio_user {

namespace {

std::span<const std::byte> bytes_of(const auto& object) {
    return std::as_bytes(std::span(&object, 1));
}

Result<void> receive_exactly(int socket, std::span<std::byte> out) {
    while (!out.empty()) {
        const ssize_t received = ::recv(socket, out.data(), out.size(), MSG_WAITALL);
        if (received == 0) {
            return fail(ECONNRESET, "the server closed the connection");
        }
        if (received < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail(errno, "cannot receive");
        }
        out = out.subspan(static_cast<std::size_t>(received));
    }
    return {};
}

/// Sends all of `parts`, the descriptors with the first byte.
Result<void> send_all(int socket, std::array<iovec, 3> parts, std::span<const int> fds) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(64 * sizeof(int))> control{};
    if (fds.size() > 64) {
        return fail(EINVAL, "too many descriptors");
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    if (!fds.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* const part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
    }
    for (;;) {
        ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail(errno == EPIPE ? ECONNRESET : errno, "cannot send");
        }
        message.msg_control = nullptr;
        message.msg_controllen = 0;
        std::size_t left = 0;
        for (iovec& part : parts) {
            const auto used = std::min(part.iov_len, static_cast<std::size_t>(sent));
            part.iov_base = static_cast<std::byte*>(part.iov_base) + used;
            part.iov_len -= used;
            sent -= static_cast<ssize_t>(used);
            left += part.iov_len;
        }
        if (left == 0) {
            return {};
        }
    }
}

iovec part_of(std::span<const std::byte> bytes) {
    // sendmsg(2) takes what it only reads by a pointer to non-const.
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

Result<void> success(Result<Client::Reply> reply) {
    if (!reply) {
        return Unexpected{std::move(reply).error()};
    }
    if (reply->error != 0) {
        return fail(static_cast<int>(reply->error), "refused by the server");
    }
    return {};
}

/// The reply's payload as a struct.
template <typename T>
Result<T> expect(Result<Client::Reply> reply) {
    if (!reply) {
        return Unexpected{std::move(reply).error()};
    }
    if (reply->error != 0) {
        return fail(static_cast<int>(reply->error), "refused by the server");
    }
    ByteReader reader(reply->payload);
    const T value = reader.object<T>();
    if (!reader.finished()) {
        return fail(EPROTO, "reply of unexpected length");
    }
    return value;
}

} // namespace

Result<GuestMemory> GuestMemory::create(std::size_t size) {
    auto fd = make_memfd("guest-memory", size);
    if (!fd) {
        return Unexpected{std::move(fd).error()};
    }
    auto mapping = Mapping::map(fd->get(), 0, size, true);
    if (!mapping) {
        return Unexpected{std::move(mapping).error()};
    }
    return GuestMemory(std::move(*fd), std::move(*mapping));
}

Result<Client> Client::connect(const std::string& path) {
    const auto address = unix_address(path);
    if (!address) {
        return Unexpected{address.error()};
    }
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        return fail(errno, "cannot make a socket");
    }
    if (::connect(socket.get(), generic(*address), sizeof(*address)) != 0) {
        return fail(errno, "cannot connect to '" + path + "'");
    }
    return Client(std::move(socket));
}

Result<void> Client::send(Command command, std::uint32_t flags, std::uint16_t id,
                          std::span<const std::byte> payload, std::span<const std::byte> data,
                          std::span<const int> fds) {
    const Header header{
        .message_id = id,
        .command = static_cast<std::uint16_t>(command),
        .size = static_cast<std::uint32_t>(sizeof(Header) + payload.size() + data.size()),
        .flags = flags,
        .error = 0U};
    return send_all(socket_.get(), {part_of(bytes_of(header)), part_of(payload), part_of(data)},
                    fds);
}

Result<Client::Reply> Client::receive_reply(std::uint16_t message_id, Command command) {
    Header header{};
    auto received = receive_exactly(socket_.get(), std::as_writable_bytes(std::span(&header, 1)));
    if (!received) {
        return Unexpected{std::move(received).error()};
    }
    if (header.message_id != message_id || header.command != static_cast<std::uint16_t>(command) ||
        (header.flags & flag_type_mask) != flag_reply || header.size < sizeof(Header) ||
        header.size > max_message) {
        return fail(EPROTO, "not the reply that was expected");
    }
    Reply reply;
    reply.error = (header.flags & flag_error) != 0 ? header.error.value() : 0;
    reply.payload.resize(header.size - sizeof(Header));
    received = receive_exactly(socket_.get(), reply.payload);
    if (!received) {
        return Unexpected{std::move(received).error()};
    }
    return reply;
}

Result<Client::Reply> Client::transact(Command command, std::span<const std::byte> payload,
                                       std::span<const std::byte> data, std::span<const int> fds) {
    const std::uint16_t id = next_id_++;
    auto sent = send(command, 0, id, payload, data, fds);
    if (!sent) {
        return Unexpected{std::move(sent).error()};
    }
    return receive_reply(id, command);
}

Result<Client::Reply> Client::call(Command command, std::span<const std::byte> payload,
                                   std::span<const int> fds) {
    return transact(command, payload, {}, fds);
}

Result<void> Client::send_raw(std::span<const std::byte> bytes, std::span<const int> fds) {
    return send_all(socket_.get(), {part_of(bytes), iovec{}, iovec{}}, fds);
}

Result<std::string> Client::negotiate() {
    constexpr std::string_view offer{
        "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
        "\"pgsizes\":4096,\"max_dma_maps\":65535,\"write_multiple\":true}}"};
    std::vector<std::byte> json(offer.size() + 1);
    std::memcpy(json.data(), offer.data(), offer.size());
    const Version version{.major = version_major, .minor = version_minor};
    auto reply = transact(Command::version, bytes_of(version), json, {});
    if (!reply) {
        return Unexpected{std::move(reply).error()};
    }
    if (reply->error != 0) {
        return fail(static_cast<int>(reply->error), "refused by the server");
    }
    ByteReader reader(reply->payload);
    const auto answer = reader.object<Version>();
    if (!reader.ok() || answer.major != version_major) {
        return fail(EPROTO, "the server speaks another version");
    }
    const auto text = reader.bytes(reader.remaining());
    std::string capabilities(reinterpret_cast<const char*>(text.data()), text.size());
    if (!capabilities.empty() && capabilities.back() == '\0') {
        capabilities.pop_back();
    }
    return capabilities;
}

Result<DeviceInfo> Client::device_info() {
    const DeviceInfo request{.argsz = sizeof(DeviceInfo), .flags = 0U, .regions = 0U, .irqs = 0U};
    return expect<DeviceInfo>(call(Command::device_get_info, bytes_of(request)));
}

Result<RegionInfo> Client::region_info(std::uint32_t index) {
    RegionInfo request{};
    request.argsz = sizeof(RegionInfo);
    request.index = index;
    return expect<RegionInfo>(call(Command::device_get_region_info, bytes_of(request)));
}

Result<IrqInfo> Client::irq_info(std::uint32_t index) {
    const IrqInfo request{.argsz = sizeof(IrqInfo), .flags = 0U, .index = index, .count = 0U};
    return expect<IrqInfo>(call(Command::device_get_irq_info, bytes_of(request)));
}

Result<void> Client::dma_map(const pcie::DmaRegion& region, int fd) {
    const DmaMapRequest request{.argsz = sizeof(DmaMapRequest),
                                .flags = static_cast<std::uint32_t>(region.access),
                                .offset = region.offset,
                                .iova = region.iova,
                                .size = region.size};
    const std::span<const int> fds(&fd, fd >= 0 ? 1 : 0);
    return success(call(Command::dma_map, bytes_of(request), fds));
}

Result<void> Client::dma_unmap(std::uint64_t iova, std::uint64_t size) {
    const DmaUnmapRequest request{
        .argsz = sizeof(DmaUnmapRequest), .flags = 0U, .iova = iova, .size = size};
    return success(call(Command::dma_unmap, bytes_of(request)));
}

Result<void> Client::dma_unmap_all() {
    const DmaUnmapRequest request{.argsz = sizeof(DmaUnmapRequest),
                                  .flags = vfio_user::dma_unmap_all,
                                  .iova = 0U,
                                  .size = 0U};
    return success(call(Command::dma_unmap, bytes_of(request)));
}

Result<void> Client::region_read(std::uint32_t region, std::uint64_t offset,
                                 std::span<std::byte> out) {
    const RegionAccess request{
        .offset = offset, .region = region, .count = static_cast<std::uint32_t>(out.size())};
    auto reply = call(Command::region_read, bytes_of(request));
    if (!reply) {
        return Unexpected{std::move(reply).error()};
    }
    if (reply->error != 0) {
        return fail(static_cast<int>(reply->error), "refused by the server");
    }
    ByteReader reader(reply->payload);
    reader.skip(sizeof(RegionAccess));
    const auto data = reader.bytes(out.size());
    if (!reader.finished()) {
        return fail(EPROTO, "reply of unexpected length");
    }
    if (!data.empty()) {
        std::memcpy(out.data(), data.data(), data.size());
    }
    return {};
}

Result<void> Client::region_write(std::uint32_t region, std::uint64_t offset,
                                  std::span<const std::byte> data) {
    const RegionAccess request{
        .offset = offset, .region = region, .count = static_cast<std::uint32_t>(data.size())};
    return success(transact(Command::region_write, bytes_of(request), data, {}));
}

Result<void> Client::region_write_posted(std::uint32_t region, std::uint64_t offset,
                                         std::span<const std::byte> data) {
    const RegionAccess request{
        .offset = offset, .region = region, .count = static_cast<std::uint32_t>(data.size())};
    return send(Command::region_write, flag_no_reply, next_id_++, bytes_of(request), data, {});
}

Result<void> Client::region_write_multi(std::span<const WriteMultiEntry> writes) {
    const Le<std::uint64_t> count(writes.size());
    return send(Command::region_write_multi, flag_no_reply, next_id_++, bytes_of(count),
                std::as_bytes(writes), {});
}

Result<void> Client::set_irqs(std::uint32_t flags, std::uint32_t start, std::uint32_t count,
                              std::span<const int> eventfds) {
    const SetIrqs request{.argsz = sizeof(SetIrqs),
                          .flags = flags,
                          .index = irq_msix,
                          .start = start,
                          .count = count};
    return success(call(Command::device_set_irqs, bytes_of(request), eventfds));
}

Result<void> Client::bind_vectors(std::uint32_t start, std::span<const int> eventfds) {
    while (!eventfds.empty()) {
        const auto now = eventfds.first(std::min(eventfds.size(), max_message_fds));
        auto done = set_irqs(irq_data_eventfd | irq_action_trigger, start,
                             static_cast<std::uint32_t>(now.size()), now);
        if (!done) {
            return done;
        }
        start += static_cast<std::uint32_t>(now.size());
        eventfds = eventfds.subspan(now.size());
    }
    return {};
}

Result<void> Client::unbind_vectors(std::uint32_t start, std::uint32_t count) {
    return set_irqs(irq_data_eventfd | irq_action_trigger, start, count, {});
}

Result<void> Client::unbind_all_vectors() {
    return set_irqs(irq_data_none | irq_action_trigger, 0, 0, {});
}

Result<void> Client::trigger_vectors(std::uint32_t start, std::uint32_t count) {
    return set_irqs(irq_data_none | irq_action_trigger, start, count, {});
}

Result<void> Client::reset() {
    return success(call(Command::device_reset, {}));
}

Result<void> Client::enable() {
    return write<std::uint16_t>(region_config, PCI_COMMAND,
                                PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

} // namespace mo::vfio_user
