// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/memory.hpp"

#include <algorithm>
#include <cstring>

namespace mo::nic::rdma {

MemoryFault Memory::resolve(std::uint32_t key, const KeyUser& user, const KeyAccess& access,
                            SpanList& out) {
    const MemoryKey* const opened = keys_.find(key, user, access);
    if (opened == nullptr) {
        return MemoryFault::refused;
    }
    const bool write = (access.rights & (MO_ACCESS_LOCAL_WRITE | MO_ACCESS_REMOTE_WRITE)) != 0;
    const auto way = (access.rights & MO_ACCESS_REMOTE_ATOMIC) != 0 ? pcie::Access::read_write
                     : write                                        ? pcie::Access::write
                                                                    : pcie::Access::read;
    auto& dma = dma_.section();
    std::uint64_t address = access.address;
    std::uint32_t left = access.length;
    while (left != 0) {
        BusPiece piece = opened->locate(address, left);
        address += piece.length;
        left -= piece.length;
        while (piece.length != 0) {
            const auto span = dma.segment(piece.address, piece.length, way);
            if (!span) {
                fault_ = span.error();
                return MemoryFault::dma;
            }
            if (!out.push(*span)) {
                fault_ = {pcie::DmaFaultReason::unbacked, write, piece.address};
                return MemoryFault::dma; // guest memory in shreds of a few bytes
            }
            piece.address += span->size();
            piece.length -= static_cast<std::uint32_t>(span->size());
        }
    }
    if (way == pcie::Access::read) {
        dma.count_read(access.length);
    } else {
        dma.count_write(access.length);
    }
    return MemoryFault::none;
}

MemoryFault Memory::resolve(const Wqe& wqe, const KeyUser& user, std::uint8_t rights,
                            std::uint32_t offset, std::uint32_t length, SgCursor& place,
                            SpanList& out) {
    if (place.offset != offset) {
        place = {};
        for (std::uint32_t skip = offset; place.index < wqe.sge_count; ++place.index) {
            const std::uint32_t size = wqe.sges[place.index].length;
            if (skip < size) {
                place.in_sge = skip;
                break;
            }
            skip -= size;
        }
        place.offset = offset;
    }
    while (length != 0 && place.index < wqe.sge_count) {
        const Sge& sge = wqe.sges[place.index];
        const std::uint32_t part = std::min(length, sge.length - place.in_sge);
        if (part != 0) {
            const auto fault =
                resolve(sge.key, user, {sge.address + place.in_sge, part, rights}, out);
            if (fault != MemoryFault::none) {
                return fault;
            }
        }
        place.offset += part;
        place.in_sge += part;
        length -= part;
        if (place.in_sge == sge.length) {
            ++place.index;
            place.in_sge = 0;
        }
    }
    return MemoryFault::none;
}

bool Memory::permits(const Wqe& wqe, const KeyUser& user, std::uint8_t rights) const noexcept {
    return std::ranges::all_of(wqe.list(), [&](const Sge& sge) {
        return sge.length == 0 ||
               keys_.find(sge.key, user, {sge.address, sge.length, rights}) != nullptr;
    });
}

void Memory::copy(fabric::PieceCursor from, const SpanList& to) {
    for (const std::span<std::byte> target : to.pieces()) {
        std::byte* at = target.data();
        // One guest may send to itself: the bytes may overlap.
        (void)from.take(target.size(), [&at](fabric::Bytes part) {
            std::memmove(at, part.data(), part.size());
            at += part.size();
            return true;
        });
    }
}

} // namespace mo::nic::rdma
