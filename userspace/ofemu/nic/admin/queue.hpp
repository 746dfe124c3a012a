// SPDX-License-Identifier: GPL-2.0-or-later
// AdminQueue: mechanics of the admin rings (driver/hw/cmd.h): tail, fetch, completions with phase,
// commands under way, vector. Knows no command.
//
// Engine thread only, or with the engine paused.
#pragma once

#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/admin/context.hpp"
#include "nic/dma_access.hpp"
#include "nic/event_sink.hpp"
#include "nic/fault.hpp"
#include "nic/ring.hpp"
#include "pcie/msix.hpp"

namespace mo::nic {

/// What the registers of the ADMIN block say.
struct AdminConfig {
    std::uint64_t sq = 0;     ///< bus address of the command ring
    std::uint64_t cq = 0;     ///< of the completion ring
    std::uint64_t record = 0; ///< of the doorbell record
    std::uint32_t size_log = 0;
    std::uint32_t vector = 0; ///< ~0: none
};

/// Executes one command.
class AdminExecutor {
  public:
    virtual AdminAnswer execute(const hw::mo_cmd_desc& desc, const AdminTag& tag,
                                AdminResult result) = 0;

  protected:
    ~AdminExecutor() = default;
};

class AdminQueue {
  public:
    AdminQueue(DmaAccess& dma, EventSink& sink, pcie::MsixVectors& vectors, Liar& liar);

    /// Takes the configuration and starts. False: it is not one that works (MO_FATAL_ADMIN_CONFIG
    /// is the caller's part).
    [[nodiscard]] bool start(const AdminConfig& config, bool shadow);
    /// Stops; completions of commands under way are dropped.
    void stop() noexcept;
    [[nodiscard]] bool on() const noexcept { return on_; }

    /// The driver rang with this tail.
    void doorbell(std::uint32_t tail);
    /// Executes what waits, at most a batch. True: something was executed.
    bool poll(AdminExecutor& executor);
    /// Completes a command that was answered with "not yet".
    void complete(const AdminTag& tag, hw::mo_status status, AdminResult result);
    /// End of a round: raises the vector if there were completions.
    void flush();

    /// See DatapathBlock: event index, then (after a barrier) another look. Also without shadow
    /// doorbells: a command may wait for the engine's own thread.
    void publish_event();
    [[nodiscard]] bool work_arrived();

    /// Commands that were fetched and not completed.
    [[nodiscard]] std::uint32_t under_way() const noexcept { return under_way_; }

  private:
    /// One place of the completion ring stays free, as the driver's tags do.
    [[nodiscard]] bool has_room() const noexcept { return under_way_ < commands_.entries() - 1; }
    void take_tail(std::uint32_t tail);
    bool load_tail();
    void write_completion(std::uint16_t tag, hw::mo_status status, AdminResult result);
    void fail(const pcie::DmaFault& fault);

    DmaAccess& dma_;
    EventSink& sink_;
    pcie::MsixVectors& vectors_;
    Liar& liar_;
    Ring commands_;
    Ring completions_;
    std::uint64_t record_ = 0;
    std::uint32_t vector_ = ~0U;
    std::uint32_t tail_ = 0;
    std::uint32_t head_ = 0;
    std::uint32_t producer_ = 0;
    std::uint32_t under_way_ = 0;
    std::uint32_t generation_ = 0;
    std::uint32_t published_event_ = 0;
    bool shadow_ = false;
    bool on_ = false;
    bool completed_ = false; ///< since the last flush
};

} // namespace mo::nic
