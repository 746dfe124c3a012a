// SPDX-License-Identifier: GPL-2.0-or-later
// RoCEv2 packets: from a frame to a struct and back. Ethernet with at most one VLAN tag, IPv4 or
// IPv6, UDP, BTH, extended headers, payload, pad, ICRC (IBA volume 1 chapter 9, annex A17).
//
// Pure: no state, no checks against a QP. Every length comes from the wire and is bounded; the IP
// and UDP lengths rule, not the frame's (a MAC pads short frames).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "fabric/piece_cursor.hpp"
#include "nic/port/roce.hpp"
#include "nic/rdma/opcode.hpp"

namespace mo::nic::rdma {

/// Longest payload of a packet: the largest path MTU.
inline constexpr std::uint32_t max_payload = 4096;

/// Where a packet comes from and goes to: everything below the BTH. IPv4 if `dgid` is v4-mapped.
struct Route {
    MacAddress smac{};
    MacAddress dmac{};
    bool vlan = false;
    std::uint16_t vlan_tci = 0;
    Gid sgid;
    Gid dgid;
    std::uint8_t traffic_class = 0; ///< DSCP and ECN
    std::uint8_t hop_limit = 64;
    std::uint32_t flow_label = 0; ///< IPv6, 20 bits
    std::uint16_t udp_sport = 0xc000;

    [[nodiscard]] bool ipv6() const noexcept { return !dgid.is_ipv4(); }
};

/// ECN field of a traffic class (RFC 3168 section 5).
inline constexpr std::uint8_t ecn_mask = 3;
inline constexpr std::uint8_t ecn_not_capable = 0;
inline constexpr std::uint8_t ecn_capable = 2; ///< ECT(0)
inline constexpr std::uint8_t ecn_congestion = 3;

/// Base transport header (IBA 9.2). The opcode decides which of the others are there.
struct Bth {
    Opcode opcode = Opcode::rc_send_only;
    bool solicited = false;
    bool migrated = false;    ///< MigReq; ignored at reception
    bool fecn = false;        ///< reserved by annex A17; ignored at reception
    bool becn = false;        ///< of a CNP
    bool ack_request = false; ///< AckReq
    std::uint16_t pkey = MO_RDMA_PKEY;
    std::uint32_t dest_qp = 0; ///< 24 bits
    std::uint32_t psn = 0;     ///< 24 bits
};

struct Deth {
    std::uint32_t qkey = 0;
    std::uint32_t src_qp = 0; ///< 24 bits
};

struct Reth {
    std::uint64_t address = 0;
    std::uint32_t rkey = 0;
    std::uint32_t length = 0; ///< bytes of the whole message
};

struct AtomicEth {
    std::uint64_t address = 0;
    std::uint32_t rkey = 0;
    std::uint64_t swap_add = 0;
    std::uint64_t compare = 0;
};

struct Aeth {
    std::uint8_t syndrome = 0; ///< aeth.hpp
    std::uint32_t msn = 0;     ///< 24 bits
};

/// All transport headers; those that the opcode does not have are as they were.
struct Headers {
    Bth bth;
    Deth deth;
    Reth reth;
    AtomicEth atomic;
    Aeth aeth;
    std::uint64_t atomic_result = 0; ///< AtomicAckETH: former value
    /// Immediate data: the four bytes of the wire, the first one lowest, as mo_wqe.imm and
    /// mo_rdma_cqe.imm hold them.
    std::uint32_t imm = 0;
    std::uint32_t invalidate = 0; ///< IETH: R_Key, a number
};

/// What is wrong with a frame that should be a RoCEv2 packet: X(name, text).
#define MO_ROCE_FAULTS(X)                                                                          \
    X(none, "nothing")                                                                             \
    X(truncated, "ends within its headers")                                                        \
    X(not_ip, "neither IPv4 nor IPv6 behind at most one VLAN tag")                                 \
    X(ip_version, "IP version is not that of the ethertype")                                       \
    X(ip_options, "IPv4 options or an impossible header length")                                   \
    X(ip_length, "IP length does not fit the frame")                                               \
    X(ip_checksum, "IPv4 header checksum is wrong")                                                \
    X(ip_fragment, "is a fragment")                                                                \
    X(not_udp, "is not UDP")                                                                       \
    X(udp_port, "goes to another UDP port")                                                        \
    X(udp_length, "UDP length is not that of the IP packet")                                       \
    X(udp_checksum, "UDP checksum is wrong")                                                       \
    X(opcode, "opcode is unknown")                                                                 \
    X(version, "transport version is not 0")                                                       \
    X(header_length, "is too short for the headers of its opcode")                                 \
    X(alignment, "length is not a multiple of 4")                                                  \
    X(pad, "pad is longer than the payload")                                                       \
    X(payload, "has payload, which its opcode has not")                                            \
    X(payload_length, "payload is longer than the largest path MTU")

enum class Fault : std::uint8_t {
#define X(name, text) name,
    MO_ROCE_FAULTS(X)
#undef X
};
[[nodiscard]] const char* text_of(Fault fault) noexcept;

/// A received packet. Offsets are from the start of the frame; all up to payload_offset lie in the
/// frame's head.
struct Packet {
    Route route; ///< as on the wire: smac and sgid are the sender's
    Headers headers;
    const OpcodeInfo* op = nullptr; ///< never nullptr in a parsed packet
    std::uint16_t l3_offset = 0;    ///< IP header
    std::uint16_t l3_bytes = 0;     ///< 20 or 40
    std::uint16_t bth_offset = 0;
    std::uint16_t payload_offset = 0;
    std::uint32_t payload_bytes = 0; ///< without pad
    std::uint32_t icrc_offset = 0;   ///< end of payload and pad

