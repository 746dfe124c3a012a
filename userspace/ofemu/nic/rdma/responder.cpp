// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/responder.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "nic/rdma/cnp.hpp"

namespace mo::nic::rdma {

namespace {

using Message = ReceiveState::Message;

constexpr std::uint32_t atomic_bytes = 8;

} // namespace

bool Responder::ready(const Qp& qp) noexcept {
    const ReceiveState& recv = qp.recv;
    return receives(qp.state) &&
           (recv.fetch_next != recv.fetch_end || recv.nak_due || recv.ack_due || recv.cnp_due);
}

void Responder::congested(Qp& qp) {
    if (qp.recv.cnp.marked(shared_.now_ns)) {
        qp.recv.cnp_due = true;
        host_.activate(qp);
    }
}

void Responder::receive(Qp& qp, const fabric::Frame& frame, const Packet& packet) {
    ReceiveState& recv = qp.recv;
    if (recv.failed) {
        return;
    }
    if (!recv.established) {
        recv.established = true;
        if (qp.state == hw::MO_QPS_RTR) {
            host_.raise(qp, hw::MO_EVENT_QP_ESTABLISHED);
        }
    }
    switch (recv.expected.place_of(packet.headers.bth.psn)) {
    case PsnWindow::Place::first:
        recv.out_of_sequence = false;
        execute(qp, frame, packet);
        break;
    case PsnWindow::Place::before:
        ++shared_.counters.rx_duplicate;
        duplicate(qp, packet);
        break;
    case PsnWindow::Place::inside: // would be held or placed by a selective repeat
    case PsnWindow::Place::beyond:
        ++shared_.counters.rx_out_of_sequence;
        if (!recv.out_of_sequence) {
            recv.out_of_sequence = true;
            owe_nak(qp, syndrome_of(Nak::psn_sequence), recv.epsn());
        }
        break;
    }
    if (ready(qp)) {
        host_.activate(qp);
    }
}

/// IBA 9.7.4.1.2: the packet continues the message that is under way, or begins one.
bool Responder::in_order(const Qp& qp, const OpcodeInfo& op) noexcept {
    const Message now = qp.recv.message;
    if (op.begins()) {
        return now == Message::none;
    }
    return now == (op.operation == Operation::send ? Message::send : Message::write);
}

/// IBA 9.7.4.1.6: first and middle packets are full, none is longer than the path MTU, a last one
/// is not empty.
bool Responder::length_right(const Qp& qp, const Packet& packet) noexcept {
    const std::uint32_t mtu = qp.mtu();
    switch (packet.op->position) {
    case Position::first:
    case Position::middle:
        return packet.payload_bytes == mtu;
    case Position::last:
        return packet.payload_bytes != 0 && packet.payload_bytes <= mtu;
    default:
        return packet.payload_bytes <= mtu;
    }
}

void Responder::execute(Qp& qp, const fabric::Frame& frame, const Packet& packet) {
    const OpcodeInfo& op = *packet.op;
    if (!in_order(qp, op) || !length_right(qp, packet)) {
        refuse(qp, Nak::invalid_request, hw::MO_QPE_INVALID, hw::MO_WC_REM_INV_REQ_ERR);
        return;
    }
    switch (op.operation) {
    case Operation::send:
        send(qp, frame, packet);
        break;
    case Operation::write:
        write(qp, frame, packet);
        break;
    case Operation::read_request:
        read(qp, packet);
        break;
    default:
        atomic(qp, packet);
        break;
    }
}

/// IBA 9.7.4.1.1 and 9.7.5.1.3: answered again, not executed again.
void Responder::duplicate(Qp& qp, const Packet& packet) {
    ReceiveState& recv = qp.recv;
    const std::uint32_t psn = packet.headers.bth.psn;
    const bool fetch = packet.op->operation == Operation::read_request || packet.op->atomic();
    if (!fetch) {
        recv.ack_due = true;
        return;
    }
    const std::uint64_t oldest =
        recv.fetch_end - std::min<std::uint64_t>(recv.fetch_end, recv.resources.size());
    for (std::uint64_t number = recv.fetch_end; number != oldest;) {
        FetchResource& resource = recv.resource(--number);
        const std::uint32_t at = psn_offset(psn, resource.first_psn);
        if (at >= resource.packets || resource.atomic != packet.op->atomic()) {
            continue;
        }
        if (!resource.atomic) {
            // It may ask for the rest only, and for nothing else than before.
            const std::uint64_t offset = std::uint64_t{at} * qp.mtu();
            const Reth& reth = packet.headers.reth;
            if (reth.rkey != resource.rkey || reth.address != resource.address + offset ||
                reth.length != resource.length - offset) {
                return;
            }
        }
        resource.start = resource.next = at;
        resource.pending = true;
        recv.fetch_next = std::min(recv.fetch_next, number);
        return;
    }
}

/// One request packet (of a READ: its whole range of numbers) has been executed.
void Responder::done(Qp& qp, const Packet& packet, std::uint32_t packets) {
    ReceiveState& recv = qp.recv;
    recv.expected.slide(packets);
    if (packet.op->ends()) {
        recv.message = Message::none;
        recv.msn = psn_next(recv.msn);
    }
    // READs and atomics are answered by their data.
    const bool fetch = packet.op->operation == Operation::read_request || packet.op->atomic();
    recv.ack_due = recv.ack_due || (packet.headers.bth.ack_request && !fetch);
}

void Responder::owe_nak(Qp& qp, std::uint8_t syndrome, std::uint32_t psn) {
    qp.recv.nak_due = true;
    qp.recv.nak_syndrome = syndrome;
    qp.recv.nak_psn = psn;
}

void Responder::refuse(Qp& qp, Nak code, hw::mo_qp_error error, hw::mo_wc status) {
    ReceiveState& recv = qp.recv;
    if (error == hw::MO_QPE_ACCESS) {
        ++shared_.counters.rx_access_errors;
    }
    if (recv.entry.valid && status != hw::MO_WC_SUCCESS) {
        hw::mo_rdma_cqe cqe{};
        cqe.opcode = hw::MO_RECV_SEND;
        cqe.status = static_cast<std::uint8_t>(status);
        cqe.error = static_cast<std::uint16_t>(error);
        if (!host_.complete(qp, cqe)) {
            return;
        }
    }
    recv.failed = true;
    recv.error = error;
    owe_nak(qp, syndrome_of(code), recv.epsn());
}

void Responder::not_ready(Qp& qp) {
    // What follows in this burst is behind the packet that will come again: nothing to be said.
    qp.recv.out_of_sequence = true;
    owe_nak(qp, syndrome_of_rnr(qp.attr.min_rnr_timer), qp.recv.epsn());
}

/// Takes the next entry of the receive queue into use. False: there is none, and the peer is asked
/// to wait; or it is malformed, and the QP ends.
bool Responder::take_entry(Qp& qp) {
    ReceiveState& recv = qp.recv;
    recv.place = {};
    recv.received = 0;
    switch (qp.receives.take(shared_.memory.section(), shared_.shadow, recv.entry)) {
    case ReceiveSource::Take::taken:
        return true;
    case ReceiveSource::Take::malformed:
        refuse(qp, Nak::remote_operational, hw::MO_QPE_WQE, hw::MO_WC_LOC_QP_OP_ERR);
        break;
    case ReceiveSource::Take::empty:
        not_ready(qp);
        break;
    case ReceiveSource::Take::bad_tail:
        host_.fail(qp, hw::MO_QPE_TAIL);
        break;
    case ReceiveSource::Take::fault:
        host_.fail(qp, qp.receives.last_fault());
        break;
    }
    return false;
}

void Responder::send(Qp& qp, const fabric::Frame& frame, const Packet& packet) {
    ReceiveState& recv = qp.recv;
    const OpcodeInfo& op = *packet.op;
    if (op.begins() && !take_entry(qp)) {
        return;
    }
    const std::uint32_t bytes = packet.payload_bytes;
    if (bytes > recv.entry.wqe.length - recv.received) {
        refuse(qp, Nak::invalid_request, hw::MO_QPE_INVALID, hw::MO_WC_LOC_LEN_ERR);
        return;
    }
    if (bytes != 0) {
        SpanList target;
        const auto fault = shared_.memory.resolve(recv.entry.wqe, qp.user(), MO_ACCESS_LOCAL_WRITE,
                                                  recv.received, bytes, recv.place, target);
        if (fault != MemoryFault::none) {
            if (fault == MemoryFault::dma) {
                host_.report(qp, shared_.memory.last_fault());
            }
            refuse(qp, Nak::remote_operational, hw::MO_QPE_LOCAL, hw::MO_WC_LOC_PROT_ERR);
            return;
        }
        shared_.memory.copy(packet.payload(frame), target);
        recv.received += bytes;
    }
    recv.message = Message::send;
    if (op.ends()) {
        hw::mo_rdma_cqe cqe{};
        cqe.opcode = hw::MO_RECV_SEND;
        cqe.length = recv.received;
        std::uint32_t flags = packet.headers.bth.solicited ? MO_CQEF_SOLICITED : 0;
        if (op.has(has_imm)) {
            cqe.imm = packet.headers.imm;
            flags |= MO_CQEF_IMM;
        } else if (op.has(has_ieth)) {
            if (!shared_.keys.invalidate(packet.headers.invalidate, qp.user())) {
                refuse(qp, Nak::remote_access, hw::MO_QPE_ACCESS, hw::MO_WC_REM_INV_REQ_ERR);
                return;
            }
            cqe.imm = packet.headers.invalidate;
            flags |= MO_CQEF_INV;
        }
        cqe.flags = static_cast<std::uint16_t>(flags);
        if (!host_.complete(qp, cqe)) {
            return;
        }
        ++shared_.counters.rx_send;
    }
    done(qp, packet);
}

/// IBA 9.7.4.1.4 and 9.7.4.1.5: what the first packet of a WRITE says.
bool Responder::begin_write(Qp& qp, const Packet& packet) {
    ReceiveState& recv = qp.recv;
    const Reth& reth = packet.headers.reth;
    if ((qp.attr.access & MO_ACCESS_REMOTE_WRITE) == 0 || reth.length > MO_RDMA_MAX_MSG) {
        refuse(qp, Nak::invalid_request, hw::MO_QPE_INVALID);
        return false;
    }
    if (reth.length != 0 &&
        shared_.keys.find(reth.rkey, qp.user(),
                          {reth.address, reth.length, MO_ACCESS_REMOTE_WRITE}) == nullptr) {
        refuse(qp, Nak::remote_access, hw::MO_QPE_ACCESS);
        return false;
    }
    recv.address = reth.address;
    recv.rkey = reth.rkey;
    recv.left = recv.total = reth.length;
    return true;
}

void Responder::write(Qp& qp, const fabric::Frame& frame, const Packet& packet) {
    ReceiveState& recv = qp.recv;
    const OpcodeInfo& op = *packet.op;
    if (op.begins() && !begin_write(qp, packet)) {
        return;
    }
    const std::uint32_t bytes = packet.payload_bytes;
    if (op.ends() ? bytes != recv.left : bytes >= recv.left) {
        refuse(qp, Nak::invalid_request, hw::MO_QPE_INVALID);
        return;
    }
    if (op.has(has_imm) && !take_entry(qp)) {
        return;
    }
    if (bytes != 0) {
        SpanList target;
        const auto fault = shared_.memory.resolve(
            recv.rkey, qp.user(), {recv.address, bytes, MO_ACCESS_REMOTE_WRITE}, target);
        if (fault == MemoryFault::dma) {
            host_.report(qp, shared_.memory.last_fault());
            refuse(qp, Nak::remote_operational, hw::MO_QPE_ACCESS);
            return;
        }
        if (fault != MemoryFault::none) {
            refuse(qp, Nak::remote_access, hw::MO_QPE_ACCESS);
            return;
        }
        shared_.memory.copy(packet.payload(frame), target);
        recv.address += bytes;
        recv.left -= bytes;
    }
    recv.message = Message::write;
    if (op.has(has_imm)) {
        hw::mo_rdma_cqe cqe{};
        cqe.opcode = hw::MO_RECV_WRITE_IMM;
        cqe.length = recv.total;
        cqe.imm = packet.headers.imm;
        cqe.flags = static_cast<std::uint16_t>(
            MO_CQEF_IMM | (packet.headers.bth.solicited ? MO_CQEF_SOLICITED : 0));
        if (!host_.complete(qp, cqe)) {
            return;
        }
    }
    if (op.ends()) {
        ++shared_.counters.rx_write;
    }
    done(qp, packet);
}

/// A place for one more READ or atomic; nullptr: the peer has more under way than was agreed.
FetchResource* Responder::take_resource(Qp& qp) {
    ReceiveState& recv = qp.recv;
    const std::uint32_t agreed = qp.attr.max_dest_rd_atomic;
    const auto unanswered = [&recv](std::uint64_t number) {
        return recv.resource(number).pending && !recv.resource(number).answered;
    };
    if (agreed == 0 || (recv.fetch_end >= agreed && unanswered(recv.fetch_end - agreed))) {
        refuse(qp, Nak::invalid_request, hw::MO_QPE_INVALID);
        return nullptr;
    }
    // A peer that asks for one more has the first answer of the oldest: an answer to a late
    // duplicate of that is of no use to anybody (IBA 9.7.4.1.1: it may be left out).
    const std::uint64_t oldest =
        recv.fetch_end + 1 - std::min<std::uint64_t>(recv.fetch_end + 1, recv.resources.size());
    recv.fetch_next = std::max(recv.fetch_next, oldest);
    FetchResource& resource = recv.resource(recv.fetch_end) = {};
    resource.first_psn = recv.epsn();
    resource.packets = 1;
    resource.msn = psn_next(recv.msn);
    resource.pending = true;
    return &resource;
}

void Responder::read(Qp& qp, const Packet& packet) {
    const Reth& reth = packet.headers.reth;
    if ((qp.attr.access & MO_ACCESS_REMOTE_READ) == 0 || reth.length > MO_RDMA_MAX_MSG) {
        refuse(qp, Nak::invalid_request, hw::MO_QPE_INVALID);
        return;
    }
    if (reth.length != 0 &&
        shared_.keys.find(reth.rkey, qp.user(),
                          {reth.address, reth.length, MO_ACCESS_REMOTE_READ}) == nullptr) {
        refuse(qp, Nak::remote_access, hw::MO_QPE_ACCESS);
        return;
    }
    FetchResource* const resource = take_resource(qp);
    if (resource == nullptr) {
        return;
    }
    resource->packets = packets_of(reth.length, qp.mtu());
    resource->address = reth.address;
    resource->rkey = reth.rkey;
    resource->length = reth.length;
    ++qp.recv.fetch_end;
    ++shared_.counters.rx_read;
    done(qp, packet, resource->packets);
}

void Responder::atomic(Qp& qp, const Packet& packet) {
    const AtomicEth& request = packet.headers.atomic;
    if ((qp.attr.access & MO_ACCESS_REMOTE_ATOMIC) == 0 || request.address % atomic_bytes != 0) {
        refuse(qp, Nak::invalid_request, hw::MO_QPE_INVALID);
        return;
    }
    SpanList target;
    const auto fault = shared_.memory.resolve(
        request.rkey, qp.user(), {request.address, atomic_bytes, MO_ACCESS_REMOTE_ATOMIC}, target);
    if (fault == MemoryFault::refused) {
        refuse(qp, Nak::remote_access, hw::MO_QPE_ACCESS);
        return;
    }
    // Aligned for the host, but its memory may be mapped here at any place.
    if (fault == MemoryFault::dma || target.pieces().size() != 1 ||
        reinterpret_cast<std::uintptr_t>(target.pieces().front().data()) % atomic_bytes != 0) {
        if (fault == MemoryFault::dma) {
            host_.report(qp, shared_.memory.last_fault());
        }
        refuse(qp, Nak::remote_operational, hw::MO_QPE_ACCESS);
        return;
    }
    FetchResource* const resource = take_resource(qp);
    if (resource == nullptr) {
        return;
    }
    static_assert(std::endian::native == std::endian::little, "operands are native numbers");
    auto* const word = reinterpret_cast<std::uint64_t*>(target.pieces().front().data());
    if (packet.op->operation == Operation::fetch_add) {
        resource->result = __atomic_fetch_add(word, request.swap_add, __ATOMIC_SEQ_CST);
    } else {
        std::uint64_t former = request.compare;
        (void)__atomic_compare_exchange_n(word, &former, request.swap_add, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST);
        resource->result = former;
    }
    resource->atomic = true;
    ++qp.recv.fetch_end;
    ++shared_.counters.rx_atomic;
    done(qp, packet);
}

bool Responder::poll(Qp& qp, unsigned& budget) {
    ReceiveState& recv = qp.recv;
    bool worked = false;
    while (budget != 0 && ready(qp)) {
        worked = true;
        --budget;
        if (recv.cnp_due) {
            recv.cnp_due = false;
            if (qp.refresh_path(shared_.gids)) {
                ++shared_.counters.tx_cnp;
                host_.transmit(cnp_route(qp.path.route), qp.path.loopback,
                               cnp_headers(qp.attr.dest_qp), {});
            }
        } else if (answer_fetch(qp)) {
            continue;
        } else if (recv.nak_due) {
            const std::uint8_t syndrome = recv.nak_syndrome;
            recv.nak_due = recv.ack_due = false;
            auto& counters = shared_.counters;
            ++(kind_of(syndrome) == Syndrome::rnr_nak       ? counters.tx_rnr_nak
               : syndrome == syndrome_of(Nak::psn_sequence) ? counters.tx_nak_seq
                                                            : counters.tx_nak_err);
            reply(qp, Opcode::rc_acknowledge, recv.nak_psn, syndrome);
            if (recv.failed) {
                host_.fail(qp, recv.error);
            }
        } else if (recv.ack_due) {
            recv.ack_due = false;
            ++shared_.counters.tx_ack;
            reply(qp, Opcode::rc_acknowledge, psn_add(recv.epsn(), -1), syndrome_ack);
        }
    }
    return worked;
}

void Responder::reply(Qp& qp, Opcode opcode, std::uint32_t psn, std::uint8_t syndrome) {
    if (!qp.refresh_path(shared_.gids)) {
        return; // lost: the peer asks again
    }
    Headers headers;
    headers.bth.opcode = opcode;
    headers.bth.dest_qp = qp.attr.dest_qp;
    headers.bth.psn = psn;
    headers.aeth = {syndrome, qp.recv.msn};
    host_.transmit(qp.path.route, qp.path.loopback, headers, {});
}

/// Sends one packet of the oldest READ or atomic that has an answer to come. False: there is none.
bool Responder::answer_fetch(Qp& qp) {
    ReceiveState& recv = qp.recv;
    while (recv.fetch_next != recv.fetch_end && !recv.resource(recv.fetch_next).pending) {
        ++recv.fetch_next;
    }
    if (recv.fetch_next == recv.fetch_end) {
        return false;
    }
    FetchResource& resource = recv.resource(recv.fetch_next);
    if (!resource.atomic) {
        answer_read(qp, resource);
    } else {
        answer_atomic(qp, resource);
    }
    // An answer acknowledges all before it (IBA 9.7.5.1.2).
    if (!resource.pending && psn_add(resource.first_psn, resource.packets) == recv.epsn()) {
        recv.ack_due = false;
    }
    return true;
}

void Responder::answer_atomic(Qp& qp, FetchResource& resource) {
    resource.pending = false;
    resource.answered = true;
    if (qp.refresh_path(shared_.gids)) {
        Headers headers;
        headers.bth.opcode = Opcode::rc_atomic_acknowledge;
        headers.bth.dest_qp = qp.attr.dest_qp;
        headers.bth.psn = resource.first_psn;
        headers.aeth = {syndrome_ack, resource.msn};
        headers.atomic_result = resource.result;
        host_.transmit(qp.path.route, qp.path.loopback, headers, {});
    }
}

void Responder::answer_read(Qp& qp, FetchResource& resource) {
    const std::uint32_t number = resource.next;
    const std::uint32_t offset = number * qp.mtu();
    const std::uint32_t length = std::min(qp.mtu(), resource.length - offset);
    SpanList memory;
    if (length != 0) {
        const auto fault = shared_.memory.resolve(
            resource.rkey, qp.user(), {resource.address + offset, length, MO_ACCESS_REMOTE_READ},
            memory);
        if (fault != MemoryFault::none) {
            const auto code =
                fault == MemoryFault::dma ? Nak::remote_operational : Nak::remote_access;
            if (resource.answered) {
                // A peer that has had its answer does not look at this one; else it ends there.
                resource.pending = false;
                if (!qp.recv.nak_due) {
                    owe_nak(qp, syndrome_of(code), psn_add(resource.first_psn, number));
                }
                return;
            }
            // The key or the memory went away under the READ: nothing behind it is answered.
            if (fault == MemoryFault::dma) {
                host_.report(qp, shared_.memory.last_fault());
            }
            qp.recv.fetch_next = qp.recv.fetch_end;
            refuse(qp, code, hw::MO_QPE_ACCESS);
            qp.recv.nak_psn = psn_add(resource.first_psn, number);
            return;
        }
    }
    const bool first = number == resource.start;
    const bool last = number + 1 == resource.packets;
    ++resource.next;
    resource.pending = !last;
    resource.answered = resource.answered || last;
    if (!qp.refresh_path(shared_.gids)) {
        return;
    }
    Headers headers;
    headers.bth.opcode =
        first ? (last ? Opcode::rc_read_response_only : Opcode::rc_read_response_first)
              : (last ? Opcode::rc_read_response_last : Opcode::rc_read_response_middle);
    headers.bth.dest_qp = qp.attr.dest_qp;
    headers.bth.psn = psn_add(resource.first_psn, number);
    headers.aeth = {syndrome_ack, resource.msn};
    std::array<fabric::Bytes, SpanList::capacity> payload;
    const auto pieces = memory.pieces();
    std::ranges::copy(pieces, payload.begin());
    host_.transmit(qp.path.route, qp.path.loopback, headers,
                   std::span(payload).first(pieces.size()));
}

} // namespace mo::nic::rdma
