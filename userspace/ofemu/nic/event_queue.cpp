// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/event_queue.hpp"

#include <atomic>

#include "nic/counters.hpp"
#include "nic/entry.hpp"

namespace mo::nic {

EventQueue::EventQueue(const EventQueueConfig& config, DmaAccess& dma, EventSink& sink,
                       pcie::MsixVectors& vectors)
    : config_(config), dma_(dma), sink_(sink), vectors_(vectors) {}

bool EventQueue::load_arm(std::uint64_t& word) {
    const auto loaded = dma_->load_acquire<Le<std::uint64_t>>(config_.record);
    if (!loaded) {
        fail(loaded.error());
        return false;
    }
    word = loaded->value();
    const std::uint32_t consumer = MO_ARM_CI(word);
    if (producer_ - consumer <= config_.ring.entries()) {
        consumer_ = consumer; // else nonsense: what the host said before stands
    }
    return true;
}

bool EventQueue::has_room() {
    if (producer_ - consumer_ < config_.ring.entries()) {
        return true;
    }
    std::uint64_t word = 0;
    if (!load_arm(word)) {
        return false;
    }
    if (producer_ - consumer_ < config_.ring.entries()) {
        return true;
    }
    working_ = false;
    sink_.fatal(hw::MO_FATAL_EQ_OVERRUN);
    return false;
}

bool EventQueue::post(const hw::mo_eqe& event) {
    if (!working_ || !has_room()) {
        return false;
    }
    hw::mo_eqe entry = event;
    entry.phase = config_.ring.phase(producer_);
    sink_.twist_event(entry);
    const auto written = write_entry(dma_.section(), config_.ring.address(producer_),
                                     std::as_bytes(std::span(&entry, 1)));
    if (!written) {
        fail(written.error());
        return false;
    }
    ++producer_;
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
    // db.h: entries are stored before the arm word is loaded; the host does the reverse.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    std::uint64_t word = 0;
    if (!load_arm(word)) {
        return;
    }
    const std::uint32_t waiting = producer_ - consumer_;
    if (waiting == 0) {
        return;
    }
    if (!arm_.wants(word, true)) {
        sink_.event_counters().interrupts_held.add();
        return;
    }
    const Moderation& hold = config_.moderation;
    const bool enough = hold.count != 0 && waiting >= hold.count;
    if (interrupted_ && !enough && now_ns - last_interrupt_ns_ < hold.period_ns) {
        deadline_ns_ = last_interrupt_ns_ + hold.period_ns;
        return;
    }
    arm_.answer(word);
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
