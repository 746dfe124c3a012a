// SPDX-License-Identifier: GPL-2.0-or-later
// The signed firmware of firmware/blobs on the model of the management core: boot ROM, RISC-V
// instructions, real bus times. The same link as in link_test.cpp, and what it costs.
#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mgmt/soc.hpp"
#include "optics/port.hpp"

namespace mo::fwtest {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1'000'000'000;

/// The management firmware inside the package of firmware/blobs.
std::vector<std::uint8_t> component() {
    std::ifstream file(MO_FIRMWARE_PACKAGE, std::ios::binary);
    const std::vector<std::uint8_t> package{std::istreambuf_iterator<char>(file), {}};
    const std::array<std::uint8_t, 4> magic{'M', 'O', 'F', 'W'};
    const auto start = std::search(package.begin(), package.end(), magic.begin(), magic.end());
    if (package.end() - start < MO_FW_HDR_LEN) {
        return {};
    }
    hw::mo_fw_hdr hdr{};
    std::memcpy(&hdr, &*start, sizeof(hdr));
    const auto size = static_cast<std::ptrdiff_t>(MO_FW_HDR_LEN + hdr.image_len);
    return package.end() - start < size ? std::vector<std::uint8_t>{}
                                        : std::vector<std::uint8_t>{start, start + size};
}

class End final : public mgmt::SocHost {
  public:
    End(std::uint64_t seed, std::uint32_t board)
        : port({board == MO_BOARD_DEVKIT_800G ? 8U : 4U, seed, 35.0}),
          soc(config(board), *this, port) {}

    void mgmt_state(hw::mo_mgmt_state, hw::mo_fw_error, std::uint64_t) override {}
    void mailbox_done(std::span<const std::uint8_t> bytes) override {
        response.assign(bytes.begin(), bytes.end());
    }
    void host_event(std::uint8_t type, std::uint8_t, std::uint16_t) override {
        ++events;
        flash_jobs += type == hw::MO_EVENT_FLASH ? 1U : 0U;
    }
    void publish_optics(std::span<const std::uint8_t> bytes) override {
        ASSERT_EQ(bytes.size(), sizeof(optics));
        std::memcpy(static_cast<void*>(&optics), bytes.data(), sizeof(optics));
    }
    void publish_link(std::span<const std::uint8_t> bytes) override {
        ASSERT_EQ(bytes.size(), sizeof(link));
        std::memcpy(&link, bytes.data(), sizeof(link));
    }
    void mac_gate(bool receive, bool transmit, std::uint32_t speed_mbps) override {
        open = receive && transmit;
        speed = speed_mbps;
    }
    void log_char(char c) override { log.push_back(c); }
    mgmt::SensorValues sensors(std::uint64_t now_ns) override {
        return {40000, 60000, 750, 1800, 45000, now_ns / 1000 * 45};
    }

    static mgmt::SocConfig config(std::uint32_t board) {
        mgmt::SocConfig config;
        config.board = board;
        return config;
    }

    optics::Port port;
    mgmt::Soc soc;
    hw::mo_link_state link{};
    bool open = false;
    std::uint32_t speed = 0;
    std::uint64_t events = 0;
    unsigned flash_jobs = 0;
    hw::mo_optics optics{};
    std::vector<std::uint8_t> response;
    std::string log;
};

class SocLink : public ::testing::Test {
  protected:
    void SetUp() override {
        const std::vector<std::uint8_t> image = component();
        ASSERT_FALSE(image.empty()) << MO_FIRMWARE_PACKAGE;
        fibre.connect(optics::End::a, &a.port, 0);
        fibre.connect(optics::End::b, &b.port, 0);
        for (End* end : {&a, &b}) {
            end->port.plug(optics::cmis::dr8_lpo("S0001"), 0);
            end->soc.power_on(0);
            ASSERT_TRUE(end->soc.stage_write(0, image).has_value());
            end->soc.stage_length(static_cast<std::uint32_t>(image.size()));
            end->soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_STAGE, 0);
        }
        ASSERT_TRUE(run_until(5 * second,
                              [&] {
                                  return a.soc.state() == hw::MO_MGMT_RUNNING &&
                                         b.soc.state() == hw::MO_MGMT_RUNNING;
                              }))
            << a.log << a.soc.error();
        run_for(1 * second);
    }

