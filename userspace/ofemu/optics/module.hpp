// SPDX-License-Identifier: GPL-2.0-or-later
// A pluggable CMIS module: management interface, module and data path state machines (OIF-CMIS-05.2
// sections 6.3.2 and 6.3.3), lasers and monitors. A function of its inputs and time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>

#include "common/hw.hpp"
#include "optics/cmis_map.hpp"
#include "optics/delayed.hpp"
#include "optics/physics.hpp"

namespace mo::optics {

/// What reaches a module from outside, as levels.
struct ModuleInputs {
    bool reset = true;             ///< ResetL asserted
    bool low_power = true;         ///< LPMode asserted
    bool interlock = false;        ///< light may leave
    std::uint32_t host_signal = 0; ///< bit per lane with a host transmit signal
    std::array<double, MO_MAX_LANES> rx_mw{};
};

class Module {
  public:
    /// @param seed spread of the lanes' powers
    Module(cmis::Identity identity, std::uint64_t seed, double ambient_c, std::uint64_t now_ns);

    /// Follows `inputs` and everything that is due at `now_ns`.
    void evaluate(const ModuleInputs& inputs, std::uint64_t now_ns);
    /// When evaluate() is due without a change of the inputs.
    [[nodiscard]] std::uint64_t next_ns() const;

    /// False while in reset or initialising: no acknowledge.
    [[nodiscard]] bool responds() const { return phase_ == Phase::managed && !bus_stuck_; }
    /// Reads with the side effects that the specification gives: latched flags clear.
    void read(std::uint8_t offset, std::span<std::uint8_t> out, std::uint64_t now_ns);
    void write(std::uint8_t offset, std::span<const std::uint8_t> in, std::uint64_t now_ns);
    /// Interrupt asserted: a latched flag that is not masked.
    [[nodiscard]] bool interrupt() const;

    [[nodiscard]] const cmis::Identity& identity() const { return identity_; }
    [[nodiscard]] bool emits(unsigned lane) const;
    [[nodiscard]] bool laser_fault(unsigned lane) const;
    /// Mean power and modulation amplitude that leave the lane.
    [[nodiscard]] double tx_mw(unsigned lane, std::uint64_t now_ns) const;
    [[nodiscard]] double tx_oma_mw(unsigned lane, std::uint64_t now_ns) const;
    /// When the lane last began to emit.
    [[nodiscard]] std::uint64_t emitting_since_ns(unsigned lane) const { return since_[lane]; }
    /// The electrical output towards the host is on and not squelched.
    [[nodiscard]] bool rx_output(unsigned lane) const;
    [[nodiscard]] double case_c(std::uint64_t now_ns) const { return case_.value(now_ns); }
    /// As age_laser() set it; 1 for a new one.
    [[nodiscard]] double laser_age(unsigned lane) const { return age_[lane]; }
    [[nodiscard]] double laser_c(std::uint64_t now_ns) const;
    [[nodiscard]] double power_w() const;

    // Faults. The caller evaluates afterwards.
    void set_ambient(double ambient_c, std::uint64_t now_ns);
    void fail_laser(unsigned lane, bool failed);
    void age_laser(unsigned lane, double factor);
    void fault(std::uint8_t cause, std::uint64_t now_ns);
    void set_bus_stuck(bool stuck) { bus_stuck_ = stuck; }

  private:
    enum class Phase : std::uint8_t { reset, init, managed };

    void enter_reset();
    void step_module(const ModuleInputs& inputs, std::uint64_t now_ns);
    void step_apply(std::uint64_t now_ns);
    void step_lane(unsigned lane, std::uint64_t now_ns);
    void step_light(const ModuleInputs& inputs, std::uint64_t now_ns);
    void step_flags(const ModuleInputs& inputs, std::uint64_t now_ns);
    void set_state(cmis::ModuleState state, std::uint64_t until_ns);
    void set_lane(unsigned lane, cmis::DataPath state, std::uint64_t until_ns);
    void update_power(std::uint64_t now_ns);
    void begin_apply(std::uint8_t lanes, std::uint64_t now_ns);
    [[nodiscard]] cmis::ConfigStatus validate(std::uint8_t lanes) const;
    [[nodiscard]] bool path_live(unsigned lane) const;
    [[nodiscard]] std::uint8_t byte_at(unsigned address, std::uint64_t now_ns);
    [[nodiscard]] std::uint8_t lower_byte(unsigned address, std::uint64_t now_ns);
    [[nodiscard]] std::uint8_t state_byte(unsigned address, std::uint64_t now_ns);
    void write_byte(unsigned address, std::uint8_t value, std::uint64_t now_ns);
    [[nodiscard]] LaserPoint laser(unsigned lane, std::uint64_t now_ns) const;

    cmis::Identity identity_;
    cmis::Page lower_;
    std::map<std::uint8_t, cmis::Page> pages_;
    std::uint8_t page_ = 0;

    Phase phase_ = Phase::reset;
    cmis::ModuleState state_ = hw::MO_CMIS_STATE_LOW_PWR;
    std::uint64_t phase_until_ = never;
    std::uint64_t state_until_ = never;
    std::uint64_t apply_until_ = never;
    std::uint64_t thermal_ns_ = never;
    std::uint8_t applying_ = 0;
    std::uint8_t reinit_ = 0; ///< lanes that go through deinitialisation for a new configuration
    std::uint8_t pending_reset_ = 0;
    std::array<cmis::DataPath, MO_MAX_LANES> lane_{};
    std::array<std::uint64_t, MO_MAX_LANES> lane_until_{};
    std::array<std::uint64_t, MO_MAX_LANES> since_{};
    std::array<std::uint8_t, MO_MAX_LANES> staged_at_apply_{};
    std::array<std::uint8_t, MO_MAX_LANES> active_{};
    std::array<cmis::ConfigStatus, MO_MAX_LANES> config_{};
    std::array<double, MO_MAX_LANES> wanted_mw_{};
    std::array<double, MO_MAX_LANES> age_{};
    std::array<double, MO_MAX_LANES> rx_mw_{};
    std::uint32_t emitting_ = 0;
    std::uint32_t failed_lasers_ = 0;
    std::uint32_t rx_los_ = 0xff;
    std::uint32_t rx_output_ = 0;
    std::array<std::uint8_t, 2> module_flags_{};
    std::array<std::uint8_t, 2> module_conditions_{};
    std::array<std::uint8_t, hw::MO_CMIS_11_LANE_FLAGS_LEN> lane_flags_{};
    std::array<std::uint8_t, hw::MO_CMIS_11_LANE_FLAGS_LEN> lane_conditions_{};
    double ambient_c_;
    Thermal case_;
    Laser laser_;
    bool bus_stuck_ = false;
};

} // namespace mo::optics
