// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/doorbell.hpp"

namespace mo::nic {

bool DoorbellBox::write(std::uint64_t offset, unsigned size, std::uint64_t value) noexcept {
    constexpr unsigned whole = 8, half = 4;
    constexpr std::uint64_t none = ~std::uint64_t{0};
    std::uint64_t start = offset;
    if (size == half && offset % whole == 0) {
        half_offset_ = offset;
        half_value_ = static_cast<std::uint32_t>(value);
        return false;
    }
    if (size == half && half_offset_ == offset - half) {
        start = offset - half;
        value = (value << 32U) | half_value_;
    } else if (size != whole) {
        counters_.doorbells_bad.add();
        return false;
    }
    half_offset_ = none;
    if (dropping()) {
        counters_.doorbells_dropped.add();
        return false;
    }
    return ring(static_cast<std::uint32_t>(start / MO_DB_PAGE_SIZE), start % MO_DB_PAGE_SIZE,
                value);
}

bool DoorbellBox::ring(std::uint32_t page, std::uint64_t register_offset,
                       std::uint64_t value) noexcept {
    const auto index = static_cast<std::uint32_t>(value >> 32U);
    if (register_offset == hw::MO_DB_ADMIN && page == MO_DB_PAGE_KERNEL) {
        counters_.doorbells_admin.add();
        admin_tail_.store(index, std::memory_order_release);
        admin_noted_.store(true, std::memory_order_seq_cst);
        return true;
    }
    const auto object = static_cast<std::uint32_t>(value);
    const auto kind = static_cast<hw::mo_doorbell>(register_offset);
    if (register_offset >= hw::MO_DB_ADMIN || object > MO_DB_OBJECT ||
        !objects_.accepts(object, kind, page)) {
        counters_.doorbells_bad.add();
        return false;
    }
    count(register_offset);
    if (page != MO_DB_PAGE_KERNEL) {
        counters_.doorbells_user.add();
    }
    const std::uint32_t place = ObjectTable::index(object);
    constexpr unsigned object_generation_shift = 16;
    const std::uint64_t generation = object >> object_generation_shift;
    notes_[place].store(std::uint64_t{index} | (generation << generation_shift) |
                            (register_offset << kind_shift),
                        std::memory_order_release);
    dirty_[place / bits_per_word].fetch_or(std::uint64_t{1} << (place % bits_per_word),
                                           std::memory_order_seq_cst);
    const std::uint32_t word = place / bits_per_word;
    groups_[word / bits_per_word].fetch_or(std::uint64_t{1} << (word % bits_per_word),
                                           std::memory_order_seq_cst);
    summary_.fetch_or(std::uint64_t{1} << (word / bits_per_word), std::memory_order_seq_cst);
    return true;
}

void DoorbellBox::count(std::uint64_t register_offset) noexcept {
    switch (register_offset) {
    case hw::MO_DB_SQ:
        counters_.doorbells_sq.add();
        break;
    case hw::MO_DB_RQ:
        counters_.doorbells_rq.add();
        break;
    case hw::MO_DB_CQ:
        counters_.doorbells_cq.add();
        break;
    default:
        counters_.doorbells_eq.add();
        break;
    }
}

void DoorbellBox::clear() noexcept {
    summary_.store(0, std::memory_order_seq_cst);
    for (auto& word : groups_) {
        word.store(0, std::memory_order_seq_cst);
    }
    for (auto& word : dirty_) {
        word.store(0, std::memory_order_seq_cst);
    }
    admin_noted_.store(false, std::memory_order_seq_cst);
    half_offset_ = ~std::uint64_t{0};
}

} // namespace mo::nic
