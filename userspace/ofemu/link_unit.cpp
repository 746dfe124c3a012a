// SPDX-License-Identifier: GPL-2.0-or-later
#include "link_unit.hpp"

#include "common/random.hpp"

namespace mo::ofemu {

namespace {

constexpr std::uint64_t shortest_delay_ns = 1000;

optics::FibreConfig fibre_config(const Config& config, const LinkEntry& entry) {
    optics::FibreConfig out;
    out.length_m = entry.length_m;
    out.connector_db = entry.loss_db / 2;
    out.seed = seed_of(config.seed, entry.name);
    return out;
}

constexpr optics::End optical(fabric::End end) noexcept {
    return end == fabric::End::a ? optics::End::a : optics::End::b;
}

constexpr optics::Direction direction(fabric::End from) noexcept {
    return from == fabric::End::a ? optics::Direction::from_a : optics::Direction::from_b;
}

} // namespace

LinkUnit::LinkUnit(const Config& config, const LinkEntry& entry, engine::Engine& engine)
    : entry_(entry), engine_(engine), fibre_(fibre_config(config, entry)), link_(entry.name) {
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        // Less than a round of the engine is no delay: frames then pass without a copy.
        const std::uint64_t delay_ns = fibre_.delay_ns();
        link_.set_delay(end, delay_ns < shortest_delay_ns ? 0 : delay_ns);
        fabric::ImpairmentConfig impairment;
        impairment.seed = seed_of(config.seed, entry.name + (end == fabric::End::a ? "/a" : "/b"));
        link_.set_impairment(end, impairment);
        if (entry.attenuation_db != 0) {
            fibre_.attenuate(direction(end), entry.attenuation_db, engine_.now_ns());
        }
    }
    link_.set_path(this);
    fibre_.on_cut([this] { show_ideal_ends(); });
    engine_.add(*this, engine::Attendance::on_call);
}

LinkUnit::~LinkUnit() {
    engine_.remove(*this);
    disconnect();
}

void LinkUnit::connect(fabric::End end, optics::Port& port, const fabric::Gate* gate) {
    gates_[static_cast<std::size_t>(end)] = gate;
    fibre_.connect(optical(end), &port, engine_.now_ns());
}

void LinkUnit::connect(fabric::End end, fabric::IdealPort& port, const fabric::Gate* gate) {
    gates_[static_cast<std::size_t>(end)] = gate;
    ideal_[static_cast<std::size_t>(end)] = &port;
    port.on_change([this] { show_ideal_ends(); });
    show_ideal_ends();
}

/// Tells both ends what arrives.
void LinkUnit::show_ideal_ends() {
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        fabric::IdealPort* const here = ideal_[static_cast<std::size_t>(end)];
        const fabric::IdealPort* const there = ideal_[static_cast<std::size_t>(other(end))];
        if (here != nullptr) {
            const bool arrives = there != nullptr && whole(other(end));
            here->see(arrives ? there->sent() : fabric::IdealPort::Signal{},
                      there != nullptr && whole(end));
        }
    }
}

bool LinkUnit::whole(fabric::End from) const {
    return fibre_.cut_lanes(direction(from)) == 0;
}

bool LinkUnit::open(fabric::End from, std::uint64_t now_ns) {
    return ideal() ? whole(from) : fibre_.path_open(direction(from), now_ns);
}

void LinkUnit::disconnect() {
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        if (fabric::IdealPort*& port = ideal_[static_cast<std::size_t>(end)]; port != nullptr) {
            port->on_change({});
            port = nullptr;
        }
        link_.attach(end, nullptr);
        fibre_.connect(optical(end), nullptr, engine_.now_ns());
    }
}

fabric::PathState LinkUnit::state(fabric::End from) {
    const fabric::Gate* const sender = gates_[static_cast<std::size_t>(from)];
    const fabric::Gate* const receiver = gates_[static_cast<std::size_t>(other(from))];
    const bool gates =
        (sender == nullptr || sender->transmit) && (receiver == nullptr || receiver->receive);
    if (ideal()) {
        return {gates && whole(from), 0, 0};
    }
    const optics::Fibre::Path& path = fibre_.path(direction(from), engine_.round_ns());
    return {gates && path.open, path.hazard.per_frame, path.hazard.per_byte};
}

bool LinkUnit::poll(std::uint64_t now_ns, unsigned /*budget*/) {
    if (link_.next_deadline_ns() > now_ns) {
        return false;
    }
    link_.advance(now_ns);
    return true;
}

std::uint64_t LinkUnit::next_deadline_ns(std::uint64_t /*now_ns*/) {
    return link_.next_deadline_ns();
}

} // namespace mo::ofemu
