// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/tx_queue.hpp"

#include <algorithm>
#include <array>

namespace mo::nic::eth {

namespace {

constexpr std::uint32_t bytes_per_budget = 16384;

} // namespace

bool TxQueue::poll(Transmitter& out, TxPacket& scratch, std::uint64_t now_ns, unsigned& budget) {
    refresh_tail();
    const std::uint32_t first = head();
    while (budget != 0 && working() && available() != 0) {
        if (!send_one(out, scratch, now_ns, budget)) {
            return true;
        }
    }
    if (head() != first) {
        env().counters().tx_descriptors.add(head() - first);
    }
    return head() != first;
}

/// False: the queue has stopped.
bool TxQueue::send_one(Transmitter& out, TxPacket& scratch, std::uint64_t now_ns,
                       unsigned& budget) {
    const auto first = fetch(head(), 1);
    if (first.empty()) {
        return false;
    }
    const auto packet = first.front().as<hw::mo_tx_pkt>();
    if (packet.type != MO_TXD_PKT || packet.nseg == 0 || packet.nseg > MO_TX_MAX_SEGS ||
        packet.nseg >= available()) {
        fail({hw::MO_QERR_DESC, std::nullopt}); // nobody knows where the next packet begins
        return false;
    }
    const std::uint32_t flags = packet.flags;
    const bool urgent = (flags & MO_TXF_URGENT) != 0;
    const bool unknown = urgent && (env().features() & hw::MO_F_TX_URGENT) == 0;
    const std::uint32_t count = 1U + packet.nseg;
    const auto descriptors = fetch(head(), count);
    if (descriptors.empty()) {
        return false;
    }
    std::array<hw::mo_tx_seg, MO_TX_MAX_SEGS> segments;
    std::ranges::transform(descriptors.subspan(1), segments.begin(),
                           [](const Descriptor& raw) { return raw.as<hw::mo_tx_seg>(); });
    const TxFault fault = unknown ? TxFault{hw::MO_QERR_DESC, std::nullopt}
                                  : scratch.build(packet, {segments.data(), packet.nseg}, dma());
    if (fault.dma) {
        fail(fault);
        return false;
    }
    const bool refused = fault.why != hw::MO_QERR_NONE;
    if (refused) {
        env().counters().tx_refused.add();
        --budget;
    } else {
        out.transmit(scratch.frame(), now_ns);
        budget -= std::min<unsigned>(budget, 1 + scratch.frame().length / bytes_per_budget);
    }
    consume(count);

    if (!refused && (flags & (MO_TXF_COMPLETE | MO_TXF_TIMESTAMP)) == 0) {
        return true;
    }
    hw::mo_eth_cqe completion{};
    completion.type = refused ? MO_CQE_TX_REFUSED : MO_CQE_TX;
    completion.index = head();
    if (refused) {
        completion.flags = static_cast<std::uint8_t>(fault.why);
    } else if ((flags & MO_TXF_TIMESTAMP) != 0) {
        completion.timestamp_ns = now_ns;
        completion.flags = MO_RXF_TIMESTAMP;
    }
    if (!post(completion)) {
        return false;
    }
    if (urgent && !unknown) {
        cq().hurry();
    }
    return true;
}

/// Completes with an error where the queue cannot go on, then stops.
void TxQueue::fail(const TxFault& fault) {
    hw::mo_eth_cqe completion{};
    completion.type = MO_CQE_TX_ERROR;
    completion.index = head();
    completion.flags = static_cast<std::uint8_t>(fault.why);
    if (!post(completion)) {
        return;
    }
    if (fault.dma) {
        stop(*fault.dma);
    } else {
        stop(fault.why);
    }
}

} // namespace mo::nic::eth
