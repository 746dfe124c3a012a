// SPDX-License-Identifier: GPL-2.0-or-later
// QueueSet: the event and completion queues of a NIC, their object numbers, and who has to be
// flushed at the end of a round. Executes the admin commands on them. A completion queue whose
// event moderation holds back costs a round nothing until that is due.
//
// Engine thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/hw.hpp"
#include "engine/deadlines.hpp"
#include "nic/completion_queue.hpp"
#include "nic/event_queue.hpp"
#include "nic/object_table.hpp"
#include "nic/owed_events.hpp"
#include "pcie/msix.hpp"

namespace mo::nic {

/// Limits that IDENTIFY tells.
inline constexpr std::uint32_t max_eq = MO_MAX_VECTORS;
inline constexpr std::uint32_t max_cq = 16384 + 1024;

class QueueSet {
  public:
    QueueSet(ObjectTable& objects, DmaAccess& dma, EventSink& sink, pcie::MsixVectors& vectors,
             std::uint32_t db_pages);

    // Commands. `object` is set on success.
    [[nodiscard]] hw::mo_status create_eq(const hw::mo_cmd_eq& body, std::uint32_t& object);
    [[nodiscard]] hw::mo_status destroy_eq(std::uint32_t object);
    [[nodiscard]] hw::mo_status modify_eq(const hw::mo_cmd_eq& body, std::uint64_t now_ns);
    [[nodiscard]] hw::mo_status create_cq(const hw::mo_cmd_cq& body, std::uint32_t& object);
    [[nodiscard]] hw::mo_status destroy_cq(std::uint32_t object);
    [[nodiscard]] hw::mo_status modify_cq(const hw::mo_cmd_cq& body, std::uint64_t now_ns);

    [[nodiscard]] EventQueue* eq(std::uint32_t object) const noexcept;
    [[nodiscard]] CompletionQueue* cq(std::uint32_t object) const noexcept;
    /// The queue of vector 0, which gets asynchronous events; nullptr: there is none.
    [[nodiscard]] EventQueue* async_eq() const noexcept;

    /// The arm word of a queue changed.
    void doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint64_t now_ns);

    /// Writes an event, now or when there is room. False: lost, the queue has stopped.
    bool post_event(EventQueue& eq, const hw::mo_eqe& event);
    /// The object is gone or begins anew: events of it that are still owed are dropped.
    void forget_events(std::uint32_t object) noexcept { owed_.forget(object); }
    void wants_flush(CompletionQueue& cq) { hot_cqs_.push_back(&cq); }

    /// End of a round: signals what is due. Returns how many completion queues it looked at.
    std::size_t flush(std::uint64_t now_ns);
    [[nodiscard]] std::uint64_t next_deadline_ns() const noexcept;

    /// Destroys all queues (reset).
    void clear();

    [[nodiscard]] std::uint32_t eq_count() const noexcept { return eq_count_; }
    [[nodiscard]] std::uint32_t cq_count() const noexcept { return cq_count_; }

  private:
    void list_eq(EventQueue& eq);
    void arm_changed(CompletionQueue& cq, std::uint64_t now_ns);

    ObjectTable& objects_;
    DmaAccess& dma_;
    EventSink& sink_;
    pcie::MsixVectors& vectors_;
    std::uint32_t db_pages_;
    OwedEvents owed_;                                   // by vector; before the queues
    std::vector<std::unique_ptr<EventQueue>> eqs_;      // by vector
    std::vector<std::uint16_t> eq_vector_;              // by object index
    std::vector<std::unique_ptr<CompletionQueue>> cqs_; // by object index
    std::vector<CompletionQueue*> hot_cqs_;             // to be flushed in this round
    engine::Deadlines cq_deadlines_;                    // of those that hold an event back
    std::vector<CompletionQueue*> timed_cqs_;           // by member of cq_deadlines_
    std::vector<EventQueue*> hot_eqs_;
    std::uint32_t eq_count_ = 0;
    std::uint32_t cq_count_ = 0;
};

} // namespace mo::nic
