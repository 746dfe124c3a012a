// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/port.hpp"

#include <algorithm>
#include <cmath>

namespace mo::optics {

namespace {

constexpr std::uint32_t module_reset = 1U << 0U;
constexpr std::uint32_t module_low_power = 1U << 1U;
constexpr std::uint32_t changed_presence = 1U << 0U;
constexpr std::uint32_t changed_interrupt = 1U << 1U;
constexpr std::uint32_t serdes_tx_on = 1U << 0U;
constexpr std::uint32_t serdes_rx_on = 1U << 1U;
constexpr std::uint32_t pcs_enabled = 1U << 0U;
constexpr std::uint32_t pcs_hold_fault = 1U << 1U;

// Linear optics pass the host's transient at the start of transmission on to the far receiver.
constexpr std::uint64_t transient_ns = 2'000'000;
// Steps that one advance() may take before it is plain that a deadline does not go away.
constexpr unsigned step_limit = 100'000;

} // namespace

Port::Port(PortConfig config) : config_(config), pcs_(config.seed ^ 0x70637321ULL) {
    config_.lanes = std::min<unsigned>(config_.lanes, MO_MAX_LANES);
}

Port::~Port() {
    if (fibre_ != nullptr) {
        fibre_->connect(end_, nullptr, now_ns_);
    }
}

void Port::attach(Fibre& fibre, End end) {
    fibre_ = &fibre;
    end_ = end;
}

void Port::detach() {
    fibre_ = nullptr;
}

void Port::receive(const Line& line, std::uint64_t arrival_ns) {
    const std::uint64_t last = arrivals_.empty() ? now_ns_ : arrivals_.back().at_ns;
    arrivals_.push_back({std::max(arrival_ns, last), line});
    deadline_ns_ = std::min(deadline_ns_, arrivals_.front().at_ns);
}

std::uint64_t Port::deadline() const {
    std::uint64_t next = arrivals_.empty() ? never : arrivals_.front().at_ns;
    if (module_) {
        next = std::min(next, module_->next_ns());
    }
    for (unsigned lane = 0; lane < config_.lanes; ++lane) {
        next = std::min(next, serdes_[lane].receiver.next_ns());
    }
    return std::min(next, pcs_.next_ns());
}

void Port::advance(std::uint64_t now_ns) {
    for (unsigned step = 0; deadline_ns_ <= now_ns && step < step_limit; ++step) {
        evaluate(std::max(deadline_ns_, now_ns_));
    }
    now_ns_ = std::max(now_ns_, now_ns);
}

double Port::tx_quality(const Serdes& lane) const {
    constexpr double best[] = {MO_SOC_FIR_PRE2, MO_SOC_FIR_PRE1, MO_SOC_FIR_MAIN, MO_SOC_FIR_POST1};
    constexpr double best_q = 14.0;
    constexpr double tolerance = 180.0;
    const auto tap = [](std::uint32_t word, unsigned shift) {
        return static_cast<double>(static_cast<std::int16_t>(word >> shift));
    };
    const double taps[] = {tap(lane.fir0, 0), tap(lane.fir0, 16), tap(lane.fir1, 0),
                           tap(lane.fir1, 16)};
    double square = 0.0;
    for (unsigned i = 0; i < 4; ++i) {
        square += (taps[i] - best[i]) * (taps[i] - best[i]);
    }
    return best_q / std::sqrt(1.0 + square / (tolerance * tolerance));
}

void Port::update_line(std::uint64_t now_ns) {
    Line next;
    if (module_) {
        for (unsigned lane = 0; lane < config_.lanes; ++lane) {
            if (!module_->emits(lane)) {
                continue;
            }
            LaneLight& light = next.lane[lane];
            light.power_mw = module_->tx_mw(lane, now_ns);
            light.oma_mw = module_->tx_oma_mw(lane, now_ns);
            light.q_tx = tx_quality(serdes_[lane]);
            light.rate = serdes_[lane].rate;
            light.settled_ns = module_->emitting_since_ns(lane) + transient_ns;
        }
    }
    next.pcs = pcs_.line();
    if (!(next == line_)) {
        line_ = next;
        if (fibre_ != nullptr) {
            fibre_->line_changed(end_, now_ns);
        }
    }
}

void Port::evaluate(std::uint64_t now_ns) {
    now_ns_ = std::max(now_ns_, now_ns);
    while (!arrivals_.empty() && arrivals_.front().at_ns <= now_ns_) {
        rx_ = arrivals_.front().line;
        arrivals_.pop_front();
    }
    bool interrupt = false;
    if (module_) {
        ModuleInputs inputs;
        inputs.reset = (module_ctrl_ & module_reset) != 0;
        inputs.low_power = (module_ctrl_ & module_low_power) != 0;
        inputs.interlock = interlock_ != 0;
        for (unsigned lane = 0; lane < config_.lanes; ++lane) {
            const bool sends =
                (serdes_[lane].ctrl & serdes_tx_on) != 0 && serdes_[lane].rate != MO_SOC_RATE_OFF;
            inputs.host_signal |= sends ? 1U << lane : 0U;
            inputs.rx_mw[lane] = rx_.lane[lane].power_mw;
        }
        module_->evaluate(inputs, now_ns_);
        interrupt = module_->interrupt();
    }
    if (interrupt && !module_interrupt_) {
        module_changed_ |= changed_interrupt;
    }
    module_interrupt_ = interrupt;

    Pcs::Input pcs;
    pcs.on = (pcs_ctrl_ & pcs_enabled) != 0;
    pcs.hold_remote_fault = (pcs_ctrl_ & pcs_hold_fault) != 0;
    pcs.lanes = pcs_lanes_;
    pcs.fec = pcs_fec_;
    pcs.peer = rx_.pcs;
    for (unsigned lane = 0; lane < config_.lanes; ++lane) {
        Serdes& serdes = serdes_[lane];
        Receiver::Input input;
        input.on = (serdes.ctrl & serdes_rx_on) != 0;
        input.present = module_ && module_->rx_output(lane) && rx_.lane[lane].oma_mw > 0.0;
        input.own_rate = serdes.rate;
        input.light = rx_.lane[lane];
        serdes.receiver.evaluate(input, now_ns_);
        const std::uint32_t status = serdes.receiver.status();
        if (status != serdes.status) {
            serdes_changed_ |= 1U << lane;
            serdes.status = status;
        }
        pcs.lane[lane] = {serdes.receiver.adapted(), serdes.receiver.ber(), serdes.rate};
    }
    pcs_.evaluate(pcs, now_ns_);
    const std::uint32_t status = pcs_.status();
    pcs_changed_ |= status ^ pcs_status_;
    pcs_status_ = status;
    update_line(now_ns_);
    deadline_ns_ = deadline();
}

std::uint32_t Port::irq_levels(std::uint64_t now_ns) {
    advance(now_ns);
    return (module_changed_ != 0 ? 1U << MO_SOC_IRQ_MODULE : 0U) |
           (serdes_changed_ != 0 ? 1U << MO_SOC_IRQ_SERDES : 0U) |
           (pcs_changed_ != 0 ? 1U << MO_SOC_IRQ_PCS : 0U);
}

std::uint64_t Port::next_change_ns(std::uint64_t now_ns) {
    advance(now_ns);
    return deadline_ns_;
}

void Port::core_reset(std::uint64_t now_ns) {
    advance(now_ns);
    module_ctrl_ = module_reset | module_low_power;
    interlock_ = 0;
    for (Serdes& lane : serdes_) {
        lane.ctrl = lane.fir0 = lane.fir1 = 0;
        lane.rate = MO_SOC_RATE_OFF;
        lane.receiver.reset();
        lane.status = 0;
    }
    pcs_ctrl_ = pcs_lanes_ = pcs_fec_ = 0;
    pcs_.clear_counters(now_ns_);
    evaluate(now_ns_);
    module_changed_ = serdes_changed_ = pcs_changed_ = 0;
}

void Port::plug(cmis::Identity identity, std::uint64_t now_ns) {
    advance(now_ns);
    ++modules_plugged_;
    module_.emplace(std::move(identity), config_.seed * 1000 + modules_plugged_, config_.ambient_c,
                    now_ns_);
    module_interrupt_ = false;
    module_changed_ |= changed_presence;
    evaluate(now_ns_);
}

void Port::unplug(std::uint64_t now_ns) {
    advance(now_ns);
    if (module_) {
        module_.reset();
        module_changed_ |= changed_presence;
        evaluate(now_ns_);
    }
}

void Port::set_ambient(double ambient_c, std::uint64_t now_ns) {
    advance(now_ns);
    config_.ambient_c = ambient_c;
    if (module_) {
        module_->set_ambient(ambient_c, now_ns_);
    }
    evaluate(now_ns_);
}

void Port::fail_laser(unsigned lane, bool failed, std::uint64_t now_ns) {
    advance(now_ns);
    if (module_) {
        module_->fail_laser(lane, failed);
    }
    evaluate(now_ns_);
}

void Port::age_laser(unsigned lane, double factor, std::uint64_t now_ns) {
    advance(now_ns);
    if (module_) {
        module_->age_laser(lane, factor);
    }
    evaluate(now_ns_);
}

void Port::fault_module(std::uint8_t cause, std::uint64_t now_ns) {
    advance(now_ns);
    if (module_) {
        module_->fault(cause, now_ns_);
    }
    evaluate(now_ns_);
}

void Port::hang_bus(bool hung, std::uint64_t now_ns) {
    advance(now_ns);
    if (module_) {
        module_->set_bus_stuck(hung);
    }
    evaluate(now_ns_);
}

void Port::spoil_next_adaptation(unsigned lane) {
    if (lane < config_.lanes) {
        serdes_[lane].receiver.spoil_next_adaptation();
    }
}

void Port::set_burst(double probability, std::uint64_t now_ns) {
    advance(now_ns);
    pcs_.set_burst(probability, now_ns_);
    evaluate(now_ns_);
}

std::uint32_t Port::spoiled_adaptations() const {
    std::uint32_t lanes = 0;
    for (unsigned lane = 0; lane < config_.lanes; ++lane) {
        lanes |= serdes_[lane].receiver.spoils_next() ? 1U << lane : 0U;
    }
    return lanes;
}

bool Port::aligned(std::uint64_t now_ns) {
    advance(now_ns);
    return pcs_.aligned();
}

const FrameHazard& Port::hazard(std::uint64_t now_ns) {
    advance(now_ns);
    return pcs_.hazard();
}

double Port::power_w(std::uint64_t now_ns) {
    constexpr double lane_w = 0.45; // transmitter and receiver of a host SerDes lane
    advance(now_ns);
    double power = module_ ? module_->power_w() : 0.0;
    for (const Serdes& lane : serdes_) {
        power += (lane.ctrl & serdes_tx_on) != 0 ? lane_w / 2.0 : 0.0;
        power += (lane.ctrl & serdes_rx_on) != 0 ? lane_w / 2.0 : 0.0;
    }
    return power;
}

double Port::case_c(std::uint64_t now_ns) {
    advance(now_ns);
    return module_ ? module_->case_c(now_ns_) : config_.ambient_c;
}

} // namespace mo::optics
