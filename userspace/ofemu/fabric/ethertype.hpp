// SPDX-License-Identifier: GPL-2.0-or-later
// Ethertypes (IANA's IEEE 802 numbers) and what lies in front of the network layer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fabric/checksum.hpp"
#include "fabric/frame.hpp"

namespace mo::fabric {

inline constexpr std::uint16_t ethertype_ipv4 = 0x0800;
inline constexpr std::uint16_t ethertype_vlan = 0x8100;
inline constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
inline constexpr std::uint16_t ethertype_mac_control = 0x8808;
inline constexpr std::uint16_t ethertype_service_vlan = 0x88a8;

/// Bytes of the ethernet header and at most two VLAN tags; the ethertype of what follows is in the
/// last two. The result may lie behind the head's end.
[[nodiscard]] inline std::uint32_t layer2_bytes(Bytes head) noexcept {
    std::uint32_t bytes = ethernet_header;
    for (unsigned tags = 0; tags < 2 && bytes <= head.size(); ++tags) {
        const std::uint16_t ethertype = load_be16(head.data() + bytes - 2);
        if (ethertype != ethertype_vlan && ethertype != ethertype_service_vlan) {
            break;
        }
        bytes += vlan_tag_length;
    }
    return bytes;
}

} // namespace mo::fabric
