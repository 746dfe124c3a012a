// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/module.hpp"

#include <algorithm>
#include <cmath>

#include "optics/random.hpp"

namespace mo::optics {

using cmis::at;
using cmis::ConfigStatus;
using cmis::DataPath;
using cmis::ModuleState;

namespace {

constexpr double tx_oma_dbm = 1.5;
constexpr double extinction_db = 4.5;
constexpr double lane_spread_db = 0.2;
constexpr double los_assert_dbm = -15.0;
constexpr double los_deassert_dbm = -14.5;
constexpr double laser_above_case_c = 3.0;
constexpr double rth_c_per_w = 1.4;
constexpr double thermal_tau_s = 40.0;
constexpr std::uint64_t thermal_step_ns = 1'000'000'000;
constexpr double thermal_settled_c = 0.05;

std::uint8_t bit(unsigned lane) {
    return static_cast<std::uint8_t>(1U << lane);
}

} // namespace

Module::Module(cmis::Identity identity, std::uint64_t seed, double ambient_c, std::uint64_t now_ns)
    : identity_(std::move(identity)), lower_(cmis::lower_memory(identity_)), ambient_c_(ambient_c),
      case_(ambient_c, thermal_tau_s) {
    Random random(seed);
    // OMA = 2 P (ER - 1) / (ER + 1), so the mean power of an amplitude is that over oma_mw(1).
    const double average = dbm_to_mw(tx_oma_dbm) / oma_mw(1.0, extinction_db);
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        wanted_mw_[lane] = average * db_to_ratio(lane_spread_db * (2.0 * random.uniform() - 1.0));
        age_[lane] = 1.0;
    }
    case_.retarget(ambient_c, now_ns);
    enter_reset();
}

void Module::enter_reset() {
    phase_ = Phase::reset;
    phase_until_ = state_until_ = apply_until_ = never;
    state_ = hw::MO_CMIS_STATE_LOW_PWR;
    lower_ = cmis::lower_memory(identity_);
    pages_.clear();
    for (const std::uint8_t page : std::array<std::uint8_t, 4>{
             hw::MO_CMIS_PAGE_00, hw::MO_CMIS_PAGE_01, hw::MO_CMIS_PAGE_02, hw::MO_CMIS_PAGE_10}) {
        if (const auto content = cmis::upper_page(identity_, page)) {
            pages_[page] = *content;
        }
    }
    page_ = 0;
    applying_ = reinit_ = pending_reset_ = 0;
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        lane_[lane] = hw::MO_CMIS_DP_DEACTIVATED;
        lane_until_[lane] = never;
        active_[lane] = at(pages_[hw::MO_CMIS_PAGE_10], hw::MO_CMIS_10_CONFIG + lane);
        config_[lane] = hw::MO_CMIS_CONFIG_UNDEFINED;
    }
    module_flags_ = {};
    lane_flags_ = {};
    emitting_ = rx_output_ = 0;
}

void Module::set_state(ModuleState state, std::uint64_t until_ns) {
    state_ = state;
    state_until_ = until_ns;
    const bool steady = state == hw::MO_CMIS_STATE_LOW_PWR || state == hw::MO_CMIS_STATE_READY ||
                        state == hw::MO_CMIS_STATE_FAULT;
    if (steady) {
        module_flags_[0] |= hw::MO_CMIS_MF_STATE_CHANGED;
    }
}

void Module::set_lane(unsigned lane, DataPath state, std::uint64_t until_ns) {
    lane_[lane] = state;
    lane_until_[lane] = until_ns;
    const bool steady = state == hw::MO_CMIS_DP_DEACTIVATED ||
                        state == hw::MO_CMIS_DP_INITIALIZED || state == hw::MO_CMIS_DP_ACTIVATED;
    if (steady) {
        lane_flags_[hw::MO_CMIS_LF_DP_CHANGED - hw::MO_CMIS_11_LANE_FLAGS] |= bit(lane);
    }
}

void Module::evaluate(const ModuleInputs& inputs, std::uint64_t now_ns) {
    step_module(inputs, now_ns);
    if (phase_ == Phase::managed) {
        step_apply(now_ns);
        for (unsigned lane = 0; lane < identity_.lanes; ++lane) {
            step_lane(lane, now_ns);
        }
    }
    step_light(inputs, now_ns);
    step_flags(inputs, now_ns);
    update_power(now_ns);
}

std::uint64_t Module::next_ns() const {
    std::uint64_t next = std::min({phase_until_, state_until_, apply_until_, thermal_ns_});
    for (const std::uint64_t until : lane_until_) {
        next = std::min(next, until);
    }
    return next;
}

