// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/rx_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace mo::nic::eth {

std::uint32_t RxQueue::room(std::uint32_t wanted) {
    const auto space = [this] {
        const std::uint32_t buffers = std::min<std::uint32_t>(available(), MO_RX_MAX_SEGS);
        return buffers * buffer_length_ - written_;
    };
    if (!working()) {
        return 0;
    }
    // Zero bytes take a buffer too: each packet has at least one.
    if (available() == 0 || space() < wanted) {
        refresh_tail();
        if (!working()) {
            return 0;
        }
    }
    return space();
}

bool RxQueue::buffer(std::uint32_t number, hw::mo_rx_desc& out) {
    const auto descriptor = fetch(head() + number, 1);
    if (descriptor.empty()) {
        return false;
    }
    out = descriptor.front().as<hw::mo_rx_desc>();
    if (header_length_ == 0 && out.hdr_addr != 0) {
        stop(hw::MO_QERR_DESC);
        return false;
    }
    return true;
}

bool RxQueue::write(std::uint64_t address, fabric::Bytes bytes) {
    auto& section = dma();
    while (!bytes.empty()) {
        auto target = section.segment(address, bytes.size(), pcie::Access::write);
        if (!target) {
            stop(target.error());
            return false;
        }
        // The source may be memory of the same guest, even the same buffer.
        std::memmove(target->data(), bytes.data(), target->size());
        section.count_write(target->size());
        address += target->size();
        bytes = bytes.subspan(target->size());
    }
    return true;
}

bool RxQueue::put(fabric::Bytes bytes) {
    while (!bytes.empty()) {
        const std::uint32_t number = written_ / buffer_length_;
        const std::uint32_t offset = written_ % buffer_length_;
        hw::mo_rx_desc descriptor;
        if (!buffer(number, descriptor)) {
            return false;
        }
        const auto part = bytes.first(std::min<std::size_t>(bytes.size(), buffer_length_ - offset));
        if (!write(descriptor.addr + offset, part)) {
            return false;
        }
        written_ += static_cast<std::uint32_t>(part.size());
        bytes = bytes.subspan(part.size());
    }
    return true;
}

bool RxQueue::put_header(fabric::Bytes bytes) {
    assert(bytes.size() <= header_length_);
    hw::mo_rx_desc descriptor;
    return buffer(0, descriptor) && write(descriptor.hdr_addr, bytes);
}

bool RxQueue::patch_header(fabric::Bytes bytes, bool split) {
    assert(bytes.size() <= (split ? header_length_ : buffer_length_));
    hw::mo_rx_desc descriptor;
    return buffer(0, descriptor) && write(split ? descriptor.hdr_addr : descriptor.addr, bytes);
}

bool RxQueue::finish(hw::mo_eth_cqe completion) {
    const std::uint32_t buffers =
        std::max<std::uint32_t>(1, (written_ + buffer_length_ - 1) / buffer_length_);
    completion.type = MO_CQE_RX;
    completion.index = head();
    completion.nseg = static_cast<std::uint8_t>(buffers);
    written_ = 0;
    if (!post(completion)) {
        return false;
    }
    consume(buffers);
    env().counters().rx_descriptors.add(buffers);
    return true;
}

} // namespace mo::nic::eth
