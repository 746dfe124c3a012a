// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/rdma_block.hpp"

#include <algorithm>
#include <atomic>

namespace mo::nic::rdma {

namespace {

/// Packets of one QP before the next one has its turn.
constexpr unsigned turn_budget = 16;

Qp& qp_of(Scheduled& each) noexcept {
    return static_cast<Qp&>(each);
}

/// The states in which a QP's entries are worked off or flushed.
bool works_off(const Qp& qp) noexcept {
    return qp.state == hw::MO_QPS_RTS || qp.state == hw::MO_QPS_SQD || qp.state == hw::MO_QPS_SQE ||
           qp.state == hw::MO_QPS_ERR;
}

} // namespace

RdmaBlock::RdmaBlock(QueueEnv& env, Mac& mac, Making making, const RdmaLimits& limits)
    : env_(env), mac_(mac), limits_(limits), making_(making), shared_(env.dma(), counters_),
      completer_(*this, shared_), requester_(*this, shared_, completer_),
      responder_(*this, shared_), datagrams_(*this, shared_), qps_(ObjectTable::capacity),
      by_rq_(ObjectTable::capacity) {
    mac_.attach_roce(this);
}

RdmaBlock::~RdmaBlock() {
    mac_.attach_roce(nullptr);
}

void RdmaBlock::doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint32_t index) {
    shared_.shadow = env_.shadow_doorbells();
    Qp* const qp = kind == hw::MO_DB_SQ ? find(object) : find_by_rq(object);
    if (qp == nullptr || qp->state == hw::MO_QPS_RESET) {
        return;
    }
    if (!shared_.shadow) {
        WorkQueue& queue = kind == hw::MO_DB_SQ ? qp->sq : qp->rq;
        if (queue.doorbell(index) == WorkQueue::Look::bad) {
            fail(*qp, hw::MO_QPE_TAIL);
        }
    }
    if (kind == hw::MO_DB_SQ || qp->state == hw::MO_QPS_ERR) {
        activate(*qp);
    }
}

void RdmaBlock::activate(Qp& qp) {
    scheduler_.call(qp);
}

void RdmaBlock::wake(Qp& qp, std::uint64_t at_ns) {
    scheduler_.wake(qp, at_ns);
}

bool RdmaBlock::poll(std::uint64_t now_ns, unsigned budget) {
    if (!env_.working()) {
        return false; // nothing is begun that could not be ended
    }
    shared_.now_ns = now_ns;
    shared_.shadow = env_.shadow_doorbells();
    scheduler_.begin_round(now_ns);
    scheduler_.watch([this](Scheduled& each) { return look(qp_of(each)); },
                     [this](Scheduled& each, bool idle) { return rest(qp_of(each), idle); });
    const unsigned delivered = deliver(std::min(budget, turn_budget));
    budget -= delivered;
    bool worked = delivered != 0 || scheduler_.ready() != 0;
    // Turns of a few packets each, until nobody has more to do, or can do it, or the budget is used
    // up.
    for (std::size_t stuck = 0; budget != 0 && stuck < scheduler_.ready();) {
        Qp& qp = qp_of(scheduler_.begin_turn());
        if (scheduler_.first_look(qp)) {
            (void)look(qp); // who has answers to send may have got requests as well
        }
        const unsigned share = std::min(budget, turn_budget);
        unsigned left = share;
        const bool progress = service(qp, left);
        if (progress) {
            worked = true;
            left = std::min(left, share - 1); // a turn has its price, whatever was done
        }
        budget -= share - left;
        scheduler_.end_turn(qp, progress, busy(qp), shared_.shadow && works_off(qp));
        stuck = progress ? 0 : stuck + (qp.ready() ? 1U : 0U);
    }
    return deliver(budget) != 0 || worked;
}

/// What one QP does in its turn; true: something.
bool RdmaBlock::service(Qp& qp, unsigned& budget) {
    bool worked = false;
    if (qp.state == hw::MO_QPS_ERR || qp.state == hw::MO_QPS_SQE) {
        worked = flush(qp, budget);
    }
    if (qp.policy.acknowledged) {
        worked = serve_both_ways(qp, budget) || worked;
        if (qp.state == hw::MO_QPS_SQD) {
            completer_.settle(qp); // there may have been nothing to drain
        }
    } else {
        worked = datagrams_.poll(qp, budget) || worked;
    }
    return worked;
}

/// Answers to the peer and own requests: each has its half of a turn, so that neither waits for the
/// end of the other, and what one leaves the other takes.
bool RdmaBlock::serve_both_ways(Qp& qp, unsigned& budget) {
    unsigned answers = budget;
    if (requester_.ready(qp)) {
        answers = budget / 2;
        if (budget % 2 != 0 && Responder::ready(qp)) {
            qp.answers_next = !qp.answers_next;
            answers += qp.answers_next ? 1U : 0U;
        }
    }
    unsigned left = answers;
    bool worked = responder_.poll(qp, left);
    budget -= answers - left;
    if (sends(qp.state)) {
        worked = requester_.poll(qp, budget) || worked;
    }
    return responder_.poll(qp, budget) || worked;
}

/// Reads the tails of a QP's queues (shadow doorbells); true: there are new entries.
bool RdmaBlock::look(Qp& qp) {
    if (!shared_.shadow || !works_off(qp)) {
        return false;
    }
    bool moved = look(qp, qp.sq);
    if (qp.state == hw::MO_QPS_ERR) {
        moved = look(qp, qp.rq) || moved;
    }
    return moved;
}

