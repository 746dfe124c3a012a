// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/icrc.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <zlib.h>

#include "fabric/headers.hpp"
#include "fabric/piece_cursor.hpp"

namespace mo::fabric {

namespace {

constexpr std::byte ones{0xff};
constexpr std::size_t dummy_lrh = 8; // ones where InfiniBand has its local route header
constexpr std::size_t bth = 12;
constexpr std::size_t most_masked = dummy_lrh + ipv6::header + udp::header + bth;

/// What the invariant CRC begins with: ones and the headers with variant fields as ones.
class MaskedHeaders {
  public:
    /// `ip` begins at the IP header.
    explicit MaskedHeaders(Bytes ip) noexcept {
        const bool is_ipv6 = std::to_integer<unsigned>(ip[0]) >> 4U == 6;
        const std::size_t l3 = is_ipv6 ? ipv6::header : ipv4::min_header;
        length_ = l3 + udp::header + bth;
        std::fill_n(bytes_.begin(), dummy_lrh, ones);
        std::ranges::copy(ip.first(length_), bytes_.begin() + dummy_lrh);
        std::byte* const header = bytes_.data() + dummy_lrh;
        if (is_ipv6) { // traffic class, flow label, hop limit
            header[0] |= std::byte{0x0f};
            header[1] = header[2] = header[3] = header[ipv6::hop_limit] = ones;
        } else {
            header[ipv4::type_of_service] = header[ipv4::time_to_live] = ones;
            std::fill_n(header + ipv4::checksum, 2, ones);
        }
        std::fill_n(header + l3 + udp::checksum, 2, ones);
        header[l3 + udp::header + 4] = ones; // BTH: FECN, BECN, reserved
    }
    /// Bytes of the packet that it stands for.
    [[nodiscard]] std::size_t length() const noexcept { return length_; }
    [[nodiscard]] Bytes bytes() const noexcept { return Bytes(bytes_).first(dummy_lrh + length_); }

  private:
    std::size_t length_;
    std::array<std::byte, most_masked> bytes_;
};

uLong update(uLong crc, Bytes bytes) noexcept {
    return ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

std::array<std::byte, icrc_length> stored(std::uint32_t icrc) noexcept {
    std::array<std::byte, icrc_length> bytes;
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(icrc & 0xffU);
        icrc >>= 8U;
    }
    return bytes;
}

} // namespace

std::uint32_t icrc_of(const Frame& frame, std::size_t l3_offset, std::size_t icrc_offset) noexcept {
    const MaskedHeaders headers(frame.head.subspan(l3_offset));
    const std::size_t start = l3_offset + headers.length();
    assert(start <= icrc_offset && icrc_offset <= frame.length);
    uLong crc = update(0, headers.bytes());
    PieceCursor rest(frame.body, frame.head.subspan(start));
    rest.take(icrc_offset - start, [&crc](Bytes piece) {
        crc = update(crc, piece);
        return true;
    });
    return static_cast<std::uint32_t>(crc);
}

bool icrc_matches(const Frame& frame, std::size_t l3_offset, std::size_t icrc_offset) noexcept {
    const std::array<std::byte, icrc_length> expected =
        stored(icrc_of(frame, l3_offset, icrc_offset));
    PieceCursor pieces(frame.body, frame.head);
    pieces.take(icrc_offset, [](Bytes /*piece*/) { return true; });
    const auto* at = expected.begin();
    return pieces.take(icrc_length, [&at](Bytes piece) {
        return std::ranges::all_of(piece, [&at](std::byte byte) { return byte == *at++; });
    });
}

void complete_icrc(std::span<std::byte> copy, const PendingIcrc& pending) noexcept {
    Frame frame;
    frame.head = copy;
    frame.length = static_cast<std::uint32_t>(copy.size());
    std::ranges::copy(stored(icrc_of(frame, pending.l3_offset, pending.offset)),
                      copy.begin() + pending.offset);
}

} // namespace mo::fabric
