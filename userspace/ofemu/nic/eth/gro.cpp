// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/gro.hpp"

#include <algorithm>
#include <cstring>

#include "fabric/checksum.hpp"
#include "fabric/headers.hpp"
#include "fabric/piece_cursor.hpp"
#include "nic/eth/parser.hpp"
#include "nic/eth/rx_queue.hpp"

namespace mo::nic::eth {

namespace {

namespace ipv4 = fabric::ipv4;
namespace ipv6 = fabric::ipv6;
namespace tcp = fabric::tcp;
using fabric::Bytes;
using fabric::load_be16;
using fabric::load_be32;
using fabric::store_be16;
using fabric::store_be32;

constexpr std::uint32_t max_ip_length = 65535;

std::uint8_t flags_of(const std::byte* transport) noexcept {
    return std::to_integer<std::uint8_t>(transport[tcp::flags]);
}

bool same_bytes(Bytes a, Bytes b, std::size_t from, std::size_t to) noexcept {
    return std::memcmp(a.data() + from, b.data() + from, to - from) == 0;
}

/// Sum of the pseudo header, as a number.
std::uint16_t pseudo_header(Bytes header, std::size_t l3, bool is_ipv6,
                            std::uint32_t length) noexcept {
    fabric::InternetSum sum;
    sum.add(is_ipv6 ? header.subspan(l3 + ipv6::source, 2 * ipv6::address_length)
                    : header.subspan(l3 + ipv4::addresses, ipv4::addresses_length));
    sum.add16(fabric::protocol_tcp);
    sum.add32(length);
    return sum.sum();
}

} // namespace

bool gro_flags_allow(Bytes header, std::size_t l4_offset) noexcept {
    const std::byte* const transport = header.data() + l4_offset;
    // The low nibble in front of the flags holds AE and reserved bits.
    return (flags_of(transport) & ~unsigned{tcp::psh}) == tcp::ack &&
           (std::to_integer<unsigned>(transport[tcp::flags - 1]) & 0x0fU) == 0;
}

/// A run, and how far it has been delivered.
struct Gro::Cut {
    const Run& run;
    const hw::mo_eth_cqe& meta;
    fabric::PieceCursor payload;
    std::uint32_t done = 0;     ///< segments
    std::uint32_t left = 0;     ///< payload bytes
    std::uint32_t sequence = 0; ///< of the next segment
    std::uint16_t id = 0;

