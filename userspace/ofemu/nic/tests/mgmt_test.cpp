// SPDX-License-Identifier: GPL-2.0-or-later
// The bridge to the management core, with a stand-in for the core.
#include <deque>

#include "tests/fixture.hpp"

namespace mo::nic::test {
namespace {

class FakeCore final : public MgmtCore {
  public:
    explicit FakeCore(mgmt::SocHost& host) : host_(host) {}

    void power_on(std::uint64_t now_ns) override {
        host_.mgmt_state(hw::MO_MGMT_ROM, hw::MO_FW_ERR_EMPTY, now_ns);
    }
    void reset(std::uint32_t cause, std::uint32_t source, std::uint64_t now_ns) override {
        resets.emplace_back(cause, source);
        pending.clear();
        host_.mac_gate(false, false, 0);
        state = hw::MO_MGMT_RESET;
        host_.mgmt_state(state, hw::MO_FW_ERR_NONE, now_ns);
    }
    void run_firmware(std::uint64_t now_ns) {
        state = hw::MO_MGMT_RUNNING;
        host_.mgmt_state(state, hw::MO_FW_ERR_NONE, now_ns);
    }
    void crash(std::uint64_t now_ns) {
        pending.clear();
        state = hw::MO_MGMT_CRASHED;
        host_.mgmt_state(state, hw::MO_FW_ERR_INJECTED, now_ns);
    }
    Result<void> stage_write(std::uint32_t offset, std::span<const std::uint8_t> bytes) override {
        stage.resize(std::max<std::size_t>(stage.size(), offset + bytes.size()));
        std::copy(bytes.begin(), bytes.end(), stage.begin() + offset);
        return {};
    }
    void stage_length(std::uint32_t value) override { length = value; }
    bool mailbox_submit(std::span<const std::uint8_t> request) override {
        if (state != hw::MO_MGMT_RUNNING || !pending.empty()) {
            return false;
        }
        pending.assign(request.begin(), request.end());
        return true;
    }
    mgmt::RunResult run(std::uint64_t now_ns, std::uint64_t /*max*/) override {
        const auto request = std::exchange(pending, {});
        seen.push_back(request);
        auto answer = request;
        std::reverse(answer.begin() + sizeof(hw::mo_mb_hdr), answer.end());
        host_.mailbox_done(answer);
        return {mgmt::RunStop::waiting, 10, now_ns + 100};
    }
    std::uint64_t next_run_ns(std::uint64_t now_ns) override {
        return pending.empty() || stuck ? ~std::uint64_t{0} : now_ns;
    }
    MgmtSnapshot snapshot() const override { return {0x010203, 0x10000, 4, 5, 6}; }

    mgmt::SocHost& host_;
    hw::mo_mgmt_state state = hw::MO_MGMT_ROM;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> resets;
    std::vector<std::uint8_t> stage, pending;
    std::deque<std::vector<std::uint8_t>> seen;
    std::uint32_t length = 0;
    bool stuck = false;
};

class MgmtTest : public NicTest {
  protected:
    MgmtTest() {
        nic_.attach(core_);
        driver_.bring_up(GetParam());
        async_.emplace(bus_, 6);
        EXPECT_NE(driver_.create_eq(*async_, 0), 0U);
    }
    ~MgmtTest() override { nic_.mgmt().detach(); }

    hw::mo_cmd_mgmt message(std::uint32_t length = 16) {
        hw::mo_cmd_mgmt body{};
        body.req = bus_.allocate(MO_MB_MAX, 64);
        body.rsp = bus_.allocate(MO_MB_MAX, 64);
        body.req_len = length;
        body.rsp_len = MO_MB_MAX;
        for (std::uint32_t i = 0; i < length; ++i) {
            bus_.at<std::uint8_t>(body.req + i) = static_cast<std::uint8_t>(i);
        }
        return body;
    }
    /// Values of the event of that type, newest.
    std::optional<hw::mo_eqe> event(std::uint8_t type) {
        std::optional<hw::mo_eqe> last;
        while (const auto each = async_->pop()) {
            if (each->type == type) {
                last = each;
            }
        }
        return last;
    }

