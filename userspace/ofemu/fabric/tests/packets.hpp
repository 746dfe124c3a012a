// SPDX-License-Identifier: GPL-2.0-or-later
// Packets for tests, made and checked byte by byte: the slow and obvious reference that the
// datapath is held against. Shares no code with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "fabric/frame.hpp"

namespace mo::test {

using Packet = std::vector<std::byte>;

inline void put8(Packet& to, unsigned value) {
    to.push_back(static_cast<std::byte>(value));
}
inline void put16(Packet& to, unsigned value) {
    put8(to, (value >> 8U) & 0xffU);
    put8(to, value & 0xffU);
}
inline void put32(Packet& to, std::uint32_t value) {
    put16(to, value >> 16U);
    put16(to, value & 0xffffU);
}
inline unsigned get8(std::span<const std::byte> from, std::size_t at) {
    return std::to_integer<unsigned>(from[at]);
}
inline unsigned get16(std::span<const std::byte> from, std::size_t at) {
    return (get8(from, at) << 8U) | get8(from, at + 1);
}
inline std::uint32_t get32(std::span<const std::byte> from, std::size_t at) {
    return (std::uint32_t{get16(from, at)} << 16U) | get16(from, at + 2);
}
inline void set16(Packet& in, std::size_t at, unsigned value) {
    in[at] = static_cast<std::byte>((value >> 8U) & 0xffU);
    in[at + 1] = static_cast<std::byte>(value & 0xffU);
}
inline void set32(Packet& in, std::size_t at, std::uint32_t value) {
    set16(in, at, value >> 16U);
    set16(in, at + 2, value & 0xffffU);
}

/// RFC 1071, word by word; an odd byte is padded with zero.
inline unsigned reference_checksum(std::span<const std::byte> bytes, std::uint32_t start = 0) {
    std::uint64_t sum = start;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        sum += get8(bytes, i) << 8U;
        if (i + 1 < bytes.size()) {
            sum += get8(bytes, i + 1);
        }
    }
    while (sum >> 16U != 0) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<unsigned>(~sum & 0xffffU);
}

struct PacketSpec {
    bool ipv6 = false;
    bool udp = false;
    std::uint64_t destination = 0x020000000002;
    std::uint64_t source = 0x020000000001;
    std::optional<unsigned> vlan;
    std::uint32_t source_ip = 0x0a000001; ///< IPv6: last word of fd00::/64
    std::uint32_t destination_ip = 0x0a000002;
    unsigned source_port = 1000;
    unsigned destination_port = 2000;
    unsigned tos = 0;
    unsigned ttl = 64;
    unsigned id = 7;
    bool fixed_id = false; ///< of a burst: all segments have `id`
    bool dont_fragment = true;
    std::uint32_t sequence = 1000;
    std::uint32_t acknowledgement = 5000;
    unsigned flags = 0x10; ///< ACK
    unsigned window = 512;
    std::size_t option_words = 3; ///< of TCP: a timestamp, padded by two NOPs
    std::uint32_t timestamp = 0x01020304;
    std::size_t payload = 100;
    unsigned seed = 1; ///< of the payload's bytes
};

inline std::byte payload_byte(unsigned seed, std::size_t i) {
    return static_cast<std::byte>((i * 31 + i / 253 + std::size_t{seed} * 17) & 0xffU);
}

struct Offsets {
    std::size_t l3;
    std::size_t l4;
    std::size_t payload;
};

inline Offsets offsets_of(const PacketSpec& spec) {
    const std::size_t l3 = spec.vlan ? 18 : 14;
    const std::size_t l4 = l3 + (spec.ipv6 ? 40 : 20);
    return {l3, l4, l4 + (spec.udp ? 8 : 20 + spec.option_words * 4)};
}

/// Sum of the pseudo header, not folded.
inline std::uint32_t reference_pseudo(const Packet& packet, const PacketSpec& spec,
                                      std::size_t l4_length) {
    const Offsets at = offsets_of(spec);
    const std::size_t from = at.l3 + (spec.ipv6 ? 8 : 12);
    std::uint32_t sum = spec.udp ? 17 : 6;
    for (std::size_t i = from; i < at.l3 + (spec.ipv6 ? 40U : 20U); i += 2) {
        sum += get16(packet, i);
    }
    return sum + static_cast<std::uint32_t>(l4_length >> 16U) +
           static_cast<std::uint32_t>(l4_length & 0xffffU);
}

/// Writes lengths and checksums of a packet whose other fields are right.
inline void finish_packet(Packet& packet, const PacketSpec& spec) {
    const Offsets at = offsets_of(spec);
    const std::size_t l4_length = packet.size() - at.l4;
    if (spec.ipv6) {
        set16(packet, at.l3 + 4, static_cast<unsigned>(packet.size() - at.l3 - 40));
    } else {
        set16(packet, at.l3 + 2, static_cast<unsigned>(packet.size() - at.l3));
        set16(packet, at.l3 + 10, 0);
        set16(packet, at.l3 + 10,
              reference_checksum(std::span(packet).subspan(at.l3, at.l4 - at.l3)));
    }
    const std::size_t field = at.l4 + (spec.udp ? 6 : 16);
    if (spec.udp) {
        set16(packet, at.l4 + 4, static_cast<unsigned>(l4_length));
    }
    set16(packet, field, 0);
    set16(packet, field,
          reference_checksum(std::span(packet).subspan(at.l4),
                             reference_pseudo(packet, spec, l4_length)));
}

