// SPDX-License-Identifier: GPL-2.0-or-later
// PCS and FEC of the receive direction: lane lock, alignment, faults, and counters that are drawn
// from the error ratios for the time that has passed.
#pragma once

#include <array>
#include <cstdint>

#include "optics/delayed.hpp"
#include "optics/fec.hpp"
#include "optics/line.hpp"
#include "optics/random.hpp"

namespace mo::optics {

/// MO_SOC_PCS_STATUS bits.
inline constexpr std::uint32_t pcs_aligned = 1U << 0U;
inline constexpr std::uint32_t pcs_remote_fault = 1U << 1U;
inline constexpr std::uint32_t pcs_local_fault = 1U << 2U;
inline constexpr std::uint32_t pcs_uncorrectable = 1U << 3U;

/// Counters as one snapshot.
struct PcsCounters {
    std::uint64_t time_ns = 0;
    std::uint64_t codewords = 0;
    std::uint64_t corrected = 0;
    std::uint64_t uncorrectable = 0;
    std::array<std::uint64_t, MO_FEC_BINS> bins{};
    struct Lane {
        std::uint64_t bits = 0;
        std::uint64_t bit_errors = 0;
        std::uint64_t symbol_errors = 0;
    };
    std::array<Lane, MO_MAX_LANES> lane{};
};

class Pcs {
  public:
    struct Lane {
        bool adapted = false;
        double ber = 0.5;
        std::uint32_t rate = MO_SOC_RATE_OFF;
        bool operator==(const Lane&) const = default;
    };
    struct Input {
        bool on = false;
        bool hold_remote_fault = false; ///< send remote fault although aligned
        std::uint32_t lanes = 0;
        std::uint32_t fec = 0;
        LinePcs peer;
        std::array<Lane, MO_MAX_LANES> lane{};
        bool operator==(const Input&) const = default;
    };

    explicit Pcs(std::uint64_t seed) : random_(seed) {}

    void evaluate(const Input& input, std::uint64_t now_ns);
    [[nodiscard]] std::uint64_t next_ns() const;

    [[nodiscard]] std::uint32_t status() const;
    /// Bit 0 block lock, bit 1 alignment marker lock.
    [[nodiscard]] std::uint32_t lane_status(unsigned lane) const;
    /// What this end sends.
    [[nodiscard]] LinePcs line() const;
    [[nodiscard]] bool aligned() const { return aligned_.value(); }
    /// Latches all counters.
    const PcsCounters& snap(std::uint64_t now_ns);
    [[nodiscard]] const PcsCounters& latched() const { return latched_; }
    void clear_counters(std::uint64_t now_ns);
    /// How likely received frames are lost, all of them while not aligned.
    [[nodiscard]] const FrameHazard& hazard() const { return hazard_; }
    /// Changes with aligned() and hazard(), and with nothing else.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    /// Probability that a codeword cannot be corrected.
    [[nodiscard]] double uncorrectable() const { return errors_.uncorrectable; }
    /// Probability that a symbol error goes on in the next symbol of its lane.
    void set_burst(double burst, std::uint64_t now_ns);
    [[nodiscard]] double burst() const { return burst_; }

  private:
    void accumulate(std::uint64_t now_ns);
    void update_errors();
    void update_hazard();

    Input input_;
    Random random_;
    double burst_ = 0.05;
    std::array<Delayed, MO_MAX_LANES> block_{};
    std::array<Delayed, MO_MAX_LANES> marker_{};
    Delayed aligned_;
    Delayed uncorrectable_; ///< too many of them, for long enough to be counted
    FecCode code_;
    CodewordErrors errors_;
    double mean_ber_ = 0.5;
    FrameHazard hazard_ = certain_loss();
    bool was_aligned_ = false; ///< when the generation was told last
    std::uint64_t generation_ = 1;
    std::array<double, MO_MAX_LANES> ser_{};
    PcsCounters live_;
    PcsCounters latched_;
    double codeword_fraction_ = 0.0; ///< remainders, so that short steps lose nothing
    std::array<double, MO_MAX_LANES> bit_fraction_{};
};

} // namespace mo::optics
