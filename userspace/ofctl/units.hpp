// SPDX-License-Identifier: GPL-2.0-or-later
// Conversions between the model's units and those that people read.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

namespace mo::ofctl {

/// nW to dBm; no light has no dBm and is left out.
[[nodiscard]] inline std::optional<double> dbm_of_nw(std::optional<std::uint64_t> nanowatt) {
    if (!nanowatt || *nanowatt == 0) {
        return std::nullopt;
    }
    constexpr double nanowatt_per_milliwatt = 1e6;
    const double dbm = 10 * std::log10(static_cast<double>(*nanowatt) / nanowatt_per_milliwatt);
    return std::round(dbm * 100) / 100;
}

/// mW to dBm, as above.
[[nodiscard]] inline std::optional<double> dbm_of_mw(std::optional<double> milliwatt) {
    if (!milliwatt || *milliwatt <= 0) {
        return std::nullopt;
    }
    return std::round(10 * std::log10(*milliwatt) * 100) / 100;
}

/// A count of thousandths or millionths, rounded so that JSON shows no binary dust.
template <typename Integer>
[[nodiscard]] std::optional<double> scaled(std::optional<Integer> value, double divisor) {
    if (!value) {
        return std::nullopt;
    }
    return static_cast<double>(*value) / divisor;
}

[[nodiscard]] inline std::optional<double> rounded(std::optional<double> value, double steps) {
    return value ? std::optional(std::round(*value * steps) / steps) : std::nullopt;
}

} // namespace mo::ofctl
