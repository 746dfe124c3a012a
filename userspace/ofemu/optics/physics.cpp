// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/physics.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mo::optics {

namespace {

constexpr double reference_baud_gbd = 53.125;
constexpr double dark_dbm = -40.0;
constexpr double uw_per_mw = 1000.0;

double combine(double q_thermal, const ReceiverNoise& receiver, const HostNoise& host) {
    if (q_thermal <= 0.0) {
        return 0.0;
    }
    const auto noise = [](double q) { return 1.0 / (q * q); };
    return 1.0 / std::sqrt(noise(q_thermal) + noise(receiver.q_floor) + noise(host.q_tx) +
                           noise(host.q_rx));
}

double thermal_q(double oma, double levels, const ReceiverNoise& receiver, double baud_gbd) {
    const double sigma_mw =
        receiver.sigma_uw / uw_per_mw * std::sqrt(baud_gbd / reference_baud_gbd);
    return oma / (2.0 * levels * sigma_mw * db_to_ratio(receiver.tdecq_db));
}

} // namespace

double dbm_to_mw(double dbm) {
    return std::pow(10.0, dbm / 10.0);
}

double mw_to_dbm(double mw) {
    return mw <= 1e-4 ? dark_dbm : std::max(dark_dbm, 10.0 * std::log10(mw));
}

double db_to_ratio(double db) {
    return std::pow(10.0, db / 10.0);
}

double oma_mw(double average_mw, double er_db) {
    const double er = db_to_ratio(er_db);
    return 2.0 * average_mw * (er - 1.0) / (er + 1.0);
}

double eye_q_pam4(double oma, const ReceiverNoise& receiver, const HostNoise& host,
                  double baud_gbd) {
    return combine(thermal_q(oma, 3.0, receiver, baud_gbd), receiver, host);
}

double eye_q_nrz(double oma, const ReceiverNoise& receiver, const HostNoise& host,
                 double baud_gbd) {
    // Level-independent noise of the transmitter weighs a third in an eye three times as high.
    const ReceiverNoise scaled{receiver.sigma_uw, receiver.tdecq_db, 3.0 * receiver.q_floor};
    const HostNoise scaled_host{3.0 * host.q_tx, 3.0 * host.q_rx};
    return combine(thermal_q(oma, 1.0, receiver, baud_gbd), scaled, scaled_host);
}

double ber_pam4(double q) {
    return 3.0 / 8.0 * std::erfc(q / std::numbers::sqrt2);
}

double ber_nrz(double q) {
    return 0.5 * std::erfc(q / std::numbers::sqrt2);
}

double snr_db(double q) {
    return q <= 0.0 ? 0.0 : std::max(0.0, 10.0 * std::log10(5.0 * q * q));
}

LaserPoint laser_point(const Laser& laser, double wanted_mw, double temp_c, double age) {
    const double threshold = laser.threshold_ma * std::exp((temp_c - 25.0) / laser.threshold_t0_c);
    const double slope =
        laser.slope_mw_per_ma * std::exp(-(temp_c - 25.0) / laser.slope_t1_c) / age;
    const double needed = threshold + wanted_mw / slope;
    if (needed <= laser.max_ma) {
        return {needed, wanted_mw};
    }
    return {laser.max_ma, std::max(0.0, (laser.max_ma - threshold) * slope)};
}

void Thermal::retarget(double target_c, std::uint64_t now_ns) {
    start_c_ = value(now_ns);
    target_c_ = target_c;
    since_ns_ = now_ns;
}

double Thermal::value(std::uint64_t now_ns) const {
    const double elapsed_s =
        now_ns > since_ns_ ? static_cast<double>(now_ns - since_ns_) * 1e-9 : 0.0;
    return target_c_ + (start_c_ - target_c_) * std::exp(-elapsed_s / tau_s_);
}

} // namespace mo::optics
