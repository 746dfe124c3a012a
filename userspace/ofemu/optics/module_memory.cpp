// SPDX-License-Identifier: GPL-2.0-or-later
// The module's management memory as its two-wire bus sees it (OIF-CMIS-05.2 chapter 8).
#include <algorithm>
#include <cmath>

#include "optics/module.hpp"

namespace mo::optics {

using cmis::at;

namespace {

constexpr unsigned upper = MO_CMIS_PAGE_LEN;
constexpr double supply_v = 3.3;

std::uint16_t scaled(double value, double per_unit) {
    return static_cast<std::uint16_t>(std::clamp(std::lround(value * per_unit), 0L, 65535L));
}

std::uint8_t half(std::uint16_t value, unsigned address) {
    return static_cast<std::uint8_t>((address & 1U) == 0 ? value >> 8U : value);
}

bool within(unsigned address, const cmis::Field& field) {
    return address >= field.byte && address < field.byte + field.bytes;
}

} // namespace

std::uint8_t Module::lower_byte(unsigned address, std::uint64_t now_ns) {
    switch (address) {
    case hw::MO_CMIS_LOW_STATE:
        return static_cast<std::uint8_t>(static_cast<unsigned>(state_) << cmis::pLOW_STATE.shift |
                                         (interrupt() ? 0U : 1U));
    case hw::MO_CMIS_LOW_FLAGS_SUMMARY: {
        const bool any = std::any_of(lane_flags_.begin(), lane_flags_.end(),
                                     [](std::uint8_t flags) { return flags != 0; });
        return any ? 1 : 0;
    }
    case hw::MO_CMIS_LOW_FLAGS:
    case hw::MO_CMIS_LOW_FLAGS + 1: {
        const unsigned i = address - hw::MO_CMIS_LOW_FLAGS;
        const std::uint8_t value = module_flags_[i];
        module_flags_[i] = module_conditions_[i];
        return value;
    }
    case hw::MO_CMIS_LOW_TEMP:
    case hw::MO_CMIS_LOW_TEMP + 1: {
        const auto temp = static_cast<std::int16_t>(std::lround(case_.value(now_ns) * 256.0));
        return half(static_cast<std::uint16_t>(temp), address);
    }
    case hw::MO_CMIS_LOW_VCC:
    case hw::MO_CMIS_LOW_VCC + 1:
        return half(scaled(supply_v, 10000.0), address);
    case hw::MO_CMIS_LOW_PAGE:
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
    if (within(address, cmis::p11_DP_STATE)) {
        return nibbles(hw::MO_CMIS_11_DP_STATE, lane_);
    }
    if (address == hw::MO_CMIS_11_RX_OUTPUT) {
        return static_cast<std::uint8_t>(rx_output_);
    }
    if (address == hw::MO_CMIS_11_TX_OUTPUT) {
        return static_cast<std::uint8_t>(emitting_);
    }
    if (within(address, cmis::p11_LANE_FLAGS)) {
        const unsigned i = address - hw::MO_CMIS_11_LANE_FLAGS;
        const std::uint8_t value = lane_flags_[i];
        lane_flags_[i] = lane_conditions_[i];
        return value;
    }
    if (within(address, cmis::p11_TX_POWER)) {
        return half(scaled(tx_mw((address - hw::MO_CMIS_11_TX_POWER) / 2, now_ns), 10000.0),
                    address);
    }
    if (within(address, cmis::p11_BIAS)) {
        const unsigned lane = (address - hw::MO_CMIS_11_BIAS) / 2;
        return half(emits(lane) ? scaled(laser(lane, now_ns).bias_ma, 500.0) : std::uint16_t{0},
                    address);
    }
    if (within(address, cmis::p11_RX_POWER)) {
        const unsigned lane = (address - hw::MO_CMIS_11_RX_POWER) / 2;
        const bool powered = lane < identity_.lanes && state_ == hw::MO_CMIS_STATE_READY;
        return half(powered ? scaled(rx_mw_[lane], 10000.0) : std::uint16_t{0}, address);
    }
    if (within(address, cmis::p11_CONFIG_STATUS)) {
        return nibbles(hw::MO_CMIS_11_CONFIG_STATUS, config_);
    }
    if (within(address, cmis::p11_ACTIVE_CONFIG)) {
        return active_[address - hw::MO_CMIS_11_ACTIVE_CONFIG];
    }
    if (address == hw::MO_CMIS_11_DP_INIT_PENDING) {
        return reinit_;
    }
    return 0;
}

std::uint8_t Module::byte_at(unsigned address, std::uint64_t now_ns) {
    if (address < upper) {
        return lower_byte(address, now_ns);
    }
    if (page_ == hw::MO_CMIS_PAGE_11) {
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
    if (address < upper) {
        if (address == hw::MO_CMIS_LOW_SOFT_RESET) { // its byte has the other controls, too
            at(lower_, address) = static_cast<std::uint8_t>(
                value & (hw::MO_CMIS_LOW_LOW_PWR_ALLOW_HW_MASK | hw::MO_CMIS_LOW_LOW_PWR_SW_MASK));
            pending_reset_ = value & hw::MO_CMIS_LOW_SOFT_RESET_MASK;
        } else if (address == hw::MO_CMIS_LOW_PAGE) {
            const bool exists = value == hw::MO_CMIS_PAGE_11 || pages_.contains(value);
            page_ = exists && at(lower_, hw::MO_CMIS_LOW_BANK) == 0 ? value : std::uint8_t{0};
        } else if (address == hw::MO_CMIS_LOW_BANK || within(address, cmis::pLOW_MASKS) ||
                   within(address, cmis::pLOW_PASSWORD)) {
            at(lower_, address) = value;
        }
        return;
    }
    if (page_ != hw::MO_CMIS_PAGE_10) {
        return; // everything else is read only
    }
    if (address == hw::MO_CMIS_10_APPLY_DP_INIT) {
        begin_apply(value, now_ns);
    } else if (address != hw::MO_CMIS_10_APPLY_IMMEDIATE) {
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
