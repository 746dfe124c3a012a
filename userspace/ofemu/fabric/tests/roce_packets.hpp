// SPDX-License-Identifier: GPL-2.0-or-later
// RoCEv2 for tests: packets from hexadecimal text, and the ICRC computed bit by bit from the
// specification: the slow and obvious reference. Shares no code with the fabric or the transport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fabric/owned_frame.hpp"
#include "fabric/tests/packets.hpp"

namespace mo::test {

/// Bytes of hexadecimal text; blanks are skipped.
inline Packet from_hex(std::string_view text) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    };
    Packet out;
    std::string_view digits = text;
    unsigned high = 16;
    for (const char c : digits) {
        if (c == ' ') {
            continue;
        }
        if (high == 16) {
            high = digit(c);
        } else {
            put8(out, high * 16 + digit(c));
            high = 16;
        }
    }
    return out;
}

/// ICRC (IBA volume 1, 7.8.1; annex A17.3) of `packet` from its IP header at `l3` to `end`: shift
/// register of CRC-32, one bit at a time.
inline std::uint32_t reference_icrc(std::span<const std::byte> packet, std::size_t l3,
                                    std::size_t end) {
    const bool ipv6 = get8(packet, l3) / 16 == 6;
    const std::size_t udp = l3 + (ipv6 ? 40 : 20);
    std::uint32_t state = 0xffffffff;
    const auto shift_in = [&state](unsigned byte) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            const bool out = ((state ^ (byte >> bit)) & 1U) != 0;
            state = (state >> 1U) ^ (out ? 0xedb88320U : 0U);
        }
    };
    for (unsigned i = 0; i < 8; ++i) {
        shift_in(0xff);
    }
    for (std::size_t at = l3; at < end; ++at) {
        unsigned byte = get8(packet, at);
        const std::size_t in_ip = at - l3;
        if (at < udp) {
            if (ipv6) {
                if (in_ip == 0) {
                    byte |= 0x0fU;
                }
                if ((in_ip >= 1 && in_ip <= 3) || in_ip == 7) {
                    byte = 0xff;
                }
            } else if (in_ip == 1 || in_ip == 8 || in_ip == 10 || in_ip == 11) {
                byte = 0xff;
            }
        } else if (at == udp + 6 || at == udp + 7 || at == udp + 8 + 4) {
            byte = 0xff;
        }
        shift_in(byte);
    }
    return ~state;
}

/// The four bytes as they go on the wire.
inline Packet reference_icrc_bytes(std::span<const std::byte> packet, std::size_t l3,
                                   std::size_t end) {
    Packet out;
    const std::uint32_t icrc = reference_icrc(packet, l3, end);
    for (unsigned i = 0; i < 4; ++i) {
        put8(out, (icrc >> (8 * i)) & 0xffU);
    }
    return out;
}

/// Real packets from their IP header to their ICRC.
struct GoldenPacket {
    std::string_view packet; ///< without ICRC
    std::string_view icrc;
};
/// A ConnectX-4 Lx's CNP, and a UC SEND Only of scapy's test of RoCE.
inline constexpr GoldenPacket golden_cnp = {
    "45c2003c718c4000401191610a0011010a001201 000012b700280000 8100ffff4000011800000000"
    "00000000000000000000000000000000",
    "82fd002a"};
inline constexpr GoldenPacket golden_uc_send = {
    "45010040047840004011b4d5c0a80007c0a80007 c00012b7002c0000 2460ffff000000d300cf1710"
    "4630818be28935d90e9a95505401be885e500000",
    "78f353f3"};

/// The packet as a frame's bytes, with ethernet header (and tag), padded to 60.
inline Packet golden_frame(const GoldenPacket& golden, bool vlan = false) {
    Packet frame = from_hex("020000000002 020000000001");
    for (const std::string_view part : {std::string_view(vlan ? "81000064" : ""),
                                        std::string_view("0800"), golden.packet, golden.icrc}) {
        const Packet bytes = from_hex(part);
        frame.insert(frame.end(), bytes.begin(), bytes.end());
    }
    while (frame.size() < 60) {
        put8(frame, 0);
    }
    return frame;
}

/// All bytes of a frame, a pending ICRC computed by the fabric.
inline Packet complete_bytes(const fabric::Frame& frame) {
    fabric::OwnedFrame copy;
    copy.assign(frame);
    return bytes_of(copy.view());
}

} // namespace mo::test
