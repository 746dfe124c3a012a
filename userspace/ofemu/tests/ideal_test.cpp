// SPDX-License-Identifier: GPL-2.0-or-later
// Ideal ports: a link without firmware and optics, and what it says to those who ask for them.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "control/command.hpp"
#include "fabric/ideal_port.hpp"
#include "fabric/shared_frame.hpp"
#include "system.hpp"
#include "tests/bench_pair.hpp"

namespace mo::ofemu::test {
namespace {

NicEntry ideal_entry(int number) {
    NicEntry entry = nic_entry(number);
    entry.ideal_port = true;
    return entry;
}

struct RepeaterEntry final : NodeEntry {
    RepeaterEntry();
    [[nodiscard]] unsigned ports() const override { return 2; }
    [[nodiscard]] bool ideal() const override { return true; }
};

/// A node of another kind than a NIC's: two ideal ports, each of which sends on what the other
/// sees.
class Repeater final : public Node, public engine::Worker {
  public:
    explicit Repeater(engine::Engine& engine) : engine_(engine) {
        engine_.add(*this, engine::Attendance::on_call);
    }
    Repeater(const Repeater&) = delete;
    Repeater& operator=(const Repeater&) = delete;
    ~Repeater() override { engine_.remove(*this); }

    // Node
    [[nodiscard]] const RepeaterEntry& entry() const noexcept override { return entry_; }
    Result<void> join(unsigned number, LinkUnit& link, fabric::End end) override {
        Port& port = ports_[number];
        port.link = &link.link();
        port.end = end;
        port.link->attach(end, &port);
        link.connect(end, port, nullptr);
        return {};
    }
    [[nodiscard]] Json describe(std::uint64_t /*now_ns*/) override { return Json::object(); }
    [[nodiscard]] Json counters() override { return Json::object(); }

    // Worker, on call
    bool poll(std::uint64_t now_ns, unsigned /*budget*/) override {
        const auto waiting = std::exchange(waiting_, {});
        for (const auto& [to, frame] : waiting) {
            to->link->send(to->end, frame.view(), now_ns);
        }
        return !waiting.empty();
    }
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t /*now_ns*/) override {
        return engine::never;
    }

  private:
    struct Port final : fabric::Endpoint, fabric::IdealPort {
        explicit Port(Repeater& its_node) : node(its_node) {}
        void receive(const fabric::Frame& frame, std::uint64_t /*now_ns*/) override {
            node.waiting_.emplace_back(&node.other(*this), node.pool_.keep(frame));
            node.engine_.call(node);
        }
        void see(const Signal& received, bool /*seen*/) override {
            (void)node.other(*this).send(received);
        }
        Repeater& node;
        fabric::Link* link = nullptr;
        fabric::End end = fabric::End::a;
    };

    Port& other(const Port& port) { return ports_[&port == ports_.data() ? 1 : 0]; }

    RepeaterEntry entry_;
    engine::Engine& engine_;
    fabric::FramePool pool_;
    std::vector<std::pair<Port*, fabric::SharedFrame>> waiting_;
    std::array<Port, 2> ports_{Port(*this), Port(*this)};
};

const NodeKind repeater_kind{"repeaters", "repeater", false, nullptr, nullptr, nullptr};
RepeaterEntry::RepeaterEntry() : NodeEntry(repeater_kind) {}

class IdealTest : public testing::Test {
  protected:
    IdealTest() {
        EXPECT_TRUE(a_.unit.join(0, link_, fabric::End::a));
        EXPECT_TRUE(b_.unit.join(0, link_, fabric::End::b));
    }
    IdealTest(const IdealTest&) = delete;
    IdealTest& operator=(const IdealTest&) = delete;
    ~IdealTest() override {
        a_.unit.leave();
        b_.unit.leave();
        link_.disconnect();
    }
    bool both(bool carrier) {
        return a_.wait(2 * ms, [&] { return a_.carrier() == carrier && b_.carrier() == carrier; });
    }
    void bring_up() {
        ASSERT_EQ(a_.set_admin(true), hw::MO_MB_OK);
        ASSERT_EQ(b_.set_admin(true), hw::MO_MB_OK);
        ASSERT_TRUE(both(true));
    }
    /// Sends a frame from a; how many have come to b.
    std::uint64_t pass() {
        const std::vector<std::byte> bytes(100, std::byte{7});
        fabric::Frame frame;
        frame.head = bytes;
        frame.length = static_cast<std::uint32_t>(bytes.size());
        b_.unit.mac().config.receive = true;
        a_.unit.mac().transmit(frame, clock_.now_ns());
        engine_.run_until(clock_, clock_.now_ns() + ms);
        return b_.unit.mac().counters.rx_frames;
    }

