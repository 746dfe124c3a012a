// SPDX-License-Identifier: GPL-2.0-or-later
// What DmaMap's two halves share: an immutable table of maps, replaced as a whole.
#pragma once

#include <sys/types.h>
#include <vector>

#include "common/mapping.hpp"
#include "pcie/dma_map.hpp"
#include "pcie/file_guard.hpp"

namespace mo::pcie {

struct DmaMap::Entry {
    std::uint64_t iova;
    std::uint64_t last; ///< last address, so that a map may end at 2^64
    std::byte* host;    ///< null: unbacked
    std::uint64_t generation;
    Access access;
};

struct DmaMap::Table {
    std::vector<Entry> entries; ///< by iova, disjoint
    std::uint64_t generation = 0;
};

/// One mapped file, shared by its regions.
struct DmaMap::Backing {
    dev_t device;
    ino_t inode;
    bool writable;
    Mapping mapping;
    FileGuard guard; // behind the mapping: ends before it
};

} // namespace mo::pcie
