// SPDX-License-Identifier: GPL-2.0-or-later
// Deadlines: times of many members in order. The earliest is there at once; changing one costs the
// logarithm of how many there are. Equal times come in the order of their members' numbers, so that
// what follows from them is the same in each run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mo::engine {

/// The time that never comes.
inline constexpr std::uint64_t never = ~std::uint64_t{0};

class Deadlines {
  public:
    using Member = std::uint32_t;

    /// A new member, whose deadline is never. Numbers of removed members are used again.
    [[nodiscard]] Member add();
    /// The member is no more.
    void remove(Member member);

    /// Moves a member's deadline, earlier or later.
    void set(Member member, std::uint64_t time_ns);
    [[nodiscard]] std::uint64_t of(Member member) const noexcept {
        return entries_[member].time_ns;
    }

    /// The earliest deadline; never if there is none.
    [[nodiscard]] std::uint64_t first_ns() const noexcept {
        return heap_.empty() ? never : entries_[heap_.front()].time_ns;
    }
    /// Whose it is. Only where first_ns() is not never.
    [[nodiscard]] Member first() const noexcept { return heap_.front(); }

  private:
    static constexpr std::size_t nowhere = ~std::size_t{0};

    struct Entry {
        std::uint64_t time_ns = never;
        std::size_t place = nowhere; ///< in the heap; members that are never due are not in it
    };

    [[nodiscard]] bool before(Member a, Member b) const noexcept;
    void put(Member member, std::size_t place) noexcept;
    void rise(Member member, std::size_t place) noexcept;
    void sink(Member member, std::size_t place) noexcept;
    void take_out(std::size_t place) noexcept;

    std::vector<Entry> entries_;
    std::vector<Member> free_;
    std::vector<Member> heap_; ///< binary, the earliest first
};

} // namespace mo::engine
