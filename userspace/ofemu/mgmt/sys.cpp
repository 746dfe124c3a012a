// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/sys.hpp"

#include <optional>

namespace mo::mgmt {
namespace {

// The firmware is not trusted with the host's enumerations: other values are not taken.
std::optional<hw::mo_mgmt_state> to_state(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case number:                                                                                   \
        return hw::MO_MGMT_##name;
        MO_MGMT_STATES(X)
#undef X
    default:
        return {};
    }
}

std::optional<hw::mo_fw_error> to_error(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case number:                                                                                   \
        return hw::MO_FW_ERR_##name;
        MO_FW_ERRORS(X)
#undef X
    default:
        return {};
    }
}

} // namespace

std::uint32_t Sys::read(std::uint32_t offset, std::uint64_t) {
    switch (offset) {
    case block_offset(hw::MO_SOC_SYS_ID):
        return reset_value(hw::MO_SOC_SYS_ID);
    case block_offset(hw::MO_SOC_SYS_BOARD):
        return identity_.board;
    case block_offset(hw::MO_SOC_SYS_RESET_CAUSE):
        return reset_cause_;
    case block_offset(hw::MO_SOC_SYS_KEYS):
        return identity_.keys;
    case block_offset(hw::MO_SOC_SYS_SECURITY_VERSION):
        return identity_.security_version;
    case block_offset(hw::MO_SOC_SYS_BOOT_SOURCE):
        return boot_source_;
    case block_offset(hw::MO_SOC_SYS_STAGE_LEN):
        return stage_len_;
    case block_offset(hw::MO_SOC_SYS_STATE):
        return state_;
    case block_offset(hw::MO_SOC_SYS_ERROR):
        return error_;
    case block_offset(hw::MO_SOC_SYS_HEARTBEAT):
        return heartbeat_;
    case block_offset(hw::MO_SOC_SYS_CRASH_PC):
        return crash_pc_;
    case block_offset(hw::MO_SOC_SYS_CRASH_CAUSE):
        return crash_cause_;
    case block_offset(hw::MO_SOC_SYS_FW_VERSION):
        return fw_version_;
    case block_offset(hw::MO_SOC_SYS_IF_VERSION):
        return std::uint32_t{MO_IF_MAJOR} << 16 | MO_IF_MINOR;
    case block_offset(hw::MO_SOC_SYS_PORTS):
        return identity_.ports;
    case block_offset(hw::MO_SOC_SYS_BOOT_SLOT):
        return boot_slot_;
    case block_offset(hw::MO_SOC_SYS_FW_ABI):
        return fw_abi_;
    default:
        return 0;
    }
}

void Sys::write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) {
    switch (offset) {
    case block_offset(hw::MO_SOC_SYS_STATE):
        if (const auto state = to_state(value)) {
            state_ = *state;
            host_.mgmt_state(state_, error_, now_ns);
        }
        break;
    case block_offset(hw::MO_SOC_SYS_ERROR):
        error_ = to_error(value).value_or(error_);
        break;
    case block_offset(hw::MO_SOC_SYS_HEARTBEAT):
        heartbeat_ = value;
        break;
    case block_offset(hw::MO_SOC_SYS_LOG):
        host_.log_char(static_cast<char>(value & 0xff));
        break;
    case block_offset(hw::MO_SOC_SYS_CRASH_PC):
        crash_pc_ = value;
        break;
    case block_offset(hw::MO_SOC_SYS_CRASH_CAUSE):
        crash_cause_ = value;
        break;
    case block_offset(hw::MO_SOC_SYS_FW_VERSION):
        fw_version_ = value;
        break;
    case block_offset(hw::MO_SOC_SYS_RESET):
        reset_request_ |= value == 1;
        break;
    case block_offset(hw::MO_SOC_SYS_BOOT_SLOT):
        if (value < MO_SOC_FLASH_SLOTS) {
            boot_slot_ = value;
        }
        break;
    case block_offset(hw::MO_SOC_SYS_FW_ABI):
        fw_abi_ = value;
        break;
    default:
        break;
    }
}

void Sys::reset(std::uint64_t now_ns) {
    state_ = hw::MO_MGMT_RESET;
    error_ = hw::MO_FW_ERR_NONE;
    heartbeat_ = 0;
    fw_version_ = 0;
    fw_abi_ = 0;
    reset_request_ = false;
    host_.mgmt_state(state_, error_, now_ns);
}

void Sys::power_on() {
    stage_len_ = 0;
    crash_pc_ = 0;
    crash_cause_ = 0;
}

void Sys::set_boot(std::uint32_t cause, std::uint32_t source) {
    reset_cause_ = cause;
    boot_source_ = source;
}

void Sys::crash(hw::mo_fw_error error, std::uint32_t pc, std::uint32_t cause,
                std::uint64_t now_ns) {
    crash_pc_ = pc;
    crash_cause_ = cause;
    error_ = error;
    state_ = hw::MO_MGMT_CRASHED;
    host_.mgmt_state(state_, error_, now_ns);
}

bool Sys::take_reset_request() {
    const bool request = reset_request_;
    reset_request_ = false;
    return request;
}

} // namespace mo::mgmt
