// SPDX-License-Identifier: GPL-2.0-or-later
// Mac: a port's media access controller, which all datapaths of the port share: its place on a
// link, the gates, checks of length and FCS, counters (MO_PORT_COUNTERS), internal loopback; and
// which datapath gets a received frame.
//
// Octets and size classes include the FCS, as IEEE 802.3 and RFC 2819 count; every wire packet
// counts, whether it came alone or in a burst. Engine thread.
#pragma once

#include <cstdint>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "fabric/link.hpp"
#include "nic/port/address.hpp"
#include "nic/port/roce.hpp"
#include "nic/queue_env.hpp"

namespace mo::nic {

struct PortCounters {
#define X(name, text) std::uint64_t name = 0;
    MO_PORT_COUNTERS(X)
#undef X
};

/// What the host has set (MO_CMD_PORT_RX, MO_CMD_OFFLOAD); the values before it did.
struct MacConfig {
    bool receive = false;      ///< the ethernet datapath takes frames
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
    Mac(const Mac&) = delete;
    Mac& operator=(const Mac&) = delete;
    ~Mac();

    /// Puts the port at an end of a link, which must outlive its place there; nullptr takes it
    /// away.
    void connect(fabric::Link* link, fabric::End end);
    /// Who gets received frames; both outlive their place here, nullptr takes them away.
    void attach_ethernet(Client* ethernet) noexcept { ethernet_ = ethernet; }
    void attach_roce(RoceEndpoint* roce) noexcept { roce_ = roce; }

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
    void admit(const fabric::Frame& frame, std::uint64_t now_ns);
    [[nodiscard]] bool claimed(const fabric::Frame& frame) const noexcept;

    QueueEnv& env_;
    std::uint8_t number_;
    fabric::Link* link_ = nullptr;
    fabric::End end_ = fabric::End::a;
    Client* ethernet_ = nullptr;
    RoceEndpoint* roce_ = nullptr;
};

} // namespace mo::nic
