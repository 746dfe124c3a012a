// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware that is shipped, firmware/blobs/mo-fw-2.pldm, on the chip, as the driver loads it.
// The optics are plain registers here: no module is ever plugged.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "fakes.hpp"

namespace mo::mgmt::test {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

/// The only component of a package: behind the header, whose size stands at byte 17 (DSP0267).
std::vector<std::uint8_t> component_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::uint8_t> package{std::istreambuf_iterator<char>(file), {}};
    EXPECT_GT(package.size(), 18U) << path;
    if (package.size() < 19) {
        return {};
    }
    const std::size_t header = package[17] | package[18] << 8;
    package.erase(package.begin(), package.begin() + static_cast<std::ptrdiff_t>(header));
    return package;
}

class ShippedFirmware : public testing::Test {
  protected:
    void SetUp() override {
        soc.power_on(0);
        now_ns = soc.run(0, 1'000'000).end_ns;
        const auto component = component_of(MO_FIRMWARE_PACKAGE);
        ASSERT_TRUE(soc.stage_write(0, component));
        soc.stage_length(static_cast<std::uint32_t>(component.size()));
        soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_STAGE, now_ns);
        run_until(now_ns + second);
    }

    /// Virtual time: sleeps until the next deadline, at most until `end_ns`.
    void run_until(std::uint64_t end_ns) {
        while (now_ns < end_ns) {
            const std::uint64_t next = soc.next_run_ns(now_ns);
            if (next >= end_ns) {
                now_ns = end_ns;
                return;
            }
            now_ns = std::max(now_ns, next);
            now_ns = std::max(now_ns, soc.run(now_ns, 100'000).end_ns);
        }
    }

    /// Sends a request without a body and returns the response's body.
    std::vector<std::uint8_t> ask(std::uint16_t command, std::uint16_t* status) {
        hw::mo_mb_hdr request{};
        request.cmd = command;
        std::vector<std::uint8_t> bytes(sizeof(request));
        std::memcpy(bytes.data(), &request, sizeof(request));
        host.responses.clear();
        EXPECT_TRUE(soc.mailbox_submit(bytes));
        run_until(now_ns + second);
        if (host.responses.size() != 1 || host.responses[0].size() < sizeof(hw::mo_mb_hdr)) {
            ADD_FAILURE() << "no response to command " << command;
            return {};
        }
        hw::mo_mb_hdr response;
        std::memcpy(&response, host.responses[0].data(), sizeof(response));
        EXPECT_EQ(response.cmd, command);
        *status = response.status;
        return {host.responses[0].begin() + sizeof(response), host.responses[0].end()};
    }

    FakeHost host;
    FakePhy phy;
    Soc soc{{}, host, phy};
    std::uint64_t now_ns = 0;
};

TEST_F(ShippedFirmware, Boots) {
    EXPECT_EQ(soc.state(), hw::MO_MGMT_RUNNING) << host.log;
    EXPECT_EQ(soc.error(), hw::MO_FW_ERR_NONE);
    EXPECT_EQ(soc.fw_abi(), std::uint32_t{MO_FW_ABI_MAJOR} << 16 | MO_FW_ABI_MINOR);
    EXPECT_FALSE(host.receives) << "no frame passes without a link";
}

TEST_F(ShippedFirmware, HeartBeatsAndSleeps) {
    const std::uint32_t before = soc.heartbeat();
    const std::uint64_t instructions = soc.counters().instructions;
    run_until(now_ns + 10 * second);
    EXPECT_GT(soc.heartbeat(), before);
    EXPECT_EQ(soc.state(), hw::MO_MGMT_RUNNING);
    EXPECT_LT(soc.counters().instructions - instructions, 10'000'000U)
        << "an idle firmware uses less than 1 % of its core";
}

TEST_F(ShippedFirmware, AnswersItsVersion) {
    std::uint16_t status = 0xffff;
    const auto body = ask(hw::MO_MB_VERSION_GET, &status);
    EXPECT_EQ(status, hw::MO_MB_OK);
    ASSERT_GE(body.size(), sizeof(hw::mo_mb_version));
    hw::mo_mb_version version;
    std::memcpy(&version, body.data(), sizeof(version));
    EXPECT_EQ(version.key_id, MO_FW_KEY_DEVELOPMENT);
    EXPECT_EQ(version.source, MO_SOC_BOOT_STAGE);
    EXPECT_EQ(std::uint32_t{version.ver_major} << 16 | std::uint32_t{version.ver_minor} << 8 |
                  version.ver_patch,
              soc.fw_version());
}

TEST_F(ShippedFirmware, RefusesWhatItDoesNotKnow) {
    std::uint16_t status = 0;
    ask(0x7fff, &status);
    EXPECT_EQ(status, hw::MO_MB_ERR_COMMAND);
    EXPECT_EQ(soc.state(), hw::MO_MGMT_RUNNING);
}

TEST_F(ShippedFirmware, HangIsCaughtByItsWatchdog) {
    soc.inject_hang();
    run_until(now_ns + 10 * second);
    EXPECT_EQ(soc.state(), hw::MO_MGMT_CRASHED);
    EXPECT_EQ(soc.error(), hw::MO_FW_ERR_WATCHDOG);
}

#ifdef MO_NEGATIVE_DIR
hw::mo_fw_error error_named(const std::string& name) {
#define X(error, value, text)                                                                      \
    if (name == #error) {                                                                          \
        return hw::MO_FW_ERR_##error;                                                              \
    }
    MO_FW_ERRORS(X)
#undef X
    ADD_FAILURE() << "no error is named " << name;
    return hw::MO_FW_ERR_NONE;
}

// The set that mo-negative makes of the shipped package, for the tests of the driver: the boot ROM
// must refuse each for the reason that is written beside it.
TEST(NegativeSet, EachIsRefusedForItsReason) {
    std::ifstream index(std::string(MO_NEGATIVE_DIR) + "/index.txt");
    std::string name;
    std::string by;
    std::string error;
    unsigned refused = 0;
    while (index >> name >> by >> error) {
        if (by == "pldm") {
            continue; // never reaches the device
        }
        FakeHost host;
        FakePhy phy;
        Soc soc({}, host, phy);
        const auto component = component_of(std::string(MO_NEGATIVE_DIR) + "/" + name + ".pldm");
        ASSERT_TRUE(soc.stage_write(0, component));
        soc.stage_length(static_cast<std::uint32_t>(component.size()));
        soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_STAGE, 0);
        soc.run(0, 30'000'000);
        if (by == "driver") { // a wrong ABI is the driver's to refuse: the ROM starts it
            hw::mo_fw_hdr header;
            ASSERT_GE(component.size(), sizeof(header)) << name;
            std::memcpy(&header, component.data(), sizeof(header));
            EXPECT_EQ(header.abi_major, MO_FW_ABI_MAJOR + 1) << name;
            EXPECT_EQ(soc.error(), hw::MO_FW_ERR_NONE) << name;
            continue;
        }
        EXPECT_EQ(soc.state(), hw::MO_MGMT_REJECTED) << name;
        EXPECT_EQ(soc.error(), error_named(error)) << name;
        ++refused;
    }
    EXPECT_GT(refused, 30U);
}
#endif

} // namespace
} // namespace mo::mgmt::test