    FakeCore core_{nic_.mgmt()};
    std::optional<EventRing> async_;
};

TEST_P(MgmtTest, RegistersShowTheCore) {
    EXPECT_EQ(driver_.reg(reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_ROM});
    EXPECT_EQ(driver_.reg(reg::MGMT_ERROR), std::uint32_t{hw::MO_FW_ERR_EMPTY});
    EXPECT_EQ(driver_.reg(reg::MGMT_VERSION), 0x010203U);
    EXPECT_EQ(driver_.reg(reg::MGMT_CRASH_PC), 4U);
}

TEST_P(MgmtTest, ImageIsLoadedInPiecesAndStarted) {
    const auto where = bus_.allocate(10'000);
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        bus_.at<std::uint8_t>(where + i) = static_cast<std::uint8_t>(i * 7);
    }
    hw::mo_cmd_fw_load body{};
    body.total = 10'000;
    body.len = 6'000;
    body.addr = where;
    ASSERT_EQ(driver_.status(hw::MO_CMD_FW_LOAD, body), hw::MO_ST_OK);
    body.offset = 6'000;
    body.addr = where + 6'000;
    EXPECT_EQ(driver_.status(hw::MO_CMD_FW_LOAD, body), hw::MO_ST_BAD_PARAM); // beyond total
    body.len = 4'000;
    ASSERT_EQ(driver_.status(hw::MO_CMD_FW_LOAD, body), hw::MO_ST_OK);
    EXPECT_EQ(core_.length, 10'000U);
    EXPECT_EQ(std::memcmp(core_.stage.data(), &bus_.at<std::uint8_t>(where), 10'000), 0);
    body.total = MO_SOC_STAGE_SIZE + 1;
    EXPECT_EQ(driver_.status(hw::MO_CMD_FW_LOAD, body), hw::MO_ST_BAD_PARAM);
    body.total = 10'000;
    body.addr = 0xdead'0000;
    EXPECT_EQ(driver_.status(hw::MO_CMD_FW_LOAD, body), hw::MO_ST_DMA_FAULT);
    hw::mo_cmd_fw_start start{};
    start.source = 3;
    EXPECT_EQ(driver_.status(hw::MO_CMD_FW_START, start), hw::MO_ST_BAD_PARAM);
    start.source = MO_FW_START_STAGE;
    EXPECT_EQ(driver_.status(hw::MO_CMD_FW_START, start), hw::MO_ST_OK);
    ASSERT_EQ(core_.resets.size(), 1U);
    EXPECT_EQ(core_.resets[0].second, std::uint32_t{MO_SOC_BOOT_STAGE});
    const auto told = event(hw::MO_EVENT_MGMT);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->code, hw::MO_MGMT_RESET);
}

TEST_P(MgmtTest, MessagesAreAnsweredOneAfterAnother) {
    EXPECT_EQ(driver_.status(hw::MO_CMD_MGMT, message()), hw::MO_ST_MGMT_DOWN);
    core_.run_firmware(clock_.now_ns());
    std::vector<hw::mo_cmd_mgmt> bodies;
    for (std::uint16_t tag = 0; tag < 5; ++tag) {
        bodies.push_back(message(16 + tag));
        driver_.post(Driver::make(hw::MO_CMD_MGMT, bodies.back(), tag));
    }
    driver_.post(Driver::make(hw::MO_CMD_NOP, 0U, 99));
    (void)driver_.ring_admin();
    EXPECT_EQ(driver_.wait().tag, 99); // it does not wait for the firmware
    for (std::uint16_t tag = 0; tag < 5; ++tag) {
        const auto done = driver_.wait();
        ASSERT_EQ(done.status, hw::MO_ST_OK);
        ASSERT_EQ(done.tag, tag);
        EXPECT_EQ(Driver::result<hw::mo_res_mgmt>(done).rsp_len, 16U + tag);
        EXPECT_EQ(bus_.at<std::uint8_t>(bodies[tag].rsp + 8), 15U + tag);
    }
    auto body = message();
    body.rsp_len = 4; // a longer response is cut
    const auto cut = driver_.call(hw::MO_CMD_MGMT, body);
    EXPECT_EQ(cut.status, hw::MO_ST_OK);
    EXPECT_EQ(Driver::result<hw::mo_res_mgmt>(cut).rsp_len, 4U);
    body.req_len = MO_MB_MAX + 1;
    EXPECT_EQ(driver_.status(hw::MO_CMD_MGMT, body), hw::MO_ST_BAD_PARAM);
    body.req_len = 7;
    EXPECT_EQ(driver_.status(hw::MO_CMD_MGMT, body), hw::MO_ST_BAD_PARAM);
    body.req_len = 16;
    body.req = 0xdead'0000;
    EXPECT_EQ(driver_.status(hw::MO_CMD_MGMT, body), hw::MO_ST_DMA_FAULT);
}

TEST_P(MgmtTest, CrashEndsWhatIsUnderWay) {
    core_.run_firmware(clock_.now_ns());
    core_.stuck = true;
    for (std::uint16_t tag = 0; tag < 3; ++tag) {
        driver_.post(Driver::make(hw::MO_CMD_MGMT, message(), tag));
    }
    (void)driver_.ring_admin();
    bus_.progress();
    EXPECT_FALSE(driver_.pop());
    core_.crash(clock_.now_ns());
    EXPECT_EQ(driver_.wait().status, hw::MO_ST_MGMT_CRASHED);
    EXPECT_EQ(driver_.wait().status, hw::MO_ST_MGMT_DOWN);
    EXPECT_EQ(driver_.wait().status, hw::MO_ST_MGMT_DOWN);
    EXPECT_EQ(driver_.reg(reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_CRASHED});
    EXPECT_EQ(driver_.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
}

TEST_P(MgmtTest, FunctionResetSaysNothingToTheFirmware) {
    core_.run_firmware(clock_.now_ns());
    core_.stuck = true;
    driver_.post(Driver::make(hw::MO_CMD_MGMT, message(), 1));
    driver_.post(Driver::make(hw::MO_CMD_MGMT, message(), 2));
    (void)driver_.ring_admin();
    bus_.progress();
    driver_.bring_up(GetParam());
    core_.stuck = false;
    bus_.progress();
    EXPECT_FALSE(driver_.pop()); // the old driver's answers go nowhere
    EXPECT_TRUE(core_.resets.empty());
    EXPECT_EQ(core_.seen.size(), 1U); // its first message, and none of ours
    EXPECT_EQ(driver_.call(hw::MO_CMD_MGMT, message()).status, hw::MO_ST_OK);
}

TEST_P(MgmtTest, FunctionResetLeavesACrashedCoreToTheDriver) {
    core_.run_firmware(clock_.now_ns());
    core_.crash(clock_.now_ns());
    driver_.bring_up(GetParam());
    EXPECT_TRUE(core_.resets.empty());
    EXPECT_EQ(driver_.reg(reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_CRASHED});
    hw::mo_cmd_fw_start start{};
    ASSERT_EQ(driver_.status(hw::MO_CMD_FW_START, start), hw::MO_ST_OK);
    ASSERT_EQ(core_.resets.size(), 1U);
    EXPECT_EQ(core_.resets[0].first, std::uint32_t{MO_SOC_RESET_HOST});
}

TEST_P(MgmtTest, OpticsAreWrittenWhenPublishedAndEndWithTheCore) {
    driver_.bring_up(GetParam() | hw::MO_F_OPTICS);
    async_.emplace(bus_, 6);
    ASSERT_NE(driver_.create_eq(*async_, 0), 0U);
    const auto where = bus_.allocate(sizeof(hw::mo_optics), 64);
    hw::mo_cmd_area area{};
    area.addr = where;
    area.len = sizeof(hw::mo_optics);
    area.area = hw::MO_AREA_OPTICS;
    ASSERT_EQ(driver_.status(hw::MO_CMD_AREA_SET, area), hw::MO_ST_OK);
    core_.run_firmware(clock_.now_ns());
    hw::mo_optics optics{};
    optics.time_ns = 5;
    optics.lanes.lane[7].bits = 99;
    optics.module.retimed = 2;
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(&optics), sizeof(optics));
    nic_.mgmt().publish_optics(bytes.first(bytes.size() - 1)); // not one
    nic_.mgmt().publish_optics(bytes);
    bus_.progress();
    const auto& shown = bus_.at<hw::mo_optics>(where);
    EXPECT_EQ(shown.lanes.lane[7].bits, 99U);
    EXPECT_EQ(shown.module.retimed, 2);
    EXPECT_EQ(shown.gen, shown.gen_end);
    EXPECT_FALSE(event(hw::MO_EVENT_LINK));
    // What the old firmware said is not what the next one would.
    hw::mo_cmd_fw_start start{};
    ASSERT_EQ(driver_.status(hw::MO_CMD_FW_START, start), hw::MO_ST_OK);
    bus_.progress();
    EXPECT_EQ(shown.time_ns, 0U);
    EXPECT_EQ(shown.lanes.lane[7].bits, 0U);
}

TEST_P(MgmtTest, LinkStateIsWrittenBeforeItsEvent) {
    const auto where = bus_.allocate(sizeof(hw::mo_link_state), 64);
    hw::mo_cmd_area area{};
    area.addr = where;
    area.len = sizeof(hw::mo_link_state);
    area.area = hw::MO_AREA_LINK;
    ASSERT_EQ(driver_.status(hw::MO_CMD_AREA_SET, area), hw::MO_ST_OK);
    core_.run_firmware(clock_.now_ns());
    hw::mo_link_state state{};
    state.carrier = 1;
    state.speed_mbps = 800'000;
    state.fsm = hw::MO_LINK_UP;
    nic_.mgmt().publish_link({reinterpret_cast<const std::uint8_t*>(&state), sizeof(state)});
    EXPECT_EQ(bus_.at<hw::mo_link_state>(where).speed_mbps, 800'000U);
    bus_.progress();
    EXPECT_TRUE(event(hw::MO_EVENT_LINK));
    nic_.mgmt().mac_gate(true, true, 800'000);
    EXPECT_TRUE(nic_.port(0).transmit);
    // A crash leaves the link as it is; a reset takes it away and says so.
    core_.crash(clock_.now_ns());
    EXPECT_EQ(bus_.at<hw::mo_link_state>(where).carrier, 1);
    EXPECT_TRUE(nic_.port(0).transmit);
    hw::mo_cmd_fw_start start{};
    ASSERT_EQ(driver_.status(hw::MO_CMD_FW_START, start), hw::MO_ST_OK);
    const auto& shown = bus_.at<hw::mo_link_state>(where);
    EXPECT_EQ(shown.carrier, 0);
    EXPECT_EQ(shown.reason, hw::MO_REASON_FW_DEAD);
    EXPECT_EQ(shown.down_count, 1U);
    EXPECT_EQ(shown.gen, shown.gen_end);
    EXPECT_FALSE(nic_.port(0).transmit);
}

TEST_P(MgmtTest, FirmwareMayNotForgeEvents) {
    nic_.mgmt().host_event(hw::MO_EVENT_FATAL, 1, 0);
    bus_.progress();
    EXPECT_FALSE(event(hw::MO_EVENT_FATAL));
    nic_.mgmt().host_event(hw::MO_EVENT_MODULE, 1, 2);
    bus_.progress();
    EXPECT_TRUE(event(hw::MO_EVENT_MODULE));
}

INSTANTIATE_TEST_SUITE_P(Modes, MgmtTest, testing::Values(all_features, plain_features), mode_name);

} // namespace
} // namespace mo::nic::test
