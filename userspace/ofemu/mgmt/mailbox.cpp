// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/mailbox.hpp"

#include <algorithm>

namespace mo::mgmt {

std::uint32_t Mailbox::read(std::uint32_t offset, std::uint64_t) {
    switch (offset) {
    case block_offset(hw::MO_SOC_MBOX_STATUS):
        return busy() ? 1 : 0;
    case block_offset(hw::MO_SOC_MBOX_REQ_LEN):
        return request_len_;
    case block_offset(hw::MO_SOC_MBOX_RSP_LEN):
        return response_len_;
    default:
        return 0;
    }
}

void Mailbox::write(std::uint32_t offset, std::uint32_t value, std::uint64_t) {
    switch (offset) {
    case block_offset(hw::MO_SOC_MBOX_RSP_LEN):
        response_len_ = std::min<std::uint32_t>(value, MO_MB_MAX);
        break;
    case block_offset(hw::MO_SOC_MBOX_DONE):
        if (value == 1) {
            finish();
        }
        break;
    case block_offset(hw::MO_SOC_MBOX_EVENT):
        ++events_;
        host_.host_event(static_cast<std::uint8_t>(value >> 24),
                         static_cast<std::uint8_t>(value >> 16 & 0xff),
                         static_cast<std::uint16_t>(value & 0xffff));
        break;
    default:
        break;
    }
}

void Mailbox::finish() {
    if (!busy()) {
        return; // an answer to nothing
    }
    request_len_ = 0;
    ++responses_;
    host_.mailbox_done(std::span(response_).first(response_len_));
}

void Mailbox::reset(std::uint64_t) {
    request_len_ = 0;
    response_len_ = 0;
}

std::uint32_t Mailbox::irq_levels(std::uint64_t) {
    return busy() ? 1U << MO_SOC_IRQ_MBOX : 0;
}

bool Mailbox::submit(std::span<const std::uint8_t> request) {
    if (busy() || request.size() < sizeof(hw::mo_mb_hdr) || request.size() > MO_MB_MAX) {
        return false;
    }
    std::copy(request.begin(), request.end(), request_.begin());
    request_len_ = static_cast<std::uint32_t>(request.size());
    ++requests_;
    return true;
}

} // namespace mo::mgmt
