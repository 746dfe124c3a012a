// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/fec.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace mo::optics {

namespace {

constexpr unsigned bits_per_symbol = 10;
constexpr unsigned ethernet_overhead = 20; // preamble, delimiter and gap, on the wire too

/// Probability of 0..size-1 symbol errors in `n` symbols: number of bursts binomial, their length
/// geometric (Panjer's recursion).
std::vector<double> compound_binomial(double n, double ser, double burst, std::size_t size) {
    std::vector<double> out(size, 0.0);
    const double p = std::min(ser * (1.0 - burst), 0.999);
    if (p <= 0.0) {
        out[0] = 1.0;
        return out;
    }
    const double a = -p / (1.0 - p);
    const double b = (n + 1.0) * p / (1.0 - p);
    out[0] = std::exp(n * std::log1p(-p));
    for (std::size_t k = 1; k < size; ++k) {
        double sum = 0.0;
        double severity = 1.0 - burst; // probability of a burst of length j
        for (std::size_t j = 1; j <= k; ++j) {
            sum +=
                (a + b * static_cast<double>(j) / static_cast<double>(k)) * severity * out[k - j];
            severity *= burst;
            if (severity == 0.0) {
                break;
            }
        }
        out[k] = std::max(0.0, sum);
    }
    return out;
}

} // namespace

FecCode fec_code(std::uint32_t fec) {
    switch (fec) {
    case hw::MO_FEC_RS544:
        return {544, 514, 15};
    case hw::MO_FEC_RS528:
        return {528, 514, 7};
    default:
        return {};
    }
}

double symbol_error_ratio(double ber) {
    return -std::expm1(bits_per_symbol * std::log1p(-ber));
}

CodewordErrors codeword_errors(const FecCode& code, std::span<const double> lane_ser,
                               double burst) {
    CodewordErrors result;
    if (code.symbols == 0 || lane_ser.empty()) {
        result.bins[0] = 1.0;
        return result;
    }
    // Far enough into the tail to sum it: beyond twice the correctable errors nothing matters
    // unless the mean itself is there, and then the complement is exact enough.
    const double mean = [&] {
        double sum = 0.0;
        for (const double ser : lane_ser) {
            sum += ser;
        }
        return sum / static_cast<double>(lane_ser.size()) * code.symbols;
    }();
    const std::size_t size = code.correctable + 33;
    const double per_lane =
        static_cast<double>(code.symbols) / static_cast<double>(lane_ser.size());
    std::vector<double> total(size, 0.0);
    total[0] = 1.0;
    for (const double ser : lane_ser) {
        const std::vector<double> lane = compound_binomial(per_lane, ser, burst, size);
        std::vector<double> next(size, 0.0);
        for (std::size_t i = 0; i < size; ++i) {
            for (std::size_t j = 0; i + j < size; ++j) {
                next[i + j] += total[i] * lane[j];
            }
        }
        total = std::move(next);
    }
    double correctable = 0.0;
    for (std::size_t k = 0; k <= code.correctable; ++k) {
        result.bins[k] = total[k];
        correctable += total[k];
    }
    double tail = 0.0;
    for (std::size_t k = code.correctable + 1; k < size; ++k) {
        tail += total[k];
    }
    result.uncorrectable = mean > 2.0 ? std::clamp(1.0 - correctable, 0.0, 1.0) : tail;
    return result;
}

double FrameHazard::loss(std::uint32_t bytes) const noexcept {
    return -std::expm1(-of(bytes));
}

FrameHazard certain_loss() noexcept {
    return {std::numeric_limits<double>::infinity(), 0.0};
}

FrameHazard frame_hazard(const FecCode& code, double uncorrectable) noexcept {
    if (code.symbols == 0 || uncorrectable <= 0.0) {
        return {};
    }
    if (uncorrectable >= 1.0) {
        return certain_loss();
    }
    const double per_codeword = -std::log1p(-uncorrectable);
    const double per_byte = per_codeword * 8.0 / (static_cast<double>(code.data) * bits_per_symbol);
    return {per_codeword + per_byte * ethernet_overhead, per_byte};
}

FrameHazard frame_hazard_uncoded(double ber) noexcept {
    if (ber >= 1.0) {
        return certain_loss();
    }
    return {0.0, ber <= 0.0 ? 0.0 : -8.0 * std::log1p(-ber)};
}

} // namespace mo::optics
