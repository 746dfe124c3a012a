// SPDX-License-Identifier: GPL-2.0-or-later
// TxQueue: works off a transmit ring, packet by packet, in order.
#pragma once

#include <cstdint>

#include "nic/eth/host_queue.hpp"
#include "nic/eth/tx_packet.hpp"

namespace mo::nic::eth {

/// Where transmit queues put their frames.
class Transmitter {
  public:
    Transmitter() = default;
    Transmitter(const Transmitter&) = delete;
    Transmitter& operator=(const Transmitter&) = delete;

    /// Sends a frame; its bytes are not used after the call.
    virtual void transmit(const fabric::Frame& frame, std::uint64_t now_ns) = 0;

  protected:
    ~Transmitter() = default;
};

class TxQueue final : public HostQueue {
  public:
    using HostQueue::HostQueue;

    /// Sends packets until the ring is empty or `budget` is used up, which one frame of 16 KiB or
    /// less, and each further 16 KiB, lowers by one. `scratch` is working memory. A packet whose
    /// descriptors make no sense is completed as refused; the queue stops only where the ring does
    /// not tell any more where the next packet begins. True if a packet was sent or refused, or
    /// the queue stopped.
    bool poll(Transmitter& out, TxPacket& scratch, std::uint64_t now_ns, unsigned& budget);

    /// Rounds since a packet was found, for the owner's list of active queues.
    unsigned idle_rounds = 0;
    bool active = false;

  private:
    bool send_one(Transmitter& out, TxPacket& scratch, std::uint64_t now_ns, unsigned& budget);
    void fail(const TxFault& fault);
};

} // namespace mo::nic::eth
