// SPDX-License-Identifier: GPL-2.0-or-later
// Places of the fields of RoCEv2 headers, from the start of their header; what parser and builder
// share. IP and UDP: fabric/headers.hpp; BTH and extended headers: IBA volume 1, 9.2 and 9.3.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fabric/checksum.hpp"
#include "fabric/headers.hpp"

namespace mo::nic::rdma::wire {

namespace ipv4 = fabric::ipv4;
namespace ipv6 = fabric::ipv6;
namespace udp = fabric::udp;

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
