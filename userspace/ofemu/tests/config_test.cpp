// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.hpp"

#include <array>
#include <gtest/gtest.h>
#include <set>
#include <vector>

#include "foreign_unit.hpp"
#include "nic_unit.hpp"

namespace mo::ofemu {
namespace {

constexpr const char* good = R"(control: /run/x/ofemu.ctl
spin_us: 30
idle_poll_us: 40
features: {shadow_db: false, rdma: false}
bytes: always
seed: 9
nics:
  - {name: nic0, socket: /run/x/nic0.sock, mac: "02:00:00:00:00:07", serial: MO-7, board: lab-400g, vectors: 3}
  - {name: nic1, socket: /run/x/nic1.sock}
foreign: [{name: peer0, socket: /run/x/peer0.net}]
links:
  - {name: fibre0, ends: [nic0, peer0], length_m: 250.5, loss_db: 1, attenuation_db: 2}
)";

/// The NICs that a configuration names.
std::vector<NicEntry> nics_of(const Config& config) {
    std::vector<NicEntry> found;
    for (const auto& entry : config.nodes) {
        if (const auto* const nic = dynamic_cast<const NicEntry*>(entry.get()); nic != nullptr) {
            found.push_back(*nic);
        }
    }
    return found;
}

TEST(Config, SaysWhatTheFileSays) {
    const auto config = parse_config(good, "f.yaml");
    ASSERT_TRUE(config) << config.error().text;
    EXPECT_EQ(config->control, "/run/x/ofemu.ctl");
    EXPECT_EQ(config->spin_us, 30U);
    EXPECT_EQ(config->idle_poll_us, 40U);
    EXPECT_FALSE(config->shadow_db);
    EXPECT_FALSE(config->rdma);
    EXPECT_TRUE(config->bytes_always);
    EXPECT_EQ(config->seed, 9U);
    const auto nics = nics_of(*config);
    ASSERT_EQ(nics.size(), 2U);
    ASSERT_EQ(config->nodes.size(), 3U);
    EXPECT_EQ(config->nodes[2]->kind, &foreign_kind);
    EXPECT_EQ(nics[0].mac[5], 7);
    EXPECT_EQ(nics[0].board, "lab-400g");
    EXPECT_EQ(nics[0].vectors, 3);
    EXPECT_EQ(nics[1].vectors, MO_MAX_VECTORS);
    EXPECT_EQ(nics[1].serial, "MO-0002");
    EXPECT_EQ(nics[1].mac[0], 2);
    ASSERT_EQ(config->links.size(), 1U);
    EXPECT_DOUBLE_EQ(config->links[0].length_m, 250.5);
    EXPECT_EQ(config->links[0].ends[1].node, "peer0");
}

TEST(Config, ManyNicsHaveMacsAndSerialsOfTheirOwn) {
    std::string text = "nics:\n";
    for (int i = 1; i <= 600; ++i) {
        const auto number = std::to_string(i);
        text.append("  - {name: n").append(number).append(", socket: /s").append(number);
        // What a generated one would be, given by hand to another.
        text += i == 1 ? ", mac: \"02:4d:4f:00:01:00\", serial: MO-0003}\n" : "}\n";
    }
    const auto config = parse_config(text, "f.yaml");
    ASSERT_TRUE(config) << config.error().text;
    std::set<std::array<std::uint8_t, 6>> macs;
    std::set<std::string> serials;
    for (const auto& nic : nics_of(*config)) {
        EXPECT_EQ(nic.mac[0] & 1, 0);
        EXPECT_TRUE(macs.insert(nic.mac).second) << nic.name;
        EXPECT_TRUE(serials.insert(nic.serial).second) << nic.name << " " << nic.serial;
    }
}

struct Case {
    const char* text;
    const char* error;
};

class ConfigError : public testing::TestWithParam<Case> {};

TEST_P(ConfigError, NamesFileLineAndReason) {
    const auto config = parse_config(GetParam().text, "f.yaml");
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().text.find(GetParam().error), std::string::npos) << config.error().text;
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, ConfigError,
    testing::Values(
        Case{"", "f.yaml:1: the file is empty"}, Case{"nics: [", "f.yaml:"},
        Case{"- 1", "f.yaml:1: the configuration must be a mapping"},
        Case{"control: /x", "lacks the key \"nics\""}, Case{"nics: []", "at least one NIC"},
        Case{"nics: 5", "nics must be a list"},
        Case{"\nnisc: []\n", "f.yaml:2: the configuration has no key \"nisc\""},
        Case{"nics:\n  - {name: a}", "f.yaml:2: a NIC lacks the key \"socket\""},
        Case{"nics:\n  - {name: a, socket: /a}\n  - {name: a, socket: /b}",
             "f.yaml:3: name \"a\" is used twice"},
        Case{"nics:\n  - {name: a, socket: /a}\n  - {name: b, socket: /a}",
             "f.yaml:3: socket \"/a\" is used twice"},
        Case{"nics: [{name: a, socket: /a, mac: \"01:00:00:00:00:01\"}]", "mac must be a unicast"},
        Case{"nics: [{name: a, socket: /a, mac: \"02:00:00:00:00:0x\"}]", "mac must be a unicast"},
        Case{"nics: [{name: a, socket: /a, mac: \"0a:00:00:00:00:01\"},"
             " {name: b, socket: /b, mac: \"0A:00:00:00:00:01\"}]",
             "mac \"0A:00:00:00:00:01\" is used twice"},
        Case{"nics: [{name: a, socket: /a, board: x}]", "known are: devkit-800g, lab-400g"},
        Case{"nics: [{name: \"a b\", socket: /a}]", "name must be 1 to 32 letters"},
        Case{"nics: [{name: a, socket: /a, vectors: 0}]", "vectors must be a number from 1"},
        Case{"spin_us: -1\nnics: [{name: a, socket: /a}]", "spin_us must be a number from 0"},
        Case{"spin_us: x\nnics: [{name: a, socket: /a}]", "f.yaml:1: spin_us must be a number"},
        Case{"bytes: some\nnics: [{name: a, socket: /a}]", "bytes must be always or lazy"},
        Case{"features: {shadow: true}\nnics: [{name: a, socket: /a}]",
             "features has no key \"shadow\""},
        Case{"nics: [{name: a, socket: /a}]\nlinks: [{name: l, ends: [a, b]}]",
             "f.yaml:2: a link ends at \"b\", but no NIC"},
        Case{"nics: [{name: a, socket: /a}]\nlinks: [{name: l, ends: [a, a]}]",
             "end \"a\" is used twice"},
        Case{"nics: [{name: a, socket: /a}]\nlinks: [{name: l, ends: [a]}]",
             "ends must be a list of two"},
        Case{"nics: [{name: a, socket: /a}]\nlinks: [{name: l, ends: [a, \"a:1\"]}]",
             "f.yaml:2: a link ends at port 1 of \"a\", which has 1"},
        Case{"nics: [{name: a, socket: /a}]\nlinks: [{name: l, ends: [a, \"a:x\"]}]",
             "f.yaml:2: an end's port must be a number"},
        Case{"nics: [{name: a, socket: /a}]\nforeign: [{name: a, socket: /b}]",
             "f.yaml:2: name \"a\" is used twice"},
        Case{"nics: [{name: a, socket: /a, port: perfect}]",
             "f.yaml:1: port must be optical or ideal, not \"perfect\""},
        Case{"nics: [{name: a, socket: /a, port: ideal}, {name: b, socket: /b}]\n"
             "links: [{name: l, ends: [b, a]}]",
             "f.yaml:2: link \"l\" joins an ideal port (of \"a\") and an optical one (of \"b\")"},
        Case{"nics: [{name: a, socket: /a, port: ideal}, {name: b, socket: /b, port: ideal}]\n"
             "links: [{name: l, ends: [a, b], loss_db: 1}]",
             "f.yaml:2: loss_db means nothing between ideal ports"},
        Case{"nics: [{name: a, socket: /a, name: b}]", "the key \"name\" twice"},
        Case{"nics: [{name: a, socket: /a}]\nlinks: [{name: l, ends: [a, a], length_m: .nan}]",
             "length_m must be a number"}));

} // namespace
} // namespace mo::ofemu
