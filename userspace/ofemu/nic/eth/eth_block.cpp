// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/eth_block.hpp"

#include <algorithm>
#include <atomic>

#include "fabric/checksum.hpp"

namespace mo::nic::eth {

namespace {

/// Packets of one queue before the next one has its turn.
constexpr unsigned turn_budget = 16;
/// A queue with shadow doorbells is looked at so many rounds in vain before it has to ring again.
constexpr unsigned idle_rounds_limit = 4096;

} // namespace

EthBlock::EthBlock(QueueEnv& env, Mac& mac, const EthLimits& limits)
    : env_(env), mac_(mac), limits_(limits), receiver_(*this, mac) {
    mac_.attach_ethernet(this);
}

EthBlock::~EthBlock() {
    mac_.attach_ethernet(nullptr);
}

void EthBlock::doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint32_t index) {
    if (kind == hw::MO_DB_SQ) {
        if (TxQueue* const queue = tx_queues_.find(object)) {
            if (!env_.shadow_doorbells()) {
                queue->doorbell(index);
            }
            activate(*queue);
        }
    } else if (kind == hw::MO_DB_RQ) {
        RxQueue* const queue = rx_queues_.find(object);
        if (queue != nullptr && !env_.shadow_doorbells()) {
            queue->doorbell(index);
        }
    }
}

void EthBlock::activate(TxQueue& queue) {
    queue.idle_rounds = 0;
    if (!queue.active) {
        queue.active = true;
        active_.push_back(&queue);
    }
}

bool EthBlock::poll(std::uint64_t now_ns, unsigned budget) {
    if (!env_.working()) {
        return false; // nothing is begun that could not be ended
    }
    bool worked = false;
    // Turns of a few packets each, until nobody has any or the budget is used up.
    for (bool progress = true; progress && budget != 0;) {
        progress = poll_active(now_ns, budget);
        worked = worked || progress;
    }
    std::erase_if(active_, [this](TxQueue* queue) {
        queue->active = !rest(*queue);
        return !queue->active;
    });
    return worked;
}

/// One turn for each active queue; true if one of them worked.
bool EthBlock::poll_active(std::uint64_t now_ns, unsigned& budget) {
    bool worked = false;
    for (std::size_t turn = 0; turn < active_.size() && budget != 0; ++turn) {
        next_active_ = next_active_ + 1 < active_.size() ? next_active_ + 1 : 0;
        TxQueue& queue = *active_[next_active_];
        const unsigned share = std::min(budget, turn_budget);
        unsigned left = share;
        if (queue.poll(*this, packet_, now_ns, left)) {
            worked = true;
            queue.idle_rounds = 0;
        } else {
            ++queue.idle_rounds;
        }
        budget -= share - left;
    }
    return worked;
}

/// True: the queue need not be polled until its doorbell rings.
bool EthBlock::rest(TxQueue& queue) {
    if (!queue.working()) {
        return true;
    }
    if (queue.available() != 0) {
        return false;
    }
    if (!env_.shadow_doorbells()) {
        return true;
    }
    if (queue.idle_rounds < idle_rounds_limit) {
        return false;
    }
    // driver/hw/db.h: event index, full barrier, one more look.
    queue.store_event(queue.tail());
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return !queue.refresh_tail();
}

void EthBlock::publish_events() {
    if (!env_.shadow_doorbells()) {
        return;
    }
    for (TxQueue* const queue : active_) {
        queue->store_event(queue->tail());
    }
}

bool EthBlock::work_arrived() {
    bool work = !touched_.empty();
    for (TxQueue* const queue : active_) {
        work = queue->refresh_tail() || (queue->working() && queue->available() != 0) || work;
    }
    return work;
}

std::uint64_t EthBlock::next_deadline_ns() const {
    return touched_.empty() ? fabric::no_deadline : 0;
}

/// Completes what coalescing has left open.
void EthBlock::close_packets() {
    for (RxQueue* const queue : touched_) {
        queue->gro.close(*queue, mac_.counters);
        queue->touched = false;
    }
    touched_.clear();
}

void EthBlock::touch(RxQueue& queue) {
    if (!queue.touched) {
        queue.touched = true;
        touched_.push_back(&queue);
    }
}

RxQueue* EthBlock::rx_queue(std::uint32_t index) {
    RxQueue* const queue = rx_queues_.find(rx_map_[index]);
    if (queue == nullptr || !queue->working()) {
        return nullptr;
    }
    touch(*queue);
    return queue;
}

void EthBlock::transmit(const fabric::Frame& frame, std::uint64_t now_ns) {
    mac_.transmit(frame, now_ns);
}

void EthBlock::receive(const fabric::Frame& frame, std::uint64_t now_ns) {
    if (env_.working()) {
        receiver_.receive(frame, now_ns);
    } else {
        mac_.counters.rx_no_queue += frame.wire_packets();
    }
}

void EthBlock::reset() {
    active_.clear();
    touched_.clear();
    next_active_ = 0;
    tx_queues_.clear();
    rx_queues_.clear();
    rx_map_ = {};
    mac_.reset();
    receiver_.addresses = {};
    receiver_.vlans.open();
    receiver_.offload = {};
    receiver_.rss.reset();
}

void EthBlock::port_changed(std::uint8_t number, std::uint64_t /*now_ns*/) {
    if (number == mac_.number()) {
        close_packets();
    }
}

/// Open packets are the only thing that refers to guest memory between rounds.
void EthBlock::dma_unmapping(std::uint64_t /*iova*/, std::uint64_t /*size*/) {
    close_packets();
}

void EthBlock::identify(hw::mo_identify& out) const {
    out.max_txq = limits_.tx_queues;
    out.max_rxq = limits_.rx_queues;
    out.max_mtu = MO_ETH_MAX_MTU;
    out.max_tso = MO_TX_MAX_TSO;
    out.offloads = all_offloads;
    out.max_mac = MO_FILTER_MAX_MAC;
    out.rss_table_max = MO_RSS_TABLE_MAX;
    out.queue_max_log = MO_QUEUE_MAX_LOG;
}

void EthBlock::read_stats(std::uint8_t port, hw::mo_port_stats& out) const {
    if (port != mac_.number()) {
        return;
    }
#define X(name, text) out.name = mac_.counters.name;
    MO_PORT_COUNTERS(X)
#undef X
}

} // namespace mo::nic::eth
