// SPDX-License-Identifier: GPL-2.0-or-later
// Parser: headers of a frame to a struct. Ethernet, up to two VLAN tags, IPv4 with options, IPv6
// with extension headers, TCP, UDP, fragments. Pure; every length comes from the wire and is
// checked.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/hw.hpp"
#include "fabric/frame.hpp"

namespace mo::nic::eth {

/// The parser looks at so many bytes of a frame, as hardware would; headers that reach beyond are
/// not recognised.
inline constexpr std::size_t parse_window = fabric::max_burst_header;

/// Offsets are from the start of the frame.
struct Parsed {
    std::uint8_t tags = 0;      ///< VLAN tags, 0..2
    bool vlan = false;          ///< the outer tag is 802.1Q
    std::uint16_t vlan_tci = 0; ///< its value
    std::uint16_t ethertype = 0;
    std::uint16_t l3_offset = 0; ///< behind ethernet header and tags
    std::uint8_t l3 = MO_L3_NONE;
    std::uint8_t l4 = MO_L4_NONE;
    bool l3_checksum_bad = false;
    bool l3_extras = false;           ///< IPv4 options or IPv6 extension headers
    std::uint8_t protocol = 0;        ///< of the transport header, if l4 says that there is one
    std::uint16_t l4_offset = 0;      ///< transport header, if there is one
    std::uint16_t payload_offset = 0; ///< behind a TCP or UDP header, else 0
    /// IPv6: destination of the pseudo header.
    std::uint16_t destination_offset = 0;
    /// End of the IP packet; padding of short frames lies behind it.
    std::uint32_t l3_end = 0;

    [[nodiscard]] bool tcp() const noexcept { return l4 == MO_L4_TCP; }
    [[nodiscard]] bool udp() const noexcept { return l4 == MO_L4_UDP; }
    [[nodiscard]] std::uint8_t l3l4() const noexcept { return static_cast<std::uint8_t>(l3 | l4); }
};

/// Parses the frame whose first bytes are `head` and whose length is `length`. With `burst` it is
/// the template of one: its IP length and checksums mean nothing.
[[nodiscard]] Parsed parse(fabric::Bytes head, std::uint32_t length, bool burst = false) noexcept;

/// Sum of the pseudo header of the frame's TCP or UDP packet, as a number; `l4_length` is what the
/// pseudo header says. `head` and `parsed` belong together.
[[nodiscard]] std::uint16_t pseudo_sum(fabric::Bytes head, const Parsed& parsed,
                                       std::uint32_t l4_length) noexcept;

enum class ChecksumResult : std::uint8_t { unknown, good, bad };

/// Verifies the TCP or UDP checksum of a plain frame. unknown: there is none to verify (other
/// protocol, fragment, UDP without checksum).
[[nodiscard]] ChecksumResult verify_l4(const fabric::Frame& frame, const Parsed& parsed) noexcept;

} // namespace mo::nic::eth
