// SPDX-License-Identifier: GPL-2.0-or-later
// DmaMap: what a function may reach in guest memory. The control thread maps and unmaps, data-plane
// threads read and write inside read sections; an unmap returns only when no section can still see
// the memory. Every access is checked for bounds, permission and bus mastering; a miss is a
// DmaFault, never a crash.
//
// Neither guests nor the client's process are trusted. A file may be made shorter once it is
// mapped, or its file system (tmpfs, hugetlbfs) may have no page when the device is the first to
// touch one: that access ends in empty memory (file_guard.hpp) and is a fault, as is every one
// behind it, until unmap_all(). on_lost() tells whoever serves the client, which ends the
// connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <type_traits>
#include <vector>

#include "common/counter.hpp"
#include "common/grace.hpp"
#include "common/mapping.hpp"
#include "common/result.hpp"

namespace mo::pcie {

/// What the device may do with memory, seen from the device (bits as in VFIO_USER_DMA_MAP).
enum class Access : std::uint8_t { none = 0, read = 1, write = 2, read_write = 3 };

[[nodiscard]] constexpr bool allows(Access granted, Access wanted) noexcept {
    return (static_cast<unsigned>(granted) & static_cast<unsigned>(wanted)) ==
           static_cast<unsigned>(wanted);
}

enum class DmaFaultReason : std::uint8_t {
    unmapped,   ///< no map covers the address (also: the range wraps)
    permission, ///< mapped, but not for this direction
    unbacked,   ///< mapped without memory behind it (another device's BAR, ROM; a file's is gone)
    stale,      ///< a DmaReference whose memory was mapped anew since it was made
    bus_master, ///< bus mastering is disabled or the function is in D3
};

[[nodiscard]] const char* name_of(DmaFaultReason reason) noexcept;

/// A refused access. `iova` is the first address that failed.
struct DmaFault {
    DmaFaultReason reason;
    bool write;
    std::uint64_t iova;
};

template <typename T>
using DmaResult = Result<T, DmaFault>;

/// Memory of this function lent for a later read ("borrow"): valid as long as nothing in the range
/// was unmapped since. Validated by the read section that uses it.
struct DmaReference {
    std::uint64_t iova = 0;
    std::uint32_t length = 0;
    std::uint64_t generation = 0;
};

/// One mapping, as messages describe it.
struct DmaRegion {
    std::uint64_t iova = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0; ///< in the file
    Access access = Access::read_write;
};

/// Everything that this function's DMA has cost since the start.
struct DmaCounters {
    Counter reads, read_bytes, writes, write_bytes, faults, maps, unmaps;
    Counter lost; ///< times that memory of a client's file was gone, which ends all access
};

class DmaMap {
    struct Entry;
    struct Table;
    struct Backing;

  public:
    class ReadSection;

    /// Files that may be mapped at the same time: one client takes no other's place in the process.
    static constexpr std::size_t max_files = 64;

    DmaMap();
    DmaMap(const DmaMap&) = delete;
    DmaMap& operator=(const DmaMap&) = delete;
    ~DmaMap();

    // Control side. Serialised by a mutex; never call from within a read section of this map.

    /// Maps guest memory of the file `fd` (not kept: may be closed afterwards). Files are mapped
    /// once, however many regions they hold. EINVAL: empty or wrapping range, beyond the file's
    /// end; EEXIST: overlaps a present map; ENOSPC: of more than max_files files, or of more than
    /// the process can guard; else what mmap says.
    Result<void> map(const DmaRegion& region, int fd);

    /// Accepts a region without memory; access to it faults as `unbacked`. Errors as map().
    Result<void> map_unbacked(const DmaRegion& region);

    /// Maps memory of this process, which the caller keeps alive until it is unmapped (tests).
    Result<void> map_memory(std::uint64_t iova, std::span<std::byte> memory,
                            Access access = Access::read_write);

    /// Removes every map inside [iova, iova + size) and waits for readers. Returns the bytes
    /// removed, which may be 0. EINVAL: bad range, or it would cut a map in two (nothing is
    /// removed then).
    Result<std::uint64_t> unmap(std::uint64_t iova, std::uint64_t size);

