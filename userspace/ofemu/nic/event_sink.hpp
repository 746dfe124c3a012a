// SPDX-License-Identifier: GPL-2.0-or-later
// EventSink: where completion queues and blocks put events. Implemented by the NIC.
#pragma once

#include <cstdint>

#include "common/hw.hpp"

namespace mo::pcie {
struct DmaFault;
}

namespace mo::nic {

struct NicCounters;

class EventSink {
  public:
    /// MO_EVENT_COMP for a completion queue, into its event queue.
    virtual void completion_event(std::uint32_t eq, std::uint32_t cq) = 0;
    /// An asynchronous event, into the event queue of vector 0.
    virtual void async_event(const hw::mo_eqe& event) = 0;
    /// Counts and reports a refused DMA access of `object`.
    virtual void report_dma_fault(std::uint32_t object, const pcie::DmaFault& fault) = 0;
    /// The device stops; only a reset helps.
    virtual void fatal(hw::mo_fatal why) = 0;
    [[nodiscard]] virtual NicCounters& event_counters() = 0;

  protected:
    ~EventSink() = default;
};

} // namespace mo::nic
