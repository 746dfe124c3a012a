// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/port/mac.hpp"

#include <algorithm>
#include <array>

#include "fabric/ethertype.hpp"
#include "fabric/owned_frame.hpp"
#include "fabric/segmenter.hpp"

namespace mo::nic {

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

void count(Direction direction, const fabric::Frame& frame) noexcept {
    const std::uint32_t packets = frame.wire_packets();
    const Cast cast = cast_of(address_number(frame.head.first<6>()));
    direction.frames += packets;
    direction.octets += frame.wire_bytes() + std::uint64_t{packets} * fabric::fcs_length;
    *direction.casts[static_cast<std::size_t>(cast)] += packets;
    class_of(direction, frame.longest_packet()) += packets - 1;
    ++class_of(direction, frame.last_packet());
}

void count_received(PortCounters& c, const fabric::Frame& frame) noexcept {
    count({c.rx_frames,
           c.rx_octets,
           {&c.rx_unicast, &c.rx_multicast, &c.rx_broadcast},
           {&c.rx_64, &c.rx_65_127, &c.rx_128_255, &c.rx_256_511, &c.rx_512_1023, &c.rx_1024_1518,
            &c.rx_1519_max}},
          frame);
}

void count_sent(PortCounters& c, const fabric::Frame& frame) noexcept {
    count({c.tx_frames,
           c.tx_octets,
           {&c.tx_unicast, &c.tx_multicast, &c.tx_broadcast},
           {&c.tx_64, &c.tx_65_127, &c.tx_128_255, &c.tx_256_511, &c.tx_512_1023, &c.tx_1024_1518,
            &c.tx_1519_max}},
          frame);
}

bool is_mac_control(fabric::Bytes head) noexcept {
    return head.size() >= fabric::ethernet_header &&
           fabric::load_be16(head.data() + 12) == fabric::ethertype_mac_control;
}

/// A PAUSE frame (IEEE 802.3 annex 31B)?
bool is_pause(fabric::Bytes mac_control) noexcept {
    constexpr std::uint16_t opcode_pause = 0x0001;
    return mac_control.size() >= fabric::ethernet_header + 2 &&
           fabric::load_be16(mac_control.data() + fabric::ethernet_header) == opcode_pause;
}

} // namespace

Mac::~Mac() {
    connect(nullptr, end_);
}

void Mac::connect(fabric::Link* link, fabric::End end) {
    if (link_ != nullptr) {
        link_->attach(end_, nullptr);
    }
    link_ = link;
    end_ = end;
    if (link_ != nullptr) {
        link_->attach(end_, this);
    }
}

void Mac::reset() noexcept {
    config = {};
    counters = {};
}

void Mac::transmit(const fabric::Frame& frame, std::uint64_t now_ns) {
    const std::uint32_t packets = frame.wire_packets();
    if (!config.loopback && !env_.port(number_).transmit) {
        counters.tx_discard_link += packets;
        return;
    }
    count_sent(counters, frame);
    if (frame.is_burst()) {
        ++counters.tx_tso_packets;
        counters.tx_tso_segs += packets;
    } else if (is_mac_control(frame.head)) {
        ++counters.tx_control;
        counters.tx_pause += is_pause(frame.head) ? 1 : 0;
    }
    if (config.loopback) {
        admit(frame, now_ns);
    } else if (link_ != nullptr) {
        link_->send(end_, frame, now_ns);
    }
}

void Mac::receive(const fabric::Frame& frame, std::uint64_t now_ns) {
    if (!config.loopback && env_.port(number_).receive) {
        admit(frame, now_ns);
    }
}

/// MAC checks and counters; then the frame goes to its datapath.
void Mac::admit(const fabric::Frame& frame, std::uint64_t now_ns) {
    const bool roce = claimed(frame);
    if (!roce && (!config.receive || ethernet_ == nullptr)) {
        return;
    }
    if (frame.head.size() < fabric::ethernet_header || frame.length < fabric::min_frame) {
        ++counters.rx_too_short;
        return;
    }
    if (frame.bad_fcs) {
        counters.rx_fcs_errors += frame.wire_packets();
        if (!config.keep_bad_fcs) {
            return;
        }
    }
    if (frame.longest_packet() - fabric::layer2_bytes(frame.head) > config.mtu) {
        if (frame.is_burst()) {
            // Each packet for itself: the last one may be of another kind than the others.
            fabric::Segmenter segmenter(frame);
            for (fabric::Frame packet; segmenter.next(packet);) {
                admit(packet, now_ns);
            }
        } else {
            ++counters.rx_too_long;
        }
        return;
    }
    if (!frame.bad_fcs) {
        count_received(counters, frame);
        if (is_mac_control(frame.head)) {
            ++counters.rx_control;
            if (is_pause(frame.head)) {
                ++counters.rx_pause;
                return; // MAC control ends in the MAC (IEEE 802.3 clause 31)
            }
        }
    }
    if (roce) {
        roce_->receive(frame, now_ns);
    } else if (frame.icrc) { // the host may look at any byte of what it gets
        fabric::OwnedFrame complete;
        complete.assign(frame);
        ethernet_->receive(complete.view(), now_ns);
    } else {
        ethernet_->receive(frame, now_ns);
    }
}

bool Mac::claimed(const fabric::Frame& frame) const noexcept {
    RoceDestination to;
    return roce_ != nullptr && !frame.bad_fcs && !frame.is_burst() && roce_->listening() &&
           roce_destination(frame.head, to) && roce_->claims(to);
}

} // namespace mo::nic
