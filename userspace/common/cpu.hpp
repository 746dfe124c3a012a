// SPDX-License-Identifier: GPL-2.0-or-later
// What a thread tells its CPU.
#pragma once

namespace mo {

/// Of a loop that polls memory: leaves the core's resources to others for a moment.
inline void relax_cpu() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

} // namespace mo
