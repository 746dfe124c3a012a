// SPDX-License-Identifier: GPL-2.0-or-later
// OwedEvents: events that found their queue full, until the host has made room (driver/hw/event.h:
// a burst is delayed, never lost). As in silicon the memory is fixed and nothing is allocated: a
// few bits for each object, and its place in the list of its event queue. So each object owes an
// event of a kind once at most; told twice in the meantime it is told once, as it is then.
//
// Engine thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/hw.hpp"

namespace mo::nic {

class OwedEvents {
  public:
    /// For so many event queues; `queue` below is a number of one of them (its vector).
    explicit OwedEvents(std::size_t queues);

    /// The event has to be told by `queue` later, behind what it owes already. An event of the
    /// same kind and object that is owed takes its place: what it says is the newest.
    void owe(std::size_t queue, const hw::mo_eqe& event) noexcept;

    [[nodiscard]] bool empty(std::size_t queue) const noexcept {
        const std::uint32_t list = head(queue);
        return nodes_[list].next == list;
    }
    /// What is told next, without phase. Not when empty().
    [[nodiscard]] hw::mo_eqe front(std::size_t queue) const noexcept;
    /// It has been told.
    void pop_front(std::size_t queue) noexcept;

    /// The object is gone or begins anew: what was owed for it is not told any more.
    void forget(std::uint32_t object) noexcept;
    /// The queue is gone. Returns the events that nobody is told.
    std::size_t drop(std::size_t queue) noexcept;
    /// As after construction.
    void clear() noexcept;

  private:
    struct Node {
        std::uint32_t next;
        std::uint32_t prev;
        std::uint8_t kinds; ///< owed, by bit; listed while there are any
        std::uint8_t port;
        std::uint8_t error; ///< MO_EVENT_* of the kind "error"
        std::uint16_t code;
        std::uint32_t object;
        std::uint32_t data;
    };
    struct Place {
        std::uint32_t node;
        std::uint8_t kind;
    };

    [[nodiscard]] static Place place_of(const hw::mo_eqe& event) noexcept;
    [[nodiscard]] static std::uint32_t head(std::size_t queue) noexcept;
    void link(std::uint32_t node, std::uint32_t behind) noexcept;
    void unlink(std::uint32_t node) noexcept;
    void release(std::uint32_t node) noexcept;

    std::size_t queues_;
    std::vector<Node> nodes_; ///< first the heads of the queues' lists
};

} // namespace mo::nic
