// SPDX-License-Identifier: GPL-2.0-or-later
// Light and noise against worked tables.
#include "optics/physics.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "optics/random.hpp"

namespace mo::optics {
namespace {

TEST(Power, DecibelsAndBack) {
    EXPECT_DOUBLE_EQ(dbm_to_mw(0.0), 1.0);
    EXPECT_NEAR(dbm_to_mw(3.0), 1.9953, 1e-4);
    EXPECT_NEAR(mw_to_dbm(dbm_to_mw(-7.25)), -7.25, 1e-9);
    EXPECT_DOUBLE_EQ(mw_to_dbm(0.0), -40.0);
}

TEST(Power, ModulationAmplitudeOfExtinctionRatio) {
    EXPECT_NEAR(oma_mw(1.0, 3.5), 0.764, 1e-3);
    EXPECT_NEAR(oma_mw(1.0, 100.0), 2.0, 1e-6); // dark zeros: all of it, twice the mean
}

struct LossRow {
    double loss_db;
    double tuned;      // host SerDes 14/14
    double nominal;    // 12/12
    double misadapted; // 8/12
};

class LpoBudget : public ::testing::TestWithParam<LossRow> {};

// Tx OMA 1.5 dBm, TDECQ 2 dB, noise 9.1 uW, linear optics.
TEST_P(LpoBudget, GivesTheErrorRatioOfTheTable) {
    const LossRow& row = GetParam();
    const auto ber = [&](double q_tx, double q_rx) {
        return ber_pam4(eye_q_pam4(dbm_to_mw(1.5 - row.loss_db), {}, {q_tx, q_rx}));
    };
    EXPECT_NEAR(ber(14, 14) / row.tuned, 1.0, 0.05);
    EXPECT_NEAR(ber(12, 12) / row.nominal, 1.0, 0.05);
    EXPECT_NEAR(ber(8, 12) / row.misadapted, 1.0, 0.05);
}

INSTANTIATE_TEST_SUITE_P(Table, LpoBudget,
                         ::testing::Values(LossRow{1, 6.3e-8, 2.3e-7, 2.3e-6},
                                           LossRow{3, 1.0e-6, 2.5e-6, 1.2e-5},
                                           LossRow{4, 6.6e-6, 1.2e-5, 4.0e-5},
                                           LossRow{5, 4.7e-5, 7.1e-5, 1.6e-4},
                                           LossRow{6, 3.2e-4, 4.1e-4, 6.6e-4}));

TEST(Eye, FecLimitIsWhereTdecqPutsIt) {
    EXPECT_NEAR(ber_pam4(3.414), 2.4e-4, 0.02e-4);
    EXPECT_NEAR(snr_db(3.414), 17.66, 0.01);
}

TEST(Eye, NoLightNoEye) {
    EXPECT_EQ(eye_q_pam4(0.0, {}, {}), 0.0);
    EXPECT_EQ(snr_db(0.0), 0.0);
    EXPECT_EQ(eye_q_nrz(0.0, {}, {}, 25.78125), 0.0);
}

TEST(Eye, NrzIsEasierThanPam4) {
    const double oma = dbm_to_mw(-6.0);
    EXPECT_LT(ber_nrz(eye_q_nrz(oma, {}, {}, 25.78125)), ber_pam4(eye_q_pam4(oma, {}, {})) / 1e3);
}

TEST(LaserControl, BiasRisesWithTemperatureBeforePowerFalls) {
    const Laser laser;
    const LaserPoint cold = laser_point(laser, 1.5, 25.0, 1.0);
    const LaserPoint warm = laser_point(laser, 1.5, 70.0, 1.0);
    const LaserPoint hot = laser_point(laser, 1.5, 95.0, 1.3);
    EXPECT_GT(warm.bias_ma, cold.bias_ma);
    EXPECT_DOUBLE_EQ(warm.power_mw, 1.5);
    EXPECT_DOUBLE_EQ(hot.bias_ma, laser.max_ma);
    EXPECT_LT(hot.power_mw, 1.5);
}

TEST(LaserControl, ThresholdFollowsTheExponentialLaw) {
    const Laser laser;
    const auto threshold = [&](double temp) { return laser_point(laser, 0.0, temp, 1.0).bias_ma; };
    EXPECT_NEAR(threshold(50) / threshold(25), 1.5, 0.05);
    EXPECT_NEAR(threshold(85) / threshold(25), 2.7, 0.05);
}

TEST(Temperature, ApproachesItsTargetExponentially) {
    Thermal thermal(35.0, 40.0);
    thermal.retarget(55.0, 1'000'000'000);
    EXPECT_DOUBLE_EQ(thermal.value(0), 35.0);
    EXPECT_NEAR(thermal.value(41'000'000'000), 55.0 - 20.0 / std::exp(1.0), 1e-9);
    thermal.retarget(35.0, 41'000'000'000); // no jump
    EXPECT_NEAR(thermal.value(41'000'000'000), 55.0 - 20.0 / std::exp(1.0), 1e-9);
}

TEST(RandomDraws, HaveTheMomentsOfTheBinomial) {
    Random random(7);
    const auto moments = [&](std::uint64_t n, double p) {
        constexpr int draws = 20'000;
        double sum = 0;
        double square = 0;
        for (int i = 0; i < draws; ++i) {
            const auto value = static_cast<double>(random.binomial(n, p));
            sum += value;
            square += value * value;
        }
        const double mean = sum / draws;
        return std::pair{mean, square / draws - mean * mean};
    };
    for (const auto& [n, p] : {std::pair<std::uint64_t, double>{20, 0.3},
                               {1000, 0.004},
                               {1'000'000'000, 1e-8},
                               {1'000'000, 0.01},
                               {500, 0.9}}) {
        const auto [mean, variance] = moments(n, p);
        const double expected = static_cast<double>(n) * p;
        EXPECT_NEAR(mean / expected, 1.0, 0.02) << n << " " << p;
        EXPECT_NEAR(variance / (expected * (1 - p)), 1.0, 0.08) << n << " " << p;
    }
    EXPECT_EQ(random.binomial(0, 0.5), 0U);
    EXPECT_EQ(random.binomial(77, 1.0), 77U);
}

} // namespace
} // namespace mo::optics
