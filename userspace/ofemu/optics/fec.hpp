// SPDX-License-Identifier: GPL-2.0-or-later
// Reed-Solomon codewords (IEEE 802.3 clauses 91, 119, 172): how many symbol errors they carry, and
// counters drawn for a stretch of time instead of per bit.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "optics/random.hpp"

namespace mo::optics {

/// A code over 10-bit symbols.
struct FecCode {
    unsigned symbols = 0;     ///< per codeword; 0: no codewords
    unsigned data = 0;        ///< payload symbols
    unsigned correctable = 0; ///< symbol errors that can be corrected
};

/// RS(544,514), RS(528,514); no codewords for MO_FEC_OFF and MO_FEC_BASER.
[[nodiscard]] FecCode fec_code(std::uint32_t fec);

/// Symbol error ratio of a bit error ratio: 1 - (1 - BER)^10.
[[nodiscard]] double symbol_error_ratio(double ber);

/// Distribution of symbol errors per codeword.
struct CodewordErrors {
    std::array<double, MO_FEC_BINS> bins{}; ///< probability of exactly i symbol errors
    double uncorrectable = 0.0;             ///< probability of more than can be corrected
};

/// Codewords are spread evenly over the lanes. Errors come in bursts: after a bad symbol the next
/// one of the codeword is bad too with probability `burst` (0 = independent errors). The mean is
/// that of the symbol error ratios whatever the burst.
[[nodiscard]] CodewordErrors codeword_errors(const FecCode& code, std::span<const double> lane_ser,
                                             double burst);

/// How likely frames are lost, as hazard: minus the logarithm of the probability that a frame
/// passes. It adds up over what a frame consists of, so that of a frame is linear in its length and
/// that of several frames is their sum.
struct FrameHazard {
    double per_frame = 0.0;
    double per_byte = 0.0;

    [[nodiscard]] double of(std::uint32_t bytes) const noexcept {
        return per_frame + per_byte * static_cast<double>(bytes);
    }
    /// The probability that a frame of `bytes` is lost.
    [[nodiscard]] double loss(std::uint32_t bytes) const noexcept;
    bool operator==(const FrameHazard&) const = default;
};

/// Every frame is lost.
[[nodiscard]] FrameHazard certain_loss() noexcept;

/// Of frames when codewords cannot be corrected with probability `uncorrectable`. A frame touches
/// 1 + bits / payload bits codewords on average.
[[nodiscard]] FrameHazard frame_hazard(const FecCode& code, double uncorrectable) noexcept;

/// The same without a code.
[[nodiscard]] FrameHazard frame_hazard_uncoded(double ber) noexcept;

} // namespace mo::optics
