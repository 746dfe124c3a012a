// SPDX-License-Identifier: GPL-2.0-or-later
// Surroundings of a SoC under test: a host that records what it is told, optics of plain registers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mgmt/peripheral.hpp"
#include "mgmt/soc.hpp"

namespace mo::mgmt::test {

class FakeHost : public SocHost {
  public:
    struct Event {
        std::uint8_t type;
        std::uint8_t code;
        std::uint16_t data;
    };

    void mgmt_state(hw::mo_mgmt_state state, hw::mo_fw_error error, std::uint64_t) override {
        states.emplace_back(state, error);
    }
    void mailbox_done(std::span<const std::uint8_t> response) override {
        responses.emplace_back(response.begin(), response.end());
    }
    void host_event(std::uint8_t type, std::uint8_t code, std::uint16_t data) override {
        events.push_back({type, code, data});
    }
    void publish_link(std::span<const std::uint8_t> state) override {
        links.emplace_back(state.begin(), state.end());
    }
    void publish_optics(std::span<const std::uint8_t> block) override {
        optics.emplace_back(block.begin(), block.end());
    }
    void mac_gate(bool receive, bool transmit, std::uint32_t speed_mbps) override {
        receives = receive;
        transmits = transmit;
        speed = speed_mbps;
    }
    void log_char(char c) override { log.push_back(c); }
    SensorValues sensors(std::uint64_t) override { return values; }

    std::vector<std::pair<hw::mo_mgmt_state, hw::mo_fw_error>> states;
    std::vector<std::vector<std::uint8_t>> responses;
    std::vector<Event> events;
    std::vector<std::vector<std::uint8_t>> links, optics;
    bool receives = false;
    bool transmits = false;
    std::uint32_t speed = 0;
    std::string log;
    SensorValues values;
};

class FakePhy : public Phy {
  public:
    std::uint32_t phy_read(hw::mo_soc_block block, std::uint32_t offset, std::uint64_t) override {
        return registers[{block, offset}];
    }
    void phy_write(hw::mo_soc_block block, std::uint32_t offset, std::uint32_t value,
                   std::uint64_t) override {
        registers[{block, offset}] = value;
    }
    bool i2c_read(std::uint8_t target, std::uint8_t offset, std::span<std::uint8_t> out,
                  std::uint64_t now_ns) override {
        last_i2c_ns = now_ns;
        if (target != 0x50) {
            return false;
        }
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = eeprom[(offset + i) % eeprom.size()];
        }
        return true;
    }
    bool i2c_write(std::uint8_t target, std::uint8_t offset, std::span<const std::uint8_t> in,
                   std::uint64_t now_ns) override {
        last_i2c_ns = now_ns;
        if (target != 0x50) {
            return false;
        }
        for (std::size_t i = 0; i < in.size(); ++i) {
            eeprom[(offset + i) % eeprom.size()] = in[i];
        }
        return true;
    }
    std::uint32_t irq_levels(std::uint64_t now_ns) override {
        return now_ns >= irq_at_ns ? levels : 0;
    }
    std::uint64_t next_change_ns(std::uint64_t now_ns) override {
        return now_ns < irq_at_ns ? irq_at_ns : never_ns;
    }
    void core_reset(std::uint64_t) override {
        ++resets;
        registers.clear();
    }

    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> registers;
    std::array<std::uint8_t, 256> eeprom{};
    std::uint32_t levels = 0;
    std::uint64_t irq_at_ns = 0;
    std::uint64_t last_i2c_ns = 0;
    unsigned resets = 0;
};

} // namespace mo::mgmt::test
