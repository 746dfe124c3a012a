// SPDX-License-Identifier: GPL-2.0-or-later
// The control side of DmaMap; dma_section.cpp holds the readers' side.
#include "pcie/dma_map.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/stat.h>
#include <utility>

#include "pcie/dma_table.hpp"

namespace mo::pcie {

namespace {

std::string describe(const DmaRegion& region) {
    return "DMA region of " + std::to_string(region.size) + " bytes at " +
           std::to_string(region.iova);
}

/// Last address of a range, if it is not empty and does not wrap.
bool last_address(std::uint64_t iova, std::uint64_t size, std::uint64_t& last) {
    last = iova + (size - 1);
    return size != 0 && last >= iova;
}

} // namespace

const char* name_of(DmaFaultReason reason) noexcept {
    switch (reason) {
    case DmaFaultReason::unmapped:
        return "unmapped";
    case DmaFaultReason::permission:
        return "permission";
    case DmaFaultReason::unbacked:
        return "unbacked";
    case DmaFaultReason::stale:
        return "stale";
    case DmaFaultReason::bus_master:
        return "bus-master";
    }
    return "unknown";
}

DmaMap::DmaMap() : current_(nullptr), table_(std::make_unique<Table>()) {
    current_.store(table_.get(), std::memory_order_seq_cst);
}

DmaMap::~DmaMap() = default;

Result<void> DmaMap::map(const DmaRegion& region, int fd) {
    const std::lock_guard lock(writer_);
    if (overlaps(region)) { // before the costly part
        return fail(EEXIST, describe(region) + " overlaps another one");
    }
    auto backing = find_or_map_backing(region, fd);
    if (!backing) {
        return Unexpected{std::move(backing).error()};
    }
    std::byte* const host = (*backing)->mapping.data() + region.offset;
    return insert(region, host, std::move(*backing));
}

Result<void> DmaMap::map_unbacked(const DmaRegion& region) {
    const std::lock_guard lock(writer_);
    return insert(region, nullptr, nullptr);
}

Result<void> DmaMap::map_memory(std::uint64_t iova, std::span<std::byte> memory, Access access) {
    const std::lock_guard lock(writer_);
    return insert({.iova = iova, .size = memory.size(), .access = access}, memory.data(), nullptr);
}

Result<std::shared_ptr<const DmaMap::Backing>> DmaMap::find_or_map_backing(const DmaRegion& region,
                                                                           int fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) {
        return fail(errno, describe(region) + ": cannot examine the file");
    }
    const std::uint64_t end = region.offset + region.size;
    if (end < region.offset || status.st_size < 0 ||
        end > static_cast<std::uint64_t>(status.st_size)) {
        return fail(EINVAL, describe(region) + " lies beyond the end of its file");
    }
    const bool needs_write = allows(region.access, Access::write);
    std::erase_if(backings_, [](const auto& known) { return known.expired(); });
    for (const auto& known : backings_) {
        auto backing = known.lock();
        if (backing && backing->device == status.st_dev && backing->inode == status.st_ino &&
            end <= backing->mapping.size() && (backing->writable || !needs_write)) {
            return backing;
        }
    }
    if (backings_.size() >= max_files) {
        return fail(ENOSPC, describe(region) + ": too many files are mapped");
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    bool writable = true;
    auto mapping = Mapping::map(fd, 0, size, writable);
    if (!mapping && !needs_write) {
        writable = false;
        mapping = Mapping::map(fd, 0, size, writable);
    }
    if (!mapping) {
        return Unexpected{std::move(mapping).error()};
    }
    auto guard = FileGuard::guard(*mapping, fd, lost_);
    if (!guard) {
        return Unexpected{std::move(guard).error()};
    }
    auto backing = std::make_shared<const Backing>(
        Backing{status.st_dev, status.st_ino, writable, std::move(*mapping), std::move(*guard)});
    backings_.push_back(backing);
    return std::shared_ptr<const Backing>(std::move(backing));
}

bool DmaMap::overlaps(const DmaRegion& region) const {
    std::uint64_t last = 0;
    if (!last_address(region.iova, region.size, last)) {
        return false; // insert() refuses it
    }
    const auto& entries = table_->entries;
    const auto next =
        std::lower_bound(entries.begin(), entries.end(), region.iova,
                         [](const Entry& entry, std::uint64_t iova) { return entry.last < iova; });
    return next != entries.end() && next->iova <= last;
}

Result<void> DmaMap::insert(const DmaRegion& region, std::byte* host,
                            std::shared_ptr<const Backing> backing) {
    std::uint64_t last = 0;
    if (!last_address(region.iova, region.size, last)) {
        return fail(EINVAL, describe(region) + " is empty or wraps");
    }
    if (overlaps(region)) {
        return fail(EEXIST, describe(region) + " overlaps another one");
    }
    const Entry entry{.iova = region.iova,
                      .last = last,
                      .host = host,
                      .generation = ++generation_,
                      .access = region.access};
    const auto& old = table_->entries;
    const auto place =
        std::lower_bound(old.begin(), old.end(), region.iova,
                         [](const Entry& known, std::uint64_t iova) { return known.iova < iova; });
    auto next = std::make_unique<Table>();
    next->generation = generation_;
    next->entries.reserve(old.size() + 1);
    next->entries.insert(next->entries.end(), old.begin(), place);
    next->entries.push_back(entry);
    next->entries.insert(next->entries.end(), place, old.end());
    if (backing) {
        owners_.emplace(region.iova, std::move(backing));
    }
    counters_.maps.add();
    // A new map takes nothing away from readers: no need to make the driver wait for them, until
    // old tables pile up.
    constexpr std::size_t retired_limit = 16;
    if (retired_.size() < retired_limit) {
        publish(std::move(next));
    } else {
        publish_and_wait(std::move(next));
    }
    return {};
}

Result<std::uint64_t> DmaMap::unmap(std::uint64_t iova, std::uint64_t size) {
    std::uint64_t last = 0;
    if (!last_address(iova, size, last)) {
        return fail(EINVAL, describe({.iova = iova, .size = size}) + " is empty or wraps");
    }
    const std::lock_guard lock(writer_);
    const auto& old = table_->entries;
    auto next = std::make_unique<Table>();
    next->generation = generation_;
    next->entries.reserve(old.size());
    std::vector<std::uint64_t> removed;
    std::uint64_t bytes = 0;
    for (const Entry& entry : old) {
        if (entry.last < iova || entry.iova > last) {
            next->entries.push_back(entry);
        } else if (entry.iova >= iova && entry.last <= last) {
            removed.push_back(entry.iova);
            bytes += entry.last - entry.iova + 1;
        } else {
            return fail(EINVAL, describe({.iova = iova, .size = size}) + " would be cut in two");
        }
    }
    if (removed.empty()) {
        return std::uint64_t{0};
    }
    counters_.unmaps.add(removed.size());
    publish_and_wait(std::move(next));
    for (const std::uint64_t key : removed) {
        owners_.erase(key); // unmaps the file with its last region
    }
    return bytes;
}

void DmaMap::unmap_all() {
    const std::lock_guard lock(writer_);
    if (!table_->entries.empty()) {
        counters_.unmaps.add(table_->entries.size());
        auto next = std::make_unique<Table>();
        next->generation = generation_;
        publish_and_wait(std::move(next));
        owners_.clear();
    }
    lost_told_.store(false); // nobody is left who could access what was
    lost_.store(false);
}

void DmaMap::tell_lost() const {
    if (lost_told_.exchange(true)) {
        return;
    }
    counters_.lost.add();
    if (on_lost_) {
        on_lost_();
    }
}

void DmaMap::publish(std::unique_ptr<const Table> next) {
    current_.store(next.get(), std::memory_order_seq_cst);
    table_.swap(next);
    retired_.push_back(std::move(next));
}

void DmaMap::publish_and_wait(std::unique_ptr<const Table> next) {
    publish(std::move(next));
    grace_.synchronise(); // nobody sees a former table, nor memory that only it knew
    retired_.clear();
}

void DmaMap::set_bus_master(bool enabled) {
    bus_master_.store(enabled, std::memory_order_seq_cst);
    if (!enabled) {
        grace_.synchronise();
    }
}

std::size_t DmaMap::map_count() const {
    const std::lock_guard lock(writer_);
    return table_->entries.size();
}

std::uint64_t DmaMap::mapped_bytes() const {
    const std::lock_guard lock(writer_);
    std::uint64_t bytes = 0;
    for (const Entry& entry : table_->entries) {
        bytes += entry.last - entry.iova + 1;
    }
    return bytes;
}

DmaMap::ReadSection DmaMap::enter() const {
    return ReadSection(*this);
}

} // namespace mo::pcie
