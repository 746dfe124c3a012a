// SPDX-License-Identifier: GPL-2.0-or-later
// Memory keys (IBA volume 1, 10.6): what an L_Key or R_Key opens, and the way from an address in
// its region to bus addresses.
//
// Every packet looks its key up again, so a key that was destroyed or invalidated opens nothing
// from then on, whatever is under way. Engine thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "common/hw.hpp"
#include "nic/rdma/page_list.hpp"

namespace mo::nic::rdma {

/// A piece of memory that is contiguous on the bus.
struct BusPiece {
    std::uint64_t address = 0;
    std::uint32_t length = 0;
};

/// Who uses a key: a protection domain, whether DMA keys are open to it, and as which QP.
struct KeyUser {
    std::uint32_t pd = 0;
    bool kernel = false;
    std::uint32_t qp = 0; ///< object number: windows of type 2B are open to one
};

/// A range that is asked for, and with which rights (MO_ACCESS_*; 0: local read).
struct KeyAccess {
    std::uint64_t address = 0;
    std::uint32_t length = 0;
    std::uint8_t rights = 0;
};

/// A window's place in a list of windows: indexes of its neighbours, 0 at the ends.
struct WindowLink {
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
};

class MemoryKey {
  public:
    /// The bus address of `address` and how much of `length` (not 0) lies behind it in one piece.
    /// Precondition: the table has found the range to be inside.
    [[nodiscard]] BusPiece locate(std::uint64_t address, std::uint32_t length) const noexcept {
        if (pages_.empty()) {
            return {address, length};
        }
        const std::uint64_t page = std::uint64_t{1} << page_shift_;
        const std::uint64_t place = address - origin_;
        const std::uint64_t in_page = place & (page - 1U);
        const std::uint64_t left = page - in_page;
        return {pages_[place >> page_shift_] + in_page,
                left < length ? static_cast<std::uint32_t>(left) : length};
    }
    [[nodiscard]] std::uint32_t key() const noexcept { return key_; }
    [[nodiscard]] hw::mo_mr_kind kind() const noexcept { return kind_; }

  private:
    friend class KeyTable;

    std::uint32_t key_ = 0;
    std::uint32_t pd_ = 0;
    std::uint64_t iova_ = 0;
    std::uint64_t length_ = 0;
    std::uint64_t origin_ = 0;  ///< iova of the first byte of the first page
    PageList pages_;            ///< DMA: none
    std::uint32_t missing_ = 0; ///< USER: pages that have not been given yet
    hw::mo_mr_kind kind_ = hw::MO_MR_DMA;
    std::uint8_t access_ = 0;
    std::uint8_t page_shift_ = 0;
    bool valid_ = false;             ///< opens something
    std::uint32_t first_window_ = 0; ///< USER: index of a window that is bound to it; 0: none
    std::uint32_t region_ = 0;       ///< WINDOW: USER key that it is bound to
    std::uint32_t qp_ = 0;           ///< WINDOW: the one QP that it is open to; 0: the domain
    WindowLink of_region_;           ///< WINDOW: others of its region
    WindowLink of_qp_;               ///< WINDOW: others of its QP
};

class KeyTable {
  public:
    static constexpr std::uint32_t max_keys = 1U << 21U; ///< index 0 is never given out
    static constexpr std::uint32_t max_pages = 1U << 22U;
    /// Pages of all keys: bounds the memory that a host can make the model take.
    static constexpr std::uint64_t max_total_pages = 1U << 24U;

    KeyTable();
    KeyTable(const KeyTable&) = delete;
    KeyTable& operator=(const KeyTable&) = delete;
    ~KeyTable();

    /// MR_CREATE without its list; reserved fields were checked. `key` is set on success.
    [[nodiscard]] hw::mo_status create(const hw::mo_cmd_mr& body, std::uint32_t& key);
    /// Pages of a USER key from number `offset` on; addresses are aligned. The last missing one
    /// opens the key.
    [[nodiscard]] hw::mo_status add_pages(std::uint32_t key, std::uint32_t offset,
                                          std::span<const std::uint64_t> pages);
    /// log2 of the bytes of a page of a USER key; 0: no such key.
    [[nodiscard]] std::uint8_t page_shift(std::uint32_t key) const noexcept;
    /// MR_MODIFY; reserved fields were checked.
    [[nodiscard]] hw::mo_status modify(const hw::mo_cmd_mr_modify& body);
    /// MR_DESTROY: any variant. Windows that are bound to it open nothing any more.
    [[nodiscard]] hw::mo_status destroy(std::uint32_t key);
    void clear();