    [[nodiscard]] std::uint32_t segments() const noexcept { return (left + run.mss - 1) / run.mss; }
    [[nodiscard]] std::uint32_t bytes(std::uint32_t count) const noexcept {
        return std::min(left, count * run.mss);
    }
    [[nodiscard]] bool push() const noexcept {
        return (flags_of(run.header.data() + run.l4_offset) & tcp::psh) != 0;
    }
};

Gro::Cut Gro::whole(const Run& run, const hw::mo_eth_cqe& meta) noexcept {
    Cut cut{run, meta, fabric::PieceCursor(run.rest, run.first)};
    cut.left = run.payload;
    cut.sequence = load_be32(run.header.data() + run.l4_offset + tcp::sequence);
    cut.id = run.ipv6 ? std::uint16_t{0}
                      : load_be16(run.header.data() + run.l3_offset + ipv4::identification);
    return cut;
}

bool Gro::joined_by(const Run& run, const hw::mo_eth_cqe& meta) const {
    return open() && continues(whole(run, meta));
}

void Gro::add(const Run& run, const hw::mo_eth_cqe& meta, RxQueue& queue, PortCounters& counters) {
    Cut cut = whole(run, meta);
    while (cut.left != 0) {
        const bool joins = open() && continues(cut);
        if (open() && !joins) {
            close(queue, counters);
        }
        const std::uint32_t count = fitting(cut, queue);
        if (count == 0) {
            if (open()) {
                close(queue, counters); // it is full; the rest begins a new one
                continue;
            }
            counters.rx_no_buffer += cut.segments();
            return;
        }
        const std::uint32_t bytes = cut.bytes(count);
        if (!(joins ? append(cut, bytes, queue) : start(cut, bytes, queue))) {
            abandon();
            queue.abandon();
            return; // the queue has stopped and said so
        }
        // A short or pushed segment ends a packet, as it ends the sender's burst.
        const bool ended = cut.left == 0 && (cut.push() || payload_ % mss_ != 0);
        if (ended || segments_ == max_gro_segments) {
            close(queue, counters);
        }
    }
}

/// May the next segment of the cut join the open packet?
bool Gro::continues(const Cut& cut) const {
    const Run& run = cut.run;
    const bool many = cut.segments() > 1;
    if (cut.sequence != next_sequence_ || run.header.size() != header_size_ ||
        run.l3_offset != l3_offset_ || run.l4_offset != l4_offset_ || run.ipv6 != ipv6_ ||
        cut.meta.vlan_tci != meta_.vlan_tci ||
        ((cut.meta.flags ^ meta_.flags) & MO_RXF_VLAN) != 0 ||
        (many ? run.mss != mss_ : cut.left > mss_) || !same_headers(run.header)) {
        return false;
    }
    if (ipv6_) {
        return true;
    }
    // It rises with each segment, or stands still in all of them: both can be made again.
    const auto rising = static_cast<std::uint16_t>(first_id_ + segments_);
    switch (ids_) {
    case Ids::rising:
        return cut.id == rising;
    case Ids::fixed:
        return cut.id == first_id_ && !many;
    case Ids::unknown:
        break;
    }
    return cut.id == rising || (cut.id == first_id_ && !many);
}

/// All but lengths, identification, sequence number, PSH and checksums.
bool Gro::same_headers(Bytes other) const noexcept {
    const Bytes mine(header_);
    const std::size_t ip = l3_offset_;
    const std::size_t transport = l4_offset_;
    const bool network =
        ipv6_ ? same_bytes(mine, other, 0, ip + ipv6::payload_length) &&
                    same_bytes(mine, other, ip + ipv6::next_header, ip + ipv6::header)
              : same_bytes(mine, other, 0, ip + ipv4::total_length) &&
                    same_bytes(mine, other, ip + ipv4::fragment, ip + ipv4::checksum) &&
                    same_bytes(mine, other, ip + ipv4::addresses, ip + ipv4::min_header);
    return network && same_bytes(mine, other, transport, transport + 4) &&
           same_bytes(mine, other, transport + 8, transport + tcp::flags) &&
           same_bytes(mine, other, transport + tcp::flags + 1, transport + tcp::checksum) &&
           same_bytes(mine, other, transport + tcp::checksum + 2, header_size_);
}

/// How many segments of the cut the open packet, or a new one, takes.
std::uint32_t Gro::fitting(const Cut& cut, RxQueue& queue) {
    const bool fresh = !open();
    const auto header = static_cast<std::uint32_t>(cut.run.header.size());
    const std::uint32_t ip_header = cut.run.ipv6 ? ipv6::header : 0; // not counted in its length
    const std::uint32_t ip_used = header - cut.run.l3_offset - ip_header + (fresh ? 0 : payload_);
    const bool split = queue.header_length() >= header;
    const std::uint32_t overhead = fresh && !split ? header : 0;
    const std::uint32_t wanted = overhead + cut.left;
    const std::uint32_t room = queue.room(wanted);
    if (room <= overhead || ip_used >= max_ip_length) {
        return 0;
    }
    const std::uint32_t bytes = std::min(room - overhead, max_ip_length - ip_used);
    const std::uint32_t limit = max_gro_segments - (fresh ? 0 : segments_);
    // The last segment may be shorter than the others.
    const std::uint32_t count = bytes >= cut.left ? cut.segments() : bytes / cut.run.mss;
    return std::min(count, limit);
}

bool Gro::start(Cut& cut, std::uint32_t bytes, RxQueue& queue) {
    const Run& run = cut.run;
    header_size_ = static_cast<std::uint32_t>(run.header.size());
    std::memcpy(header_.data(), run.header.data(), header_size_);
    l3_offset_ = run.l3_offset;
    l4_offset_ = run.l4_offset;
    ipv6_ = run.ipv6;
    split_ = queue.header_length() >= header_size_;
    push_ = false;
    ids_ = Ids::unknown;
    first_id_ = cut.id;
    mss_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(run.mss, bytes));
    segments_ = 0;
    payload_ = 0;
    meta_ = cut.meta;
    if (run.burst) {
        std::byte* const transport = header_.data() + l4_offset_;
        store_be32(transport + tcp::sequence, cut.sequence);
        if (!ipv6_) {
            store_be16(header_.data() + l3_offset_ + ipv4::identification, cut.id);
        }
        if (bytes != cut.left) {
            transport[tcp::flags] &= ~static_cast<std::byte>(tcp::psh);
        }
        if (bytes <= run.mss) {
            // It may stay alone, then it needs a checksum over its bytes.
            payload_ = bytes;
            finish_header();
            payload_ = 0;
            fabric::InternetSum sum;
            sum.add(Bytes(header_).subspan(l4_offset_, header_size_ - l4_offset_));
            fabric::PieceCursor ahead = cut.payload;
            ahead.take(bytes, [&](Bytes piece) {
                sum.add(piece);
                return true;
            });
            store_be16(transport + tcp::checksum, sum.checksum());
        }
    }
    const Bytes header(header_.data(), header_size_);
    return (split_ ? queue.put_header(header) : queue.put(header)) && append(cut, bytes, queue);
}

