// SPDX-License-Identifier: GPL-2.0-or-later
// ReadyList: whose turn is next. Turns go round among owners (a context of a process, the kernel),
// and among the members of each: a process with ten thousand busy queue pairs has no more turns
// than one with a single one.
#pragma once

#include <cstddef>

#include "common/intrusive_list.hpp"

namespace mo::nic::rdma {

/// `Member` is derived from ListHook.
template <typename Member>
class ReadyList {
  public:
    /// What is ready of one owner. It outlives the list's members.
    class Owner : public ListHook {
      private:
        friend class ReadyList;
        IntrusiveList<Member> members_; ///< the next one first
    };

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// Behind the others of its owner, and an owner that had none behind the other owners.
    void push_back(Owner& owner, Member& member) noexcept {
        if (owner.members_.empty()) {
            owners_.push_back(owner);
        }
        owner.members_.push_back(member);
        ++count_;
    }
    void remove(Owner& owner, Member& member) noexcept {
        owner.members_.remove(member);
        if (owner.members_.empty()) {
            owners_.remove(owner);
        }
        --count_;
    }
    /// Takes the next one; its owner goes behind the others. Only if not empty().
    [[nodiscard]] Member& take() noexcept {
        Owner& owner = *owners_.front();
        Member& member = *owner.members_.front();
        owners_.remove(owner);
        owner.members_.remove(member);
        if (!owner.members_.empty()) {
            owners_.push_back(owner);
        }
        --count_;
        return member;
    }
    /// Calls visit(Member&) for each; it changes nothing here.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const Owner* owner = owners_.front(); owner != nullptr;
             owner = owners_.after(*owner)) {
            for (Member* member = owner->members_.front(); member != nullptr;) {
                Member& now = *member;
                member = owner->members_.after(now);
                visit(now);
            }
        }
    }

  private:
    IntrusiveList<Owner> owners_; ///< those that have members; the next one first
    std::size_t count_ = 0;
};

} // namespace mo::nic::rdma
