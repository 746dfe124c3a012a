// SPDX-License-Identifier: GPL-2.0-or-later
// Scheduler: which queue pairs are looked at, and when. It knows those that have something to do,
// in the order of their turns; those whose tails are watched, because their hosts need not ring;
// and when others come back by themselves. Whoever is in none of these costs nothing.
//
//              call(), wake(), a tail moved          turn over, nothing left
//   resting ──────────────────────────────► ready ────────────────────────► watched ──► resting
//                                           ▲   │ more to do: behind the others    │
//                                           └───┘◄─────────────────────────────────┘
//
// Turns go round among the owners of queue pairs (ready_list.hpp).
//
// Of the watched, those that worked last are looked at in each round, of the others a few in turn:
// a round costs no more with a thousand of them than with a hundred.
//
// Engine thread only. Nothing here allocates but add().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/intrusive_list.hpp"
#include "engine/deadlines.hpp"
#include "nic/rdma/ready_list.hpp"

namespace mo::nic::rdma {

/// What the scheduler keeps in a QP.
class Scheduled : public ListHook {
  public:
    /// Has a turn in this round or the next.
    [[nodiscard]] bool ready() const noexcept { return place_ == Place::ready; }
    /// Its tails are looked at though nobody rings.
    [[nodiscard]] bool watched() const noexcept {
        return place_ == Place::recent || place_ == Place::others;
    }

  protected:
    ~Scheduled() = default;

  private:
    friend class Scheduler;
    enum class Place : std::uint8_t { resting, ready, recent, others };

    Place place_ = Place::resting;
    ReadyList<Scheduled>::Owner* owner_ = nullptr;
    engine::Deadlines::Member member_ = 0;
    std::uint64_t due_ns_ = engine::never; ///< when it is called; its deadline may be earlier
    std::uint64_t worked_ = 0;             ///< round in which it was called or had work last
    std::uint64_t looked_ = 0;             ///< round in which its tails were looked at last
};

class Scheduler {
  public:
    /// So many of the watched are looked at in each round, and so many of the others.
    static constexpr std::size_t recent_limit = 64, looks_of_others = 64;
    /// So many rounds in vain, and a watched one has to ring again.
    static constexpr std::uint64_t idle_rounds_limit = 4096;

    Scheduler() = default;
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;
    ~Scheduler() = default;

    /// A new one of this owner, resting. It is removed before it ends.
    void add(Scheduled& qp, std::uint32_t owner);
    void remove(Scheduled& qp);

    /// There may be something to do: it has a turn, behind those that are ready. In its own turn:
    /// it has one more. Nothing if it waits for one already.
    void call(Scheduled& qp) noexcept;
    /// Calls it at `at_ns`; never: not at all. One time for each, the last one counts. It moves
    /// with nearly every packet, mostly away: then nothing is sorted.
    void wake(Scheduled& qp, std::uint64_t at_ns);
    /// It has nothing to do and nothing to wait for.
    void rest(Scheduled& qp);

    /// A round begins: calls those whose time has come.
    void begin_round(std::uint64_t now_ns);
    /// Looks at the watched, each once in a round at most: `look(qp)` is true when there is
    /// something to do. `leave(qp, idle)` says whether one in which nothing was found may rest;
    /// `idle`: nothing has been for long. One that may not is asked again.
    template <typename Look, typename Leave>
    void watch(Look&& look, Leave&& leave);
    /// Looks at all of them, before nobody does for a while. `leave(qp)` is asked about those
    /// beyond the recent ones.
    template <typename Look, typename Leave>
    void watch_all(Look&& look, Leave&& leave);
    /// True: it has not been looked at in this round, but is by the caller now.
    [[nodiscard]] bool first_look(Scheduled& qp) const noexcept {
        return std::exchange(qp.looked_, round_) != round_;
    }

    /// How many are ready.
    [[nodiscard]] std::size_t ready() const noexcept { return ready_.size(); }
    /// Takes the next one for its turn: it is in no list until end_turn(). Only if ready().
    [[nodiscard]] Scheduled& begin_turn() noexcept;
    /// Its turn is over. `more`: there is more to do; `watched`: it goes to those otherwise.
    void end_turn(Scheduled& qp, bool worked, bool more, bool watched) noexcept;

    /// When begin_round() has to be called though nobody called: 0 if somebody is ready.
    [[nodiscard]] std::uint64_t next_ns() const noexcept {
        return ready_.empty() ? deadlines_.first_ns() : 0;
    }
    /// Calls visit(Scheduled&) for each that is ready or watched; it may call(), no more.
    template <typename Visit>
    void for_each_active(Visit&& visit);
    /// Calls visit(Scheduled&) for all that there are.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (Scheduled* const qp : members_) {
            if (qp != nullptr) {
                visit(*qp);
            }
        }
    }

  private:
    using List = IntrusiveList<Scheduled>;
    using Place = Scheduled::Place;

    [[nodiscard]] bool is_idle(const Scheduled& qp) const noexcept {
        return round_ - qp.worked_ >= idle_rounds_limit;
    }
    [[nodiscard]] List* list_of(Place place) noexcept;
    void leave(Scheduled& qp) noexcept;
    void move(Scheduled& qp, Place to) noexcept;

    ReadyList<Scheduled> ready_;
    List recent_; ///< the one that worked last is the last
    List others_; ///< the one that was looked at last is the last
    std::uint64_t round_ = 0;
    engine::Deadlines deadlines_;
    std::vector<Scheduled*> members_; ///< by member of deadlines_
    std::vector<std::unique_ptr<ReadyList<Scheduled>::Owner>> owners_;
};

template <typename Look, typename Leave>
void Scheduler::watch(Look&& look, Leave&& leave) {
    // What is asked may call the one that it is asked about, and nobody else.
    for (Scheduled* qp = recent_.front(); qp != nullptr;) {
        Scheduled& now = *qp;
        qp = recent_.after(now);
        if (first_look(now) && look(now)) {
            call(now);
        } else if (is_idle(now) && leave(now, true) && now.watched()) {
            move(now, Place::resting);
        }
    }
    for (std::size_t left = std::min(others_.size(), looks_of_others); left != 0; --left) {
        Scheduled& now = *others_.front();
        if (first_look(now) && look(now)) {
            call(now);
            continue;
        }
        const bool leaves = leave(now, is_idle(now));
        if (now.watched()) {
            move(now, leaves ? Place::resting : Place::others);
        }
    }
}

template <typename Look, typename Leave>
void Scheduler::watch_all(Look&& look, Leave&& leave) {
    for (List* const list : {&recent_, &others_}) {
        for (Scheduled* qp = list->front(); qp != nullptr;) {
            Scheduled& now = *qp;
            qp = list->after(now);
            if (look(now)) {
                call(now);
            } else if (list == &others_ && leave(now) && now.watched()) {
                move(now, Place::resting);
            }
        }
    }
}

template <typename Visit>
void Scheduler::for_each_active(Visit&& visit) {
    ready_.for_each(visit);
    for (List* const list : {&recent_, &others_}) {
        for (Scheduled* qp = list->front(); qp != nullptr;) {
            Scheduled& now = *qp;
            qp = list->after(now);
            visit(now);
        }
    }
}

} // namespace mo::nic::rdma
