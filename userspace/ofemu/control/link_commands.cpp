// SPDX-License-Identifier: GPL-2.0-or-later
// Commands on links: light, impairments, capture.
#include <array>
#include <cerrno>
#include <ctime>

#include "common/clock.hpp"
#include "control/command.hpp"
#include "engine/host.hpp"
#include "fabric/capture.hpp"
#include "system.hpp"

namespace mo::control {

namespace {

using engine::EnginePause;

/// Directions of a link: named after the end that sends.
struct Directions {
    bool a = true;
    bool b = true;
    [[nodiscard]] const char* name() const noexcept { return a && b ? "both" : a ? "a" : "b"; }
};

Directions directions(Arguments& arguments, const std::optional<std::string>& text) {
    if (!text || *text == "both") {
        return {};
    }
    if (*text != "a" && *text != "b") {
        arguments.reject("the direction must be a, b or both, not \"" + *text + "\"");
    }
    return {*text == "a", *text == "b"};
}

std::optional<unsigned> lane(Arguments& arguments) {
    const auto text = arguments.option("lane");
    if (!text) {
        return std::nullopt;
    }
    return static_cast<unsigned>(arguments.integer(*text, "the lane", 0, MO_MAX_LANES - 1));
}

ofemu::LinkUnit* find_link(Context& context, Arguments& arguments, std::string& name) {
    name = arguments.word("the link");
    return context.system.find_link(name);
}

Unexpected<Error> no_link(const std::string& name) {
    return fail(ENOENT, "there is no link \"" + name + "\"");
}

/// Commands on what light does, where there is none.
Unexpected<Error> ideal(const std::string& name) {
    return fail(EOPNOTSUPP, name +
                                " joins ideal ports: it is whole or cut as one, there are no lanes "
                                "and no light that could be weaker");
}

/// When a command took effect, on the host's clock and on the devices'.
void stamp(Json& answer, std::uint64_t device_ns) {
    answer.set("monotonic_ns", static_cast<std::uint64_t>(monotonic_now().count()));
    answer.set("device_ns", device_ns);
}

Result<Json> cut_or_mend(Context& context, Arguments& arguments, bool cut) {
    const auto one_lane = lane(arguments);
    std::string name;
    ofemu::LinkUnit* const link = find_link(context, arguments, name);
    const Directions which = directions(arguments, arguments.optional_word());
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    if (link == nullptr) {
        return no_link(name);
    }
    if (one_lane && link->ideal()) {
        return ideal(name);
    }
    Json answer = Json::object();
    answer.set("link", name).set("direction", which.name());
    if (one_lane) {
        answer.set("lane", *one_lane);
    }
    const EnginePause pause(context.system.engine());
    const std::uint64_t now_ns = context.system.engine().now_ns();
    const auto act = [&](optics::Direction direction) {
        if (one_lane) {
            link->fibre().cut_lane(direction, *one_lane, cut, now_ns);
        } else if (cut) {
            link->fibre().cut(direction, now_ns);
        } else {
            link->fibre().mend(direction, now_ns);
        }
    };
    if (which.a) {
        act(optics::Direction::from_a);
    }
    if (which.b) {
        act(optics::Direction::from_b);
    }
    stamp(answer, now_ns);
    return answer;
}

Result<Json> cut(Context& context, Arguments& arguments) {
    return cut_or_mend(context, arguments, true);
}

Result<Json> mend(Context& context, Arguments& arguments) {
    return cut_or_mend(context, arguments, false);
}

Result<Json> attenuate(Context& context, Arguments& arguments) {
    constexpr double most_db = 60;
    const auto one_lane = lane(arguments);
    const Directions which = directions(arguments, arguments.option("end"));
    std::string name;
    ofemu::LinkUnit* const link = find_link(context, arguments, name);
    const double loss_db =
        arguments.number(arguments.word("the attenuation in dB"), "the attenuation", 0, most_db);
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    if (link == nullptr) {
        return no_link(name);
    }
    if (link->ideal()) {
        return ideal(name);
    }
    const EnginePause pause(context.system.engine());
    const std::uint64_t now_ns = context.system.engine().now_ns();
    const auto act = [&](optics::Direction direction) {
        if (one_lane) {
            link->fibre().attenuate_lane(direction, *one_lane, loss_db, now_ns);
        } else {
            link->fibre().attenuate(direction, loss_db, now_ns);
        }
    };
    if (which.a) {
        act(optics::Direction::from_a);
    }
    if (which.b) {
        act(optics::Direction::from_b);
    }
    Json answer = Json::object();
    answer.set("link", name).set("direction", which.name()).set("attenuation_db", loss_db);
    stamp(answer, now_ns);
    return answer;
}

struct Impairment {
    std::string_view name;
    double fabric::ImpairmentConfig::* rate;
};

constexpr std::array impairments{
#define X(name, text) Impairment{#name, &fabric::ImpairmentConfig::name},
    MO_IMPAIRMENTS(X)
#undef X
};

Json describe(const fabric::ImpairmentConfig& config) {
    Json out = Json::object();
    for (const Impairment& kind : impairments) {
        if (config.*kind.rate != 0) {
            out.set(std::string(kind.name), config.*kind.rate);
        }
    }
    return out;
}

Result<Json> impair(Context& context, Arguments& arguments) {
    const auto seed = arguments.option("seed");
    const Directions which = directions(arguments, arguments.option("end"));
    std::string name;
    ofemu::LinkUnit* const link = find_link(context, arguments, name);
    const std::string kind = arguments.word("the impairment");
    const bool clear = kind == "clear";
    double rate = 0;
    double fabric::ImpairmentConfig::* field = nullptr;
    if (!clear) {
        for (const Impairment& known : impairments) {
            if (known.name == kind) {
                field = known.rate;
            }
        }
        if (field == nullptr) {
            std::string known;
            for (const Impairment& one : impairments) {
                known += std::string(one.name) + ", ";
            }
            arguments.reject("\"" + kind + "\" is no impairment: " + known + "or clear");
        }
        rate = arguments.number(arguments.word("the rate"), "the rate", 0, 1);
    }
    const std::uint64_t seed_value =
        seed ? arguments.integer(*seed, "the seed", 0, ~std::uint64_t{0}) : 0;
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    if (link == nullptr) {
        return no_link(name);
    }
    const EnginePause pause(context.system.engine());
    Json answer = Json::object();
    answer.set("link", name);
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        if (end == fabric::End::a ? !which.a : !which.b) {
            continue;
        }
        fabric::ImpairmentConfig config = link->link().impairment(end);
        if (clear) {
            const std::uint64_t own = config.seed; // a link's directions do not share one
            config = {};
            config.seed = own;
        }
        if (field != nullptr) {
            config.*field = rate;
        }
        if (seed) {
            config.seed = seed_value;
        }
        link->link().set_impairment(end, config);
        answer.set(end == fabric::End::a ? "a" : "b", describe(config));
    }
    return answer;
}

/// Time of day at device time 0.
std::uint64_t epoch_ns(std::uint64_t device_ns) {
    constexpr std::uint64_t ns_per_s = 1'000'000'000;
    timespec now{};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * ns_per_s +
           static_cast<std::uint64_t>(now.tv_nsec) - device_ns;
}

Result<Json> pcap(Context& context, Arguments& arguments) {
    std::string name;
    ofemu::LinkUnit* const link = find_link(context, arguments, name);
    const std::string path = arguments.word("the file");
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    if (link == nullptr) {
        return no_link(name);
    }
    std::unique_ptr<fabric::Capture> capture;
    if (path != "off") {
        auto opened = fabric::Capture::open(path, epoch_ns(context.system.engine().now_ns()));
        if (!opened) {
            return Unexpected{opened.error()};
        }
        capture = std::make_unique<fabric::Capture>(std::move(*opened));
    }
    Json answer = Json::object();
    answer.set("link", name);
    const EnginePause pause(context.system.engine());
    if (fabric::Capture* const before = link->link().capture(); before != nullptr) {
        before->close(context.system.engine().now_ns());
        answer.set("ended", before->path()).set("packets", before->packets());
        answer.set("lost", before->lost());
    }
    link->link().set_capture(std::move(capture));
    answer.set("file", path == "off" ? Json() : Json(path));
    return answer;
}

constexpr std::array commands{
    Command{"cut", "LINK [a|b|both] [--lane N]", "cut the fibre: light sent by end a, b, or both",
            cut},
    Command{"mend", "LINK [a|b|both] [--lane N]", "mend what was cut", mend},
    Command{"attenuate", "LINK DB [--end a|b] [--lane N]",
            "extra attenuation of light sent by an end, 0 to 60 dB", attenuate},
    Command{"impair", "LINK KIND RATE|clear [--seed N] [--end a|b]",
            "drop, corrupt, alter, reorder, duplicate or mark (ecn) packets at RATE 0..1", impair},
    Command{"pcap", "LINK FILE|off", "capture the link's packets (nanosecond pcap)", pcap},
};

} // namespace

std::span<const Command> link_commands() {
    return commands;
}

} // namespace mo::control
