// SPDX-License-Identifier: GPL-2.0-or-later
// Places of the fields of RoCEv2 headers, from the start of their header; what parser and builder
// share. IPv4: RFC 791 section 3.1, IPv6: RFC 8200 section 3, UDP: RFC 768, BTH and extended
// headers: IBA volume 1, 9.2 and 9.3.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fabric/checksum.hpp"

namespace mo::nic::rdma::wire {

namespace ipv4 {
inline constexpr std::size_t bytes = 20;
inline constexpr std::byte version_length{0x45}; ///< without options
inline constexpr std::size_t tos = 1;
inline constexpr std::size_t total_length = 2;
inline constexpr std::size_t id = 4;
inline constexpr std::size_t fragment = 6;
inline constexpr std::size_t ttl = 8;
inline constexpr std::size_t protocol = 9;
inline constexpr std::size_t checksum = 10;
inline constexpr std::size_t source = 12;
inline constexpr std::size_t destination = 16;
inline constexpr std::uint16_t dont_fragment = 0x4000;
inline constexpr std::uint16_t fragment_bits = 0x3fff; ///< more fragments, offset
} // namespace ipv4

namespace ipv6 {
inline constexpr std::size_t bytes = 40;
inline constexpr std::size_t payload_length = 4;
inline constexpr std::size_t next_header = 6;
inline constexpr std::size_t hop_limit = 7;
inline constexpr std::size_t source = 8;
inline constexpr std::size_t destination = 24;
inline constexpr std::uint32_t version = 0x60000000;
inline constexpr unsigned class_shift = 20;
inline constexpr std::uint32_t label_mask = 0xfffff;
inline constexpr std::uint8_t fragment_header = 44;
} // namespace ipv6

namespace udp {
inline constexpr std::size_t bytes = 8;
inline constexpr std::uint8_t protocol = 17;
inline constexpr std::size_t source_port = 0;
inline constexpr std::size_t destination_port = 2;
inline constexpr std::size_t length = 4;
inline constexpr std::size_t checksum = 6;
} // namespace udp

namespace bth {
inline constexpr std::size_t opcode = 0;
inline constexpr std::size_t flags = 1;
inline constexpr std::size_t pkey = 2;
inline constexpr std::size_t notification = 4; ///< FECN, BECN
inline constexpr std::size_t dest_qp = 4;      ///< low 24 bits of the word
inline constexpr std::size_t psn = 8;          ///< low 24 bits of the word
inline constexpr std::uint8_t solicited = 0x80;
inline constexpr std::uint8_t migrated = 0x40;
inline constexpr unsigned pad_shift = 4;
inline constexpr std::uint8_t pad_mask = 3;
inline constexpr std::uint8_t version_mask = 0x0f;
inline constexpr std::uint8_t fecn = 0x80;
inline constexpr std::uint8_t becn = 0x40;
inline constexpr std::uint32_t ack_request = 0x80000000;
inline constexpr std::uint32_t low24 = 0xffffff;
} // namespace bth

[[nodiscard]] inline std::uint8_t load8(const std::byte* at) noexcept {
    return std::to_integer<std::uint8_t>(*at);
}
[[nodiscard]] inline std::uint64_t load_be64(const std::byte* at) noexcept {
    return (std::uint64_t{fabric::load_be32(at)} << 32U) | fabric::load_be32(at + 4);
}
inline void store_be64(std::byte* at, std::uint64_t value) noexcept {
    fabric::store_be32(at, static_cast<std::uint32_t>(value >> 32U));
    fabric::store_be32(at + 4, static_cast<std::uint32_t>(value));
}

} // namespace mo::nic::rdma::wire