    engine::ManualClock clock_;
    engine::Engine engine_{clock_, 0};
    Station a_{ideal_entry(0), engine_, clock_};
    Station b_{ideal_entry(1), engine_, clock_};
    LinkUnit link_{Config{}, link_entry(), engine_};
};

TEST_F(IdealTest, RunsFromTheStartAndTheLinkIsUpWhenBothEndsAre) {
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_RUNNING});
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_VERSION), nic::ideal_version);
    const auto [status, version] =
        a_.ask<hw::mo_mb_version>(hw::MO_MB_VERSION_GET, hw::mo_mb_none{});
    EXPECT_EQ(status, hw::MO_MB_OK);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(version.build_id)), "ideal port");

    ASSERT_EQ(a_.set_admin(true), hw::MO_MB_OK);
    engine_.run_until(clock_, clock_.now_ns() + ms);
    EXPECT_FALSE(a_.carrier());
    EXPECT_EQ(a_.link().reason, hw::MO_REASON_NO_LIGHT);
    ASSERT_EQ(b_.set_admin(true), hw::MO_MB_OK);
    ASSERT_TRUE(both(true));
    EXPECT_EQ(a_.link().speed_mbps, 800'000U);
    EXPECT_EQ(a_.link().reason, hw::MO_REASON_NONE);
    EXPECT_EQ(a_.link().module_present, 0);
    EXPECT_EQ(pass(), 1U);
    EXPECT_EQ(pass(), 2U);

    ASSERT_EQ(b_.set_admin(false), hw::MO_MB_OK);
    ASSERT_TRUE(both(false));
    EXPECT_EQ(b_.link().reason, hw::MO_REASON_ADMIN_DOWN);
    EXPECT_EQ(pass(), 2U);
    EXPECT_EQ(a_.link().down_count, 1U);
}

TEST_F(IdealTest, CutsEndItAndAreToldApart) {
    bring_up();
    link_.fibre().cut(optics::Direction::from_a, clock_.now_ns());
    ASSERT_TRUE(both(false));
    EXPECT_EQ(a_.link().reason, hw::MO_REASON_REMOTE_FAULT);
    EXPECT_EQ(b_.link().reason, hw::MO_REASON_NO_LIGHT);
    EXPECT_EQ(b_.link().last_reason, hw::MO_REASON_NO_LIGHT);
    EXPECT_EQ(pass(), 0U);
    link_.fibre().mend(optics::Direction::from_a, clock_.now_ns());
    ASSERT_TRUE(both(true));
    EXPECT_EQ(pass(), 1U);
    const auto [status, records] =
        b_.ask<hw::mo_mb_records>(hw::MO_MB_RECORDER_GET, hw::mo_mb_recorder_get{});
    EXPECT_EQ(status, hw::MO_MB_OK);
    ASSERT_GE(records.count, 3U); // up, down, up
    EXPECT_EQ(records.record[records.count - 2].reason, hw::MO_REASON_NO_LIGHT);
    EXPECT_EQ(records.record[records.count - 1].to, hw::MO_LINK_UP);
}

