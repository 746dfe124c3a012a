// SPDX-License-Identifier: GPL-2.0-or-later
// write_entry: how the device writes ring entries that the host polls by their phase bit.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "common/le.hpp"
#include "pcie/dma_map.hpp"

namespace mo::nic {

/// Writes an entry (16 bytes or more, a multiple of 8) whose last byte holds the phase bit: all of
/// it but the last 8 bytes, then those in one store that is ordered behind.
inline pcie::DmaResult<void> write_entry(pcie::DmaMap::ReadSection& dma, std::uint64_t address,
                                         std::span<const std::byte> entry) {
    constexpr std::size_t tail = sizeof(std::uint64_t);
    const std::size_t front = entry.size() - tail;
    auto done = dma.write(address, entry.first(front));
    if (!done) {
        return done;
    }
    std::uint64_t last = 0; // memory order of the entry, whatever the host's is
    std::memcpy(&last, entry.data() + front, tail);
    return dma.store_release(address + front, last);
}

} // namespace mo::nic
