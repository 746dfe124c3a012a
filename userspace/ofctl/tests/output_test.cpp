// SPDX-License-Identifier: GPL-2.0-or-later
// Text, JSON, help and exit status of ofctl, on a kernel that is simulated at the netlink level.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "libofctl/tests/fake_kernel.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {
namespace {

struct Outcome {
    Exit exit;
    std::string out, err;
};

struct OfctlTest : testing::Test {
    test::KernelState kernel;
    Options options;

    Outcome run(std::vector<std::string> words) {
        Client client(std::make_unique<test::FakeKernel>(kernel));
        Context context{options, client};
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const auto exit = dispatch(context, words);
        Outcome result{exit, testing::internal::GetCapturedStdout(),
                       testing::internal::GetCapturedStderr()};
        return result;
    }
    nlohmann::json json(std::vector<std::string> words) {
        options.json = true;
        const auto result = run(std::move(words));
        return nlohmann::json::parse(result.out);
    }
};

TEST_F(OfctlTest, PortAsText) {
    const auto result = run({"port", "show"});
    EXPECT_EQ(result.exit, Exit::ok);
    EXPECT_EQ(result.out,
              "ens3: dev pci/0000:01:00.0 admin up link up speed 800000 lanes 8 fec rs\n"
              "    state UP\n");
}

TEST_F(OfctlTest, PortDownTellsReasonAndBlame) {
    kernel.carrier = false;
    const auto result = run({"po", "sh", "ens3"});
    EXPECT_EQ(result.exit, Exit::ok);
    EXPECT_NE(result.out.find("reason no light on one or more lanes"), std::string::npos);
    EXPECT_NE(result.out.find("blame fiber"), std::string::npos);
    EXPECT_EQ(result.out.find("speed"), std::string::npos) << "an unknown speed is not shown";
}

TEST_F(OfctlTest, LanesAsTextTable) {
    const auto result = run({"lane", "show", "ens3", "lane", "5"});
    EXPECT_EQ(result.exit, Exit::ok);
    EXPECT_EQ(result.out,
              "ens3: link up state UP\n"
              "  lane  state     tx dBm  rx dBm  snr dB  pre-FEC BER  flags\n"
              "     5  degraded    1.50   -4.10    18.3      9.0e-05  rx-power-low-warn\n");
}

TEST_F(OfctlTest, LanesAsJson) {
    const auto lanes = json({"lane", "show"});
    ASSERT_EQ(lanes.size(), 1U);
    EXPECT_EQ(lanes[0]["schema_version"], 1);
    EXPECT_EQ(lanes[0]["lanes"].size(), 8U);
    const auto& lane = lanes[0]["lanes"][5];
    EXPECT_EQ(lane["lane"], 5);
    EXPECT_DOUBLE_EQ(lane["tx_power_dbm"], 1.5);
    EXPECT_DOUBLE_EQ(lane["rx_power_dbm"], -4.1);
    EXPECT_DOUBLE_EQ(lane["pre_fec_ber"], 9e-5);
    EXPECT_EQ(lane["flags"], nlohmann::json::array({"rx-power-low-warn"}));
    EXPECT_FALSE(lane.contains("bias_ma")) << "unknown is absent";
    EXPECT_FALSE(lanes[0]["lanes"][0].contains("rx_power_dbm")) << "no light has no dBm";
}

TEST_F(OfctlTest, EmptyJsonIsStillAnArray) {
    kernel.driver = false;
    options.json = true;
    for (const auto* object : {"dev", "port", "lane", "module", "fw", "history"}) {
        const auto result = run({object, "show"});
        EXPECT_EQ(result.exit, Exit::kernel) << object;
        EXPECT_EQ(result.out, "[]\n") << object;
        EXPECT_NE(result.err.find("modprobe mesh_optical"), std::string::npos) << object;
    }
}

TEST_F(OfctlTest, WrongWordsAreUsageErrors) {
    const std::vector<std::vector<std::string>> wrong = {
        {"nothing"},
        {"port", "nothing"},
        {"port", "s"},
        {"port", "show", "a", "b"},
        {"port", "set", "ens3"},
        {"port", "set", "ens3", "speed"},
        {"port", "set", "ens3", "speed", "fast"},
        {"port", "set", "ens3", "speed", "-1"},
        {"port", "set", "ens3", "speed", "99999999999G"},
        {"port", "set", "ens3", "lanes", "0"},
        {"port", "set", "ens3", "fec", "best"},
        {"lane", "show", "ens3", "lane", "x"},
        {"lane", "show", "ens3", "lane"},
        {"monitor", "everything"},
        {},
    };
    for (const auto& words : wrong) {
        const auto result = run(words);
        EXPECT_EQ(result.exit, Exit::usage) << (words.empty() ? "" : words.back());
        EXPECT_FALSE(result.err.empty());
        EXPECT_TRUE(result.out.empty());
    }
    EXPECT_TRUE(kernel.writes.empty()) << "nothing was asked of the kernel";
}

TEST_F(OfctlTest, AmbiguousAbbreviationsSayWhich) {
    EXPECT_EQ(run({"m", "show"}).err, "Error: object \"m\" is ambiguous: module, monitor.\n");
    EXPECT_EQ(run({"port", "s"}).err, "Error: command \"s\" of port is ambiguous: show, set.\n");
    EXPECT_EQ(run({"port", "x"}).err,
              "Error: command \"x\" of port is not known; there is show, set.\n");
}

TEST_F(OfctlTest, PortsOfADeadDeviceAreAnError) {
    kernel.detached = true;
    for (const auto* const object : {"port", "lane"}) {
        const auto result = run({object, "show"});
        EXPECT_EQ(result.exit, Exit::kernel);
        EXPECT_EQ(result.err,
                  "Error: ens3: its device is gone or being reset; see the kernel log.\n");
    }
}

TEST_F(OfctlTest, UnknownPortAndLane) {
    auto result = run({"port", "show", "eth9"});
    EXPECT_EQ(result.exit, Exit::kernel);
    EXPECT_EQ(result.err, "Error: no mesh_optical port \"eth9\"; there is ens3.\n");
    result = run({"lane", "show", "ens3", "lane", "9"});
    EXPECT_EQ(result.exit, Exit::kernel);
    EXPECT_EQ(result.err, "Error: ens3: lane 9 is out of range 0..7.\n");
}

TEST_F(OfctlTest, NoPermission) {
    kernel.permitted = false;
    const auto result = run({"port", "set", "ens3", "down"});
    EXPECT_EQ(result.exit, Exit::kernel);
    EXPECT_NE(result.err.find("kernel answers: Operation not permitted"), std::string::npos);
    EXPECT_NE(result.err.find("CAP_NET_ADMIN"), std::string::npos);
}

TEST_F(OfctlTest, KernelsOwnWordsReachTheUser) {
    kernel.refuse_fec = true;
    const auto result = run({"port", "set", "ens3", "speed", "400G", "fec", "baser"});
    EXPECT_EQ(result.exit, Exit::kernel);
    EXPECT_EQ(result.err,
              "Error: ens3: FEC cannot be changed at this speed.\n"
              "kernel answers: Invalid argument\n"
              "This port can do speed 100000, 400000, 800000; not all of it together.\n");
    EXPECT_EQ(kernel.speed, 800000U);
}

TEST_F(OfctlTest, ImpossibleSpeedNamesThePossibleOnes) {
    const auto result = run({"port", "set", "ens3", "speed", "12345"});
    EXPECT_EQ(result.exit, Exit::kernel);
    EXPECT_EQ(result.err, "Error: ens3: speed 12345 Mbit/s is not possible; this port can do "
                          "100000, 400000, 800000.\n");
    EXPECT_TRUE(kernel.writes.empty());
}

TEST_F(OfctlTest, ImpossibleFecNamesThePossibleOnes) {
    kernel.modes.emplace_back("RS");
    kernel.modes.emplace_back("None");
    kernel.refuse_silently = true;
    for (const auto* const fec : {"baser", "llrs"}) {
        const auto result = run({"port", "set", "ens3", "up", "fec", fec});
        EXPECT_EQ(result.exit, Exit::kernel);
        EXPECT_EQ(result.err, "Error: ens3: Operation not supported.\n"
                              "kernel answers: Operation not supported\n"
                              "This port can do speed 100000, 400000, 800000; fec auto, rs, off; "
                              "not all of it together.\n");
    }
    EXPECT_TRUE(kernel.writes.empty());
}

TEST_F(OfctlTest, AWordGivenTwiceIsNamed) {
    const std::vector<std::pair<std::vector<std::string>, const char*>> wrong = {
        {{"port", "set", "ens3", "up", "down"}, "\"down\" and \"up\" exclude each other"},
        {{"port", "set", "ens3", "down", "speed", "400G", "admin", "up"},
         "\"admin\" and \"down\" exclude each other"},
        {{"port", "set", "ens3", "up", "up"}, "\"up\" is given twice"},
        {{"port", "set", "ens3", "speed", "100G", "speed", "800G"}, "\"speed\" is given twice"},
        {{"port", "set", "ens3", "lanes", "4", "fec", "rs", "lanes", "8"},
         "\"lanes\" is given twice"},
        {{"port", "set", "ens3", "fec", "rs", "fec", "auto"}, "\"fec\" is given twice"},
        {{"lane", "show", "lane", "1", "lane", "2"}, "\"lane\" is given twice"},
        {{"lane", "show", "lane", "1", "ens3", "lane", "2"}, "\"lane\" is given twice"},
        {{"history", "show", "last", "1", "last", "2"}, "\"last\" is given twice"},
        {{"monitor", "port", "lane", "port"}, "\"port\" is given twice"},
    };
    for (const auto& [words, text] : wrong) {
        const auto result = run(words);
        EXPECT_EQ(result.exit, Exit::usage) << text;
        EXPECT_EQ(result.err, "Error: " + std::string(text) + ".\n");
        EXPECT_TRUE(result.out.empty());
    }
    EXPECT_TRUE(kernel.writes.empty()) << "nothing was asked of the kernel";
    EXPECT_EQ(run({"port", "set", "up", "up"}).err,
              "Error: no mesh_optical port \"up\"; there is ens3.\n")
        << "the first word is the interface";
}

TEST_F(OfctlTest, SetsSpeedInBothUnits) {
    EXPECT_EQ(run({"port", "set", "ens3", "speed", "400G"}).exit, Exit::ok);
    EXPECT_EQ(kernel.speed, 400000U);
    EXPECT_EQ(run({"port", "set", "ens3", "speed", "100000"}).exit, Exit::ok);
    EXPECT_EQ(kernel.speed, 100000U);
}

TEST_F(OfctlTest, HelpNamesEveryVerb) {
    const auto help = help_text();
    const auto completion = bash_completion();
    for (const auto& verb : verbs()) {
        EXPECT_NE(help.find(std::string("ofctl ") + verb.object), std::string::npos);
        EXPECT_NE(completion.find(verb.object), std::string::npos);
    }
    const auto page = man_page();
    EXPECT_EQ(page.rfind(".TH OFCTL 8", 0), 0U);
    for (const auto& verb : verbs()) {
        EXPECT_NE(page.find(std::string(".B ofctl ") + verb.object), std::string::npos);
    }
    EXPECT_EQ(run({"port", "help"}).exit, Exit::ok);
    EXPECT_EQ(run({"help"}).exit, Exit::ok);
}

TEST_F(OfctlTest, NamesOfAnyBytes) {
    kernel.ifname = "\x1b[2J\xff\xc2\x9b";
    const auto text = run({"port", "show"});
    EXPECT_EQ(text.out.rfind("\\x1b[2J\\xff\\xc2\\x9b: dev ", 0), 0U) << text.out;
    for (const auto* const object : {"port", "lane"}) {
        const auto ports = json({object, "show", kernel.ifname});
        EXPECT_EQ(ports[0]["ifname"], "\x1b[2J\xef\xbf\xbd\xc2\x9b") << object;
    }
    const auto unknown = run({"port", "show", "\x1b[31m"});
    EXPECT_EQ(unknown.err.find_first_of("\x1b\xff"), std::string::npos) << unknown.err;
    EXPECT_EQ(run({"\x1b"}).err, "Error: object \"\\x1b\" is not known; try \"ofctl help\".\n");
}

TEST(Json, EscapesAndKeepsNumbersRaw) {
    const auto value = ObjectBuilder().add("k\"\n", "v\\\x01").add("n", 0.1).add("i", -5).done();
    EXPECT_EQ(value.dump(false), "{\"k\\\"\\n\":\"v\\\\\\u0001\",\"n\":0.1,\"i\":-5}");
    EXPECT_EQ(Json::array().dump(true), "[]");
    EXPECT_EQ(nlohmann::json::parse(value.dump(true)), nlohmann::json::parse(value.dump(false)));
}

} // namespace
} // namespace mo::ofctl
