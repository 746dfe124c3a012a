// SPDX-License-Identifier: GPL-2.0-or-later
// Frame: one ethernet frame, or one TCP burst that has not been cut into wire packets yet, as it
// passes through the fabric.
//
// A Frame owns nothing. Its spans point to the sender's scratch memory and, for the body, straight
// into the sender's guest memory: it is a borrow that is valid inside the call that hands it over,
// and only there. The sender keeps its DMA read section for as long, so the memory cannot be
// unmapped under it, and writes its completion after the call. Whoever needs a frame later keeps
// it (SharedFrame): the first one copies it, all behind him share the copy.
//
// Frames carry no FCS; every length here is without it.
#pragma once

#include <algorithm>
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
inline constexpr std::size_t max_body_pieces = 128;

/// TCP segmentation that is still to be done. `head` of the frame is then exactly the header
/// template (up to the end of the TCP header) and the body is the payload, at least one byte. The
/// template's lengths and checksums are not valid; Segmenter fills them in for each wire packet.
struct Burst {
    std::uint16_t mss = 0;       ///< payload bytes of a wire packet; 0 = this is no burst
    std::uint16_t l3_offset = 0; ///< start of the IP header in `head`
    std::uint16_t l4_offset = 0; ///< start of the TCP header in `head`
    /// IPv6: where the destination of the pseudo header is; differs from the IP header's with a
    /// routing header (RFC 8200 section 8.1).
    std::uint16_t destination_offset = 0;
    bool ipv6 = false;
};

/// A checksum that the sender's hardware inserted into this frame. Whoever verifies it need not
/// sum the bytes again: it is right if and only if the seed is that of the packet's pseudo header
/// (RFC 9293 section 3.1) and the range is that of the packet. Dropped when bytes change.
struct KnownChecksum {
    std::uint16_t start = 0; ///< first byte that it covers; 0 = nothing is known
    std::uint16_t field = 0; ///< where it is stored, from the start of the frame
    std::uint16_t seed = 0;  ///< sum that the field held before, as a number
    std::uint32_t end = 0;   ///< byte behind the last one that it covers
};

/// The ICRC of a RoCEv2 packet (fabric/icrc.hpp) that nobody has computed yet: its four bytes in
/// the frame hold no value. It is right by construction, so a receiver need not check it. The UDP
/// checksum of such a packet is 0.
///
/// Whoever needs the bytes copies the frame first (OwnedFrame, or complete_icrc()) and computes the
/// ICRC from the copy: the payload may be memory that a guest changes meanwhile, and a packet has
/// to agree with itself.
struct PendingIcrc {
    std::uint32_t offset = 0; ///< of the four bytes from the start of the frame; 0 = none pending
    std::uint16_t l3_offset = 0; ///< start of the IP header

    [[nodiscard]] explicit operator bool() const noexcept { return offset != 0; }
};

class FrameBuffer;

struct Frame {
    /// Start of the frame: at least min(length, 256) bytes, for a burst the template.
    Bytes head;
    /// What follows `head`, in order.
    std::span<const Bytes> body;
    /// Bytes of head and body together.
    std::uint32_t length = 0;
    Burst burst;
    KnownChecksum checksum;
    PendingIcrc icrc;
    /// Damaged on the way: a receiving MAC finds that the FCS is wrong.
    bool bad_fcs = false;
    /// What keeps these very bytes already, or nullptr. Who makes a frame of his own from this one
    /// leaves it out.
    const FrameBuffer* buffer = nullptr;

    [[nodiscard]] bool is_burst() const noexcept { return burst.mss != 0; }
    /// Payload bytes of a burst.
    [[nodiscard]] std::uint32_t payload() const noexcept {
        return length - static_cast<std::uint32_t>(head.size());
    }
    /// Packets that this is on the wire, at least 1.
    [[nodiscard]] std::uint32_t wire_packets() const noexcept {
        return is_burst() ? (payload() + burst.mss - 1U) / burst.mss : 1;
    }
    /// Length of the wire packets but the last, which may be shorter.
    [[nodiscard]] std::uint32_t longest_packet() const noexcept {
        return is_burst() ? packet_length(std::min<std::uint32_t>(burst.mss, payload())) : length;
    }
    /// Length of the last wire packet.
    [[nodiscard]] std::uint32_t last_packet() const noexcept {
        return is_burst() ? packet_length(payload() - (wire_packets() - 1) * burst.mss) : length;
    }
    /// Bytes on the wire of all packets of it, without FCS, preamble and gaps.
    [[nodiscard]] std::uint64_t wire_bytes() const noexcept {
        return std::uint64_t{wire_packets() - 1} * longest_packet() + last_packet();
    }

  private:
    [[nodiscard]] std::uint32_t packet_length(std::uint32_t bytes) const noexcept {
        return std::max(min_frame, static_cast<std::uint32_t>(head.size()) + bytes);
    }
};

/// Where frames arrive: the receive side of a MAC. Called on the engine thread.
class Endpoint {
  public:
    Endpoint() = default;
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    /// Takes a frame that arrived at `now_ns`. The frame and what it points to end with the call.
    /// Must not send on a link from inside the call.
    virtual void receive(const Frame& frame, std::uint64_t now_ns) = 0;

  protected:
    ~Endpoint() = default;
};

} // namespace mo::fabric
