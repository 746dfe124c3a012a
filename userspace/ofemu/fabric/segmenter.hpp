// SPDX-License-Identifier: GPL-2.0-or-later
// Segmenter: cuts a TCP burst into its wire packets, headers and checksums filled in, payload
// still by reference.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fabric/checksum.hpp"
#include "fabric/frame.hpp"
#include "fabric/headers.hpp"
#include "fabric/piece_cursor.hpp"

namespace mo::fabric {

class Segmenter {
  public:
    /// `burst` and its bytes must outlive this object. Precondition: burst.is_burst(), its head is
    /// at most max_burst_header long and holds the IP and TCP headers that Burst points to, and it
    /// has at most max_body_pieces pieces.
    explicit Segmenter(const Frame& burst) noexcept;

    /// Makes the next packet; it points into this object and is valid until the next call.
    /// False: there is none left.
    bool next(Frame& packet) noexcept;

  private:
    void fill_ip(std::uint32_t payload) noexcept;
    /// Returns the sum of the pseudo header.
    std::uint16_t fill_tcp(std::uint32_t payload, bool first, bool last,
                           std::size_t pieces) noexcept;

    const Frame& burst_;
    std::uint32_t left_;     ///< payload bytes not yet cut
    std::uint32_t done_ = 0; ///< packets made
    PieceCursor payload_;    ///< what is left of it
    std::uint16_t id_ = 0;   ///< IPv4 identification of the template
    std::uint32_t sequence_;
    std::uint8_t flags_;
    InternetSum pseudo_; ///< pseudo header without the length
    std::array<std::byte, max_burst_header> header_;
    std::array<Bytes, max_body_pieces + 1> slices_; ///< payload and padding
};

} // namespace mo::fabric
