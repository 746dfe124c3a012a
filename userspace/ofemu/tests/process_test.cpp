// SPDX-License-Identifier: GPL-2.0-or-later
// A whole System in real time, reached through its sockets: vfio-user drivers and control.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "common/unix_socket.hpp"
#include "control/server.hpp"
#include "nic/tests/driver.hpp"
#include "nic_unit.hpp"
#include "system.hpp"
#include "tests/bench_pair.hpp"

namespace mo::ofemu::test {
namespace {

using nic::test::WireBus;
using std::chrono::steady_clock;

class ProcessTest : public testing::Test {
  public:
    ProcessTest(const ProcessTest&) = delete;
    ProcessTest& operator=(const ProcessTest&) = delete;

  protected:
    ProcessTest() {
        std::string pattern = "/tmp/ofemu-test-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        config_.control = folder_ + "/ctl";
        for (int i = 0; i < 2; ++i) {
            NicEntry entry = nic_entry(i);
            entry.socket = socket(i);
            config_.nodes.push_back(std::make_shared<NicEntry>(entry));
        }
        config_.links.push_back(link_entry());
        auto system = System::create(config_);
        EXPECT_TRUE(system) << system.error().text;
        system_ = std::move(*system);
        auto control = control::Server::listen(config_.control, *system_);
        EXPECT_TRUE(control);
        control_ = std::move(*control);
        system_->start();
        control_->start();
    }
    ~ProcessTest() override {
        control_.reset();
        system_.reset();
        EXPECT_EQ(rmdir(folder_.c_str()), 0) << "sockets are left";
    }
    std::string socket(int i) const { return folder_ + "/nic" + std::to_string(i) + ".sock"; }

    /// The result of a control command; null after an error.
    Json ctl(std::vector<std::string> words) {
        Json argv = Json::array();
        for (auto& word : words) {
            argv.push(std::move(word));
        }
        Json request = Json::object();
        request.set("argv", std::move(argv));
        control::Context context{*system_, {}};
        const auto answer = Json::parse(control::Server::answer(context, request.dump()));
        EXPECT_TRUE(answer);
        const Json* const result = answer->find("result");
        return result != nullptr ? *result : Json();
    }
    std::uint64_t counter(const std::string& nic, std::initializer_list<const char*> path) {
        const Json all = ctl({"show", "counters", nic});
        const Json* at = &all;
        for (const char* const name : path) {
            at = at->find(name);
            if (at == nullptr) {
                ADD_FAILURE() << "no counter " << name;
                return 0;
            }
        }
        return at->integer();
    }

