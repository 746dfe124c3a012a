// SPDX-License-Identifier: GPL-2.0-or-later
// EventSink: where completion queues and blocks put events. Implemented by the NIC.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"

namespace mo::pcie {
struct DmaFault;
}

namespace mo::nic {

struct NicCounters;
class CompletionQueue;

class EventSink {
  public:
    /// MO_EVENT_COMP for a completion queue, into its event queue. Like all events it waits there
    /// if the host is slow.
    virtual void completion_event(std::uint32_t eq, std::uint32_t cq) = 0;
    /// An asynchronous event, into the event queue of vector 0.
    virtual void async_event(const hw::mo_eqe& event) = 0;
    /// Counts and reports a refused DMA access of `object`.
    virtual void report_dma_fault(std::uint32_t object, const pcie::DmaFault& fault) = 0;
    /// The device stops; only a reset helps.
    virtual void fatal(hw::mo_fatal why) = 0;
    /// The queue has to be flushed at the end of this round.
    virtual void wants_flush(CompletionQueue& cq) = 0;
    /// Lying mode (fault.hpp): may change an entry that is about to be written.
    virtual void twist_completion(std::span<std::byte> entry) = 0;
    virtual void twist_event(hw::mo_eqe& event) = 0;
    [[nodiscard]] virtual NicCounters& event_counters() = 0;

  protected:
    ~EventSink() = default;
};

} // namespace mo::nic
