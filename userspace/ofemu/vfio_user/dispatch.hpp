// SPDX-License-Identifier: GPL-2.0-or-later
// Dispatcher: carries out one request on a function. Knows messages and the function, no socket.
#pragma once

#include <cstdint>
#include <span>

#include "common/bytes.hpp"
#include "common/fd.hpp"
#include "pcie/function.hpp"
#include "vfio_user/message.hpp"

namespace mo::vfio_user {

class Dispatcher {
  public:
    explicit Dispatcher(pcie::Function& function) noexcept : function_(function) {}

    /// Carries out a request; appends the payload of the reply. Returns 0 or the errno to reply
    /// (the payload is then to be ignored). Takes the descriptors it needs out of `fds`.
    [[nodiscard]] std::uint32_t handle(const Frame& request, std::span<Fd> fds, ByteWriter& reply);

    /// True for writes to BARs that want no reply: those that may be handled as a batch.
    [[nodiscard]] static bool is_posted_write(const Frame& request) noexcept;

  private:
    using Payload = std::span<const std::byte>;

    [[nodiscard]] std::uint32_t version(const Frame& request, ByteWriter& reply);
    [[nodiscard]] std::uint32_t dma_map(Payload payload, std::span<Fd> fds);
    [[nodiscard]] std::uint32_t dma_unmap(Payload payload, ByteWriter& reply);
    [[nodiscard]] std::uint32_t device_info(Payload payload, ByteWriter& reply);
    // region.cpp
    [[nodiscard]] std::uint32_t region_info(Payload payload, ByteWriter& reply);
    [[nodiscard]] std::uint32_t region_read(Payload payload, ByteWriter& reply);
    [[nodiscard]] std::uint32_t region_write(Payload payload, ByteWriter& reply);
    [[nodiscard]] std::uint32_t region_write_multi(Payload payload);
    [[nodiscard]] std::uint64_t region_size(std::uint32_t region) const noexcept;
    [[nodiscard]] bool inside_region(std::uint32_t region, std::uint64_t offset,
                                     std::uint64_t count) const noexcept;
    void write_region(std::uint32_t region, std::uint64_t offset, Payload data);
    // irq.cpp
    [[nodiscard]] std::uint32_t irq_info(Payload payload, ByteWriter& reply);
    [[nodiscard]] std::uint32_t set_irqs(Payload payload, std::span<Fd> fds);
    [[nodiscard]] std::uint32_t bind_irqs(const SetIrqs& request, std::span<Fd> fds);

    pcie::Function& function_;
    bool negotiated_ = false;
};

} // namespace mo::vfio_user