    std::string folder_;
    Config config_;
    std::unique_ptr<System> system_;
    std::unique_ptr<control::Server> control_;
};

TEST_F(ProcessTest, DoorbellBurstLeavesTheNeighbourAlone) {
    WireBus bus0(socket(0)), bus1(socket(1));
    Driver driver0(bus0), driver1(bus1);
    driver0.bring_up(hw::MO_F_ETH);
    driver1.bring_up(hw::MO_F_ETH | hw::MO_F_SHADOW_DB);
    constexpr std::uint32_t doorbells = 100'000;
    std::thread burst([&] {
        for (std::uint32_t i = 0; i < doorbells; ++i) {
            driver0.doorbell(hw::MO_DB_ADMIN, 0, 0);
        }
        (void)driver0.reg(nic::reg::DEV_STATUS); // all have been taken
    });
    double longest_ms = 0;
    for (std::uint32_t i = 0; i < 500; ++i) {
        const auto start = steady_clock::now();
        ASSERT_EQ(driver1.status(hw::MO_CMD_NOP, i), hw::MO_ST_OK);
        longest_ms = std::max(
            longest_ms,
            std::chrono::duration<double, std::milli>(steady_clock::now() - start).count());
    }
    burst.join();
    EXPECT_LT(longest_ms, 1000);
    EXPECT_EQ(driver0.status(hw::MO_CMD_NOP, 1U), hw::MO_ST_OK);
    EXPECT_GE(counter("nic0", {"device", "doorbells_admin"}), doorbells);
}

TEST_F(ProcessTest, InterruptsComeByEventfd) {
    WireBus bus(socket(0));
    Driver driver(bus);
    driver.bring_up(hw::MO_F_ETH | hw::MO_F_SHADOW_DB);
    const auto before = bus.interrupts(0);
    driver.post(Driver::make(hw::MO_CMD_NOP, 0U));
    (void)driver.ring_admin();
    EXPECT_TRUE(bus.wait_interrupt(0, 2000));
    EXPECT_TRUE(driver.pop());
    EXPECT_EQ(bus.interrupts(0), before + 1);
}

TEST_F(ProcessTest, NoRegisterIsReadAndFewAreWrittenPerCommand) {
    WireBus bus(socket(0));
    Driver driver(bus);
    driver.bring_up(hw::MO_F_ETH | hw::MO_F_SHADOW_DB);
    ASSERT_EQ(driver.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
    const auto reads = counter("nic0", {"pcie", "mmio_reads", "bar0"});
    const auto rings = counter("nic0", {"device", "doorbells_admin"});
    for (std::uint16_t i = 0; i < 1000; ++i) {
        ASSERT_EQ(driver.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
    }
    EXPECT_EQ(counter("nic0", {"pcie", "mmio_reads", "bar0"}), reads);
    EXPECT_LE(counter("nic0", {"device", "doorbells_admin"}), rings + 1000);
    EXPECT_GE(counter("nic0", {"registers", "DEV_STATUS", "reads"}), 1U);
}

TEST_F(ProcessTest, ClientsThatVanishLeaveAFreshDevice) {
    for (int i = 0; i < 20; ++i) {
        WireBus bus(socket(0));
        Driver driver(bus);
        EXPECT_EQ(driver.reg(nic::reg::ADMIN_SIZE), 0U);
        driver.bring_up(i % 2 == 0 ? std::uint64_t{hw::MO_F_ETH}
                                   : std::uint64_t{hw::MO_F_ETH} | hw::MO_F_SHADOW_DB);
        ASSERT_EQ(driver.status(hw::MO_CMD_NOP, 0U), hw::MO_ST_OK);
        driver.post(Driver::make(hw::MO_CMD_NOP, 0U)); // and away, in the middle of it
        (void)driver.ring_admin();
    }
    for (int i = 0; i < 200 && system_->find<NicUnit>("nic0")->server()->connected(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(system_->find<NicUnit>("nic0")->nic().function().dma().map_count(), 0U);
}

TEST_F(ProcessTest, SecondInstanceRefuses) {
    const auto second = System::create(config_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EADDRINUSE);
    EXPECT_NE(second.error().text.find(socket(0)), std::string::npos);
    struct stat there{};
    EXPECT_EQ(stat(socket(0).c_str(), &there), 0) << "the first one's socket was removed";
}

TEST_F(ProcessTest, ControlCommands) {
    const auto refused = [this](std::vector<std::string> words, const char* why) {
        control::Context context{*system_, {}};
        const auto done = control::execute(context, words);
        ASSERT_FALSE(done) << words.front();
        EXPECT_NE(done.error().text.find(why), std::string::npos) << done.error().text;
    };
    refused({}, "no command");
    refused({"cutt", "fibre0"}, "is no command");
    refused({"cut"}, "the link is missing");
    refused({"cut", "fibre1"}, "no link \"fibre1\"");
    refused({"cut", "fibre0", "c"}, "a, b or both");
    refused({"cut", "fibre0", "a", "b"}, "too much");
    refused({"attenuate", "fibre0", "61"}, "from 0 to 60");
    refused({"attenuate", "fibre0", "1", "--lane", "8"}, "from 0 to 7");
    refused({"attenuate", "fibre0", "1", "--lane"}, "needs a value");
    refused({"impair", "fibre0", "drop", "1.5"}, "from 0 to 1");
    refused({"impair", "fibre0", "lose", "1"}, "no impairment");
    refused({"fw", "nic0", "crash"}, "no firmware runs");
    refused({"lie", "nic0", "x"}, "cqe-index");
    refused({"gone", "nic0", "maybe"}, "on or off");
    refused({"pcap", "fibre0", "/nonexistent/x"}, "");
    refused({"show", "x"}, "nics, foreign, links or counters");
    refused({"show", "nics", "nic7"}, "no NIC \"nic7\"");
    refused({"set", "spin_us", "-1"}, "whole number");

    refused({"laser", "nic0", "0", "age"}, "the factor is missing");
    refused({"laser", "nic0", "0", "age", "0.5"}, "from 1 to 5");
    refused({"laser", "nic0", "0", "fail", "2"}, "too much");
    refused({"laser", "nic0", "0", "mend"}, "fail, repair or age");
    refused({"adaptation", "nic0", "8"}, "from 0 to 7");
    refused({"burst", "nic0", "1"}, "from 0 to 0.9");

    EXPECT_TRUE(ctl({"cut", "fibre0"}).find("monotonic_ns")->is_number());
    EXPECT_EQ(ctl({"show", "links"})
                  .find("links")
                  ->as_array()
                  ->front()
                  .find("from_a")
                  ->find("cut_lanes")
                  ->integer(),
              0xffU);
    (void)ctl({"mend", "fibre0", "a"});
    const Json links = ctl({"show", "links", "fibre0"});
    EXPECT_EQ(links.find("links")->as_array()->front().find("from_a")->find("cut_lanes")->integer(),
              0U);
    EXPECT_EQ(links.find("links")->as_array()->front().find("from_b")->find("cut_lanes")->integer(),
              0xffU);
    EXPECT_DOUBLE_EQ(
        ctl({"impair", "fibre0", "drop", "0.25", "--end", "a"}).find("a")->find("drop")->number(),
        0.25);
    (void)ctl({"impair", "fibre0", "ecn", "0.5", "--end", "b"});
    const Json marking = ctl({"show", "links", "fibre0"});
    const Json& marked = marking.find("links")->as_array()->front();
    EXPECT_DOUBLE_EQ(marked.find("from_b")->find("ecn")->number(), 0.5);
    EXPECT_DOUBLE_EQ(marked.find("from_a")->find("ecn")->number(), 0);
    const auto seed_of = [this](const char* end) {
        const Json shown = ctl({"show", "links", "fibre0"});
        return shown.find("links")->as_array()->front().find(end)->find("seed")->integer();
    };
    (void)ctl({"impair", "fibre0", "drop", "0.5", "--seed", "77", "--end", "a"});
    EXPECT_TRUE(ctl({"impair", "fibre0", "clear"}).find("a")->as_object()->empty());
    EXPECT_NE(seed_of("from_a"), seed_of("from_b"));
    (void)ctl({"set", "spin_us", "7"});
    EXPECT_EQ(system_->engine().spin_ns(), 7000U);
    (void)ctl({"set", "idle_poll_us", "9"});
    EXPECT_EQ(system_->engine().idle_poll().hold_ns(), 9000U);
    refused({"set", "nap_us", "1"}, "known are: spin_us, idle_poll_us");
    EXPECT_EQ(ctl({"show", "nics"}).find("nics")->as_array()->size(), 2U);

    WireBus bus(socket(0));
    Driver driver(bus);
    (void)ctl({"gone", "nic0", "on"});
    EXPECT_EQ(driver.reg(nic::reg::DEV_MAGIC), ~0U);
    (void)ctl({"gone", "nic0", "off"});
    bus.enable(); // a card that is back remembers nothing
    EXPECT_EQ(driver.reg(nic::reg::DEV_MAGIC), std::uint32_t{MO_MAGIC});
}

TEST_F(ProcessTest, FaultsOfLasersAndReceiversReachTheOptics) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"laser", "nic0", "3", "age", "1.5"},
                                               {"adaptation", "nic0", "2"},
                                               {"burst", "nic1", "0.25"}}) {
        const Json answer = ctl(words);
        ASSERT_NE(answer.find("nic"), nullptr) << words.front();
        EXPECT_EQ(*answer.find("nic")->as_string(), words[1]);
    }
    const Json nics = ctl({"show", "nics"});
    const Json& nic0 = nics.find("nics")->as_array()->at(0);
    const Json& nic1 = nics.find("nics")->as_array()->at(1);
    const auto faults = [](const Json& nic) { return nic.find("faults"); };
    ASSERT_NE(faults(nic0), nullptr);
    EXPECT_DOUBLE_EQ(faults(nic0)->find("laser_age")->as_array()->at(3).number(), 1.5);
    EXPECT_DOUBLE_EQ(faults(nic0)->find("laser_age")->as_array()->at(2).number(), 1);
    EXPECT_EQ(faults(nic0)->find("spoiled_adaptations")->integer(), 4U);
    EXPECT_DOUBLE_EQ(faults(nic1)->find("burst")->number(), 0.25);
    // A new module has new lasers.
    (void)ctl({"module", "nic0", "pull"});
    (void)ctl({"module", "nic0", "plug"});
    const Json again = ctl({"show", "nics", "nic0"});
    EXPECT_DOUBLE_EQ(again.find("nics")
                         ->as_array()
                         ->at(0)
                         .find("faults")
                         ->find("laser_age")
                         ->as_array()
                         ->at(3)
                         .number(),
                     1);
}

TEST_F(ProcessTest, CountersStartAgainFromZero) {
    WireBus bus(socket(0));
    Driver driver(bus);
    (void)driver.reg(nic::reg::DEV_MAGIC);
    control::Context context{*system_, {}};
    ASSERT_TRUE(control::execute(context, {"reset-counters"}));
    (void)driver.reg(nic::reg::DEV_MAGIC);
    const auto counters = control::execute(context, {"show", "counters", "nic0"});
    ASSERT_TRUE(counters);
    EXPECT_EQ(counters->find("registers")->find("DEV_MAGIC")->find("reads")->integer(), 1U);
}

TEST(Nodes, OfEachKindAreShownAndCounted) {
    std::string folder = "/tmp/ofemu-test-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const auto config =
        parse_config("nics: [{name: nic0, socket: " + folder + "/nic0}]\n" +
                         "foreign: [{name: peer0, socket: " + folder + "/peer0}]\n" +
                         "links: [{name: fibre0, ends: [nic0, \"peer0:0\"]}]\n",
                     "test");
    ASSERT_TRUE(config) << config.error().text;
    {
        const auto system = System::create(*config);
        ASSERT_TRUE(system) << system.error().text;
        control::Context context{**system, {}};
        const auto shown = control::execute(context, {"show"});
        const auto counted = control::execute(context, {"show", "counters"});
        ASSERT_TRUE(shown && counted);
        ASSERT_EQ((*system)->nodes().size(), node_kinds().size()) << "a kind has no node here";
        for (const auto& node : (*system)->nodes()) {
            const char* const section = node->kind().section;
            ASSERT_NE(shown->find(section), nullptr) << section;
            ASSERT_EQ(shown->find(section)->as_array()->size(), 1U);
            const Json& described = shown->find(section)->as_array()->front();
            EXPECT_EQ(*described.find("name")->as_string(), node->name());
            ASSERT_NE(counted->find(section), nullptr) << section;
            ASSERT_NE(counted->find(section)->find(node->name()), nullptr);
            EXPECT_FALSE(counted->find(section)->find(node->name())->as_object()->empty());
            EXPECT_TRUE(control::execute(context, {"show", section, node->name()}));
            EXPECT_TRUE(control::execute(context, {"show", "counters", node->name()}));
            EXPECT_FALSE(control::execute(context, {"show", section, "fibre0"}));
        }
        EXPECT_NE((*system)->find<NicUnit>("nic0"), nullptr);
        EXPECT_EQ((*system)->find<NicUnit>("peer0"), nullptr);
    }
    EXPECT_EQ(rmdir(folder.c_str()), 0) << "sockets are left";
}

/// Whoever says nothing keeps nobody out.
TEST_F(ProcessTest, SilentClientsOfTheControlSocketMakeRoom) {
    const auto address = unix_address(config_.control);
    ASSERT_TRUE(address);
    const auto connected = [&address] {
        Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(client.get(), generic(*address), sizeof(*address)), 0);
        return client;
    };
    const auto answers = [](const Fd& client) {
        constexpr std::string_view request = "{\"argv\": [\"show\", \"links\"]}\n";
        std::array<char, 64> answer{};
        return ::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
               ::recv(client.get(), answer.data(), answer.size(), 0) > 0;
    };
    const Fd first = connected();
    EXPECT_TRUE(answers(first));
    std::vector<Fd> silent;
    for (std::size_t i = 0; i < 3 * control::Server::most_clients; ++i) {
        silent.push_back(connected());
        EXPECT_TRUE(answers(first)) << "who speaks stays";
    }
    EXPECT_TRUE(answers(connected()));
    EXPECT_FALSE(answers(silent.front()));
}

TEST_F(ProcessTest, ControlSocketBoundsItsClients) {
    control::Context context{*system_, {}};
    for (const char* const line :
         {"", "x", "[]", "{}", "{\"argv\": 1}", "{\"argv\": [1]}", "{\"argv\": []}",
          "{\"argv\": [\"x\\u0000y\"]}", "{\"argv\": [\"show\"], \"more\": 1}"}) {
        const auto answer = Json::parse(control::Server::answer(context, line));
        ASSERT_TRUE(answer) << line;
        ASSERT_NE(answer->find("ok"), nullptr);
        EXPECT_FALSE(*answer->find("ok")->as_bool()) << line;
    }
}

} // namespace
} // namespace mo::ofemu::test
