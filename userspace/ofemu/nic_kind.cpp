// SPDX-License-Identifier: GPL-2.0-or-later
// NICs in configurations and answers.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <utility>

#include "nic/fault.hpp"
#include "nic_unit.hpp"
#include "yaml_reader.hpp"

namespace mo::ofemu {

using namespace yaml;

namespace {

constexpr std::size_t longest_serial = 31;

std::string text_of(const std::array<std::uint8_t, 6>& mac) {
    return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

std::array<std::uint8_t, 6> mac_address(const YAML::Node& node) {
    const std::string text = scalar(node, "mac");
    std::array<std::uint8_t, 6> mac{};
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < mac.size(); ++i) {
        const std::string octet = text.substr(3 * i, 2);
        good = octet.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos &&
               (i + 1 == mac.size() || text[3 * i + 2] == ':');
        if (good) {
            mac[i] = static_cast<std::uint8_t>(std::stoul(octet, nullptr, 16));
        }
    }
    if (!good || (mac[0] & 1U) != 0 || mac == std::array<std::uint8_t, 6>{}) {
        reject(node,
               "mac must be a unicast address such as 02:00:00:00:00:01, not \"" + text + "\"");
    }
    return mac;
}

std::shared_ptr<NodeEntry> parse(const YAML::Node& node, Used& used) {
    auto made = std::make_shared<NicEntry>();
    NicEntry& entry = *made;
    walk(node, "a NIC",
         {{"name", [&](const YAML::Node& value) { entry.name = name_of(value, "name"); }},
          {"socket",
           [&](const YAML::Node& value) {
               entry.socket = socket_path(value, "socket");
               used.once(value, "socket", entry.socket);
           }},
          {"mac",
           [&](const YAML::Node& value) {
               entry.mac = mac_address(value);
               used.once(value, "mac", text_of(entry.mac));
           }},
          {"serial",
           [&](const YAML::Node& value) {
               entry.serial = scalar(value, "serial");
               if (entry.serial.empty() || entry.serial.size() > longest_serial) {
                   reject(value, "serial must be 1 to 31 characters long");
               }
               used.once(value, "serial", entry.serial);
           }},
          {"board",
           [&](const YAML::Node& value) {
               entry.board = scalar(value, "board");
               if (nic::find_board(entry.board) == nullptr) {
                   reject(value, "board \"" + entry.board + "\" is not known; known are: " +
                                     listed(nic::all_boards(),
                                            [](const auto& board) { return board.name; }));
               }
           }},
          {"port",
           [&](const YAML::Node& value) {
               const std::string text = scalar(value, "port");
               if (text != "optical" && text != "ideal") {
                   reject(value, "port must be optical or ideal, not \"" + text + "\"");
               }
               entry.ideal_port = text == "ideal";
           }},
          {"vectors",
           [&](const YAML::Node& value) {
               entry.vectors = number<std::uint16_t>(value, "vectors", 1, MO_MAX_VECTORS, "");
           }}},
         {"name", "socket"});
    if (entry.board.empty()) {
        entry.board = nic::all_boards().front().name;
    }
    return made;
}

/// Addresses and serial numbers of the NICs that the file gives none: by their place in it, or the
/// next that no NIC has. After all of them, so that what the file gives goes first.
void complete(const NodeKind::Entries& entries, Used& used) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        auto& entry = static_cast<NicEntry&>(*entries[i]); // this kind has parsed it
        const auto place = static_cast<std::uint32_t>(i) + 1;
        for (std::uint32_t n = place; entry.mac == std::array<std::uint8_t, 6>{}; ++n) {
            const std::array<std::uint8_t, 6> mac = {0x02,
                                                     0x4d,
                                                     0x4f, // locally administered
                                                     static_cast<std::uint8_t>(n >> 16U),
                                                     static_cast<std::uint8_t>(n >> 8U),
                                                     static_cast<std::uint8_t>(n)};
            if (used.take("mac", text_of(mac))) {
                entry.mac = mac;
            }
        }
        for (std::uint32_t n = place; entry.serial.empty(); ++n) {
            constexpr std::size_t width = 4;
            std::string digits = std::to_string(n);
            digits.insert(0, width - std::min(width, digits.size()), '0');
            if (used.take("serial", "MO-" + digits)) {
                entry.serial = "MO-" + digits;
            }
        }
    }
}

