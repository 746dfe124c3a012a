// SPDX-License-Identifier: GPL-2.0-or-later
// Receiver: the ethernet datapath's receive side, from the MAC to the receive queue: filters,
// parser, checksums, RSS, then one completion for each packet.
#pragma once

#include <cstdint>
#include <optional>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "nic/eth/filter.hpp"
#include "nic/eth/parser.hpp"
#include "nic/eth/rss.hpp"
#include "nic/eth/rx_queue.hpp"
#include "nic/port/mac.hpp"

namespace mo::nic::eth {

/// Every MO_OFFLOAD_* that there is.
inline constexpr std::uint32_t all_offloads = MO_OFFLOAD_RX_CSUM | MO_OFFLOAD_RX_VLAN |
                                              MO_OFFLOAD_RX_HASH | MO_OFFLOAD_RX_FCS_ERR |
                                              MO_OFFLOAD_RX_GRO | MO_OFFLOAD_LOOPBACK;

/// MO_CMD_OFFLOAD, as far as it is not the MAC's; the value before the first one.
struct OffloadConfig {
    std::uint32_t flags = 0;

    [[nodiscard]] bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }
};

/// Where the receiver finds its queues.
class RxQueues {
  public:
    RxQueues() = default;
    RxQueues(const RxQueues&) = delete;
    RxQueues& operator=(const RxQueues&) = delete;

    /// The queue that an index below MO_RXQ_MAP_MAX leads to, and is now in use; nullptr if there
    /// is none or it has stopped.
    [[nodiscard]] virtual RxQueue* rx_queue(std::uint32_t index) = 0;

  protected:
    ~RxQueues() = default;
};

class Receiver {
  public:
    Receiver(RxQueues& queues, Mac& mac) noexcept : queues_(queues), mac_(mac) {}

    /// Takes a frame that passed the MAC.
    void receive(const fabric::Frame& frame, std::uint64_t now_ns);

    // What commands set.
    AddressFilter addresses;
    VlanFilter vlans;
    OffloadConfig offload;
    std::optional<Rss> rss;

  private:
    struct Target;
    [[nodiscard]] bool accepts(const fabric::Frame& frame, const Parsed& parsed) const noexcept;
    void receive_burst(const fabric::Frame& frame, const Parsed& parsed, Target& target);
    void receive_packet(const fabric::Frame& frame, const Parsed& parsed, Target& target);
    void coalesce(const fabric::Frame& frame, const Parsed& parsed, Target& target);
    void deliver(const fabric::Frame& frame, const Parsed& parsed, Target& target);
    [[nodiscard]] bool strips(const Parsed& parsed) const noexcept;
    [[nodiscard]] bool may_coalesce(const fabric::Frame& frame, const Parsed& parsed) const;
    hw::mo_eth_cqe describe(const Parsed& parsed, const Target& target) const;

    RxQueues& queues_;
    Mac& mac_;
};

} // namespace mo::nic::eth