bool Gro::append(Cut& cut, std::uint32_t bytes, RxQueue& queue) {
    const std::uint32_t count = (bytes + cut.run.mss - 1) / cut.run.mss;
    if (ids_ == Ids::unknown && segments_ + count > 1) {
        const bool still = segments_ == 1 && cut.id == first_id_;
        ids_ = still ? Ids::fixed : Ids::rising;
    }
    if (!cut.payload.take(bytes, [&](Bytes piece) { return queue.put(piece); })) {
        return false;
    }
    segments_ += count;
    payload_ += bytes;
    cut.done += count;
    cut.left -= bytes;
    cut.sequence += bytes;
    cut.id = static_cast<std::uint16_t>(cut.id + count);
    next_sequence_ = cut.sequence;
    push_ = push_ || (cut.left == 0 && cut.push());
    return true;
}

/// Lengths and checksums for all of the packet. The TCP checksum is that of the pseudo header, as
/// for any packet that is still to be segmented.
void Gro::finish_header() noexcept {
    std::byte* const ip = header_.data() + l3_offset_;
    std::byte* const transport = header_.data() + l4_offset_;
    const std::uint32_t ip_length = header_size_ - l3_offset_ + payload_;
    if (ipv6_) {
        store_be16(ip + ipv6::payload_length, static_cast<std::uint16_t>(ip_length - ipv6::header));
    } else {
        store_be16(ip + ipv4::total_length, static_cast<std::uint16_t>(ip_length));
        store_be16(ip + ipv4::checksum, 0);
        fabric::InternetSum sum;
        sum.add({ip, static_cast<std::size_t>(l4_offset_ - l3_offset_)});
        store_be16(ip + ipv4::checksum, sum.checksum());
    }
    if (push_) {
        transport[tcp::flags] |= static_cast<std::byte>(tcp::psh);
    }
    store_be16(transport + tcp::checksum, pseudo_header(Bytes(header_), l3_offset_, ipv6_,
                                                        header_size_ - l4_offset_ + payload_));
}

void Gro::close(RxQueue& queue, PortCounters& counters) {
    if (!open() || !queue.working()) {
        abandon();
        return;
    }
    hw::mo_eth_cqe completion = meta_;
    completion.length = header_size_ + payload_;
    if (split_) {
        completion.flags |= MO_RXF_HDR_SPLIT;
    }
    if (segments_ > 1) {
        finish_header();
        completion.flags |= MO_RXF_GRO;
        completion.gso_size = mss_;
        completion.gso_segs = static_cast<std::uint8_t>(segments_);
        if (ids_ == Ids::fixed) {
            completion.l3l4 |= MO_L3_FIXED_ID;
        }
        if (!queue.patch_header({header_.data(), header_size_}, split_)) {
            abandon();
            queue.abandon();
            return;
        }
        ++counters.rx_gro_packets;
        counters.rx_gro_segs += segments_;
    }
    segments_ = 0;
    queue.finish(completion);
}

} // namespace mo::nic::eth