TEST_F(IdealTest, EndsOfDifferentSpeedsDoNotUnderstandEachOther) {
    bring_up();
    hw::mo_mb_link_set slow{};
    slow.mask = MO_LINK_SET_MODES;
    slow.modes = hw::MO_LM_100G_R1;
    ASSERT_EQ(a_.message(hw::MO_MB_LINK_SET, slow), hw::MO_MB_OK);
    ASSERT_TRUE(both(false));
    EXPECT_EQ(b_.link().reason, hw::MO_REASON_FEC_MISMATCH);
    ASSERT_EQ(b_.message(hw::MO_MB_LINK_SET, slow), hw::MO_MB_OK);
    ASSERT_TRUE(both(true));
    EXPECT_EQ(b_.link().speed_mbps, 100'000U);
    slow.modes = 0;
    EXPECT_EQ(b_.message(hw::MO_MB_LINK_SET, slow), hw::MO_MB_ERR_PARAM);
    slow.mask = MO_LINK_SET_FEC;
    slow.fec = hw::MO_FEC_BASER;
    EXPECT_EQ(b_.message(hw::MO_MB_LINK_SET, slow), hw::MO_MB_ERR_UNSUPPORTED);
    EXPECT_TRUE(b_.carrier());
}

TEST_F(IdealTest, WhatItHasNotIsRefused) {
    bring_up();
    for (const auto command : {hw::MO_MB_MODULE_READ, hw::MO_MB_MODULE_SET}) {
        EXPECT_EQ(a_.message(command, std::array<std::uint8_t, 16>{}), hw::MO_MB_ERR_NO_MODULE)
            << command;
    }
    for (const auto command :
         {hw::MO_MB_FLASH_WRITE, hw::MO_MB_FLASH_INFO, hw::MO_MB_FLASH_SELECT}) {
        EXPECT_EQ(a_.message(command, std::array<std::uint8_t, 16>{}), hw::MO_MB_ERR_UNSUPPORTED)
            << command;
    }
    EXPECT_EQ(a_.message(0x7777, hw::mo_mb_none{}), hw::MO_MB_ERR_COMMAND);
    EXPECT_EQ(a_.message(hw::MO_MB_LINK_SET, std::array<std::uint8_t, 4>{}), hw::MO_MB_ERR_LENGTH);
    EXPECT_TRUE(a_.carrier());

    // Firmware, which nothing could run. Without it the peer has lost the link, and has it back.
    EXPECT_FALSE(a_.start_firmware(firmware_image()));
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_REJECTED});
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_ERROR), std::uint32_t{hw::MO_FW_ERR_BOARD});
    EXPECT_TRUE(both(false));
    hw::mo_cmd_fw_start start{};
    start.source = MO_FW_START_FLASH;
    ASSERT_EQ(a_.driver.status(hw::MO_CMD_FW_START, start), hw::MO_ST_OK);
    EXPECT_EQ(a_.driver.reg(nic::reg::MGMT_STATE), std::uint32_t{hw::MO_MGMT_RUNNING});
    bring_up();
}

TEST_F(IdealTest, FunctionResetsLeaveTheLinkAlone) {
    bring_up();
    a_.unit.nic().reset(pcie::ResetKind::function_level);
    a_.bring_up();
    hw::mo_cmd_area sync{};
    sync.area = hw::MO_AREA_LINK;
    ASSERT_EQ(a_.driver.status(hw::MO_CMD_AREA_SYNC, sync), hw::MO_ST_OK);
    EXPECT_TRUE(a_.carrier());
    EXPECT_TRUE(b_.carrier());
    EXPECT_EQ(b_.link().down_count, 0U);
    a_.unit.nic().reset(pcie::ResetKind::plugged_in);
    EXPECT_TRUE(b_.wait(2 * ms, [&] { return !b_.carrier(); }));
}

/// Cost of a link from power-on: device time and, of both ends, instructions.
TEST(IdealCost, IsNothingBesideAFullPort) {
    struct Cost {
        std::uint64_t ms_to_carrier, instructions;
    };
    const auto measure = [](const NicEntry& first, const NicEntry& second) {
        engine::ManualClock clock;
        engine::Engine engine(clock, 0);
        Station a(first, engine, clock), b(second, engine, clock);
        LinkUnit link(Config{}, link_entry(), engine);
        EXPECT_TRUE(a.unit.join(0, link, fabric::End::a));
        EXPECT_TRUE(b.unit.join(0, link, fabric::End::b));
        Cost cost{};
        if (!first.ideal()) {
            EXPECT_TRUE(a.start_firmware(firmware_image()));
            EXPECT_TRUE(b.start_firmware(firmware_image()));
        }
        EXPECT_EQ(a.set_admin(true), hw::MO_MB_OK);
        EXPECT_EQ(b.set_admin(true), hw::MO_MB_OK);
        EXPECT_TRUE(a.wait(20 * seconds, [&] { return a.carrier() && b.carrier(); }));
        cost.ms_to_carrier = clock.now_ns() / ms;
        if (!first.ideal()) {
            cost.instructions =
                a.unit.soc().counters().instructions + b.unit.soc().counters().instructions;
        }
        a.unit.leave();
        b.unit.leave();
        link.disconnect();
        return cost;
    };
    const Cost ideal = measure(ideal_entry(0), ideal_entry(1));
    const Cost full = measure(nic_entry(0), nic_entry(1));
    RecordProperty("ideal_ms", std::to_string(ideal.ms_to_carrier));
    RecordProperty("full_ms", std::to_string(full.ms_to_carrier));
    RecordProperty("full_instructions", std::to_string(full.instructions));
    EXPECT_LE(ideal.ms_to_carrier, 5U);
    EXPECT_GT(full.ms_to_carrier, 100U * std::max<std::uint64_t>(ideal.ms_to_carrier, 1));
    EXPECT_GT(full.instructions, 1'000'000U);
}

