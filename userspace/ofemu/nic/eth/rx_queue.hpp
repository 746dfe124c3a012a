// SPDX-License-Identifier: GPL-2.0-or-later
// RxQueue: receive ring. Writes one packet at a time into consecutive buffers and completes it.
//
// A packet is opened by the first put, grows, and ends with finish() or abandon(). It may stay
// open between rounds of the engine (coalescing does so): only bus addresses are kept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nic/eth/gro.hpp"
#include "nic/eth/host_queue.hpp"

namespace mo::nic::eth {

class RxQueue final : public HostQueue {
  public:
    /// `buffer_length`, `header_length`: mo_cmd_queue.buf_len and .hdr_len.
    RxQueue(const QueueConfig& config, QueueEnv& env, std::uint32_t buffer_length,
            std::uint32_t header_length) noexcept
        : HostQueue(config, env), buffer_length_(buffer_length), header_length_(header_length) {}

    /// Bytes of each header buffer; 0: headers are not split.
    [[nodiscard]] std::uint32_t header_length() const noexcept { return header_length_; }

    /// Bytes that the open packet (or a new one) can still take, header buffer not counted. Looks
    /// at the host's tail if what is known would not hold `wanted`.
    [[nodiscard]] std::uint32_t room(std::uint32_t wanted);

    /// Appends to the packet. Precondition: room() for it. False: DMA failed, queue stopped.
    bool put(fabric::Bytes bytes);
    /// Writes the header buffer of the packet. Precondition: room(1), at most header_length().
    bool put_header(fabric::Bytes bytes);
    /// Overwrites the first bytes of the packet, in the header buffer if it is split; they fit
    /// into one buffer.
    bool patch_header(fabric::Bytes bytes, bool split);

    /// Completes the packet: fills in index and nseg and posts. False: the queue stopped.
    bool finish(hw::mo_eth_cqe completion);
    /// Forgets the packet; its buffers are used again.
    void abandon() noexcept { written_ = 0; }

    Gro gro;
    bool touched = false; ///< used by the owner: has something to flush

  private:
    /// Descriptor of the packet's buffer number `number`; false: the queue has stopped.
    bool buffer(std::uint32_t number, hw::mo_rx_desc& out);
    bool write(std::uint64_t address, fabric::Bytes bytes);

    std::uint32_t buffer_length_;
    std::uint32_t header_length_;
    std::uint32_t written_ = 0; ///< bytes of the open packet in data buffers
};

} // namespace mo::nic::eth
