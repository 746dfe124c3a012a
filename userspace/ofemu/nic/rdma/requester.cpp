// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/requester.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "nic/page_list.hpp"

namespace mo::nic::rdma {

namespace {

/// Packets of a long message before one that asks for an ACK.
constexpr std::uint32_t ack_interval = SendState::window / 4;

/// Opcode of a SEND or WRITE packet by its place in the message.
Opcode opcode_of(hw::mo_wr work, bool first, bool last) noexcept {
    if (is_write(work)) {
        if (last && work == hw::MO_WR_WRITE_IMM) {
            return first ? Opcode::rc_write_only_imm : Opcode::rc_write_last_imm;
        }
        return first ? (last ? Opcode::rc_write_only : Opcode::rc_write_first)
                     : (last ? Opcode::rc_write_last : Opcode::rc_write_middle);
    }
    if (last && work == hw::MO_WR_SEND_IMM) {
        return first ? Opcode::rc_send_only_imm : Opcode::rc_send_last_imm;
    }
    if (last && work == hw::MO_WR_SEND_INV) {
        return first ? Opcode::rc_send_only_inv : Opcode::rc_send_last_inv;
    }
    return first ? (last ? Opcode::rc_send_only : Opcode::rc_send_first)
                 : (last ? Opcode::rc_send_last : Opcode::rc_send_middle);
}

} // namespace

bool Requester::ready(const Qp& qp) const noexcept {
    const SendState& send = qp.send;
    if (!sends(qp.state) || shared_.now_ns < send.rnr_until_ns) {
        return false;
    }
    if (send.cursor != send.begun) {
        const SendRecord& record = send.record(send.cursor);
        return record.status == hw::MO_WC_SUCCESS && send.in_flight() < SendState::window;
    }
    return qp.state == hw::MO_QPS_RTS && !send.stopped && !send.blocked &&
           send.begun != qp.sq.tail() && send.in_flight() < SendState::window &&
           send.begun - qp.sq.head() < SendState::max_records;
}

bool Requester::poll(Qp& qp, unsigned& budget) {
    SendState& send = qp.send;
    if (shared_.now_ns >= send.deadline_ns) {
        completer_.timeout(qp);
    }
    send.blocked = false;
    bool worked = false;
    while (budget != 0 && ready(qp)) {
        if (send.cursor == send.begun) {
            const std::uint32_t before = send.begun;
            const bool goes_on = begin(qp);
            worked = worked || send.begun != before;
            if (!goes_on) {
                break;
            }
            budget -= send.cursor == send.begun ? 1U : 0U; // it has been done in here
            continue;
        }
        if (send.record(send.cursor).packets == 0) {
            ++send.cursor; // it has been done in here before: less than the price of a packet
            worked = true;
            continue;
        }
        if (!send_packet(qp)) {
            break; // what its entry or memory lacks does not come in this turn
        }
        worked = true;
        --budget;
    }
    return worked;
}

/// Begins the next entry. False: it has to wait.
bool Requester::begin(Qp& qp) {
    SendState& send = qp.send;
    const std::uint32_t index = send.begun;
    if (!send.wqe_valid || send.wqe_index != index) {
        send.wqe_valid = false;
        std::array<std::byte, std::size_t{1} << MO_RDMA_STRIDE_MAX_LOG> raw;
        const auto entry = std::span(raw).first(qp.sq.stride());
        if (!qp.sq.fetch(shared_.memory.section(), index, entry)) {
            host_.fail(qp, qp.sq.last_fault());
            return false;
        }
        const auto fault = decode_send(entry, qp.policy, qp.config.kernel, send.wqe);
        if (fault != WqeFault::none) {
            SendRecord& record = send.record(index) = {};
            record.first_psn = send.next_psn;
            ++send.begun;
            completer_.fail_entry(qp, index, hw::MO_WC_LOC_QP_OP_ERR, hw::MO_QPE_WQE);
            return false;
        }
        send.wqe_valid = true;
        send.wqe_index = index;
        send.place = {};
    }
    const Wqe& wqe = send.wqe;
    const bool fetch = is_fetch(wqe.opcode);
    const std::uint32_t packets =
        is_local(wqe.opcode) ? 0 : (is_atomic(wqe.opcode) ? 1 : packets_of(wqe.length, qp.mtu()));
    const std::uint32_t span = psn_offset(send.next_psn, send.una()) + packets;
    // What is invalidated may be in use by what was sent and could have to be sent again.
    const bool waits =
        (wqe.has(MO_WQEF_FENCE) && send.fetches != 0) ||
        (fetch && qp.attr.max_rd_atomic != 0 && send.fetches >= qp.attr.max_rd_atomic) ||
        (wqe.opcode == hw::MO_WR_LOCAL_INV && index != qp.sq.head()) || span > psn_window;
    if (waits) {
        send.blocked = true;
        return false;
    }
    SendRecord& record = send.record(index) = {};
    record.first_psn = send.next_psn;
    record.packets = packets;
    record.length = wqe.length;
    record.opcode = wqe.opcode;
    record.flags = wqe.flags;
    ++send.begun;
    if (packets == 0) {
        return begin_local(qp);
    }
    if (fetch && qp.attr.max_rd_atomic == 0) {
        completer_.fail_entry(qp, index, hw::MO_WC_LOC_QP_OP_ERR, hw::MO_QPE_LOCAL);
        return false;
    }
    const std::uint8_t rights = fetch ? MO_ACCESS_LOCAL_WRITE : 0;
    if (!shared_.memory.permits(wqe, qp.user(), rights)) {
        completer_.fail_entry(qp, index, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
        return false;
    }
    send.fetches += fetch ? 1U : 0U;
    send.next_psn = psn_add(send.next_psn, packets);
    count_begun(wqe.opcode);
    return true;
}

bool Requester::begin_local(Qp& qp) {
    SendState& send = qp.send;
    const Wqe& wqe = send.wqe;
    const std::uint32_t index = send.begun - 1;
    ++send.cursor;
    bool good = true;
    if (wqe.opcode == hw::MO_WR_LOCAL_INV) {
        good = shared_.keys.invalidate(wqe.imm, qp.user());
    } else if (wqe.opcode == hw::MO_WR_REG_MR) {
        good = register_pages(qp, wqe.reg);
    } else if (wqe.opcode == hw::MO_WR_BIND) {
        good = shared_.keys.bind(qp.user(), wqe.bind);
    }
    if (!good && sends(qp.state)) {
        completer_.fail_entry(qp, index, hw::MO_WC_MW_BIND_ERR, hw::MO_QPE_LOCAL);
        return false;
    }
    completer_.settle(qp);
    return sends(qp.state);
}

bool Requester::register_pages(Qp& qp, const hw::mo_wqe_reg& body) {
    const std::uint32_t count = body.count;
    if (count > shared_.keys.room(body.key, qp.user()) || !valid_page_shift(body.page_shift) ||
        body.list % sizeof(std::uint64_t) != 0) {
        return false;
    }
    std::array<std::uint64_t, MO_RDMA_MAX_FAST_REG> pages;
    const auto list = std::span(pages).first(count);
    const auto status = read_pages(shared_.memory.section(), body.list, body.page_shift, list,
                                   [&](const pcie::DmaFault& fault) { host_.report(qp, fault); });
    return status == hw::MO_ST_OK && shared_.keys.register_pages(qp.user(), body, list);
}

void Requester::count_begun(hw::mo_wr opcode) noexcept {
    RdmaCounters& counters = shared_.counters;
    if (opcode == hw::MO_WR_READ) {
        ++counters.tx_read;
    } else if (is_atomic(opcode)) {
        ++counters.tx_atomic;
    } else {
        ++(is_write(opcode) ? counters.tx_write : counters.tx_send);
    }
}

/// Sends the packet at the cursor. False: its entry failed, or the QP did.
bool Requester::send_packet(Qp& qp) {
    SendState& send = qp.send;
    const std::uint32_t index = send.cursor;
    if (!send.wqe_valid || send.wqe_index != index) {
        send.wqe_valid = false;
        if (!completer_.reload(qp, index, send.wqe)) {
            return false;
        }
        send.wqe_valid = true;
        send.wqe_index = index;
        send.place = {};
    }
    const SendRecord& record = send.record(index);
    const std::uint32_t number = psn_offset(send.cursor_psn, record.first_psn);
    Headers headers;
    headers.bth.dest_qp = qp.attr.dest_qp;
    headers.bth.psn = send.cursor_psn;
    SpanList memory;
    std::array<fabric::Bytes, SpanList::capacity> payload;
    std::size_t pieces = 0;
    if (is_fetch(record.opcode)) {
        fill_fetch(qp, record, number, headers);
    } else {
        const std::uint32_t offset = number * qp.mtu();
        const std::uint32_t length = std::min(qp.mtu(), record.length - offset);
        fill_data(qp, record, number, headers);
        if (send.wqe.is_inline()) {
            payload[pieces++] = send.wqe.inline_data().subspan(offset, length);
        } else {
            const auto fault =
                shared_.memory.resolve(send.wqe, qp.user(), 0, offset, length, send.place, memory);
            if (fault != MemoryFault::none) {
                if (fault == MemoryFault::dma) {
                    host_.report(qp, shared_.memory.last_fault());
                }
                completer_.fail_entry(qp, index, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
                return false;
            }
            for (const auto piece : memory.pieces()) {
                payload[pieces++] = piece;
            }
        }
    }
    advance(send, record);
    headers.bth.ack_request =
        !is_fetch(record.opcode) && (send.cursor != index || (number + 1) % ack_interval == 0 ||
                                     send.in_flight() >= SendState::window);
    if (qp.refresh_path(shared_.gids)) { // else it is lost, as if the cable were out
        host_.transmit(qp.path.route, qp.path.loopback, headers, std::span(payload).first(pieces));
    }
    if (send.deadline_ns == never_ns && sends(qp.state)) {
        completer_.expect_answer(qp);
    }
    return true;
}

/// The packet at the cursor, of `record`, counts as sent.
void Requester::advance(SendState& send, const SendRecord& record) {
    if (psn_before(send.cursor_psn, send.outstanding.end())) {
        ++shared_.counters.retransmits;
        ++send.resent;
    }
    const std::uint32_t psn = send.cursor_psn;
    if (is_fetch(record.opcode)) {
        send.cursor_psn = record.end_psn();
        send.read_extra += psn_offset(send.cursor_psn, psn) - 1U;
    } else {
        send.cursor_psn = psn_next(psn);
    }
    send.outstanding.extend_to(send.cursor_psn);
    if (send.cursor_psn == record.end_psn()) {
        ++send.cursor;
    }
}

void Requester::fill_data(const Qp& qp, const SendRecord& record, std::uint32_t number,
                          Headers& headers) {
    const Wqe& wqe = qp.send.wqe;
    const bool last = number + 1 == record.packets;
    headers.bth.opcode = opcode_of(record.opcode, number == 0, last);
    headers.bth.solicited = last && wqe.has(MO_WQEF_SOLICITED);
    headers.reth = {wqe.remote_address, wqe.rkey, record.length};
    headers.imm = wqe.imm;
    headers.invalidate = wqe.imm;
}

/// A READ goes on where its answers broke off.
void Requester::fill_fetch(const Qp& qp, const SendRecord& record, std::uint32_t number,
                           Headers& headers) {
    const Wqe& wqe = qp.send.wqe;
    if (record.opcode == hw::MO_WR_READ) {
        const std::uint32_t offset = number * qp.mtu();
        headers.bth.opcode = Opcode::rc_read_request;
        headers.reth = {wqe.remote_address + offset, wqe.rkey, record.length - offset};
        return;
    }
    headers.bth.opcode =
        record.opcode == hw::MO_WR_CMP_SWAP ? Opcode::rc_compare_swap : Opcode::rc_fetch_add;
    headers.atomic = {wqe.remote_address, wqe.rkey, wqe.swap_add, wqe.compare};
}

} // namespace mo::nic::rdma
