// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/mcast.hpp"

#include <algorithm>

namespace mo::nic::rdma {

/// The group, or the place where it belongs.
std::vector<McastTable::Group>::iterator McastTable::place(const Gid& group) {
    return std::ranges::lower_bound(groups_, group, {}, &Group::gid);
}

hw::mo_status McastTable::attach(const Gid& group, std::uint32_t qp) {
    if (attachments_ == max_attachments) {
        return hw::MO_ST_NO_RESOURCE;
    }
    auto found = place(group);
    if (found == groups_.end() || found->gid != group) {
        found = groups_.insert(found, Group{group, {}});
    } else if (std::ranges::find(found->members, qp) != found->members.end()) {
        return hw::MO_ST_IN_USE;
    }
    found->members.push_back(qp);
    ++attachments_;
    return hw::MO_ST_OK;
}

hw::mo_status McastTable::detach(const Gid& group, std::uint32_t qp) {
    const auto found = place(group);
    if (found == groups_.end() || found->gid != group || std::erase(found->members, qp) == 0) {
        return hw::MO_ST_BAD_OBJECT;
    }
    --attachments_;
    if (found->members.empty()) {
        groups_.erase(found);
    }
    return hw::MO_ST_OK;
}

void McastTable::forget(std::uint32_t qp) {
    for (Group& group : groups_) {
        attachments_ -= static_cast<std::uint32_t>(std::erase(group.members, qp));
    }
    std::erase_if(groups_, [](const Group& group) { return group.members.empty(); });
}

void McastTable::clear() noexcept {
    groups_.clear();
    attachments_ = 0;
}

std::span<const std::uint32_t> McastTable::members(const Gid& group) const noexcept {
    const auto found = std::ranges::lower_bound(groups_, group, {}, &Group::gid);
    return found == groups_.end() || found->gid != group ? std::span<const std::uint32_t>{}
                                                         : found->members;
}

} // namespace mo::nic::rdma
