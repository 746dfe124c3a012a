// SPDX-License-Identifier: GPL-2.0-or-later
// Where the fields of the internet's headers lie, in bytes from the start of each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mo::fabric {

/// Internet protocol numbers (IANA).
inline constexpr std::uint8_t protocol_tcp = 6;
inline constexpr std::uint8_t protocol_udp = 17;
inline constexpr std::uint8_t protocol_fragment = 44; ///< IPv6's header of a fragment

/// RFC 791 section 3.1.
namespace ipv4 {
inline constexpr std::size_t min_header = 20;
inline constexpr std::byte version_length{0x45}; ///< first byte of a header without options
inline constexpr std::size_t type_of_service = 1;
inline constexpr std::size_t total_length = 2;
inline constexpr std::size_t identification = 4;
inline constexpr std::size_t fragment = 6; ///< flags and offset
inline constexpr std::size_t time_to_live = 8;
inline constexpr std::size_t protocol = 9;
inline constexpr std::size_t checksum = 10;
inline constexpr std::size_t addresses = 12; ///< source, then destination
inline constexpr std::size_t source = addresses;
inline constexpr std::size_t destination = 16;
inline constexpr std::size_t addresses_length = 8; ///< of both
inline constexpr std::uint16_t dont_fragment = 0x4000;
inline constexpr std::uint16_t fragment_bits = 0x3fff; ///< more fragments, offset
} // namespace ipv4

/// RFC 8200 section 3.
namespace ipv6 {
inline constexpr std::size_t header = 40;
inline constexpr std::size_t payload_length = 4;
inline constexpr std::size_t next_header = 6;
inline constexpr std::size_t hop_limit = 7;
inline constexpr std::size_t source = 8;
inline constexpr std::size_t destination = 24;
inline constexpr std::size_t address_length = 16;
// The first word, as a number.
inline constexpr std::uint32_t version = 0x60000000;
inline constexpr unsigned class_shift = 20;
inline constexpr std::uint32_t label_mask = 0xfffff;
} // namespace ipv6

/// RFC 9293 section 3.1.
namespace tcp {
inline constexpr std::size_t min_header = 20;
inline constexpr std::size_t sequence = 4;
inline constexpr std::size_t data_offset = 12; ///< in its high nibble
inline constexpr std::size_t flags = 13;
inline constexpr std::size_t checksum = 16;
inline constexpr std::uint8_t fin = 0x01;
inline constexpr std::uint8_t psh = 0x08;
inline constexpr std::uint8_t ack = 0x10;
inline constexpr std::uint8_t cwr = 0x80;
} // namespace tcp

/// RFC 768.
namespace udp {
inline constexpr std::size_t header = 8;
inline constexpr std::size_t source_port = 0;
inline constexpr std::size_t destination_port = 2;
inline constexpr std::size_t length = 4;
inline constexpr std::size_t checksum = 6;
} // namespace udp

} // namespace mo::fabric
