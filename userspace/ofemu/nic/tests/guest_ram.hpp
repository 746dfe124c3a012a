// SPDX-License-Identifier: GPL-2.0-or-later
// GuestRam: guest memory of a test in pages of its own, which a test can take back: a touch
// afterwards, by whomever, ends the process.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <span>
#include <stdexcept>
#include <utility>

#include "pcie/dma_map.hpp"

namespace mo::nic::test {

class GuestRam {
  public:
    static constexpr std::size_t page = 4096;

    explicit GuestRam(std::size_t size) : size_(round(size)) {
        void* const at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) {
            throw std::runtime_error("no memory for a guest");
        }
        data_ = static_cast<std::byte*>(at);
    }
    GuestRam(const GuestRam&) = delete;
    GuestRam& operator=(const GuestRam&) = delete;
    ~GuestRam() { (void)::munmap(data_, size_); }

    [[nodiscard]] std::byte* data() noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::span<std::byte> bytes() noexcept { return {data_, size_}; }
    [[nodiscard]] static constexpr std::size_t round(std::size_t size) noexcept {
        return (size + page - 1) / page * page;
    }

    /// Nobody touches [offset, offset + size) any more; whole pages.
    void forbid(std::size_t offset, std::size_t size) {
        if (::mprotect(data_ + offset, round(size), PROT_NONE) != 0) {
            throw std::runtime_error("cannot protect memory of a guest");
        }
    }

  private:
    std::byte* data_ = nullptr;
    std::size_t size_;
};

/// The pieces of a guest's memory that are mapped for DMA, each by itself.
class GuestPieces {
  public:
    GuestPieces(GuestRam& ram, std::uint64_t base, pcie::DmaMap& map)
        : ram_(ram), base_(base), map_(map) {}

    void add(std::uint64_t at, std::size_t size) {
        const auto bytes = ram_.bytes().subspan(at - base_, GuestRam::round(size));
        if (bytes.empty()) {
            return;
        }
        if (!map_.map_memory(at, bytes)) {
            throw std::runtime_error("cannot map");
        }
        sizes_[at] = bytes.size();
    }
    [[nodiscard]] bool mapped(std::uint64_t at) const {
        const auto next = sizes_.upper_bound(at);
        return next != sizes_.begin() && at - std::prev(next)->first < std::prev(next)->second;
    }
    /// The piece that holds `at`, and its size.
    [[nodiscard]] std::pair<std::uint64_t, std::size_t> piece(std::uint64_t at) const {
        return *std::prev(sizes_.upper_bound(at));
    }
    /// Takes the piece that begins at `at` back.
    void remove(std::uint64_t at) {
        const std::size_t size = sizes_.at(at);
        if (!map_.unmap(at, size)) {
            throw std::runtime_error("cannot unmap");
        }
        sizes_.erase(at);
        ram_.forbid(at - base_, size);
    }

  private:
    GuestRam& ram_;
    std::uint64_t base_;
    pcie::DmaMap& map_;
    std::map<std::uint64_t, std::size_t> sizes_;
};

} // namespace mo::nic::test
