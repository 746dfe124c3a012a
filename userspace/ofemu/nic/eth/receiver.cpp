// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/receiver.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "fabric/checksum.hpp"
#include "fabric/piece_cursor.hpp"
#include "fabric/segmenter.hpp"

namespace mo::nic::eth {

namespace {

constexpr std::size_t addresses_length = 12;

/// Followed by what makes it as long as the shortest ethernet frame?
bool is_padded(const fabric::Frame& frame, const Parsed& parsed) noexcept {
    return !frame.is_burst() && frame.length == fabric::min_frame && parsed.l3_end < frame.length;
}

} // namespace

/// Where a frame goes, and what all segments of a burst have in common.
struct Receiver::Target {
    RxQueue& queue;
    std::optional<std::uint32_t> hash;
    std::uint64_t now_ns;
    ChecksumResult checksum = ChecksumResult::unknown;
};

void Receiver::receive(const fabric::Frame& frame, std::uint64_t now_ns) {
    const std::uint32_t packets = frame.wire_packets();
    const Parsed parsed = parse(frame.head, frame.length, frame.is_burst());
    if (!accepts(frame, parsed)) {
        mac_.counters.rx_filtered += packets;
        return;
    }
    RxQueue* queue = nullptr;
    Rss::Choice choice{};
    if (rss) {
        choice = rss->choose(frame.head, parsed);
        queue = queues_.rx_queue(choice.queue);
    }
    if (queue == nullptr) {
        mac_.counters.rx_no_queue += packets;
        return;
    }
    Target target{*queue, choice.hash, now_ns};
    if (frame.is_burst()) {
        receive_burst(frame, parsed, target);
    } else {
        receive_packet(frame, parsed, target);
    }
}

/// Is the frame for this host?
bool Receiver::accepts(const fabric::Frame& frame, const Parsed& parsed) const noexcept {
    return addresses.accepts(address_number(frame.head.first<6>())) &&
           (!parsed.vlan || vlans.accepts(parsed.vlan_tci));
}

void Receiver::receive_burst(const fabric::Frame& frame, const Parsed& parsed, Target& target) {
    // The sender's hardware makes the checksums of a burst: they are right.
    target.checksum = ChecksumResult::good;
    if (may_coalesce(frame, parsed)) {
        coalesce(frame, parsed, target);
        return;
    }
    fabric::Segmenter segmenter(frame);
    for (fabric::Frame packet; segmenter.next(packet) && target.queue.working();) {
        Parsed segment = parsed;
        segment.l3_end = packet.checksum.end;
        if (may_coalesce(packet, segment)) {
            coalesce(packet, segment, target);
        } else {
            deliver(packet, segment, target);
        }
    }
}

void Receiver::receive_packet(const fabric::Frame& frame, const Parsed& parsed, Target& target) {
    if (offload.has(MO_OFFLOAD_RX_CSUM) && !frame.bad_fcs) {
        target.checksum =
            parsed.l3_checksum_bad ? ChecksumResult::unknown : verify_l4(frame, parsed);
        if (parsed.l3_checksum_bad || target.checksum == ChecksumResult::bad) {
            ++mac_.counters.rx_csum_bad;
        }
    }
    if (target.checksum == ChecksumResult::good && may_coalesce(frame, parsed)) {
        coalesce(frame, parsed, target);
    } else {
        deliver(frame, parsed, target);
    }
}

bool Receiver::strips(const Parsed& parsed) const noexcept {
    return parsed.vlan && offload.has(MO_OFFLOAD_RX_VLAN);
}

/// Of a kind that is coalesced? Checksums were looked at.
bool Receiver::may_coalesce(const fabric::Frame& frame, const Parsed& parsed) const {
    return offload.has(MO_OFFLOAD_RX_GRO) && offload.has(MO_OFFLOAD_RX_CSUM) && !frame.bad_fcs &&
           parsed.tcp() && !parsed.l3_extras && parsed.payload_offset < parsed.l3_end &&
           (parsed.l3_end == frame.length || is_padded(frame, parsed)) &&
           parsed.tags == (strips(parsed) ? 1 : 0) && gro_flags_allow(frame.head, parsed.l4_offset);
}

hw::mo_eth_cqe Receiver::describe(const Parsed& parsed, const Target& target) const {
    hw::mo_eth_cqe meta{};
    meta.timestamp_ns = target.now_ns;
    unsigned flags = MO_RXF_TIMESTAMP;
    if (target.hash && offload.has(MO_OFFLOAD_RX_HASH)) {
        meta.hash = *target.hash;
        flags |= MO_RXF_HASH;
    }
    if (offload.has(MO_OFFLOAD_RX_CSUM)) {
        if (parsed.l3_checksum_bad) {
            flags |= MO_RXF_L3_CSUM_BAD;
        }
        if (target.checksum == ChecksumResult::good) {
            flags |= MO_RXF_L4_CSUM_OK;
        } else if (target.checksum == ChecksumResult::bad) {
            flags |= MO_RXF_L4_CSUM_BAD;
        }
    }
    std::uint16_t stripped = 0;
    if (strips(parsed)) {
        flags |= MO_RXF_VLAN;
        meta.vlan_tci = parsed.vlan_tci;
        stripped = fabric::vlan_tag_length;
    }
    if (parsed.payload_offset != 0) {
        meta.hdr_len = static_cast<std::uint16_t>(parsed.payload_offset - stripped);
    }
    meta.l3l4 = parsed.l3l4();
    meta.flags = static_cast<std::uint8_t>(flags);
    return meta;
}

void Receiver::coalesce(const fabric::Frame& frame, const Parsed& parsed, Target& target) {
    const std::size_t stripped = strips(parsed) ? fabric::vlan_tag_length : 0;
    std::array<std::byte, max_gro_header> header;
    const std::size_t size = parsed.payload_offset - stripped;
    std::memcpy(header.data(), frame.head.data(), addresses_length);
    std::memcpy(header.data() + addresses_length, frame.head.data() + addresses_length + stripped,
                size - addresses_length);
    const Run run{
        .header = {header.data(), size},
        .l3_offset = static_cast<std::uint16_t>(parsed.l3_offset - stripped),
        .l4_offset = static_cast<std::uint16_t>(parsed.l4_offset - stripped),
        .ipv6 = parsed.l3 == MO_L3_IPV6,
        .burst = frame.is_burst(),
        .mss = frame.is_burst() ? frame.burst.mss
                                : static_cast<std::uint16_t>(parsed.l3_end - parsed.payload_offset),
        .payload = parsed.l3_end - parsed.payload_offset,
        .first = frame.head.subspan(parsed.payload_offset),
        .rest = frame.body,
    };
    const hw::mo_eth_cqe meta = describe(parsed, target);
    // Padding is dropped with the header of a packet that joins another; alone it is kept.
    if (is_padded(frame, parsed) && !target.queue.gro.joined_by(run, meta)) {
        deliver(frame, parsed, target);
        return;
    }
    target.queue.gro.add(run, meta, target.queue, mac_.counters);
}

void Receiver::deliver(const fabric::Frame& frame, const Parsed& parsed, Target& target) {
    RxQueue& queue = target.queue;
    queue.gro.close(queue, mac_.counters);
    hw::mo_eth_cqe meta = describe(parsed, target);
    const std::size_t stripped = (meta.flags & MO_RXF_VLAN) != 0 ? fabric::vlan_tag_length : 0;
    meta.length = frame.length - static_cast<std::uint32_t>(stripped);
    const std::size_t header = meta.hdr_len;
    const bool split = header != 0 && header <= queue.header_length();
    const std::uint32_t data = meta.length - static_cast<std::uint32_t>(split ? header : 0);
    const std::uint32_t room = queue.room(data);
    if (room == 0 || room < data) {
        mac_.counters.rx_no_buffer += static_cast<std::uint64_t>(queue.working());
        return;
    }
    bool good = true;
    std::array<std::byte, parse_window> joined;
    std::size_t from = 0; // bytes of the head that are done
    if (split) {
        std::memcpy(joined.data(), frame.head.data(), addresses_length);
        std::memcpy(joined.data() + addresses_length,
                    frame.head.data() + addresses_length + stripped, header - addresses_length);
        good = queue.put_header({joined.data(), header});
        meta.flags |= MO_RXF_HDR_SPLIT;
        from = header + stripped;
    } else if (stripped != 0) {
        good = queue.put(frame.head.first(addresses_length));
        from = addresses_length + stripped;
    }
    good = good && queue.put(frame.head.subspan(from));
    for (const fabric::Bytes piece : frame.body) {
        good = good && queue.put(piece);
    }
    if (good) {
        queue.finish(meta);
    } else {
        queue.abandon();
    }
}

} // namespace mo::nic::eth
