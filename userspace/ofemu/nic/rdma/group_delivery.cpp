// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/group_delivery.hpp"

namespace mo::nic::rdma {

bool GroupDelivery::add(const fabric::Frame& frame, const Gid& group,
                        std::span<const std::uint32_t> members) {
    if (owed_ + members.size() > most_owed) {
        return false;
    }
    under_way_.push_back({pool_.keep(frame), group, {members.begin(), members.end()}});
    owed_ += members.size();
    return true;
}

void GroupDelivery::took(std::size_t count) {
    Datagram& first = under_way_.front();
    first.given += count;
    owed_ -= count;
    if (first.given == first.members.size()) {
        under_way_.pop_front();
    }
}

void GroupDelivery::leave(const Gid& group, std::uint32_t qp) {
    for (Datagram& each : under_way_) {
        if (each.group != group) {
            continue;
        }
        const auto waiting = each.members.begin() + static_cast<std::ptrdiff_t>(each.given);
        const auto place = std::find(waiting, each.members.end(), qp);
        if (place != each.members.end()) {
            each.members.erase(place);
            --owed_;
        }
    }
    std::erase_if(under_way_,
                  [](const Datagram& each) { return each.given == each.members.size(); });
}

void GroupDelivery::clear() noexcept {
    under_way_.clear();
    owed_ = 0;
}

} // namespace mo::nic::rdma
