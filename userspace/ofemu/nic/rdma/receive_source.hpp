// SPDX-License-Identifier: GPL-2.0-or-later
// ReceiveSource: where receives come from: the receive queue of a QP, or one that several share.
// An entry is taken, read and decoded once; from then on it is its taker's, who completes it by its
// own index, in whatever order takers get there.
//
// Engine thread only.
#pragma once

#include <cstdint>

#include "common/hw.hpp"
#include "nic/dma_access.hpp"
#include "nic/rdma/work_queue.hpp"
#include "nic/rdma/wqe.hpp"

namespace mo::nic::rdma {

/// An entry that was taken, by the one who took it.
struct ReceiveEntry {
    bool valid = false; ///< taken and not completed
    std::uint32_t index = 0;
    Wqe wqe; ///< after Take::taken
};

class ReceiveSource {
  public:
    enum class Take : std::uint8_t {
        taken,
        malformed, ///< taken, but its contents are not an entry
        empty,     ///< there is none
        bad_tail,  ///< the host's tail is further ahead than the queue is long
        fault,     ///< the queue cannot be reached: last_fault()
    };

    /// `queue` outlives the source.
    explicit ReceiveSource(WorkQueue& queue) noexcept : queue_(queue) {}

    /// Takes the oldest entry into `out`, which holds none. `shadow`: the tail is read from the
    /// host's record when what it said last is used up.
    [[nodiscard]] Take take(DmaAccess::Section& dma, bool shadow, ReceiveEntry& out) noexcept;
    /// Takes the oldest entry without reading it, for one who only gives it back to the host.
    /// False: there is none.
    [[nodiscard]] bool take_unread(ReceiveEntry& out) noexcept;
    /// The entry is the oldest again: the last one that was taken, and nobody took one since.
    void put_back(ReceiveEntry& entry) noexcept;
    /// The host has the entry back: there is room for one more.
    void complete(ReceiveEntry& entry) noexcept;

    [[nodiscard]] const pcie::DmaFault& last_fault() const noexcept { return queue_.last_fault(); }
    /// As after creation; whoever holds an entry forgets it.
    void reset() noexcept { taken_ = 0; }

  private:
    WorkQueue& queue_;
    std::uint32_t taken_ = 0; ///< index that is taken next
};

} // namespace mo::nic::rdma
