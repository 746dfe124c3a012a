// SPDX-License-Identifier: GPL-2.0-or-later
// RdmaBlock: completions, errors of QPs and what follows from them.
#include "nic/rdma/rdma_block.hpp"

namespace mo::nic::rdma {

namespace {

/// Entries that are flushed at the price of one packet.
constexpr unsigned flushes_per_budget = 8;

/// The fault was found on this side.
bool is_local(std::uint8_t status) noexcept {
    return status == hw::MO_WC_LOC_LEN_ERR || status == hw::MO_WC_LOC_QP_OP_ERR ||
           status == hw::MO_WC_LOC_PROT_ERR || status == hw::MO_WC_MW_BIND_ERR ||
           status == hw::MO_WC_LOC_ACCESS_ERR;
}

} // namespace

bool RdmaBlock::complete(Qp& qp, hw::mo_rdma_cqe cqe) {
    const bool receive = (cqe.opcode & MO_CQE_RECV) != 0;
    cqe.qp = qp.number();
    cqe.index = receive ? qp.recv.entry.index : qp.sq.head();
    cqe.timestamp_ns = shared_.now_ns;
    if (receive) {
        qp.receives.complete(qp.recv.entry);
    } else {
        qp.sq.complete();
    }
    counters_.local_errors += is_local(cqe.status) ? 1U : 0U;
    CompletionQueue& cq = receive ? *qp.config.recv_cq : *qp.config.send_cq;
    // An error is solicited: IBA 11.4.2.2.
    const bool solicited = cqe.status != hw::MO_WC_SUCCESS || (cqe.flags & MO_CQEF_SOLICITED) != 0;
    if (!cq.post(std::as_bytes(std::span<const hw::mo_rdma_cqe, 1>(&cqe, 1)), solicited)) {
        fail(qp, hw::MO_QPE_CQ);
        return false;
    }
    return true;
}

void RdmaBlock::fail(Qp& qp, hw::mo_qp_error why) {
    if (qp.state == hw::MO_QPS_ERR || qp.state == hw::MO_QPS_RESET) {
        return;
    }
    qp.state = hw::MO_QPS_ERR;
    qp.error = why;
    scheduler_.wake(qp, never_ns);
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_QP_ERROR;
    event.port = mac_.number();
    event.code = static_cast<std::uint16_t>(why);
    event.object = qp.number();
    env_.async_event(event);
    activate(qp);
}

void RdmaBlock::fail_send(Qp& qp, hw::mo_qp_error why) {
    if (qp.policy.after_failed_send == hw::MO_QPS_ERR) {
        fail(qp, why);
        return;
    }
    qp.state = qp.policy.after_failed_send; // its owner learns of it by the completion
    qp.error = why;
}

void RdmaBlock::fail(Qp& qp, const pcie::DmaFault& fault) {
    if (fault.reason == pcie::DmaFaultReason::bus_master) {
        return; // the driver switched it off
    }
    if (qp.state != hw::MO_QPS_ERR) {
        env_.dma_fault(qp.number(), fault);
    }
    fail(qp, hw::MO_QPE_DMA);
}

void RdmaBlock::report(Qp& qp, const pcie::DmaFault& fault) {
    env_.dma_fault(qp.number(), fault);
}

void RdmaBlock::raise(Qp& qp, hw::mo_event type) {
    hw::mo_eqe event{};
    event.type = static_cast<std::uint8_t>(type);
    event.port = mac_.number();
    event.object = qp.number();
    env_.async_event(event);
}

/// Completes what is posted as flushed: of both queues in ERR, of the send queue in SQE.
bool RdmaBlock::flush(Qp& qp, unsigned& budget) {
    bool worked = flush_queue(qp, false, budget);
    if (qp.state == hw::MO_QPS_ERR) {
        worked = flush_queue(qp, true, budget) || worked;
    }
    return worked;
}

bool RdmaBlock::flush_queue(Qp& qp, bool receive, unsigned& budget) {
    const WorkQueue& queue = receive ? qp.rq : qp.sq;
    if (queue.posted() == 0 || budget == 0) {
        return false;
    }
    for (unsigned done = 0; queue.posted() != 0 && budget != 0; ++done) {
        if (receive && !qp.recv.entry.valid && !qp.receives.take_unread(qp.recv.entry)) {
            break;
        }
        hw::mo_rdma_cqe cqe{};
        cqe.status = hw::MO_WC_WR_FLUSH_ERR;
        cqe.error = static_cast<std::uint16_t>(qp.error);
        if (receive) {
            cqe.opcode = hw::MO_RECV_SEND;
        } else if (qp.policy.acknowledged &&
                   qp.send.begun - queue.head() - 1 < SendState::max_records) {
            cqe.opcode = static_cast<std::uint8_t>(qp.send.record(queue.head()).opcode);
        }
        ++counters_.flushed;
        (void)complete(qp, cqe); // without its completion queue there is nothing to be told
        budget -= done % flushes_per_budget == 0 ? 1U : 0U;
    }
    return true;
}

} // namespace mo::nic::rdma
