// SPDX-License-Identifier: GPL-2.0-or-later
// One run of the message fuzzer: bytes as a client's stream into codec and dispatcher, with a
// function behind them. Used by libFuzzer and by the deterministic test.
#pragma once

#include <cstddef>
#include <span>

namespace mo::vfio_user {

/// Parses and carries out every message in `stream`; aborts if a reply breaks the protocol.
void fuzz_messages(std::span<const std::byte> stream);

} // namespace mo::vfio_user
