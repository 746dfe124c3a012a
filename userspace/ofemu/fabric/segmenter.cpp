// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/segmenter.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace mo::fabric {

namespace {

constexpr std::array<std::byte, min_frame> padding{};

} // namespace

Segmenter::Segmenter(const Frame& burst) noexcept
    : burst_(burst), left_(burst.payload()), payload_(burst.body) {
    assert(burst.is_burst() && burst.head.size() <= header_.size());
    assert(burst.body.size() <= slices_.size());
    std::memcpy(header_.data(), burst.head.data(), burst.head.size());
    const std::byte* ip = header_.data() + burst.burst.l3_offset;
    const std::byte* transport = header_.data() + burst.burst.l4_offset;
    sequence_ = load_be32(transport + tcp::sequence);
    flags_ = std::to_integer<std::uint8_t>(transport[tcp::flags]);
    if (burst.burst.ipv6) {
        pseudo_.add({ip + ipv6::source, ipv6::address_length});
        pseudo_.add({header_.data() + burst.burst.destination_offset, ipv6::address_length});
    } else {
        id_ = load_be16(ip + ipv4::identification);
        pseudo_.add({ip + ipv4::addresses, ipv4::addresses_length});
    }
    pseudo_.add16(protocol_tcp);
}

bool Segmenter::next(Frame& packet) noexcept {
    if (left_ == 0) {
        return false;
    }
    const std::uint32_t payload = std::min<std::uint32_t>(left_, burst_.burst.mss);
    std::size_t pieces = 0;
    payload_.take(payload, [&](Bytes piece) {
        slices_[pieces++] = piece;
        return true;
    });
    fill_ip(payload);
    const std::uint16_t seed = fill_tcp(payload, done_ == 0, payload == left_, pieces);
    left_ -= payload;
    ++done_;

    const auto header_size = static_cast<std::uint32_t>(burst_.head.size());
    packet = Frame{};
    packet.head = {header_.data(), header_size};
    packet.length = header_size + payload;
    packet.checksum.start = burst_.burst.l4_offset;
    packet.checksum.field = static_cast<std::uint16_t>(burst_.burst.l4_offset + tcp::checksum);
    packet.checksum.seed = seed;
    packet.checksum.end = packet.length;
    if (packet.length < min_frame) {
        slices_[pieces++] = Bytes(padding).first(min_frame - packet.length);
        packet.length = min_frame;
    }
    packet.body = {slices_.data(), pieces};
    packet.bad_fcs = burst_.bad_fcs;
    return true;
}

void Segmenter::fill_ip(std::uint32_t payload) noexcept {
    const auto behind = static_cast<std::uint32_t>(burst_.head.size()) - burst_.burst.l3_offset;
    std::byte* const ip = header_.data() + burst_.burst.l3_offset;
    if (burst_.burst.ipv6) {
        store_be16(ip + ipv6::payload_length,
                   static_cast<std::uint16_t>(behind - ipv6::header + payload));
        return;
    }
    store_be16(ip + ipv4::total_length, static_cast<std::uint16_t>(behind + payload));
    store_be16(ip + ipv4::identification, static_cast<std::uint16_t>(id_ + done_));
    store_be16(ip + ipv4::checksum, 0);
    InternetSum sum;
    sum.add({ip, static_cast<std::size_t>(burst_.burst.l4_offset - burst_.burst.l3_offset)});
    store_be16(ip + ipv4::checksum, sum.checksum());
}

std::uint16_t Segmenter::fill_tcp(std::uint32_t payload, bool first, bool last,
                                  std::size_t pieces) noexcept {
    const std::size_t header = burst_.head.size() - burst_.burst.l4_offset;
    std::byte* const transport = header_.data() + burst_.burst.l4_offset;
    // RFC 3168 section 6.1.2: CWR belongs to the first packet; FIN and PSH end the data.
    std::uint8_t flags = flags_;
    if (!first) {
        flags &= static_cast<std::uint8_t>(~tcp::cwr);
    }
    if (!last) {
        flags &= static_cast<std::uint8_t>(~(tcp::fin | tcp::psh));
    }
    transport[tcp::flags] = static_cast<std::byte>(flags);
    store_be32(transport + tcp::sequence, sequence_ + done_ * burst_.burst.mss);
    store_be16(transport + tcp::checksum, 0);

    InternetSum sum = pseudo_;
    sum.add16(static_cast<std::uint16_t>(header + payload));
    const std::uint16_t seed = sum.sum();
    sum.add({transport, header});
    for (std::size_t i = 0; i < pieces; ++i) {
        sum.add(slices_[i]);
    }
    store_be16(transport + tcp::checksum, sum.checksum());
    return seed;
}

} // namespace mo::fabric
