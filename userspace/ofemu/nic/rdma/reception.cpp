// SPDX-License-Identifier: GPL-2.0-or-later
// RdmaBlock: packets: where sent ones go, and which QP gets a received one (IBA volume 1, 9.6;
// annex A17).
#include <algorithm>
#include <bit>

#include "nic/rdma/rdma_block.hpp"

namespace mo::nic::rdma {

void RdmaBlock::transmit(const Route& route, bool loopback, const Headers& headers,
                         std::span<const fabric::Bytes> payload) {
    const fabric::Frame& frame = buffer_.build(route, headers, payload, making_);
    ++counters_.tx_packets;
    counters_.tx_bytes += buffer_.transport_bytes();
    if (loopback) {
        // Never on the wire, so neither gate nor link matter.
        ++counters_.loopback_packets;
        receive(frame, shared_.now_ns);
        return;
    }
    if (route.dgid.is_multicast()) {
        ++counters_.tx_multicast;
        if (!mcast_.members(route.dgid).empty()) {
            ++counters_.loopback_packets;
            receive(frame, shared_.now_ns); // members of the own port
        }
    }
    mac_.transmit(frame, shared_.now_ns);
}

std::uint32_t RdmaBlock::port_mtu() const noexcept {
    constexpr std::uint32_t least = 256;
    const std::uint32_t mtu = mac_.config.mtu;
    if (mtu < least + MO_RDMA_OVERHEAD) {
        return 0;
    }
    return std::min(std::bit_floor(mtu - MO_RDMA_OVERHEAD), std::uint32_t{max_payload});
}

bool RdmaBlock::listening() const noexcept {
    return !shared_.gids.empty() && (env_.features() & hw::MO_F_RDMA) != 0 && env_.working();
}

bool RdmaBlock::claims(const RoceDestination& to) const noexcept {
    return to.dgid.is_multicast() ? !mcast_.members(to.dgid).empty()
                                  : shared_.gids.find(to.dgid, to.vlan, to.vlan_tci) != nullptr;
}

/// ICRC, which is looked at last: IBA annex A17.
bool RdmaBlock::right(const fabric::Frame& frame, const Packet& packet) {
    if (icrc_right(frame, packet)) [[likely]] {
        return true;
    }
    ++counters_.rx_icrc_errors;
    return false;
}

void RdmaBlock::receive(const fabric::Frame& frame, std::uint64_t now_ns) {
    shared_.now_ns = std::max(shared_.now_ns, now_ns);
    shared_.shadow = env_.shadow_doorbells();
    Packet packet;
    if (parse(frame, packet) != Fault::none) {
        ++counters_.rx_malformed;
        return;
    }
    ++counters_.rx_packets;
    counters_.rx_bytes += packet.transport_bytes();
    if (packet.congestion()) {
        ++counters_.rx_ecn_marked;
    }
    constexpr std::uint16_t pkey_base = 0x7fff; // IBA 10.9.3: the top bit is membership
    if ((packet.headers.bth.pkey & pkey_base) != (MO_RDMA_PKEY & pkey_base)) {
        ++counters_.rx_pkey_errors;
        return;
    }
    if (packet.route.dgid.is_multicast()) {
        receive_multicast(frame, packet);
        return;
    }
    if (packet.op->transport == Transport::cnp) {
        receive_cnp(frame, packet);
    } else {
        receive_unicast(frame, packet);
    }
}

/// A packet for a connected QP came from its peer, to the address that the QP has; else it is
/// counted.
bool RdmaBlock::from_peer(Qp& qp, const Packet& packet) {
    const Route& path = qp.path.route;
    if (qp.refresh_path(shared_.gids) && packet.route.sgid == path.dgid &&
        packet.route.dgid == path.sgid &&
        same_vlan(packet.route.vlan, packet.route.vlan_tci, path.vlan, path.vlan_tci)) [[likely]] {
        return true;
    }
    ++counters_.rx_wrong_source;
    return false;
}

void RdmaBlock::receive_unicast(const fabric::Frame& frame, const Packet& packet) {
    Qp* const qp = find_addressed(packet.headers.bth.dest_qp);
    const bool request = packet.op->request();
    if (qp == nullptr || qp->policy.packets != packet.op->transport ||
        !(request ? receives(qp->state) : sends(qp->state))) {
        ++counters_.rx_no_qp;
        return;
    }
    if ((qp->policy.connected && !from_peer(*qp, packet)) || !right(frame, packet)) {
        return;
    }
    if (!qp->policy.acknowledged) {
        datagrams_.receive(*qp, frame, packet);
        return;
    }
    if (packet.congestion()) {
        responder_.congested(*qp);
    }
    if (request) {
        responder_.receive(*qp, frame, packet);
    } else {
        completer_.receive(*qp, frame, packet);
    }
}

void RdmaBlock::receive_cnp(const fabric::Frame& frame, const Packet& packet) {
    Qp* const qp = find_addressed(packet.headers.bth.dest_qp);
    if (qp == nullptr || !qp->policy.connected || !receives(qp->state)) {
        ++counters_.rx_no_qp;
        return;
    }
    if (from_peer(*qp, packet) && right(frame, packet) && cnp_valid(packet)) {
        ++counters_.rx_cnp;
    }
}

/// IBA 10.5.2.1: to all QPs that are attached to the group.
void RdmaBlock::receive_multicast(const fabric::Frame& frame, const Packet& packet) {
    constexpr std::uint32_t multicast_qp = 0xffffff;
    if (packet.op->transport != Transport::ud || packet.headers.bth.dest_qp != multicast_qp) {
        ++counters_.rx_malformed;
        return;
    }
    if (!right(frame, packet)) {
        return;
    }
    ++counters_.rx_multicast;
    const auto members = mcast_.members(packet.route.dgid);
    if (members.size() <= GroupDelivery::few && deliveries_.empty()) {
        give(members, frame, packet);
    } else if (!deliveries_.add(frame, packet.route.dgid, members)) {
        counters_.rx_mcast_overflow += members.size();
    }
}

void RdmaBlock::give(std::span<const std::uint32_t> members, const fabric::Frame& frame,
                     const Packet& packet) {
    for (const std::uint32_t number : members) {
        Qp* const qp = find(number);
        if (qp != nullptr && receives(qp->state)) {
            datagrams_.receive(*qp, frame, packet);
        }
    }
}

/// Gives at most `budget` members of groups what waits for them. Returns how many it were.
unsigned RdmaBlock::deliver(unsigned budget) {
    return deliveries_.poll(
        budget, [this](const fabric::Frame& frame, std::span<const std::uint32_t> members) {
            Packet packet;
            if (parse(frame, packet) == Fault::none) { // as it was when it came
                give(members, frame, packet);
            }
        });
}

} // namespace mo::nic::rdma
