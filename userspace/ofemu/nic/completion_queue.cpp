// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/completion_queue.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "nic/counters.hpp"
#include "nic/event_sink.hpp"

namespace mo::nic {

namespace {

/// Moving the list of pages does not move the pages' addresses: the ring may point to them.
CompletionQueueConfig placed(CompletionQueueConfig config) {
    if (!config.pages.empty()) {
        config.ring.pages = config.pages.data();
    }
    return config;
}

} // namespace

CompletionQueue::CompletionQueue(CompletionQueueConfig config, DmaAccess& dma, EventSink& events)
    : config_(placed(std::move(config))), ring_(config_.ring, config_.record, dma),
      events_(events) {}

bool CompletionQueue::has_room() {
    const auto room = ring_.has_room();
    if (!room) {
        dma_failed(room.error());
        return false;
    }
    if (!*room) {
        events_.event_counters().cq_overruns.add();
        fail();
    }
    return *room;
}

bool CompletionQueue::post(std::span<const std::byte> entry, bool solicited) {
    if (!working_ || !has_room()) {
        return false;
    }
    std::array<std::byte, max_entry> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto copy = std::span(bytes).first(entry_size());
    std::memcpy(copy.data(), entry.data(), copy.size());
    constexpr std::byte phase_bit{1};
    copy.back() = (copy.back() & ~phase_bit) | std::byte{ring_.phase()};
    events_.twist_completion(copy);
    const auto written = ring_.append(copy);
    if (!written) {
        dma_failed(written.error());
        return false;
    }
    if (solicited) {
        last_solicited_ = ring_.producer();
        any_solicited_ = true;
        fresh_solicited_ = true;
    }
    posted_ = true;
    fresh_ = true;
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

void CompletionQueue::flush(std::uint64_t now_ns) {
    listed_ = false;
    if (posted_ || now_ns >= deadline_ns_) {
        posted_ = false;
        evaluate(now_ns);
    }
}

void CompletionQueue::evaluate(std::uint64_t now_ns) {
    deadline_ns_ = never;
    if (!working_) {
        return;
    }
    const auto word = ring_.load_behind_entries();
    if (!word) {
        dma_failed(word.error());
        return;
    }
    const std::uint32_t waiting = ring_.waiting();
    any_solicited_ =
        any_solicited_ && static_cast<std::int32_t>(last_solicited_ - ring_.consumer()) > 0;
    const bool read = MO_ARM_HAS_READ(*word); // perhaps what is fresh here
    if (!ring_.wants(*word, waiting != 0 || (read && fresh_),
                     any_solicited_ || (read && fresh_solicited_))) {
        holding_ = fresh_ = fresh_solicited_ = false; // who arms later looks at the ring itself
        return;
    }
    const Moderation& hold = config_.moderation;
    if (!holding_) {
        holding_ = true;
        first_waiting_ns_ = now_ns;
    }
    any_urgent_ = any_urgent_ && static_cast<std::int32_t>(last_urgent_ - ring_.consumer()) > 0;
    const bool enough = any_urgent_ || (hold.count != 0 && waiting >= hold.count);
    if (!enough && now_ns - first_waiting_ns_ < hold.period_ns) {
        deadline_ns_ = first_waiting_ns_ + hold.period_ns;
        return;
    }
    holding_ = fresh_ = fresh_solicited_ = false;
    ring_.answer(*word);
    events_.completion_event(config_.eq, config_.object);
}

void CompletionQueue::dma_failed(const pcie::DmaFault& fault) {
    events_.report_dma_fault(config_.object, fault);
    fail();
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
