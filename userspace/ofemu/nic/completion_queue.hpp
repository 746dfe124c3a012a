// SPDX-License-Identifier: GPL-2.0-or-later
// CompletionQueue: ring of completions in guest memory with its arm word (driver/hw/db.h), event
// moderation and overrun check. Made by CQ_CREATE, used by datapath blocks.
//
// Engine thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "nic/arm_word.hpp"
#include "nic/armed_ring.hpp"
#include "nic/dma_access.hpp"
#include "nic/ring.hpp"

namespace mo::nic {

class EventSink;

struct CompletionQueueConfig {
    Ring ring;                        ///< with `pages`: its place of them is filled in here
    std::vector<std::uint64_t> pages; ///< of a scattered ring; empty: it lies in one piece
    std::uint64_t record = 0;         ///< bus address of its mo_arm_rec
    std::uint32_t object = 0;
    std::uint32_t eq = 0;    ///< object number of its event queue
    std::uint32_t timer = 0; ///< as timer() is to tell
    Moderation moderation;
};

class CompletionQueue {
  public:
    CompletionQueue(CompletionQueueConfig config, DmaAccess& dma, EventSink& events);
    CompletionQueue(const CompletionQueue&) = delete;
    CompletionQueue& operator=(const CompletionQueue&) = delete;
    ~CompletionQueue() = default;

    [[nodiscard]] std::uint32_t object() const noexcept { return config_.object; }
    [[nodiscard]] std::uint32_t eq() const noexcept { return config_.eq; }
    /// Bytes of an entry.
    [[nodiscard]] std::size_t entry_size() const noexcept { return ring_.entry_size(); }
    /// False after an overrun or a DMA fault: nothing is written any more.
    [[nodiscard]] bool working() const noexcept { return working_; }

    /// Writes an entry of exactly entry_size() bytes; the phase bit (bit 0 of the last byte) is
    /// filled in and stored last. The core flushes the queue at the end of the round.
    /// @return false: overrun or DMA fault (now or earlier); MO_EVENT_CQ_ERROR was raised once,
    ///         the caller stops its queue with MO_QERR_CQ
    bool post(std::span<const std::byte> entry, bool solicited = false);

    /// Somebody waits for what has been posted: moderation does not hold its event back.
    void hurry() noexcept {
        last_urgent_ = ring_.producer();
        any_urgent_ = true;
    }

    /// The core's part, once per round after the last post(): orders what was posted before the
    /// arm word and raises the event if it is asked for and not held back by moderation. To be
    /// called when EventSink::wants_flush() was, and at deadline_ns() as it is behind this call.
    void flush(std::uint64_t now_ns);
    /// Calls EventSink::wants_flush(), unless it was since the last flush.
    void ask_for_flush();
    /// It was: who asked for flush() has still to call it.
    [[nodiscard]] bool asked_for_flush() const noexcept { return listed_; }

    /// The arm word may have changed (doorbell without MO_F_SHADOW_DB); so may deadline_ns().
    void arm_changed(std::uint64_t now_ns) { evaluate(now_ns); }

    void set_moderation(const Moderation& moderation) noexcept { config_.moderation = moderation; }

    /// The number of its deadline with whoever calls flush().
    [[nodiscard]] std::uint32_t timer() const noexcept { return config_.timer; }
    /// When flush() has to be called though nothing was posted; UINT64_MAX: never.
    [[nodiscard]] std::uint64_t deadline_ns() const noexcept { return deadline_ns_; }

    /// Queues that complete here; CQ_DESTROY is refused while there are any.
    void attach() noexcept { ++users_; }
    void detach() noexcept { --users_; }
    [[nodiscard]] std::uint32_t users() const noexcept { return users_; }

    /// Entries written since the creation.
    [[nodiscard]] std::uint32_t producer() const noexcept { return ring_.producer(); }

  private:
    static constexpr std::size_t max_entry = 64;
    static constexpr std::uint64_t never = ~std::uint64_t{0};

    void evaluate(std::uint64_t now_ns);
    [[nodiscard]] bool has_room();
    void dma_failed(const pcie::DmaFault& fault);
    void fail();

    CompletionQueueConfig config_;
    ArmedRing ring_;
    EventSink& events_;
    std::uint32_t last_solicited_ = 0; ///< index behind the last solicited entry
    std::uint32_t last_urgent_ = 0;    ///< index behind the last urgent entry
    std::uint32_t users_ = 0;
    std::uint64_t first_waiting_ns_ = 0; ///< when the event that is held back was due
    std::uint64_t deadline_ns_ = never;
    bool any_solicited_ = false; ///< the host has not read it
    bool fresh_ = false;         ///< entries were posted since nothing was owed
    bool fresh_solicited_ = false;
    bool any_urgent_ = false;
    bool holding_ = false; ///< moderation holds an event back
    bool posted_ = false;  ///< since the last flush
    bool listed_ = false;  ///< the core will call flush() in this round
    bool working_ = true;
};

} // namespace mo::nic
