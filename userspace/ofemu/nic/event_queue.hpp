// SPDX-License-Identifier: GPL-2.0-or-later
// EventQueue: ring of events in guest memory with its arm word (driver/hw/db.h), the interrupt
// vector that it raises, and interrupt moderation. What finds the ring full is owed and written
// when the host has made room, in the order in which it came.
//
// Engine thread only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/hw.hpp"
#include "nic/arm_word.hpp"
#include "nic/armed_ring.hpp"
#include "nic/dma_access.hpp"
#include "nic/event_sink.hpp"
#include "nic/owed_events.hpp"
#include "nic/ring.hpp"
#include "pcie/msix.hpp"

namespace mo::nic {

struct EventQueueConfig {
    Ring ring;
    std::uint64_t record = 0; ///< bus address of its mo_arm_rec
    std::uint32_t object = 0;
    std::uint16_t vector = 0;
    Moderation moderation;
};

class EventQueue {
  public:
    /// `owed` keeps what this queue owes, under the number of its vector.
    EventQueue(const EventQueueConfig& config, DmaAccess& dma, EventSink& sink,
               pcie::MsixVectors& vectors, OwedEvents& owed);

    [[nodiscard]] std::uint32_t object() const noexcept { return config_.object; }
    [[nodiscard]] std::uint16_t vector() const noexcept { return config_.vector; }
    [[nodiscard]] bool working() const noexcept { return working_; }

    /// Writes an event; its phase is filled in. Without room it is owed; flush() has to be called
    /// in either case. A refused DMA stops the queue, which is reported once. False: the queue has
    /// stopped, the event is lost.
    bool post(const hw::mo_eqe& event);

    /// After the last post() of a round: writes what is owed and has room, and raises the vector
    /// if it is asked for and not held back.
    void flush(std::uint64_t now_ns);
    /// The arm word may have changed (doorbell).
    void arm_changed(std::uint64_t now_ns) {
        pay(now_ns);
        evaluate(now_ns);
    }
    void set_moderation(const Moderation& moderation) noexcept { config_.moderation = moderation; }

    /// When flush() has to be called though nothing was posted; UINT64_MAX: never.
    [[nodiscard]] std::uint64_t deadline_ns() const noexcept {
        return std::min(deadline_ns_, retry_ns_);
    }

    /// Completion queues that report here; EQ_DESTROY is refused while there are any.
    void attach() noexcept { ++users_; }
    void detach() noexcept { --users_; }
    [[nodiscard]] std::uint32_t users() const noexcept { return users_; }
    [[nodiscard]] std::uint32_t producer() const noexcept { return ring_.producer(); }

  private:
    enum class Outcome : std::uint8_t { written, no_room, stopped };

    [[nodiscard]] bool owes() const noexcept { return !owed_.empty(config_.vector); }
    [[nodiscard]] Outcome write(const hw::mo_eqe& event);
    void pay(std::uint64_t now_ns);
    void evaluate(std::uint64_t now_ns);
    void fail(const pcie::DmaFault& fault);

    EventQueueConfig config_;
    ArmedRing ring_;
    EventSink& sink_;
    pcie::MsixVectors& vectors_;
    OwedEvents& owed_;
    std::uint32_t users_ = 0;
    std::uint64_t last_interrupt_ns_ = 0;
    std::uint64_t deadline_ns_ = ~std::uint64_t{0}; ///< of the interrupt that is held back
    std::uint64_t retry_ns_ = ~std::uint64_t{0};    ///< when room is looked for again
    std::uint64_t retry_wait_ns_ = 0;               ///< how long was waited for that time
    bool interrupted_ = false;                      ///< last_interrupt_ns_ is valid
    bool posted_ = false;
    bool working_ = true;
};

} // namespace mo::nic