    /// Removes all maps and waits for readers. What was lost() is forgotten.
    void unmap_all();

    /// `tell` is called, once until unmap_all(), when memory of a file was found gone: by the
    /// thread that has found it, within a read section, so it must not wait for one. Set before the
    /// first map and after the last; an empty function ends it.
    void on_lost(std::function<void()> tell) { on_lost_ = std::move(tell); }

    /// Allows or refuses all DMA of sections that begin from now on. After disabling, returns when
    /// no other section is still at work.
    void set_bus_master(bool enabled);
    [[nodiscard]] bool bus_master() const noexcept {
        return bus_master_.load(std::memory_order_seq_cst);
    }

    /// Memory of a file was gone when it was accessed: all access is refused.
    [[nodiscard]] bool lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

    [[nodiscard]] std::size_t map_count() const;
    [[nodiscard]] std::uint64_t mapped_bytes() const;

    // Data-plane side, any thread.

    /// Begins a read section: all access to guest memory goes through it. Keep it below 1 ms; do
    /// not wait inside for anything that the control thread does. Sections of several maps may be
    /// held at once, in any order.
    [[nodiscard]] ReadSection enter() const;

    [[nodiscard]] const DmaCounters& counters() const noexcept { return counters_; }

  private:
    Result<void> insert(const DmaRegion& region, std::byte* host,
                        std::shared_ptr<const Backing> backing);
    [[nodiscard]] bool overlaps(const DmaRegion& region) const;
    Result<std::shared_ptr<const Backing>> find_or_map_backing(const DmaRegion& region, int fd);
    void publish(std::unique_ptr<const Table> next);
    void publish_and_wait(std::unique_ptr<const Table> next);
    void tell_lost() const;

    GracePeriod grace_;
    std::atomic<const Table*> current_;
    std::atomic<bool> bus_master_{false};
    std::atomic<bool> lost_{false}; // set by the handler of SIGBUS
    mutable std::atomic<bool> lost_told_{false};
    std::function<void()> on_lost_;
    mutable DmaCounters counters_;

    mutable std::mutex writer_;
    std::unique_ptr<const Table> table_;
    std::vector<std::unique_ptr<const Table>> retired_;              // readers may still see them
    std::map<std::uint64_t, std::shared_ptr<const Backing>> owners_; // by iova of the entry
    std::vector<std::weak_ptr<const Backing>> backings_;
    std::uint64_t generation_ = 0;
};

/// Access to guest memory while it lives. Not copyable, not movable; keep it on the stack.
/// Bus mastering is as it was when the section began: what one section does is not torn apart by
/// its going off, which waits for the end of the section anyway.
/// A map counts from the moment when map() has returned, also for sections that began before:
/// the host may use it at once. What is being unmapped may or may not be reached until the section
/// ends, for which unmap() waits.
class DmaMap::ReadSection {
  public:
    ReadSection(const ReadSection&) = delete;
    ReadSection& operator=(const ReadSection&) = delete;
    ~ReadSection();

    /// Bus mastering was on when the section began. If not, all access is refused.
    [[nodiscard]] bool bus_master() const noexcept { return bus_master_; }

    /// Copies guest memory out. The range may span adjacent maps. On a fault `out` is undefined.
    DmaResult<void> read(std::uint64_t iova, std::span<std::byte> out);

    /// Copies into guest memory. The whole range is checked first: on a fault nothing is written.
    DmaResult<void> write(std::uint64_t iova, std::span<const std::byte> data);

    template <typename T>
        requires std::is_trivially_copyable_v<T>
    DmaResult<T> read_object(std::uint64_t iova) {
        T value;
        auto done = read(iova, std::as_writable_bytes(std::span<T, 1>(&value, 1)));
        if (!done) {
            return Unexpected{std::move(done).error()};
        }
        return value;
    }

    template <typename T>
        requires std::is_trivially_copyable_v<T>
    DmaResult<void> write_object(std::uint64_t iova, const T& value) {
        return write(iova, std::as_bytes(std::span<const T, 1>(&value, 1)));
    }