void Module::step_module(const ModuleInputs& inputs, std::uint64_t now_ns) {
    const cmis::Timing& timing = identity_.timing;
    if (inputs.reset || pending_reset_ != 0) {
        if (phase_ != Phase::reset || pending_reset_ != 0) {
            enter_reset();
        }
        if (inputs.reset) {
            return;
        }
    }
    if (phase_ == Phase::reset) {
        phase_ = Phase::init;
        phase_until_ = now_ns + timing.mgmt_init_ns;
    }
    if (phase_ == Phase::init) {
        if (phase_until_ > now_ns) {
            return;
        }
        phase_ = Phase::managed;
        phase_until_ = never;
        set_state(hw::MO_CMIS_STATE_LOW_PWR, never);
    }
    const std::uint8_t control = at(lower_, hw::MO_CMIS_LOW_SOFT_RESET);
    const bool low = (control & hw::MO_CMIS_LOW_LOW_PWR_SW_MASK) != 0 ||
                     ((control & hw::MO_CMIS_LOW_LOW_PWR_ALLOW_HW_MASK) != 0 && inputs.low_power);
    const bool due = state_until_ <= now_ns;
    switch (state_) {
    case hw::MO_CMIS_STATE_LOW_PWR:
        if (!low) {
            set_state(hw::MO_CMIS_STATE_PWR_UP, now_ns + timing.power_up_ns);
        }
        break;
    case hw::MO_CMIS_STATE_PWR_UP:
        if (low) {
            set_state(hw::MO_CMIS_STATE_PWR_DN, now_ns + timing.power_down_ns);
        } else if (due) {
            set_state(hw::MO_CMIS_STATE_READY, never);
        }
        break;
    case hw::MO_CMIS_STATE_READY:
        if (low) {
            for (unsigned lane = 0; lane < identity_.lanes; ++lane) {
                if (lane_[lane] != hw::MO_CMIS_DP_DEACTIVATED) {
                    set_lane(lane, hw::MO_CMIS_DP_DEACTIVATED, never);
                }
            }
            set_state(hw::MO_CMIS_STATE_PWR_DN, now_ns + timing.power_down_ns);
        }
        break;
    case hw::MO_CMIS_STATE_PWR_DN:
        if (due) {
            set_state(hw::MO_CMIS_STATE_LOW_PWR, never);
            if (!low) {
                set_state(hw::MO_CMIS_STATE_PWR_UP, now_ns + timing.power_up_ns);
            }
        }
        break;
    case hw::MO_CMIS_STATE_FAULT:
        break;
    }
}

ConfigStatus Module::validate(std::uint8_t lanes) const {
    const cmis::Page& control = pages_.at(hw::MO_CMIS_PAGE_10);
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        if ((lanes & bit(lane)) == 0) {
            continue;
        }
        if (lane >= identity_.lanes) {
            return hw::MO_CMIS_CONFIG_REJECTED;
        }
        const std::uint8_t config = at(control, hw::MO_CMIS_10_CONFIG + lane);
        const unsigned selector = config >> 4U;
        const unsigned start = (config >> 1U) & 7U;
        if (selector == 0) {
            continue; // unused
        }
        if (selector > identity_.apps.size()) {
            return hw::MO_CMIS_CONFIG_REJECTED_APP;
        }
        const cmis::App& app = identity_.apps[selector - 1];
        if ((app.starts & bit(start)) == 0 || lane < start || lane >= start + app.lanes) {
            return hw::MO_CMIS_CONFIG_REJECTED_PATH;
        }
        for (unsigned other = start; other < start + app.lanes; ++other) {
            if ((lanes & bit(other)) == 0 ||
                (at(control, hw::MO_CMIS_10_CONFIG + other) | 1U) != (config | 1U)) {
                return hw::MO_CMIS_CONFIG_REJECTED_PATH;
            }
        }
    }
    return hw::MO_CMIS_CONFIG_SUCCESS;
}

void Module::begin_apply(std::uint8_t lanes, std::uint64_t now_ns) {
    if (lanes == 0) {
        return;
    }
    if (applying_ != 0) {
        for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
            if ((lanes & bit(lane)) != 0) {
                config_[lane] = hw::MO_CMIS_CONFIG_REJECTED_IN_USE;
            }
        }
        return;
    }
    const ConfigStatus verdict = validate(lanes);
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        if ((lanes & bit(lane)) != 0) {
            config_[lane] =
                verdict == hw::MO_CMIS_CONFIG_SUCCESS ? hw::MO_CMIS_CONFIG_IN_PROGRESS : verdict;
            staged_at_apply_[lane] = at(pages_[hw::MO_CMIS_PAGE_10], hw::MO_CMIS_10_CONFIG + lane);
        }
    }
    if (verdict == hw::MO_CMIS_CONFIG_SUCCESS) {
        applying_ = lanes;
        apply_until_ = now_ns + identity_.timing.apply_ns;
    }
}

