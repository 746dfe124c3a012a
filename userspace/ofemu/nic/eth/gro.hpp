// SPDX-License-Identifier: GPL-2.0-or-later
// Gro: receive coalescing (MO_OFFLOAD_RX_GRO). Joins in-order TCP segments of one flow into one
// packet, by the rules that the network stack itself uses for generic receive offload, so that it
// can be taken apart into the same segments again. One packet is open per queue; whatever does not
// continue it closes it first, so packets never overtake each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "nic/port/mac.hpp"

namespace mo::nic::eth {

class RxQueue;

/// Longest headers of a packet that is coalesced: ethernet, IPv6, TCP with all options.
inline constexpr std::size_t max_gro_header = 14 + 40 + 60;
/// mo_eth_cqe.gso_segs is 8 bits wide.
inline constexpr std::uint32_t max_gro_segments = 255;

/// Segments with one header, in order: a burst as the sender gave it, or a single packet.
struct Run {
    fabric::Bytes header; ///< as delivered (VLAN tag removed), up to the payload
    std::uint16_t l3_offset = 0;
    std::uint16_t l4_offset = 0;
    bool ipv6 = false;
    bool burst = false; ///< header is a template: lengths and checksums are to be filled in
    std::uint16_t mss = 0;
    std::uint32_t payload = 0; ///< bytes
    fabric::Bytes first;       ///< the payload: this, then `rest`
    std::span<const fabric::Bytes> rest;
};

/// True if the header (as in Run) is of a kind that is coalesced at all: plain IPv4 or IPv6, TCP
/// with no flags but ACK and PSH. The caller has looked at options, fragments and checksums.
[[nodiscard]] bool gro_flags_allow(fabric::Bytes header, std::size_t l4_offset) noexcept;

class Gro {
  public:
    [[nodiscard]] bool open() const noexcept { return segments_ != 0; }
    /// Would the run, or the first segment of it, join the open packet? `meta` as for add().
    [[nodiscard]] bool joined_by(const Run& run, const hw::mo_eth_cqe& meta) const;

    /// Takes a run into the open packet or new ones. `meta` holds what the completion of a single
    /// segment would (hash, VLAN, l3l4, flags, hdr_len). Segments without a buffer are counted as
    /// rx_no_buffer.
    void add(const Run& run, const hw::mo_eth_cqe& meta, RxQueue& queue, PortCounters& counters);

    /// Completes the open packet.
    void close(RxQueue& queue, PortCounters& counters);
    /// Forgets it.
    void abandon() noexcept { segments_ = 0; }

  private:
    enum class Ids : std::uint8_t { unknown, rising, fixed };

    struct Cut;
    [[nodiscard]] static Cut whole(const Run& run, const hw::mo_eth_cqe& meta) noexcept;
    [[nodiscard]] bool continues(const Cut& cut) const;
    [[nodiscard]] bool same_headers(fabric::Bytes other) const noexcept;
    [[nodiscard]] std::uint32_t fitting(const Cut& cut, RxQueue& queue);
    bool start(Cut& cut, std::uint32_t bytes, RxQueue& queue);
    bool append(Cut& cut, std::uint32_t bytes, RxQueue& queue);
    void finish_header() noexcept;

    std::array<std::byte, max_gro_header> header_;
    std::uint32_t header_size_ = 0;
    std::uint16_t l3_offset_ = 0;
    std::uint16_t l4_offset_ = 0;
    bool ipv6_ = false;
    bool split_ = false;
    bool push_ = false;
    Ids ids_ = Ids::unknown;
    std::uint16_t first_id_ = 0;
    std::uint16_t mss_ = 0;
    std::uint32_t segments_ = 0; ///< 0: no packet is open
    std::uint32_t payload_ = 0;
    std::uint32_t next_sequence_ = 0;
    hw::mo_eth_cqe meta_{};
};

} // namespace mo::nic::eth
