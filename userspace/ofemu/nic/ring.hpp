// SPDX-License-Identifier: GPL-2.0-or-later
// Ring: geometry of a ring in guest memory and bounded access to its entries. Indexes are absolute
// (they count entries since the queue was created, modulo 2^32); a ring has 2^n entries. It lies in
// one piece, or scattered over pages whose addresses its owner keeps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "pcie/dma_map.hpp"

namespace mo::nic {

/// Alignment that driver/hw/cmd.h asks of rings and doorbell records.
inline constexpr std::uint64_t ring_alignment = 4096;
inline constexpr std::uint64_t record_alignment = 64;

struct Ring {
    std::uint64_t base = 0;      ///< bus address; scattered: bytes from the start of the first page
    std::uint8_t size_log = 0;   ///< log2 of the entries
    std::uint8_t entry_log = 0;  ///< log2 of the bytes of one; an entry lies in one page
    std::uint8_t page_shift = 0; ///< scattered: log2 of the bytes of a page
    const std::uint64_t* pages = nullptr; ///< scattered: bus addresses, not owned

    [[nodiscard]] constexpr std::uint32_t entries() const noexcept { return 1U << size_log; }
    [[nodiscard]] constexpr std::uint32_t slot(std::uint32_t index) const noexcept {
        return index & (entries() - 1U);
    }
    [[nodiscard]] constexpr std::uint64_t address(std::uint32_t index) const noexcept {
        const std::uint64_t place = base + (std::uint64_t{slot(index)} << entry_log);
        if (pages == nullptr) [[likely]] {
            return place;
        }
        return pages[place >> page_shift] + (place & ((std::uint64_t{1} << page_shift) - 1U));
    }
    [[nodiscard]] constexpr std::uint64_t bytes() const noexcept {
        return std::uint64_t{entries()} << entry_log;
    }
    /// Phase bit of the entry: 1 in the first pass, then alternating.
    [[nodiscard]] constexpr std::uint8_t phase(std::uint32_t index) const noexcept {
        return static_cast<std::uint8_t>(((index >> size_log) & 1U) ^ 1U);
    }
    /// True if the ring is aligned and does not wrap the address space.
    [[nodiscard]] constexpr bool valid() const noexcept {
        return base % ring_alignment == 0 && base + bytes() >= base;
    }

    /// Reads out.size() entries (at most entries()) from `index` on; wraps at the end.
    template <typename T>
    pcie::DmaResult<void> fetch(pcie::DmaMap::ReadSection& dma, std::uint32_t index,
                                std::span<T> out) const {
        static_assert(std::is_trivially_copyable_v<T>);
        while (!out.empty()) {
            const std::size_t until_end = until_break(index);
            const auto part = out.first(std::min(out.size(), until_end));
            auto done = dma.read(address(index), std::as_writable_bytes(part));
            if (!done) {
                return done;
            }
            index += static_cast<std::uint32_t>(part.size());
            out = out.subspan(part.size());
        }
        return {};
    }

  private:
    /// Entries from `index` on that lie one behind the other in guest memory.
    [[nodiscard]] constexpr std::uint32_t until_break(std::uint32_t index) const noexcept {
        const std::uint32_t until_end = entries() - slot(index);
        if (pages == nullptr) {
            return until_end;
        }
        const std::uint64_t page = std::uint64_t{1} << page_shift;
        const std::uint64_t place = base + (std::uint64_t{slot(index)} << entry_log);
        const std::uint64_t left = (page - (place & (page - 1U))) >> entry_log;
        return left < until_end ? static_cast<std::uint32_t>(left) : until_end;
    }
};

} // namespace mo::nic
