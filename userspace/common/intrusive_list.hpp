// SPDX-License-Identifier: GPL-2.0-or-later
// IntrusiveList: a list whose members carry their own place, so that joining, leaving and moving
// cost a few stores and never allocate. A member is in one list at a time.
#pragma once

#include <cassert>
#include <cstddef>

namespace mo {

/// What a member carries; it is derived from this. Whoever ends a member takes it out before.
class ListHook {
  public:
    ListHook() = default;
    ListHook(const ListHook&) = delete;
    ListHook& operator=(const ListHook&) = delete;

  protected:
    ~ListHook() = default;

  private:
    template <typename T>
    friend class IntrusiveList;
    ListHook* next_ = nullptr;
    ListHook* before_ = nullptr;
};

/// A list of T, which is derived from ListHook. Owns nothing.
template <typename T>
class IntrusiveList {
  public:
    IntrusiveList() = default;
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;
    ~IntrusiveList() = default;

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The first member; nullptr: there is none.
    [[nodiscard]] T* front() const noexcept { return static_cast<T*>(first_); }
    /// The one behind a member; nullptr: that is the last one.
    [[nodiscard]] T* after(const T& member) const noexcept {
        return static_cast<T*>(static_cast<const ListHook&>(member).next_);
    }

    /// `member` is in no list.
    void push_back(T& member) noexcept {
        ListHook& hook = member;
        assert(hook.next_ == nullptr && hook.before_ == nullptr && first_ != &hook);
        hook.before_ = last_;
        (last_ != nullptr ? last_->next_ : first_) = &hook;
        last_ = &hook;
        ++size_;
    }
    /// `member` is in this list.
    void remove(T& member) noexcept {
        ListHook& hook = member;
        (hook.before_ != nullptr ? hook.before_->next_ : first_) = hook.next_;
        (hook.next_ != nullptr ? hook.next_->before_ : last_) = hook.before_;
        hook.next_ = hook.before_ = nullptr;
        --size_;
    }

  private:
    ListHook* first_ = nullptr;
    ListHook* last_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace mo
