// SPDX-License-Identifier: GPL-2.0-or-later
// SocCore: MgmtCore over the real thing, a chip of mgmt/ that runs firmware.
#pragma once

#include "mgmt/soc.hpp"
#include "nic/mgmt_core.hpp"

namespace mo::nic {

class SocCore final : public MgmtCore {
  public:
    /// As mgmt::Soc; `host` and `phy` outlive this. FatalError as there.
    SocCore(const mgmt::SocConfig& config, mgmt::SocHost& host, mgmt::Phy& phy)
        : soc_(config, host, phy) {}

    void power_on(std::uint64_t now_ns) override { soc_.power_on(now_ns); }
    void reset(std::uint32_t cause, std::uint32_t boot_source, std::uint64_t now_ns) override {
        soc_.reset(cause, boot_source, now_ns);
    }
    Result<void> stage_write(std::uint32_t offset, std::span<const std::uint8_t> bytes) override {
        return soc_.stage_write(offset, bytes);
    }
    void stage_length(std::uint32_t length) override { soc_.stage_length(length); }
    bool mailbox_submit(std::span<const std::uint8_t> request) override {
        return soc_.mailbox_submit(request);
    }
    mgmt::RunResult run(std::uint64_t now_ns, std::uint64_t max_insns) override {
        return soc_.run(now_ns, max_insns);
    }
    std::uint64_t next_run_ns(std::uint64_t now_ns) override { return soc_.next_run_ns(now_ns); }
    [[nodiscard]] MgmtSnapshot snapshot() const override {
        return {soc_.fw_version(), soc_.fw_abi(), soc_.crash_pc(), soc_.crash_cause(),
                soc_.heartbeat()};
    }

    /// For fault injection and display; with the engine paused.
    [[nodiscard]] mgmt::Soc& soc() noexcept { return soc_; }

  private:
    mgmt::Soc soc_;
};

} // namespace mo::nic