    /// The key, if `user` may do that with it; nullptr: there is none, it is another domain's, not
    /// open, lacks a right, or the range is not inside.
    [[nodiscard]] const MemoryKey* find(std::uint32_t key, const KeyUser& user,
                                        const KeyAccess& access) const noexcept {
        const MemoryKey* const slot = at(key);
        if (slot == nullptr) {
            return nullptr;
        }
        const MemoryKey& found = *slot;
        if (found.key_ != key || found.pd_ != user.pd || !found.valid_ ||
            (access.rights & ~found.access_) != 0) {
            return nullptr;
        }
        if (found.kind_ == hw::MO_MR_WINDOW) {
            return behind(found, user, access);
        }
        if (found.kind_ == hw::MO_MR_DMA) {
            return user.kernel && access.address + access.length >= access.address ? &found
                                                                                   : nullptr;
        }
        return covers(found, access) ? &found : nullptr;
    }

    /// What MO_WR_REG_MR says; the pages are aligned. False: no FAST key of this domain, it is in
    /// use, or the region does not fit.
    [[nodiscard]] bool register_pages(const KeyUser& user, const hw::mo_wqe_reg& body,
                                      std::span<const std::uint64_t> pages);
    /// Room of a FAST key of this index, whatever its variant; 0: none.
    [[nodiscard]] std::uint32_t room(std::uint32_t key, const KeyUser& user) const noexcept;
    /// What MO_WR_BIND says; reserved fields were checked. False: no WINDOW of this domain, no
    /// region that it may be bound to, or rights or range are not the region's.
    [[nodiscard]] bool bind(const KeyUser& user, const hw::mo_wqe_bind& body);
    /// Local or remote invalidation. False: no open FAST key of this number and domain, nor window
    /// of type 2B of this QP.
    [[nodiscard]] bool invalidate(std::uint32_t key, const KeyUser& user) noexcept;
    /// A QP is gone: windows that were open to it are open to nobody, also not to the next QP that
    /// is given its number. `qp`: object number.
    void end_windows_of(std::uint32_t qp) noexcept;

    [[nodiscard]] std::uint32_t live() const noexcept { return live_; }

  private:
    static constexpr unsigned index_shift = 8;
    /// So many indexes rest before one of them is used again, if there are others: a key that is
    /// late then finds nobody, though its variant has come round.
    static constexpr std::size_t resting = 65536;

    [[nodiscard]] static bool covers(const MemoryKey& key, const KeyAccess& access) noexcept {
        const std::uint64_t offset = access.address - key.iova_;
        return offset <= key.length_ && access.length <= key.length_ - offset;
    }
    /// The region behind an open window with the rights that are asked for.
    [[nodiscard]] const MemoryKey* behind(const MemoryKey& window, const KeyUser& user,
                                          const KeyAccess& access) const noexcept;
    void unbind(MemoryKey& window) noexcept;
    [[nodiscard]] MemoryKey* at(std::uint32_t key) const noexcept {
        const std::uint32_t index = key >> index_shift;
        const std::size_t chunk = index / chunk_slots;
        return chunk < chunks_.size() ? (*chunks_[chunk])[index % chunk_slots].key.get() : nullptr;
    }
    [[nodiscard]] std::uint32_t take_index();

    struct Slot {
        std::unique_ptr<MemoryKey> key;
        std::uint8_t variant = 0; ///< of the next key
    };
    /// Slots come in pieces of this size as they are used for the first time, and stay.
    static constexpr std::uint32_t chunk_slots = 1024;
    using Chunk = std::array<Slot, chunk_slots>;

    [[nodiscard]] Slot& slot(std::uint32_t index) const noexcept {
        return (*chunks_[index / chunk_slots])[index % chunk_slots];
    }
    // Lists of windows through one of their links.
    template <WindowLink MemoryKey::* Link>
    void link(std::uint32_t& first, MemoryKey& window) noexcept;
    template <WindowLink MemoryKey::* Link>
    void unlink(std::uint32_t& first, MemoryKey& window) noexcept;

    std::vector<std::unique_ptr<Chunk>> chunks_; ///< by index
    std::uint32_t used_ = 1;                     ///< indexes below were given out once
    std::deque<std::uint32_t> free_;             ///< of them those that are free; oldest first
    std::uint64_t total_pages_ = 0;
    std::uint32_t live_ = 0;
    /// By the QP that has open windows of type 2B: the index of one.
    std::unordered_map<std::uint32_t, std::uint32_t> qp_windows_;
};

} // namespace mo::nic::rdma
