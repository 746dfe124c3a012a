// SPDX-License-Identifier: GPL-2.0-or-later
// The boot ROM that is part of the program: firmware/blobs/mo-rom.bin.
#pragma once

#include <cstdint>
#include <span>

namespace mo::mgmt {

[[nodiscard]] std::span<const std::uint8_t> builtin_rom();

} // namespace mo::mgmt
