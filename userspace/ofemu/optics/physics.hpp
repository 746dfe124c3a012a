// SPDX-License-Identifier: GPL-2.0-or-later
// Light, noise and errors as pure functions. Powers are mW unless a name says dBm; ratios are
// linear unless a name says dB.
#pragma once

#include <cstdint>

namespace mo::optics {

[[nodiscard]] double dbm_to_mw(double dbm);
/// -40 dBm for anything at or below 0.1 uW: what a power meter of a module can tell from dark.
[[nodiscard]] double mw_to_dbm(double mw);
[[nodiscard]] double db_to_ratio(double db);

/// Optical modulation amplitude of a signal of mean power `average_mw` and extinction ratio
/// `er_db`: 2 P (ER - 1) / (ER + 1).
[[nodiscard]] double oma_mw(double average_mw, double er_db);

/// A receiver front end.
struct ReceiverNoise {
    double sigma_uw =
        9.1; ///< input referred noise at 53.125 GBd; 14.4 is the limit of the standard
    double tdecq_db = 2.0; ///< transmitter and dispersion penalty
    double q_floor = 7.0;  ///< relative intensity noise, multipath interference, residual ISI
};

/// What the two host SerDes of a linear (LPO) link add; their noise is end to end.
struct HostNoise {
    double q_tx = 14.0; ///< 14 well tuned, 12 nominal
    double q_rx = 14.0; ///< 8 when adapted to a transient
};

/// Q of a PAM4 eye: 1/Q^2 = 1/Q_th^2 + 1/Q_floor^2 + 1/Q_tx^2 + 1/Q_rx^2 with
/// Q_th = OMA / (6 sigma TDECQ). Zero without light.
/// @param baud_gbd symbol rate; receiver noise grows with the square root of the bandwidth
[[nodiscard]] double eye_q_pam4(double oma, const ReceiverNoise& receiver, const HostNoise& host,
                                double baud_gbd = 53.125);

/// The same for NRZ, whose eye is three times as high.
[[nodiscard]] double eye_q_nrz(double oma, const ReceiverNoise& receiver, const HostNoise& host,
                               double baud_gbd);

/// Bit error ratio of Gray coded PAM4: 3/8 erfc(Q / sqrt 2).
[[nodiscard]] double ber_pam4(double q);
/// Bit error ratio of NRZ: 1/2 erfc(Q / sqrt 2).
[[nodiscard]] double ber_nrz(double q);
/// SNR at the slicer that belongs to a PAM4 eye: 10 log10(5 Q^2); 0 when there is no eye.
[[nodiscard]] double snr_db(double q);

/// A laser under automatic power control.
struct Laser {
    double threshold_ma = 10.0;     ///< at 25 degrees C
    double slope_mw_per_ma = 0.038; ///< into the fibre, at 25 degrees C
    double max_ma = 120.0;          ///< limit of the driver
    double threshold_t0_c = 60.0;
    double slope_t1_c = 120.0;
};

struct LaserPoint {
    double bias_ma = 0.0;
    double power_mw = 0.0;
};

/// Bias that the control loop needs for `wanted_mw` at `temp_c`, and the power it gets: once the
/// bias is at its limit the power falls.
/// @param age factor on the bias above threshold; 1 new, 1.5 end of life
[[nodiscard]] LaserPoint laser_point(const Laser& laser, double wanted_mw, double temp_c,
                                     double age);

/// First-order temperature: value(t) = target + (start - target) exp(-(t - t0) / tau).
class Thermal {
  public:
    Thermal(double start_c, double tau_s) : start_c_(start_c), target_c_(start_c), tau_s_(tau_s) {}
    void retarget(double target_c, std::uint64_t now_ns);
    [[nodiscard]] double value(std::uint64_t now_ns) const;
    [[nodiscard]] double target() const { return target_c_; }

  private:
    double start_c_;
    double target_c_;
    double tau_s_;
    std::uint64_t since_ns_ = 0;
};

} // namespace mo::optics
