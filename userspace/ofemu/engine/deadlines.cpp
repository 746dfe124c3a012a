// SPDX-License-Identifier: GPL-2.0-or-later
#include "engine/deadlines.hpp"

namespace mo::engine {

Deadlines::Member Deadlines::add() {
    if (!free_.empty()) {
        const Member member = free_.back();
        free_.pop_back();
        return member;
    }
    entries_.emplace_back();
    heap_.reserve(entries_.capacity()); // set() never allocates
    return static_cast<Member>(entries_.size() - 1);
}

void Deadlines::remove(Member member) {
    set(member, never);
    free_.push_back(member);
}

void Deadlines::set(Member member, std::uint64_t time_ns) {
    Entry& entry = entries_[member];
    if (entry.time_ns == time_ns) {
        return;
    }
    const bool earlier = time_ns < entry.time_ns;
    entry.time_ns = time_ns;
    if (time_ns == never) {
        take_out(entry.place);
        entry.place = nowhere;
    } else if (entry.place == nowhere) {
        heap_.push_back(member);
        rise(member, heap_.size() - 1);
    } else if (earlier) {
        rise(member, entry.place);
    } else {
        sink(member, entry.place);
    }
}

bool Deadlines::before(Member a, Member b) const noexcept {
    const std::uint64_t time_a = entries_[a].time_ns;
    const std::uint64_t time_b = entries_[b].time_ns;
    return time_a != time_b ? time_a < time_b : a < b;
}

void Deadlines::put(Member member, std::size_t place) noexcept {
    heap_[place] = member;
    entries_[member].place = place;
}

void Deadlines::rise(Member member, std::size_t place) noexcept {
    while (place > 0) {
        const std::size_t parent = (place - 1) / 2;
        if (!before(member, heap_[parent])) {
            break;
        }
        put(heap_[parent], place);
        place = parent;
    }
    put(member, place);
}

void Deadlines::sink(Member member, std::size_t place) noexcept {
    for (;;) {
        std::size_t child = 2 * place + 1;
        if (child >= heap_.size()) {
            break;
        }
        if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) {
            ++child;
        }
        if (!before(heap_[child], member)) {
            break;
        }
        put(heap_[child], place);
        place = child;
    }
    put(member, place);
}

void Deadlines::take_out(std::size_t place) noexcept {
    const Member last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) {
        return;
    }
    // The last one may belong above or below the gap.
    if (place > 0 && before(last, heap_[(place - 1) / 2])) {
        rise(last, place);
    } else {
        sink(last, place);
    }
}

} // namespace mo::engine
