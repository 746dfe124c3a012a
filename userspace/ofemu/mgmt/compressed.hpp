// SPDX-License-Identifier: GPL-2.0-or-later
// The C extension: every compressed instruction stands for one of 32 bits.
#pragma once

#include <cstdint>
#include <optional>

namespace mo::mgmt {

/// The 32-bit instruction that `parcel` stands for; none when it is illegal or reserved on RV32.
/// HINT encodings (rd = x0 and the like) give instructions without effect, as the manual asks.
/// Precondition: the two low bits of `parcel` are not both set.
[[nodiscard]] std::optional<std::uint32_t> expand_compressed(std::uint16_t parcel);

} // namespace mo::mgmt
