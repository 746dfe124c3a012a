// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/port/roce.hpp"

#include "common/hw.hpp"
#include "fabric/ethertype.hpp"

namespace mo::nic {

namespace {

using fabric::load_be16;

constexpr std::uint8_t protocol_udp = 17;
constexpr std::size_t ipv4_header = 20, ipv6_header = 40, udp_ports = 4;
constexpr std::uint16_t fragment_bits = 0x3fff; // more fragments, offset

std::uint8_t byte_at(fabric::Bytes head, std::size_t offset) noexcept {
    return std::to_integer<std::uint8_t>(head[offset]);
}

} // namespace

bool roce_destination(fabric::Bytes head, RoceDestination& out) noexcept {
    std::size_t at = 12;
    if (head.size() < at + 2 + ipv4_header + udp_ports) {
        return false; // hence the tag and the start of the header below are there too
    }
    std::uint16_t ethertype = load_be16(head.data() + at);
    out.vlan = ethertype == fabric::ethertype_vlan;
    out.vlan_tci = 0;
    if (out.vlan) {
        out.vlan_tci = load_be16(head.data() + at + 2);
        at += fabric::vlan_tag_length;
        ethertype = load_be16(head.data() + at);
    }
    at += 2;
    std::size_t udp = 0;
    if (ethertype == fabric::ethertype_ipv4) {
        udp = at + std::size_t{byte_at(head, at) & 0x0fU} * 4;
        if (byte_at(head, at) >> 4U != 4 || udp < at + ipv4_header ||
            udp + udp_ports > head.size() || byte_at(head, at + 9) != protocol_udp ||
            (load_be16(head.data() + at + 6) & fragment_bits) != 0) {
            return false;
        }
        out.dgid = Gid::of_ipv4(head.subspan(at + 16).first<4>());
    } else if (ethertype == fabric::ethertype_ipv6) {
        udp = at + ipv6_header;
        if (udp + udp_ports > head.size() || byte_at(head, at) >> 4U != 6 ||
            byte_at(head, at + 6) != protocol_udp) {
            return false;
        }
        std::ranges::copy(head.subspan(at + 24, out.dgid.bytes.size()), out.dgid.bytes.begin());
    } else {
        return false;
    }
    if (load_be16(head.data() + udp + 2) != MO_RDMA_UDP_PORT) {
        return false;
    }
    std::ranges::copy(head.first(out.dmac.size()), out.dmac.begin());
    return true;
}

} // namespace mo::nic
