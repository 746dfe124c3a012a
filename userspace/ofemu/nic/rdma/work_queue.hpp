// SPDX-License-Identifier: GPL-2.0-or-later
// WorkQueue: a send or receive queue of a QP as the host sees it: ring of entries, doorbell
// record, producer and consumer index with their bounds. What the host writes here is a user
// process's and is never trusted.
//
// Engine thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/dma_access.hpp"
#include "nic/ring.hpp"

namespace mo::nic::rdma {

/// Event index of a receive queue with shadow doorbells: so far behind that the host never rings;
/// the tail is read when an entry is needed.
inline constexpr std::uint32_t never_ring = 0U - (1U << 30U);

class WorkQueue {
  public:
    enum class Look : std::uint8_t {
        same,  ///< nothing new
        moved, ///< there are new entries
        bad,   ///< the tail is further ahead than the ring is long
        fault, ///< the record cannot be reached: last_fault()
    };

    WorkQueue() = default;
    /// `exists`: a QP may have no receive queue.
    WorkQueue(const Ring& ring, std::uint64_t record, bool exists) noexcept
        : ring_(ring), record_(record), exists_(exists) {}

    [[nodiscard]] bool exists() const noexcept { return exists_; }
    [[nodiscard]] const Ring& ring() const noexcept { return ring_; }
    [[nodiscard]] std::uint32_t tail() const noexcept { return tail_; }
    /// Index of the oldest entry that has not completed.
    [[nodiscard]] std::uint32_t head() const noexcept { return head_; }
    [[nodiscard]] std::uint32_t posted() const noexcept { return tail_ - head_; }
    [[nodiscard]] std::size_t stride() const noexcept { return std::size_t{1} << ring_.entry_log; }

    /// Tail from a doorbell write; one of before is harmless.
    Look doorbell(std::uint32_t index) noexcept {
        return static_cast<std::int32_t>(index - tail_) > 0 ? accept(index) : Look::same;
    }
    /// Reads the record's tail (shadow doorbells).
    Look refresh(DmaAccess::Section& dma) noexcept {
        if (!exists_) {
            return Look::same;
        }
        const auto tail = dma.load_acquire<hw::__le32>(record_ + tail_offset);
        if (!tail) {
            fault_ = tail.error();
            return Look::fault;
        }
        return *tail == tail_ ? Look::same : accept(*tail);
    }
    /// Stores the event index. False: last_fault().
    bool store_event(DmaAccess::Section& dma, std::uint32_t index) noexcept {
        if (!exists_) {
            return true;
        }
        const auto done = dma.store_release(record_ + event_offset, hw::__le32(index));
        event_ = done ? index : never_ring;
        if (!done) {
            fault_ = done.error();
        }
        return done.has_value();
    }
    /// The host rings for the next entry: it finds the tail as the event index.
    [[nodiscard]] bool armed() const noexcept { return !exists_ || event_ == tail_; }
    /// Copies the first out.size() bytes of an entry. False: last_fault().
    bool fetch(DmaAccess::Section& dma, std::uint32_t index, std::span<std::byte> out) noexcept {
        const auto done = dma.read(ring_.address(index), out);
        if (!done) {
            fault_ = done.error();
        }
        return done.has_value();
    }
    [[nodiscard]] const pcie::DmaFault& last_fault() const noexcept { return fault_; }

    /// The oldest entry has completed.
    void complete() noexcept { ++head_; }
    /// As after creation.
    void reset() noexcept {
        tail_ = head_ = 0;
        event_ = never_ring;
    }

  private:
    static constexpr std::uint64_t tail_offset = MO_OFFSETOF(hw::mo_db_rec, tail);
    static constexpr std::uint64_t event_offset = MO_OFFSETOF(hw::mo_db_rec, event);

    Look accept(std::uint32_t tail) noexcept {
        const std::uint32_t ahead = tail - head_;
        if (ahead > ring_.entries() || ahead < posted()) { // too far, or back
            return Look::bad;
        }
        tail_ = tail;
        return Look::moved;
    }

    Ring ring_;
    std::uint64_t record_ = 0;
    std::uint32_t tail_ = 0;
    std::uint32_t head_ = 0;
    std::uint32_t event_ = never_ring; ///< as stored last
    bool exists_ = false;
    pcie::DmaFault fault_{};
};

} // namespace mo::nic::rdma
