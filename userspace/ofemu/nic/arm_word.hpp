// SPDX-License-Identifier: GPL-2.0-or-later
// Arm word and moderation: the rules of driver/hw/db.h by which completion and event queues decide
// when to signal. Pure functions of state and time.
#pragma once

#include <cstdint>

#include "common/hw.hpp"

namespace mo::nic {

using hw::__u32; // the macros of driver/hw/db.h name them
using hw::__u64;

/// Moderation of a queue; 0 = none.
struct Moderation {
    std::uint64_t period_ns = 0;
    std::uint32_t count = 0;
};

/// Which request of the host was answered last.
class ArmState {
  public:
    /// Does `word` ask for a signal that has not been given, if there is an entry (`any`), or one
    /// with the solicited bit (`solicited`)?
    [[nodiscard]] bool wants(std::uint64_t word, bool any, bool solicited) const noexcept {
        const std::uint32_t kind = MO_ARM_KIND(word);
        const bool asked = (kind == MO_ARM_NEXT && any) || (kind == MO_ARM_SOLICITED && solicited);
        return asked && (!answered_ || MO_ARM_SEQ(word) != answered_seq_);
    }
    /// The request in `word` has been answered.
    void answer(std::uint64_t word) noexcept {
        answered_ = true;
        answered_seq_ = MO_ARM_SEQ(word);
    }

  private:
    bool answered_ = false;
    std::uint32_t answered_seq_ = 0;
};

} // namespace mo::nic
