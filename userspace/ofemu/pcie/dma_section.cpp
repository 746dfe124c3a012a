// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstring>
#include <utility>

#include "pcie/dma_map.hpp"
#include "pcie/dma_table.hpp"

namespace mo::pcie {

DmaMap::ReadSection::ReadSection(const DmaMap& map)
    : map_(&map), section_(map.grace_.enter()), bus_master_(map.bus_master()),
      table_(map.current_.load(std::memory_order_seq_cst)) {}

DmaMap::ReadSection::~ReadSection() {
    DmaCounters& counters = map_->counters_;
    if (reads_ != 0) {
        counters.reads.add(reads_);
        counters.read_bytes.add(read_bytes_);
    }
    if (writes_ != 0) {
        counters.writes.add(writes_);
        counters.write_bytes.add(write_bytes_);
    }
    if (map_->lost()) [[unlikely]] {
        map_->tell_lost();
    }
}

Unexpected<DmaFault> DmaMap::ReadSection::fault(DmaFaultReason reason, Access access,
                                                std::uint64_t iova) noexcept {
    map_->counters_.faults.add();
    return Unexpected{DmaFault{reason, allows(access, Access::write), iova}};
}

const DmaMap::Entry* DmaMap::ReadSection::find(std::uint64_t iova) noexcept {
    const Entry* entry = find_in_table(iova);
    // The control thread has answered a map that was made since; the host may have told the device
    // of that memory within this very section. Only what the newest table lacks is not mapped.
    if (entry == nullptr && renew_table()) {
        entry = find_in_table(iova);
    }
    return entry;
}

/// True: the table has changed. Safe within a section: whoever retires a table waits for us.
bool DmaMap::ReadSection::renew_table() noexcept {
    const Table* const newest = map_->current_.load(std::memory_order_seq_cst);
    return std::exchange(table_, newest) != newest;
}

const DmaMap::Entry* DmaMap::ReadSection::find_in_table(std::uint64_t iova) noexcept {
    const auto& entries = table_->entries;
    if (hint_ < entries.size() && entries[hint_].iova <= iova && iova <= entries[hint_].last) {
        return &entries[hint_];
    }
    const auto entry = std::lower_bound(
        entries.begin(), entries.end(), iova,
        [](const Entry& known, std::uint64_t address) { return known.last < address; });
    if (entry == entries.end() || entry->iova > iova) {
        return nullptr;
    }
    hint_ = static_cast<std::size_t>(entry - entries.begin());
    return &*entry;
}

DmaResult<std::span<std::byte>> DmaMap::ReadSection::segment(std::uint64_t iova,
                                                             std::uint64_t length, Access access) {
    if (!bus_master_) {
        return fault(DmaFaultReason::bus_master, access, iova);
    }
    const Entry* const entry = find(iova);
    if (entry == nullptr || length == 0) {
        return fault(DmaFaultReason::unmapped, access, iova);
    }
    if (entry->host == nullptr || map_->lost()) {
        return fault(DmaFaultReason::unbacked, access, iova);
    }
    if (!allows(entry->access, access)) {
        return fault(DmaFaultReason::permission, access, iova);
    }
    const std::uint64_t beyond_first = entry->last - iova; // + 1 could wrap
    const std::uint64_t size = length - 1 <= beyond_first ? length : beyond_first + 1;
    return std::span<std::byte>(entry->host + (iova - entry->iova), static_cast<std::size_t>(size));
}

DmaResult<void> DmaMap::ReadSection::check(std::uint64_t iova, std::uint64_t length,
                                           Access access) {
    if (length != 0 && iova + (length - 1) < iova) {
        return fault(DmaFaultReason::unmapped, access, iova);
    }
    const Table* table = nullptr;
    do { // all pieces have to be in one table, so once more when it was renewed on the way
        table = table_;
        for (std::uint64_t done = 0; done != length;) {
            auto piece = segment(iova + done, length - done, access);
            if (!piece) {
                return Unexpected{std::move(piece).error()};
            }
            done += piece->size();
        }
    } while (table != table_);
    return {};
}

DmaResult<void> DmaMap::ReadSection::read(std::uint64_t iova, std::span<std::byte> out) {
    if (!out.empty() && iova + (out.size() - 1) < iova) {
        return fault(DmaFaultReason::unmapped, Access::read, iova);
    }
    ++reads_;
    read_bytes_ += out.size();
    while (!out.empty()) {
        auto piece = segment(iova, out.size(), Access::read);
        if (!piece) {
            return Unexpected{std::move(piece).error()};
        }
        std::memcpy(out.data(), piece->data(), piece->size());
        if (auto backed = was_backed(Access::read, iova); !backed) {
            return backed;
        }
        iova += piece->size();
        out = out.subspan(piece->size());
    }
    return {};
}

DmaResult<void> DmaMap::ReadSection::write(std::uint64_t iova, std::span<const std::byte> data) {
    auto checked = check(iova, data.size(), Access::write);
    if (!checked) {
        return checked;
    }
    ++writes_;
    write_bytes_ += data.size();
    while (!data.empty()) {
        auto piece = segment(iova, data.size(), Access::write);
        if (!piece) {
            return Unexpected{std::move(piece).error()};
        }
        std::memcpy(piece->data(), data.data(), piece->size());
        if (auto backed = was_backed(Access::write, iova); !backed) {
            return backed;
        }
        iova += piece->size();
        data = data.subspan(piece->size());
    }
    return {};
}

DmaResult<std::byte*> DmaMap::ReadSection::word(std::uint64_t iova, std::size_t size,
                                                Access access) {
    if (iova % size != 0) {
        return fault(DmaFaultReason::unmapped, access, iova);
    }
    auto piece = segment(iova, size, access);
    if (!piece) {
        return Unexpected{std::move(piece).error()};
    }
    // A map may begin at any address and file offset: the word has to lie in one piece, aligned
    // in this process as well, to be accessed at once.
    if (piece->size() != size || reinterpret_cast<std::uintptr_t>(piece->data()) % size != 0) {
        return fault(DmaFaultReason::unmapped, access, iova);
    }
    if (access == Access::read) {
        ++reads_;
        read_bytes_ += size;
    } else {
        ++writes_;
        write_bytes_ += size;
    }
    return piece->data();
}

DmaResult<DmaReference> DmaMap::ReadSection::borrow(std::uint64_t iova, std::uint32_t length) {
    auto checked = check(iova, length, Access::read);
    if (!checked) {
        return Unexpected{std::move(checked).error()};
    }
    return DmaReference{.iova = iova, .length = length, .generation = table_->generation};
}

DmaResult<void> DmaMap::ReadSection::validate(const DmaReference& reference) {
    auto checked = check(reference.iova, reference.length, Access::read);
    if (!checked) {
        return checked;
    }
    // A map made after the reference has a higher generation than the table had then.
    const std::uint64_t last = reference.iova + (reference.length - 1ULL);
    std::uint64_t iova = reference.iova;
    while (reference.length != 0) {
        const Entry* const entry = find(iova);
        if (entry == nullptr || entry->generation > reference.generation) {
            return fault(DmaFaultReason::stale, Access::read, iova);
        }
        if (entry->last >= last) {
            break;
        }
        iova = entry->last + 1;
    }
    return {};
}

DmaResult<void> DmaMap::ReadSection::read(const DmaReference& reference, std::uint32_t offset,
                                          std::span<std::byte> out) {
    if (offset > reference.length || out.size() > reference.length - offset) {
        return fault(DmaFaultReason::unmapped, Access::read, reference.iova + reference.length);
    }
    auto valid = validate(reference);
    if (!valid) {
        return valid;
    }
    return read(reference.iova + offset, out);
}

DmaResult<void> copy(DmaMap::ReadSection& source, std::uint64_t source_iova,
                     DmaMap::ReadSection& target, std::uint64_t target_iova, std::uint64_t length) {
    auto readable = source.check(source_iova, length, Access::read);
    if (!readable) {
        return readable;
    }
    auto writable = target.check(target_iova, length, Access::write);
    if (!writable) {
        return writable;
    }
    while (length != 0) {
        auto from = source.segment(source_iova, length, Access::read);
        if (!from) {
            return Unexpected{std::move(from).error()};
        }
        auto to = target.segment(target_iova, from->size(), Access::write);
        if (!to) {
            return Unexpected{std::move(to).error()};
        }
        std::memmove(to->data(), from->data(), to->size()); // one guest may send to itself
        if (auto backed = source.was_backed(Access::read, source_iova); !backed) {
            return backed;
        }
        if (auto backed = target.was_backed(Access::write, target_iova); !backed) {
            return backed;
        }
        source.count_read(to->size());
        target.count_write(to->size());
        source_iova += to->size();
        target_iova += to->size();
        length -= to->size();
    }
    return {};
}

DmaResult<void> copy(DmaMap::ReadSection& source, const DmaReference& reference,
                     std::uint32_t offset, DmaMap::ReadSection& target, std::uint64_t target_iova,
                     std::uint32_t length) {
    if (offset > reference.length || length > reference.length - offset) {
        return Unexpected{
            DmaFault{DmaFaultReason::unmapped, false, reference.iova + reference.length}};
    }
    auto valid = source.validate(reference);
    if (!valid) {
        return valid;
    }
    return copy(source, reference.iova + offset, target, target_iova, length);
}

} // namespace mo::pcie
