// SPDX-License-Identifier: GPL-2.0-or-later
// SYS block: what the chip is, how it was started, and what the core reports.
#pragma once

#include "mgmt/peripheral.hpp"
#include "mgmt/soc.hpp"

namespace mo::mgmt {

class Sys : public Peripheral {
  public:
    struct Identity {
        std::uint32_t board = 0;
        std::uint32_t ports = 0;
        std::uint32_t keys = 0;
        std::uint32_t security_version = 0;
    };

    Sys(const Identity& identity, SocHost& host) : identity_(identity), host_(host) {}

    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override;
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override;
    void reset(std::uint64_t now_ns) override;

    /// Clears what other resets keep.
    void power_on();

    void set_boot(std::uint32_t cause, std::uint32_t source);
    void set_stage_length(std::uint32_t len) { stage_len_ = len; }
    void set_boot_slot(std::uint32_t slot) { boot_slot_ = slot; }

    /// Records a crash that the chip itself saw, and tells the host.
    void crash(hw::mo_fw_error error, std::uint32_t pc, std::uint32_t cause, std::uint64_t now_ns);

    /// True once after the core asked for a reset of itself.
    [[nodiscard]] bool take_reset_request();

    [[nodiscard]] hw::mo_mgmt_state state() const { return state_; }
    [[nodiscard]] hw::mo_fw_error error() const { return error_; }
    [[nodiscard]] std::uint32_t heartbeat() const { return heartbeat_; }
    [[nodiscard]] std::uint32_t fw_version() const { return fw_version_; }
    [[nodiscard]] std::uint32_t fw_abi() const { return fw_abi_; }
    [[nodiscard]] std::uint32_t boot_slot() const { return boot_slot_; }
    [[nodiscard]] std::uint32_t boot_source() const { return boot_source_; }
    [[nodiscard]] std::uint32_t crash_pc() const { return crash_pc_; }
    [[nodiscard]] std::uint32_t crash_cause() const { return crash_cause_; }

  private:
    Identity identity_;
    SocHost& host_;
    hw::mo_mgmt_state state_ = hw::MO_MGMT_RESET;
    hw::mo_fw_error error_ = hw::MO_FW_ERR_NONE;
    std::uint32_t reset_cause_ = 0;
    std::uint32_t boot_source_ = 0;
    std::uint32_t stage_len_ = 0;
    std::uint32_t heartbeat_ = 0;
    std::uint32_t crash_pc_ = 0;
    std::uint32_t crash_cause_ = 0;
    std::uint32_t fw_version_ = 0;
    std::uint32_t fw_abi_ = 0;
    std::uint32_t boot_slot_ = 0;
    bool reset_request_ = false;
};

} // namespace mo::mgmt
