// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/gid_table.hpp"

#include <cstring>

namespace mo::nic::rdma {

Gid gid_of(const std::uint8_t (&bytes)[16]) noexcept {
    Gid gid;
    std::memcpy(gid.bytes.data(), bytes, sizeof bytes);
    return gid;
}

MacAddress mac_of(const std::uint8_t (&bytes)[6]) noexcept {
    MacAddress mac;
    std::memcpy(mac.data(), bytes, sizeof bytes);
    return mac;
}

hw::mo_status GidTable::set(const hw::mo_cmd_gid& body) {
    constexpr std::uint16_t all_flags = MO_GIDF_VALID | MO_GIDF_VLAN;
    const std::uint16_t flags = body.flags;
    if (body.index >= entries_.size() || (flags & ~all_flags) != 0) {
        return hw::MO_ST_BAD_PARAM;
    }
    Entry entry;
    entry.valid = (flags & MO_GIDF_VALID) != 0;
    if (entry.valid) {
        entry.gid = gid_of(body.gid);
        entry.smac = mac_of(body.smac);
        entry.vlan = (flags & MO_GIDF_VLAN) != 0;
        entry.vlan_tci = entry.vlan ? body.vlan_tci & vlan_id_mask : std::uint16_t{0};
        if (entry.gid == Gid{} || entry.gid.is_multicast()) {
            return hw::MO_ST_BAD_PARAM;
        }
    }
    entries_[body.index] = entry;
    ++generation_;
    valid_.clear();
    for (std::size_t index = 0; index < entries_.size(); ++index) {
        if (entries_[index].valid) {
            valid_.push_back(static_cast<std::uint16_t>(index));
        }
    }
    return hw::MO_ST_OK;
}

void GidTable::clear() noexcept {
    entries_ = {};
    valid_.clear();
    ++generation_;
}

const GidTable::Entry* GidTable::find(const Gid& gid, bool vlan,
                                      std::uint16_t vlan_tci) const noexcept {
    for (const std::uint16_t index : valid_) {
        const Entry& entry = entries_[index];
        if (entry.gid == gid && same_vlan(entry.vlan, entry.vlan_tci, vlan, vlan_tci)) {
            return &entry;
        }
    }
    return nullptr;
}

} // namespace mo::nic::rdma
