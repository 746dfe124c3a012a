// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/completion_queue.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include "nic/counters.hpp"
#include "nic/entry.hpp"
#include "nic/event_sink.hpp"

namespace mo::nic {

CompletionQueue::CompletionQueue(CompletionQueueConfig config, DmaAccess& dma, EventSink& events)
    : config_(std::move(config)), dma_(dma), events_(events) {
    if (!config_.pages.empty()) {
        config_.ring.pages = config_.pages.data();
    }
}

bool CompletionQueue::load_arm(std::uint64_t& word) {
    const auto loaded = dma_->load_acquire<Le<std::uint64_t>>(config_.record);
    if (!loaded) {
        events_.report_dma_fault(config_.object, loaded.error());
        fail();
        return false;
    }
    word = loaded->value();
    const std::uint32_t consumer = MO_ARM_CI(word);
    if (producer_ - consumer <= config_.ring.entries()) {
        consumer_ = consumer; // else nonsense: what the host said before stands
    }
    return true;
}

bool CompletionQueue::has_room() {
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
    events_.event_counters().cq_overruns.add();
    fail();
    return false;
}

bool CompletionQueue::post(std::span<const std::byte> entry, bool solicited) {
    if (!working_ || !has_room()) {
        return false;
    }
    std::array<std::byte, max_entry> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto copy = std::span(bytes).first(entry_size());
    std::memcpy(copy.data(), entry.data(), copy.size());
    constexpr std::byte phase_bit{1};
    copy.back() = (copy.back() & ~phase_bit) | std::byte{config_.ring.phase(producer_)};
    events_.twist_completion(copy);
    const auto written = write_entry(dma_.section(), config_.ring.address(producer_), copy);
    if (!written) {
        events_.report_dma_fault(config_.object, written.error());
        fail();
        return false;
    }
    ++producer_;
    if (solicited) {
        last_solicited_ = producer_;
        any_solicited_ = true;
    }
    posted_ = true;
    ask_for_flush();
    events_.event_counters().completions.add();
    return true;
}

void CompletionQueue::ask_for_flush() {
    if (!listed_) {
        listed_ = true;
        events_.wants_flush(*this);
    }
}

bool CompletionQueue::flush(std::uint64_t now_ns) {
    if (posted_ || now_ns >= deadline_ns_) {
        posted_ = false;
        evaluate(now_ns);
    }
    listed_ = deadline_ns_ != never;
    return listed_;
}

void CompletionQueue::evaluate(std::uint64_t now_ns) {
    deadline_ns_ = never;
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
    const bool solicited =
        any_solicited_ && static_cast<std::int32_t>(last_solicited_ - consumer_) > 0;
    if (waiting == 0 || !arm_.wants(word, solicited)) {
        holding_ = false; // a host that arms later looks at the ring itself
        return;
    }
    const Moderation& hold = config_.moderation;
    if (!holding_) {
        holding_ = true;
        first_waiting_ns_ = now_ns;
    }
    const bool enough = hold.count != 0 && waiting >= hold.count;
    if (!enough && now_ns - first_waiting_ns_ < hold.period_ns) {
        deadline_ns_ = first_waiting_ns_ + hold.period_ns;
        ask_for_flush();
        return;
    }
    holding_ = false;
    arm_.answer(word);
    events_.completion_event(config_.eq, config_.object);
}

void CompletionQueue::fail() {
    if (!working_) {
        return;
    }
    working_ = false;
    hw::mo_eqe event{};
    event.type = hw::MO_EVENT_CQ_ERROR;
    event.object = config_.object;
    events_.async_event(event);
}

} // namespace mo::nic