    /// The job of the flash of `a` once it has ended.
    hw::mo_mb_flash_job job_end() {
        hw::mo_mb_flash_job job{};
        for (unsigned tries = 0; tries < 10'000 && job.state != MO_FLASH_JOB_DONE; ++tries) {
            run_for(1 * ms);
            const auto response = request(a, hw::MO_MB_FLASH_JOB, {});
            if (response.size() != sizeof(hw::mo_mb_hdr) + sizeof(job)) {
                break;
            }
            std::memcpy(&job, response.data() + sizeof(hw::mo_mb_hdr), sizeof(job));
        }
        return job;
    }

    bool run_until(std::uint64_t duration, const std::function<bool()>& done) {
        constexpr std::uint64_t slice = 2000; // instructions in which the other end may lag
        const std::uint64_t end = now_ + duration;
        for (;;) {
            if (done()) {
                return true;
            }
            std::uint64_t next = end;
            for (End* at : {&a, &b}) {
                next = std::min(next, at->soc.next_run_ns(now_));
            }
            now_ = std::max(now_, next);
            if (now_ >= end) {
                return false;
            }
            bool ran = false;
            for (End* at : {&a, &b}) {
                if (at->soc.next_run_ns(now_) <= now_) {
                    ran = at->soc.run(now_, slice).instructions != 0 || ran;
                }
            }
            now_ += ran ? slice * mgmt::Soc::insn_ns : 1;
        }
    }
    void run_for(std::uint64_t duration) {
        const std::uint64_t end = now_ + duration;
        run_until(duration, [] { return false; });
        now_ = std::max(now_, end);
    }

    std::vector<std::uint8_t> request(End& end, std::uint16_t command,
                                      const std::vector<std::uint8_t>& body) {
        hw::mo_mb_hdr hdr{};
        hdr.cmd = command;
        hdr.len = static_cast<std::uint16_t>(body.size());
        std::vector<std::uint8_t> bytes(sizeof(hdr));
        std::memcpy(bytes.data(), &hdr, sizeof(hdr));
        bytes.insert(bytes.end(), body.begin(), body.end());
        end.response.clear();
        EXPECT_TRUE(end.soc.mailbox_submit(bytes));
        EXPECT_TRUE(run_until(10 * second, [&] { return !end.response.empty(); })) << command;
        return end.response;
    }

    template <typename T>
    std::vector<std::uint8_t> request_with(End& end, std::uint16_t command, const T& body) {
        std::vector<std::uint8_t> bytes(sizeof(body));
        std::memcpy(bytes.data(), &body, sizeof(body));
        return request(end, command, bytes);
    }

    void admin(End& end, bool up) {
        hw::mo_mb_link_set set{};
        set.mask = MO_LINK_SET_ADMIN;
        set.admin_up = up ? 1 : 0;
        const auto response = request_with(end, hw::MO_MB_LINK_SET, set);
        hw::mo_mb_hdr hdr{};
        ASSERT_GE(response.size(), sizeof(hdr));
        std::memcpy(&hdr, response.data(), sizeof(hdr));
        EXPECT_EQ(hdr.status, hw::MO_MB_OK);
    }

    bool bring_up() {
        admin(a, true);
        admin(b, true);
        return run_until(1 * second, [&] { return a.open && b.open; });
    }

    optics::Fibre fibre{{}};
    End a{1, MO_BOARD_DEVKIT_800G};
    End b{2, MO_BOARD_DEVKIT_800G};
    std::uint64_t now_ = 0;
};

TEST_F(SocLink, ComesUpInLessThanASecond) {
    const std::uint64_t start = now_;
    ASSERT_TRUE(bring_up()) << a.log << b.log;
    EXPECT_LT(now_ - start, 1 * second);
    RecordProperty("bring_up_ms", std::to_string((now_ - start) / ms));
    run_for(1 * ms); // the gate opens before the state is published
    EXPECT_EQ(a.speed, 800000U);
    EXPECT_EQ(a.link.fsm, hw::MO_LINK_UP);
    EXPECT_EQ(a.soc.counters().exceptions, 0U);
}