inline Packet make_packet(const PacketSpec& spec) {
    Packet p;
    for (const std::uint64_t mac : {spec.destination, spec.source}) {
        put16(p, static_cast<unsigned>(mac >> 32U));
        put32(p, static_cast<std::uint32_t>(mac));
    }
    if (spec.vlan) {
        put16(p, 0x8100);
        put16(p, *spec.vlan);
    }
    put16(p, spec.ipv6 ? 0x86dd : 0x0800);
    const unsigned protocol = spec.udp ? 17 : 6;
    if (spec.ipv6) {
        put32(p, 0x60000000U | (spec.tos << 20U));
        put16(p, 0);
        put8(p, protocol);
        put8(p, spec.ttl);
        for (const std::uint32_t ip : {spec.source_ip, spec.destination_ip}) {
            put32(p, 0xfd000000U);
            put32(p, 0);
            put32(p, 0);
            put32(p, ip);
        }
    } else {
        put8(p, 0x45);
        put8(p, spec.tos);
        put16(p, 0);
        put16(p, spec.id);
        put16(p, spec.dont_fragment ? 0x4000 : 0);
        put8(p, spec.ttl);
        put8(p, protocol);
        put16(p, 0);
        put32(p, spec.source_ip);
        put32(p, spec.destination_ip);
    }
    put16(p, spec.source_port);
    put16(p, spec.destination_port);
    if (spec.udp) {
        put32(p, 0);
    } else {
        put32(p, spec.sequence);
        put32(p, spec.acknowledgement);
        put8(p, static_cast<unsigned>((5 + spec.option_words) << 4U));
        put8(p, spec.flags);
        put16(p, spec.window);
        put32(p, 0);
        for (std::size_t i = 0; i < spec.option_words; ++i) {
            put32(p, i == 0 ? 0x0101080aU : spec.timestamp + static_cast<std::uint32_t>(i));
        }
    }
    for (std::size_t i = 0; i < spec.payload; ++i) {
        p.push_back(payload_byte(spec.seed, i));
    }
    finish_packet(p, spec);
    return p;
}

/// A usual packet with so many bytes of payload.
inline Packet sized_packet(std::size_t payload) {
    PacketSpec spec;
    spec.payload = payload;
    return make_packet(spec);
}

/// The wire packets of a TCP packet that is too long, by the rules of TCP segmentation.
inline std::vector<Packet> reference_segments(const Packet& big, const PacketSpec& spec,
                                              std::size_t mss) {
    const Offsets at = offsets_of(spec);
    std::vector<Packet> out;
    const std::size_t payload = big.size() - at.payload;
    for (std::size_t done = 0; done < payload; done += mss) {
        const std::size_t size = std::min(mss, payload - done);
        Packet p(big.begin(), big.begin() + static_cast<std::ptrdiff_t>(at.payload));
        p.insert(p.end(), big.begin() + static_cast<std::ptrdiff_t>(at.payload + done),
                 big.begin() + static_cast<std::ptrdiff_t>(at.payload + done + size));
        set32(p, at.l4 + 4, spec.sequence + static_cast<std::uint32_t>(done));
        unsigned flags = spec.flags;
        if (done != 0) {
            flags &= ~0x80U;
        }
        if (done + size != payload) {
            flags &= ~0x09U;
        }
        p[at.l4 + 13] = static_cast<std::byte>(flags);
        if (!spec.ipv6) {
            const auto step = spec.fixed_id ? 0U : static_cast<unsigned>(out.size());
            set16(p, at.l3 + 4, (spec.id + step) & 0xffffU);
        }
        finish_packet(p, spec);
        while (p.size() < 60) {
            p.push_back(std::byte{});
        }
        out.push_back(std::move(p));
    }
    return out;
}

/// All bytes of a frame.
inline Packet bytes_of(const fabric::Frame& frame) {
    Packet p(frame.head.begin(), frame.head.end());
    for (const fabric::Bytes piece : frame.body) {
        p.insert(p.end(), piece.begin(), piece.end());
    }
    return p;
}

/// A plain frame over `packet`, which must outlive it.
inline fabric::Frame frame_of(const Packet& packet) {
    fabric::Frame frame;
    frame.head = packet;
    frame.length = static_cast<std::uint32_t>(packet.size());
    return frame;
}

/// A burst over `packet`; the template's lengths and checksums are spoilt, since nobody may use
/// them. The frame points into the object.
class BurstOf {
  public:
    BurstOf(Packet packet, const PacketSpec& spec, std::size_t mss,
            const std::vector<std::size_t>& cuts = {})
        : bytes_(std::move(packet)) {
        const Offsets at = offsets_of(spec);
        set16(bytes_, at.l4 + 16, 0xdead);
        set16(bytes_, at.l3 + (spec.ipv6 ? 4U : 2U), 0xbeef);
        const fabric::Bytes all(bytes_);
        std::size_t from = at.payload;
        for (const std::size_t cut : cuts) {
            pieces_.push_back(all.subspan(from, cut));
            from += cut;
        }
        pieces_.push_back(all.subspan(from));
        frame.head = all.first(at.payload);
        frame.body = pieces_;
        frame.length = static_cast<std::uint32_t>(all.size());
        frame.burst = {.mss = static_cast<std::uint16_t>(mss),
                       .l3_offset = static_cast<std::uint16_t>(at.l3),
                       .l4_offset = static_cast<std::uint16_t>(at.l4),
                       .destination_offset = static_cast<std::uint16_t>(at.l3 + 24),
                       .ipv6 = spec.ipv6};
    }
    BurstOf(const BurstOf&) = delete;
    BurstOf& operator=(const BurstOf&) = delete;
    ~BurstOf() = default;

    fabric::Frame frame;

  private:
    Packet bytes_;
    std::vector<fabric::Bytes> pieces_;
};

} // namespace mo::test
