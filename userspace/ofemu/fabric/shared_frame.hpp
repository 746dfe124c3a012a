// SPDX-License-Identifier: GPL-2.0-or-later
// SharedFrame: a frame for whoever needs it after the call that brought it. Nobody changes its
// bytes any more, so all who keep it share them: a path of many hops copies a frame once, at the
// first hop that keeps it, and a duplicate costs nothing.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "fabric/frame.hpp"
#include "fabric/owned_frame.hpp"

namespace mo::fabric {

/// The memory of a kept frame. Its frame says so (Frame::buffer).
class FrameBuffer final : public std::enable_shared_from_this<FrameBuffer> {
  public:
    FrameBuffer() = default;
    FrameBuffer(const FrameBuffer&) = delete;
    FrameBuffer& operator=(const FrameBuffer&) = delete;
    ~FrameBuffer() = default;

    [[nodiscard]] const Frame& view() const noexcept { return view_; }

  private:
    friend class FramePool;
    void seal() noexcept {
        view_ = frame_.view();
        view_.buffer = this;
    }

    OwnedFrame frame_;
    Frame view_;
};

class SharedFrame {
  public:
    SharedFrame() = default;

    [[nodiscard]] explicit operator bool() const noexcept { return buffer_ != nullptr; }
    /// The frame, valid as long as anybody keeps it. Precondition: *this.
    [[nodiscard]] const Frame& view() const noexcept { return buffer_->view(); }

  private:
    friend class FramePool;
    explicit SharedFrame(std::shared_ptr<const FrameBuffer> buffer) noexcept
        : buffer_(std::move(buffer)) {}

    std::shared_ptr<const FrameBuffer> buffer_;
};

/// Makes frames that are kept, and uses the memory of those again that nobody keeps any more, so
/// that a busy link does not allocate. They may outlive it. Engine thread only.
class FramePool {
  public:
    /// Keeps a frame: copies it, unless it is kept by somebody already.
    [[nodiscard]] SharedFrame keep(const Frame& frame);

    /// Keeps a copy of a frame that `change` (void (OwnedFrame&)) has changed.
    template <typename Change>
    [[nodiscard]] SharedFrame keep_changed(const Frame& frame, Change&& change) {
        std::shared_ptr<FrameBuffer> buffer = copy(frame);
        std::forward<Change>(change)(buffer->frame_);
        buffer->seal();
        return SharedFrame(std::move(buffer));
    }

    /// Frames whose bytes were copied.
    [[nodiscard]] std::uint64_t copies() const noexcept { return copies_; }

  private:
    static constexpr std::size_t keep_memory = 256; ///< of so many frames

    [[nodiscard]] std::shared_ptr<FrameBuffer> copy(const Frame& frame);

    std::deque<std::shared_ptr<FrameBuffer>> mine_; ///< the one that was taken longest ago first
    std::uint64_t copies_ = 0;
};

} // namespace mo::fabric
