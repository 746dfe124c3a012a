// SPDX-License-Identifier: GPL-2.0-or-later
// Every mailbox command, its limits, and nonsense.
#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "world.hpp"

namespace mo::fwtest {
namespace {

struct Command {
    const char* name;
    std::uint16_t code;
    std::size_t request;
    std::size_t response;
};

template <typename T>
constexpr std::size_t body_size = sizeof(T);
template <>
constexpr std::size_t body_size<hw::mo_mb_none> = 0;

const Command commands[] = {
#define X(name, code, req, rsp, text) {#name, code, body_size<hw::req>, body_size<hw::rsp>},
    MO_MB_COMMANDS(X)
#undef X
};

class Mailbox : public ::testing::Test {
  protected:
    void SetUp() override {
        world.boot();
        world.run_for(1 * second);
    }
    World world;
};

TEST_F(Mailbox, EveryCommandAnswersWithItsCodeAndLength) {
    for (const Command& command : commands) {
        const Answer answer =
            world.request(world.a, command.code, std::vector<std::uint8_t>(command.request, 0));
        EXPECT_EQ(answer.hdr.cmd, command.code) << command.name;
        EXPECT_EQ(answer.hdr.len, answer.body.size()) << command.name;
        if (answer.hdr.status == hw::MO_MB_OK) {
            EXPECT_EQ(answer.body.size(), command.response) << command.name;
        } else {
            // A refusal may say why in the command's own body.
            EXPECT_TRUE(answer.body.empty() || answer.body.size() == command.response)
                << command.name;
        }
    }
}

TEST_F(Mailbox, ShorterBodiesAreRefusedAndLongerOnesRead) {
    for (const Command& command : commands) {
        if (command.request != 0) {
            const Answer answer = world.request(world.a, command.code,
                                                std::vector<std::uint8_t>(command.request - 1, 0));
            EXPECT_EQ(answer.hdr.status, hw::MO_MB_ERR_LENGTH) << command.name;
        }
        std::vector<std::uint8_t> longer(command.request + 32, 0);
        const Answer answer = world.request(world.a, command.code, longer);
        EXPECT_NE(answer.hdr.status, hw::MO_MB_ERR_LENGTH) << command.name;
    }
}

TEST_F(Mailbox, UnknownCommandsAndPortsAreRefused) {
    EXPECT_EQ(world.request(world.a, 0x7777).hdr.status, hw::MO_MB_ERR_COMMAND);
    EXPECT_EQ(world.request(world.a, hw::MO_MB_LINK_GET, {}, 1).hdr.status, hw::MO_MB_ERR_PORT);
    EXPECT_EQ(world.request(world.a, hw::MO_MB_LINK_GET, {}, 255).hdr.status, hw::MO_MB_ERR_PORT);
}

TEST_F(Mailbox, OnlyTheFirstPlaneIsThere) {
    for (const unsigned plane : {1U, 255U}) {
        hw::mo_mb_hdr hdr{};
        hdr.cmd = hw::MO_MB_LANES_GET;
        hdr.plane = static_cast<std::uint8_t>(plane);
        std::vector<std::uint8_t> bytes(sizeof(hdr));
        std::memcpy(bytes.data(), &hdr, sizeof(hdr));
        world.a.submit(bytes);
        std::vector<std::uint8_t> response;
        ASSERT_TRUE(world.run_until(ms, [&] { return world.a.take_response(response); }));
        std::memcpy(&hdr, response.data(), sizeof(hdr));
        EXPECT_EQ(hdr.status, hw::MO_MB_ERR_PLANE) << plane;
        EXPECT_EQ(hdr.plane, plane);
    }
}

TEST_F(Mailbox, ClaimedLengthsBeyondTheMessageAreRefused) {
    hw::mo_mb_hdr hdr{};
    hdr.cmd = hw::MO_MB_LINK_SET;
    hdr.len = 2000;
    std::vector<std::uint8_t> bytes(sizeof(hdr) + 8);
    std::memcpy(bytes.data(), &hdr, sizeof(hdr));
    for (const std::size_t size : {bytes.size(), sizeof(hdr), sizeof(hdr) - 1, std::size_t{0}}) {
        world.a.submit({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
        std::vector<std::uint8_t> response;
        ASSERT_TRUE(world.run_until(ms, [&] { return world.a.take_response(response); }));
        std::memcpy(&hdr, response.data(), sizeof(hdr));
        EXPECT_EQ(hdr.status, hw::MO_MB_ERR_LENGTH) << size;
    }
}

TEST_F(Mailbox, RandomMessagesAreAnsweredAndHarmNothing) {
    std::mt19937 random(1);
    const auto byte = [&] { return static_cast<std::uint8_t>(random()); };
    for (unsigned round = 0; round < 3000; ++round) {
        std::vector<std::uint8_t> bytes(random() % 80);
        std::generate(bytes.begin(), bytes.end(), byte);
        if (bytes.size() >= 8 && round % 4 != 0) { // mostly commands that exist
            const Command& command = commands[random() % std::size(commands)];
            bytes[0] = static_cast<std::uint8_t>(command.code);
            bytes[1] = 0;
            bytes[2] = static_cast<std::uint8_t>(bytes.size() - 8);
            bytes[3] = 0;
            bytes[6] = 0;
            bytes[7] = 0;
        }
        world.a.submit(bytes);
        std::vector<std::uint8_t> response;
        ASSERT_TRUE(world.run_until(60 * second, [&] { return world.a.take_response(response); }))
            << round;
        EXPECT_GE(response.size(), sizeof(hw::mo_mb_hdr));
        EXPECT_LE(response.size(), std::size_t{MO_MB_MAX});
    }
    EXPECT_FALSE(world.a.watchdog_expired());
}

TEST_F(Mailbox, VersionIsThatOfTheImage) {
    const auto version = world.request(world.a, hw::MO_MB_VERSION_GET).as<hw::mo_mb_version>();
    EXPECT_EQ(version.ver_minor, 1);
    EXPECT_EQ(version.abi_major, MO_FW_ABI_MAJOR);
    EXPECT_EQ(version.abi_minor, MO_FW_ABI_MINOR);
    EXPECT_EQ(version.key_id, MO_FW_KEY_DEVELOPMENT);
    EXPECT_EQ(version.board, std::uint32_t{MO_BOARD_DEVKIT_800G});
    EXPECT_EQ(version.source, MO_SOC_BOOT_STAGE);
}

TEST_F(Mailbox, CapabilitiesAreThoseOfPortAndModule) {
    const auto caps = world.request(world.a, hw::MO_MB_LINK_CAPS_GET).as<hw::mo_mb_link_caps>();
    EXPECT_EQ(caps.port_modes, 0x3fU);
    EXPECT_EQ(caps.module_modes, std::uint32_t{hw::MO_LM_100G_R1 | hw::MO_LM_200G_R2 |
                                               hw::MO_LM_400G_R4 | hw::MO_LM_800G_R8});
    EXPECT_EQ(caps.lanes, 8);
    EXPECT_EQ(caps.module_type, 0x19);
    EXPECT_EQ(caps.media, MO_MEDIA_DR);
    EXPECT_EQ(caps.port_fec & hw::MO_FEC_RS544, hw::MO_FEC_RS544);
}

TEST_F(Mailbox, ModuleIsDescribed) {
    const auto module = world.request(world.a, hw::MO_MB_MODULE_GET).as<hw::mo_mb_module>();
    EXPECT_EQ(module.present, 1);
    EXPECT_EQ(module.identifier, 0x19);
    EXPECT_EQ(module.revision, 0x52);
    EXPECT_EQ(module.state, 1);
    EXPECT_EQ(module.power_policy, MO_MODULE_POWER_AUTO);
    EXPECT_EQ(std::string(module.vendor, module.vendor + 16), "Mesh Optical    ");
    EXPECT_EQ(std::string(module.serial, module.serial + 16), "A0001           ");
    EXPECT_EQ(module.length_m, 500U);
    EXPECT_EQ(module.wavelength_pm, 1310000U);
    EXPECT_EQ(module.max_power_mw, 8500U);
    EXPECT_EQ(module.media, MO_MEDIA_DR);
    EXPECT_EQ(module.retimed, 0);
    EXPECT_GT(module.temp_mc, 30000U);
    EXPECT_NEAR(module.vcc_uv, 3.3e6, 1e4);
}

class ModuleRead : public Mailbox {
  protected:
    Answer read(std::uint8_t bank, std::uint8_t page, std::uint8_t offset, std::uint8_t len) {
        return world.request_with(world.a, hw::MO_MB_MODULE_READ,
                                  hw::mo_mb_page{bank, page, offset, len});
    }
};

TEST_F(ModuleRead, PagesAreThoseOfTheModule) {
    const auto lower = read(0, 0, 0, 128).as<hw::mo_mb_page_data>();
    EXPECT_EQ(lower.data[0], 0x19);
    EXPECT_EQ(lower.at.len, 128);
    for (const std::uint8_t page : std::array<std::uint8_t, 5>{0x00, 0x01, 0x02, 0x10, 0x11}) {
        EXPECT_EQ(read(0, page, 128, 128).hdr.status, hw::MO_MB_OK) << unsigned{page};
    }
    const auto upper = read(0, 0, 129, 16).as<hw::mo_mb_page_data>();
    EXPECT_EQ(std::string(upper.data, upper.data + 12), "Mesh Optical");
}

TEST_F(ModuleRead, LimitsAreKept) {
    EXPECT_EQ(read(0, 0, 0, 0).hdr.status, hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(read(0, 0, 0, 129).hdr.status, hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(read(0, 0, 127, 2).hdr.status, hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(read(0, 0, 255, 2).hdr.status, hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(read(0, 1, 0, 8).hdr.status, hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(read(0, 0x25, 128, 8).hdr.status, hw::MO_MB_ERR_PAGE);
    EXPECT_EQ(read(1, 0x11, 128, 8).hdr.status, hw::MO_MB_ERR_PAGE);
    EXPECT_EQ(read(0, 0x11, 128, 8).hdr.status, hw::MO_MB_OK); // afterwards all is well
    EXPECT_EQ(read(0, 0, 255, 1).hdr.status, hw::MO_MB_OK);
}

TEST_F(ModuleRead, LatchedFlagsReachTheHostAlthoughTheFirmwareReadsThemToo) {
    world.set_link(world.a, true);
    world.set_link(world.b, true);
    ASSERT_TRUE(world.run_until(1 * second, [&] { return world.both_up(); }));
    (void)read(0, 0x11, 134, 20);
    world.fibre.cut(optics::Direction::from_b, world.now());
    world.run_for(10 * ms);
    world.fibre.mend(optics::Direction::from_b, world.now());
    world.run_for(5 * second); // polled many times meanwhile
    EXPECT_EQ(read(0, 0x11, 147, 1).as<hw::mo_mb_page_data>().data[0], 0xff);
    EXPECT_EQ(read(0, 0x11, 147, 1).as<hw::mo_mb_page_data>().data[0], 0x00);
}

TEST_F(ModuleRead, ModuleThatIsStartingIsBusy) {
    world.port_a.unplug(world.now());
    world.port_a.plug(optics::cmis::dr8_lpo("X"), world.now());
    world.run_for(1 * ms);
    EXPECT_EQ(read(0, 0, 0, 8).hdr.status, hw::MO_MB_ERR_BUSY);
}

TEST_F(Mailbox, ParametersOutOfRangeAreRefused) {
    const auto link = [&](hw::mo_mb_link_set set) {
        return world.request_with(world.a, hw::MO_MB_LINK_SET, set).hdr.status.value();
    };
    hw::mo_mb_link_set set{};
    set.mask = 0x80;
    EXPECT_EQ(link(set), hw::MO_MB_ERR_PARAM);
    set = {};
    set.mask = MO_LINK_SET_ADMIN;
    set.admin_up = 2;
    EXPECT_EQ(link(set), hw::MO_MB_ERR_PARAM);
    set = {};
    set.mask = MO_LINK_SET_MODES;
    EXPECT_EQ(link(set), hw::MO_MB_ERR_PARAM); // no mode
    set.modes = 0x100;
    EXPECT_EQ(link(set), hw::MO_MB_ERR_UNSUPPORTED); // none that the port has
    set = {};
    set.mask = MO_LINK_SET_FEC;
    EXPECT_EQ(link(set), hw::MO_MB_ERR_PARAM);
    set.fec = 0x10;
    EXPECT_EQ(link(set), hw::MO_MB_ERR_PARAM);
    set = {};
    EXPECT_EQ(link(set), hw::MO_MB_OK); // nothing to do

    const auto module = [&](hw::mo_mb_module_set at) {
        return world.request_with(world.a, hw::MO_MB_MODULE_SET, at).hdr.status.value();
    };
    EXPECT_EQ(module({MO_MODULE_SET_POWER, 7, {}}), hw::MO_MB_ERR_PARAM);
    EXPECT_EQ(module({0x10U, 0, {}}), hw::MO_MB_ERR_PARAM);
    world.port_a.unplug(world.now());
    EXPECT_EQ(module({MO_MODULE_SET_RESET, 0, {}}), hw::MO_MB_ERR_NO_MODULE);
}

TEST_F(Mailbox, SensorsHaveLabelsKindsAndLimits) {
    const auto sensors = world.request(world.a, hw::MO_MB_SENSORS_GET).as<hw::mo_mb_sensors>();
    ASSERT_EQ(sensors.count, 8U);
    const auto find = [&](unsigned kind, const char* label) -> const hw::mo_mb_sensor* {
        for (unsigned i = 0; i < sensors.count; ++i) {
            const auto* text = reinterpret_cast<const char*>(sensors.sensor[i].label);
            if (sensors.sensor[i].kind == kind && std::strcmp(text, label) == 0) {
                return &sensors.sensor[i];
            }
        }
        return nullptr;
    };
    ASSERT_NE(find(MO_SENSOR_TEMP, "module"), nullptr);
    EXPECT_EQ(find(MO_SENSOR_TEMP, "module")->high, 70000U);
    EXPECT_EQ(find(MO_SENSOR_TEMP, "module")->critical, 75000U);
    EXPECT_EQ(find(MO_SENSOR_TEMP, "asic")->value, 60000U);
    EXPECT_EQ(find(MO_SENSOR_VOLT, "module")->value, 3300U);
    EXPECT_EQ(find(MO_SENSOR_POWER, "board")->value, 45'000'000U);
    const std::uint64_t before = find(MO_SENSOR_ENERGY, "board")->value;
    world.run_for(1 * second);
    const auto later = world.request(world.a, hw::MO_MB_SENSORS_GET).as<hw::mo_mb_sensors>();
    EXPECT_NEAR(static_cast<double>(later.sensor[7].value - before), 45e6, 1e6);
}

TEST_F(Mailbox, SensorsOfAModuleThatIsNotThereHaveNoValue) {
    const auto absent = [&] {
        const auto sensors = world.request(world.a, hw::MO_MB_SENSORS_GET).as<hw::mo_mb_sensors>();
        EXPECT_EQ(sensors.count, 8U) << "they keep their places";
        unsigned found = 0;
        for (unsigned i = 0; i < sensors.count; ++i) {
            const hw::mo_mb_sensor& sensor = sensors.sensor[i];
            const bool module =
                std::strcmp(reinterpret_cast<const char*>(sensor.label), "module") == 0;
            if ((sensor.flags & MO_SENSOR_F_ABSENT) != 0) {
                EXPECT_TRUE(module);
                EXPECT_EQ(sensor.value, 0U);
                ++found;
            }
        }
        return found;
    };
    EXPECT_EQ(absent(), 0U);
    world.port_a.unplug(world.now());
    world.run_for(1 * second);
    EXPECT_EQ(absent(), 2U);
    world.port_a.plug(optics::cmis::dr8_lpo("A0002"), world.now());
    world.run_for(5 * second);
    EXPECT_EQ(absent(), 0U);
}

TEST_F(Mailbox, LogIsReadInChunks) {
    std::string text;
    std::uint32_t offset = 0;
    for (;;) {
        const auto chunk = world.request_with(world.a, hw::MO_MB_LOG_GET, hw::mo_mb_log_get{offset})
                               .as<hw::mo_mb_log>();
        if (chunk.len == 0) {
            break;
        }
        EXPECT_EQ(chunk.offset, offset);
        text.append(chunk.text, chunk.text + chunk.len);
        offset += chunk.len;
    }
    EXPECT_EQ(text, world.a.log());
    const auto beyond =
        world.request_with(world.a, hw::MO_MB_LOG_GET, hw::mo_mb_log_get{0xffffff00U})
            .as<hw::mo_mb_log>();
    EXPECT_EQ(beyond.len, 0U);
}

TEST_F(Mailbox, LanesAndFecCountFromOneInstant) {
    world.set_link(world.a, true);
    world.set_link(world.b, true);
    ASSERT_TRUE(world.run_until(1 * second, [&] { return world.both_up(); }));
    world.run_for(1 * second);
    const auto lanes = world.request(world.a, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    ASSERT_EQ(lanes.count, 8U);
    for (unsigned i = 0; i < 8; ++i) {
        const hw::mo_mb_lane& lane = lanes.lane[i];
        EXPECT_EQ(lane.lane, i);
        EXPECT_EQ(lane.state, hw::MO_LANE_UP);
        EXPECT_EQ(lane.dp_state, 4); // DPActivated
        EXPECT_EQ(lane.flags,
                  std::uint32_t{MO_LANE_F_HAS_OPTICS | MO_LANE_F_HAS_SNR | MO_LANE_F_HAS_BITS});
        EXPECT_GT(lane.tx_power_nw, 1'000'000U);
        EXPECT_GT(lane.rx_power_nw, 800'000U);
        EXPECT_GT(lane.snr_mdb, 20'000U);
        EXPECT_EQ(lane.bits, lanes.lane[0].bits);
        EXPECT_GT(lane.bit_errors, 100U);
        EXPECT_LT(lane.bit_errors, 100'000U);
    }
    const auto fec = world.request(world.a, hw::MO_MB_FEC_GET).as<hw::mo_mb_fec>();
    std::uint64_t sum = fec.uncorrectable;
    for (const auto bin : fec.bins) {
        sum += bin;
    }
    EXPECT_EQ(sum, fec.codewords);
    EXPECT_EQ(fec.corrected + fec.bins[0] + fec.uncorrectable, fec.codewords);
    EXPECT_GT(fec.codewords, 150'000'000U);
    EXPECT_EQ(fec.uncorrectable, 0U);
}

// Reads of the host cost no message: all is in the block that is published each period.
TEST_F(Mailbox, OpticsArePublishedWithoutBeingAskedFor) {
    world.set_link(world.a, true);
    world.set_link(world.b, true);
    ASSERT_TRUE(world.run_until(1 * second, [&] { return world.both_up(); }));
    const std::uint64_t up = world.now();
    for (unsigned i = 0; i < 8; ++i) { // the news come with the link, not a period later
        EXPECT_EQ(world.a.optics().lanes.lane[i].state, hw::MO_LANE_UP) << i;
    }
    EXPECT_GT(world.a.optics().time_ns + 1 * ms, up);
    std::uint64_t last = world.a.optics().time_ns;
    for (unsigned period = 0; period < 6; ++period) {
        world.run_for(MO_OPTICS_PERIOD_MS * ms + 1 * ms);
        const hw::mo_optics& at = world.a.optics();
        EXPECT_LE(world.now() - at.time_ns, MO_OPTICS_PERIOD_MS * ms + 2 * ms);
        EXPECT_GT(at.time_ns, last);
        last = at.time_ns;
    }
    const hw::mo_optics at = world.a.optics();
    const auto lanes = world.request(world.a, hw::MO_MB_LANES_GET).as<hw::mo_mb_lanes>();
    ASSERT_EQ(at.lanes.count, 8U);
    for (unsigned i = 0; i < 8; ++i) {
        EXPECT_EQ(at.lanes.lane[i].flags, lanes.lane[i].flags);
        EXPECT_EQ(at.lanes.lane[i].rx_power_nw, lanes.lane[i].rx_power_nw);
        EXPECT_GT(at.lanes.lane[i].bits, 0U);
        EXPECT_LE(at.lanes.lane[i].bits, lanes.lane[i].bits);
    }
    EXPECT_GT(at.fec.codewords, 100'000'000U);
    EXPECT_EQ(at.module.present, 1);
    EXPECT_EQ(at.module.power_mode, 2);
    EXPECT_EQ(at.sensors.count, 8U);
    EXPECT_EQ(at.caps.port_modes, 0x3fU);
    // What was set stands there when the answer comes; a module that goes, goes there at once.
    world.request_with(world.a, hw::MO_MB_MODULE_SET,
                       hw::mo_mb_module_set{MO_MODULE_SET_POWER, MO_MODULE_POWER_HIGH, {}});
    EXPECT_EQ(world.a.optics().module.power_policy, MO_MODULE_POWER_HIGH);
    world.port_a.unplug(world.now());
    world.run_for(1 * ms);
    EXPECT_EQ(world.a.optics().module.present, 0);
    EXPECT_EQ(world.a.optics().caps.module_modes, 0U);
}

TEST_F(Mailbox, RecorderSkipsWhatItHasLost) {
    for (unsigned i = 0; i < 60; ++i) { // several records each
        world.set_link(world.a, true);
        world.run_for(1 * ms);
        world.set_link(world.a, false);
        world.run_for(150 * ms);
    }
    auto records = world.request_with(world.a, hw::MO_MB_RECORDER_GET, hw::mo_mb_recorder_get{1})
                       .as<hw::mo_mb_records>();
    EXPECT_EQ(records.count, std::uint32_t{MO_RECORDS_MAX});
    EXPECT_GT(records.record[0].seq, 1U);
    std::uint64_t next = records.record[0].seq;
    unsigned total = 0;
    while (records.count != 0) {
        for (unsigned i = 0; i < records.count; ++i) {
            EXPECT_EQ(records.record[i].seq, next++);
        }
        total += records.count;
        EXPECT_EQ(records.next_seq, next);
        records = world
                      .request_with(world.a, hw::MO_MB_RECORDER_GET,
                                    hw::mo_mb_recorder_get{records.next_seq})
                      .as<hw::mo_mb_records>();
    }
    EXPECT_EQ(total, 128U);
}

} // namespace
} // namespace mo::fwtest