TEST(IdealCommands, RefuseWhatIsNotThere) {
    Config config;
    for (int i = 0; i < 2; ++i) {
        NicEntry entry = ideal_entry(i);
        entry.socket = "/tmp/ofemu-ideal-" + std::to_string(getpid()) + "-" + std::to_string(i);
        config.nodes.push_back(std::make_shared<NicEntry>(entry));
    }
    config.links.push_back(link_entry());
    const auto system = System::create(config);
    ASSERT_TRUE(system) << system.error().text;
    control::Context context{**system, {}};
    using Words = std::vector<std::string>;
    for (const Words& words :
         {Words{"fw", "nic0", "crash"}, Words{"module", "nic0", "pull"},
          Words{"laser", "nic0", "1", "fail"}, Words{"adaptation", "nic0", "1"},
          Words{"burst", "nic0", "0.1"}, Words{"ambient", "nic0", "40"},
          Words{"attenuate", "fibre0", "3"}, Words{"cut", "fibre0", "--lane", "1"}}) {
        const auto answer = control::execute(context, words);
        ASSERT_FALSE(answer) << words[0];
        EXPECT_EQ(answer.error().code, EOPNOTSUPP) << words[0];
        EXPECT_NE(answer.error().text.find("ideal"), std::string::npos) << answer.error().text;
    }
    EXPECT_TRUE(control::execute(context, {"cut", "fibre0"}));
    const auto shown = control::execute(context, {"show"});
    ASSERT_TRUE(shown);
    const Json& nic = shown->find("nics")->as_array()->front();
    EXPECT_EQ(*nic.find("port")->as_string(), "ideal");
    EXPECT_EQ(nic.find("module"), nullptr);
    EXPECT_TRUE(control::execute(context, {"show", "counters"}));

    config.nodes.back() = [&] {
        auto entry = std::make_shared<NicEntry>(nic_entry(1));
        entry->socket = "/tmp/ofemu-ideal-" + std::to_string(getpid()) + "-full";
        return entry;
    }();
    std::static_pointer_cast<NicEntry>(std::const_pointer_cast<NodeEntry>(config.nodes.front()))
        ->socket += "x";
    const auto mixed = System::create(config);
    ASSERT_FALSE(mixed);
    EXPECT_NE(mixed.error().text.find("joins an ideal port"), std::string::npos)
        << mixed.error().text;
}

TEST(IdealPorts, AreThoseOfAnyKindOfNode) {
    engine::ManualClock clock;
    engine::Engine engine{clock, 0};
    Station a{ideal_entry(0), engine, clock};
    Station b{ideal_entry(1), engine, clock};
    Repeater repeater(engine);
    LinkUnit left{Config{}, link_entry(), engine};
    LinkUnit right{Config{}, link_entry(), engine};
    ASSERT_TRUE(a.unit.join(0, left, fabric::End::a));
    ASSERT_TRUE(repeater.join(0, left, fabric::End::b));
    ASSERT_TRUE(repeater.join(1, right, fabric::End::a));
    ASSERT_TRUE(b.unit.join(0, right, fabric::End::b));
    const auto both = [&](bool carrier) {
        return a.wait(2 * ms, [&] { return a.carrier() == carrier && b.carrier() == carrier; });
    };
    ASSERT_EQ(a.set_admin(true), hw::MO_MB_OK);
    engine.run_until(clock, clock.now_ns() + ms);
    EXPECT_EQ(a.link().reason, hw::MO_REASON_NO_LIGHT);
    ASSERT_EQ(b.set_admin(true), hw::MO_MB_OK);
    ASSERT_TRUE(both(true));

    const std::vector<std::byte> bytes(100, std::byte{7});
    fabric::Frame frame;
    frame.head = bytes;
    frame.length = static_cast<std::uint32_t>(bytes.size());
    b.unit.mac().config.receive = true;
    a.unit.mac().transmit(frame, clock.now_ns());
    engine.run_until(clock, clock.now_ns() + ms);
    EXPECT_EQ(b.unit.mac().counters.rx_frames, 1U);

    right.fibre().cut(optics::Direction::from_a, clock.now_ns());
    ASSERT_TRUE(a.wait(2 * ms, [&] { return !b.carrier(); }));
    EXPECT_EQ(b.link().reason, hw::MO_REASON_NO_LIGHT);
    a.unit.leave();
    b.unit.leave();
    left.disconnect();
    right.disconnect();
}

} // namespace
} // namespace mo::ofemu::test
