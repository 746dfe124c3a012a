// SPDX-License-Identifier: GPL-2.0-or-later
// Commands that show: NICs, links, counters.
#include <array>
#include <cerrno>
#include <cstdio>

#include "control/command.hpp"
#include "control/counters.hpp"
#include "engine/host.hpp"
#include "nic/fault.hpp"
#include "system.hpp"

namespace mo::control {

namespace {

using engine::EnginePause;

/// Names of values in the X-macro tables of driver/hw, in lower case.
std::string lower(std::string text) {
    for (char& c : text) {
        c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

std::string unknown(std::uint64_t value) {
    return "unknown-" + std::to_string(value);
}

std::string mgmt_state(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case (number):                                                                                 \
        return lower(#name);
        MO_MGMT_STATES(X)
#undef X
    default:
        return unknown(value);
    }
}

std::string fw_error(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case (number):                                                                                 \
        return lower(#name);
        MO_FW_ERRORS(X)
#undef X
    default:
        return unknown(value);
    }
}

std::string fatal(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case (number):                                                                                 \
        return lower(#name);
        MO_FATALS(X)
#undef X
    default:
        return unknown(value);
    }
}

std::string link_fsm(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case (number):                                                                                 \
        return lower(#name);
        MO_LINK_FSM(X)
#undef X
    default:
        return unknown(value);
    }
}

std::string link_reason(std::uint32_t value) {
    switch (value) {
#define X(name, number, ext, sub, blame, text)                                                     \
    case (number):                                                                                 \
        return lower(#name);
        MO_LINK_REASONS(X)
#undef X
    default:
        return unknown(value);
    }
}

Json features(std::uint64_t bits) {
    Json out = Json::array();
#define X(name, bit, text)                                                                         \
    if ((bits & (std::uint64_t{1} << (bit))) != 0) {                                               \
        out.push(lower(#name));                                                                    \
    }
    MO_FEATURES(X)
#undef X
    return out;
}

std::string mac_text(const std::array<std::uint8_t, 6>& mac) {
    std::array<char, 18> text{};
    (void)std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
                        mac[2], mac[3], mac[4], mac[5]);
    return text.data();
}

std::string version_text(std::uint32_t version) {
    constexpr std::uint32_t byte = 0xff;
    return std::to_string(version >> 16U) + "." + std::to_string((version >> 8U) & byte) + "." +
           std::to_string(version & byte);
}

Json firmware(ofemu::NicUnit& unit) {
    nic::MgmtBridge& mgmt = unit.nic().mgmt();
    Json out = Json::object();
    out.set("state", mgmt_state(mgmt.state())).set("error", fw_error(mgmt.error()));
    out.set("version", mgmt.version() == 0 ? Json() : Json(version_text(mgmt.version())));
    out.set("heartbeat", mgmt.heartbeat());
    return out;
}

Json link_state(ofemu::NicUnit& unit) {
    const hw::mo_link_state& link = unit.nic().mgmt().link();
    const nic::PortState& gate = unit.nic().port(0);
    Json out = Json::object();
    out.set("carrier", link.carrier != 0).set("admin_up", link.admin_up != 0);
    out.set("state", link_fsm(link.fsm)).set("reason", link_reason(link.reason));
    out.set("last_reason", link_reason(link.last_reason));
    out.set("speed_mbps", link.speed_mbps.value()).set("down_count", link.down_count.value());
    out.set("mac_receive", gate.receive).set("mac_transmit", gate.transmit);
    return out;
}

std::string qp_type(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case (number):                                                                                 \
        return lower(#name);
        MO_QP_TYPES(X)
#undef X
    default:
        return unknown(value);
    }
}

std::string qp_state(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case (number):                                                                                 \
        return lower(#name);
        MO_QP_STATES(X)
#undef X
    default:
        return unknown(value);
    }
}

std::string qp_error(std::uint32_t value) {
    switch (value) {
#define X(name, number, text)                                                                      \
    case (number):                                                                                 \
        return lower(#name);
        MO_QP_ERRORS(X)
#undef X
    default:
        return unknown(value);
    }
}

Json show_qp(const nic::rdma::Qp& qp) {
    const hw::mo_qp_attr attr = qp.query();
    Json out = Json::object();
    out.set("qp", qp.number()).set("type", qp_type(qp.config.type));
    out.set("state", qp_state(qp.state)).set("error", qp_error(qp.error));
    out.set("send_posted", attr.sq_tail - attr.sq_head).set("send_head", attr.sq_head.value());
    out.set("receive_head", attr.rq_head.value());
    if (qp.connected()) {
        out.set("peer", attr.dest_qp.value()).set("mtu", attr.path_mtu.value());
        out.set("loopback", qp.path.loopback);
        out.set("sq_psn", attr.sq_psn.value()).set("rq_psn", attr.rq_psn.value());
        out.set("unanswered", qp.send.in_flight()).set("retries", qp.send.retries);
    }
    return out;
}

Json show_rdma(ofemu::NicUnit& unit) {
    Json qps = Json::array();
    unit.rdma().for_each_qp([&qps](const nic::rdma::Qp& qp) { qps.push(show_qp(qp)); });
    Json out = Json::object();
    out.set("keys", unit.rdma().key_count()).set("qps", std::move(qps));
    return out;
}

/// What was broken by command and no other output shows.
Json faults(const optics::Port& port) {
    Json ages = Json::array();
    for (unsigned lane = 0; port.plugged() && lane < port.lanes(); ++lane) {
        ages.push(port.laser_age(lane));
    }
    Json out = Json::object();
    out.set("laser_age", std::move(ages)).set("spoiled_adaptations", port.spoiled_adaptations());
    out.set("burst", port.burst());
    return out;
}

Json show_nic(ofemu::NicUnit& unit) {
    nic::Nic& nic = unit.nic();
    Json queues = Json::object();
    queues.set("event", nic.queues().eq_count()).set("completion", nic.queues().cq_count());
    queues.set("objects", nic.objects().live());
    std::string lie = "off";
    for (const nic::LieName& row : nic::lie_names) {
        if (row.lie == nic.liar().mode()) {
            lie = row.option;
        }
    }
    Json out = Json::object();
    out.set("name", unit.name()).set("board", unit.entry().board);
    out.set("serial", unit.entry().serial).set("mac", mac_text(unit.entry().mac));
    out.set("socket", unit.entry().socket);
    out.set("client", unit.server() != nullptr && unit.server()->connected());
    out.set("bus_master", nic.function().dma().bus_master());
    out.set("dma_maps", nic.function().dma().map_count());
    out.set("dma_bytes", nic.function().dma().mapped_bytes());
    out.set("admin_queue", nic.admin_on()).set("features", features(nic.accepted_features()));
    out.set("fatal", fatal(nic.fatal_reason())).set("queues", std::move(queues));
    out.set("rdma", show_rdma(unit));
    out.set("firmware", firmware(unit)).set("link", link_state(unit));
    out.set("module", unit.port().plugged()).set("faults", faults(unit.port()));
    out.set("gone", !nic.function().present()).set("lie", lie);
    out.set("drop_doorbells", nic.doorbells().dropping());
    return out;
}

Json show_link(ofemu::LinkUnit& unit, std::uint64_t now_ns) {
    Json out = Json::object();
    out.set("name", unit.name());
    Json ends = Json::array();
    ends.push(unit.entry().ends[0]).push(unit.entry().ends[1]);
    out.set("ends", std::move(ends)).set("length_m", unit.entry().length_m);
    out.set("delay_ns", unit.fibre().delay_ns());
    for (const bool from_a : {true, false}) {
        const auto way = from_a ? optics::Direction::from_a : optics::Direction::from_b;
        const auto end = from_a ? fabric::End::a : fabric::End::b;
        const fabric::ImpairmentConfig& impairment = unit.link().impairment(end);
        Json lanes = Json::array();
        for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
            lanes.push(unit.fibre().loss_db(way, lane));
        }
        Json direction = Json::object();
        direction.set("light", unit.fibre().path_open(way, now_ns));
        direction.set("cut_lanes", unit.fibre().cut_lanes(way));
        direction.set("loss_db", std::move(lanes));
        direction.set("frame_loss", unit.fibre().frame_loss(way, 1518, now_ns));
#define X(name, text) direction.set(#name, impairment.name);
        MO_IMPAIRMENTS(X)
#undef X
        direction.set("seed", impairment.seed);
        out.set(from_a ? "from_a" : "from_b", std::move(direction));
    }
    const fabric::Capture* const capture = unit.link().capture();
    out.set("pcap", capture != nullptr ? Json(capture->path()) : Json());
    return out;
}

/// The units of a kind, or the one of that name.
template <typename Units, typename Show>
Result<Json> list(const Units& units, const std::optional<std::string>& name, const char* kind,
                  Show&& show) {
    Json out = Json::array();
    for (const auto& unit : units) {
        if (!name || unit->name() == *name) {
            out.push(show(*unit));
        }
    }
    if (name && out.as_array()->empty()) {
        return fail(ENOENT, "there is no " + std::string(kind) + " \"" + *name + "\"");
    }
    return out;
}

Result<Json> show_counters(Context& context, const std::optional<std::string>& name) {
    Json all = subtract(collect_counters(context.system), context.counters_base);
    if (!name) {
        return all;
    }
    for (const char* const kind : {"nics", "links", "foreign"}) {
        if (const Json* const found = all.find(kind)->find(*name); found != nullptr) {
            return *found;
        }
    }
    return fail(ENOENT, "there is no NIC, link or foreign peer \"" + *name + "\"");
}

Result<Json> show(Context& context, Arguments& arguments) {
    const std::string what = arguments.optional_word().value_or("all");
    const std::optional<std::string> name = arguments.optional_word();
    if (what != "all" && what != "nics" && what != "links" && what != "counters") {
        arguments.reject("can show nics, links or counters, not \"" + what + "\"");
    }
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    if (what == "counters") {
        return show_counters(context, name);
    }
    Json out = Json::object();
    const EnginePause pause(context.system.engine());
    const std::uint64_t now_ns = context.system.engine().now_ns();
    if (what != "links") {
        auto nics = list(context.system.nics(), name, "NIC", show_nic);
        if (!nics) {
            return nics;
        }
        out.set("nics", std::move(*nics));
    }
    if (what != "nics") {
        auto links = list(context.system.links(), name, "link",
                          [now_ns](ofemu::LinkUnit& unit) { return show_link(unit, now_ns); });
        if (!links) {
            return links;
        }
        out.set("links", std::move(*links));
    }
    if (what == "all") {
        Json engine = Json::object();
        constexpr std::uint64_t ns_per_us = 1000;
        engine.set("spin_us", context.system.engine().spin_ns() / ns_per_us);
        engine.set("idle_poll_us", context.system.engine().idle_poll().hold_ns() / ns_per_us);
        engine.set("time_ns", now_ns);
        out.set("engine", std::move(engine));
    }
    return out;
}

Result<Json> reset_counters(Context& context, Arguments& arguments) {
    if (const auto good = arguments.finish(); !good) {
        return Unexpected{good.error()};
    }
    context.counters_base = collect_counters(context.system);
    return Json::object();
}

constexpr std::array commands{
    Command{"show", "[nics|links|counters] [NAME]", "state of NICs and links, or counters", show},
    Command{"reset-counters", "", "count from zero again", reset_counters},
};

} // namespace

std::span<const Command> show_commands() {
    return commands;
}

} // namespace mo::control
