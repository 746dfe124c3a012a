// SPDX-License-Identifier: GPL-2.0-or-later
// Links in configurations and answers.
#include "fabric/capture.hpp"
#include "link_entry.hpp"
#include "link_unit.hpp"
#include "yaml_reader.hpp"

namespace mo::ofemu {

using namespace yaml;

namespace {

constexpr double longest_m = 100'000;
constexpr double largest_loss_db = 60;

/// NODE, or NODE:PORT.
PortRef port_ref(const YAML::Node& node) {
    constexpr unsigned largest_port = 65535;
    const std::string text = scalar(node, "an end");
    const auto colon = text.find(':');
    if (colon == std::string::npos) {
        return {name_of(node, "an end"), 0};
    }
    YAML::Node name(text.substr(0, colon)), port(text.substr(colon + 1));
    try {
        return {name_of(name, "an end"),
                number<unsigned>(port, "an end's port", 0, largest_port, "")};
    } catch (const Mistake& mistake) { // the parts have no place in the file
        reject(node, mistake.what());
    }
}

std::string text_of(const PortRef& end) {
    return end.port == 0 ? end.node : end.node + ":" + std::to_string(end.port);
}

} // namespace

LinkEntry parse_link(const YAML::Node& node, yaml::Used& used) {
    LinkEntry entry;
    walk(node, "a link",
         {{"name",
           [&](const YAML::Node& value) {
               entry.name = name_of(value, "name");
               used.once(value, "link name", entry.name);
           }},
          {"ends",
           [&](const YAML::Node& value) {
               if (!value.IsSequence() || value.size() != 2) {
                   reject(value, "ends must be a list of two names");
               }
               for (std::size_t i = 0; i < 2; ++i) {
                   entry.ends[i] = port_ref(value[i]);
               }
           }},
          {"length_m",
           [&](const YAML::Node& value) {
               entry.length_m = number<double>(value, "length_m", 0, longest_m, " m");
           }},
          {"loss_db",
           [&](const YAML::Node& value) {
               entry.loss_db = number<double>(value, "loss_db", 0, largest_loss_db, " dB");
           }},
          {"attenuation_db",
           [&](const YAML::Node& value) {
               entry.attenuation_db =
                   number<double>(value, "attenuation_db", 0, largest_loss_db, " dB");
           }}},
         {"name", "ends"});
    return entry;
}

Json LinkUnit::describe(std::uint64_t now_ns) {
    Json out = Json::object();
    out.set("name", name());
    Json ends = Json::array();
    for (const PortRef& end : entry_.ends) {
        ends.push(text_of(end));
    }
    out.set("ends", std::move(ends)).set("length_m", entry_.length_m);
    out.set("delay_ns", fibre_.delay_ns());
    for (const bool from_a : {true, false}) {
        const auto way = from_a ? optics::Direction::from_a : optics::Direction::from_b;
        const auto end = from_a ? fabric::End::a : fabric::End::b;
        const fabric::ImpairmentConfig& impairment = link_.impairment(end);
        Json direction = Json::object();
        direction.set("light", open(end, now_ns));
        direction.set("cut_lanes", fibre_.cut_lanes(way));
        if (!ideal()) {
            Json lanes = Json::array();
            for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
                lanes.push(fibre_.loss_db(way, lane));
            }
            direction.set("loss_db", std::move(lanes));
            direction.set("frame_loss", fibre_.frame_loss(way, 1518, now_ns));
        }
#define X(name, text) direction.set(#name, impairment.name);
        MO_IMPAIRMENTS(X)
#undef X
        direction.set("seed", impairment.seed);
        out.set(from_a ? "from_a" : "from_b", std::move(direction));
    }
    const fabric::Capture* const capture = link_.capture();
    out.set("pcap", capture != nullptr ? Json(capture->path()) : Json());
    return out;
}

Json LinkUnit::counters() const {
    Json out = Json::object();
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        const fabric::LinkCounters& counters = link_.counters(end);
        Json direction = Json::object();
#define X(name, text) direction.set(#name, counters.name);
        MO_LINK_COUNTERS(X)
#undef X
        out.set(end == fabric::End::a ? "from_a" : "from_b", std::move(direction));
    }
    return out;
}

} // namespace mo::ofemu
