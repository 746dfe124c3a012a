// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/object_table.hpp"

namespace mo::nic {

namespace {

constexpr unsigned generation_shift = 16;

} // namespace

ObjectTable::ObjectTable() : routes_(capacity), slots_(capacity), free_(capacity) {
    for (std::uint32_t index = first_index; index < capacity; ++index) {
        free_[free_count_++] = static_cast<std::uint16_t>(index);
    }
}

std::optional<std::uint32_t> ObjectTable::create(hw::mo_doorbell doorbell, std::uint32_t page,
                                                 Owner owner) {
    if (free_count_ == 0) {
        return std::nullopt;
    }
    const std::uint32_t index = free_[free_head_];
    free_head_ = (free_head_ + 1) % capacity;
    --free_count_;
    Slot& slot = slots_[index];
    slot.owner = owner;
    slot.live = true;
    ++live_;
    const std::uint32_t object = index | (std::uint32_t{slot.generation} << generation_shift);
    routes_[index].store(route(object, doorbell, page), std::memory_order_release);
    return object;
}

bool ObjectTable::is_live(std::uint32_t object) const noexcept {
    const std::uint32_t index = object & MO_OBJ_INDEX;
    return object <= MO_DB_OBJECT && slots_[index].live &&
           slots_[index].generation == object >> generation_shift;
}

bool ObjectTable::destroy(std::uint32_t object) {
    if (!is_live(object)) {
        return false;
    }
    const std::uint32_t index = object & MO_OBJ_INDEX;
    routes_[index].store(0, std::memory_order_release);
    Slot& slot = slots_[index];
    slot.live = false;
    ++slot.generation;
    free_[(free_head_ + free_count_) % capacity] = static_cast<std::uint16_t>(index);
    ++free_count_;
    --live_;
    return true;
}

void ObjectTable::clear() {
    for (std::uint32_t index = first_index; index < capacity && live_ != 0; ++index) {
        if (slots_[index].live) {
            (void)destroy(index | (std::uint32_t{slots_[index].generation} << generation_shift));
        }
    }
}

std::optional<ObjectTable::Owner> ObjectTable::owner(std::uint32_t object) const noexcept {
    if (!is_live(object)) {
        return std::nullopt;
    }
    return slots_[object & MO_OBJ_INDEX].owner;
}

} // namespace mo::nic
