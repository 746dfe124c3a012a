// SPDX-License-Identifier: GPL-2.0-or-later
// Commands on NICs: faults of firmware, device, module; and settings of the process.
#include <algorithm>
#include <array>
#include <cerrno>

#include "control/command.hpp"
#include "engine/host.hpp"
#include "nic/fault.hpp"
#include "nic_unit.hpp"
#include "system.hpp"

namespace mo::control {

namespace {

using engine::EnginePause;

/// Takes the NIC's name first; the words of the command follow.
ofemu::NicUnit* find_nic(Context& context, Arguments& arguments, std::string& name) {
    name = arguments.word("the NIC");
    return context.system.find<ofemu::NicUnit>(name);
}

/// The command has no more words, and there is a NIC of that name.
Result<void> end_of(Arguments& arguments, const ofemu::NicUnit* unit, const std::string& name) {
    if (auto good = arguments.finish(); !good) {
        return good;
    }
    if (unit == nullptr) {
        return fail(ENOENT, "there is no NIC \"" + name + "\"");
    }
    return {};
}

/// The same for what an ideal port has none of.
Result<void> end_of_optical(Arguments& arguments, const ofemu::NicUnit* unit,
                            const std::string& name) {
    auto good = end_of(arguments, unit, name);
    if (good && unit->entry().ideal()) {
        return fail(EOPNOTSUPP, name + " has an ideal port: no firmware, module, laser or lane is "
                                       "there that could fail");
    }
    return good;
}

Json about(const std::string& name) {
    return Json(Json::Object{{"nic", Json(name)}});
}

Result<Json> firmware(Context& context, Arguments& arguments) {
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const bool crash = arguments.either(arguments.word("the fault"), "the fault", "crash", "hang");
    if (const auto good = end_of_optical(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    const EnginePause pause(context.system.engine());
    if (unit->soc().state() != hw::MO_MGMT_RUNNING) {
        return fail(EHOSTDOWN, "no firmware runs on " + name);
    }
    if (crash) {
        unit->soc().inject_crash(context.system.engine().now_ns());
    } else {
        unit->soc().inject_hang();
    }
    return about(name).set("fault", crash ? "crash" : "hang");
}

Result<Json> gone(Context& context, Arguments& arguments) {
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const bool on = arguments.either(arguments.word("on or off"), "the state", "on", "off");
    if (const auto good = end_of(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    const EnginePause pause(context.system.engine());
    unit->nic().set_gone(on);
    return about(name).set("gone", on);
}

Result<Json> lie(Context& context, Arguments& arguments) {
    constexpr std::uint64_t rarest = 1'000'000;
    const auto every = arguments.option("every");
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const std::string mode = arguments.word("the mode");
    const auto found = nic::find_lie(mode);
    if (!found) {
        std::string known;
        for (const auto& row : nic::lie_names) {
            known += (known.empty() ? "" : ", ") + std::string(row.option);
        }
        arguments.reject("\"" + mode + "\" is no mode; known are: " + known);
    }
    const std::uint64_t period = every ? arguments.integer(*every, "--every", 1, rarest) : 1;
    if (const auto good = end_of(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    unit->nic().liar().set(*found, static_cast<std::uint32_t>(period));
    return about(name).set("lie", mode).set("every", period);
}

Result<Json> drop_doorbells(Context& context, Arguments& arguments) {
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const bool on = arguments.either(arguments.word("on or off"), "the state", "on", "off");
    if (const auto good = end_of(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    unit->nic().doorbells().set_dropping(on);
    return about(name).set("drop_doorbells", on);
}

Result<Json> module(Context& context, Arguments& arguments) {
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const std::string what = arguments.word("what to do");
    constexpr std::array<std::string_view, 5> known{"pull", "plug", "hang", "answer", "fault"};
    if (std::find(known.begin(), known.end(), what) == known.end()) {
        arguments.reject("a module can pull, plug, hang, answer or fault, not \"" + what + "\"");
    }
    constexpr std::uint64_t largest_cause = 255;
    std::uint64_t cause = 1;
    if (what == "fault" && arguments.more()) {
        cause = arguments.integer(arguments.word("the cause"), "the cause", 1, largest_cause);
    }
    if (const auto good = end_of_optical(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    const EnginePause pause(context.system.engine());
    const std::uint64_t now_ns = context.system.engine().now_ns();
    if (what == "pull" || what == "plug") {
        (void)unit->plug_module(what == "plug", now_ns);
    } else if (!unit->port().plugged()) {
        return fail(ENODEV, "no module is plugged into " + name);
    } else if (what == "fault") {
        unit->port().fault_module(static_cast<std::uint8_t>(cause), now_ns);
    } else {
        unit->port().hang_bus(what == "hang", now_ns);
    }
    return about(name).set("module", what);
}

/// The next word as a lane of that NIC.
unsigned lane_of(Arguments& arguments, ofemu::NicUnit* unit) {
    const optics::Port* const port = unit != nullptr ? unit->optical_port() : nullptr;
    const unsigned lanes = port != nullptr ? port->lanes() : MO_MAX_LANES;
    return static_cast<unsigned>(
        arguments.integer(arguments.word("the lane"), "the lane", 0, lanes - 1));
}

Result<Json> laser(Context& context, Arguments& arguments) {
    constexpr double newest = 1, oldest = 5;
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const unsigned lane = lane_of(arguments, unit);
    const std::string what = arguments.word("fail, repair or age");
    double age = newest;
    if (what == "age") {
        age = arguments.number(arguments.word("the factor"), "the factor", newest, oldest);
    } else if (what != "fail" && what != "repair") {
        arguments.reject("a laser can fail, repair or age, not \"" + what + "\"");
    }
    if (const auto good = end_of_optical(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    const EnginePause pause(context.system.engine());
    if (!unit->port().plugged()) {
        return fail(ENODEV, "no module is plugged into " + name);
    }
    const std::uint64_t now_ns = context.system.engine().now_ns();
    if (what == "age") {
        unit->port().age_laser(lane, age, now_ns);
        return about(name).set("lane", lane).set("age", age);
    }
    unit->port().fail_laser(lane, what == "fail", now_ns);
    return about(name).set("lane", lane).set("laser", what == "fail" ? "failed" : "good");
}

Result<Json> adaptation(Context& context, Arguments& arguments) {
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const unsigned lane = lane_of(arguments, unit);
    if (const auto good = end_of_optical(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    const EnginePause pause(context.system.engine());
    unit->port().spoil_next_adaptation(lane);
    return about(name).set("lane", lane);
}

Result<Json> burst(Context& context, Arguments& arguments) {
    constexpr double most = 0.9;
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const double probability =
        arguments.number(arguments.word("the probability"), "the probability", 0, most);
    if (const auto good = end_of_optical(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    const EnginePause pause(context.system.engine());
    unit->port().set_burst(probability, context.system.engine().now_ns());
    return about(name).set("burst", probability);
}

Result<Json> ambient(Context& context, Arguments& arguments) {
    constexpr double coldest = -40, hottest = 120;
    std::string name;
    ofemu::NicUnit* const unit = find_nic(context, arguments, name);
    const double celsius =
        arguments.number(arguments.word("the temperature"), "the temperature", coldest, hottest);
    if (const auto good = end_of_optical(arguments, unit, name); !good) {
        return Unexpected{good.error()};
    }
    const EnginePause pause(context.system.engine());
    unit->port().set_ambient(celsius, context.system.engine().now_ns());
    return about(name).set("ambient_c", celsius);
}

/// What may be set, and how: in microseconds.
struct Setting {
    const char* name;
    void (*apply)(engine::Engine& engine, std::uint64_t ns);
};

constexpr std::array settings{
    Setting{"spin_us", [](engine::Engine& engine, std::uint64_t ns) { engine.set_spin(ns); }},
    Setting{"idle_poll_us",
            [](engine::Engine& engine, std::uint64_t ns) { engine.idle_poll().set_hold(ns); }},
};

Result<Json> set(Context& context, Arguments& arguments) {
    constexpr std::uint64_t longest_us = 1'000'000, ns_per_us = 1000;
    const std::string key = arguments.word("the setting");
    const auto setting =
        std::ranges::find_if(settings, [&key](const Setting& each) { return key == each.name; });
    if (setting == settings.end()) {
        arguments.reject("\"" + key + "\" is no setting; known are: spin_us, idle_poll_us");
    }
    const std::uint64_t value = arguments.integer(arguments.word("the value"), key, 0, longest_us);
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    setting->apply(context.system.engine(), value * ns_per_us);
    return Json(Json::Object{{key, Json(value)}});
}

constexpr std::array commands{
    Command{"fw", "NIC crash|hang", "make the management firmware crash or hang", firmware},
    Command{"gone", "NIC on|off", "all registers read as ones, no DMA: as if pulled", gone},
    Command{"lie", "NIC MODE|off [--every N]", "lie to the driver; an unknown mode lists them",
            lie},
    Command{"drop-doorbells", "NIC on|off", "lose doorbell writes", drop_doorbells},
    Command{"module", "NIC pull|plug|hang|answer|fault [CAUSE]",
            "pull or plug the optical module, hang its bus, fault it", module},
    Command{
        "laser", "NIC LANE fail|repair|age FACTOR",
        "break a laser of the module; age it: FACTOR 1 (new) to 5 times the bias above threshold",
        laser},
    Command{"adaptation", "NIC LANE",
            "the receiver's next adaptation of a lane converges wrong: the lane comes up worse",
            adaptation},
    Command{"burst", "NIC PROBABILITY",
            "how often a symbol error goes on in the next symbol, 0 to 0.9; 0.05 after the start",
            burst},
    Command{"ambient", "NIC CELSIUS", "temperature of the air around the module", ambient},
    Command{"set", "spin_us|idle_poll_us N",
            "how long the engine polls before it sleeps, how long the CPUs do after a packet", set},
};

} // namespace

std::span<const Command> nic_commands() {
    return commands;
}

} // namespace mo::control
