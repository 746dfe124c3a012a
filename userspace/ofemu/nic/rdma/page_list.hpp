// SPDX-License-Identifier: GPL-2.0-or-later
// PageList: bus addresses of the pages of a memory key. A host may ask for millions in one command
// and give them later, or never: memory is taken for pieces of the list as they are given.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace mo::nic::rdma {

class PageList {
  public:
    PageList() = default;
    /// `count` pages, none of which is there yet.
    explicit PageList(std::size_t count)
        : pieces_((count + piece_pages - 1) / piece_pages), size_(count) {}

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool has(std::size_t number) const noexcept {
        const auto& piece = pieces_[number / piece_pages];
        return piece != nullptr && piece[number % piece_pages] != 0;
    }
    /// The bus address of a page that is there.
    [[nodiscard]] std::uint64_t operator[](std::size_t number) const noexcept {
        return pieces_[number / piece_pages][number % piece_pages] - given;
    }
    /// `address` is aligned to a page.
    void set(std::size_t number, std::uint64_t address) {
        auto& piece = pieces_[number / piece_pages];
        if (piece == nullptr) {
            const std::size_t first = number - number % piece_pages;
            piece = std::make_unique<std::uint64_t[]>(std::min(piece_pages, size_ - first));
        }
        piece[number % piece_pages] = address + given;
    }

  private:
    static constexpr std::size_t piece_pages = 512;
    static constexpr std::uint64_t given = 1; ///< added to addresses: zero is none
    std::vector<std::unique_ptr<std::uint64_t[]>> pieces_;
    std::size_t size_ = 0;
};

} // namespace mo::nic::rdma
