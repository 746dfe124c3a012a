// SPDX-License-Identifier: GPL-2.0-or-later
// Ring: geometry of a ring in guest memory and bounded access to its entries. Indexes are absolute
// (they count entries since the queue was created, modulo 2^32); a ring has 2^n entries.
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
    std::uint64_t base = 0;
    std::uint8_t size_log = 0;  ///< log2 of the entries
    std::uint8_t entry_log = 0; ///< log2 of the bytes of one

    [[nodiscard]] constexpr std::uint32_t entries() const noexcept { return 1U << size_log; }
    [[nodiscard]] constexpr std::uint32_t slot(std::uint32_t index) const noexcept {
        return index & (entries() - 1U);
    }
    [[nodiscard]] constexpr std::uint64_t address(std::uint32_t index) const noexcept {
        return base + (std::uint64_t{slot(index)} << entry_log);
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
            const std::size_t until_end = entries() - slot(index);
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
};

} // namespace mo::nic