TEST_F(SocLink, CutIsToldWithinAMillisecondAndMendBringsItBack) {
    ASSERT_TRUE(bring_up());
    run_for(1 * second);
    for (unsigned round = 0; round < 3; ++round) {
        const std::uint64_t cut = now_;
        fibre.cut(optics::Direction::from_a, cut);
        ASSERT_TRUE(run_until(10 * ms, [&] { return !a.open && !b.open; }));
        run_for(1 * ms);
        EXPECT_LT(a.link.changed_ns, cut + 1 * ms);
        EXPECT_LT(b.link.changed_ns, cut + 1 * ms);
        EXPECT_EQ(a.link.reason, hw::MO_REASON_REMOTE_FAULT);
        EXPECT_EQ(b.link.reason, hw::MO_REASON_NO_LIGHT);
        fibre.mend(optics::Direction::from_a, now_);
        ASSERT_TRUE(run_until(1 * second, [&] { return a.open && b.open; })) << b.log;
        run_for(100 * ms);
    }
}

TEST_F(SocLink, IdleLinkCostsFewInstructions) {
    ASSERT_TRUE(bring_up());
    run_for(2 * second);
    const std::uint64_t before = a.soc.counters().instructions;
    run_for(10 * second);
    const std::uint64_t per_second = (a.soc.counters().instructions - before) / 10;
    RecordProperty("instructions_per_second", std::to_string(per_second));
    EXPECT_LT(per_second, 100'000U);
    EXPECT_GE(a.soc.heartbeat(), 100U);
    EXPECT_EQ(a.soc.counters().watchdog_expiries, 0U);
}

TEST_F(SocLink, HangEndsByTheWatchdogAndTheImageStartsAgain) {
    ASSERT_TRUE(bring_up());
    a.soc.inject_hang();
    ASSERT_TRUE(run_until(3 * second, [&] { return a.soc.state() == hw::MO_MGMT_CRASHED; }));
    EXPECT_EQ(a.soc.error(), hw::MO_FW_ERR_WATCHDOG);
    a.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_STAGE, now_);
    ASSERT_TRUE(run_until(5 * second, [&] { return a.soc.state() == hw::MO_MGMT_RUNNING; }));
    EXPECT_FALSE(a.open);
    run_for(1 * second);
    admin(a, true);
    EXPECT_TRUE(run_until(1 * second, [&] { return a.open && b.open; })) << a.log;
}

TEST_F(SocLink, StallOfTheHostIsNoCrash) {
    ASSERT_TRUE(bring_up());
    for (unsigned i = 0; i < 3; ++i) {
        now_ += 5 * second; // nobody runs the cores meanwhile
        run_for(1 * second);
        EXPECT_EQ(a.soc.state(), hw::MO_MGMT_RUNNING);
        EXPECT_EQ(b.soc.state(), hw::MO_MGMT_RUNNING);
    }
    EXPECT_TRUE(a.open && b.open);
    EXPECT_EQ(a.soc.counters().watchdog_expiries, 0U);
    EXPECT_EQ(a.link.down_count, 0U);
}

