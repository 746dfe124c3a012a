// SPDX-License-Identifier: GPL-2.0-or-later
// Congestion notification packets (IBA annex A17.9.3): what the receiver of marked packets sends
// to their sender.
#pragma once

#include <cstdint>

#include "nic/rdma/packet.hpp"

namespace mo::nic::rdma {

/// Traffic class of CNPs: DSCP 48 and ECT(0), as adapters send them by default, so that they
/// overtake what is congested.
inline constexpr std::uint8_t cnp_traffic_class = (48U << 2U) | ecn_capable;

/// Least time between two CNPs of a QP.
inline constexpr std::uint64_t cnp_interval_ns = 50'000;

/// Route of a CNP on a path: its own traffic class.
[[nodiscard]] Route cnp_route(const Route& path) noexcept;

/// Headers of a CNP to the peer's QP.
[[nodiscard]] Headers cnp_headers(std::uint32_t dest_qp) noexcept;

/// A parsed packet is a CNP that means something: BECN is set. Reserved fields are not looked at
/// (IBA 9.2: ignored at reception).
[[nodiscard]] bool cnp_valid(const Packet& packet) noexcept;

/// Paces the CNPs of a QP.
class CnpPacer {
  public:
    /// A marked packet came: send a CNP now?
    [[nodiscard]] bool marked(std::uint64_t now_ns) noexcept {
        if (now_ns < next_ns_) {
            return false;
        }
        next_ns_ = now_ns + cnp_interval_ns;
        return true;
    }

  private:
    std::uint64_t next_ns_ = 0;
};

} // namespace mo::nic::rdma
