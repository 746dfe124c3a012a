// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/mac.hpp"

#include <algorithm>
#include <array>

namespace mo::nic::eth {

namespace {

/// Counters of a direction in the order that count() expects.
struct Direction {
    std::uint64_t& frames;
    std::uint64_t& octets;
    std::array<std::uint64_t*, 3> casts;   ///< by Cast
    std::array<std::uint64_t*, 7> classes; ///< by size
};

/// Longest frame, FCS included, of each size class but the last (RFC 2819 etherStatsPkts*).
constexpr std::array<std::uint32_t, 6> class_limits = {64, 127, 255, 511, 1023, 1518};

std::uint64_t& class_of(Direction& direction, std::uint32_t length) noexcept {
    const auto limit = std::ranges::lower_bound(class_limits, length + fabric::fcs_length);
    return *direction.classes[static_cast<std::size_t>(limit - class_limits.begin())];
}

void count(Direction direction, const fabric::Frame& frame, Cast cast) noexcept {
    const std::uint32_t packets = frame.wire_packets();
    direction.frames += packets;
    direction.octets += frame.wire_bytes() + std::uint64_t{packets} * fabric::fcs_length;
    *direction.casts[static_cast<std::size_t>(cast)] += packets;
    class_of(direction, frame.longest_packet()) += packets - 1;
    ++class_of(direction, frame.last_packet());
}

} // namespace

void Mac::count_received(const fabric::Frame& frame, Cast cast) noexcept {
    PortCounters& c = counters;
    count({c.rx_frames,
           c.rx_octets,
           {&c.rx_unicast, &c.rx_multicast, &c.rx_broadcast},
           {&c.rx_64, &c.rx_65_127, &c.rx_128_255, &c.rx_256_511, &c.rx_512_1023, &c.rx_1024_1518,
            &c.rx_1519_max}},
          frame, cast);
}

void Mac::count_sent(const fabric::Frame& frame, Cast cast) noexcept {
    PortCounters& c = counters;
    count({c.tx_frames,
           c.tx_octets,
           {&c.tx_unicast, &c.tx_multicast, &c.tx_broadcast},
           {&c.tx_64, &c.tx_65_127, &c.tx_128_255, &c.tx_256_511, &c.tx_512_1023, &c.tx_1024_1518,
            &c.tx_1519_max}},
          frame, cast);
}

} // namespace mo::nic::eth
