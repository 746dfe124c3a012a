// SPDX-License-Identifier: GPL-2.0-or-later
// OwnedFrame: a frame made into bytes that may be changed. A burst stays a burst: header template
// and payload are copied, not cut.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "fabric/frame.hpp"

namespace mo::fabric {

class OwnedFrame {
  public:
    OwnedFrame() = default;
    OwnedFrame(OwnedFrame&&) noexcept = default;
    OwnedFrame& operator=(OwnedFrame&&) noexcept = default;
    OwnedFrame(const OwnedFrame&) = delete;
    OwnedFrame& operator=(const OwnedFrame&) = delete;
    ~OwnedFrame() = default;

    /// Copies all bytes and the description of `frame`, and computes a pending ICRC; memory of an
    /// earlier frame is used again.
    void assign(const Frame& frame);
    /// Forgets the frame, keeps the memory.
    void clear() noexcept { bytes_.clear(); }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

    /// The frame, valid until this object changes, moves or ends.
    [[nodiscard]] Frame view() noexcept;
    /// Its bytes, to change them; the caller then clears what the frame says of its checksum.
    [[nodiscard]] std::span<std::byte> bytes() noexcept { return bytes_; }
    void mark_bad_fcs() noexcept { shape_.bad_fcs = true; }
    void forget_checksum() noexcept { shape_.checksum = {}; }

  private:
    std::vector<std::byte> bytes_;
    Frame shape_; ///< its spans are not used
    std::size_t head_size_ = 0;
    std::array<Bytes, 1> body_;
};

} // namespace mo::fabric
