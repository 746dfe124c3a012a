// SPDX-License-Identifier: GPL-2.0-or-later
// Mac: a port's media access controller, which all datapaths of the port share: its place on a
// link, the gates, checks of length and FCS, counters (MO_PORT_COUNTERS), internal loopback; and
// which datapath gets a received frame.
//
// Octets and size classes include the FCS, as IEEE 802.3 and RFC 2819 count; every wire packet
// counts, whether it came alone or in a burst. Engine thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "fabric/link.hpp"
#include "nic/port/roce.hpp"
#include "nic/queue_env.hpp"

namespace mo::nic {

struct PortCounters {
#define X(name, text) std::uint64_t name = 0;
    MO_PORT_COUNTERS(X)
#undef X
};

/// Kinds of destinations, as counters tell them apart.
enum class Cast : std::uint8_t { unicast, multicast, broadcast };

/// A MAC address as a number, first octet highest.
[[nodiscard]] constexpr std::uint64_t address_number(std::span<const std::byte, 6> mac) noexcept {
    std::uint64_t number = 0;
    for (const std::byte octet : mac) {
        number = (number << 8U) | std::to_integer<std::uint64_t>(octet);
    }
    return number;
}

[[nodiscard]] constexpr Cast cast_of(std::uint64_t address) noexcept {
    constexpr std::uint64_t broadcast = 0xffff'ffff'ffff;
    constexpr std::uint64_t group_bit = std::uint64_t{1} << 40U;
    if (address == broadcast) {
        return Cast::broadcast;
    }
    return (address & group_bit) != 0 ? Cast::multicast : Cast::unicast;
}

/// What the host has set (MO_CMD_PORT_RX, MO_CMD_OFFLOAD); the values before it did.
struct MacConfig {
    bool receive = false;      ///< frames are taken
    bool loopback = false;     ///< sent frames come back to this port and do not go out
    bool keep_bad_fcs = false; ///< damaged frames go on to the ethernet datapath
    std::uint32_t mtu = 1500;  ///< longest frame without ethernet header and VLAN tags
};

class Mac final : public fabric::Endpoint {
  public:
    /// The ethernet datapath's side. It gets every frame that nobody else claims.
    class Client {
      public:
        Client() = default;
        Client(const Client&) = delete;
        Client& operator=(const Client&) = delete;
        /// Takes a frame whose MAC checks are done and which is counted; it ends with the call.
        virtual void receive(const fabric::Frame& frame, std::uint64_t now_ns) = 0;

      protected:
        ~Client() = default;
    };

    /// The MAC of port `number` of a NIC; `env` must outlive it.
    Mac(QueueEnv& env, std::uint8_t number) noexcept : env_(env), number_(number) {}
    ~Mac();

    /// Puts the port at an end of a link, which must outlive its place there; nullptr takes it
    /// away.
    void connect(fabric::Link* link, fabric::End end);
    /// Who gets received frames; both outlive their place here, nullptr takes them away.
    void attach(Client* ethernet) noexcept { ethernet_ = ethernet; }
    void attach(RoceEndpoint* roce) noexcept { roce_ = roce; }

    [[nodiscard]] std::uint8_t number() const noexcept { return number_; }

    /// Sends a frame, of either datapath; its bytes are not used after the call. Lost and counted
    /// while the gate is closed.
    void transmit(const fabric::Frame& frame, std::uint64_t now_ns);
    /// A frame from the link.
    void receive(const fabric::Frame& frame, std::uint64_t now_ns) override;
    /// Counters are zero and the configuration is as at the start.
    void reset() noexcept;

    MacConfig config;
    PortCounters counters;

  private:
    void take(const fabric::Frame& frame, std::uint64_t now_ns);
    void take_cut(const fabric::Frame& burst, std::uint64_t now_ns);

    QueueEnv& env_;
    std::uint8_t number_;
    fabric::Link* link_ = nullptr;
    fabric::End end_ = fabric::End::a;
    Client* ethernet_ = nullptr;
    RoceEndpoint* roce_ = nullptr;
};

} // namespace mo::nic