void Module::step_apply(std::uint64_t now_ns) {
    if (apply_until_ > now_ns) {
        return;
    }
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        if ((applying_ & bit(lane)) == 0) {
            continue;
        }
        config_[lane] = hw::MO_CMIS_CONFIG_SUCCESS;
        if (lane_[lane] == hw::MO_CMIS_DP_DEACTIVATED) {
            active_[lane] = staged_at_apply_[lane];
        } else {
            reinit_ |= bit(lane);
        }
    }
    applying_ = 0;
    apply_until_ = never;
}

void Module::step_lane(unsigned lane, std::uint64_t now_ns) {
    const cmis::Timing& timing = identity_.timing;
    const cmis::Page& control = pages_[hw::MO_CMIS_PAGE_10];
    const bool unused = (active_[lane] >> 4U) == 0;
    const bool deinit = state_ != hw::MO_CMIS_STATE_READY || unused ||
                        ((at(control, hw::MO_CMIS_10_DP_DEINIT) | reinit_) & bit(lane)) != 0;
    const bool tx_off = (at(control, hw::MO_CMIS_10_TX_DISABLE) & bit(lane)) != 0;
    for (;;) { // until nothing is due: transitions without duration follow at once
        const bool due = lane_until_[lane] <= now_ns;
        switch (lane_[lane]) {
        case hw::MO_CMIS_DP_DEACTIVATED:
            if ((reinit_ & bit(lane)) != 0) {
                reinit_ = static_cast<std::uint8_t>(reinit_ & ~bit(lane));
                active_[lane] = staged_at_apply_[lane];
                return step_lane(lane, now_ns);
            }
            if (deinit) {
                return;
            }
            set_lane(lane, hw::MO_CMIS_DP_INIT, now_ns + timing.dp_init_ns);
            return;
        case hw::MO_CMIS_DP_INIT:
            if (deinit) {
                set_lane(lane, hw::MO_CMIS_DP_DEINIT, now_ns + timing.dp_deinit_ns);
                return;
            }
            if (!due) {
                return;
            }
            set_lane(lane, hw::MO_CMIS_DP_INITIALIZED, never);
            break;
        case hw::MO_CMIS_DP_INITIALIZED:
            if (deinit) {
                set_lane(lane, hw::MO_CMIS_DP_DEINIT, now_ns + timing.dp_deinit_ns);
            } else if (!tx_off) {
                set_lane(lane, hw::MO_CMIS_DP_TX_TURN_ON, now_ns + timing.tx_turn_on_ns);
            }
            return;
        case hw::MO_CMIS_DP_TX_TURN_ON:
            if (!due) {
                return;
            }
            set_lane(lane, hw::MO_CMIS_DP_ACTIVATED, never);
            break;
        case hw::MO_CMIS_DP_ACTIVATED:
            if (deinit || tx_off) {
                set_lane(lane, hw::MO_CMIS_DP_TX_TURN_OFF, now_ns + timing.tx_turn_off_ns);
            }
            return;
        case hw::MO_CMIS_DP_TX_TURN_OFF:
            if (!due) {
                return;
            }
            set_lane(lane, hw::MO_CMIS_DP_INITIALIZED, never);
            break;
        case hw::MO_CMIS_DP_DEINIT:
            if (!due) {
                return;
            }
            set_lane(lane, hw::MO_CMIS_DP_DEACTIVATED, never);
            break;
        }
    }
}

bool Module::path_live(unsigned lane) const {
    return lane_[lane] == hw::MO_CMIS_DP_INITIALIZED || lane_[lane] == hw::MO_CMIS_DP_TX_TURN_ON ||
           lane_[lane] == hw::MO_CMIS_DP_ACTIVATED || lane_[lane] == hw::MO_CMIS_DP_TX_TURN_OFF;
}

