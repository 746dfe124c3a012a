// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/counters.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "engine/host.hpp"
#include "system.hpp"

namespace mo::control {

namespace {

Json pcie_counters(ofemu::NicUnit& unit) {
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

Json register_counters(ofemu::NicUnit& unit) {
    Json out = Json::object();
    unit.nic().registers().for_each([&out](const nic::ControlRegisters::Row& row) {
        Json counts = Json::object();
        counts.set("reads", row.reads).set("writes", row.writes);
        out.set(row.name, std::move(counts));
    });
    out.set("unknown", unit.nic().registers().unknown_accesses());
    return out;
}

Json interrupt_counters(ofemu::NicUnit& unit) {
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

Json dma_counters(ofemu::NicUnit& unit) {
    const pcie::DmaCounters& counters = unit.nic().function().dma().counters();
    Json out = Json::object();
    out.set("reads", counters.reads.value()).set("read_bytes", counters.read_bytes.value());
    out.set("writes", counters.writes.value()).set("write_bytes", counters.write_bytes.value());
    out.set("faults", counters.faults.value()).set("maps", counters.maps.value());
    out.set("unmaps", counters.unmaps.value());
    return out;
}

Json port_counters(ofemu::NicUnit& unit) {
    hw::mo_port_stats stats{};
    unit.eth().read_stats(0, stats);
    Json out = Json::object();
#define X(name, text) out.set(#name, stats.name.value());
    MO_PORT_COUNTERS(X)
#undef X
    return out;
}

Json rdma_counters(ofemu::NicUnit& unit) {
    const nic::rdma::RdmaCounters& counters = unit.rdma().counters();
    Json out = Json::object();
#define X(name, text) out.set(#name, counters.name);
    MO_RDMA_COUNTERS(X)
#undef X
    return out;
}

Json core_counters(ofemu::NicUnit& unit) {
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

Json nic_counters(ofemu::NicUnit& unit, Json registers) {
    Json device = Json::object();
    unit.nic().counters().for_each(
        [&device](const char* name, const char* /*text*/, const Counter& counter) {
            device.set(name, counter.value());
        });
    device.set("lies", unit.nic().liar().told());
    Json out = Json::object();
    out.set("device", std::move(device)).set("pcie", pcie_counters(unit));
    out.set("registers", std::move(registers)).set("interrupts", interrupt_counters(unit));
    out.set("dma", dma_counters(unit)).set("port", port_counters(unit));
    out.set("rdma", rdma_counters(unit)).set("core", core_counters(unit));
    if (const vfio_user::Server* const server = unit.server(); server != nullptr) {
        const vfio_user::ServerCounters& counters = server->counters();
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

Json link_counters(ofemu::LinkUnit& unit) {
    Json out = Json::object();
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        const fabric::LinkCounters& counters = unit.link().counters(end);
        Json direction = Json::object();
#define X(name, text) direction.set(#name, counters.name);
        MO_LINK_COUNTERS(X)
#undef X
        out.set(end == fabric::End::a ? "from_a" : "from_b", std::move(direction));
    }
    return out;
}

Json foreign_counters(const ofemu::ForeignUnit& unit) {
    Json out = Json::object();
    if (unit.stream() != nullptr) {
        const fabric::StreamCounters& counters = unit.stream()->counters();
#define X(name, text) out.set(#name, counters.name);
        MO_STREAM_COUNTERS(X)
#undef X
    }
    return out;
}

} // namespace

Json collect_counters(ofemu::System& system) {
    const engine::EngineCounters& scheduling = system.engine().counters();
    Json engine = Json::object();
    engine.set("rounds", scheduling.rounds.value()).set("sleeps", scheduling.sleeps.value());
    engine.set("served", scheduling.served.value());
    engine.set("wakeups", scheduling.wakeups.value()).set("rescued", scheduling.rescued.value());
    engine.set("stalls", scheduling.stalls.value());
    Json nics = Json::object(), links = Json::object(), foreign = Json::object();
    // Before the pause: a control thread that writes a register holds it and waits for the engine.
    std::vector<Json> registers;
    for (const auto& unit : system.nics()) {
        registers.push_back(register_counters(*unit));
    }
    const engine::EnginePause pause(system.engine());
    for (std::size_t i = 0; i < registers.size(); ++i) {
        ofemu::NicUnit& unit = *system.nics()[i];
        nics.set(unit.name(), nic_counters(unit, std::move(registers[i])));
    }
    for (const auto& unit : system.links()) {
        links.set(unit->name(), link_counters(*unit));
    }
    for (const auto& unit : system.foreign()) {
        foreign.set(unit->name(), foreign_counters(*unit));
    }
    Json out = Json::object();
    out.set("engine", std::move(engine)).set("nics", std::move(nics));
    out.set("links", std::move(links)).set("foreign", std::move(foreign));
    return out;
}

Json subtract(const Json& now, const Json& base) {
    if (const Json::Object* const members = now.as_object(); members != nullptr) {
        Json out = Json::object();
        for (const auto& [name, value, show] : *members) {
            const Json* const before = base.find(name);
            out.set(name, before != nullptr ? subtract(value, *before) : value, show);
        }
        return out;
    }
    if (now.is_number() && base.is_number()) {
        return Json(now.integer() - base.integer());
    }
    return now;
}

} // namespace mo::control
