// SPDX-License-Identifier: GPL-2.0-or-later
// GidTable: the addresses of a port (IBA annex A17.4; MO_CMD_GID_SET). They decide which received
// frames are the transport's and what sent ones say of their origin.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/hw.hpp"
#include "nic/port/roce.hpp"

namespace mo::nic::rdma {

/// VLAN of a tag (IEEE 802.1Q 9.6).
inline constexpr std::uint16_t vlan_id_mask = 0x0fff;

class GidTable {
  public:
    struct Entry {
        Gid gid;
        MacAddress smac{};
        bool vlan = false;
        std::uint16_t vlan_tci = 0; ///< without a priority
        bool valid = false;
    };

    /// GID_SET; reserved fields were checked.
    [[nodiscard]] hw::mo_status set(const hw::mo_cmd_gid& body);
    void clear() noexcept;

    /// The entry of an index; nullptr: it is empty or there is no such index.
    [[nodiscard]] const Entry* at(std::uint32_t index) const noexcept {
        return index < entries_.size() && entries_[index].valid ? &entries_[index] : nullptr;
    }
    /// A valid entry has this address and this tag (by its VLAN; 0 is no VLAN); nullptr: none.
    [[nodiscard]] const Entry* find(const Gid& gid, bool vlan,
                                    std::uint16_t vlan_tci) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return valid_.empty(); }
    /// Changes with each set(): what was derived from an entry is derived anew.
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

  private:
    std::array<Entry, MO_RDMA_MAX_GID> entries_{};
    std::vector<std::uint16_t> valid_; ///< indexes, ascending
    std::uint32_t generation_ = 1;
};

/// Both are in the same VLAN; no tag and VLAN 0 (IEEE 802.1Q 6.9.1: priority only) are the same.
[[nodiscard]] constexpr bool same_vlan(bool tagged, std::uint16_t tci, bool other_tagged,
                                       std::uint16_t other_tci) noexcept {
    return ((tagged ? tci : 0U) & vlan_id_mask) == ((other_tagged ? other_tci : 0U) & vlan_id_mask);
}

/// The 16 bytes of a GID as commands and WQEs carry them.
[[nodiscard]] Gid gid_of(const std::uint8_t (&bytes)[16]) noexcept;
[[nodiscard]] MacAddress mac_of(const std::uint8_t (&bytes)[6]) noexcept;

} // namespace mo::nic::rdma
