// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/tx_packet.hpp"

#include <algorithm>
#include <cstring>

#include "fabric/ethertype.hpp"
#include "fabric/segmenter.hpp"
#include "nic/eth/parser.hpp"

namespace mo::nic::eth {

namespace {

constexpr std::uint32_t max_segment = 65536;
constexpr std::uint32_t tso_flags = MO_TXF_TSO4 | MO_TXF_TSO6;
constexpr std::size_t addresses_length = 12;

// What the fabric's own bounds have to hold.
static_assert(fabric::max_burst_segments >= MO_TX_MAX_TSO_SEGS);
static_assert(fabric::max_burst >= MO_TX_MAX_TSO + fabric::max_burst_header);
static_assert(fabric::max_burst_header >= MO_TX_MAX_HDR + fabric::vlan_tag_length);
static_assert(fabric::max_frame >= max_tx_frame + fabric::vlan_tag_length);

constexpr TxFault malformed{hw::MO_QERR_DESC, std::nullopt};

static_assert(max_tx_frame ==
              MO_ETH_MAX_MTU + fabric::ethernet_header + 2 * fabric::vlan_tag_length);

} // namespace

TxFault TxPacket::build(const hw::mo_tx_pkt& packet, std::span<const hw::mo_tx_seg> segments,
                        Section& dma) {
    frame_ = {};
    if (!check(packet, segments)) {
        return malformed;
    }
    TxFault fault = gather(segments, dma);
    if (fault.why != hw::MO_QERR_NONE) {
        return fault;
    }
    const std::uint32_t flags = packet.flags;
    if ((flags & tso_flags) != 0) {
        if (!prepare_burst(packet)) {
            return malformed;
        }
    } else if ((flags & MO_TXF_CSUM) != 0) {
        insert_checksum(packet.csum_start, packet.csum_offset);
    }
    if ((flags & MO_TXF_VLAN) != 0) {
        insert_tag(packet.vlan_tci);
    }
    if (!frame_.is_burst()) {
        pad();
    }
    frame_.body = {body_.data(), pieces_};
    return {};
}

/// Everything that can be told from the descriptors alone.
bool TxPacket::check(const hw::mo_tx_pkt& packet, std::span<const hw::mo_tx_seg> segments) {
    const std::uint32_t flags = packet.flags;
    const std::uint32_t tso = flags & tso_flags;
    if (packet.rsvd != 0 || (flags & ~std::uint32_t{MO_TXF_ALL}) != 0 || tso == tso_flags) {
        return false;
    }
    std::uint64_t total = 0;
    for (const hw::mo_tx_seg& segment : segments) {
        if (segment.rsvd != 0 || segment.len == 0 || segment.len > max_segment) {
            return false;
        }
        total += segment.len;
    }
    if (total < MO_ETH_MIN_FRAME) {
        return false;
    }
    if (tso == 0) {
        const std::uint32_t field_end = std::uint32_t{packet.csum_start} + packet.csum_offset + 2U;
        if (total > max_tx_frame || ((flags & MO_TXF_CSUM) != 0 &&
                                     (packet.csum_start < MO_ETH_MIN_FRAME || field_end > total))) {
            return false;
        }
        head_want_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(total, MO_TX_MAX_HDR));
    } else {
        const std::uint32_t header = packet.hdr_len;
        if (header < MO_ETH_MIN_FRAME || header > MO_TX_MAX_HDR || total <= header ||
            total - header > MO_TX_MAX_TSO || packet.mss == 0 ||
            header + packet.mss > max_tx_frame ||
            (total - header + packet.mss - 1) / packet.mss > MO_TX_MAX_TSO_SEGS) {
            return false;
        }
        head_want_ = header;
    }
    total_ = static_cast<std::uint32_t>(total);
    return true;
}

/// Copies the headers and points to the rest.
TxFault TxPacket::gather(std::span<const hw::mo_tx_seg> segments, Section& dma) {
    head_size_ = 0;
    pieces_ = 0;
    for (const hw::mo_tx_seg& segment : segments) {
        std::uint64_t address = segment.addr;
        std::uint32_t left = segment.len;
        while (left != 0) {
            auto piece = dma.segment(address, left, pcie::Access::read);
            if (!piece) {
                return {hw::MO_QERR_DMA, std::move(piece).error()};
            }
            dma.count_read(piece->size());
            address += piece->size();
            left -= static_cast<std::uint32_t>(piece->size());
            std::span<const std::byte> rest = *piece;
            if (head_size_ < head_want_) {
                const std::size_t part = std::min(rest.size(), head_want_ - head_size_);
                std::memcpy(head_.data() + head_size_, rest.data(), part);
                head_size_ += part;
                rest = rest.subspan(part);
            }
            if (!rest.empty() && !add_piece(rest)) {
                linearise();
                add_piece(rest);
            }
        }
    }
    frame_.head = {head_.data(), head_size_};
    frame_.length = total_;
    return {};
}

