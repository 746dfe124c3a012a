// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/host_queue.hpp"

#include <algorithm>
#include <cassert>

namespace mo::nic::eth {

namespace {

constexpr std::uint64_t tail_offset = MO_OFFSETOF(hw::mo_db_rec, tail);
constexpr std::uint64_t event_offset = MO_OFFSETOF(hw::mo_db_rec, event);

} // namespace

void HostQueue::doorbell(std::uint32_t index) {
    // The difference is signed: a doorbell that was overtaken by a later one is behind.
    if (working() && static_cast<std::int32_t>(index - tail_) > 0) {
        accept_tail(index);
    }
}

bool HostQueue::refresh_tail() {
    if (!working() || !env_.shadow_doorbells()) {
        return false;
    }
    auto tail = dma().load_acquire<hw::__le32>(config_.record + tail_offset);
    if (!tail) {
        stop(tail.error());
        return false;
    }
    if (*tail == tail_) {
        return false;
    }
    env_.counters().shadow_tails.add();
    accept_tail(*tail);
    return working();
}

void HostQueue::accept_tail(std::uint32_t tail) {
    if (tail - head_ > config_.ring.entries()) {
        stop(hw::MO_QERR_TAIL);
    } else {
        tail_ = tail;
    }
}

void HostQueue::store_event(std::uint32_t index) {
    if (!working()) {
        return;
    }
    auto done = dma().store_release(config_.record + event_offset, hw::__le32(index));
    if (!done) {
        stop(done.error());
    }
}

std::span<const Descriptor> HostQueue::fetch(std::uint32_t index, std::uint32_t count) {
    assert(count <= fetch_window && index - head_ + count <= available());
    if (index - window_begin_ > window_count_ || count > window_count_ - (index - window_begin_)) {
        const std::uint32_t want = std::min({tail_ - index, fetch_window, config_.ring.entries()});
        auto done = config_.ring.fetch(dma(), index, std::span<Descriptor>(window_).first(want));
        if (!done) {
            window_count_ = 0;
            stop(done.error());
            return {};
        }
        window_begin_ = index;
        window_count_ = want;
        env_.counters().desc_fetches.add();
        env_.counters().desc_fetched.add(want);
    }
    return std::span<const Descriptor>(window_).subspan(index - window_begin_, count);
}

bool HostQueue::post(const hw::mo_eth_cqe& completion) {
    if (!working()) {
        return false;
    }
    if (!config_.cq->post(std::as_bytes(std::span<const hw::mo_eth_cqe, 1>(&completion, 1)))) {
        stop(hw::MO_QERR_CQ);
        return false;
    }
    return true;
}

void HostQueue::stop(hw::mo_queue_error why) {
    if (working()) {
        error_ = why;
        env_.queue_error(config_.object, config_.port, why);
    }
}

void HostQueue::stop(const pcie::DmaFault& fault) {
    if (working()) {
        env_.dma_fault(config_.object, fault);
        stop(hw::MO_QERR_DMA);
    }
}

} // namespace mo::nic::eth
