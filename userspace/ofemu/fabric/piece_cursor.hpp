// SPDX-License-Identifier: GPL-2.0-or-later
// PieceCursor: walks over scattered bytes in portions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "fabric/frame.hpp"

namespace mo::fabric {

class PieceCursor {
  public:
    /// Starts at `first`, which `rest` follows; both must outlive the cursor.
    explicit PieceCursor(std::span<const Bytes> rest, Bytes first = {}) noexcept
        : current_(first), rest_(rest) {}

    /// Calls visit(Bytes) for the next `count` bytes, piece by piece; stops early at the end or
    /// when `visit` returns false. True if all were visited.
    template <typename Visit>
    bool take(std::size_t count, Visit&& visit) {
        while (count != 0) {
            if (current_.empty()) {
                if (rest_.empty()) {
                    return false;
                }
                current_ = rest_.front();
                rest_ = rest_.subspan(1);
                continue;
            }
            const Bytes part = current_.first(std::min(count, current_.size()));
            current_ = current_.subspan(part.size());
            count -= part.size();
            if (!visit(part)) {
                return false;
            }
        }
        return true;
    }

  private:
    Bytes current_;
    std::span<const Bytes> rest_;
};

} // namespace mo::fabric