    /// Naturally aligned words of up to 8 bytes that both sides poll (doorbell records, phase
    /// bits, event words): one access, with acquire or release order. T is Le<>, Be<> or an
    /// unsigned integer. A misaligned address is the caller's mistake and faults as `unmapped`.
    template <typename T>
    DmaResult<T> load_acquire(std::uint64_t iova) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
        auto place = word(iova, sizeof(T), Access::read);
        if (!place) {
            return Unexpected{std::move(place).error()};
        }
        T value;
        __atomic_load(reinterpret_cast<T*>(*place), &value, __ATOMIC_ACQUIRE);
        if (auto backed = was_backed(Access::read, iova); !backed) {
            return Unexpected{std::move(backed).error()};
        }
        return value;
    }

    template <typename T>
    DmaResult<void> store_release(std::uint64_t iova, T value) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
        auto place = word(iova, sizeof(T), Access::write);
        if (!place) {
            return Unexpected{std::move(place).error()};
        }
        __atomic_store(reinterpret_cast<T*>(*place), &value, __ATOMIC_RELEASE);
        return was_backed(Access::write, iova);
    }

    /// The longest piece of [iova, iova + length) from iova on that is contiguous in this process;
    /// at least one byte, valid while the section lives. For loops over scattered memory. Should
    /// the file lose it meanwhile, it reads as zeros; the next access faults.
    DmaResult<std::span<std::byte>> segment(std::uint64_t iova, std::uint64_t length,
                                            Access access);

    /// Checks the whole range without touching it.
    DmaResult<void> check(std::uint64_t iova, std::uint64_t length, Access access);

    /// Makes a reference for a later read, in this section or another one.
    DmaResult<DmaReference> borrow(std::uint64_t iova, std::uint32_t length);

    /// Still the same memory? `stale` or `unmapped` if not.
    DmaResult<void> validate(const DmaReference& reference);

    /// Validates, then reads `out.size()` bytes from `offset` on; beyond the end is `unmapped`.
    DmaResult<void> read(const DmaReference& reference, std::uint32_t offset,
                         std::span<std::byte> out);

    /// Accounts for access through segment(), which the counters cannot see.
    void count_read(std::uint64_t bytes) noexcept {
        ++reads_;
        read_bytes_ += bytes;
    }
    void count_write(std::uint64_t bytes) noexcept {
        ++writes_;
        write_bytes_ += bytes;
    }

  private:
    friend class DmaMap;
    explicit ReadSection(const DmaMap& map);

    friend DmaResult<void> copy(ReadSection& source, std::uint64_t source_iova, ReadSection& target,
                                std::uint64_t target_iova, std::uint64_t length);

    /// Behind an access: it met memory of the client, not what stands in for it.
    DmaResult<void> was_backed(Access access, std::uint64_t iova) noexcept {
        std::atomic_signal_fence(
            std::memory_order_seq_cst); // the handler ran in between, if it did
        if (map_->lost()) [[unlikely]] {
            return fault(DmaFaultReason::unbacked, access, iova);
        }
        return {};
    }
    DmaResult<std::byte*> word(std::uint64_t iova, std::size_t size, Access access);
    const Entry* find(std::uint64_t iova) noexcept;
    const Entry* find_in_table(std::uint64_t iova) noexcept;
    bool renew_table() noexcept;
    Unexpected<DmaFault> fault(DmaFaultReason reason, Access access, std::uint64_t iova) noexcept;

    const DmaMap* map_;
    GracePeriod::Section section_;
    bool bus_master_;
    const Table* table_;
    std::size_t hint_ = 0;
    std::uint64_t reads_ = 0, read_bytes_ = 0, writes_ = 0, write_bytes_ = 0;
};

/// Copies between two guests (or within one) without a buffer in between. Checks both whole ranges
/// first. The fault names the side that failed by its `write` flag: false = source.
DmaResult<void> copy(DmaMap::ReadSection& source, std::uint64_t source_iova,
                     DmaMap::ReadSection& target, std::uint64_t target_iova, std::uint64_t length);

/// The same from borrowed memory, `offset` bytes into it, after validating the reference.
DmaResult<void> copy(DmaMap::ReadSection& source, const DmaReference& reference,
                     std::uint32_t offset, DmaMap::ReadSection& target, std::uint64_t target_iova,
                     std::uint32_t length);

} // namespace mo::pcie
