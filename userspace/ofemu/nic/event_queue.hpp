// SPDX-License-Identifier: GPL-2.0-or-later
// EventQueue: ring of events in guest memory with its arm word (driver/hw/db.h), the interrupt
// vector that it raises, and interrupt moderation.
//
// Engine thread only.
#pragma once

#include <cstdint>

#include "common/hw.hpp"
#include "nic/arm_word.hpp"
#include "nic/armed_ring.hpp"
#include "nic/dma_access.hpp"
#include "nic/event_sink.hpp"
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
    EventQueue(const EventQueueConfig& config, DmaAccess& dma, EventSink& sink,
               pcie::MsixVectors& vectors);

    [[nodiscard]] std::uint32_t object() const noexcept { return config_.object; }
    [[nodiscard]] std::uint16_t vector() const noexcept { return config_.vector; }
    [[nodiscard]] bool working() const noexcept { return working_; }

    /// Writes an event; its phase is filled in. Overrun is fatal to the device, a refused DMA
    /// stops this queue; both are reported once. False: not written.
    bool post(const hw::mo_eqe& event);

    /// After the last post() of a round: raises the vector if it is asked for and not held back.
    void flush(std::uint64_t now_ns);
    /// The arm word may have changed (doorbell).
    void arm_changed(std::uint64_t now_ns) { evaluate(now_ns); }
    void set_moderation(const Moderation& moderation) noexcept { config_.moderation = moderation; }

    /// When flush() has to be called though nothing was posted; UINT64_MAX: never.
    [[nodiscard]] std::uint64_t deadline_ns() const noexcept { return deadline_ns_; }

    /// Completion queues that report here; EQ_DESTROY is refused while there are any.
    void attach() noexcept { ++users_; }
    void detach() noexcept { --users_; }
    [[nodiscard]] std::uint32_t users() const noexcept { return users_; }
    [[nodiscard]] std::uint32_t producer() const noexcept { return ring_.producer(); }

  private:
    void evaluate(std::uint64_t now_ns);
    [[nodiscard]] bool has_room();
    void fail(const pcie::DmaFault& fault);

    EventQueueConfig config_;
    ArmedRing ring_;
    EventSink& sink_;
    pcie::MsixVectors& vectors_;
    std::uint32_t users_ = 0;
    std::uint64_t last_interrupt_ns_ = 0;
    std::uint64_t deadline_ns_ = ~std::uint64_t{0};
    bool interrupted_ = false; ///< last_interrupt_ns_ is valid
    bool posted_ = false;
    bool working_ = true;
};

} // namespace mo::nic
