// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/shared_frame.hpp"

namespace mo::fabric {

namespace {

/// Whether a frame is the one that its buffer keeps, and no other that was made from it.
bool is_kept(const Frame& frame) noexcept {
    if (frame.buffer == nullptr) {
        return false;
    }
    const Frame& kept = frame.buffer->view();
    return frame.head.data() == kept.head.data() && frame.head.size() == kept.head.size() &&
           frame.length == kept.length && frame.burst.mss == kept.burst.mss &&
           frame.bad_fcs == kept.bad_fcs;
}

} // namespace

SharedFrame FramePool::keep(const Frame& frame) {
    if (is_kept(frame)) {
        return SharedFrame(frame.buffer->shared_from_this());
    }
    return keep_changed(frame, [](OwnedFrame& /*copy*/) {});
}

std::shared_ptr<FrameBuffer> FramePool::copy(const Frame& frame) {
    std::shared_ptr<FrameBuffer> buffer;
    if (!mine_.empty()) {
        // Frames are mostly let go of in the order in which they were taken. One that is kept for
        // long goes to the back, so that it hides the others only once.
        std::shared_ptr<FrameBuffer> oldest = std::move(mine_.front());
        mine_.pop_front();
        if (oldest.use_count() == 1) {
            buffer = std::move(oldest);
        } else {
            mine_.push_back(std::move(oldest));
        }
    }
    if (buffer == nullptr) {
        buffer = std::make_shared<FrameBuffer>();
    }
    buffer->frame_.assign(frame);
    ++copies_;
    if (mine_.size() < keep_memory) {
        mine_.push_back(buffer);
    }
    return buffer;
}

} // namespace mo::fabric
