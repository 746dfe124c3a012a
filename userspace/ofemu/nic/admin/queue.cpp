// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/admin/queue.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "nic/counters.hpp"
#include "nic/entry.hpp"

namespace mo::nic {

namespace {

constexpr std::uint8_t entry_log = 6;
static_assert(sizeof(hw::mo_cmd_desc) == 1U << entry_log);
static_assert(sizeof(hw::mo_cmd_cqe) == 1U << entry_log);
// Commands of one round. Some cost a thousand times as much as others: the time is what counts.
constexpr std::uint32_t batch = 16;
constexpr std::chrono::microseconds batch_time{200};
constexpr std::uint32_t no_vector = ~0U;

} // namespace

AdminQueue::AdminQueue(DmaAccess& dma, EventSink& sink, pcie::MsixVectors& vectors, Liar& liar)
    : dma_(dma), sink_(sink), vectors_(vectors), liar_(liar) {}

bool AdminQueue::start(const AdminConfig& config, bool shadow) {
    stop();
    if (config.size_log < MO_ADMIN_MIN_LOG || config.size_log > MO_ADMIN_MAX_LOG ||
        config.record % record_alignment != 0 ||
        (config.vector != no_vector && config.vector >= vectors_.count())) {
        return false;
    }
    const auto size_log = static_cast<std::uint8_t>(config.size_log);
    commands_ = Ring{config.sq, size_log, entry_log};
    completions_ = Ring{config.cq, size_log, entry_log};
    if (!commands_.valid() || !completions_.valid()) {
        return false;
    }
    record_ = config.record;
    vector_ = config.vector;
    tail_ = head_ = producer_ = under_way_ = 0;
    published_event_ = 0;
    shadow_ = shadow;
    on_ = true;
    return true;
}

void AdminQueue::stop() noexcept {
    on_ = false;
    completed_ = false;
    ++generation_;
}

void AdminQueue::doorbell(std::uint32_t tail) {
    // With shadow doorbells the record is what counts, and it was stored before the doorbell.
    if (on_ && !shadow_) {
        take_tail(tail);
    }
}

void AdminQueue::take_tail(std::uint32_t tail) {
    if (static_cast<std::int32_t>(tail - tail_) <= 0) {
        return; // repeated or late
    }
    if (tail - head_ > commands_.entries()) {
        on_ = false;
        sink_.fatal(hw::MO_FATAL_ADMIN_INDEX);
        return;
    }
    tail_ = tail;
}

bool AdminQueue::load_tail() {
    const auto tail = dma_->load_acquire<Le<std::uint32_t>>(record_);
    if (!tail) {
        fail(tail.error());
        return false;
    }
    take_tail(tail->value());
    return on_;
}

bool AdminQueue::poll(AdminExecutor& executor) {
    if (!on_ || (shadow_ && !load_tail()) || head_ == tail_) {
        return false;
    }
    std::uint32_t done = 0;
    const auto began = std::chrono::steady_clock::now();
    const auto has_time = [&] {
        return done < batch && (done == 0 || std::chrono::steady_clock::now() - began < batch_time);
    };
    while (on_ && head_ != tail_ && has_room() && has_time()) {
        hw::mo_cmd_desc desc;
        const auto fetched = commands_.fetch(dma_.section(), head_, std::span(&desc, 1));
        if (!fetched) {
            fail(fetched.error());
            return true;
        }
        ++head_;
        ++done;
        ++under_way_;
        std::array<std::byte, admin_result_size> result{};
        const AdminTag tag{generation_, desc.hdr.tag};
        const AdminAnswer answer = executor.execute(desc, tag, result);
        if (answer) {
            complete(tag, *answer, result);
        }
    }
    return done != 0;
}

void AdminQueue::complete(const AdminTag& tag, hw::mo_status status, AdminResult result) {
    if (!on_ || tag.generation != generation_) {
        return;
    }
    --under_way_;
    sink_.event_counters().admin_commands.add();
    if (status != hw::MO_ST_OK) {
        sink_.event_counters().admin_errors.add();
    }
    write_completion(tag.tag, status, result);
}

void AdminQueue::write_completion(std::uint16_t tag, hw::mo_status status, AdminResult result) {
    hw::mo_cmd_cqe entry{};
    entry.tag = tag;
    entry.status = static_cast<std::uint16_t>(status);
    entry.sq_head = static_cast<std::uint16_t>(head_);
    std::copy(result.begin(), result.end(),
              std::as_writable_bytes(std::span(entry.result)).begin());
    entry.phase = completions_.phase(producer_);
    liar_.twist_admin(entry);
    const auto written = write_entry(dma_.section(), completions_.address(producer_),
                                     std::as_bytes(std::span(&entry, 1)));
    if (!written) {
        fail(written.error());
        return;
    }
    ++producer_;
    completed_ = true;
}

void AdminQueue::flush() {
    if (completed_) {
        completed_ = false;
        if (vector_ != no_vector) {
            vectors_.note(vector_);
        }
    }
}

void AdminQueue::publish_event() {
    if (!on_ || !shadow_ || published_event_ == tail_) {
        return;
    }
    constexpr std::uint64_t event_offset = offsetof(hw::mo_db_rec, event);
    const auto stored = dma_->store_release(record_ + event_offset, Le<std::uint32_t>(tail_));
    if (!stored) {
        fail(stored.error());
        return;
    }
    published_event_ = tail_;
}

bool AdminQueue::work_arrived() {
    if (!on_) {
        return false;
    }
    if (shadow_ && !load_tail()) {
        return true;
    }
    return head_ != tail_ && has_room();
}

void AdminQueue::fail(const pcie::DmaFault& fault) {
    if (fault.reason == pcie::DmaFaultReason::bus_master) {
        return; // switched off between two looks: the queue waits like all else
    }
    on_ = false;
    sink_.report_dma_fault(0, fault);
    sink_.fatal(hw::MO_FATAL_ADMIN_DMA);
}

} // namespace mo::nic