/// False: the list is full.
bool TxPacket::add_piece(std::span<const std::byte> piece) {
    if (pieces_ != 0) {
        fabric::Bytes& last = body_[pieces_ - 1];
        if (last.data() + last.size() == piece.data()) {
            last = {last.data(), last.size() + piece.size()};
            return true;
        }
    }
    if (pieces_ == body_.size()) {
        return false;
    }
    body_[pieces_++] = piece;
    return true;
}

/// Copies what the body list holds, so that it is one piece: for memory that is scattered finer
/// than pages, and for checksum fields far inside the frame.
void TxPacket::linearise() {
    const bool again = pieces_ != 0 && body_[0].data() == scratch_.data();
    std::vector<std::byte> joined;
    std::vector<std::byte>& target = again ? joined : scratch_;
    target.clear();
    target.reserve(MO_TX_MAX_TSO + MO_TX_MAX_HDR);
    for (std::size_t i = 0; i < pieces_; ++i) {
        target.insert(target.end(), body_[i].begin(), body_[i].end());
    }
    if (again) {
        scratch_.swap(joined);
    }
    body_[0] = scratch_;
    pieces_ = 1;
}

/// The headers have to be what the flags promise: they are replicated and changed.
bool TxPacket::prepare_burst(const hw::mo_tx_pkt& packet) {
    const Parsed parsed = parse(frame_.head, total_, true);
    const std::uint32_t flags = packet.flags;
    const bool ipv6 = (flags & MO_TXF_TSO6) != 0;
    const std::size_t checksum = parsed.l4_offset + fabric::tcp::checksum;
    if (!parsed.tcp() || parsed.l3 != (ipv6 ? MO_L3_IPV6 : MO_L3_IPV4) ||
        parsed.payload_offset != packet.hdr_len || parsed.l3_offset != packet.l3_offset ||
        ((flags & MO_TXF_CSUM) != 0 && (packet.csum_start != parsed.l4_offset ||
                                        packet.csum_start + packet.csum_offset != checksum))) {
        return false;
    }
    frame_.burst = {.mss = packet.mss,
                    .l3_offset = parsed.l3_offset,
                    .l4_offset = parsed.l4_offset,
                    .destination_offset = parsed.destination_offset,
                    .ipv6 = ipv6};
    return true;
}

void TxPacket::insert_checksum(std::uint16_t start, std::uint16_t offset) {
    const std::size_t field = std::size_t{start} + offset;
    if (field + 2 > head_size_) {
        // The rest joins the head in one piece that can be written to.
        linearise();
        scratch_.insert(scratch_.begin(), head_.data(), head_.data() + head_size_);
        frame_.head = scratch_;
        pieces_ = 0;
    }
    std::byte* const bytes = field + 2 > head_size_ ? scratch_.data() : head_.data();
    fabric::InternetSum sum;
    if (start < frame_.head.size()) {
        sum.add(frame_.head.subspan(start));
    }
    std::size_t skip = start > frame_.head.size() ? start - frame_.head.size() : 0;
    for (std::size_t i = 0; i < pieces_; ++i) {
        const std::size_t part = std::min(skip, body_[i].size());
        sum.add(body_[i].subspan(part));
        skip -= part;
    }
    frame_.checksum = {.start = start,
                       .field = static_cast<std::uint16_t>(field),
                       .seed = fabric::load_be16(bytes + field),
                       .end = total_};
    // All ones and all zeros are the same number; zero would mean "no checksum" in UDP.
    const std::uint16_t value = sum.checksum();
    fabric::store_be16(bytes + field, value == 0 ? std::uint16_t{0xffff} : value);
}

void TxPacket::insert_tag(std::uint16_t tci) {
    std::byte* bytes = head_.data();
    if (frame_.head.data() == scratch_.data()) {
        scratch_.insert(scratch_.begin() + addresses_length, fabric::vlan_tag_length, std::byte{});
        bytes = scratch_.data();
    } else {
        std::memmove(bytes + addresses_length + fabric::vlan_tag_length, bytes + addresses_length,
                     head_size_ - addresses_length);
    }
    fabric::store_be16(bytes + addresses_length, fabric::ethertype_vlan);
    fabric::store_be16(bytes + addresses_length + 2, tci);
    frame_.head = {bytes, frame_.head.size() + fabric::vlan_tag_length};
    frame_.length += fabric::vlan_tag_length;
    const auto shift = [](std::uint16_t& offset) {
        offset = static_cast<std::uint16_t>(offset + fabric::vlan_tag_length);
    };
    if (frame_.is_burst()) {
        shift(frame_.burst.l3_offset);
        shift(frame_.burst.l4_offset);
        shift(frame_.burst.destination_offset);
    }
    if (frame_.checksum.start != 0) {
        shift(frame_.checksum.start);
        shift(frame_.checksum.field);
        frame_.checksum.end += fabric::vlan_tag_length;
    }
}

/// Short frames lie in head_ as a whole.
void TxPacket::pad() {
    if (frame_.length < fabric::min_frame) {
        std::fill(head_.begin() + frame_.length, head_.begin() + fabric::min_frame, std::byte{});
        frame_.length = fabric::min_frame;
        frame_.head = {head_.data(), fabric::min_frame};
    }
}

} // namespace mo::nic::eth
