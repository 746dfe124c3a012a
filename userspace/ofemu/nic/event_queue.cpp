// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/event_queue.hpp"

#include <algorithm>

#include "nic/counters.hpp"

namespace mo::nic {

namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};
/// The host makes room by its arm word, without a doorbell (driver/hw/db.h): the device looks, less
/// often the longer it finds none. A host that stands still costs the others nothing then.
constexpr std::uint64_t shortest_retry_ns = 20'000, longest_retry_ns = 1'280'000;
/// The last free entry is for the end of the device, which could not be told later.
constexpr std::uint32_t kept_entries = 1;

} // namespace

EventQueue::EventQueue(const EventQueueConfig& config, DmaAccess& dma, EventSink& sink,
                       pcie::MsixVectors& vectors, OwedEvents& owed)
    : config_(config), ring_(config.ring, config.record, dma), sink_(sink), vectors_(vectors),
      owed_(owed) {}

EventQueue::Outcome EventQueue::write(const hw::mo_eqe& event) {
    const bool last = event.type == hw::MO_EVENT_FATAL;
    const auto room = ring_.has_room(last ? 0 : kept_entries);
    if (!room) {
        fail(room.error());
        return working_ ? Outcome::no_room : Outcome::stopped;
    }
    if (!*room) {
        return Outcome::no_room;
    }
    hw::mo_eqe entry = event;
    entry.phase = ring_.phase();
    sink_.twist_event(entry);
    const auto written = ring_.append(std::as_bytes(std::span(&entry, 1)));
    if (!written) {
        fail(written.error());
        return working_ ? Outcome::no_room : Outcome::stopped;
    }
    posted_ = true;
    sink_.event_counters().events.add();
    return Outcome::written;
}

bool EventQueue::post(const hw::mo_eqe& event) {
    if (!working_) {
        return false;
    }
    if (!owes() || event.type == hw::MO_EVENT_FATAL) {
        const Outcome outcome = write(event);
        if (outcome != Outcome::no_room) {
            return outcome == Outcome::written;
        }
    }
    sink_.event_counters().events_delayed.add();
    owed_.owe(config_.vector, event);
    return true;
}

/// Writes what is owed, as far as there is room.
void EventQueue::pay(std::uint64_t now_ns) {
    bool paid = retry_ns_ == never;
    while (owes() && write(owed_.front(config_.vector)) == Outcome::written) {
        owed_.pop_front(config_.vector);
        paid = true;
    }
    if (!owes()) {
        retry_ns_ = never;
    } else if (paid || now_ns >= retry_ns_) {
        retry_wait_ns_ = paid ? shortest_retry_ns : std::min(2 * retry_wait_ns_, longest_retry_ns);
        retry_ns_ = now_ns + retry_wait_ns_;
    }
}

void EventQueue::flush(std::uint64_t now_ns) {
    pay(now_ns);
    if (posted_ || now_ns >= deadline_ns_) {
        posted_ = false;
        evaluate(now_ns);
    }
}

void EventQueue::evaluate(std::uint64_t now_ns) {
    deadline_ns_ = never;
    if (!working_) {
        return;
    }
    const auto word = ring_.load_behind_entries();
    if (!word) {
        fail(word.error());
        return;
    }
    const std::uint32_t waiting = ring_.waiting();
    if (waiting == 0) {
        return;
    }
    if (!ring_.wants(*word, true, true)) {
        sink_.event_counters().interrupts_held.add();
        return;
    }
    const Moderation& hold = config_.moderation;
    const bool enough = hold.count != 0 && waiting >= hold.count;
    if (interrupted_ && !enough && now_ns - last_interrupt_ns_ < hold.period_ns) {
        deadline_ns_ = last_interrupt_ns_ + hold.period_ns;
        return;
    }
    ring_.answer(*word);
    interrupted_ = true;
    last_interrupt_ns_ = now_ns;
    vectors_.note(config_.vector);
}

void EventQueue::fail(const pcie::DmaFault& fault) {
    if (working_ && fault.reason != pcie::DmaFaultReason::bus_master) {
        working_ = false;
        sink_.event_counters().events_lost.add(owed_.drop(config_.vector));
        sink_.report_dma_fault(config_.object, fault);
    }
}

} // namespace mo::nic
