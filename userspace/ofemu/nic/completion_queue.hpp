// SPDX-License-Identifier: GPL-2.0-or-later
// CompletionQueue: ring of completions in guest memory with its arm word (driver/hw/db.h), event
// moderation and overrun check. Made by CQ_CREATE, used by datapath blocks.
//
// Engine thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/arm_word.hpp"
#include "nic/dma_access.hpp"
#include "nic/ring.hpp"

namespace mo::nic {

class EventSink;

struct CompletionQueueConfig {
    Ring ring;
    std::uint64_t record = 0; ///< bus address of its mo_arm_rec
    std::uint32_t object = 0;
    std::uint32_t eq = 0; ///< object number of its event queue
    Moderation moderation;
};

class CompletionQueue {
  public:
    CompletionQueue(const CompletionQueueConfig& config, DmaAccess& dma, EventSink& events);

    [[nodiscard]] std::uint32_t object() const noexcept { return config_.object; }
    [[nodiscard]] std::uint32_t eq() const noexcept { return config_.eq; }
    /// Bytes of an entry.
    [[nodiscard]] std::size_t entry_size() const noexcept {
        return std::size_t{1} << config_.ring.entry_log;
    }
    /// False after an overrun or a DMA fault: nothing is written any more.
    [[nodiscard]] bool working() const noexcept { return working_; }

    /// Writes an entry of exactly entry_size() bytes; the phase bit (bit 0 of the last byte) is
    /// filled in and stored last. The consumer is not told before flush().
    /// @return false: overrun or DMA fault (now or earlier); MO_EVENT_CQ_ERROR was raised once,
    ///         the caller stops its queue with MO_QERR_CQ
    bool post(std::span<const std::byte> entry, bool solicited = false);

    /// Orders what was posted before the arm word and raises the event if it is asked for and not
    /// held back by moderation. Once per queue and round, after the last post().
    void flush(std::uint64_t now_ns);

    /// The arm word may have changed (doorbell without MO_F_SHADOW_DB).
    void arm_changed(std::uint64_t now_ns) { evaluate(now_ns); }

    void set_moderation(const Moderation& moderation) noexcept { config_.moderation = moderation; }

    /// When flush() has to be called though nothing was posted; UINT64_MAX: never.
    [[nodiscard]] std::uint64_t deadline_ns() const noexcept { return deadline_ns_; }

    /// Queues that complete here; CQ_DESTROY is refused while there are any.
    void attach() noexcept { ++users_; }
    void detach() noexcept { --users_; }
    [[nodiscard]] std::uint32_t users() const noexcept { return users_; }

    /// Entries written since the creation.
    [[nodiscard]] std::uint32_t producer() const noexcept { return producer_; }

  private:
    void evaluate(std::uint64_t now_ns);
    [[nodiscard]] bool has_room();
    void fail();

    CompletionQueueConfig config_;
    DmaAccess& dma_;
    EventSink& events_;
    ArmState arm_;
    std::uint32_t producer_ = 0;
    std::uint32_t consumer_ = 0;       ///< as the arm word said last
    std::uint32_t last_solicited_ = 0; ///< index behind the last solicited entry
    std::uint32_t users_ = 0;
    std::uint64_t first_waiting_ns_ = 0; ///< when the oldest unannounced entry was flushed
    std::uint64_t deadline_ns_ = ~std::uint64_t{0};
    bool waiting_ = false; ///< entries were posted that no event has announced
    bool posted_ = false;  ///< since the last flush
    bool working_ = true;
};

} // namespace mo::nic
