// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/event_queue.hpp"

#include "nic/counters.hpp"

namespace mo::nic {

EventQueue::EventQueue(const EventQueueConfig& config, DmaAccess& dma, EventSink& sink,
                       pcie::MsixVectors& vectors)
    : config_(config), ring_(config.ring, config.record, dma), sink_(sink), vectors_(vectors) {}

bool EventQueue::has_room() {
    const auto room = ring_.has_room();
    if (!room) {
        fail(room.error());
        return false;
    }
    if (!*room) {
        working_ = false;
        sink_.fatal(hw::MO_FATAL_EQ_OVERRUN);
    }
    return *room;
}

bool EventQueue::post(const hw::mo_eqe& event) {
    if (!working_ || !has_room()) {
        return false;
    }
    hw::mo_eqe entry = event;
    entry.phase = ring_.phase();
    sink_.twist_event(entry);
    const auto written = ring_.append(std::as_bytes(std::span(&entry, 1)));
    if (!written) {
        fail(written.error());
        return false;
    }
    posted_ = true;
    sink_.event_counters().events.add();
    return true;
}

void EventQueue::flush(std::uint64_t now_ns) {
    if (posted_ || now_ns >= deadline_ns_) {
        posted_ = false;
        evaluate(now_ns);
    }
}

void EventQueue::evaluate(std::uint64_t now_ns) {
    deadline_ns_ = ~std::uint64_t{0};
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
    if (!ring_.wants(*word, true)) {
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
        sink_.report_dma_fault(config_.object, fault);
    }
}

} // namespace mo::nic
