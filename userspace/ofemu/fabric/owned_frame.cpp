// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/owned_frame.hpp"

#include "fabric/icrc.hpp"

namespace mo::fabric {

void OwnedFrame::assign(const Frame& frame) {
    bytes_.clear();
    bytes_.reserve(frame.length);
    bytes_.insert(bytes_.end(), frame.head.begin(), frame.head.end());
    for (const Bytes piece : frame.body) {
        bytes_.insert(bytes_.end(), piece.begin(), piece.end());
    }
    if (frame.icrc) {
        complete_icrc(bytes_, frame.icrc);
    }
    shape_ = frame;
    shape_.head = {};
    shape_.body = {};
    shape_.icrc = {};
    shape_.buffer = nullptr;
    // A plain frame becomes one piece, which any parser can look into.
    head_size_ = frame.is_burst() ? frame.head.size() : bytes_.size();
}

Frame OwnedFrame::view() noexcept {
    Frame frame = shape_;
    const Bytes all(bytes_);
    frame.head = all.first(head_size_);
    if (head_size_ != all.size()) {
        body_[0] = all.subspan(head_size_);
        frame.body = body_;
    }
    frame.length = static_cast<std::uint32_t>(all.size());
    return frame;
}

} // namespace mo::fabric
