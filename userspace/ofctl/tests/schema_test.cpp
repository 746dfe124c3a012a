// SPDX-License-Identifier: GPL-2.0-or-later
// Documentation/user/ofctl.schema.json against what ofctl prints: nothing is printed that the
// schema does not describe, nothing is described that is never printed, units are those of the
// keys. The checker below knows the words of JSON Schema that the file uses, and refuses others.
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "libofctl/tests/fake_kernel.hpp"
#include "ofctl/output.hpp"
#include "ofctl/schema.hpp"
#include "ofctl/values.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {
namespace {

using nlohmann::json;

class Checker {
  public:
    Checker() {
        std::ifstream file(MO_OFCTL_SCHEMA);
        root_ = json::parse(file);
    }
    [[nodiscard]] const json& definitions() const { return root_.at("$defs"); }
    /// What is wrong with `value` as a `definition`; notes which keys it has.
    std::vector<std::string> check(const std::string& definition, const json& value) {
        errors_.clear();
        visit(definitions().at(definition), value, definition, definition);
        return errors_;
    }
    /// "definition.key" of everything that was seen.
    [[nodiscard]] const std::set<std::string>& seen() const { return seen_; }

  private:
    void wrong(const std::string& where, const std::string& what) {
        errors_.push_back(where + ": " + what);
    }
    static bool is(const json& value, const std::string& type) {
        return type == "object"    ? value.is_object()
               : type == "array"   ? value.is_array()
               : type == "string"  ? value.is_string()
               : type == "boolean" ? value.is_boolean()
               : type == "integer" ? value.is_number_integer()
               : type == "number"  ? value.is_number()
                                   : false;
    }
    void visit(const json& schema, const json& value, const std::string& name,
               const std::string& where) {
        if (schema.contains("$ref")) {
            const std::string prefix = "#/$defs/";
            const auto target = schema["$ref"].get<std::string>().substr(prefix.size());
            visit(definitions().at(target), value, target, where);
            return;
        }
        if (!is(value, schema.at("type"))) {
            wrong(where, value.dump() + " is no " + schema["type"].get<std::string>());
            return;
        }
        for (const auto& [word, argument] : schema.items()) {
            if (word == "enum") {
                if (std::find(argument.begin(), argument.end(), value) == argument.end()) {
                    wrong(where, value.dump() + " is none of " + argument.dump());
                }
            } else if (word == "const" ? value != argument
                                       : (word == "minimum" && value < argument) ||
                                             (word == "maximum" && value > argument)) {
                wrong(where, value.dump() + " breaks " + word + " " + argument.dump());
            } else if (word == "items") {
                for (const auto& item : value) {
                    visit(argument, item, name, where + "[]");
                }
            } else if (word == "required") {
                for (const auto& key : argument) {
                    if (!value.contains(key)) {
                        wrong(where, "lacks " + key.get<std::string>());
                    }
                }
            } else if (word == "properties") {
                members(schema, value, name, where);
            } else if (!known.contains(word)) {
                wrong(where, "this checker does not know \"" + word + "\"");
            }
        }
    }
    void members(const json& schema, const json& value, const std::string& name,
                 const std::string& where) {
        for (const auto& [key, member] : value.items()) {
            const std::string at = where + "." + key;
            if (schema["properties"].contains(key)) {
                seen_.insert(name + "." + key);
                visit(schema["properties"][key], member, name, at);
            } else if (schema["additionalProperties"] == false) {
                wrong(at, "is not described");
            } else {
                visit(schema["additionalProperties"], member, name, at);
            }
        }
    }

