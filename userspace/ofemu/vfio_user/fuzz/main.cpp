// SPDX-License-Identifier: GPL-2.0-or-later
// libFuzzer's entry.
#include <cstddef>
#include <cstdint>
#include <span>

#include "vfio_user/fuzz/message_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mo::vfio_user::fuzz_messages(std::as_bytes(std::span(data, size)));
    return 0;
}
