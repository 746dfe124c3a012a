// SPDX-License-Identifier: GPL-2.0-or-later
// Filters of received frames: destination addresses (MO_CMD_RX_MODE) and VLANs
// (MO_CMD_VLAN_FILTER).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "nic/port/address.hpp"

namespace mo::nic::eth {

class AddressFilter {
  public:
    /// Lets in the listed addresses and what `flags` (MO_RX_MODE_*) says.
    void set(std::vector<std::uint64_t> addresses, std::uint32_t flags);
    [[nodiscard]] bool accepts(std::uint64_t destination) const noexcept;

  private:
    std::vector<std::uint64_t> addresses_; ///< sorted
    std::uint32_t flags_ = 0;
};

class VlanFilter {
  public:
    static constexpr std::size_t bitmap_bytes = 512;
    using Bitmap = std::array<std::byte, bitmap_bytes>;

    /// Lets every VLAN in; so it is at start.
    void open() noexcept { bitmap_.reset(); }
    /// Lets in the VLANs whose bit is set: bit id % 8 of byte id / 8.
    void set(const Bitmap& bitmap) { bitmap_ = std::make_unique<Bitmap>(bitmap); }
    [[nodiscard]] bool accepts(std::uint16_t tci) const noexcept {
        const unsigned id = tci & 0x0fffU;
        return !bitmap_ || (std::to_integer<unsigned>((*bitmap_)[id / 8]) >> (id % 8) & 1U) != 0;
    }

  private:
    std::unique_ptr<Bitmap> bitmap_; ///< none: no filter
};

} // namespace mo::nic::eth
