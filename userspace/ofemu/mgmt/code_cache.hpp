// SPDX-License-Identifier: GPL-2.0-or-later
// Decoded instructions of one executable memory. Coherent with stores only after flush(): that is
// what fence.i is for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mgmt/decode.hpp"

namespace mo::mgmt {

class CodeCache {
  public:
    /// `bytes` lie at address `base`; their number is even.
    CodeCache(std::uint32_t base, std::span<const std::uint8_t> bytes);

    [[nodiscard]] std::uint32_t base() const { return base_; }
    [[nodiscard]] std::uint32_t size() const { return size_; }

    /// One entry per halfword and one behind the last, which is a fetch fault.
    [[nodiscard]] const Insn* entries() const { return entries_.data(); }

    /// Decodes the undecoded entry `index`.
    void fill(std::size_t index);

    /// Forgets everything.
    void flush();

  private:
    static constexpr std::size_t page_entries = 2048;

    std::uint32_t base_;
    std::uint32_t size_;
    std::span<const std::uint8_t> bytes_;
    std::vector<Insn> entries_;
    std::vector<bool> used_pages_; ///< pages of entries_ that hold a decoded entry
};

} // namespace mo::mgmt
