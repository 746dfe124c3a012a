// SPDX-License-Identifier: GPL-2.0-or-later
// ObjectTable: the numbers of all queues of a NIC (driver/hw/db.h): index and generation, and for
// each the doorbell kind and page through which it may be rung.
//
// Threads: the engine creates and destroys; accepts() is for the control thread at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/hw.hpp"

namespace mo::nic {

class ObjectTable {
  public:
    /// Indexes of the table: all that a number can have. 16 k queue pairs with both queues, 16 k
    /// completion queues and what the ethernet datapath has are 49 k.
    static constexpr std::uint32_t capacity = MO_OBJ_INDEX + 1U;
    /// Indexes below are never given out: no object has the number 0, and the numbers of queue
    /// pairs 0 and 1 are the management datagrams' own (IBA 9.2.2).
    static constexpr std::uint32_t first_index = 2;

    /// Who owns an object: the core (event and completion queues) or a datapath block.
    using Owner = std::uint8_t;
    static constexpr Owner core = 0;

    ObjectTable();

    /// A new number; the index that has been free for the longest time is used, with a generation
    /// of its own. nullopt: full.
    [[nodiscard]] std::optional<std::uint32_t> create(hw::mo_doorbell doorbell, std::uint32_t page,
                                                      Owner owner);
    /// False: no such object.
    bool destroy(std::uint32_t object);
    /// Destroys all. Generations go on, so numbers of before stay invalid.
    void clear();

    /// The owner of a live object; nullopt: none of this number.
    [[nodiscard]] std::optional<Owner> owner(std::uint32_t object) const noexcept;

    /// May `page` ring `object` with a doorbell of this kind? Any thread.
    [[nodiscard]] bool accepts(std::uint32_t object, hw::mo_doorbell doorbell,
                               std::uint32_t page) const noexcept {
        return routes_[index(object)].load(std::memory_order_acquire) ==
               route(object, doorbell, page);
    }

    [[nodiscard]] std::uint32_t live() const noexcept { return live_; }

    /// Place of an object in tables of `capacity` entries.
    [[nodiscard]] static std::uint32_t index(std::uint32_t object) noexcept {
        return object & MO_OBJ_INDEX;
    }

  private:
    struct Slot {
        std::uint8_t generation = 0;
        Owner owner = core;
        bool live = false;
    };

    /// A live object's row: number, kind, page; never 0.
    [[nodiscard]] static constexpr std::uint64_t
    route(std::uint32_t object, hw::mo_doorbell doorbell, std::uint32_t page) noexcept {
        constexpr unsigned kind_shift = 24, page_shift = 32;
        return (std::uint64_t{object} & MO_DB_OBJECT) |
               (static_cast<std::uint64_t>(doorbell) << kind_shift) |
               (std::uint64_t{page} << page_shift) | (std::uint64_t{1} << 63U);
    }
    [[nodiscard]] bool is_live(std::uint32_t object) const noexcept;

    std::vector<std::atomic<std::uint64_t>> routes_; ///< by index
    std::vector<Slot> slots_;                        ///< by index
    std::vector<std::uint16_t> free_;                // ring: oldest first
    std::uint32_t free_head_ = 0;
    std::uint32_t free_count_ = 0;
    std::uint32_t live_ = 0;
};

} // namespace mo::nic
