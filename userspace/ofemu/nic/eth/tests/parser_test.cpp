// SPDX-License-Identifier: GPL-2.0-or-later
// Parser, checksum results, RSS hash.
#include <gtest/gtest.h>

#include "nic/eth/parser.hpp"
#include "nic/eth/rss.hpp"
#include "nic/eth/tests/harness.hpp"

namespace mo::nic::eth::test {
namespace {

Parsed parse_packet(const Packet& packet) {
    return parse(packet, static_cast<std::uint32_t>(packet.size()));
}

TEST(Parser, FindsHeadersOfUsualPackets) {
    for (const bool ipv6 : {false, true}) {
        for (const bool udp : {false, true}) {
            for (const bool tagged : {false, true}) {
                PacketSpec spec;
                spec.ipv6 = ipv6;
                spec.udp = udp;
                if (tagged) {
                    spec.vlan = 0x8007;
                }
                const Offsets at = offsets_of(spec);
                const Packet packet = make_packet(spec);
                const Parsed parsed = parse_packet(packet);
                EXPECT_EQ(parsed.l3, ipv6 ? MO_L3_IPV6 : MO_L3_IPV4);
                EXPECT_EQ(parsed.l4, udp ? MO_L4_UDP : MO_L4_TCP);
                EXPECT_EQ(parsed.l3_offset, at.l3);
                EXPECT_EQ(parsed.l4_offset, at.l4);
                EXPECT_EQ(parsed.payload_offset, at.payload);
                EXPECT_EQ(parsed.l3_end, packet.size());
                EXPECT_EQ(parsed.vlan, tagged);
                EXPECT_EQ(parsed.vlan_tci, tagged ? 0x8007 : 0);
                EXPECT_FALSE(parsed.l3_checksum_bad);
                EXPECT_FALSE(parsed.l3_extras);
                EXPECT_EQ(verify_l4(frame_of(packet), parsed), ChecksumResult::good);
            }
        }
    }
}

TEST(Parser, PaddingIsNotPartOfThePacket) {
    Packet packet = sized_packet(1);
    const std::size_t end = packet.size();
    packet.resize(100, std::byte{0x55});
    const Parsed parsed = parse_packet(packet);
    EXPECT_EQ(parsed.l3_end, end);
    EXPECT_EQ(verify_l4(frame_of(packet), parsed), ChecksumResult::good);
}

TEST(Parser, Ipv4OptionsAndBadHeaderChecksum) {
    PacketSpec spec;
    Packet packet = make_packet(spec);
    packet.insert(packet.begin() + 34, 8, std::byte{1}); // two words of NOP
    packet[14] = std::byte{0x47};
    set16(packet, 16, static_cast<unsigned>(packet.size() - 14));
    Parsed parsed = parse_packet(packet);
    EXPECT_TRUE(parsed.l3_checksum_bad);
    EXPECT_TRUE(parsed.l3_extras);
    EXPECT_TRUE(parsed.tcp());
    EXPECT_EQ(parsed.l4_offset, 42);
    set16(packet, 24, 0);
    set16(packet, 24, reference_checksum(std::span(packet).subspan(14, 28)));
    parsed = parse_packet(packet);
    EXPECT_FALSE(parsed.l3_checksum_bad);
    EXPECT_EQ(verify_l4(frame_of(packet), parsed), ChecksumResult::good);
}

TEST(Parser, TwoTagsButNotThree) {
    Packet packet = make_packet({});
    const Packet service = {std::byte{0x88}, std::byte{0xa8}, std::byte{0}, std::byte{5}};
    const Packet customer = {std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{6}};
    packet.insert(packet.begin() + 12, customer.begin(), customer.end());
    EXPECT_TRUE(parse_packet(packet).vlan);
    packet.insert(packet.begin() + 12, service.begin(), service.end());
    Parsed parsed = parse_packet(packet);
    EXPECT_EQ(parsed.tags, 2);
    EXPECT_FALSE(parsed.vlan) << "the outer tag is not 802.1Q";
    EXPECT_TRUE(parsed.tcp());
    packet.insert(packet.begin() + 12, customer.begin(), customer.end());
    parsed = parse_packet(packet);
    EXPECT_EQ(parsed.tags, 2);
    EXPECT_EQ(parsed.l3, MO_L3_NONE);
}

TEST(Parser, Fragments) {
    Packet packet = make_packet({});
    for (const unsigned bits : {0x2000U, 0x0001U, 0x3fffU}) {
        set16(packet, 20, bits);
        EXPECT_EQ(parse_packet(packet).l4, MO_L4_FRAGMENT);
        EXPECT_EQ(parse_packet(packet).payload_offset, 0);
        EXPECT_EQ(verify_l4(frame_of(packet), parse_packet(packet)), ChecksumResult::unknown);
    }
    set16(packet, 20, 0x4000);
    EXPECT_EQ(parse_packet(packet).l4, MO_L4_TCP);
}

/// Puts an IPv6 extension header in front of what follows the fixed header or the last extension.
void extend(Packet& packet, std::size_t place, std::size_t next_field, unsigned type,
            std::size_t size, unsigned length_field) {
    Packet header(size);
    header[0] = packet[next_field];
    header[1] = static_cast<std::byte>(length_field);
    packet[next_field] = static_cast<std::byte>(type);
    packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(place), header.begin(),
                  header.end());
    set16(packet, 18, static_cast<unsigned>(packet.size() - 54));
}

TEST(Parser, Ipv6ExtensionHeaders) {
    PacketSpec spec;
    spec.ipv6 = true;
    Packet packet = make_packet(spec);
    extend(packet, 54, 20, 0, 16, 1);    // hop-by-hop
    extend(packet, 70, 54, 60, 8, 0);    // destination options
    extend(packet, 78, 70, 51, 24, 4);   // authentication
    extend(packet, 102, 78, 44, 8, 0);   // atomic fragment
    extend(packet, 110, 102, 43, 24, 2); // routing, nothing left
    Parsed parsed = parse_packet(packet);
    EXPECT_TRUE(parsed.tcp());
    EXPECT_TRUE(parsed.l3_extras);
    EXPECT_EQ(parsed.l4_offset, 134);
    EXPECT_EQ(parsed.destination_offset, 38);
    EXPECT_EQ(verify_l4(frame_of(packet), parsed), ChecksumResult::good);

    // With a segment left, the last hop is the destination of the pseudo header.
    packet[110 + 2] = std::byte{4};
    packet[110 + 3] = std::byte{1};
    std::copy_n(packet.begin() + 38, 16, packet.begin() + 118);
    packet[38 + 15] = std::byte{0x99};
    parsed = parse_packet(packet);
    EXPECT_EQ(parsed.destination_offset, 118);
    EXPECT_EQ(verify_l4(frame_of(packet), parsed), ChecksumResult::good);

    set16(packet, 102 + 2, 0x0001); // more fragments
    EXPECT_EQ(parse_packet(packet).l4, MO_L4_FRAGMENT);
}

TEST(Parser, EndlessExtensionsEnd) {
    PacketSpec spec;
    spec.ipv6 = true;
    Packet packet = make_packet(spec);
    for (int i = 0; i < 12; ++i) {
        extend(packet, 54, 20, 60, 8, 0);
    }
    const Parsed parsed = parse_packet(packet);
    EXPECT_EQ(parsed.l3, MO_L3_IPV6);
    EXPECT_EQ(parsed.l4, MO_L4_OTHER);
    EXPECT_EQ(parsed.payload_offset, 0);
}

TEST(Parser, EveryTruncationIsBounded) {
    for (const bool ipv6 : {false, true}) {
        PacketSpec spec;
        spec.ipv6 = ipv6;
        const Packet packet = make_packet(spec);
        for (std::size_t size = 0; size < packet.size(); ++size) {
            const Packet cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
            const Parsed parsed = parse_packet(cut);
            EXPECT_LE(parsed.payload_offset, size);
            EXPECT_LE(parsed.l3_end, std::max<std::size_t>(size, 14));
            EXPECT_EQ(parsed.l3, MO_L3_NONE) << "the length field says more than there is";
        }
    }
}

TEST(Parser, LengthFieldsThatLie) {
    Packet packet = make_packet({});
    set16(packet, 16, 19); // shorter than its header
    EXPECT_EQ(parse_packet(packet).l3, MO_L3_NONE);
    set16(packet, 16, static_cast<unsigned>(packet.size() - 13));
    EXPECT_EQ(parse_packet(packet).l3, MO_L3_NONE);
    packet = make_packet({});
    packet[46] = std::byte{0x40}; // TCP header of 16 bytes
    EXPECT_EQ(parse_packet(packet).l4, MO_L4_OTHER);
    packet[46] = std::byte{0xf0};
    set16(packet, 16, 20 + 59);
    EXPECT_EQ(parse_packet(packet).l4, MO_L4_OTHER);
    packet = make_packet({});
    packet[14] = std::byte{0x44};
    EXPECT_EQ(parse_packet(packet).l3, MO_L3_NONE);
}

TEST(Checksums, WrongAndMissingOnes) {
    PacketSpec spec;
    Packet packet = make_packet(spec);
    packet.back() ^= std::byte{1};
    EXPECT_EQ(verify_l4(frame_of(packet), parse_packet(packet)), ChecksumResult::bad);
    spec.udp = true;
    packet = make_packet(spec);
    packet.back() ^= std::byte{1};
    EXPECT_EQ(verify_l4(frame_of(packet), parse_packet(packet)), ChecksumResult::bad);
    set16(packet, 40, 0);
    EXPECT_EQ(verify_l4(frame_of(packet), parse_packet(packet)), ChecksumResult::unknown);
    packet = make_packet(spec);
    set16(packet, 38, 7); // length of UDP below its header
    EXPECT_EQ(verify_l4(frame_of(packet), parse_packet(packet)), ChecksumResult::bad);
}

TEST(Checksums, UdpLengthMayBeShorterThanTheIpPacket) {
    PacketSpec spec;
    spec.udp = true;
    Packet packet = make_packet(spec);
    const std::size_t l4_length = packet.size() - 34;
    packet.resize(packet.size() + 7, std::byte{0x77});
    set16(packet, 16, static_cast<unsigned>(packet.size() - 14));
    EXPECT_EQ(get16(packet, 38), l4_length);
    EXPECT_EQ(verify_l4(frame_of(packet), parse_packet(packet)), ChecksumResult::good);
}

TEST(Checksums, ScatteredFrames) {
    const Packet packet = sized_packet(1001);
    const fabric::Bytes all(packet);
    const std::array<fabric::Bytes, 3> body = {all.subspan(300, 101), all.subspan(401, 3),
                                               all.subspan(404)};
    fabric::Frame frame;
    frame.head = all.first(300);
    frame.body = body;
    frame.length = static_cast<std::uint32_t>(all.size());
    EXPECT_EQ(verify_l4(frame, parse(frame.head, frame.length)), ChecksumResult::good);
}

// --- RSS ---

struct Vector {
    std::uint32_t source;
    std::uint32_t destination;
    unsigned source_port;
    unsigned destination_port;
    std::uint32_t with_ports;
    std::uint32_t addresses_only;
};

/// "Verifying the RSS hash calculation", Microsoft, IPv4 table.
constexpr Vector ipv4_vectors[] = {
    {0x420995bb, 0xa18e6450, 2794, 1766, 0x51ccc178, 0x323e8fc2},
    {0xc75c6f02, 0x41458c53, 14230, 4739, 0xc626b0ea, 0xd718262a},
    {0x1813c65f, 0x0c16cfb8, 12898, 38024, 0x5c2b394a, 0xd2d0a5de},
    {0x261bcd1e, 0xd18ea306, 48228, 2217, 0xafc7327f, 0x82989176},
    {0x9927a3bf, 0xcabc7f02, 44251, 1303, 0x10e828a2, 0x5d1809c5},
};

TEST(RssHash, WellKnownIpv4Vectors) {
    hw::mo_rss_config config = rss_config({1});
    for (const Vector& vector : ipv4_vectors) {
        PacketSpec spec;
        spec.source_ip = vector.source;
        spec.destination_ip = vector.destination;
        spec.source_port = vector.source_port;
        spec.destination_port = vector.destination_port;
        for (const bool udp : {false, true}) {
            spec.udp = udp;
            const Packet packet = make_packet(spec);
            EXPECT_EQ(Rss(config).choose(packet, parse_packet(packet)).hash, vector.with_ports);
            config.fields[udp ? hw::MO_FLOW_UDP4 : hw::MO_FLOW_TCP4] =
                MO_HASH_L3_SRC | MO_HASH_L3_DST;
            EXPECT_EQ(Rss(config).choose(packet, parse_packet(packet)).hash, vector.addresses_only);
            config = rss_config({1});
        }
        spec.udp = false;
        Packet fragment = make_packet(spec);
        set16(fragment, 20, 0x2000);
        EXPECT_EQ(Rss(config).choose(fragment, parse_packet(fragment)).hash, vector.addresses_only);
    }
}

/// The IPv6 table of the same page.
TEST(RssHash, WellKnownIpv6Vectors) {
    struct {
        std::array<std::uint16_t, 8> source;
        std::array<std::uint16_t, 8> destination;
        unsigned source_port, destination_port;
        std::uint32_t with_ports, addresses_only;
    } const vectors[] = {
        {{0x3ffe, 0x2501, 0x200, 0x1fff, 0, 0, 0, 7},
         {0x3ffe, 0x2501, 0x200, 3, 0, 0, 0, 1},
         2794,
         1766,
         0x40207d3d,
         0x2cc18cd5},
        {{0x3ffe, 0x501, 8, 0, 0x260, 0x97ff, 0xfe40, 0xefab},
         {0xff02, 0, 0, 0, 0, 0, 0, 1},
         14230,
         4739,
         0xdde51bbf,
         0x0f0c461c},
        {{0x3ffe, 0x1900, 0x4545, 3, 0x200, 0xf8ff, 0xfe21, 0x67cf},
         {0xfe80, 0, 0, 0, 0x200, 0xf8ff, 0xfe21, 0x67cf},
         44251,
         38024,
         0x02d1feef,
         0x4b61e985},
    };
    for (const auto& vector : vectors) {
        PacketSpec spec;
        spec.ipv6 = true;
        spec.source_port = vector.source_port;
        spec.destination_port = vector.destination_port;
        Packet packet = make_packet(spec);
        for (std::size_t i = 0; i < 8; ++i) {
            set16(packet, 22 + 2 * i, vector.source[i]);
            set16(packet, 38 + 2 * i, vector.destination[i]);
        }
        hw::mo_rss_config config = rss_config({1});
        EXPECT_EQ(Rss(config).choose(packet, parse_packet(packet)).hash, vector.with_ports);
        config.fields[hw::MO_FLOW_TCP6] = MO_HASH_L3_SRC | MO_HASH_L3_DST;
        EXPECT_EQ(Rss(config).choose(packet, parse_packet(packet)).hash, vector.addresses_only);
    }
}

/// The definition, bit by bit.
std::uint32_t slow_toeplitz(const std::vector<std::uint8_t>& input) {
    std::uint32_t hash = 0;
    for (std::size_t bit = 0; bit < input.size() * 8; ++bit) {
        if ((input[bit / 8] >> (7 - bit % 8) & 1) == 0) {
            continue;
        }
        for (std::size_t i = 0; i < 32; ++i) {
            const std::size_t at = bit + i;
            hash ^= static_cast<std::uint32_t>(well_known_key[at / 8] >> (7 - at % 8) & 1)
                    << (31 - i);
        }
    }
    return hash;
}

TEST(RssHash, EverySubsetOfFieldsEqualsTheDefinition) {
    for (const bool ipv6 : {false, true}) {
        PacketSpec spec;
        spec.ipv6 = ipv6;
        spec.source_ip = 0x12345678;
        const Packet packet = make_packet(spec);
        const Offsets at = offsets_of(spec);
        const std::size_t address = ipv6 ? 16 : 4;
        const std::size_t source = at.l3 + (ipv6 ? 8 : 12);
        for (unsigned fields = 0; fields <= MO_HASH_ALL; ++fields) {
            std::vector<std::uint8_t> input;
            const auto add = [&](std::size_t from, std::size_t size) {
                for (std::size_t i = 0; i < size; ++i) {
                    input.push_back(static_cast<std::uint8_t>(get8(packet, from + i)));
                }
            };
            if ((fields & MO_HASH_L3_SRC) != 0) {
                add(source, address);
            }
            if ((fields & MO_HASH_L3_DST) != 0) {
                add(source + address, address);
            }
            if ((fields & MO_HASH_L4_SRC) != 0) {
                add(at.l4, 2);
            }
            if ((fields & MO_HASH_L4_DST) != 0) {
                add(at.l4 + 2, 2);
            }
            const Rss rss(rss_config({10, 11, 12, 13}, static_cast<std::uint8_t>(fields)));
            const auto choice = rss.choose(packet, parse_packet(packet));
            if (fields == 0) {
                EXPECT_FALSE(choice.hash);
                EXPECT_EQ(choice.queue, 10U);
            } else {
                EXPECT_EQ(choice.hash, slow_toeplitz(input));
                EXPECT_EQ(choice.queue, 10 + (slow_toeplitz(input) & 3U));
            }
        }
    }
}

TEST(RssHash, OtherFramesGoToTheFirstEntry) {
    Packet arp = sized_packet(20);
    set16(arp, 12, 0x0806);
    const auto choice = Rss(rss_config({10, 11})).choose(arp, parse_packet(arp));
    EXPECT_EQ(choice.queue, 10U);
    EXPECT_FALSE(choice.hash);
}

} // namespace
} // namespace mo::nic::eth::test
