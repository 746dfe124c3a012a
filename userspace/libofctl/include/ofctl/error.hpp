// SPDX-License-Identifier: LGPL-2.1-or-later
// What went wrong, as the library reports it: the kernel's errno and, where it gave one, its own
// explanation (extended ACK).
#pragma once

#include <string>

#include "common/result.hpp"

namespace mo::ofctl {

/// An error of the kernel or of the library.
struct KernelError {
    int code = 0;        ///< positive errno
    std::string text;    ///< extended ACK of the kernel, or the library's words
    bool kernel = false; ///< true when the kernel answered with it
};

template <typename T>
using Answer = Result<T, KernelError>;

/// Shorthand for an error of the library itself.
[[nodiscard]] inline Unexpected<KernelError> refuse(int code, std::string text) {
    return Unexpected<KernelError>{KernelError{code, std::move(text), false}};
}

} // namespace mo::ofctl
