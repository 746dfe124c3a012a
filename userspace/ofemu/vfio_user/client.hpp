// SPDX-License-Identifier: GPL-2.0-or-later
// Client: the driver's side of vfio-user, for tests and tools that drive a function without a
// guest. Blocking, for one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/bytes.hpp"
#include "common/fd.hpp"
#include "common/mapping.hpp"
#include "common/result.hpp"
#include "pcie/dma_map.hpp"
#include "vfio_user/protocol.hpp"

namespace mo::vfio_user {

/// Guest memory that a server can map: a memfd and its mapping here.
class GuestMemory {
  public:
    static Result<GuestMemory> create(std::size_t size);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return mapping_.bytes(); }

  private:
    GuestMemory(Fd fd, Mapping mapping) : fd_(std::move(fd)), mapping_(std::move(mapping)) {}
    Fd fd_;
    Mapping mapping_;
};

class Client {
  public:
    struct Reply {
        std::uint32_t error; ///< errno of the server, 0 = success
        std::vector<std::byte> payload;
    };

    /// Connects to a server's socket; no message yet.
    static Result<Client> connect(const std::string& path);
    /// Speaks on a connected stream socket.
    explicit Client(Fd socket) : socket_(std::move(socket)) {}

    // Every function returns the server's errno as Error::code, ECONNRESET when it has gone.

    /// VERSION; returns the server's capabilities (JSON).
    Result<std::string> negotiate();
    Result<DeviceInfo> device_info();
    Result<RegionInfo> region_info(std::uint32_t index);
    Result<IrqInfo> irq_info(std::uint32_t index);

    Result<void> dma_map(const pcie::DmaRegion& region, int fd); ///< fd < 0: without memory
    Result<void> dma_unmap(std::uint64_t iova, std::uint64_t size);
    Result<void> dma_unmap_all();

    Result<void> region_read(std::uint32_t region, std::uint64_t offset, std::span<std::byte> out);
    Result<void> region_write(std::uint32_t region, std::uint64_t offset,
                              std::span<const std::byte> data);
    /// Without a reply, as QEMU writes to BARs: errors stay unknown.
    Result<void> region_write_posted(std::uint32_t region, std::uint64_t offset,
                                     std::span<const std::byte> data);
    /// REGION_WRITE_MULTI, posted.
    Result<void> region_write_multi(std::span<const WriteMultiEntry> writes);

    /// Unsigned little-endian value of sizeof(T) bytes.
    template <typename T>
    Result<T> read(std::uint32_t region, std::uint64_t offset) {
        Le<T> value{};
        auto done = region_read(region, offset, std::as_writable_bytes(std::span(&value, 1)));
        if (!done) {
            return Unexpected{std::move(done).error()};
        }
        return value.value();
    }
    template <typename T>
    Result<void> write(std::uint32_t region, std::uint64_t offset, T value) {
        const Le<T> wire(value);
        return region_write(region, offset, std::as_bytes(std::span(&wire, 1)));
    }
    template <typename T>
    Result<void> write_posted(std::uint32_t region, std::uint64_t offset, T value) {
        const Le<T> wire(value);
        return region_write_posted(region, offset, std::as_bytes(std::span(&wire, 1)));
    }

    /// Binds eventfds to MSI-X vectors from `start` on.
    Result<void> bind_vectors(std::uint32_t start, std::span<const int> eventfds);
    Result<void> unbind_vectors(std::uint32_t start, std::uint32_t count);
    Result<void> unbind_all_vectors();
    /// Makes the server raise vectors (VFIO's loopback trigger).
    Result<void> trigger_vectors(std::uint32_t start, std::uint32_t count);

    Result<void> reset();

    /// COMMAND: memory space and bus mastering on.
    Result<void> enable();

    /// Any request, for tests of the protocol. `fds` stay the caller's.
    Result<Reply> call(Command command, std::span<const std::byte> payload,
                       std::span<const int> fds = {});
    /// Sends bytes as they are, with fds on the first.
    Result<void> send_raw(std::span<const std::byte> bytes, std::span<const int> fds = {});
    /// Receives the next reply. EPROTO if it is not one.
    Result<Reply> receive_reply(std::uint16_t message_id, Command command);

    [[nodiscard]] int socket() const noexcept { return socket_.get(); }

  private:
    Result<void> send(Command command, std::uint32_t flags, std::uint16_t id,
                      std::span<const std::byte> payload, std::span<const std::byte> data,
                      std::span<const int> fds);
    Result<Reply> transact(Command command, std::span<const std::byte> payload,
                           std::span<const std::byte> data, std::span<const int> fds);
    Result<void> set_irqs(std::uint32_t flags, std::uint32_t start, std::uint32_t count,
                          std::span<const int> eventfds);

    Fd socket_;
    std::uint16_t next_id_ = 1;
};

} // namespace mo::vfio_user