Result<std::unique_ptr<Node>> build(Workshop& workshop, const NodeEntry& entry) {
    auto unit = std::make_unique<NicUnit>(workshop.config, static_cast<const NicEntry&>(entry),
                                          workshop.rom, workshop.engine);
    if (const auto listening = unit->listen(); !listening) {
        return Unexpected{listening.error()};
    }
    return std::unique_ptr<Node>(std::move(unit));
}

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

Json firmware(NicUnit& unit) {
    nic::MgmtBridge& mgmt = unit.nic().mgmt();
    Json out = Json::object();
    out.set("state", mgmt_state(mgmt.state())).set("error", fw_error(mgmt.error()));
    out.set("version", mgmt.version() == 0 ? Json() : Json(version_text(mgmt.version())));
    out.set("heartbeat", mgmt.heartbeat());
    return out;
}

Json link_state(NicUnit& unit) {
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
    if (qp.policy.connected) {
        out.set("peer", attr.dest_qp.value()).set("mtu", attr.path_mtu.value());
        out.set("loopback", qp.path.loopback);
        out.set("sq_psn", attr.sq_psn.value()).set("rq_psn", attr.rq_psn.value());
        out.set("unanswered", qp.send.in_flight()).set("retries", qp.send.retries);
    }
    return out;
}

Json show_rdma(NicUnit& unit) {
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

Json pcie_counters(NicUnit& unit) {
    pcie::Function& function = unit.nic().function();
    const pcie::FunctionCounters& counters = function.counters();
    Json reads = Json::object(), writes = Json::object();
    for (unsigned bar = 0; bar < counters.mmio_reads.size(); ++bar) {
        if (function.bar_size(bar) != 0) {
            const std::string name = "bar" + std::to_string(bar);
            reads.set(name, counters.mmio_reads[bar].value());
            writes.set(name, counters.mmio_writes[bar].value());
        }
    }
    Json out = Json::object();
    out.set("mmio_reads", reads).set("mmio_writes", writes);
    out.set("config_reads", counters.config_reads.value());
    out.set("config_writes", counters.config_writes.value());
    out.set("refused", counters.refused.value()).set("resets", counters.resets.value());
    return out;
}

Json interrupt_counters(NicUnit& unit) {
    const pcie::MsixVectors& vectors = unit.nic().function().msix();
    Json by_vector = Json::object();
    for (std::uint32_t vector = 0; vector < vectors.count(); ++vector) {
        if (vectors.delivered(vector) != 0) {
            by_vector.set(std::to_string(vector), vectors.delivered(vector));
        }
    }
    Json out = Json::object();
    out.set("delivered", vectors.delivered_total()).set("dropped", vectors.dropped_total());
    out.set("vectors", by_vector);
    return out;
}

Json dma_counters(NicUnit& unit) {
    const pcie::DmaCounters& counters = unit.nic().function().dma().counters();
    Json out = Json::object();
    out.set("reads", counters.reads.value()).set("read_bytes", counters.read_bytes.value());
    out.set("writes", counters.writes.value()).set("write_bytes", counters.write_bytes.value());
    out.set("faults", counters.faults.value()).set("maps", counters.maps.value());
    out.set("unmaps", counters.unmaps.value()).set("lost", counters.lost.value());
    return out;
}

Json port_counters(NicUnit& unit) {
    hw::mo_port_stats stats{};
    unit.eth().read_stats(0, stats);
    Json out = Json::object();
#define X(name, text) out.set(#name, stats.name.value());
    MO_PORT_COUNTERS(X)
#undef X
    return out;
}

Json rdma_counters(NicUnit& unit) {
    const nic::rdma::RdmaCounters& counters = unit.rdma().counters();
    Json out = Json::object();
#define X(name, text) out.set(#name, counters.name);
    MO_RDMA_COUNTERS(X)
#undef X
    return out;
}

Json core_counters(NicUnit& unit) {
    const mgmt::SocCounters counters = unit.soc().counters();
    Json out = Json::object();
    out.set("instructions", counters.instructions).set("waits", counters.waits);
    out.set("exceptions", counters.exceptions).set("interrupts", counters.interrupts);
    out.set("resets", counters.resets).set("crashes", counters.crashes);
    out.set("watchdog_expiries", counters.watchdog_expiries);
    out.set("mailbox_requests", counters.mailbox_requests);
    out.set("mailbox_responses", counters.mailbox_responses);
    out.set("host_events", counters.host_events);
    out.set("link_publications", counters.link_publications);
    out.set("i2c_transfers", counters.i2c_transfers).set("i2c_nacks", counters.i2c_nacks);
    out.set("flash_erases", counters.flash_erases).set("flash_programs", counters.flash_programs);
    return out;
}

} // namespace

