// SPDX-License-Identifier: GPL-2.0-or-later
// Page lists: how commands name scattered memory: bus addresses of pages of one size, as __le64 in
// host memory. The device copies them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/hw.hpp"
#include "pcie/dma_map.hpp"

namespace mo::nic {

/// log2 of the bytes of a page, as commands may give it.
inline constexpr std::uint8_t min_page_shift = 12;
inline constexpr std::uint8_t max_page_shift = 31;

[[nodiscard]] constexpr bool valid_page_shift(std::uint8_t shift) noexcept {
    return shift >= min_page_shift && shift <= max_page_shift;
}
/// Pages for so many bytes.
[[nodiscard]] constexpr std::uint64_t pages_for(std::uint64_t bytes, std::uint8_t shift) noexcept {
    return (bytes >> shift) + ((bytes & ((std::uint64_t{1} << shift) - 1U)) != 0 ? 1 : 0);
}
/// Aligned, and does not reach beyond the address space.
[[nodiscard]] constexpr bool valid_page(std::uint64_t address, std::uint8_t shift) noexcept {
    return (address & ((std::uint64_t{1} << shift) - 1U)) == 0;
}

struct PageListRequest {
    std::uint64_t list = 0; ///< bus address of the list
    std::uint32_t count = 0;
    std::uint8_t shift = 0;
    std::uint64_t bytes = 0; ///< what has to fit
};

/// Reads `out.size()` addresses of pages. BAD_PARAM: one is not aligned. DMA_FAULT: the list cannot
/// be read; `report` was called with the fault.
template <typename Report>
[[nodiscard]] hw::mo_status read_pages(pcie::DmaMap::ReadSection& dma, std::uint64_t list,
                                       std::uint8_t shift, std::span<std::uint64_t> out,
                                       Report&& report) {
    static_assert(sizeof(hw::__le64) == sizeof(std::uint64_t));
    const auto done = dma.read(list, std::as_writable_bytes(out));
    if (!done) {
        report(done.error());
        return hw::MO_ST_DMA_FAULT;
    }
    for (std::uint64_t& address : out) {
        if constexpr (std::endian::native != std::endian::little) {
            address = byte_swap(address);
        }
        if (!valid_page(address, shift)) {
            return hw::MO_ST_BAD_PARAM;
        }
    }
    return hw::MO_ST_OK;
}

/// The list of a scattered ring, which holds exactly as many pages as `bytes` need.
template <typename Report>
[[nodiscard]] hw::mo_status read_page_list(pcie::DmaMap::ReadSection& dma,
                                           const PageListRequest& request,
                                           std::vector<std::uint64_t>& out, Report&& report) {
    if (!valid_page_shift(request.shift) || request.list % sizeof(std::uint64_t) != 0 ||
        request.count != pages_for(request.bytes, request.shift)) {
        return hw::MO_ST_BAD_PARAM;
    }
    out.resize(request.count);
    return read_pages(dma, request.list, request.shift, out, std::forward<Report>(report));
}

} // namespace mo::nic
