// SPDX-License-Identifier: GPL-2.0-or-later
// PsnWindow: the packets that matter now to one end of a connection, by their sequence numbers
// (IBA volume 1, 9.7.2 and 9.7.4.1.2), and where any other one lies. The same for both ends:
//
//            done            first              end
//   ... before ─────────────────│──── inside ────│──── beyond ...
//
//   requester   answered        oldest that is   behind the last that was ever sent
//                               not answered
//   responder   executed;       expected         behind the last that is taken: with go-back-N that
//               duplicates                       is the expected one alone
//
// What comes in any other order than that of its number would be noted here, a bit for each of
// [first, end); whoever asks place_of() need not change.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nic/rdma/psn.hpp"

namespace mo::nic::rdma {

class PsnWindow {
  public:
    enum class Place : std::uint8_t {
        before, ///< done: an answer that is late, a request that is repeated
        first,  ///< the next one to be done
        inside, ///< in its order behind others
        beyond, ///< never sent, or more than is taken
    };

    /// Begins at `psn` with `count` packets.
    void start(std::uint32_t psn, std::uint32_t count) noexcept {
        first_ = psn & psn_mask;
        count_ = count;
    }

    [[nodiscard]] std::uint32_t first() const noexcept { return first_; }
    [[nodiscard]] std::uint32_t end() const noexcept { return psn_add(first_, count_); }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

    /// Half of all numbers lie before the window (IBA 9.7.2).
    [[nodiscard]] Place place_of(std::uint32_t psn) const noexcept {
        const std::uint32_t ahead = psn_offset(psn, first_);
        if (ahead >= psn_window) {
            return Place::before;
        }
        if (ahead >= count_) {
            return Place::beyond;
        }
        return ahead == 0 ? Place::first : Place::inside;
    }
    /// All packets before `end` are done.
    [[nodiscard]] bool done_before(std::uint32_t end) const noexcept {
        return !psn_before(first_, end);
    }

    /// All packets before `psn` are done now; the end stays, or moves where it would be passed.
    void pass_to(std::uint32_t psn) noexcept {
        const std::uint32_t passed = psn_offset(psn, first_);
        first_ = psn;
        count_ -= std::min(passed, count_);
    }
    /// The packets before `end` belong to it, too; no more than psn_window of them.
    void extend_to(std::uint32_t end) noexcept {
        const std::uint32_t wanted = psn_offset(end, first_);
        count_ = wanted <= psn_window ? std::max(count_, wanted) : count_;
    }
    /// So many packets are done, and as many more are taken.
    void slide(std::uint32_t packets) noexcept { first_ = psn_add(first_, packets); }

  private:
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
};

} // namespace mo::nic::rdma
