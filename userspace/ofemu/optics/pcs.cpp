// SPDX-License-Identifier: GPL-2.0-or-later
#include "optics/pcs.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "optics/receiver.hpp"

namespace mo::optics {

namespace {

constexpr std::uint64_t block_lock_ns = 5'000;
constexpr std::uint64_t marker_lock_ns = 100'000;
constexpr std::uint64_t align_ns = 20'000;
// Losing alignment takes several bad markers or codewords, so signal detect is faster.
constexpr std::uint64_t unalign_ns = 2'000;
constexpr std::uint64_t count_errors_ns = 10'000;
// Three codewords in a row that cannot be corrected drop alignment (IEEE 802.3 clause 119.2.5.5).
// At this ratio that happens within seconds.
constexpr double uncorrectable_bad = 1e-3;
constexpr double uncorrectable_unusable = 0.3;
constexpr unsigned bits_per_symbol = 10;

} // namespace

void Pcs::evaluate(const Input& input, std::uint64_t now_ns) {
    accumulate(now_ns);
    const bool changed = !(input == input_);
    input_ = input;
    if (changed) {
        code_ = fec_code(input_.fec);
        update_errors();
    }
    bool all = input_.on && input_.lanes != 0 && errors_.uncorrectable < uncorrectable_unusable;
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        const bool used = (input_.lanes & (1U << lane)) != 0;
        block_[lane].drive(input_.on && used && input_.lane[lane].adapted && input_.peer.on &&
                               (input_.peer.lanes & (1U << lane)) != 0,
                           now_ns, block_lock_ns, 0);
        // Markers of another FEC or width are not found where they are looked for.
        const bool same = input_.peer.fec == input_.fec && input_.peer.lanes == input_.lanes;
        marker_[lane].drive(block_[lane].value() && same, now_ns, marker_lock_ns, 0);
        all = all && (!used || marker_[lane].value());
    }
    aligned_.drive(all, now_ns, align_ns, unalign_ns);
    uncorrectable_.drive(aligned_.value() && errors_.uncorrectable > uncorrectable_bad, now_ns,
                         count_errors_ns, 0);
    update_hazard();
}

std::uint64_t Pcs::next_ns() const {
    std::uint64_t next = std::min(aligned_.next_ns(), uncorrectable_.next_ns());
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        next = std::min({next, block_[lane].next_ns(), marker_[lane].next_ns()});
    }
    return next;
}

void Pcs::update_errors() {
    std::vector<double> used;
    double sum = 0.0;
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        ser_[lane] = 0.0;
        if ((input_.lanes & (1U << lane)) != 0) {
            // A lane that lost its clock delivers noise until alignment is given up.
            const double ber = input_.lane[lane].adapted ? input_.lane[lane].ber : 0.5;
            ser_[lane] = symbol_error_ratio(ber);
            sum += ber;
            used.push_back(ser_[lane]);
        }
    }
    mean_ber_ = used.empty() ? 0.5 : sum / static_cast<double>(used.size());
    errors_ = codeword_errors(code_, used, burst_);
}

void Pcs::set_burst(double burst, std::uint64_t now_ns) {
    accumulate(now_ns);
    burst_ = burst;
    update_errors();
    update_hazard();
}

void Pcs::update_hazard() {
    const FrameHazard now = !aligned_.value()    ? certain_loss()
                            : code_.symbols == 0 ? frame_hazard_uncoded(mean_ber_)
                                                 : frame_hazard(code_, errors_.uncorrectable);
    if (!(now == hazard_) || aligned_.value() != was_aligned_) {
        hazard_ = now;
        was_aligned_ = aligned_.value();
        ++generation_;
    }
}

