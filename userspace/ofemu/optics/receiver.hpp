// SPDX-License-Identifier: GPL-2.0-or-later
// One receive lane of the host SerDes: signal detect, clock recovery, equaliser adaptation, and the
// bit error ratio that results.
#pragma once

#include <cstdint>

#include "optics/delayed.hpp"
#include "optics/line.hpp"
#include "optics/physics.hpp"

namespace mo::optics {

/// Response times of the receive lane.
struct ReceiverTiming {
    std::uint64_t signal_rise_ns = 10'000;
    std::uint64_t signal_fall_ns = 500;
    std::uint64_t lock_ns = 50'000;
    std::uint64_t adapt_ns = 20'000'000;
};

class Receiver {
  public:
    /// What stands at the input of the lane.
    struct Input {
        bool on = false;                          ///< receiver powered
        bool present = false;                     ///< modulated signal from the module
        std::uint32_t own_rate = MO_SOC_RATE_OFF; ///< rate that the lane is set to
        LaneLight light;                          ///< at the module's photodiode
    };

    void evaluate(const Input& input, std::uint64_t now_ns);
    [[nodiscard]] std::uint64_t next_ns() const;

    /// Starts a new adaptation; it runs once the clock is recovered.
    void start_adaptation(std::uint64_t now_ns);
    /// The next adaptation converges to a wrong channel.
    void spoil_next_adaptation() { spoil_next_ = true; }
    [[nodiscard]] bool spoils_next() const { return spoil_next_; }
    /// MO_SOC_SERDES_STATUS bits.
    [[nodiscard]] std::uint32_t status() const;
    [[nodiscard]] bool adapted() const { return adaptation_ == Adaptation::done; }
    [[nodiscard]] bool signal() const { return signal_.value(); }
    /// Q of the eye at the slicer; 0 without lock.
    [[nodiscard]] double q() const { return q_; }
    [[nodiscard]] double ber() const { return ber_; }
    void reset();

  private:
    enum class Adaptation : std::uint8_t { none, wanted, running, done, failed };

    void update_quality(const Input& input);

    Delayed signal_;
    Delayed lock_;
    Adaptation adaptation_ = Adaptation::none;
    std::uint64_t adapt_until_ = never;
    std::uint64_t adapt_start_ = 0;
    bool spoilt_ = false;
    bool spoil_next_ = false;
    double q_ = 0.0;
    double ber_ = 0.5;
    ReceiverTiming timing_;
};

/// Symbol rate of MO_SOC_RATE_*, GBd; 0 when off.
[[nodiscard]] double rate_gbd(std::uint32_t rate);
/// Bits per second of a lane at MO_SOC_RATE_*.
[[nodiscard]] double rate_bps(std::uint32_t rate);

} // namespace mo::optics
