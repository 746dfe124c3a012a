// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/scheduler.hpp"

namespace mo::nic::rdma {

void Scheduler::add(Scheduled& qp, std::uint32_t owner) {
    if (owner >= owners_.size()) {
        owners_.resize(owner + 1);
    }
    if (owners_[owner] == nullptr) {
        owners_[owner] = std::make_unique<ReadyList<Scheduled>::Owner>();
    }
    qp.owner_ = owners_[owner].get();
    qp.member_ = deadlines_.add();
    if (qp.member_ >= members_.size()) {
        members_.resize(qp.member_ + 1);
    }
    members_[qp.member_] = &qp;
}

void Scheduler::remove(Scheduled& qp) {
    move(qp, Place::resting);
    members_[qp.member_] = nullptr;
    deadlines_.remove(qp.member_);
}

void Scheduler::call(Scheduled& qp) noexcept {
    qp.worked_ = round_;
    if (!qp.ready()) {
        move(qp, Place::ready);
    }
}

void Scheduler::wake(Scheduled& qp, std::uint64_t at_ns) {
    qp.due_ns_ = at_ns;
    if (at_ns < deadlines_.of(qp.member_)) {
        deadlines_.set(qp.member_, at_ns);
    }
}

void Scheduler::rest(Scheduled& qp) {
    move(qp, Place::resting);
    qp.due_ns_ = engine::never;
    deadlines_.set(qp.member_, engine::never);
}

void Scheduler::begin_round(std::uint64_t now_ns) {
    ++round_;
    while (deadlines_.first_ns() <= now_ns) {
        Scheduled& qp = *members_[deadlines_.first()];
        if (qp.due_ns_ <= now_ns) {
            qp.due_ns_ = engine::never;
            call(qp);
        }
        deadlines_.set(qp.member_, qp.due_ns_);
    }
}

Scheduled& Scheduler::begin_turn() noexcept {
    Scheduled& qp = ready_.take();
    qp.place_ = Place::resting;
    return qp;
}

void Scheduler::end_turn(Scheduled& qp, bool worked, bool more, bool watched) noexcept {
    qp.worked_ = worked ? round_ : qp.worked_;
    if (qp.ready()) {
        return; // called in its turn
    }
    if (more) {
        move(qp, Place::ready);
        return;
    }
    if (!watched) {
        return;
    }
    move(qp, Place::recent);
    if (recent_.size() > recent_limit) {
        move(*recent_.front(), Place::others);
    }
}

Scheduler::List* Scheduler::list_of(Place place) noexcept {
    switch (place) {
    case Place::recent:
        return &recent_;
    case Place::others:
        return &others_;
    case Place::ready:
    case Place::resting:
        break;
    }
    return nullptr;
}

void Scheduler::leave(Scheduled& qp) noexcept {
    if (qp.place_ == Place::ready) {
        ready_.remove(*qp.owner_, qp);
    } else if (List* const from = list_of(qp.place_); from != nullptr) {
        from->remove(qp);
    }
}

/// To the end of a list, also of the one that it is in.
void Scheduler::move(Scheduled& qp, Place to) noexcept {
    leave(qp);
    qp.place_ = to;
    if (to == Place::ready) {
        ready_.push_back(*qp.owner_, qp);
    } else if (List* const list = list_of(to); list != nullptr) {
        list->push_back(qp);
    }
}

} // namespace mo::nic::rdma
