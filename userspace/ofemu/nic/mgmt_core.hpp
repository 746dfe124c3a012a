// SPDX-License-Identifier: GPL-2.0-or-later
// MgmtCore: what the NIC asks of its management core. Implemented over mgmt::Soc (soc_core.hpp),
// and by a stand-in in tests. It reports back through mgmt::SocHost.
//
// Engine thread only, or with the engine paused.
#pragma once

#include <cstdint>
#include <span>

#include "common/result.hpp"
#include "mgmt/soc.hpp"

namespace mo::nic {

/// What the registers of the MGMT block and the health area show.
struct MgmtSnapshot {
    std::uint32_t version = 0, abi = 0;
    std::uint32_t crash_pc = 0, crash_cause = 0;
    std::uint32_t heartbeat = 0;
};

class MgmtCore {
  public:
    MgmtCore() = default;
    MgmtCore(const MgmtCore&) = delete;
    MgmtCore& operator=(const MgmtCore&) = delete;
    virtual ~MgmtCore() = default;

    // As the functions of mgmt::Soc of these names.
    virtual void power_on(std::uint64_t now_ns) = 0;
    virtual void reset(std::uint32_t cause, std::uint32_t boot_source, std::uint64_t now_ns) = 0;
    virtual Result<void> stage_write(std::uint32_t offset, std::span<const std::uint8_t> bytes) = 0;
    virtual void stage_length(std::uint32_t length) = 0;
    [[nodiscard]] virtual bool mailbox_submit(std::span<const std::uint8_t> request) = 0;
    virtual mgmt::RunResult run(std::uint64_t now_ns, std::uint64_t max_insns) = 0;
    [[nodiscard]] virtual std::uint64_t next_run_ns(std::uint64_t now_ns) = 0;
    [[nodiscard]] virtual MgmtSnapshot snapshot() const = 0;
};

} // namespace mo::nic
