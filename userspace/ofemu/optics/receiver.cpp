// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/receiver.hpp"

#include <algorithm>

namespace mo::optics {

namespace {

constexpr std::uint32_t status_signal = 1U << 0U;
constexpr std::uint32_t status_lock = 1U << 1U;
constexpr std::uint32_t status_adapted = 1U << 2U;
constexpr std::uint32_t status_failed = 1U << 3U;

constexpr double q_unadapted = 4.0;
constexpr double q_adapted = 14.0;
constexpr double q_spoilt = 8.0;
constexpr double ber_converges = 1e-2;

} // namespace

double rate_gbd(std::uint32_t rate) {
    switch (rate) {
    case MO_SOC_RATE_25G_NRZ:
        return 25.78125;
    case MO_SOC_RATE_50G_PAM4:
        return 26.5625;
    case MO_SOC_RATE_100G_PAM4:
        return 53.125;
    default:
        return 0.0;
    }
}

double rate_bps(std::uint32_t rate) {
    return rate_gbd(rate) * 1e9 * (rate == MO_SOC_RATE_25G_NRZ ? 1.0 : 2.0);
}

void Receiver::reset() {
    const bool spoil = spoil_next_;
    *this = Receiver{};
    spoil_next_ = spoil;
}

void Receiver::start_adaptation(std::uint64_t now_ns) {
    adaptation_ = Adaptation::wanted;
    adapt_until_ = never;
    if (lock_.value()) {
        adaptation_ = Adaptation::running;
        adapt_start_ = now_ns;
        adapt_until_ = now_ns + timing_.adapt_ns;
    }
}

void Receiver::update_quality(const Input& input) {
    if (!lock_.value()) {
        q_ = 0.0;
        ber_ = 0.5;
        return;
    }
    HostNoise host;
    host.q_tx = input.light.q_tx;
    host.q_rx = adaptation_ != Adaptation::done ? q_unadapted : (spoilt_ ? q_spoilt : q_adapted);
    const double baud = rate_gbd(input.own_rate);
    if (input.own_rate == MO_SOC_RATE_25G_NRZ) {
        q_ = eye_q_nrz(input.light.oma_mw, ReceiverNoise{}, host, baud);
        ber_ = ber_nrz(q_);
    } else {
        q_ = eye_q_pam4(input.light.oma_mw, ReceiverNoise{}, host, baud);
        ber_ = ber_pam4(q_);
    }
}

void Receiver::evaluate(const Input& input, std::uint64_t now_ns) {
    signal_.drive(input.on && input.present, now_ns, timing_.signal_rise_ns,
                  timing_.signal_fall_ns);
    const bool same_rate = input.own_rate == input.light.rate && input.own_rate != MO_SOC_RATE_OFF;
    lock_.drive(signal_.value() && same_rate, now_ns, timing_.lock_ns, 0);
    if (!lock_.value()) {
        if (adaptation_ != Adaptation::wanted) {
            // The coefficients die with the clock; a start that still waits for it does not.
            adaptation_ =
                adaptation_ == Adaptation::running ? Adaptation::wanted : Adaptation::none;
        }
        adapt_until_ = never;
    } else if (adaptation_ == Adaptation::wanted) {
        start_adaptation(now_ns);
    }
    if (adapt_until_ <= now_ns) {
        adapt_until_ = never;
        spoilt_ = spoil_next_ || adapt_start_ < input.light.settled_ns;
        spoil_next_ = false;
        adaptation_ = Adaptation::done;
        update_quality(input);
        if (ber_ > ber_converges) {
            adaptation_ = Adaptation::failed;
        }
    }
    update_quality(input);
}

std::uint64_t Receiver::next_ns() const {
    return std::min({signal_.next_ns(), lock_.next_ns(), adapt_until_});
}

std::uint32_t Receiver::status() const {
    return (signal_.value() ? status_signal : 0U) | (lock_.value() ? status_lock : 0U) |
           (adaptation_ == Adaptation::done ? status_adapted : 0U) |
           (adaptation_ == Adaptation::failed ? status_failed : 0U);
}

} // namespace mo::optics
