// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/fibre.hpp"

#include <algorithm>
#include <cmath>

#include "optics/physics.hpp"
#include "optics/port.hpp"
#include "optics/random.hpp"

namespace mo::optics {

namespace {

constexpr double ns_per_m = 4.89; // group index 1.467
constexpr std::uint32_t all_lanes = (1U << MO_MAX_LANES) - 1;

} // namespace

Fibre::Fibre(FibreConfig config) : config_(config) {
    Random random(config.seed);
    for (Way& way : ways_) {
        for (double& db : way.base_db) {
            db = std::max(0.0, 2.0 * config.connector_db +
                                   config.db_per_km * config.length_m / 1000.0 +
                                   config.spread_db * (2.0 * random.uniform() - 1.0));
        }
    }
}

Fibre::~Fibre() {
    for (Port* port : ports_) {
        if (port != nullptr) {
            port->detach();
        }
    }
}

Port* Fibre::source(Direction direction) const {
    return ports_[direction == Direction::from_a ? 0 : 1];
}

Port* Fibre::sink(Direction direction) const {
    return ports_[direction == Direction::from_a ? 1 : 0];
}

void Fibre::connect(End end, Port* port, std::uint64_t now_ns) {
    Port*& slot = ports_[static_cast<unsigned>(end)];
    if (slot != nullptr) {
        slot->detach();
        slot->receive(Line{}, now_ns);
    }
    slot = port;
    if (slot != nullptr) {
        slot->attach(*this, end);
    }
    for (Way& way : ways_) {
        way.path = {};
    }
    send(Direction::from_a, now_ns);
    send(Direction::from_b, now_ns);
}

std::uint64_t Fibre::delay_ns() const {
    return static_cast<std::uint64_t>(std::llround(config_.length_m * ns_per_m));
}

void Fibre::send(Direction direction, std::uint64_t arrival_ns) {
    Port* to = sink(direction);
    if (to == nullptr) {
        return;
    }
    const Port* from = source(direction);
    Line line = from != nullptr ? from->line() : Line{};
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        LaneLight& light = line.lane[lane];
        const bool dark = (way(direction).cut & (1U << lane)) != 0;
        const double ratio = dark ? 0.0 : db_to_ratio(-loss_db(direction, lane));
        light.power_mw *= ratio;
        light.oma_mw *= ratio;
    }
    to->receive(line, arrival_ns);
}

void Fibre::line_changed(End end, std::uint64_t now_ns) {
    send(end == End::a ? Direction::from_a : Direction::from_b, now_ns + delay_ns());
}

void Fibre::set_cut(Direction direction, std::uint32_t lanes, std::uint64_t now_ns) {
    way(direction).cut = lanes;
    send(direction, now_ns);
    if (cut_changed_) {
        cut_changed_();
    }
}

void Fibre::cut(Direction direction, std::uint64_t now_ns) {
    set_cut(direction, all_lanes, now_ns);
}

void Fibre::mend(Direction direction, std::uint64_t now_ns) {
    set_cut(direction, 0, now_ns);
}

void Fibre::cut_lane(Direction direction, unsigned lane, bool cut, std::uint64_t now_ns) {
    if (lane >= MO_MAX_LANES) {
        return;
    }
    const std::uint32_t mask = way(direction).cut;
    set_cut(direction, cut ? mask | 1U << lane : mask & ~(1U << lane), now_ns);
}

void Fibre::attenuate(Direction direction, double db, std::uint64_t now_ns) {
    way(direction).extra_db.fill(std::max(0.0, db));
    send(direction, now_ns);
}

void Fibre::attenuate_lane(Direction direction, unsigned lane, double db, std::uint64_t now_ns) {
    if (lane >= MO_MAX_LANES) {
        return;
    }
    way(direction).extra_db[lane] = std::max(0.0, db);
    send(direction, now_ns);
}

std::uint32_t Fibre::cut_lanes(Direction direction) const {
    return way(direction).cut;
}

double Fibre::extra_db(Direction direction, unsigned lane) const {
    return lane < MO_MAX_LANES ? way(direction).extra_db[lane] : 0.0;
}

double Fibre::loss_db(Direction direction, unsigned lane) const {
    return lane < MO_MAX_LANES ? way(direction).base_db[lane] + way(direction).extra_db[lane] : 0.0;
}

const Fibre::Path& Fibre::path(Direction direction, std::uint64_t now_ns) {
    Path& path = way(direction).path;
    Port* const to = source(direction) != nullptr ? sink(direction) : nullptr;
    const std::uint64_t generation = to != nullptr ? to->path_generation(now_ns) : 0;
    if (generation != path.generation) {
        path = to != nullptr ? Path{to->aligned(now_ns), to->hazard(now_ns), generation} : Path{};
    }
    return path;
}

} // namespace mo::optics
