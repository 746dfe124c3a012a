// SPDX-License-Identifier: GPL-2.0-or-later
// DoorbellBox: where the control thread notes doorbell writes and the engine takes them. Keeps the
// last value of each object, so 10^5 writes in a burst cost a store each and the engine one look
// per object. A doorbell that its page may not ring is refused here, before it could displace the
// owner's.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "common/hw.hpp"
#include "nic/counters.hpp"
#include "nic/object_table.hpp"

namespace mo::nic {

class DoorbellBox {
  public:
    DoorbellBox(const ObjectTable& objects, NicCounters& counters)
        : objects_(objects), counters_(counters), notes_(ObjectTable::capacity) {}

    /// A write of `size` bytes at `offset` of the doorbell BAR. Halves of 4 bytes count when the
    /// upper one follows the lower one. True: the engine has something to take. Control thread.
    bool write(std::uint64_t offset, unsigned size, std::uint64_t value) noexcept;

    /// Doorbells are lost from here on, as in a broken device (fault injection). Any thread.
    void set_dropping(bool on) noexcept { dropping_.store(on, std::memory_order_relaxed); }
    [[nodiscard]] bool dropping() const noexcept {
        return dropping_.load(std::memory_order_relaxed);
    }

    /// Engine: is anything noted?
    [[nodiscard]] bool pending() const noexcept {
        return summary_.load(std::memory_order_seq_cst) != 0 ||
               admin_noted_.load(std::memory_order_seq_cst);
    }

    /// Engine: takes all, calling admin(tail) and queue(kind, object, index) once each at most.
    /// Objects may have died since: the callee looks them up. True if there was any.
    template <typename Admin, typename Queue>
    bool drain(Admin&& admin, Queue&& queue) {
        bool any = false;
        if (admin_noted_.exchange(false, std::memory_order_seq_cst)) {
            any = true;
            admin(admin_tail_.load(std::memory_order_acquire));
        }
        take_bits(summary_, 0, [&](std::uint32_t group) {
            take_bits(groups_[group], group, [&](std::uint32_t word) {
                take_bits(dirty_[word], word, [&](std::uint32_t place) {
                    any = true;
                    const std::uint64_t note = notes_[place].load(std::memory_order_acquire);
                    queue(note_kind(note), note_object(note, place),
                          static_cast<std::uint32_t>(note));
                });
            });
        });
        return any;
    }

    /// Forgets everything (reset; the engine is paused).
    void clear() noexcept;

  private:
    static constexpr unsigned bits_per_word = 64;
    static constexpr unsigned words = ObjectTable::capacity / bits_per_word;
    static constexpr unsigned groups = words / bits_per_word;
    static_assert(groups != 0 && groups <= 64, "one summary word covers the table");
    static constexpr unsigned generation_shift = 32, kind_shift = 40, byte = 0xff;

    // A note: index (32 bits), generation (8), kind (8).
    [[nodiscard]] static hw::mo_doorbell note_kind(std::uint64_t note) noexcept {
        return static_cast<hw::mo_doorbell>((note >> kind_shift) & byte);
    }
    [[nodiscard]] static std::uint32_t note_object(std::uint64_t note,
                                                   std::uint32_t place) noexcept {
        constexpr unsigned object_generation_shift = 16;
        return place | (static_cast<std::uint32_t>((note >> generation_shift) & byte)
                        << object_generation_shift);
    }
    /// Clears a word of bits and calls take(number) for each that was set.
    template <typename Take>
    static void take_bits(std::atomic<std::uint64_t>& word, std::uint32_t number, Take&& take) {
        std::uint64_t bits = word.exchange(0, std::memory_order_seq_cst);
        while (bits != 0) {
            take(number * bits_per_word + static_cast<unsigned>(std::countr_zero(bits)));
            bits &= bits - 1;
        }
    }
    bool ring(std::uint32_t page, std::uint64_t register_offset, std::uint64_t value) noexcept;
    void count(std::uint64_t register_offset) noexcept;

    const ObjectTable& objects_;
    NicCounters& counters_;
    std::vector<std::atomic<std::uint64_t>> notes_; ///< by place
    // Where there are notes: a bit for each place, each word of those, each group of words.
    // They are set in this order and taken in the reverse one.
    std::array<std::atomic<std::uint64_t>, words> dirty_{};
    std::array<std::atomic<std::uint64_t>, groups> groups_{};
    std::atomic<std::uint64_t> summary_{0};
    std::atomic<std::uint32_t> admin_tail_{0};
    std::atomic<bool> admin_noted_{false};
    std::atomic<bool> dropping_{false};
    // Control thread only: the lower half of a doorbell that is written in two.
    std::uint64_t half_offset_ = ~std::uint64_t{0};
    std::uint32_t half_value_ = 0;
};

} // namespace mo::nic
