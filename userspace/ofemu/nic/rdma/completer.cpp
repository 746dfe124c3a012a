// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/completer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "nic/rdma/aeth.hpp"

namespace mo::nic::rdma {

namespace {

/// IBA 9.7.6.1.3: the timer fires between its interval and four times as much.
constexpr unsigned max_backoff = 2;

struct Refusal {
    hw::mo_wc status;
    hw::mo_qp_error error;
};

Refusal refusal_of(Nak code) noexcept {
    switch (code) {
    case Nak::remote_access:
        return {hw::MO_WC_REM_ACCESS_ERR, hw::MO_QPE_REMOTE};
    case Nak::remote_operational:
        return {hw::MO_WC_REM_OP_ERR, hw::MO_QPE_REMOTE};
    default:
        return {hw::MO_WC_REM_INV_REQ_ERR, hw::MO_QPE_REMOTE};
    }
}

} // namespace

void Completer::expect_answer(Qp& qp) {
    SendState& send = qp.send;
    if (send.idle()) {
        send.deadline_ns = never_ns;
        host_.wake(qp, never_ns);
        return;
    }
    const std::uint64_t interval = ack_timeout_ns(qp.attr.timeout);
    const unsigned backoff = std::min<unsigned>(send.retries, max_backoff);
    send.deadline_ns = interval >= never_ns >> max_backoff
                           ? never_ns
                           : deadline(shared_.now_ns, interval << backoff);
    host_.wake(qp, send.deadline_ns);
}

void Completer::fail_entry(Qp& qp, std::uint32_t index, hw::mo_wc status, hw::mo_qp_error error,
                           std::uint8_t syndrome) {
    SendRecord& record = qp.send.record(index);
    if (record.status == hw::MO_WC_SUCCESS) {
        record.status = status;
        record.error = error;
        record.syndrome = syndrome;
        qp.send.stopped = true;
    }
    settle(qp);
}

void Completer::settle(Qp& qp) {
    SendState& send = qp.send;
    while (sends(qp.state) && qp.sq.head() != send.begun) {
        const SendRecord& record = send.record(qp.sq.head());
        hw::mo_rdma_cqe cqe{};
        cqe.opcode = static_cast<std::uint8_t>(record.opcode);
        cqe.status = static_cast<std::uint8_t>(record.status);
        if (record.status != hw::MO_WC_SUCCESS) {
            cqe.error = static_cast<std::uint16_t>(record.error);
            cqe.syndrome = record.syndrome;
            const auto error = record.error;
            if (host_.complete(qp, cqe)) {
                host_.fail_send(qp, error);
            }
            return;
        }
        if (record.packets != 0 && !send.outstanding.done_before(record.end_psn())) {
            return;
        }
        if (is_fetch(record.opcode)) {
            --send.fetches;
            cqe.length = record.length;
            host_.activate(qp); // others may wait for their turn
        }
        if ((record.flags & MO_WQEF_SIGNALED) == 0) {
            qp.sq.complete();
        } else if (!host_.complete(qp, cqe)) {
            return;
        }
    }
    if (qp.state == hw::MO_QPS_SQD && qp.sq.head() == send.begun && send.notify) {
        send.notify = false;
        host_.raise(qp, hw::MO_EVENT_SQ_DRAINED);
    }
}

/// Moves the cursor to the entry of the oldest unanswered packet.
void Completer::seek_cursor(Qp& qp) {
    SendState& send = qp.send;
    std::uint32_t index = qp.sq.head();
    while (index != send.begun && (send.record(index).packets == 0 ||
                                   send.outstanding.done_before(send.record(index).end_psn()))) {
        ++index;
    }
    send.cursor = index;
    send.cursor_psn = send.una();
    send.read_extra = 0;
}

/// Something new is answered: all before `una`.
void Completer::progress(Qp& qp, std::uint32_t una) {
    SendState& send = qp.send;
    const bool overtaken = psn_before(send.cursor_psn, una);
    send.outstanding.pass_to(una);
    send.retries = 0;
    send.rnr_retries = 0;
    send.rnr_until_ns = 0;
    send.went_back = false;
    if (overtaken) {
        // Answered though it has not been sent again yet: nothing had been lost.
        shared_.counters.retransmits_spurious += send.resent;
        send.resent = 0;
        seek_cursor(qp);
    } else if (send.idle()) {
        send.suspect = std::exchange(send.resent, 0);
    }
    expect_answer(qp);
    host_.activate(qp);
}

/// All packets before `target` have arrived. True: so have the responses of READs and atomics
/// among them, which then were lost on their way.
bool Completer::answer(Qp& qp, std::uint32_t target) {
    SendState& send = qp.send;
    std::uint32_t una = send.una();
    bool held = false;
    for (std::uint32_t index = qp.sq.head(); index != send.begun; ++index) {
        const SendRecord& record = send.record(index);
        if (record.packets == 0) {
            continue;
        }
        if (!psn_before(record.first_psn, target)) {
            break;
        }
        if (is_fetch(record.opcode)) {
            held = psn_before(una, target); // una is in its range
            break;
        }
        const std::uint32_t end = record.end_psn();
        if (psn_before(target, end)) {
            una = psn_before(una, target) ? target : una;
            break;
        }
        una = end;
    }
    if (una != send.una()) {
        progress(qp, una);
    }
    settle(qp);
    return held;
}

/// A packet or its answer was lost: sends again, once for each oldest unanswered packet.
void Completer::lost(Qp& qp) {
    SendState& send = qp.send;
    if (!sends(qp.state) || send.went_back || send.idle()) {
        return;
    }
    if (send.retries >= qp.attr.retry_cnt) {
        ++shared_.counters.retry_exceeded;
        fail_entry(qp, qp.sq.head(), hw::MO_WC_RETRY_EXC_ERR, hw::MO_QPE_RETRY);
        return;
    }
    ++send.retries;
    send.went_back = true;
    send.resent = send.suspect = 0;
    send.go_back(qp.sq.head());
    send.deadline_ns = never_ns; // until it is sent
    host_.activate(qp);
}

void Completer::timeout(Qp& qp) {
    SendState& send = qp.send;
    ++shared_.counters.timeouts;
    send.deadline_ns = never_ns;
    send.went_back = false;
    lost(qp);
}

void Completer::receive(Qp& qp, const fabric::Frame& frame, const Packet& packet) {
    switch (packet.op->operation) {
    case Operation::acknowledge:
        acknowledge(qp, packet);
        break;
    case Operation::read_response:
        read_response(qp, frame, packet);
        break;
    case Operation::atomic_acknowledge:
        atomic_response(qp, packet);
        break;
    default:
        break;
    }
}

void Completer::acknowledge(Qp& qp, const Packet& packet) {
    SendState& send = qp.send;
    RdmaCounters& counters = shared_.counters;
    const std::uint32_t psn = packet.headers.bth.psn;
    const std::uint8_t syndrome = packet.headers.aeth.syndrome;
    // An answer to what was never sent, or has been answered long ago: IBA 9.7.5.1.1 drops it.
    const auto place = send.outstanding.place_of(psn);
    if (place == PsnWindow::Place::beyond) {
        ++counters.rx_malformed;
        return;
    }
    switch (kind_of(syndrome)) {
    case Syndrome::ack:
        ++counters.rx_ack;
        if (place == PsnWindow::Place::before) {
            // A second answer: what was repeated last had not been lost.
            counters.retransmits_spurious += std::exchange(send.suspect, 0);
        } else if (answer(qp, psn_next(psn))) {
            lost(qp);
        }
        break;
    case Syndrome::rnr_nak:
        ++counters.rx_rnr_nak;
        if (place != PsnWindow::Place::before) {
            not_ready(qp, psn, rnr_timer_of(syndrome));
        }
        break;
    case Syndrome::nak:
        ++(nak_of(syndrome) == Nak::psn_sequence ? counters.rx_nak_seq : counters.rx_nak_err);
        if (place != PsnWindow::Place::before) {
            negative(qp, psn, nak_of(syndrome), syndrome);
        }
        break;
    case Syndrome::reserved:
        ++counters.rx_malformed;
        break;
    }
}

void Completer::not_ready(Qp& qp, std::uint32_t psn, std::uint8_t timer) {
    SendState& send = qp.send;
    if (answer(qp, psn)) {
        lost(qp);
        return;
    }
    if (!sends(qp.state) || send.una() != psn || send.idle() ||
        shared_.now_ns < send.rnr_until_ns) {
        return;
    }
    if (qp.attr.rnr_retry != rnr_retry_for_ever && send.rnr_retries >= qp.attr.rnr_retry) {
        ++shared_.counters.rnr_exceeded;
        fail_entry(qp, qp.sq.head(), hw::MO_WC_RNR_RETRY_EXC_ERR, hw::MO_QPE_RNR,
                   syndrome_of_rnr(timer));
        return;
    }
    ++send.rnr_retries;
    send.go_back(qp.sq.head());
    send.deadline_ns = never_ns;
    send.rnr_until_ns = deadline(shared_.now_ns, rnr_timer_ns(timer));
    host_.wake(qp, send.rnr_until_ns);
}

void Completer::negative(Qp& qp, std::uint32_t psn, Nak code, std::uint8_t syndrome) {
    SendState& send = qp.send;
    const bool held = answer(qp, psn);
    if (!sends(qp.state)) {
        return;
    }
    if (held && code == Nak::psn_sequence) {
        lost(qp);
        return;
    }
    if (code == Nak::psn_sequence) {
        if (send.una() == psn) {
            lost(qp);
        }
        return;
    }
    // The entry of this number, which is the oldest but for READs whose data were lost.
    for (std::uint32_t index = qp.sq.head(); index != send.begun; ++index) {
        const SendRecord& record = send.record(index);
        if (record.packets == 0 || !psn_before(psn, record.end_psn())) {
            continue;
        }
        if (index != qp.sq.head()) {
            lost(qp); // its turn comes when they are there
            return;
        }
        const Refusal refusal = refusal_of(code);
        fail_entry(qp, index, refusal.status, refusal.error, syndrome);
        return;
    }
}

SendRecord* Completer::expected(Qp& qp, std::uint32_t psn, std::uint32_t& index) {
    SendState& send = qp.send;
    switch (send.outstanding.place_of(psn)) {
    case PsnWindow::Place::beyond:
        ++shared_.counters.rx_malformed;
        return nullptr;
    case PsnWindow::Place::before:
        return nullptr; // of a request that was repeated though its answer was on the way
    default:
        break;
    }
    // It answers all before it, too.
    const bool held = answer(qp, psn);
    if (!sends(qp.state)) {
        return nullptr;
    }
    if (held || psn != send.una()) {
        // Held up by a READ. In its range that is what an earlier response that was lost leaves.
        if (held) {
            lost(qp);
        }
        return nullptr;
    }
    index = qp.sq.head();
    while (index != send.begun && send.record(index).packets == 0) {
        ++index;
    }
    if (index == send.begun || !is_fetch(send.record(index).opcode)) {
        ++shared_.counters.rx_malformed;
        return nullptr;
    }
    return &send.record(index);
}

bool Completer::reload(Qp& qp, std::uint32_t index, Wqe& out) {
    std::array<std::byte, std::size_t{1} << MO_RDMA_STRIDE_MAX_LOG> raw;
    const auto entry = std::span(raw).first(qp.sq.stride());
    if (!qp.sq.fetch(shared_.memory.section(), index, entry)) {
        host_.fail(qp, qp.sq.last_fault());
        return false;
    }
    const SendRecord& record = qp.send.record(index);
    if (decode_send(entry, qp.policy, qp.config.kernel, out) != WqeFault::none ||
        out.opcode != record.opcode || out.length != record.length) {
        fail_entry(qp, index, hw::MO_WC_LOC_QP_OP_ERR, hw::MO_QPE_WQE);
        return false;
    }
    return true;
}

void Completer::read_response(Qp& qp, const fabric::Frame& frame, const Packet& packet) {
    SendState& send = qp.send;
    const std::uint32_t psn = packet.headers.bth.psn;
    std::uint32_t index = 0;
    const SendRecord* const record = expected(qp, psn, index);
    if (record == nullptr) {
        return;
    }
    const std::uint32_t number = psn_offset(psn, record->first_psn);
    const bool last = number + 1 == record->packets;
    const std::uint32_t offset = number * qp.mtu();
    const std::uint32_t length = std::min(qp.mtu(), record->length - offset);
    if (record->opcode != hw::MO_WR_READ || packet.op->ends() != last ||
        packet.payload_bytes != length) {
        fail_entry(qp, index, hw::MO_WC_BAD_RESP_ERR, hw::MO_QPE_RESPONSE);
        return;
    }
    if (!send.fetch_valid || send.fetch_index != index) {
        send.fetch_valid = false;
        if (!reload(qp, index, send.fetch_wqe)) {
            return;
        }
        send.fetch_valid = true;
        send.fetch_index = index;
        send.fetch_place = {};
    }
    SpanList target;
    const auto fault = shared_.memory.resolve(send.fetch_wqe, qp.user(), MO_ACCESS_LOCAL_WRITE,
                                              offset, length, send.fetch_place, target);
    if (fault != MemoryFault::none) {
        if (fault == MemoryFault::dma) {
            host_.report(qp, shared_.memory.last_fault());
        }
        fail_entry(qp, index, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
        return;
    }
    shared_.memory.copy(packet.payload(frame), target);
    send.read_extra -= !last && send.read_extra != 0 ? 1U : 0U;
    progress(qp, psn_next(psn));
    if (last) {
        send.fetch_valid = false;
        settle(qp);
    }
}

void Completer::atomic_response(Qp& qp, const Packet& packet) {
    SendState& send = qp.send;
    std::uint32_t index = 0;
    const SendRecord* const record = expected(qp, packet.headers.bth.psn, index);
    if (record == nullptr) {
        return;
    }
    if (!is_atomic(record->opcode)) {
        fail_entry(qp, index, hw::MO_WC_BAD_RESP_ERR, hw::MO_QPE_RESPONSE);
        return;
    }
    send.fetch_valid = false;
    if (!reload(qp, index, send.fetch_wqe)) {
        return;
    }
    const hw::__le64 value(packet.headers.atomic_result);
    const auto bytes = std::as_bytes(std::span(&value, 1));
    SgCursor place;
    SpanList target;
    const auto fault =
        shared_.memory.resolve(send.fetch_wqe, qp.user(), MO_ACCESS_LOCAL_WRITE, 0,
                               static_cast<std::uint32_t>(bytes.size()), place, target);
    if (fault != MemoryFault::none) {
        if (fault == MemoryFault::dma) {
            host_.report(qp, shared_.memory.last_fault());
        }
        fail_entry(qp, index, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
        return;
    }
    shared_.memory.copy(fabric::PieceCursor({}, bytes), target);
    progress(qp, psn_next(packet.headers.bth.psn));
    settle(qp);
}

} // namespace mo::nic::rdma
