// SPDX-License-Identifier: GPL-2.0-or-later
// The management core's peripherals around firmware that is compiled for the host: the registers
// of driver/hw/soc.h on a port of the optics model, in virtual time. No CPU, no boot ROM.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/hw.hpp"
#include "host_app.h"
#include "optics/port.hpp"

namespace mo::fwtest {

/// What the firmware raised at the host.
struct HostEvent {
    std::uint64_t time_ns;
    std::uint8_t type;
    std::uint8_t code;
    std::uint16_t data;
};

struct Publication {
    std::uint64_t time_ns;
    hw::mo_link_state state;
};

class Chip {
  public:
    /// @param boot_source MO_SOC_BOOT_* and slot, as the boot ROM reports them
    Chip(optics::Port& port, std::uint32_t board, std::uint32_t boot_source = MO_SOC_BOOT_STAGE,
         std::uint32_t slot = 0);
    ~Chip();
    Chip(const Chip&) = delete;
    Chip& operator=(const Chip&) = delete;
    Chip(Chip&&) = delete;
    Chip& operator=(Chip&&) = delete;

    /// Starts the firmware.
    void boot(std::uint64_t now_ns);
    /// Lets the firmware do all that is pending at `now_ns`.
    void run(std::uint64_t now_ns);
    /// When run() has something to do again.
    std::uint64_t next_ns(std::uint64_t now_ns);

    /// Puts a request into the mailbox; the answer is in responses() later.
    void submit(std::vector<std::uint8_t> request);
    /// Takes the oldest answer.
    bool take_response(std::vector<std::uint8_t>& out);
    void stage(std::vector<std::uint8_t> image);
    /// The flash stops taking operations after this many more; then they fail.
    void fail_flash_after(unsigned operations) { flash_budget_ = operations; }

    // The firmware's accesses.
    std::uint32_t read(std::uint32_t address);
    void write(std::uint32_t address, std::uint32_t value);
    std::uint8_t* memory(std::uint32_t address, std::uint32_t len);

    [[nodiscard]] const std::vector<HostEvent>& events() const { return events_; }
    [[nodiscard]] const std::vector<Publication>& publications() const { return publications_; }
    [[nodiscard]] hw::mo_link_state link() const;
    /// Area OPTICS as published last.
    [[nodiscard]] const hw::mo_optics& optics() const { return optics_; }
    [[nodiscard]] bool gate_open() const { return gate_ == 3; }
    [[nodiscard]] std::uint32_t speed() const { return speed_; }
    [[nodiscard]] const std::string& log() const { return log_; }
    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    [[nodiscard]] std::uint64_t accesses() const { return accesses_; }
    [[nodiscard]] std::uint32_t heartbeat() const { return heartbeat_; }
    [[nodiscard]] bool watchdog_expired() const { return watchdog_expired_; }
    [[nodiscard]] std::uint32_t state() const { return state_; }
    [[nodiscard]] std::uint32_t boot_slot() const { return boot_slot_; }
    [[nodiscard]] std::vector<std::uint8_t>& flash() { return flash_; }
    [[nodiscard]] bool flash_busy() const { return (flash_status_ & 1U) != 0; }
    void set_temperatures(std::int32_t board_mc, std::int32_t asic_mc) {
        board_mc_ = board_mc;
        asic_mc_ = asic_mc;
    }

  private:
    std::uint32_t pending();
    void i2c_command(std::uint32_t command);
    void flash_command(std::uint32_t command);
    void settle();

    optics::Port& port_;
    std::unique_ptr<mo_app, void (*)(mo_app*)> app_;
    std::uint64_t now_ns_ = 0;
    std::uint32_t board_;
    std::uint32_t state_ = 0;
    std::uint32_t heartbeat_ = 0;
    std::uint32_t fw_version_ = 0;
    std::uint32_t fw_abi_ = 0;
    std::uint32_t boot_slot_ = 0;
    std::uint64_t compare_ = UINT64_MAX;
    std::uint32_t time_high_ = 0;
    std::uint32_t enabled_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t accesses_ = 0;

    bool requested_ = false;
    std::uint32_t request_len_ = 0;
    std::uint32_t response_len_ = 0;
    std::array<std::uint8_t, MO_SOC_MBOX_SIZE> request_{};
    std::array<std::uint8_t, MO_SOC_MBOX_SIZE> response_{};
    std::deque<std::vector<std::uint8_t>> responses_;
    std::vector<HostEvent> events_;

    std::array<std::uint8_t, MO_SOC_I2C_BUF_SIZE> i2c_buffer_{};
    std::uint32_t i2c_target_ = 0;
    std::uint32_t i2c_offset_ = 0;
    std::uint32_t i2c_len_ = 0;
    std::uint32_t i2c_status_ = 0;
    std::uint32_t i2c_command_ = 0;
    std::uint64_t i2c_end_ns_ = UINT64_MAX;

    std::array<std::uint8_t, MO_SOC_LINK_SIZE> link_{};
    alignas(8) std::array<std::uint8_t, MO_SOC_OPTICS_SIZE> optics_window_{};
    hw::mo_optics optics_{};
    std::vector<Publication> publications_;
    std::uint32_t gate_ = 0;
    std::uint32_t speed_ = 0;

    std::vector<std::uint8_t> flash_;
    std::vector<std::uint8_t> stage_;
    std::uint32_t stage_len_ = 0;
    std::uint32_t flash_addr_ = 0;
    std::uint32_t flash_len_ = 0;
    std::uint32_t flash_src_ = 0;
    std::uint32_t flash_status_ = 0;
    bool flash_used_ = false;
    std::uint64_t flash_end_ns_ = UINT64_MAX;
    unsigned flash_budget_ = UINT32_MAX;

    std::uint32_t watchdog_us_ = 0;
    std::uint64_t watchdog_kick_ns_ = 0;
    bool watchdog_expired_ = false;
    std::int32_t board_mc_ = 40000;
    std::int32_t asic_mc_ = 60000;
    std::vector<std::uint8_t> boot_info_;
    std::string log_;
};

} // namespace mo::fwtest
