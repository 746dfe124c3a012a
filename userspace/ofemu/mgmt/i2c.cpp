// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/i2c.hpp"

#include <algorithm>

namespace mo::mgmt {
namespace {

constexpr std::uint32_t status_busy = 1U << 0;
constexpr std::uint32_t status_nack = 1U << 1;
constexpr std::uint32_t status_done = 1U << 2;

} // namespace

std::uint32_t I2c::read(std::uint32_t offset, std::uint64_t) {
    switch (offset) {
    case block_offset(hw::MO_SOC_I2C_TARGET):
        return target_;
    case block_offset(hw::MO_SOC_I2C_OFFSET):
        return offset_;
    case block_offset(hw::MO_SOC_I2C_LEN):
        return len_;
    case block_offset(hw::MO_SOC_I2C_STATUS):
        return (command_ != 0 ? status_busy : 0) | (nack_ ? status_nack : 0) |
               (done_ ? status_done : 0);
    default:
        return 0;
    }
}

void I2c::write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) {
    switch (offset) {
    case block_offset(hw::MO_SOC_I2C_TARGET):
        target_ = value & 0x7f;
        break;
    case block_offset(hw::MO_SOC_I2C_OFFSET):
        offset_ = value & 0xff;
        break;
    case block_offset(hw::MO_SOC_I2C_LEN):
        len_ = value;
        break;
    case block_offset(hw::MO_SOC_I2C_CMD):
        start(value, now_ns);
        break;
    case block_offset(hw::MO_SOC_I2C_ACK):
        if (value == 1) {
            done_ = false;
            nack_ = false;
        }
        break;
    default:
        break;
    }
}

/// A command while one is under way is lost, as is one that is unknown or has a bad length: that
/// one ends at once without an acknowledge.
void I2c::start(std::uint32_t command, std::uint64_t now_ns) {
    if (command_ != 0) {
        return;
    }
    ++transfers_;
    nack_ = false;
    done_ = false;
    const bool known = command == MO_SOC_I2C_READ || command == MO_SOC_I2C_WRITE;
    if (!known || len_ == 0 || len_ > max_len) {
        nack_ = true;
        done_ = true;
        ++nacks_;
        return;
    }
    command_ = command;
    count_ = len_;
    if (command == MO_SOC_I2C_WRITE) { // target, offset, data
        std::copy_n(buffer_.begin(), count_, data_.begin());
        end_ns_ = now_ns + (2 + count_) * byte_ns;
        return;
    }
    // target, offset, target again, data; without an acknowledge it ends after the first byte
    nack_ = !phy_.i2c_read(static_cast<std::uint8_t>(target_), static_cast<std::uint8_t>(offset_),
                           std::span(data_).first(count_), now_ns);
    end_ns_ = now_ns + (nack_ ? 1 : 3 + count_) * byte_ns;
}

void I2c::advance(std::uint64_t now_ns) {
    if (command_ == 0 || now_ns < end_ns_) {
        return;
    }
    if (command_ == MO_SOC_I2C_WRITE) {
        nack_ =
            !phy_.i2c_write(static_cast<std::uint8_t>(target_), static_cast<std::uint8_t>(offset_),
                            std::span(data_).first(count_), end_ns_);
    } else if (!nack_) {
        std::copy_n(data_.begin(), count_, buffer_.begin());
    }
    nacks_ += nack_ ? 1 : 0;
    command_ = 0;
    done_ = true;
}

std::uint64_t I2c::deadline_ns(std::uint64_t) {
    return command_ != 0 ? end_ns_ : never_ns;
}

std::uint32_t I2c::irq_levels(std::uint64_t) {
    return done_ ? 1U << MO_SOC_IRQ_I2C : 0;
}

void I2c::reset(std::uint64_t) {
    target_ = reset_value(hw::MO_SOC_I2C_TARGET);
    offset_ = 0;
    len_ = 0;
    command_ = 0;
    nack_ = false;
    done_ = false;
}

} // namespace mo::mgmt
