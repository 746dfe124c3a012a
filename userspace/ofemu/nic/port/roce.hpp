// SPDX-License-Identifier: GPL-2.0-or-later
// What the MAC knows of RoCEv2: which received frames are the transport's, and where it puts them.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fabric/frame.hpp"
#include "nic/port/address.hpp"

namespace mo::nic {

/// Address of RoCEv2: an IPv6 address, or an IPv4 address in the form ::ffff:a.b.c.d (IBA annex
/// A17.4.5.2); network byte order.
struct Gid {
    std::array<std::byte, 16> bytes{};

    /// The GID of an IPv4 address of four bytes.
    [[nodiscard]] static constexpr Gid of_ipv4(std::span<const std::byte, 4> address) noexcept {
        Gid gid;
        gid.bytes[10] = gid.bytes[11] = std::byte{0xff};
        std::ranges::copy(address, gid.bytes.begin() + 12);
        return gid;
    }
    [[nodiscard]] constexpr bool is_ipv4() const noexcept {
        return std::ranges::all_of(std::span(bytes).first<10>(),
                                   [](std::byte b) { return b == std::byte{}; }) &&
               bytes[10] == std::byte{0xff} && bytes[11] == std::byte{0xff};
    }
    /// The last four bytes: the address, if is_ipv4().
    [[nodiscard]] constexpr std::span<const std::byte, 4> ipv4() const noexcept {
        return std::span(bytes).last<4>();
    }
    [[nodiscard]] constexpr bool is_multicast() const noexcept {
        constexpr std::byte class_mask{0xf0}, class_d{0xe0};
        return bytes[0] == std::byte{0xff} || (is_ipv4() && (bytes[12] & class_mask) == class_d);
    }
    friend auto operator<=>(const Gid&, const Gid&) = default;
};

/// Whom a frame to RoCEv2's UDP port is for.
struct RoceDestination {
    MacAddress dmac{};
    Gid dgid;
    bool vlan = false;          ///< has one 802.1Q tag
    std::uint16_t vlan_tci = 0; ///< its value; 0 without tag
};

/// The destination of a frame to UDP port 4791 (not fragmented, at most one VLAN tag, no IPv6
/// extension headers); false: this is none. Looks at the head only and checks nothing else.
[[nodiscard]] bool roce_destination(fabric::Bytes head, RoceDestination& out) noexcept;

/// The transport's side of a port. Engine thread.
class RoceEndpoint {
  public:
    RoceEndpoint() = default;
    RoceEndpoint(const RoceEndpoint&) = delete;
    RoceEndpoint& operator=(const RoceEndpoint&) = delete;

    /// May frames be claimed at all: the transport is on and has an address? Asked for each frame.
    [[nodiscard]] virtual bool listening() const noexcept = 0;
    /// Is a frame of this destination the transport's? If not, the ethernet datapath gets it.
    [[nodiscard]] virtual bool claims(const RoceDestination& to) const noexcept = 0;
    /// Takes a claimed frame, whose MAC checks are done and which is counted. It ends with the
    /// call. Must not send from inside the call (fabric::Endpoint).
    virtual void receive(const fabric::Frame& frame, std::uint64_t now_ns) = 0;

  protected:
    ~RoceEndpoint() = default;
};

} // namespace mo::nic
