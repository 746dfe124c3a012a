// SPDX-License-Identifier: GPL-2.0-or-later
// A fibre between two ports: length, loss, cuts. Light crosses it unchanged but for attenuation.
// Belongs to the engine thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <utility>

#include "optics/fec.hpp"
#include "optics/line.hpp"

namespace mo::optics {

class Port;

enum class End : std::uint8_t { a, b };
/// Named after where the light comes from.
enum class Direction : std::uint8_t { from_a, from_b };

struct FibreConfig {
    double length_m = 50.0;
    double connector_db = 0.4; ///< each of the two
    double db_per_km = 0.4;
    double spread_db = 0.1; ///< lane to lane, at random
    std::uint64_t seed = 1;
};

class Fibre {
  public:
    explicit Fibre(FibreConfig config);
    ~Fibre();
    Fibre(const Fibre&) = delete;
    Fibre& operator=(const Fibre&) = delete;
    Fibre(Fibre&&) = delete;
    Fibre& operator=(Fibre&&) = delete;

    /// Plugs an end into a port, or pulls it out (nullptr). The port must outlive the connection.
    void connect(End end, Port* port, std::uint64_t now_ns);

    /// Cuts or mends a direction, all lanes.
    void cut(Direction direction, std::uint64_t now_ns);
    void mend(Direction direction, std::uint64_t now_ns);
    /// Cuts or mends one lane.
    void cut_lane(Direction direction, unsigned lane, bool cut, std::uint64_t now_ns);
    /// Extra attenuation of a direction, in all lanes; replaces what was set for them.
    void attenuate(Direction direction, double db, std::uint64_t now_ns);
    void attenuate_lane(Direction direction, unsigned lane, double db, std::uint64_t now_ns);

    /// `changed` is called after each cut and mend.
    void on_cut(std::function<void()> changed) { cut_changed_ = std::move(changed); }

    [[nodiscard]] std::uint32_t cut_lanes(Direction direction) const;
    [[nodiscard]] double extra_db(Direction direction, unsigned lane) const;
    /// Loss of a lane, extra attenuation included.
    [[nodiscard]] double loss_db(Direction direction, unsigned lane) const;
    [[nodiscard]] const FibreConfig& config() const { return config_; }
    /// Propagation time, 4.89 ns per metre.
    [[nodiscard]] std::uint64_t delay_ns() const;

    /// What frames meet in a direction.
    struct Path {
        bool open = false; ///< frames can travel: the receiving PCS is aligned
        FrameHazard hazard = certain_loss();
        std::uint64_t generation =
            0; ///< of the receiving port when this was true; 0: there is none
    };
    /// Kept until the receiving port says that it has changed.
    [[nodiscard]] const Path& path(Direction direction, std::uint64_t now_ns);
    /// True when frames can travel.
    [[nodiscard]] bool path_open(Direction direction, std::uint64_t now_ns) {
        return path(direction, now_ns).open;
    }
    /// Probability that a frame of `bytes` is lost; 1 when the path is not open.
    [[nodiscard]] double frame_loss(Direction direction, std::uint32_t bytes,
                                    std::uint64_t now_ns) {
        return path(direction, now_ns).hazard.loss(bytes);
    }

    /// Called by the port at `end` when what it sends has changed.
    void line_changed(End end, std::uint64_t now_ns);

  private:
    struct Way {
        std::array<double, MO_MAX_LANES> base_db{};
        std::array<double, MO_MAX_LANES> extra_db{};
        std::uint32_t cut = 0;
        Path path;
    };
    void send(Direction direction, std::uint64_t arrival_ns);
    [[nodiscard]] Way& way(Direction direction) { return ways_[static_cast<unsigned>(direction)]; }
    [[nodiscard]] const Way& way(Direction direction) const {
        return ways_[static_cast<unsigned>(direction)];
    }
    [[nodiscard]] Port* source(Direction direction) const;
    [[nodiscard]] Port* sink(Direction direction) const;

    void set_cut(Direction direction, std::uint32_t lanes, std::uint64_t now_ns);

    FibreConfig config_;
    std::function<void()> cut_changed_;
    std::array<Way, 2> ways_{};
    std::array<Port*, 2> ports_{};
};

} // namespace mo::optics
