// SPDX-License-Identifier: GPL-2.0-or-later
// NicCounters: what silicon would charge for, beside what pcie::Function and pcie::DmaMap count
// (register accesses, interrupts, DMA). The engine raises them, any thread reads them.
#pragma once

#include "common/counter.hpp"

namespace mo::nic {

/// X(name, text)
#define MO_NIC_COUNTERS(X)                                                                         \
    X(doorbells_sq, "doorbell writes for transmit queues")                                         \
    X(doorbells_rq, "doorbell writes for receive queues")                                          \
    X(doorbells_cq, "doorbell writes for completion queues")                                       \
    X(doorbells_eq, "doorbell writes for event queues")                                            \
    X(doorbells_user, "of all these, those on pages of user processes")                            \
    X(doorbells_admin, "doorbell writes for the admin queue")                                      \
    X(doorbells_bad, "doorbell writes for no object, another kind, generation or page")            \
    X(doorbells_dropped, "doorbell writes lost by fault injection")                                \
    X(shadow_tails, "new tails found in doorbell records without a doorbell write")                \
    X(admin_commands, "admin commands executed")                                                   \
    X(admin_errors, "admin commands that ended with an error")                                     \
    X(completions, "entries written to completion queues")                                         \
    X(cq_overruns, "completion queues that overran")                                               \
    X(events, "entries written to event queues")                                                   \
    X(events_delayed, "events that had to wait for room in their queue")                           \
    X(events_lost, "events lost because no event queue takes them")                                \
    X(interrupts_held, "interrupts held back because the queue was not armed")                     \
    X(queue_errors, "transmit and receive queues that stopped")                                    \
    X(dma_faults, "DMA accesses that were refused")                                                \
    X(desc_fetches, "reads of descriptors")                                                        \
    X(desc_fetched, "descriptors in them")                                                         \
    X(tx_descriptors, "transmit descriptors consumed")                                             \
    X(tx_refused, "packets not sent because their descriptors make no sense")                      \
    X(rx_descriptors, "receive descriptors consumed")                                              \
    X(mgmt_requests, "messages handed to the management firmware")                                 \
    X(area_writes, "areas written into host memory")                                               \
    X(resets, "function resets")

struct NicCounters {
#define X(name, text) Counter name;
    MO_NIC_COUNTERS(X)
#undef X

    /// Calls visit(name, text, counter) for each.
    template <typename Visit>
    void for_each(Visit&& visit) {
#define X(name, text) visit(#name, text, name);
        MO_NIC_COUNTERS(X)
#undef X
    }
};

} // namespace mo::nic
