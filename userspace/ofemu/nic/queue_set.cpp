// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/queue_set.hpp"

#include <algorithm>
#include <utility>

#include "nic/counters.hpp"
#include "nic/page_list.hpp"

namespace mo::nic {

namespace {

constexpr std::uint64_t ns_per_us = 1000;
constexpr std::uint64_t never = ~std::uint64_t{0};
constexpr std::uint8_t min_size_log = MO_ADMIN_MIN_LOG;
constexpr std::uint8_t max_size_log = MO_QUEUE_MAX_LOG;
constexpr std::uint8_t eq_entry_log = 4;
static_assert(sizeof(hw::mo_eqe) == 1U << eq_entry_log);
constexpr std::uint8_t ethernet_entry_log = 5, rdma_entry_log = 6;

Moderation moderation(std::uint16_t period_us, std::uint16_t count) noexcept {
    return {period_us * ns_per_us, count};
}

bool valid(const Ring& ring, std::uint64_t record) noexcept {
    return ring.size_log >= min_size_log && ring.size_log <= max_size_log && ring.valid() &&
           record % record_alignment == 0;
}

/// Size and record of a completion queue; the place of its ring is another matter.
bool valid_cq(const CompletionQueueConfig& config) noexcept {
    const Ring& ring = config.ring;
    if (config.record % record_alignment != 0) {
        return false;
    }
    if (ring.entry_log == rdma_entry_log) {
        return ring.size_log <= MO_RDMA_CQ_MAX_LOG;
    }
    return ring.entry_log == ethernet_entry_log && ring.size_log >= min_size_log &&
           ring.size_log <= max_size_log;
}

} // namespace

QueueSet::QueueSet(ObjectTable& objects, DmaAccess& dma, EventSink& sink,
                   pcie::MsixVectors& vectors, std::uint32_t db_pages)
    : objects_(objects), dma_(dma), sink_(sink), vectors_(vectors), db_pages_(db_pages),
      owed_(vectors.count()), eqs_(vectors.count()), eq_vector_(ObjectTable::capacity),
      cqs_(ObjectTable::capacity) {
    hot_cqs_.reserve(max_cq);
    hot_eqs_.reserve(eqs_.size());
}

EventQueue* QueueSet::eq(std::uint32_t object) const noexcept {
    EventQueue* const queue =
        eqs_.empty() ? nullptr : eqs_[eq_vector_[ObjectTable::index(object)]].get();
    return queue != nullptr && queue->object() == object ? queue : nullptr;
}

CompletionQueue* QueueSet::cq(std::uint32_t object) const noexcept {
    CompletionQueue* const queue = cqs_[ObjectTable::index(object)].get();
    return queue != nullptr && queue->object() == object ? queue : nullptr;
}

EventQueue* QueueSet::async_eq() const noexcept {
    return eqs_.empty() ? nullptr : eqs_.front().get();
}

hw::mo_status QueueSet::create_eq(const hw::mo_cmd_eq& body, std::uint32_t& object) {
    if (body.rsvd != 0 || body.rsvd1 != 0 || body.object != 0) {
        return hw::MO_ST_RESERVED;
    }
    const Ring ring{body.ring, body.size_log, eq_entry_log};
    const std::uint16_t vector = body.vector;
    if (!valid(ring, body.rec) || vector >= eqs_.size()) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (eqs_[vector] != nullptr) {
        return hw::MO_ST_IN_USE;
    }
    const auto number = objects_.create(hw::MO_DB_EQ, MO_DB_PAGE_KERNEL, ObjectTable::core);
    if (!number) {
        return hw::MO_ST_NO_RESOURCE;
    }
    object = *number;
    eq_vector_[ObjectTable::index(object)] = vector;
    eqs_[vector] = std::make_unique<EventQueue>(
        EventQueueConfig{ring, body.rec, object, vector, moderation(body.period_us, body.count)},
        dma_, sink_, vectors_, owed_);
    ++eq_count_;
    return hw::MO_ST_OK;
}

hw::mo_status QueueSet::destroy_eq(std::uint32_t object) {
    EventQueue* const queue = eq(object);
    if (queue == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (queue->users() != 0) {
        return hw::MO_ST_IN_USE;
    }
    std::erase(hot_eqs_, queue);
    sink_.event_counters().events_lost.add(owed_.drop(queue->vector()));
    owed_.forget(object);
    eqs_[queue->vector()].reset();
    (void)objects_.destroy(object);
    --eq_count_;
    return hw::MO_ST_OK;
}

hw::mo_status QueueSet::modify_eq(const hw::mo_cmd_eq& body, std::uint64_t now_ns) {
    if (body.rsvd != 0 || body.rsvd1 != 0) {
        return hw::MO_ST_RESERVED;
    }
    EventQueue* const queue = eq(body.object);
    if (queue == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    queue->set_moderation(moderation(body.period_us, body.count));
    queue->arm_changed(now_ns); // what was held back under the old rule may be due
    list_eq(*queue);
    return hw::MO_ST_OK;
}

hw::mo_status QueueSet::create_cq(const hw::mo_cmd_cq& body, std::uint32_t& object) {
    if (body.rsvd != 0 || (body.page_shift == 0 && body.page_count != 0) || body.object != 0) {
        return hw::MO_ST_RESERVED;
    }
    CompletionQueueConfig config;
    config.ring.size_log = body.size_log;
    config.ring.entry_log = body.entry_log;
    config.record = body.rec;
    if (!valid_cq(config) || body.db_page >= db_pages_) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (body.page_shift == 0) {
        config.ring.base = body.ring;
        if (!config.ring.valid()) {
            return hw::MO_ST_BAD_PARAM;
        }
    } else {
        const PageListRequest request{body.ring, body.page_count, body.page_shift,
                                      config.ring.bytes()};
        const auto status = read_page_list(dma_.section(), request, config.pages,
                                           [this](auto& f) { sink_.report_dma_fault(0, f); });
        if (status != hw::MO_ST_OK) {
            return status;
        }
        config.ring.page_shift = body.page_shift;
    }
    EventQueue* const events = eq(body.eq);
    if (events == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (cq_count_ == max_cq) {
        return hw::MO_ST_NO_RESOURCE;
    }
    const auto number = objects_.create(hw::MO_DB_CQ, body.db_page, ObjectTable::core);
    if (!number) {
        return hw::MO_ST_NO_RESOURCE;
    }
    object = *number;
    config.object = object;
    config.eq = body.eq;
    config.moderation = moderation(body.period_us, body.count);
    config.timer = cq_deadlines_.add();
    timed_cqs_.resize(std::max(timed_cqs_.size(), std::size_t{config.timer} + 1));
    auto& queue = cqs_[ObjectTable::index(object)];
    queue = std::make_unique<CompletionQueue>(std::move(config), dma_, sink_);
    timed_cqs_[queue->timer()] = queue.get();
    events->attach();
    ++cq_count_;
    return hw::MO_ST_OK;
}

hw::mo_status QueueSet::destroy_cq(std::uint32_t object) {
    CompletionQueue* const queue = cq(object);
    if (queue == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (queue->users() != 0) {
        return hw::MO_ST_IN_USE;
    }
    if (queue->asked_for_flush()) {
        std::erase(hot_cqs_, queue);
    }
    cq_deadlines_.remove(queue->timer());
    timed_cqs_[queue->timer()] = nullptr;
    owed_.forget(object);
    if (EventQueue* const events = eq(queue->eq()); events != nullptr) {
        events->detach();
    }
    cqs_[ObjectTable::index(object)].reset();
    (void)objects_.destroy(object);
    --cq_count_;
    return hw::MO_ST_OK;
}

hw::mo_status QueueSet::modify_cq(const hw::mo_cmd_cq& body, std::uint64_t now_ns) {
    if (body.rsvd != 0 || body.page_shift != 0 || body.page_count != 0) {
        return hw::MO_ST_RESERVED;
    }
    CompletionQueue* const queue = cq(body.object);
    if (queue == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    queue->set_moderation(moderation(body.period_us, body.count));
    arm_changed(*queue, now_ns);
    return hw::MO_ST_OK;
}

void QueueSet::arm_changed(CompletionQueue& queue, std::uint64_t now_ns) {
    queue.arm_changed(now_ns);
    cq_deadlines_.set(queue.timer(), queue.deadline_ns());
}

void QueueSet::doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint64_t now_ns) {
    if (kind == hw::MO_DB_CQ) {
        if (CompletionQueue* const queue = cq(object); queue != nullptr) {
            arm_changed(*queue, now_ns);
        }
    } else if (EventQueue* const queue = eq(object); queue != nullptr) {
        queue->arm_changed(now_ns);
        list_eq(*queue);
    }
}

void QueueSet::list_eq(EventQueue& queue) {
    if (std::find(hot_eqs_.begin(), hot_eqs_.end(), &queue) == hot_eqs_.end()) {
        hot_eqs_.push_back(&queue);
    }
}

bool QueueSet::post_event(EventQueue& queue, const hw::mo_eqe& event) {
    list_eq(queue);
    return queue.post(event);
}

std::size_t QueueSet::flush(std::uint64_t now_ns) {
    while (cq_deadlines_.first_ns() <= now_ns) {
        const engine::Deadlines::Member member = cq_deadlines_.first();
        cq_deadlines_.set(member, engine::never);
        timed_cqs_[member]->ask_for_flush();
    }
    // A flush may stop a queue and post to the asynchronous one, but lists no completion queue.
    const std::size_t flushed = hot_cqs_.size();
    for (CompletionQueue* const queue : hot_cqs_) {
        queue->flush(now_ns);
        cq_deadlines_.set(queue->timer(), queue->deadline_ns());
    }
    hot_cqs_.clear();
    for (std::size_t i = 0; i < hot_eqs_.size();) {
        EventQueue& queue = *hot_eqs_[i];
        queue.flush(now_ns);
        if (queue.deadline_ns() != never) {
            ++i;
        } else {
            hot_eqs_[i] = hot_eqs_.back();
            hot_eqs_.pop_back();
        }
    }
    return flushed;
}

std::uint64_t QueueSet::next_deadline_ns() const noexcept {
    std::uint64_t next = cq_deadlines_.first_ns();
    for (const EventQueue* const queue : hot_eqs_) {
        next = std::min(next, queue->deadline_ns());
    }
    return next;
}

void QueueSet::clear() {
    hot_cqs_.clear();
    cq_deadlines_ = {};
    timed_cqs_.clear();
    hot_eqs_.clear();
    owed_.clear();
    for (auto& queue : cqs_) {
        queue.reset();
    }
    for (auto& queue : eqs_) {
        queue.reset();
    }
    eq_count_ = 0;
    cq_count_ = 0;
}

} // namespace mo::nic
