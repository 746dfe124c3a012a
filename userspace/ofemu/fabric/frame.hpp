// SPDX-License-Identifier: GPL-2.0-or-later
// Frame: one ethernet frame, or one TCP burst that has not been cut into wire packets yet, as it
// passes through the fabric.
//
// A Frame owns nothing. Its spans point to the sender's scratch memory and, for the body, straight
// into the sender's guest memory: it is a borrow that is valid inside the call that hands it over,
// and only there. The sender keeps its DMA read section for as long, so the memory cannot be
// unmapped under it, and writes its completion after the call. Whoever needs a frame later copies
// it into an OwnedFrame.
//
// Frames carry no FCS; every length here is without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mo::fabric {

using Bytes = std::span<const std::byte>;

/// Octets of the frame check sequence, which counters include and frames do not carry.
inline constexpr std::uint32_t fcs_length = 4;
/// Shortest frame on the wire without FCS (IEEE 802.3 clause 3.2.8); a MAC pads to it.
inline constexpr std::uint32_t min_frame = 60;
inline constexpr std::uint32_t ethernet_header = 14;
inline constexpr std::uint32_t vlan_tag_length = 4;
/// Longest frame that any link carries: MTU 9216, ethernet header, two VLAN tags.
inline constexpr std::uint32_t max_frame = 9216 + ethernet_header + 2 * vlan_tag_length;
/// Longest headers of a burst: what TSO replicates and a VLAN tag.
inline constexpr std::uint32_t max_burst_header = 256 + vlan_tag_length;
/// Longest burst, headers included.
inline constexpr std::uint32_t max_burst = 262144 + max_burst_header;
/// Wire packets of the largest burst; bounds the work of one call.
inline constexpr std::uint32_t max_burst_segments = 4096;
/// Pieces of the longest body list.
inline constexpr std::size_t max_body_pieces = 64;

/// TCP segmentation that is still to be done. `head` of the frame is then exactly the header
/// template (up to the end of the TCP header) and the body is the payload. The template's lengths
/// and checksums are not valid; Segmenter fills them in for each wire packet.
struct Burst {
    std::uint16_t mss = 0;       ///< payload bytes of a wire packet; 0 = this is no burst
    std::uint16_t l3_offset = 0; ///< start of the IP header in `head`
    std::uint16_t l4_offset = 0; ///< start of the TCP header in `head`
    bool ipv6 = false;
};

/// A checksum that the sender's hardware computed over the bytes of this frame: right by
/// construction as long as nobody changes the bytes.
struct KnownChecksum {
    std::uint16_t start = 0; ///< first byte that it covers; 0 = nothing is known
    std::uint16_t field = 0; ///< where it is stored, from the start of the frame
};

struct Frame {
    /// Start of the frame: at least min(length, 256) bytes, for a burst the template.
    Bytes head;
    /// What follows `head`, in order.
    std::span<const Bytes> body;
    /// Bytes of head and body together.
    std::uint32_t length = 0;
    Burst burst;
    KnownChecksum checksum;
    /// Damaged on the way: a receiving MAC finds that the FCS is wrong.
    bool bad_fcs = false;

    [[nodiscard]] bool is_burst() const noexcept { return burst.mss != 0; }
    /// Payload bytes of a burst.
    [[nodiscard]] std::uint32_t payload() const noexcept {
        return length - static_cast<std::uint32_t>(head.size());
    }
    /// Packets that this is on the wire, at least 1.
    [[nodiscard]] std::uint32_t wire_packets() const noexcept {
        return is_burst() ? (payload() + burst.mss - 1U) / burst.mss : 1;
    }
    /// Bytes on the wire of all packets of it, without FCS, preamble and gaps.
    [[nodiscard]] std::uint64_t wire_bytes() const noexcept {
        return is_burst() ? std::uint64_t{wire_packets()} * head.size() + payload() : length;
    }
    /// Length of its longest wire packet.
    [[nodiscard]] std::uint32_t longest_packet() const noexcept {
        const auto cut = static_cast<std::uint32_t>(head.size()) + burst.mss;
        return is_burst() && cut < length ? cut : length;
    }
};

/// Where frames arrive: the receive side of a MAC. Called on the engine thread.
class Endpoint {
  public:
    /// Takes a frame that arrived at `now_ns`. The frame and what it points to end with the call.
    /// Must not send on a link from inside the call.
    virtual void receive(const Frame& frame, std::uint64_t now_ns) = 0;

  protected:
    ~Endpoint() = default;
};

} // namespace mo::fabric