    static inline const std::set<std::string> known = {
        "type", "description", "x-unit", "additionalProperties", "const", "minimum", "maximum"};
    json root_;
    std::vector<std::string> errors_;
    std::set<std::string> seen_;
};

json as_json(const Json& value) {
    return json::parse(value.dump(false));
}

Device full_device() {
    return {.bus = "pci",
            .name = "0000:01:00.0",
            .driver = "mesh_optical",
            .serial = "MO-0001",
            .board_serial = "B1",
            .versions = {{"fw", "1", "2", "3"}},
            .reporters = {{"fw", false, 1, 2, true, 3}},
            .netdevs = {"ens3"},
            .reload_failed = true};
}

/// A port of which the kernel tells no more than that it is there.
Port bare_port() {
    Port port;
    port.ifindex = 5;
    port.ifname = "ens3";
    return port;
}

Lane bare_lane() {
    Lane lane;
    lane.state = "absent";
    return lane;
}

Port full_port() {
    Port port = bare_port();
    port.device = "pci/0000:01:00.0";
    port.address = "02:4d:4f:00:00:01";
    port.mtu = 1500;
    port.operstate = "down";
    port.speed_mbps = 800000;
    port.lanes = 8;
    port.autoneg = false;
    port.supported_modes = {"800000baseDR8/Full"};
    port.fec_active = "rs";
    port.fec_configured = {"auto", "rs"};
    port.ext_state = "Bad signal integrity";
    port.ext_substate = "Serdes ALOS";
    port.down_count = 1;
    port.link_state = "WAIT_LIGHT";
    port.reason = "no light on one or more lanes";
    port.last_reason = port.reason;
    port.blame = "fiber";
    port.changed_ns = 1;
    port.up_ns = 123456789;
    port.lanes_ok = 0x7f;
    port.reason_lanes = 0x80;
    port.statistics = PortStatistics{};
    port.fec_statistics = FecStatistics{1, 2, 3, {4, 5}};
    return port;
}

LaneSnapshot full_lanes() {
    Lane lane = bare_lane();
    lane.lane = 3;
    lane.state = "degraded";
    lane.tx_power_nw = lane.rx_power_nw = 1000000;
    lane.bias_ua = 60000;
    lane.laser_temp_mc = 40500;
    lane.snr_mdb = 18300;
    lane.bits = 1000000;
    lane.bit_errors = 90;
    lane.symbol_errors = 80;
    lane.flags = {"rx-power-low-warn"};
    return {5, 1234, 250'000'000, {lane}};
}

Module full_module() {
    constexpr Thresholds limits{4, 1, 3, 2};
    Module module;
    module.present = true;
    module.identifier = "OSFP";
    module.revision = "5.2";
    module.state = "ModuleReady";
    module.power_mode = "high";
    module.power_policy = "auto";
    module.vendor = module.part = module.serial = module.date = module.oui =
        module.hardware_revision = "text";
    module.firmware = "1.0";
    module.temperature_c = 35.5;
    module.voltage_v = 3.3;
    module.max_power_w = 9;
    module.wavelength_nm = 1310;
    module.length_m = 500;
    module.temperature_thresholds = module.voltage_thresholds = module.tx_power_thresholds =
        module.rx_power_thresholds = module.bias_thresholds = limits;
    module.flags = {"temp-high-warn"};
    module.applications = {"LEI-800G-8 -> 800G-DR8-LPO, 8 lanes"};
    module.connector = module.technology = module.media = "text";
    ModuleLane lane;
    lane.datapath_state = "DPActivated";
    lane.tx_power_mw = lane.rx_power_mw = 1.2;
    lane.bias_ma = 60;
    lane.flags = {"tx-fault"};
    module.lanes = {lane};
    return module;
}

const std::vector<std::string> none;

TEST(Schema, DescribesEveryKeyThatTheModelHasAndNoOther) {
    Checker checker;
    const Port port = full_port();
    EXPECT_EQ(checker.check("dev", as_json(device_value(full_device(), false))), none);
    EXPECT_EQ(checker.check("fw", as_json(firmware_value(full_device()))), none);
    EXPECT_EQ(checker.check("port", as_json(port_value(port))), none);
    EXPECT_EQ(checker.check("lane", as_json(lanes_value(port, full_lanes(), {}))), none);
    EXPECT_EQ(checker.check("module", as_json(module_value(port, full_module()))), none);
    const Record record{1, 2, "link", "UP", "WAIT_LIGHT", "no light", "fiber", 1};
    EXPECT_EQ(checker.check("history", as_json(history_value(port, {record}, {}))), none);
    const Event event{1, "fw", "pci/0000:01:00.0", "flash", {{"status", "Writing"}}, {3}};
    EXPECT_EQ(checker.check("event", as_json(event_value(event))), none);
    std::set<std::string> described;
    for (const auto& [name, schema] : checker.definitions().items()) {
        for (const auto& [key, unused] : schema["properties"].items()) {
            described.insert(name + "." + key);
        }
    }
    EXPECT_EQ(checker.seen(), described);
}

TEST(Schema, AsksForNothingThatMayBeUnknown) {
    Checker checker;
    const Port port = bare_port();
    EXPECT_EQ(checker.check("dev", as_json(device_value({}, false))), none);
    EXPECT_EQ(checker.check("fw", as_json(firmware_value({}))), none);
    EXPECT_EQ(checker.check("port", as_json(port_value(port))), none);
    const LaneSnapshot lanes{5, 0, {}, {bare_lane()}};
    EXPECT_EQ(checker.check("lane", as_json(lanes_value(port, lanes, {}))), none);
    EXPECT_EQ(checker.check("module", as_json(module_value(port, {}))), none);
    Module module;
    module.present = true;
    module.lanes.resize(1);
    EXPECT_EQ(checker.check("module", as_json(module_value(port, module))), none);
    Record record;
    record.machine = "lane";
    EXPECT_EQ(checker.check("history", as_json(history_value(port, {record}, {}))), none);
    Event event;
    event.object = "dev";
    EXPECT_EQ(checker.check("event", as_json(event_value(event))), none);
}

TEST(Schema, HoldsForWhatTheCommandsPrint) {
    test::KernelState kernel;
    Options options;
    options.json = true;
    Checker checker;
    for (const bool carrier : {true, false}) {
        kernel.carrier = carrier;
        for (const auto& verb : verbs()) {
            if (std::string_view(verb.command) != "show") {
                continue;
            }
            Client client(std::make_unique<test::FakeKernel>(kernel));
            Context context{options, client};
            testing::internal::CaptureStdout();
            testing::internal::CaptureStderr();
            (void)verb.run(context, {});
            testing::internal::GetCapturedStderr();
            for (const auto& item : json::parse(testing::internal::GetCapturedStdout())) {
                EXPECT_EQ(checker.check(verb.object, item), none);
            }
        }
    }
    EXPECT_TRUE(checker.seen().contains("lane_item.snr_db"));
}

TEST(Schema, CheckerFindsMistakes) {
    Checker checker;
    json port = as_json(port_value(full_port()));
    port["speed_mbps"] = "fast";
    port["speed_gbps"] = 800;
    port["link"] = "sideways";
    port["schema_version"] = schema_version + 1;
    port["mtu"] = -1;
    port.erase("ifname");
    EXPECT_EQ(checker.check("port", port).size(), 6U);
}

TEST(Schema, UnitsAreThoseOfTheKeys) {
    const std::map<std::string, std::string> units = {
        {"_ns", "ns"},   {"_ms", "ms"}, {"_s", "s"},   {"_mbps", "Mbit/s"},
        {"_dbm", "dBm"}, {"_db", "dB"}, {"_ma", "mA"}, {"_c", "degree Celsius"},
        {"_v", "V"},     {"_w", "W"},   {"_nm", "nm"}, {"_m", "m"}};
    const Checker checker;
    for (const auto& [name, schema] : checker.definitions().items()) {
        for (const auto& [key, property] : schema["properties"].items()) {
            const std::string unit = property.value("x-unit", "");
            const auto suffix = units.find(key.substr(std::min(key.rfind('_'), key.size())));
            if (suffix != units.end()) {
                EXPECT_EQ(unit, suffix->second) << name << "." << key;
            } else if (property.value("type", "") == "number") {
                EXPECT_NE(unit, "") << name << "." << key << ": a fraction of what?";
            }
        }
    }
}

} // namespace
} // namespace mo::ofctl