void Pcs::accumulate(std::uint64_t now_ns) {
    const std::uint64_t since = live_.time_ns;
    if (now_ns <= since) {
        return;
    }
    live_.time_ns = now_ns;
    if (!aligned_.value()) {
        return;
    }
    const double elapsed_s = static_cast<double>(now_ns - since) * 1e-9;
    double total_bps = 0.0;
    double total_ser = 0.0;
    for (unsigned lane = 0; lane < MO_MAX_LANES; ++lane) {
        if ((input_.lanes & (1U << lane)) == 0) {
            continue;
        }
        const double bps = rate_bps(input_.lane[lane].rate);
        total_bps += bps;
        total_ser += ser_[lane];
        bit_fraction_[lane] += bps * elapsed_s;
        const auto whole = static_cast<std::uint64_t>(bit_fraction_[lane]);
        bit_fraction_[lane] -= static_cast<double>(whole);
        live_.lane[lane].bits += whole;
        if (code_.symbols == 0) {
            live_.lane[lane].bit_errors += random_.binomial(whole, input_.lane[lane].ber);
        }
    }
    if (code_.symbols == 0) {
        return;
    }
    codeword_fraction_ += total_bps * elapsed_s / (code_.symbols * bits_per_symbol);
    const auto codewords = static_cast<std::uint64_t>(codeword_fraction_);
    codeword_fraction_ -= static_cast<double>(codewords);
    live_.codewords += codewords;

    // Multinomial as a chain of binomials, from the rare end so that small bins are exact.
    std::uint64_t left = codewords;
    double probability_left = 1.0;
    const auto draw = [&](double probability) {
        const double share =
            probability_left <= 0.0 ? 0.0 : std::min(1.0, probability / probability_left);
        const std::uint64_t count = random_.binomial(left, share);
        left -= count;
        probability_left -= probability;
        return count;
    };
    const std::uint64_t bad = draw(errors_.uncorrectable);
    live_.uncorrectable += bad;
    std::uint64_t symbols = bad * (code_.correctable + 1U);
    for (unsigned k = code_.correctable; k > 0; --k) {
        const std::uint64_t count = draw(errors_.bins[k]);
        live_.bins[k] += count;
        live_.corrected += count;
        symbols += count * k;
    }
    live_.bins[0] += left;

    double ser_left = total_ser;
    for (unsigned lane = 0; lane < MO_MAX_LANES && symbols != 0; ++lane) {
        if (ser_[lane] <= 0.0) {
            continue;
        }
        const std::uint64_t count =
            random_.binomial(symbols, ser_left <= ser_[lane] ? 1.0 : ser_[lane] / ser_left);
        ser_left -= ser_[lane];
        symbols -= count;
        live_.lane[lane].symbol_errors += count;
        // A bad symbol has one bad bit, rarely more: bits_per_symbol * BER / SER of them.
        const double extra =
            std::max(0.0, bits_per_symbol * input_.lane[lane].ber / ser_[lane] - 1.0);
        live_.lane[lane].bit_errors += count + random_.binomial(count, std::min(1.0, extra));
    }
}

const PcsCounters& Pcs::snap(std::uint64_t now_ns) {
    accumulate(now_ns);
    latched_ = live_;
    latched_.time_ns = std::max(now_ns, live_.time_ns);
    return latched_;
}

void Pcs::clear_counters(std::uint64_t now_ns) {
    accumulate(now_ns);
    live_ = PcsCounters{};
    live_.time_ns = now_ns;
    codeword_fraction_ = 0.0;
    bit_fraction_ = {};
}

std::uint32_t Pcs::status() const {
    const bool aligned = aligned_.value();
    return (aligned ? pcs_aligned : 0U) |
           (aligned && input_.peer.remote_fault ? pcs_remote_fault : 0U) |
           (input_.on && !aligned ? pcs_local_fault : 0U) |
           (uncorrectable_.value() ? pcs_uncorrectable : 0U);
}

std::uint32_t Pcs::lane_status(unsigned lane) const {
    return (block_[lane].value() ? 1U : 0U) | (marker_[lane].value() ? 2U : 0U);
}

LinePcs Pcs::line() const {
    if (!input_.on) {
        return {};
    }
    return {true, input_.hold_remote_fault || !aligned_.value(), input_.fec, input_.lanes};
}

} // namespace mo::optics