void Module::step_light(const ModuleInputs& inputs, std::uint64_t now_ns) {
    const std::uint32_t before = rx_output_;
    std::uint32_t emitting = 0;
    rx_output_ = 0;
    rx_mw_ = inputs.rx_mw;
    const std::uint8_t rx_disable = phase_ == Phase::managed
                                        ? at(pages_[hw::MO_CMIS_PAGE_10], hw::MO_CMIS_10_RX_DISABLE)
                                        : std::uint8_t{0xff};
    for (unsigned lane = 0; lane < identity_.lanes; ++lane) {
        const bool squelched = (inputs.host_signal & bit(lane)) == 0;
        if (lane_[lane] == hw::MO_CMIS_DP_ACTIVATED && inputs.interlock && !squelched &&
            (failed_lasers_ & bit(lane)) == 0) {
            emitting |= bit(lane);
        }
        const double dbm = mw_to_dbm(rx_mw_[lane]);
        if (dbm <= los_assert_dbm) {
            rx_los_ |= bit(lane);
        } else if (dbm >= los_deassert_dbm) {
            rx_los_ &= ~static_cast<std::uint32_t>(bit(lane));
        }
        if (path_live(lane) && (rx_los_ & bit(lane)) == 0 && (rx_disable & bit(lane)) == 0) {
            rx_output_ |= bit(lane);
        }
        if ((emitting & bit(lane)) != 0 && (emitting_ & bit(lane)) == 0) {
            since_[lane] = now_ns;
        }
    }
    emitting_ = emitting;
    lane_flags_[hw::MO_CMIS_LF_RX_OUTPUT - hw::MO_CMIS_11_LANE_FLAGS] |=
        static_cast<std::uint8_t>(before ^ rx_output_);
}

void Module::step_flags(const ModuleInputs& inputs, std::uint64_t now_ns) {
    lane_conditions_ = {};
    module_conditions_ = {};
    if (phase_ != Phase::managed) {
        return;
    }
    const auto raise = [this](unsigned address, unsigned lane) {
        lane_conditions_[address - hw::MO_CMIS_11_LANE_FLAGS] |= bit(lane);
    };
    // Compared in the order of the flags: high alarm, low alarm, high warning, low warning.
    const auto compare = [&raise](unsigned address, unsigned lane, double value,
                                  const cmis::Limits& limits) {
        const bool over[] = {value > limits.high_alarm,
                             value<limits.low_alarm, value> limits.high_warn,
                             value < limits.low_warn};
        for (unsigned i = 0; i < 4; ++i) {
            if (over[i]) {
                raise(address + i, lane);
            }
        }
    };
    for (unsigned lane = 0; lane < identity_.lanes; ++lane) {
        if (!path_live(lane)) {
            continue;
        }
        if ((failed_lasers_ & bit(lane)) != 0) {
            raise(hw::MO_CMIS_LF_TX_FAULT, lane);
        }
        if ((inputs.host_signal & bit(lane)) == 0) {
            raise(hw::MO_CMIS_LF_TX_LOS, lane);
        }
        if ((rx_los_ & bit(lane)) != 0) {
            raise(hw::MO_CMIS_LF_RX_LOS, lane);
        }
        compare(hw::MO_CMIS_LF_RX_POWER_HIGH_ALARM, lane, mw_to_dbm(rx_mw_[lane]),
                identity_.rx_power_dbm);
        if (lane_[lane] == hw::MO_CMIS_DP_ACTIVATED) {
            const LaserPoint point = laser(lane, now_ns);
            compare(hw::MO_CMIS_LF_TX_POWER_HIGH_ALARM, lane, mw_to_dbm(point.power_mw),
                    identity_.tx_power_dbm);
            compare(hw::MO_CMIS_LF_BIAS_HIGH_ALARM, lane, point.bias_ma, identity_.bias_ma);
        }
    }
    const double temp = case_.value(now_ns);
    const auto flag = [this](bool set, unsigned byte, unsigned bit) {
        std::uint8_t& flags = module_conditions_[byte - hw::MO_CMIS_LOW_FLAGS];
        flags = static_cast<std::uint8_t>(flags | (set ? bit : 0U));
    };
    flag(temp > identity_.temp_c.high_alarm, hw::MO_CMIS_MF_TEMP_HIGH_ALARM_BYTE,
         hw::MO_CMIS_MF_TEMP_HIGH_ALARM);
    flag(temp < identity_.temp_c.low_alarm, hw::MO_CMIS_MF_TEMP_LOW_ALARM_BYTE,
         hw::MO_CMIS_MF_TEMP_LOW_ALARM);
    flag(temp > identity_.temp_c.high_warn, hw::MO_CMIS_MF_TEMP_HIGH_WARN_BYTE,
         hw::MO_CMIS_MF_TEMP_HIGH_WARN);
    flag(temp < identity_.temp_c.low_warn, hw::MO_CMIS_MF_TEMP_LOW_WARN_BYTE,
         hw::MO_CMIS_MF_TEMP_LOW_WARN);
    for (std::size_t i = 0; i < lane_flags_.size(); ++i) {
        lane_flags_[i] |= lane_conditions_[i];
    }
    module_flags_[1] |= module_conditions_[1];
}

