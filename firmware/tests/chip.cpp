// SPDX-License-Identifier: GPL-2.0-or-later
#include "chip.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "signed_image.hpp"

namespace mo::fwtest {

namespace {

Chip* active = nullptr; // whose firmware runs now

constexpr std::uint64_t ns_per_us = 1000;
constexpr std::uint64_t i2c_byte_ns = 10'000; // 9 bits at about 1 MHz
constexpr std::uint64_t flash_erase_ns = 30'000'000;
constexpr std::uint64_t flash_program_ns = 5'000'000;
constexpr unsigned step_limit = 10'000;

struct Place {
    hw::mo_soc_block block;
    std::uint32_t offset;
};

Place place(std::uint32_t address) {
    const std::uint32_t relative = address - MO_SOC_PERIPH_BASE;
    return {static_cast<hw::mo_soc_block>(relative / MO_SOC_PERIPH_SIZE),
            relative % MO_SOC_PERIPH_SIZE};
}

bool optical(hw::mo_soc_block block) {
    return block == hw::MO_SOC_MODULE || block == hw::MO_SOC_SERDES || block == hw::MO_SOC_LASER ||
           block == hw::MO_SOC_PCS;
}

} // namespace

Chip::Chip(optics::Port& port, std::uint32_t board, std::uint32_t boot_source, std::uint32_t slot)
    : port_(port), app_(mo_host_app_new(), mo_host_app_delete), board_(board), boot_slot_(slot),
      flash_(MO_SOC_FLASH_SIZE, 0xff), stage_(MO_SOC_STAGE_SIZE, 0),
      boot_info_(mo_host_boot_info_size()) {
    mo_host_boot_info_fill(boot_info_.data(), boot_source, slot,
                           mgmt::test::development_public_key().data());
}

Chip::~Chip() {
    if (active == this) {
        active = nullptr;
    }
}

void Chip::boot(std::uint64_t now_ns) {
    now_ns_ = now_ns;
    port_.core_reset(now_ns);
    active = this;
    mo_app_init(app_.get());
    run(now_ns);
}

void Chip::settle() {
    if (i2c_end_ns_ <= now_ns_) {
        const std::uint64_t at = i2c_end_ns_;
        i2c_end_ns_ = UINT64_MAX;
        bool good = false;
        const auto target = static_cast<std::uint8_t>(i2c_target_);
        const auto offset = static_cast<std::uint8_t>(i2c_offset_);
        if (i2c_command_ == MO_SOC_I2C_READ) {
            good = port_.i2c_read(target, offset, {i2c_buffer_.data(), i2c_len_}, at);
        } else {
            good = port_.i2c_write(target, offset, {i2c_buffer_.data(), i2c_len_}, at);
        }
        i2c_status_ = 4U | (good ? 0U : 2U);
    }
    if (flash_end_ns_ <= now_ns_) {
        flash_end_ns_ = UINT64_MAX;
        flash_status_ &= ~1U;
    }
    if (watchdog_us_ != 0 && now_ns_ >= watchdog_kick_ns_ + watchdog_us_ * ns_per_us) {
        watchdog_expired_ = true;
    }
}

std::uint32_t Chip::pending() {
    return (requested_ ? 1U << MO_SOC_IRQ_MBOX : 0U) |
           ((i2c_status_ & 4U) != 0 ? 1U << MO_SOC_IRQ_I2C : 0U) |
           (flash_used_ && (flash_status_ & 1U) == 0 ? 1U << MO_SOC_IRQ_FLASH : 0U) |
           port_.irq_levels(now_ns_);
}

void Chip::run(std::uint64_t now_ns) {
    now_ns_ = std::max(now_ns_, now_ns);
    active = this;
    settle();
    for (unsigned i = 0;
         mo_app_busy(app_.get()) || (pending() & enabled_) != 0 || now_ns_ / ns_per_us >= compare_;
         ++i) {
        if (i == step_limit) {
            throw std::runtime_error("the firmware does not come to rest");
        }
        ++steps_;
        mo_app_step(app_.get());
        settle();
    }
}

std::uint64_t Chip::next_ns(std::uint64_t now_ns) {
    std::uint64_t next = std::min(i2c_end_ns_, flash_end_ns_);
    if (compare_ != UINT64_MAX) {
        next = std::min(next, compare_ * ns_per_us);
    }
    if (requested_ && (enabled_ & 1U << MO_SOC_IRQ_MBOX) != 0) {
        next = now_ns;
    }
    return std::min(next, port_.next_change_ns(now_ns));
}

void Chip::submit(std::vector<std::uint8_t> request) {
    if (requested_ || request.size() > request_.size()) {
        throw std::runtime_error("mailbox is in use");
    }
    std::copy(request.begin(), request.end(), request_.begin());
    request_len_ = static_cast<std::uint32_t>(request.size());
    requested_ = true;
}

bool Chip::take_response(std::vector<std::uint8_t>& out) {
    if (responses_.empty()) {
        return false;
    }
    out = std::move(responses_.front());
    responses_.pop_front();
    return true;
}

void Chip::stage(std::vector<std::uint8_t> image) {
    stage_len_ = static_cast<std::uint32_t>(image.size());
    image.resize(MO_SOC_STAGE_SIZE, 0);
    stage_ = std::move(image);
}

hw::mo_link_state Chip::link() const {
    return publications_.empty() ? hw::mo_link_state{} : publications_.back().state;
}

void Chip::i2c_command(std::uint32_t command) {
    if ((i2c_status_ & 1U) != 0 || i2c_len_ == 0 || i2c_offset_ + i2c_len_ > 256) {
        throw std::runtime_error("I2C command is not allowed");
    }
    i2c_command_ = command;
    i2c_status_ = 1;
    i2c_end_ns_ = now_ns_ + (3 + i2c_len_) * i2c_byte_ns;
}

void Chip::flash_command(std::uint32_t command) {
    if ((flash_status_ & 1U) != 0) {
        throw std::runtime_error("flash is busy");
    }
    flash_used_ = true;
    flash_status_ = 1;
    flash_end_ns_ = now_ns_ + (command == MO_SOC_FLASH_ERASE ? flash_erase_ns : flash_program_ns);
    if (flash_budget_ == 0) {
        flash_status_ |= 2U;
        return;
    }
    --flash_budget_;
    if (command == MO_SOC_FLASH_ERASE) {
        const std::uint32_t sector = flash_addr_ / MO_SOC_FLASH_SECTOR * MO_SOC_FLASH_SECTOR;
        std::fill_n(flash_.begin() + sector, MO_SOC_FLASH_SECTOR, std::uint8_t{0xff});
        return;
    }
    const std::uint8_t* from = memory(flash_src_, flash_len_);
    for (std::uint32_t i = 0; i < flash_len_; ++i) {
        flash_.at(flash_addr_ + i) &= from[i]; // programming only clears bits
    }
}

std::uint32_t Chip::read(std::uint32_t address) {
    ++accesses_;
    const Place at = place(address);
    if (optical(at.block)) {
        return port_.phy_read(at.block, at.offset, now_ns_);
    }
    switch (address) {
    case hw::MO_SOC_SYS_BOARD:
        return board_;
    case hw::MO_SOC_SYS_KEYS:
        return 1U << MO_FW_KEY_PRODUCTION | 1U << MO_FW_KEY_DEVELOPMENT;
    case hw::MO_SOC_SYS_IF_VERSION:
        return MO_IF_MAJOR << 16 | MO_IF_MINOR;
    case hw::MO_SOC_SYS_SECURITY_VERSION:
        return 0;
    case hw::MO_SOC_SYS_STAGE_LEN:
        return stage_len_;
    case hw::MO_SOC_SYS_PORTS:
        return 1;
    case hw::MO_SOC_SYS_BOOT_SLOT:
        return boot_slot_;
    case hw::MO_SOC_TIMER_NOW_LO:
        time_high_ = static_cast<std::uint32_t>(now_ns_ / ns_per_us >> 32U);
        return static_cast<std::uint32_t>(now_ns_ / ns_per_us);
    case hw::MO_SOC_TIMER_NOW_HI:
        return time_high_;
    case hw::MO_SOC_INTC_PENDING:
        return pending();
    case hw::MO_SOC_MBOX_STATUS:
        return requested_ ? 1 : 0;
    case hw::MO_SOC_MBOX_REQ_LEN:
        return request_len_;
    case hw::MO_SOC_I2C_STATUS:
        return i2c_status_;
    case hw::MO_SOC_FLASH_STATUS:
        return flash_status_;
    case hw::MO_SOC_SENSOR_TEMP_BOARD:
        return static_cast<std::uint32_t>(board_mc_);
    case hw::MO_SOC_SENSOR_TEMP_ASIC:
        return static_cast<std::uint32_t>(asic_mc_);
    case hw::MO_SOC_SENSOR_VOLT_CORE:
        return 750;
    case hw::MO_SOC_SENSOR_VOLT_IO:
        return 1800;
    case hw::MO_SOC_SENSOR_POWER:
        return 45000;
    case hw::MO_SOC_SENSOR_ENERGY_LO:
        return static_cast<std::uint32_t>(now_ns_ / 1000 * 45);
    case hw::MO_SOC_SENSOR_ENERGY_HI:
        return static_cast<std::uint32_t>(now_ns_ / 1000 * 45 >> 32U);
    default:
        throw std::runtime_error("read of an unexpected register");
    }
}

void Chip::write(std::uint32_t address, std::uint32_t value) {
    ++accesses_;
    const Place at = place(address);
    if (optical(at.block)) {
        port_.phy_write(at.block, at.offset, value, now_ns_);
        return;
    }
    switch (address) {
    case hw::MO_SOC_SYS_STATE:
        state_ = value;
        break;
    case hw::MO_SOC_SYS_HEARTBEAT:
        heartbeat_ = value;
        break;
    case hw::MO_SOC_SYS_LOG:
        log_ += static_cast<char>(value);
        break;
    case hw::MO_SOC_SYS_FW_VERSION:
        fw_version_ = value;
        break;
    case hw::MO_SOC_SYS_FW_ABI:
        fw_abi_ = value;
        break;
    case hw::MO_SOC_SYS_BOOT_SLOT:
        boot_slot_ = value;
        break;
    case hw::MO_SOC_TIMER_CMP_LO:
        compare_ = (compare_ & 0xffffffff00000000ULL) | value;
        break;
    case hw::MO_SOC_TIMER_CMP_HI:
        compare_ = (compare_ & 0xffffffffULL) | static_cast<std::uint64_t>(value) << 32U;
        break;
    case hw::MO_SOC_INTC_ENABLE:
        enabled_ = value;
        break;
    case hw::MO_SOC_MBOX_RSP_LEN:
        response_len_ = value;
        break;
    case hw::MO_SOC_MBOX_DONE:
        responses_.emplace_back(response_.begin(), response_.begin() + response_len_);
        requested_ = false;
        break;
    case hw::MO_SOC_MBOX_EVENT:
        events_.push_back({now_ns_, static_cast<std::uint8_t>(value >> 24U),
                           static_cast<std::uint8_t>(value >> 16U),
                           static_cast<std::uint16_t>(value)});
        break;
    case hw::MO_SOC_FLASH_ADDR:
        flash_addr_ = value;
        break;
    case hw::MO_SOC_FLASH_LEN:
        flash_len_ = value;
        break;
    case hw::MO_SOC_FLASH_SRC:
        flash_src_ = value;
        break;
    case hw::MO_SOC_FLASH_CMD:
        flash_command(value);
        break;
    case hw::MO_SOC_WDOG_PERIOD_US:
        watchdog_us_ = value;
        break;
    case hw::MO_SOC_WDOG_KICK:
        watchdog_kick_ns_ = value == MO_SOC_WDOG_MAGIC ? now_ns_ : watchdog_kick_ns_;
        break;
    case hw::MO_SOC_I2C_TARGET:
        i2c_target_ = value;
        break;
    case hw::MO_SOC_I2C_OFFSET:
        i2c_offset_ = value;
        break;
    case hw::MO_SOC_I2C_LEN:
        i2c_len_ = value;
        break;
    case hw::MO_SOC_I2C_CMD:
        i2c_command(value);
        break;
    case hw::MO_SOC_I2C_ACK:
        i2c_status_ &= ~4U;
        break;
    case hw::MO_SOC_MAC_CTRL:
        gate_ = value;
        break;
    case hw::MO_SOC_MAC_SPEED:
        speed_ = value;
        break;
    case hw::MO_SOC_MAC_PUBLISH: {
        if (value == 2) {
            std::memcpy(static_cast<void*>(&optics_), optics_window_.data(), sizeof(optics_));
            break;
        }
        Publication publication{now_ns_, {}};
        std::memcpy(&publication.state, link_.data(), sizeof(publication.state));
        publications_.push_back(publication);
        break;
    }
    default:
        throw std::runtime_error("write of an unexpected register");
    }
}

std::uint8_t* Chip::memory(std::uint32_t address, std::uint32_t len) {
    const auto window = [&](std::uint32_t base, std::uint8_t* bytes,
                            std::size_t size) -> std::uint8_t* {
        const bool inside =
            address >= base && address - base <= size && len <= size - (address - base);
        return inside ? bytes + (address - base) : nullptr;
    };
    struct Window {
        std::uint32_t base;
        std::uint8_t* bytes;
        std::size_t size;
    };
    const Window windows[] = {
        {MO_SOC_MBOX_REQ_BASE, request_.data(), request_.size()},
        {MO_SOC_MBOX_RSP_BASE, response_.data(), response_.size()},
        {MO_SOC_I2C_BUF_BASE, i2c_buffer_.data(), i2c_buffer_.size()},
        {MO_SOC_LINK_BASE, link_.data(), link_.size()},
        {MO_SOC_OPTICS_BASE, optics_window_.data(), optics_window_.size()},
        {MO_SOC_FLASH_BASE, flash_.data(), flash_.size()},
        {MO_SOC_STAGE_BASE, stage_.data(), stage_.size()},
        {mo_host_boot_info_address(), boot_info_.data(), boot_info_.size()},
    };
    for (const Window& at : windows) {
        if (std::uint8_t* found = window(at.base, at.bytes, at.size)) {
            return found;
        }
    }
    throw std::runtime_error("access to memory that is not there");
}

} // namespace mo::fwtest

// What lib/io.h leaves to the host.
extern "C" {

std::uint32_t mo_read32(std::uint32_t addr) {
    return mo::fwtest::active->read(addr);
}

void mo_write32(std::uint32_t addr, std::uint32_t value) {
    mo::fwtest::active->write(addr, value);
}

const void* mo_mem(std::uint32_t addr, std::uint32_t len) {
    return mo::fwtest::active->memory(addr, len);
}

void* mo_mem_rw(std::uint32_t addr, std::uint32_t len) {
    return mo::fwtest::active->memory(addr, len);
}
}
