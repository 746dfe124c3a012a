// SPDX-License-Identifier: GPL-2.0-or-later
// The seam between the NIC's core and its datapath blocks (ethernet, RDMA): what a block may ask
// of the core, and what the core asks of a block. Everything happens on the engine thread, or with
// the engine paused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/hw.hpp"
#include "fabric/ideal_port.hpp"
#include "nic/completion_queue.hpp"
#include "nic/counters.hpp"
#include "nic/dma_access.hpp"
#include "pcie/dma_map.hpp"

namespace mo::nic {

/// The MAC gate as the management firmware set it, and the port's identity.
struct PortState : fabric::Gate {
    std::array<std::uint8_t, 6> mac{}; ///< permanent address
    std::uint32_t speed_mbps = 0;
};

/// What a datapath block may ask of the NIC core.
class QueueEnv {
  public:
    [[nodiscard]] virtual DmaAccess& dma() = 0;

    /// The completion queue of an object number; nullptr: none, of another kind or generation.
    /// The pointer is valid while the block is attached to it (CompletionQueue::attach()).
    [[nodiscard]] virtual CompletionQueue* cq(std::uint32_t object) = 0;

    /// A new object number for a queue that is rung by `doorbell` (MO_DB_SQ, MO_DB_RQ) through
    /// `db_page`. nullopt: the table is full (MO_ST_NO_RESOURCE) or there is no such page: check
    /// `db_page` against db_pages() first (MO_ST_BAD_PARAM).
    [[nodiscard]] virtual std::optional<std::uint32_t> create_object(hw::mo_doorbell doorbell,
                                                                     std::uint32_t db_page) = 0;
    /// The object is gone; doorbells for it that come late are dropped by the core.
    virtual void destroy_object(std::uint32_t object) = 0;
    /// The object begins anew: events of its former life that still wait are not told any more.
    virtual void forget_events(std::uint32_t object) { (void)object; }
    [[nodiscard]] virtual std::uint32_t db_pages() const = 0;

    /// The queue has stopped: raises MO_EVENT_QUEUE_ERROR. Stopping it is the block's part.
    virtual void queue_error(std::uint32_t object, std::uint8_t port, hw::mo_queue_error why) = 0;
    /// An asynchronous event of an object of this block. Told once its event queue has room, unless
    /// the object is destroyed before.
    virtual void async_event(const hw::mo_eqe& event) = 0;
    /// DMA on behalf of `object` (0: none) was refused: counter and MO_EVENT_DMA_FAULT.
    /// queue_error() is called beside it by whoever stops its queue.
    virtual void dma_fault(std::uint32_t object, const pcie::DmaFault& fault) = 0;

    /// MO_F_*: offered by the device and accepted by the driver.
    [[nodiscard]] virtual std::uint64_t features() const = 0;
    [[nodiscard]] bool shadow_doorbells() const { return (features() & hw::MO_F_SHADOW_DB) != 0; }
    /// The device is at work: not stopped by a fatal error, there, and a bus master. If not, it
    /// executes nothing, of the host or of peers; a round that is under way ends.
    [[nodiscard]] virtual bool working() = 0;
    [[nodiscard]] virtual const PortState& port(std::uint8_t number) const = 0;
    [[nodiscard]] virtual NicCounters& counters() = 0;

  protected:
    ~QueueEnv() = default;
};

/// The bytes of a command's result in its admin completion.
using CommandResult = std::span<std::byte, 48>;

/// What the core asks of a datapath block.
class DatapathBlock {
  public:
    DatapathBlock() = default;
    DatapathBlock(const DatapathBlock&) = delete;
    DatapathBlock& operator=(const DatapathBlock&) = delete;
    virtual ~DatapathBlock() = default;

    /// Executes an admin command that handles() it. Header checked by the core: opcode known,
    /// port exists, reserved fields of header zero. `result` is 48 bytes, all zero.
    virtual hw::mo_status command(const hw::mo_cmd_desc& desc, CommandResult result,
                                  std::uint64_t now_ns) = 0;
    [[nodiscard]] virtual bool handles(std::uint16_t opcode) const = 0;

    /// A doorbell of a live object of this block (kind, generation and page were checked).
    /// `index` is the absolute tail, not checked. Repeated and merged doorbells happen.
    virtual void doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint32_t index) = 0;

    /// Works off at most `budget` units (packets). True: there is more, or there was work: poll
    /// again before sleeping. Frames may also arrive outside of it.
    virtual bool poll(std::uint64_t now_ns, unsigned budget) = 0;
    /// All NICs have been polled: completes what was left open for frames that might have followed.
    /// Then the core flushes completion queues.
    virtual void finish_round(std::uint64_t now_ns) { (void)now_ns; }

    /// Before the engine sleeps, with MO_F_SHADOW_DB: phase one publishes event indexes ...
    virtual void publish_events() = 0;
    /// ... then, in both doorbell modes, the engine issues one full barrier, and phase two looks
    /// at the tails once more.
    /// True: a queue has new work, or some that a budget left over: do not sleep.
    [[nodiscard]] virtual bool work_arrived() = 0;

    /// When poll() has to be called though nothing came; UINT64_MAX: never.
    [[nodiscard]] virtual std::uint64_t next_deadline_ns() const = 0;

    /// Forgets all state. DMA is already refused; afterwards no DMA is in flight and nothing of
    /// before is visible. Completion queues are gone when this is called: do not touch them.
    virtual void reset() = 0;

    /// The MAC gate of a port changed.
    virtual void port_changed(std::uint8_t number, std::uint64_t now_ns) = 0;

    /// [iova, iova + size) is about to be unmapped: end what refers to it.
    virtual void dma_unmapping(std::uint64_t iova, std::uint64_t size) = 0;

    /// Adds limits and offloads of this block to what IDENTIFY tells.
    virtual void identify(hw::mo_identify& out) const = 0;
    /// Port counters, MO_PORT_COUNTERS only (generation and time are the core's part). A block adds
    /// what it counts itself.
    virtual void read_stats(std::uint8_t port, hw::mo_port_stats& out) const = 0;
    /// The same for MO_RDMA_COUNTERS.
    virtual void read_rdma_stats(std::uint8_t port, hw::mo_rdma_stats& out) const {
        (void)port;
        (void)out;
    }

    /// The engine stood still for `gap_ns` until now, while there may have been work: what waited
    /// for the outside has waited for that much less.
    virtual void stalled(std::uint64_t gap_ns) { (void)gap_ns; }
};

} // namespace mo::nic
