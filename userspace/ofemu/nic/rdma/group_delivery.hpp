// SPDX-License-Identifier: GPL-2.0-or-later
// GroupDelivery: datagrams on their way to the many members of a group (IBA volume 1, 10.5.2). The
// engine has one thread for all, and a group may have a thousand members: so many get theirs at a
// time, in the order of arrival.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "fabric/shared_frame.hpp"
#include "nic/port/roce.hpp"

namespace mo::nic::rdma {

class GroupDelivery {
  public:
    /// So few members get a datagram in the call that brings it.
    static constexpr std::size_t few = 8;
    /// Receptions that may wait.
    static constexpr std::size_t most_owed = 8192;

    [[nodiscard]] bool empty() const noexcept { return under_way_.empty(); }

    /// Keeps a datagram for the members of its group; false: too much waits, and none gets it.
    [[nodiscard]] bool add(const fabric::Frame& frame, const Gid& group,
                           std::span<const std::uint32_t> members);
    /// The QP has left the group and gets nothing of it any more.
    void leave(const Gid& group, std::uint32_t qp);
    void clear() noexcept;

    /// Calls give(frame, members) for the oldest datagrams and at most `budget` members. Returns
    /// how many it were.
    template <typename Give>
    unsigned poll(unsigned budget, Give&& give) {
        unsigned given = 0;
        while (given != budget && !under_way_.empty()) {
            const Datagram& next = under_way_.front();
            const auto left = std::span(next.members).subspan(next.given);
            const auto now = left.first(std::min<std::size_t>(left.size(), budget - given));
            give(next.frame.view(), now);
            given += static_cast<unsigned>(now.size());
            took(now.size());
        }
        return given;
    }

  private:
    struct Datagram {
        fabric::SharedFrame frame;
        Gid group;
        std::vector<std::uint32_t> members;
        std::size_t given = 0; ///< so many of them have it
    };
    void took(std::size_t count);

    fabric::FramePool pool_;
    std::deque<Datagram> under_way_;
    std::size_t owed_ = 0;
};

} // namespace mo::nic::rdma