    /// Bytes from the BTH to the ICRC, both included (MO_RDMA_COUNTERS count them).
    [[nodiscard]] std::uint32_t transport_bytes() const noexcept {
        return icrc_offset + icrc_bytes - bth_offset;
    }
    /// The IP header: what a datagram's receiver finds in the GRH area.
    [[nodiscard]] fabric::Bytes ip_header(const fabric::Frame& frame) const noexcept {
        return frame.head.subspan(l3_offset, l3_bytes);
    }
    /// A cursor at the payload, of which the caller takes payload_bytes; nothing is copied.
    [[nodiscard]] fabric::PieceCursor payload(const fabric::Frame& frame) const noexcept {
        return fabric::PieceCursor(frame.body, frame.head.subspan(payload_offset));
    }
    [[nodiscard]] bool congestion() const noexcept {
        return (route.traffic_class & ecn_mask) == ecn_congestion;
    }
};

/// Parses a frame that is no burst. On a fault `out` is not to be used. The ICRC is not checked:
/// see icrc_right().
[[nodiscard]] Fault parse(const fabric::Frame& frame, Packet& out) noexcept;

/// The ICRC of a parsed packet is right. A pending one (fabric::PendingIcrc) is, by construction,
/// and costs nothing.
[[nodiscard]] bool icrc_right(const fabric::Frame& frame, const Packet& packet) noexcept;

/// How a packet's bytes are made.
enum class Making : std::uint8_t {
    lazy,  ///< payload by reference, ICRC pending
    bytes, ///< payload copied, ICRC computed ("bytes: always")
};

/// Memory of one packet that is sent, and its builder.
class PacketBuffer {
  public:
    PacketBuffer() = default;
    PacketBuffer(const PacketBuffer&) = delete;
    PacketBuffer& operator=(const PacketBuffer&) = delete;
    ~PacketBuffer() = default;

    /// Makes a packet; pad, lengths and checksums are filled in. IPv4: don't fragment; UDP
    /// checksum 0, as RoCE has it. The start of the payload, and all of it if it is in very many
    /// pieces, is copied. Preconditions: the payload is at most max_payload bytes, none if the
    /// opcode has none.
    ///
    /// The frame points into this object and to `payload` (the bytes; not the span's array) and is
    /// valid until the next call.
    const fabric::Frame& build(const Route& route, const Headers& headers,
                               std::span<const fabric::Bytes> payload, Making making) noexcept;

    /// What build() made last.
    [[nodiscard]] const fabric::Frame& frame() const noexcept { return frame_; }
    /// Bytes of it from the BTH to the ICRC, both included.
    [[nodiscard]] std::uint32_t transport_bytes() const noexcept { return transport_bytes_; }

  private:
    /// The head of a frame is at least so long, or all of it (fabric::Frame).
    static constexpr std::size_t head_bytes = 256;
    static constexpr std::size_t max_headers = fabric::ethernet_header + fabric::vlan_tag_length +
                                               40 + 8 + bth_bytes + reth_bytes + atomic_eth_bytes;
    static constexpr std::size_t capacity = max_headers + max_payload + 4 + icrc_bytes;
    static_assert(max_headers < head_bytes && capacity > head_bytes);

    fabric::Frame frame_;
    std::uint32_t transport_bytes_ = 0;
    std::uint16_t ip_id_ = 0;
    std::array<fabric::Bytes, fabric::max_body_pieces> pieces_;
    std::array<std::byte, capacity> bytes_; ///< lazy: head, then pad and ICRC
};

} // namespace mo::nic::rdma
