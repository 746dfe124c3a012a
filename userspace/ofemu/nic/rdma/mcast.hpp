// SPDX-License-Identifier: GPL-2.0-or-later
// McastTable: which datagram QPs are attached to which groups (IBA volume 1, 10.5.2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "nic/port/roce.hpp"

namespace mo::nic::rdma {

class McastTable {
  public:
    static constexpr std::uint32_t max_attachments = 1024;
    /// One each: a driver that shares out attachments has shared out groups.
    static constexpr std::uint32_t max_groups = max_attachments;

    /// IN_USE: the QP is attached already. NO_RESOURCE: too many.
    [[nodiscard]] hw::mo_status attach(const Gid& group, std::uint32_t qp);
    /// BAD_OBJECT: it is not attached.
    [[nodiscard]] hw::mo_status detach(const Gid& group, std::uint32_t qp);
    /// The QP is in no group any more.
    void forget(std::uint32_t qp);
    void clear() noexcept;

    /// QPs of a group; empty: nobody is attached.
    [[nodiscard]] std::span<const std::uint32_t> members(const Gid& group) const noexcept;

  private:
    struct Group {
        Gid gid;
        std::vector<std::uint32_t> members; ///< never empty
    };
    [[nodiscard]] std::vector<Group>::iterator place(const Gid& group);

    std::vector<Group> groups_; ///< sorted: each datagram to a group looks for it
    std::uint32_t attachments_ = 0;
};

} // namespace mo::nic::rdma