bool RdmaBlock::look(Qp& qp, WorkQueue& queue) {
    switch (queue.refresh(shared_.memory.section())) {
    case WorkQueue::Look::moved:
        env_.counters().shadow_tails.add();
        return true;
    case WorkQueue::Look::bad:
        fail(qp, hw::MO_QPE_TAIL);
        return false;
    case WorkQueue::Look::fault:
        fail(qp, queue.last_fault());
        return false;
    default:
        return false;
    }
}

/// There is something that poll() could do for the QP now.
bool RdmaBlock::busy(const Qp& qp) const noexcept {
    if (qp.state == hw::MO_QPS_ERR) {
        return qp.sq.posted() != 0 || qp.rq.posted() != 0;
    }
    if (qp.state == hw::MO_QPS_SQE) {
        return qp.sq.posted() != 0;
    }
    return qp.policy.acknowledged ? Responder::ready(qp) || requester_.ready(qp)
                                  : Datagrams::ready(qp);
}

/// Whoever posts the next entry to the QP rings.
bool RdmaBlock::armed(const Qp& qp) const noexcept {
    return !shared_.shadow || !works_off(qp) ||
           (qp.sq.armed() && (qp.state != hw::MO_QPS_ERR || qp.rq.armed()));
}

/// True: the QP need not be watched, for its host rings. `idle`: see to that.
bool RdmaBlock::rest(Qp& qp, bool idle) {
    if (armed(qp)) {
        return true;
    }
    if (!idle) {
        return false;
    }
    // driver/hw/db.h: event index, full barrier, one more look.
    publish(qp);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (look(qp)) {
        scheduler_.call(qp);
    }
    return armed(qp) && !qp.ready();
}

/// Event indexes, so that the next entry rings.
void RdmaBlock::publish(Qp& qp) {
    if (!works_off(qp)) {
        return;
    }
    auto& dma = shared_.memory.section();
    if (!qp.sq.armed() && !qp.sq.store_event(dma, qp.sq.tail())) {
        fail(qp, qp.sq.last_fault());
    }
    if (qp.state == hw::MO_QPS_ERR && !qp.rq.armed() && !qp.rq.store_event(dma, qp.rq.tail())) {
        fail(qp, qp.rq.last_fault());
    }
}

void RdmaBlock::publish_events() {
    if (!env_.shadow_doorbells()) {
        return;
    }
    shared_.shadow = true;
    scheduler_.for_each_active([this](Scheduled& each) { publish(qp_of(each)); });
}

bool RdmaBlock::work_arrived() {
    if (!env_.working()) {
        return false;
    }
    scheduler_.watch_all([this](Scheduled& each) { return look(qp_of(each)); },
                         [this](Scheduled& each) { return rest(qp_of(each), false); });
    // Also what a budget has left over, of which nobody else would remind the engine.
    return scheduler_.ready() != 0 || !deliveries_.empty();
}

std::uint64_t RdmaBlock::next_deadline_ns() const {
    if (!env_.working()) {
        return never_ns; // poll() would do nothing: nobody has to come for that
    }
    return scheduler_.next_ns();
}

void RdmaBlock::stalled(std::uint64_t gap_ns) {
    // Answers may lie unread: the time in which nobody could read them does not count.
    scheduler_.for_each([&](Scheduled& each) {
        Qp& qp = qp_of(each);
        if (qp.send.deadline_ns != never_ns) {
            qp.send.deadline_ns = rebased(qp.send.deadline_ns, gap_ns);
            scheduler_.wake(qp, qp.send.deadline_ns);
        }
    });
}

void RdmaBlock::forget(Qp& qp) {
    mcast_.forget(qp.number());
    scheduler_.remove(qp);
    if (gsi_ == &qp) {
        gsi_ = nullptr;
    }
    if (qp.rq.exists()) {
        by_rq_[ObjectTable::index(qp.config.rq_object)] = nullptr;
    }
    --qp_count_;
    qps_[ObjectTable::index(qp.number())].reset();
}

/// The QP is as after its creation: nothing of it is polled, and its first entry rings.
void RdmaBlock::restart(Qp& qp) {
    scheduler_.rest(qp);
    env_.forget_events(qp.number());
    if (shared_.shadow) {
        auto& dma = shared_.memory.section();
        if (!qp.sq.store_event(dma, 0) || !qp.rq.store_event(dma, never_ring)) {
            report(qp, qp.sq.last_fault());
        }
    }
}

void RdmaBlock::reset() {
    for (auto& qp : qps_) {
        if (qp != nullptr) {
            scheduler_.remove(*qp);
            qp.reset();
        }
    }
    std::ranges::fill(by_rq_, nullptr);
    gsi_ = nullptr;
    qp_count_ = 0;
    mcast_.clear();
    deliveries_.clear();
    shared_.gids.clear();
    shared_.keys.clear();
    counters_ = {};
}

void RdmaBlock::port_changed(std::uint8_t /*number*/, std::uint64_t /*now_ns*/) {
    // Packets are lost while the gate is closed, as on any wire; timers repeat them.
}

void RdmaBlock::dma_unmapping(std::uint64_t /*iova*/, std::uint64_t /*size*/) {
    // Borrowed memory is given back inside the call that lent it: nothing refers to it here.
}

void RdmaBlock::identify(hw::mo_identify& /*out*/) const {}

void RdmaBlock::read_stats(std::uint8_t /*port*/, hw::mo_port_stats& /*out*/) const {}

void RdmaBlock::read_rdma_stats(std::uint8_t port, hw::mo_rdma_stats& out) const {
    if (port != mac_.number()) {
        return;
    }
#define X(name, text) out.name = counters_.name;
    MO_RDMA_COUNTERS(X)
#undef X
}

} // namespace mo::nic::rdma
