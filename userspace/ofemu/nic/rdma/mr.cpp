// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/mr.hpp"

#include <algorithm>

#include "nic/page_list.hpp"

namespace mo::nic::rdma {

namespace {

constexpr std::uint8_t remote_rights =
    MO_ACCESS_REMOTE_WRITE | MO_ACCESS_REMOTE_READ | MO_ACCESS_REMOTE_ATOMIC;

constexpr std::uint64_t page_mask(std::uint8_t shift) noexcept {
    return (std::uint64_t{1} << shift) - 1U;
}

/// [iova, iova + length) does not wrap and needs exactly, or for FAST keys at most, `pages`.
bool region_fits(std::uint64_t iova, std::uint64_t length, std::uint8_t shift,
                 std::uint64_t& pages) noexcept {
    if (length != 0 && iova + (length - 1U) < iova) {
        return false;
    }
    const std::uint64_t in_page = iova & page_mask(shift);
    if (length + in_page < length) {
        return false;
    }
    pages = length == 0 ? 0 : pages_for(length + in_page, shift);
    return true;
}

} // namespace

KeyTable::KeyTable() = default;
KeyTable::~KeyTable() = default;

/// An index that was never used, or the one that has been free for the longest time; 0: none.
std::uint32_t KeyTable::take_index() {
    if (used_ <= max_keys && free_.size() < resting) {
        if (used_ / chunk_slots >= chunks_.size()) {
            chunks_.push_back(std::make_unique<Chunk>());
        }
        return used_++;
    }
    if (free_.empty()) {
        return 0;
    }
    const std::uint32_t index = free_.front();
    free_.pop_front();
    return index;
}

template <WindowLink MemoryKey::* Link>
void KeyTable::link(std::uint32_t& first, MemoryKey& window) noexcept {
    const std::uint32_t index = window.key_ >> index_shift;
    window.*Link = {0, first};
    if (first != 0) {
        (slot(first).key.get()->*Link).previous = index;
    }
    first = index;
}

template <WindowLink MemoryKey::* Link>
void KeyTable::unlink(std::uint32_t& first, MemoryKey& window) noexcept {
    const WindowLink at = window.*Link;
    if (at.previous != 0) {
        (slot(at.previous).key.get()->*Link).next = at.next;
    } else {
        first = at.next;
    }
    if (at.next != 0) {
        (slot(at.next).key.get()->*Link).previous = at.previous;
    }
    window.*Link = {};
}

hw::mo_status KeyTable::create(const hw::mo_cmd_mr& body, std::uint32_t& key) {
    const std::uint32_t pages = body.pages;
    if (body.kind > hw::MO_MR_WINDOW || (body.access & ~MO_ACCESS_ALL) != 0 ||
        body.pd > MO_DB_OBJECT || body.count > pages) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (body.kind == hw::MO_MR_DMA || body.kind == hw::MO_MR_WINDOW) {
        if (pages != 0 || body.iova != 0 || body.length != 0 || body.page_shift != 0 ||
            (body.kind == hw::MO_MR_WINDOW && body.access != 0)) {
            return hw::MO_ST_BAD_PARAM;
        }
    } else if (!valid_page_shift(body.page_shift) || pages > max_pages) {
        return hw::MO_ST_BAD_PARAM;
    }
    std::uint64_t needed = 0;
    if (body.kind == hw::MO_MR_USER &&
        (!region_fits(body.iova, body.length, body.page_shift, needed) || needed != pages)) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (body.kind == hw::MO_MR_FAST &&
        (pages == 0 || pages > MO_RDMA_MAX_FAST_REG || body.count != 0)) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (total_pages_ + pages > max_total_pages) {
        return hw::MO_ST_NO_RESOURCE;
    }
    const std::uint32_t index = take_index();
    if (index == 0) {
        return hw::MO_ST_NO_RESOURCE;
    }
    auto made = std::make_unique<MemoryKey>();
    Slot& place = slot(index);
    made->key_ = (index << index_shift) | place.variant++;
    made->pd_ = body.pd;
    made->kind_ = static_cast<hw::mo_mr_kind>(body.kind);
    made->page_shift_ = body.page_shift;
    made->pages_ = PageList(pages);
    if (body.kind == hw::MO_MR_DMA || body.kind == hw::MO_MR_USER) {
        made->iova_ = body.iova;
        made->length_ = body.length;
        made->origin_ = body.iova & ~page_mask(body.page_shift);
        made->access_ = body.access;
        made->missing_ = pages;
        made->valid_ = pages == 0;
    }
    total_pages_ += pages;
    ++live_;
    key = made->key_;
    place.key = std::move(made);
    return hw::MO_ST_OK;
}

std::uint8_t KeyTable::page_shift(std::uint32_t key) const noexcept {
    const MemoryKey* const found = at(key);
    return found != nullptr && found->key_ == key && found->kind_ == hw::MO_MR_USER
               ? found->page_shift_
               : std::uint8_t{0};
}

hw::mo_status KeyTable::add_pages(std::uint32_t key, std::uint32_t offset,
                                  std::span<const std::uint64_t> pages) {
    MemoryKey* const found = at(key);
    if (found == nullptr || found->key_ != key || found->kind_ != hw::MO_MR_USER) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (offset > found->pages_.size() || pages.size() > found->pages_.size() - offset) {
        return hw::MO_ST_BAD_PARAM;
    }
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (found->pages_.has(offset + i)) {
            return hw::MO_ST_BAD_STATE;
        }
    }
    for (std::size_t i = 0; i < pages.size(); ++i) {
        found->pages_.set(offset + i, pages[i]);
    }
    found->missing_ -= static_cast<std::uint32_t>(pages.size());
    found->valid_ = found->missing_ == 0;
    return hw::MO_ST_OK;
}

