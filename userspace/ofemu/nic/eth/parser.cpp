// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/parser.hpp"

#include <algorithm>

#include "fabric/checksum.hpp"
#include "fabric/ethertype.hpp"
#include "fabric/headers.hpp"

namespace mo::nic::eth {

namespace {

namespace ipv4 = fabric::ipv4;
namespace ipv6 = fabric::ipv6;
namespace tcp = fabric::tcp;
namespace udp = fabric::udp;
using fabric::ethertype_ipv4;
using fabric::ethertype_ipv6;
using fabric::ethertype_service_vlan;
using fabric::ethertype_vlan;
using fabric::load_be16;

// Internet protocol numbers (IANA) of IPv6 extension headers.
constexpr std::uint8_t protocol_hop_by_hop = 0;
constexpr std::uint8_t protocol_routing = 43;
constexpr std::uint8_t protocol_authentication = 51;
constexpr std::uint8_t protocol_destination_options = 60;

constexpr unsigned max_extension_headers = 8;
constexpr std::uint16_t fragment_bits = 0x3fff; // more fragments, offset

std::uint8_t byte_at(fabric::Bytes head, std::size_t offset) noexcept {
    return std::to_integer<std::uint8_t>(head[offset]);
}

struct Parser {
    fabric::Bytes head;
    std::uint32_t length;
    bool burst;
    Parsed out;

    [[nodiscard]] bool has(std::size_t offset, std::size_t size) const noexcept {
        return offset + size <= head.size();
    }

    bool ethernet() noexcept {
        if (!has(0, fabric::ethernet_header)) {
            return false;
        }
        std::size_t at = 12;
        out.ethertype = load_be16(head.data() + at);
        while (out.tags < 2 &&
               (out.ethertype == ethertype_vlan || out.ethertype == ethertype_service_vlan)) {
            if (!has(at, fabric::vlan_tag_length + 2)) {
                return false;
            }
            if (out.tags == 0 && out.ethertype == ethertype_vlan) {
                out.vlan = true;
                out.vlan_tci = load_be16(head.data() + at + 2);
            }
            ++out.tags;
            at += fabric::vlan_tag_length;
            out.ethertype = load_be16(head.data() + at);
        }
        out.l3_offset = static_cast<std::uint16_t>(at + 2);
        out.l3_end = length;
        return true;
    }

    /// Takes the end of the IP packet from its length field; false if that is impossible.
    bool set_end(std::size_t ip_length, std::size_t header) noexcept {
        if (burst) {
            return true;
        }
        if (ip_length < header || out.l3_offset + ip_length > length) {
            return false;
        }
        out.l3_end = static_cast<std::uint32_t>(out.l3_offset + ip_length);
        return true;
    }

    void ipv4() noexcept {
        const std::size_t ip = out.l3_offset;
        if (!has(ip, ipv4::min_header) || byte_at(head, ip) >> 4U != 4) {
            return;
        }
        const std::size_t header = std::size_t{byte_at(head, ip) & 0x0fU} * 4;
        if (header < ipv4::min_header || !has(ip, header) ||
            !set_end(load_be16(head.data() + ip + ipv4::total_length), header)) {
            return;
        }
        out.l3 = MO_L3_IPV4;
        out.l3_extras = header != ipv4::min_header;
        if (!burst) {
            fabric::InternetSum sum;
            sum.add(head.subspan(ip, header));
            out.l3_checksum_bad = sum.checksum() != 0;
        }
        out.protocol = byte_at(head, ip + ipv4::protocol);
        if ((load_be16(head.data() + ip + ipv4::fragment) & fragment_bits) != 0) {
            out.l4 = MO_L4_FRAGMENT;
            return;
        }
        transport(ip + header);
    }

    void ipv6() noexcept {
        const std::size_t ip = out.l3_offset;
        if (!has(ip, ipv6::header) || byte_at(head, ip) >> 4U != 6 ||
            !set_end(ipv6::header + load_be16(head.data() + ip + ipv6::payload_length),
                     ipv6::header)) {
            return;
        }
        out.l3 = MO_L3_IPV6;
        out.l4 = MO_L4_OTHER;
        out.destination_offset = static_cast<std::uint16_t>(ip + ipv6::destination);
        out.protocol = byte_at(head, ip + ipv6::next_header);
        std::size_t at = ip + ipv6::header;
        for (unsigned i = 0; i < max_extension_headers; ++i) {
            std::size_t size = 0;
            switch (out.protocol) {
            case protocol_hop_by_hop:
            case protocol_destination_options:
            case protocol_routing:
                size = has(at, 8) ? (byte_at(head, at + 1) + std::size_t{1}) * 8 : 0;
                break;
            case protocol_authentication:
                size = has(at, 8) ? (byte_at(head, at + 1) + std::size_t{2}) * 4 : 0;
                break;
            case fabric::protocol_fragment:
                size = has(at, 8) ? 8 : 0;
                if (size != 0 && (load_be16(head.data() + at + 2) & 0xfff9U) != 0) {
                    out.l4 = MO_L4_FRAGMENT;
                    return;
                }
                break;
            default:
                transport(at);
                return;
            }
            if (size == 0 || !has(at, size) || at + size > out.l3_end) {
                return;
            }
            if (out.protocol == protocol_routing) {
                routing(at, size);
            }
            out.l3_extras = true;
            out.protocol = byte_at(head, at);
            at += size;
        }
    }

