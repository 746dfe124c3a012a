// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/receive_source.hpp"

#include <array>
#include <cstddef>

namespace mo::nic::rdma {

ReceiveSource::Take ReceiveSource::take(DmaAccess::Section& dma, bool shadow,
                                        ReceiveEntry& out) noexcept {
    if (queue_.tail() == taken_ && shadow) {
        switch (queue_.refresh(dma)) {
        case WorkQueue::Look::bad:
            return Take::bad_tail;
        case WorkQueue::Look::fault:
            return Take::fault;
        default:
            break;
        }
    }
    if (queue_.tail() == taken_) {
        return Take::empty;
    }
    std::array<std::byte, std::size_t{1} << MO_RDMA_STRIDE_MAX_LOG> raw;
    const auto entry = std::span(raw).first(queue_.stride());
    if (!queue_.fetch(dma, taken_, entry)) {
        return Take::fault;
    }
    out.valid = true;
    out.index = taken_++;
    return decode_receive(entry, out.wqe) == WqeFault::none ? Take::taken : Take::malformed;
}

bool ReceiveSource::take_unread(ReceiveEntry& out) noexcept {
    if (queue_.tail() == taken_) {
        return false;
    }
    out.valid = true;
    out.index = taken_++;
    return true;
}

void ReceiveSource::put_back(ReceiveEntry& entry) noexcept {
    taken_ = entry.index;
    entry.valid = false;
}

void ReceiveSource::complete(ReceiveEntry& entry) noexcept {
    entry.valid = false;
    queue_.complete();
}

} // namespace mo::nic::rdma