hw::mo_status KeyTable::modify(const hw::mo_cmd_mr_modify& body) {
    MemoryKey* const found = at(body.key);
    if (found == nullptr || found->key_ != body.key || found->kind_ != hw::MO_MR_USER) {
        return hw::MO_ST_BAD_OBJECT;
    }
    const bool access = (body.mask & MO_MRM_ACCESS) != 0;
    const bool domain = (body.mask & MO_MRM_PD) != 0;
    if ((body.mask & ~(MO_MRM_ACCESS | MO_MRM_PD)) != 0 || (body.access & ~MO_ACCESS_ALL) != 0 ||
        body.pd > MO_DB_OBJECT || (!access && body.access != 0) || (!domain && body.pd != 0)) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (found->first_window_ != 0) {
        return hw::MO_ST_IN_USE;
    }
    if (access) {
        found->access_ = body.access;
    }
    if (domain) {
        found->pd_ = body.pd;
    }
    return hw::MO_ST_OK;
}

hw::mo_status KeyTable::destroy(std::uint32_t key) {
    const std::uint32_t index = key >> index_shift;
    MemoryKey* const found = at(key);
    if (found == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (found->valid_ && found->kind_ == hw::MO_MR_WINDOW) {
        unbind(*found);
    }
    while (found->first_window_ != 0) {
        unbind(*slot(found->first_window_).key);
    }
    total_pages_ -= found->pages_.size();
    slot(index).key.reset();
    free_.push_back(index);
    --live_;
    return hw::MO_ST_OK;
}

void KeyTable::clear() {
    // Variants go on: a key of before the reset opens nothing.
    for (std::uint32_t index = 1; live_ != 0 && index < used_; ++index) {
        if (slot(index).key != nullptr) {
            (void)destroy(index << index_shift);
        }
    }
}

std::uint32_t KeyTable::room(std::uint32_t key, const KeyUser& user) const noexcept {
    const MemoryKey* const found = at(key);
    return found != nullptr && found->kind_ == hw::MO_MR_FAST && found->pd_ == user.pd
               ? static_cast<std::uint32_t>(found->pages_.size())
               : 0;
}

bool KeyTable::register_pages(const KeyUser& user, const hw::mo_wqe_reg& body,
                              std::span<const std::uint64_t> pages) {
    MemoryKey* const found = at(body.key);
    std::uint64_t needed = 0;
    if (found == nullptr || found->kind_ != hw::MO_MR_FAST || found->pd_ != user.pd ||
        found->valid_ || pages.size() > found->pages_.size() ||
        (body.access & ~MO_ACCESS_ALL) != 0 || !valid_page_shift(body.page_shift) ||
        !region_fits(body.iova, body.length, body.page_shift, needed) || needed > pages.size()) {
        return false;
    }
    for (std::size_t i = 0; i < pages.size(); ++i) {
        found->pages_.set(i, pages[i]);
    }
    found->key_ = body.key;
    found->iova_ = body.iova;
    found->length_ = body.length;
    found->page_shift_ = body.page_shift;
    found->origin_ = found->iova_ & ~page_mask(found->page_shift_);
    found->access_ = body.access;
    found->valid_ = true;
    return true;
}

const MemoryKey* KeyTable::behind(const MemoryKey& window, const KeyUser& user,
                                  const KeyAccess& access) const noexcept {
    // It is an R_Key only.
    if ((access.rights & remote_rights) == 0 || (window.qp_ != 0 && window.qp_ != user.qp) ||
        !covers(window, access)) {
        return nullptr;
    }
    const MemoryKey* const region = at(window.region_);
    return region != nullptr && region->key_ == window.region_ && region->valid_ ? region : nullptr;
}

void KeyTable::unbind(MemoryKey& window) noexcept {
    window.valid_ = false;
    if (const auto open = qp_windows_.find(window.qp_); window.qp_ != 0) {
        unlink<&MemoryKey::of_qp_>(open->second, window);
        if (open->second == 0) {
            qp_windows_.erase(open);
        }
    }
    // The region is there: it ends its windows when it goes.
    unlink<&MemoryKey::of_region_>(at(window.region_)->first_window_, window);
}

void KeyTable::end_windows_of(std::uint32_t qp) noexcept {
    for (auto open = qp_windows_.find(qp); open != qp_windows_.end(); open = qp_windows_.find(qp)) {
        unbind(*slot(open->second).key);
    }
}

bool KeyTable::bind(const KeyUser& user, const hw::mo_wqe_bind& body) {
    MemoryKey* const window = at(body.key);
    const bool for_qp = (body.flags & MO_BINDF_QP) != 0;
    if (window == nullptr || window->kind_ != hw::MO_MR_WINDOW || window->pd_ != user.pd ||
        (body.flags & ~MO_BINDF_QP) != 0 || (body.access & ~remote_rights) != 0 ||
        (window->valid_ && (for_qp || window->qp_ != 0))) {
        return false;
    }
    MemoryKey* region = nullptr;
    if (body.length != 0) {
        region = at(body.region);
        const bool changes =
            (body.access & (MO_ACCESS_REMOTE_WRITE | MO_ACCESS_REMOTE_ATOMIC)) != 0;
        const std::uint8_t needed = MO_ACCESS_MW_BIND | (changes ? MO_ACCESS_LOCAL_WRITE : 0);
        if (region == nullptr || region->key_ != body.region || region->kind_ != hw::MO_MR_USER ||
            region->pd_ != user.pd || !region->valid_ || (needed & ~region->access_) != 0 ||
            body.iova - region->iova_ > region->length_ ||
            body.length > region->length_ - (body.iova - region->iova_)) {
            return false;
        }
    } else if (for_qp || body.region != 0) {
        return false;
    }
    if (window->valid_) {
        unbind(*window);
    }
    window->key_ = body.key;
    if (region != nullptr) {
        window->region_ = region->key_;
        window->qp_ = for_qp ? user.qp : 0;
        window->iova_ = body.iova;
        window->length_ = body.length;
        window->access_ = body.access;
        window->valid_ = true;
        link<&MemoryKey::of_region_>(region->first_window_, *window);
        if (for_qp) {
            link<&MemoryKey::of_qp_>(qp_windows_[user.qp], *window);
        }
    }
    return true;
}

bool KeyTable::invalidate(std::uint32_t key, const KeyUser& user) noexcept {
    MemoryKey* const found = at(key);
    if (found == nullptr || found->key_ != key || found->pd_ != user.pd || !found->valid_) {
        return false;
    }
    if (found->kind_ == hw::MO_MR_WINDOW && found->qp_ != 0 && found->qp_ == user.qp) {
        unbind(*found);
        return true;
    }
    if (found->kind_ != hw::MO_MR_FAST) {
        return false;
    }
    found->valid_ = false;
    return true;
}

} // namespace mo::nic::rdma
