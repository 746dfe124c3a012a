// SPDX-License-Identifier: GPL-2.0-or-later
// The module's management memory as its two-wire bus sees it (OIF-CMIS-05.2 chapter 8).
#include <algorithm>
#include <cmath>

#include "optics/module.hpp"

namespace mo::optics {

using cmis::at;

namespace {

constexpr unsigned upper = 128;
constexpr double supply_v = 3.3;

std::uint16_t scaled(double value, double per_unit) {
    return static_cast<std::uint16_t>(std::clamp(std::lround(value * per_unit), 0L, 65535L));
}

std::uint8_t half(std::uint16_t value, unsigned address) {
    return static_cast<std::uint8_t>((address & 1U) == 0 ? value >> 8U : value);
}

bool between(unsigned address, unsigned first, unsigned count) {
    return address >= first && address < first + count;
}

} // namespace

std::uint8_t Module::lower_byte(unsigned address, std::uint64_t now_ns) {
    switch (address) {
    case cmis::lower_state:
        return static_cast<std::uint8_t>(static_cast<unsigned>(state_) << 1U |
                                         (interrupt() ? 0U : 1U));
    case cmis::lower_flags_summary: {
        const bool any = std::any_of(lane_flags_.begin(), lane_flags_.end(),
                                     [](std::uint8_t flags) { return flags != 0; });
        return any ? 1 : 0;
    }
    case cmis::lower_flags:
    case cmis::lower_flags + 1: {
        const unsigned i = address - cmis::lower_flags;
        const std::uint8_t value = module_flags_[i];
        module_flags_[i] = module_conditions_[i];
        return value;
    }
    case cmis::lower_temp:
    case cmis::lower_temp + 1: {
        const auto temp = static_cast<std::int16_t>(std::lround(case_.value(now_ns) * 256.0));
        return half(static_cast<std::uint16_t>(temp), address);
    }
    case cmis::lower_vcc:
    case cmis::lower_vcc + 1:
        return half(scaled(supply_v, 10000.0), address);
    case cmis::lower_page:
        return page_;
    default:
        return at(lower_, address);
    }
}

std::uint8_t Module::state_byte(unsigned address, std::uint64_t now_ns) {
    const auto nibbles = [address](unsigned first, const auto& values) {
        const unsigned lane = 2 * (address - first);
        return static_cast<std::uint8_t>(static_cast<unsigned>(values[lane + 1]) << 4U |
                                         static_cast<unsigned>(values[lane]));
    };
    if (between(address, cmis::dp_state, 4)) {
        return nibbles(cmis::dp_state, lane_);
    }
    if (address == cmis::rx_output) {
        return static_cast<std::uint8_t>(rx_output_);
    }
    if (address == cmis::tx_output) {
        return static_cast<std::uint8_t>(emitting_);
    }
    if (between(address, cmis::lane_flags, cmis::lane_flags_count)) {
        const unsigned i = address - cmis::lane_flags;
        const std::uint8_t value = lane_flags_[i];
        lane_flags_[i] = lane_conditions_[i];
        return value;
    }
    if (between(address, cmis::mon_tx_power, 16)) {
        return half(scaled(tx_mw((address - cmis::mon_tx_power) / 2, now_ns), 10000.0), address);
    }
    if (between(address, cmis::mon_bias, 16)) {
        const unsigned lane = (address - cmis::mon_bias) / 2;
        return half(emits(lane) ? scaled(laser(lane, now_ns).bias_ma, 500.0) : std::uint16_t{0},
                    address);
    }
    if (between(address, cmis::mon_rx_power, 16)) {
        const unsigned lane = (address - cmis::mon_rx_power) / 2;
        const bool powered = lane < identity_.lanes && state_ == cmis::ModuleState::ready;
        return half(powered ? scaled(rx_mw_[lane], 10000.0) : std::uint16_t{0}, address);
    }
    if (between(address, cmis::config_status, 4)) {
        return nibbles(cmis::config_status, config_);
    }
    if (between(address, cmis::active_config, MO_MAX_LANES)) {
        return active_[address - cmis::active_config];
    }
    if (address == cmis::dp_init_pending) {
        return reinit_;
    }
    return 0;
}

std::uint8_t Module::byte_at(unsigned address, std::uint64_t now_ns) {
    if (address < upper) {
        return lower_byte(address, now_ns);
    }
    if (page_ == 0x11) {
        return state_byte(address, now_ns);
    }
    return at(pages_.at(page_), address);
}

void Module::read(std::uint8_t offset, std::span<std::uint8_t> out, std::uint64_t now_ns) {
    unsigned address = offset;
    for (std::uint8_t& byte : out) {
        byte = byte_at(address, now_ns);
        // The address counter stays in its half of the memory.
        address = (address & upper) | ((address + 1) & (upper - 1));
    }
}

void Module::write_byte(unsigned address, std::uint8_t value, std::uint64_t now_ns) {
    constexpr unsigned masks = 6;
    constexpr unsigned password = 118;
    if (address < upper) {
        if (address == cmis::lower_control) {
            at(lower_, address) =
                static_cast<std::uint8_t>(value & (cmis::control_allow_hw | cmis::control_low_pwr));
            pending_reset_ = value & cmis::control_reset;
        } else if (address == cmis::lower_page) {
            const bool exists = value == 0x11 || pages_.contains(value);
            page_ = exists && at(lower_, cmis::lower_bank) == 0 ? value : std::uint8_t{0};
        } else if (address == cmis::lower_bank || between(address, cmis::lower_masks, masks) ||
                   between(address, password, 8)) {
            at(lower_, address) = value;
        }
        return;
    }
    if (page_ != 0x10) {
        return; // everything else is read only
    }
    if (address == cmis::apply_dp_init) {
        begin_apply(value, now_ns);
    } else if (address != cmis::apply_immediate) {
        at(pages_[page_], address) = value;
    }
}

void Module::write(std::uint8_t offset, std::span<const std::uint8_t> in, std::uint64_t now_ns) {
    unsigned address = offset;
    for (const std::uint8_t byte : in) {
        write_byte(address, byte, now_ns);
        address = (address & upper) | ((address + 1) & (upper - 1));
    }
}

} // namespace mo::optics
