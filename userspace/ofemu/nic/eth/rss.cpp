// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/rss.hpp"

#include <algorithm>
#include <cassert>

namespace mo::nic::eth {

namespace {

/// 32 bits of the key from bit `position` on.
std::uint32_t key_window(const Toeplitz::Key& key, std::size_t position) noexcept {
    std::uint32_t window = 0;
    for (std::size_t i = position; i < position + 32; ++i) {
        window = (window << 1U) | ((key[i / 8] >> (7U - i % 8)) & 1U);
    }
    return window;
}
static_assert(max_hash_input * 8 + 32 <= std::size_t{MO_RSS_KEY_LEN} * 8);

std::optional<hw::mo_flow> flow_of(const Parsed& parsed) noexcept {
    if (parsed.l3 == MO_L3_IPV4) {
        return parsed.tcp() ? hw::MO_FLOW_TCP4 : parsed.udp() ? hw::MO_FLOW_UDP4 : hw::MO_FLOW_IPV4;
    }
    if (parsed.l3 == MO_L3_IPV6) {
        return parsed.tcp() ? hw::MO_FLOW_TCP6 : parsed.udp() ? hw::MO_FLOW_UDP6 : hw::MO_FLOW_IPV6;
    }
    return std::nullopt;
}

} // namespace

Toeplitz::Toeplitz(const Key& key) noexcept {
    for (std::size_t half = 0; half < halves_.size(); ++half) {
        for (std::uint32_t value = 0; value < 16; ++value) {
            std::uint32_t sum = 0;
            for (unsigned bit = 0; bit < 4; ++bit) {
                if ((value & (8U >> bit)) != 0) {
                    sum ^= key_window(key, half * 4 + bit);
                }
            }
            halves_[half][value] = sum;
        }
    }
}

std::uint32_t Toeplitz::hash(std::span<const std::byte> input) const noexcept {
    assert(input.size() <= max_hash_input);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < input.size(); ++i) {
        const auto value = std::to_integer<unsigned>(input[i]);
        sum ^= halves_[2 * i][value >> 4U] ^ halves_[2 * i + 1][value & 15U];
    }
    return sum;
}

Rss::Rss(const hw::mo_rss_config& config) : toeplitz_(std::to_array(config.key)) {
    std::ranges::copy(config.fields, fields_.begin());
    table_.assign(std::begin(config.table),
                  std::begin(config.table) + (std::size_t{1} << config.table_log));
}

Rss::Choice Rss::choose(fabric::Bytes head, const Parsed& parsed) const noexcept {
    const auto flow = flow_of(parsed);
    const std::uint8_t fields = flow ? fields_[*flow] : 0;
    if (fields == 0) {
        return {table_.front(), std::nullopt};
    }
    std::array<std::byte, max_hash_input> input;
    std::size_t size = 0;
    const auto append = [&](std::size_t offset, std::size_t count) {
        std::ranges::copy(head.subspan(offset, count),
                          input.begin() + static_cast<std::ptrdiff_t>(size));
        size += count;
    };
    const bool ipv4 = parsed.l3 == MO_L3_IPV4;
    const std::size_t address = ipv4 ? 4 : 16;
    const std::size_t source = parsed.l3_offset + std::size_t{ipv4 ? 12U : 8U};
    if ((fields & MO_HASH_L3_SRC) != 0) {
        append(source, address);
    }
    if ((fields & MO_HASH_L3_DST) != 0) {
        append(source + address, address);
    }
    // Flows without ports have none to hash, whatever was chosen.
    const bool ports = parsed.tcp() || parsed.udp();
    if (ports && (fields & MO_HASH_L4_SRC) != 0) {
        append(parsed.l4_offset, 2);
    }
    if (ports && (fields & MO_HASH_L4_DST) != 0) {
        append(parsed.l4_offset + std::size_t{2}, 2);
    }
    const std::uint32_t hash = toeplitz_.hash({input.data(), size});
    return {table_[hash & (table_.size() - 1)], hash};
}

} // namespace mo::nic::eth
