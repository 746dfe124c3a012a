// SPDX-License-Identifier: GPL-2.0-or-later
// Two whole NICs on one fibre in virtual time, each with a driver in user space, and firmware.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "link_unit.hpp"
#include "nic/tests/driver.hpp"
#include "nic_unit.hpp"

namespace mo::ofemu::test {

using nic::test::Driver;
using nic::test::EventRing;
using nic::test::LocalBus;

inline constexpr std::uint64_t ms = 1'000'000;
inline constexpr std::uint64_t seconds = 1'000 * ms;

/// The image with its header out of the built firmware package.
inline std::vector<std::uint8_t> firmware_image() {
    std::ifstream file(MO_FIRMWARE_BLOB, std::ios::binary);
    const std::vector<std::uint8_t> package(std::istreambuf_iterator<char>(file), {});
    for (std::size_t at = 0; at + sizeof(hw::mo_fw_hdr) <= package.size(); ++at) {
        hw::mo_fw_hdr header;
        std::memcpy(&header, package.data() + at, sizeof(header));
        const std::size_t length = sizeof(header) + header.image_len;
        if (header.magic == MO_FW_MAGIC && length <= package.size() - at) {
            return {package.begin() + static_cast<std::ptrdiff_t>(at),
                    package.begin() + static_cast<std::ptrdiff_t>(at + length)};
        }
    }
    throw std::runtime_error("no firmware image in " MO_FIRMWARE_BLOB);
}

inline NicEntry nic_entry(int number) {
    NicEntry entry;
    entry.name = "nic" + std::to_string(number);
    entry.mac = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(number + 1)};
    entry.serial = "MO-000" + std::to_string(number);
    entry.board = "devkit-800g";
    return entry;
}

inline LinkEntry link_entry() {
    LinkEntry entry;
    entry.name = "fibre0";
    entry.ends = {PortRef{"nic0"}, PortRef{"nic1"}};
    entry.loss_db = 1.0;
    return entry;
}

/// A NIC and its driver.
class Station {
  public:
    Station(int number, engine::Engine& engine, engine::ManualClock& clock)
        : Station(nic_entry(number), engine, clock) {}
    Station(const NicEntry& entry, engine::Engine& engine, engine::ManualClock& clock)
        : engine_(engine), clock_(clock), unit(config_, entry, {}, engine), bus(unit.nic(), engine),
          driver(bus) {
        area_ = bus.allocate(sizeof(hw::mo_link_state), 64);
        bring_up();
    }

    /// What a driver does first: resets the function, has events and the link's state written.
    void bring_up() {
        driver.bring_up(hw::MO_F_SHADOW_DB | hw::MO_F_MGMT | hw::MO_F_ETH);
        events.emplace(bus, 8);
        EXPECT_NE(driver.create_eq(*events, 0), 0U);
        std::memset(static_cast<void*>(&bus.at<hw::mo_link_state>(area_)), 0,
                    sizeof(hw::mo_link_state));
        hw::mo_cmd_area area{};
        area.addr = area_;
        area.len = sizeof(hw::mo_link_state);
        area.area = hw::MO_AREA_LINK;
        EXPECT_EQ(driver.status(hw::MO_CMD_AREA_SET, area), hw::MO_ST_OK);
    }

    /// Loads and starts firmware; true when it runs.
    bool start_firmware(const std::vector<std::uint8_t>& image) {
        const auto where = bus.allocate(image.size());
        std::memcpy(&bus.at<std::uint8_t>(where), image.data(), image.size());
        hw::mo_cmd_fw_load load{};
        load.addr = where;
        load.len = static_cast<std::uint32_t>(image.size());
        load.total = load.len.value();
        hw::mo_cmd_fw_start start{};
        start.source = MO_FW_START_STAGE;
        if (driver.status(hw::MO_CMD_FW_LOAD, load) != hw::MO_ST_OK ||
            driver.status(hw::MO_CMD_FW_START, start) != hw::MO_ST_OK) {
            return false;
        }
        return wait(5 * seconds,
                    [this] {
                        const auto state = driver.reg(nic::reg::MGMT_STATE);
                        return state == hw::MO_MGMT_RUNNING || state == hw::MO_MGMT_REJECTED;
                    }) &&
               driver.reg(nic::reg::MGMT_STATE) == hw::MO_MGMT_RUNNING;
    }

    /// A message to the firmware, and the status in its answer.
    template <typename Body>
    int message(std::uint16_t command, const Body& body) {
        return ask<hw::mo_mb_none>(command, body).first;
    }
    /// The same, with the body of the answer.
    template <typename Answer, typename Body>
    std::pair<int, Answer> ask(std::uint16_t command, const Body& body) {
        const auto buffer = bus.allocate(MO_MB_MAX, 64);
        hw::mo_mb_hdr header{};
        header.cmd = command;
        header.len = sizeof(body);
        std::memcpy(&bus.at<std::byte>(buffer), &header, sizeof(header));
        std::memcpy(&bus.at<std::byte>(buffer + sizeof(header)), &body, sizeof(body));
        hw::mo_cmd_mgmt request{};
        request.req = buffer;
        request.rsp = buffer;
        request.req_len = sizeof(header) + sizeof(body);
        request.rsp_len = MO_MB_MAX;
        driver.post(Driver::make(hw::MO_CMD_MGMT, request));
        (void)driver.ring_admin();
        std::optional<hw::mo_cmd_cqe> done;
        if (!wait(2 * seconds, [&] { return (done = driver.pop()).has_value(); }) ||
            done->status != hw::MO_ST_OK) {
            return {-1, Answer{}};
        }
        return {bus.at<hw::mo_mb_hdr>(buffer).status, bus.at<Answer>(buffer + sizeof(header))};
    }
    int set_admin(bool up) {
        hw::mo_mb_link_set body{};
        body.mask = MO_LINK_SET_ADMIN;
        body.admin_up = up ? 1 : 0;
        return message(hw::MO_MB_LINK_SET, body);
    }

    [[nodiscard]] const hw::mo_link_state& link() { return bus.at<hw::mo_link_state>(area_); }
    [[nodiscard]] bool carrier() { return link().carrier != 0; }

    /// Lets time pass in steps of 0.1 ms until `done`, at most `limit_ns`.
    template <typename Done>
    bool wait(std::uint64_t limit_ns, Done&& done) {
        const auto end = clock_.now_ns() + limit_ns;
        while (!done()) {
            if (clock_.now_ns() >= end) {
                return false;
            }
            engine_.run_until(clock_, clock_.now_ns() + ms / 10);
        }
        return true;
    }

  private:
    Config config_;
    engine::Engine& engine_;
    engine::ManualClock& clock_;
    std::uint64_t area_ = 0;

  public:
    NicUnit unit;
    LocalBus bus;
    Driver driver;
    std::optional<EventRing> events;
};

} // namespace mo::ofemu::test
