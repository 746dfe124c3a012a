// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/ecn.hpp"

#include <cstdint>

#include "fabric/ethertype.hpp"
#include "fabric/headers.hpp"

namespace mo::fabric {

namespace {

constexpr std::uint16_t congestion = 3;

/// Where the ECN field is: two bits of the 16-bit word at the start of the IP header.
struct EcnField {
    std::size_t ip = 0; ///< 0: there is none
    unsigned shift = 0;
    bool in_ipv4 = false;
};

EcnField find(Bytes head) noexcept {
    const std::size_t ip = layer2_bytes(head);
    if (ip + ipv4::min_header > head.size()) {
        return {};
    }
    const std::uint16_t ethertype = load_be16(head.data() + ip - 2);
    const unsigned version = std::to_integer<unsigned>(head[ip]) >> 4U;
    if (ethertype == ethertype_ipv4 && version == 4) {
        return {ip, 0, true};
    }
    if (ethertype == ethertype_ipv6 && version == 6) {
        return {ip, 4, false};
    }
    return {};
}

} // namespace

bool can_mark_congestion(Bytes head) noexcept {
    const EcnField field = find(head);
    if (field.ip == 0) {
        return false;
    }
    const unsigned ecn = (load_be16(head.data() + field.ip) >> field.shift) & congestion;
    return ecn == 1 || ecn == 2;
}

void mark_congestion(std::span<std::byte> head) noexcept {
    const EcnField field = find(head);
    std::byte* const ip = head.data() + field.ip;
    const std::uint16_t before = load_be16(ip);
    const auto after = static_cast<std::uint16_t>(before | (congestion << field.shift));
    store_be16(ip, after);
    if (field.in_ipv4) { // RFC 1624, equation 3
        InternetSum sum;
        sum.add16(static_cast<std::uint16_t>(~load_be16(ip + ipv4::checksum)));
        sum.add16(static_cast<std::uint16_t>(~before));
        sum.add16(after);
        store_be16(ip + ipv4::checksum, sum.checksum());
    }
}

} // namespace mo::fabric
