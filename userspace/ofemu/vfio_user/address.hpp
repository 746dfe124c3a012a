// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses of UNIX sockets.
#pragma once

#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/result.hpp"

namespace mo::vfio_user {

/// ENAMETOOLONG, with the limit in the text, where `path` does not fit.
Result<sockaddr_un> unix_address(const std::string& path);

/// The form that socket calls take.
[[nodiscard]] inline const sockaddr* generic(const sockaddr_un& address) noexcept {
    return reinterpret_cast<const sockaddr*>(&address);
}

} // namespace mo::vfio_user
