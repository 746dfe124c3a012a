// SPDX-License-Identifier: GPL-2.0-or-later
// Timers: when QPs want to be looked at. A QP's time moves with nearly every packet, mostly
// further away; so the heap holds a time that is not later than the true one, and looks at the
// true one when that comes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "nic/rdma/qp.hpp"

namespace mo::nic::rdma {

class Timers {
  public:
    /// Looks at the QP at `at_ns`; never_ns: not at all. One time for each QP: the last one counts.
    void set(Qp& qp, std::uint64_t at_ns) {
        qp.timer_ns = at_ns;
        if (at_ns < qp.timer_listed_ns) {
            qp.timer_listed_ns = at_ns;
            heap_.push_back({at_ns, qp.number()});
            std::ranges::push_heap(heap_, later);
        }
    }

    /// Calls due(Qp&) for each QP whose time has come. `find` gives the QP of a number, or nullptr.
    template <typename Find, typename Due>
    void expire(std::uint64_t now_ns, Find&& find, Due&& due) {
        if (heap_.size() > crowded_) {
            tidy(find);
        }
        while (!heap_.empty() && heap_.front().at_ns <= now_ns) {
            const Entry entry = heap_.front();
            std::ranges::pop_heap(heap_, later);
            heap_.pop_back();
            Qp* const qp = find(entry.qp);
            if (qp == nullptr || qp->timer_listed_ns != entry.at_ns) {
                continue; // destroyed, or listed earlier since
            }
            qp->timer_listed_ns = never_ns;
            if (qp->timer_ns <= now_ns) {
                qp->timer_ns = never_ns;
                due(*qp);
            } else if (qp->timer_ns != never_ns) {
                set(*qp, qp->timer_ns);
            }
        }
    }
    [[nodiscard]] std::uint64_t next_ns() const noexcept {
        return heap_.empty() ? never_ns : heap_.front().at_ns;
    }
    void clear() noexcept { heap_.clear(); }

    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

  private:
    struct Entry {
        std::uint64_t at_ns;
        std::uint32_t qp;
    };
    static bool later(const Entry& a, const Entry& b) noexcept { return a.at_ns > b.at_ns; }

    /// Drops entries that a QP has replaced by earlier ones.
    template <typename Find>
    void tidy(Find&& find) {
        std::erase_if(heap_, [&](const Entry& entry) {
            const Qp* const qp = find(entry.qp);
            return qp == nullptr || qp->timer_listed_ns != entry.at_ns;
        });
        std::ranges::make_heap(heap_, later);
        crowded_ = std::max(least_crowd, 2 * heap_.size());
    }

    static constexpr std::size_t least_crowd = 256;
    std::vector<Entry> heap_;
    std::size_t crowded_ = least_crowd;
};

} // namespace mo::nic::rdma