TEST_F(SocLink, StagedImageIsFlashedAndStartsFromThere) {
    const hw::mo_mb_flash_write slot{1, {}};
    for (const hw::mo_mb_cmd command : {hw::MO_MB_FLASH_WRITE, hw::MO_MB_FLASH_SELECT}) {
        const auto started = request_with(a, command, slot);
        hw::mo_mb_hdr at{};
        std::memcpy(&at, started.data(), sizeof(at));
        ASSERT_EQ(at.status, hw::MO_MB_OK) << a.log;
        ASSERT_EQ(job_end().status, hw::MO_MB_OK) << a.log;
    }
    hw::mo_mb_hdr hdr{};
    a.soc.stage_length(0);
    a.soc.reset(MO_SOC_RESET_HOST, MO_SOC_BOOT_AUTO, now_);
    ASSERT_TRUE(run_until(5 * second, [&] { return a.soc.state() == hw::MO_MGMT_RUNNING; }))
        << a.soc.error();
    auto response = request(a, hw::MO_MB_VERSION_GET, {});
    hw::mo_mb_version version{};
    ASSERT_EQ(response.size(), sizeof(hdr) + sizeof(version));
    std::memcpy(&version, response.data() + sizeof(hdr), sizeof(version));
    EXPECT_EQ(version.source, MO_SOC_BOOT_AUTO);
    EXPECT_EQ(version.slot, 1);
    // What runs may not be overwritten.
    response = request_with(a, hw::MO_MB_FLASH_WRITE, slot);
    std::memcpy(&hdr, response.data(), sizeof(hdr));
    EXPECT_EQ(hdr.status, hw::MO_MB_ERR_BUSY);
}

TEST_F(SocLink, WrongSignatureIsRefusedWhileTheLinkIsWatched) {
    ASSERT_TRUE(bring_up());
    std::vector<std::uint8_t> image = component();
    image.at(offsetof(hw::mo_fw_hdr, signature) + 3) ^= 0x10;
    ASSERT_TRUE(a.soc.stage_write(0, image).has_value());
    hw::mo_mb_hdr hdr{};
    hdr.cmd = hw::MO_MB_FLASH_WRITE;
    hdr.len = sizeof(hw::mo_mb_flash_write);
    std::vector<std::uint8_t> bytes(sizeof(hdr) + sizeof(hw::mo_mb_flash_write), 0);
    std::memcpy(bytes.data(), &hdr, sizeof(hdr));
    std::uint64_t duration = 0;
    std::uint64_t latest = 0;
    // The fibre is cut in each phase of the verification, and at its ends.
    for (unsigned cut = 0; cut <= 10; ++cut) {
        ASSERT_TRUE(run_until(1 * second, [&] { return a.open && b.open; })) << a.log;
        run_for(200 * ms);
        a.response.clear();
        const unsigned jobs = a.flash_jobs;
        const std::uint64_t began = now_;
        ASSERT_TRUE(a.soc.mailbox_submit(bytes));
        if (cut > 0) { // the first one tells how long it takes
            run_for(duration * (cut - 1) / 10);
            const std::uint64_t at = now_;
            fibre.cut(optics::Direction::from_b, at);
            ASSERT_TRUE(run_until(10 * ms, [&] { return !a.open; }));
            latest = std::max(latest, now_ - at);
            fibre.mend(optics::Direction::from_b, now_);
        }
        ASSERT_TRUE(run_until(10 * second, [&] { return a.flash_jobs > jobs; }));
        if (cut == 0) {
            duration = now_ - began;
        }
        const hw::mo_mb_flash_job job = job_end();
        EXPECT_EQ(job.status, hw::MO_MB_ERR_IMAGE);
        EXPECT_EQ(job.error, hw::MO_FW_ERR_SIGNATURE);
    }
    RecordProperty("verification_us", std::to_string(duration / 1000));
    RecordProperty("cut_to_gate_us", std::to_string(latest / 1000));
    EXPECT_LT(latest, 1 * ms);
    EXPECT_EQ(a.soc.state(), hw::MO_MGMT_RUNNING);
    EXPECT_EQ(a.soc.counters().watchdog_expiries, 0U);
    hw::mo_mb_flash_info info{};
    for (unsigned tries = 0; tries < 100 && info.known != 3; ++tries) {
        const auto response = request(a, hw::MO_MB_FLASH_INFO, {});
        ASSERT_EQ(response.size(), sizeof(hdr) + sizeof(info));
        std::memcpy(&info, response.data() + sizeof(hdr), sizeof(info));
        run_for(10 * ms);
    }
    EXPECT_EQ(info.known, 3);
    for (const hw::mo_mb_flash_slot& slot : info.slot) {
        EXPECT_EQ(slot.error, hw::MO_FW_ERR_EMPTY);
    }
}

} // namespace
} // namespace mo::fwtest
