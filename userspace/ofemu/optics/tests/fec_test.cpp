// SPDX-License-Identifier: GPL-2.0-or-later
// RS(544,514) against computed figures, and counters against their own statistics.
#include "optics/fec.hpp"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "optics/pcs.hpp"

namespace mo::optics {
namespace {

CodewordErrors at(double ber, double burst = 0.0) {
    const std::vector<double> lanes(8, symbol_error_ratio(ber));
    return codeword_errors(fec_code(hw::MO_FEC_RS544), lanes, burst);
}

struct CerRow {
    double ber;
    double cer;
};

class UncorrectableRatio : public ::testing::TestWithParam<CerRow> {};

TEST_P(UncorrectableRatio, IsThatOfTheTable) {
    EXPECT_NEAR(at(GetParam().ber).uncorrectable / GetParam().cer, 1.0, 0.1);
}

INSTANTIATE_TEST_SUITE_P(Table, UncorrectableRatio,
                         ::testing::Values(CerRow{1e-3, 1.5e-4}, CerRow{5e-4, 2.8e-8},
                                           CerRow{4e-4, 1.3e-9}, CerRow{3e-4, 2.1e-11},
                                           CerRow{2.4e-4, 8e-13}, CerRow{2e-4, 5e-14},
                                           CerRow{1e-4, 1.4e-18}));

TEST(Codewords, BinsAtTheFecLimit) {
    const CodewordErrors errors = at(2.4e-4);
    EXPECT_NEAR(errors.bins[0], 0.27, 0.005);
    EXPECT_NEAR(errors.bins[1], 0.35, 0.01);
    EXPECT_NEAR(errors.bins[5] / 8.5e-3, 1.0, 0.1);
    EXPECT_NEAR(errors.bins[10] / 1e-6, 1.0, 0.5);
    EXPECT_NEAR(errors.bins[15] / 1e-11, 1.0, 0.8);
}

TEST(Codewords, ProbabilitiesAddUpToOne) {
    for (const double ber : {0.0, 1e-7, 1e-4, 1e-3, 5e-3, 5e-2}) {
        for (const double burst : {0.0, 0.05, 0.4}) {
            const CodewordErrors errors = at(ber, burst);
            const double sum = std::accumulate(errors.bins.begin(), errors.bins.end(), 0.0);
            EXPECT_NEAR(sum + errors.uncorrectable, 1.0, 1e-6) << ber << " " << burst;
        }
    }
}

TEST(Codewords, BurstsKeepTheMeanAndFattenTheTail) {
    const auto mean = [](const CodewordErrors& errors) {
        double sum = 0;
        for (unsigned i = 0; i < errors.bins.size(); ++i) {
            sum += i * errors.bins[i];
        }
        return sum;
    };
    const CodewordErrors random = at(1e-4);
    const CodewordErrors burst = at(1e-4, 0.3);
    EXPECT_NEAR(mean(burst) / mean(random), 1.0, 0.02);
    EXPECT_GT(burst.bins[8], 100 * random.bins[8]);
}

TEST(Codewords, OneBadLaneCountsForItsShare) {
    std::vector<double> lanes(8, 0.0);
    lanes[3] = 8 * symbol_error_ratio(1e-5);
    const auto one = codeword_errors(fec_code(hw::MO_FEC_RS544), lanes, 0.0);
    EXPECT_NEAR(one.bins[1] / at(1e-5).bins[1], 1.0, 0.01);
}

TEST(FrameLoss, GrowsWithTheFrame) {
    const FecCode code = fec_code(hw::MO_FEC_RS544);
    EXPECT_EQ(frame_hazard(code, 0.0).loss(1518), 0.0);
    EXPECT_EQ(frame_hazard(code, 1.0).loss(64), 1.0);
    const double small = frame_hazard(code, 1e-6).loss(64);
    const double large = frame_hazard(code, 1e-6).loss(9018);
    EXPECT_NEAR(small, 1.13e-6, 0.02e-6);
    EXPECT_NEAR(large / small, (1 + 9038 * 8 / 5140.0) / (1 + 84 * 8 / 5140.0), 0.01);
    EXPECT_NEAR(frame_hazard_uncoded(1e-12).loss(1500), 1.2e-8, 1e-10);
    EXPECT_EQ(frame_hazard_uncoded(0.0).loss(1500), 0.0);
    EXPECT_EQ(frame_hazard_uncoded(1.0).loss(1), 1.0);
}

class Counting : public ::testing::Test {
  protected:
    static Pcs::Input input(double ber) {
        Pcs::Input in;
        in.on = true;
        in.lanes = 0xff;
        in.fec = hw::MO_FEC_RS544;
        in.peer = {true, false, hw::MO_FEC_RS544, 0xff};
        for (auto& lane : in.lane) {
            lane = {true, ber, MO_SOC_RATE_100G_PAM4};
        }
        return in;
    }
    void align(const Pcs::Input& in) {
        pcs.set_burst(0.0, 0);
        for (now = 0; !pcs.aligned() && now < 10'000'000; now += 1'000) {
            pcs.evaluate(in, now);
        }
        ASSERT_TRUE(pcs.aligned());
        pcs.clear_counters(now);
    }