    /// The last hop is the destination of the pseudo header (RFC 8200 section 8.1): segment 0 of
    /// a segment routing header (RFC 8754), home address of type 2 (RFC 6275 section 6.4).
    void routing(std::size_t at, std::size_t size) noexcept {
        constexpr std::uint8_t type_home_address = 2;
        constexpr std::uint8_t type_segments = 4;
        const std::uint8_t type = byte_at(head, at + 2);
        const bool under_way = byte_at(head, at + 3) != 0;
        if (under_way && size >= 24 && (type == type_home_address || type == type_segments)) {
            out.destination_offset = static_cast<std::uint16_t>(at + 8);
        }
    }

    void transport(std::size_t at) noexcept {
        out.l4 = MO_L4_OTHER;
        if (out.protocol == fabric::protocol_tcp && has(at, tcp::min_header) &&
            at + tcp::min_header <= out.l3_end) {
            const std::size_t header =
                std::size_t{4} * (byte_at(head, at + tcp::data_offset) >> 4U);
            if (header >= tcp::min_header && has(at, header) && at + header <= out.l3_end) {
                set_transport(MO_L4_TCP, at, header);
            }
        } else if (out.protocol == fabric::protocol_udp && has(at, udp::header) &&
                   at + udp::header <= out.l3_end) {
            set_transport(MO_L4_UDP, at, udp::header);
        }
    }

    void set_transport(std::uint8_t kind, std::size_t at, std::size_t header) noexcept {
        out.l4 = kind;
        out.l4_offset = static_cast<std::uint16_t>(at);
        out.payload_offset = static_cast<std::uint16_t>(at + header);
    }
};

} // namespace

Parsed parse(fabric::Bytes head, std::uint32_t length, bool burst) noexcept {
    Parser parser{
        head.first(std::min<std::size_t>({head.size(), parse_window, length})), length, burst, {}};
    if (parser.ethernet()) {
        if (parser.out.ethertype == ethertype_ipv4) {
            parser.ipv4();
        } else if (parser.out.ethertype == ethertype_ipv6) {
            parser.ipv6();
        }
    }
    return parser.out;
}

std::uint16_t pseudo_sum(fabric::Bytes head, const Parsed& parsed,
                         std::uint32_t l4_length) noexcept {
    fabric::InternetSum sum;
    if (parsed.l3 == MO_L3_IPV4) {
        sum.add(head.subspan(parsed.l3_offset + ipv4::addresses, ipv4::addresses_length));
    } else {
        sum.add(head.subspan(parsed.l3_offset + ipv6::source, ipv6::address_length));
        sum.add(head.subspan(parsed.destination_offset, ipv6::address_length));
    }
    sum.add16(parsed.protocol);
    sum.add32(l4_length);
    return sum.sum();
}

namespace {

/// Sums that differ by a multiple of 65535 are equal in ones complement.
bool same_sum(std::uint16_t a, std::uint16_t b) noexcept {
    return a % 0xffffU == b % 0xffffU;
}

} // namespace

ChecksumResult verify_l4(const fabric::Frame& frame, const Parsed& parsed) noexcept {
    if (!parsed.tcp() && !parsed.udp()) {
        return ChecksumResult::unknown;
    }
    const std::size_t start = parsed.l4_offset;
    const std::size_t field = start + (parsed.tcp() ? tcp::checksum : udp::checksum);
    std::uint32_t l4_length = parsed.l3_end - parsed.l4_offset;
    if (parsed.udp()) {
        if (load_be16(frame.head.data() + field) == 0) {
            return ChecksumResult::unknown; // RFC 768; RFC 6935 for IPv6
        }
        const std::uint32_t udp_length = load_be16(frame.head.data() + start + udp::length);
        if (udp_length < udp::header || udp_length > l4_length) {
            return ChecksumResult::bad;
        }
        l4_length = udp_length;
    }
    const std::uint16_t pseudo = pseudo_sum(frame.head, parsed, l4_length);
    if (frame.checksum.start == start && frame.checksum.field == field &&
        frame.checksum.end == start + l4_length) {
        return same_sum(frame.checksum.seed, pseudo) ? ChecksumResult::good : ChecksumResult::bad;
    }
    fabric::InternetSum sum;
    std::size_t left = l4_length;
    const fabric::Bytes in_head = frame.head.subspan(start);
    sum.add(in_head.first(std::min(left, in_head.size())));
    left -= std::min(left, in_head.size());
    for (const fabric::Bytes piece : frame.body) {
        const std::size_t part = std::min(left, piece.size());
        sum.add(piece.first(part));
        left -= part;
    }
    fabric::InternetSum total;
    total.add16(sum.sum());
    total.add16(pseudo);
    return total.checksum() == 0 ? ChecksumResult::good : ChecksumResult::bad;
}

} // namespace mo::nic::eth
