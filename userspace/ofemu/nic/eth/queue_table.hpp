// SPDX-License-Identifier: GPL-2.0-or-later
// QueueTable: queues of one kind by object number. A number of another generation finds nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/hw.hpp"

namespace mo::nic::eth {

template <typename Queue>
class QueueTable {
  public:
    [[nodiscard]] Queue* find(std::uint32_t object) const noexcept {
        const std::size_t index = object & MO_OBJ_INDEX;
        if (index >= slots_.size() || !slots_[index] || slots_[index]->object() != object) {
            return nullptr;
        }
        return slots_[index].get();
    }
    void insert(std::unique_ptr<Queue> queue) {
        const std::size_t index = queue->object() & MO_OBJ_INDEX;
        if (index >= slots_.size()) {
            slots_.resize(index + 1);
        }
        slots_[index] = std::move(queue);
        ++count_;
    }
    /// The object exists.
    void erase(std::uint32_t object) noexcept {
        slots_[object & MO_OBJ_INDEX].reset();
        --count_;
    }
    void clear() noexcept {
        slots_.clear();
        count_ = 0;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const auto& slot : slots_) {
            if (slot) {
                visit(*slot);
            }
        }
    }

  private:
    std::vector<std::unique_ptr<Queue>> slots_;
    std::size_t count_ = 0;
};

} // namespace mo::nic::eth