    Pcs pcs{42};
    std::uint64_t now = 0;
};

TEST_F(Counting, FollowsTheRatiosOverSeconds) {
    const Pcs::Input in = input(2.4e-4);
    align(in);
    const PcsCounters counters = pcs.snap(now + 2'000'000'000);
    const auto codewords = static_cast<double>(counters.codewords);
    EXPECT_NEAR(codewords / (2 * 156.25e6), 1.0, 1e-3);
    const CodewordErrors expected = at(2.4e-4);
    for (unsigned i = 0; i < 8; ++i) {
        EXPECT_NEAR(static_cast<double>(counters.bins[i]) / codewords / expected.bins[i], 1.0, 0.02)
            << i;
    }
    std::uint64_t sum = counters.uncorrectable;
    std::uint64_t symbols = counters.uncorrectable * 16;
    for (unsigned i = 0; i < counters.bins.size(); ++i) {
        sum += counters.bins[i];
        symbols += counters.bins[i] * i;
    }
    EXPECT_EQ(sum, counters.codewords);
    EXPECT_EQ(counters.corrected + counters.uncorrectable + counters.bins[0], counters.codewords);
    std::uint64_t lane_symbols = 0;
    for (const PcsCounters::Lane& lane : counters.lane) {
        EXPECT_NEAR(static_cast<double>(lane.bits) / (2 * 106.25e9), 1.0, 1e-6);
        EXPECT_NEAR(static_cast<double>(lane.bit_errors) / static_cast<double>(lane.bits) / 2.4e-4,
                    1.0, 0.01);
        EXPECT_GE(lane.bit_errors, lane.symbol_errors);
        lane_symbols += lane.symbol_errors;
    }
    EXPECT_EQ(lane_symbols, symbols);
}

TEST_F(Counting, ManyShortStepsCountAsMuchAsOneLong) {
    const Pcs::Input in = input(1e-5);
    align(in);
    for (unsigned i = 0; i < 10'000; ++i) {
        now += 10'007;
        pcs.snap(now);
    }
    const double expected = 10'000 * 10'007e-9 * 156.25e6;
    EXPECT_NEAR(static_cast<double>(pcs.latched().codewords) / expected, 1.0, 1e-4);
}

TEST_F(Counting, SameSeedSameCounters) {
    const Pcs::Input in = input(1e-4);
    align(in);
    Pcs other(42);
    other.set_burst(0.0, 0);
    std::uint64_t t = 0;
    for (; !other.aligned(); t += 1'000) {
        other.evaluate(in, t);
    }
    other.clear_counters(t);
    EXPECT_EQ(pcs.snap(now + 1'000'000'000).bins, other.snap(t + 1'000'000'000).bins);
}

TEST_F(Counting, StopsWithAlignment) {
    Pcs::Input in = input(1e-6);
    align(in);
    in.peer.fec = hw::MO_FEC_RS528;
    pcs.evaluate(in, now);
    pcs.evaluate(in, now + 1'000'000);
    EXPECT_FALSE(pcs.aligned());
    EXPECT_EQ(pcs.hazard().loss(64), 1.0);
    const std::uint64_t before = pcs.snap(now + 1'000'000).codewords;
    EXPECT_EQ(pcs.snap(now + 1'000'000'000).codewords, before);
    EXPECT_EQ(pcs.lane_status(0), 1U); // blocks, but no markers
    EXPECT_EQ(pcs.status() & pcs_local_fault, pcs_local_fault);
    EXPECT_TRUE(pcs.line().remote_fault);
}

} // namespace
} // namespace mo::optics