double Module::power_w() const {
    constexpr double managed_w = 1.2;
    constexpr double ready_w = 1.3;
    constexpr double lane_rx_w = 0.25;
    constexpr double lane_tx_w = 0.45;
    if (phase_ != Phase::managed) {
        return managed_w / 2.0;
    }
    double power = managed_w;
    if (state_ == hw::MO_CMIS_STATE_READY || state_ == hw::MO_CMIS_STATE_PWR_UP) {
        power += ready_w;
    }
    for (unsigned lane = 0; lane < identity_.lanes; ++lane) {
        power += path_live(lane) ? lane_rx_w : 0.0;
        power += (emitting_ & bit(lane)) != 0 ? lane_tx_w : 0.0;
    }
    return power;
}

void Module::update_power(std::uint64_t now_ns) {
    const double target = ambient_c_ + rth_c_per_w * power_w();
    if (std::abs(target - case_.target()) > 1e-9) {
        case_.retarget(target, now_ns);
    }
    const bool settled = std::abs(case_.value(now_ns) - target) < thermal_settled_c;
    if (settled) {
        thermal_ns_ = never;
    } else if (thermal_ns_ == never || thermal_ns_ <= now_ns) {
        thermal_ns_ = now_ns + thermal_step_ns;
    }
}

double Module::laser_c(std::uint64_t now_ns) const {
    return case_.value(now_ns) + (emitting_ != 0 ? laser_above_case_c : 0.0);
}

LaserPoint Module::laser(unsigned lane, std::uint64_t now_ns) const {
    return laser_point(laser_, wanted_mw_[lane], laser_c(now_ns), age_[lane]);
}

bool Module::emits(unsigned lane) const {
    return (emitting_ & bit(lane)) != 0;
}

bool Module::laser_fault(unsigned lane) const {
    return lane < identity_.lanes && path_live(lane) && (failed_lasers_ & bit(lane)) != 0;
}

double Module::tx_mw(unsigned lane, std::uint64_t now_ns) const {
    return emits(lane) ? laser(lane, now_ns).power_mw : 0.0;
}

double Module::tx_oma_mw(unsigned lane, std::uint64_t now_ns) const {
    return oma_mw(tx_mw(lane, now_ns), extinction_db);
}

bool Module::rx_output(unsigned lane) const {
    return (rx_output_ & bit(lane)) != 0;
}

bool Module::interrupt() const {
    if (!responds()) {
        return false;
    }
    unsigned pending = 0;
    for (unsigned i = 0; i < module_flags_.size(); ++i) {
        pending |= module_flags_[i] & ~unsigned{at(lower_, hw::MO_CMIS_LOW_MASKS + i)};
    }
    const cmis::Page& control = pages_.at(hw::MO_CMIS_PAGE_10);
    for (unsigned i = 0; i < lane_flags_.size(); ++i) {
        pending |= lane_flags_[i] & ~unsigned{at(control, hw::MO_CMIS_10_LANE_MASKS + i)};
    }
    return (pending & 0xffU) != 0;
}

void Module::set_ambient(double ambient_c, std::uint64_t now_ns) {
    ambient_c_ = ambient_c;
    update_power(now_ns);
}

void Module::fail_laser(unsigned lane, bool failed) {
    if (lane < identity_.lanes) {
        failed_lasers_ =
            failed ? failed_lasers_ | bit(lane) : failed_lasers_ & ~unsigned{bit(lane)};
    }
}

void Module::age_laser(unsigned lane, double factor) {
    if (lane < identity_.lanes) {
        age_[lane] = std::max(1.0, factor);
    }
}

void Module::fault(std::uint8_t cause, std::uint64_t now_ns) {
    if (phase_ != Phase::managed) {
        return;
    }
    at(lower_, hw::MO_CMIS_LOW_FAULT_CAUSE) = cause;
    for (unsigned lane = 0; lane < identity_.lanes; ++lane) {
        set_lane(lane, hw::MO_CMIS_DP_DEACTIVATED, never);
    }
    set_state(hw::MO_CMIS_STATE_FAULT, never);
    update_power(now_ns);
}

} // namespace mo::optics
