// SPDX-License-Identifier: GPL-2.0-or-later
// ofctl monitor: one line, or one JSON object, per event, until interrupted.
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <iostream>
#include <utility>

#include "common/utf8.hpp"
#include "ofctl/values.hpp"
#include "ofctl/verb.hpp"

namespace mo::ofctl {

namespace {

constexpr std::uint64_t ns_per_s = 1000000000;
constexpr std::uint64_t ns_per_ms = 1000000;

volatile std::sig_atomic_t stopped = 0;

/// "2026-01-31T12:00:00.123", local time.
std::string time_text(std::uint64_t time_ns) {
    const auto seconds = static_cast<std::time_t>(time_ns / ns_per_s);
    std::tm parts{};
    localtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    auto fraction = std::to_string(time_ns % ns_per_s / ns_per_ms);
    fraction.insert(0, 3 - fraction.size(), '0');
    return std::string(text.data(), length) + "." + fraction;
}

void print_event(const Options& options, const Event& event) {
    if (options.json) {
        std::cout << event_value(event).dump(options.pretty) << "\n" << std::flush;
        return;
    }
    if (options.timestamps) {
        std::cout << "[" << time_text(event.time_ns) << "] ";
    }
    std::cout << event.object << " " << utf8::printable(event.name) << " "
              << utf8::printable(event.what);
    const char* separator = " lanes ";
    for (const auto lane : event.lanes) {
        std::cout << std::exchange(separator, ",") << lane;
    }
    for (const auto& [key, value] : event.details) {
        std::cout << " " << utf8::printable(key) << " " << utf8::printable(value);
    }
    std::cout << "\n" << std::flush;
}

} // namespace

Json event_value(const Event& event) {
    ObjectBuilder item;
    item.add("time_ns", event.time_ns)
        .add("object", event.object)
        .add("name", event.name)
        .add("event", event.what);
    if (!event.lanes.empty()) {
        item.add("lanes", Json::Array(event.lanes.begin(), event.lanes.end()));
    }
    for (const auto& [key, value] : event.details) {
        item.add(key, value);
    }
    return item.done();
}

Exit monitor(Context& context, const Words& words) {
    const bool all = words.given().empty() || words.find("all") != nullptr;
    if (const auto watching = context.client.watch(); !watching) {
        return report(watching.error());
    }
    struct sigaction action{};
    action.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    while (stopped == 0 && std::cout) {
        const auto events = context.client.events(std::chrono::milliseconds(1000));
        if (!events) {
            return report(events.error());
        }
        for (const auto& event : *events) {
            if (all || words.find(event.object) != nullptr) {
                print_event(context.options, event);
            }
        }
    }
    return Exit::ok;
}

} // namespace mo::ofctl