const NodeKind nic_kind{"nics", "NIC", true, parse, complete, build};

Json NicUnit::describe(std::uint64_t /*now_ns*/) {
    Json queues = Json::object();
    queues.set("event", nic_.queues().eq_count()).set("completion", nic_.queues().cq_count());
    queues.set("objects", nic_.objects().live());
    std::string lie = "off";
    for (const nic::LieName& row : nic::lie_names) {
        if (row.lie == nic_.liar().mode()) {
            lie = row.option;
        }
    }
    Json out = Json::object();
    out.set("name", name()).set("board", entry_.board);
    out.set("serial", entry_.serial).set("mac", mac_text(entry_.mac));
    out.set("socket", entry_.socket);
    out.set("client", server_ != nullptr && server_->connected());
    out.set("bus_master", nic_.function().dma().bus_master());
    out.set("dma_maps", nic_.function().dma().map_count());
    out.set("dma_bytes", nic_.function().dma().mapped_bytes());
    out.set("admin_queue", nic_.admin_on()).set("features", features(nic_.accepted_features()));
    out.set("fatal", fatal(nic_.fatal_reason())).set("queues", std::move(queues));
    out.set("rdma", show_rdma(*this));
    out.set("firmware", firmware(*this)).set("link", link_state(*this));
    out.set("port", ideal_ ? "ideal" : "optical");
    if (full_) {
        out.set("module", full_->port.plugged()).set("faults", faults(full_->port));
    }
    out.set("gone", !nic_.function().present()).set("lie", lie);
    out.set("drop_doorbells", nic_.doorbells().dropping());
    return out;
}

Json NicUnit::counters() {
    Json device = Json::object();
    nic_.counters().for_each(
        [&device](const char* name, const char* /*text*/, const Counter& counter) {
            device.set(name, counter.value());
        });
    device.set("lies", nic_.liar().told());
    Json out = Json::object();
    out.set("device", std::move(device)).set("pcie", pcie_counters(*this));
    out.set("interrupts", interrupt_counters(*this));
    out.set("dma", dma_counters(*this)).set("port", port_counters(*this));
    out.set("rdma", rdma_counters(*this));
    if (full_) {
        out.set("core", core_counters(*this));
    }
    if (server_ != nullptr) {
        const vfio_user::ServerCounters& counters = server_->counters();
        Json transport = Json::object();
        transport.set("connections", counters.connections.value());
        transport.set("messages", counters.messages.value());
        transport.set("posted_writes", counters.posted_writes.value());
        transport.set("receive_calls", counters.receive_calls.value());
        transport.set("errors", counters.errors.value());
        out.set("transport", std::move(transport));
    }
    return out;
}

Json NicUnit::early_counters() {
    Json registers = Json::object();
    nic_.registers().for_each([&registers](const nic::ControlRegisters::Row& row) {
        Json counts = Json::object();
        counts.set("reads", row.reads).set("writes", row.writes);
        registers.set(row.name, std::move(counts));
    });
    registers.set("unknown", nic_.registers().unknown_accesses());
    return Json(Json::Object{{"registers", std::move(registers)}});
}

} // namespace mo::ofemu
