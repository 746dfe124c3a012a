// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/rdma_block.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace mo::nic::rdma {

namespace {

/// Packets of one QP before the next one has its turn.
constexpr unsigned turn_budget = 16;
/// A QP with shadow doorbells is looked at so many rounds in vain before it has to ring again.
constexpr unsigned idle_rounds_limit = 4096;
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
    woken_ = true;
    qp.idle_rounds = 0;
    if (!qp.active) {
        qp.active = true;
        active_.push_back(&qp);
    }
}

void RdmaBlock::wake(Qp& qp, std::uint64_t at_ns) {
    timers_.set(qp, at_ns);
}

bool RdmaBlock::poll(std::uint64_t now_ns, unsigned budget) {
    if (!env_.working()) {
        return false; // nothing is begun that could not be ended
    }
    shared_.now_ns = now_ns;
    shared_.shadow = env_.shadow_doorbells();
    timers_.expire(
        now_ns, [this](std::uint32_t number) { return find(number); },
        [this](Qp& qp) { activate(qp); });
    bool worked = std::exchange(woken_, false);
    for (Qp* const qp : active_) {
        worked = look(*qp) || worked;
    }
    // Turns of a few packets each, until nobody has any or the budget is used up.
    for (bool progress = true; progress && budget != 0;) {
        progress = false;
        for (std::size_t turn = 0; turn < active_.size() && budget != 0; ++turn) {
            next_active_ = next_active_ + 1 < active_.size() ? next_active_ + 1 : 0;
            Qp& qp = *active_[next_active_];
            const unsigned share = std::min(budget, turn_budget);
            unsigned left = share;
            if (service(qp, left)) {
                progress = true;
                qp.idle_rounds = 0;
                left = std::min(left, share - 1); // a turn has its price, whatever was done
            }
            budget -= share - left;
        }
        worked = worked || progress;
    }
    drop_resting();
    return worked;
}

/// Takes those out that need not be polled; the next turn stays that of the same QP.
void RdmaBlock::drop_resting() {
    std::size_t kept = 0;
    std::size_t served = next_active_ + 1; // those up to the last one that had a turn
    for (std::size_t i = 0; i < active_.size(); ++i) {
        Qp& qp = *active_[i];
        ++qp.idle_rounds;
        qp.active = !rest(qp);
        if (qp.active) {
            active_[kept++] = &qp;
        } else if (i <= next_active_) {
            --served;
        }
    }
    active_.resize(kept);
    next_active_ = served != 0 ? served - 1 : kept; // behind the last one: the first is next
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

/// True: the QP need not be polled until something comes.
bool RdmaBlock::rest(Qp& qp) {
    if (busy(qp)) {
        return false;
    }
    if (!shared_.shadow || !works_off(qp)) {
        return true;
    }
    if (qp.idle_rounds < idle_rounds_limit) {
        return false;
    }
    // driver/hw/db.h: event index, full barrier, one more look.
    publish(qp);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return !look(qp) && !busy(qp);
}

/// Event indexes, so that the next entry rings.
void RdmaBlock::publish(Qp& qp) {
    if (!works_off(qp)) {
        return;
    }
    auto& dma = shared_.memory.section();
    if (!qp.sq.store_event(dma, qp.sq.tail())) {
        fail(qp, qp.sq.last_fault());
    }
    if (qp.state == hw::MO_QPS_ERR && !qp.rq.store_event(dma, qp.rq.tail())) {
        fail(qp, qp.rq.last_fault());
    }
}

void RdmaBlock::publish_events() {
    if (!env_.shadow_doorbells()) {
        return;
    }
    shared_.shadow = true;
    for (Qp* const qp : active_) {
        publish(*qp);
    }
}

bool RdmaBlock::work_arrived() {
    if (!env_.working()) {
        return false;
    }
    bool work = woken_;
    for (Qp* const qp : active_) {
        // Also what a budget has left over, of which nobody else would remind the engine.
        work = look(*qp) || busy(*qp) || work;
    }
    return work;
}

std::uint64_t RdmaBlock::next_deadline_ns() const {
    if (!env_.working()) {
        return never_ns; // poll() would do nothing: nobody has to come for that
    }
    return woken_ ? 0 : timers_.next_ns();
}

void RdmaBlock::stalled(std::uint64_t gap_ns) {
    // Answers may lie unread: the time in which nobody could read them does not count.
    for (const auto& qp : qps_) {
        if (qp != nullptr && qp->send.deadline_ns != never_ns) {
            qp->send.deadline_ns = rebased(qp->send.deadline_ns, gap_ns);
            timers_.set(*qp, qp->send.deadline_ns);
        }
    }
}

void RdmaBlock::forget(Qp& qp) {
    mcast_.forget(qp.number());
    std::erase(active_, &qp);
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
    std::erase(active_, &qp);
    qp.active = false;
    timers_.set(qp, never_ns);
    env_.forget_events(qp.number());
    if (shared_.shadow) {
        auto& dma = shared_.memory.section();
        if (!qp.sq.store_event(dma, 0) || !qp.rq.store_event(dma, never_ring)) {
            report(qp, qp.sq.last_fault());
        }
    }
}

void RdmaBlock::reset() {
    active_.clear();
    next_active_ = 0;
    woken_ = false;
    timers_.clear();
    for (auto& qp : qps_) {
        qp.reset();
    }
    std::ranges::fill(by_rq_, nullptr);
    gsi_ = nullptr;
    qp_count_ = 0;
    mcast_.clear();
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
