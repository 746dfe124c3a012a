// SPDX-License-Identifier: GPL-2.0-or-later
// RSS: Toeplitz hash ("Receive Side Scaling" of NDIS, "RSS hashing functions") over the fields that
// MO_CMD_RSS_SET chose, and the table that leads from hash to receive queue index.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "nic/eth/parser.hpp"

namespace mo::nic::eth {

/// Longest hash input: two IPv6 addresses and two ports.
inline constexpr std::size_t max_hash_input = 36;

/// Toeplitz hash with tables for one key: two look-ups per byte.
class Toeplitz {
  public:
    using Key = std::array<std::uint8_t, MO_RSS_KEY_LEN>;

    explicit Toeplitz(const Key& key) noexcept;
    /// Hash of at most max_hash_input bytes.
    [[nodiscard]] std::uint32_t hash(std::span<const std::byte> input) const noexcept;

  private:
    /// Contribution of each value of each half byte of the input, high half first.
    std::array<std::array<std::uint32_t, 16>, max_hash_input * 2> halves_;
};

class Rss {
  public:
    struct Choice {
        std::uint32_t queue; ///< index in the port's queue map
        std::optional<std::uint32_t> hash;
    };

    /// `config` was checked: table_log, table and fields are in range.
    explicit Rss(const hw::mo_rss_config& config);

    [[nodiscard]] Choice choose(fabric::Bytes head, const Parsed& parsed) const noexcept;

  private:
    Toeplitz toeplitz_;
    std::array<std::uint8_t, MO_FLOW_COUNT> fields_;
    std::vector<std::uint16_t> table_;
};

} // namespace mo::nic::eth
