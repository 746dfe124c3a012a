// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/code_cache.hpp"

#include <algorithm>

namespace mo::mgmt {

CodeCache::CodeCache(std::uint32_t base, std::span<const std::uint8_t> bytes)
    : base_(base), size_(static_cast<std::uint32_t>(bytes.size())), bytes_(bytes),
      entries_(bytes.size() / 2 + 1), used_pages_(entries_.size() / page_entries + 1) {
    entries_.back().op = Op::fetch_fault;
}

void CodeCache::fill(std::size_t index) {
    const auto halfword = [&](std::size_t i) {
        return static_cast<std::uint16_t>(bytes_[2 * i] | bytes_[2 * i + 1] << 8);
    };
    const std::uint16_t low = halfword(index);
    Insn& entry = entries_[index];
    if (!is_wide(low)) {
        entry = decode(low, 0, base_ + static_cast<std::uint32_t>(2 * index));
    } else if (index + 1 < size_ / 2) {
        entry = decode(low, halfword(index + 1), base_ + static_cast<std::uint32_t>(2 * index));
    } else {
        entry.op = Op::fetch_fault; // its second half lies outside
    }
    used_pages_[index / page_entries] = true;
}

void CodeCache::flush() {
    for (std::size_t page = 0; page < used_pages_.size(); ++page) {
        if (used_pages_[page]) {
            const std::size_t first = page * page_entries;
            const std::size_t last = std::min(first + page_entries, entries_.size() - 1);
            std::fill(entries_.begin() + static_cast<std::ptrdiff_t>(first),
                      entries_.begin() + static_cast<std::ptrdiff_t>(last), Insn{});
            used_pages_[page] = false;
        }
    }
}

} // namespace mo::mgmt
