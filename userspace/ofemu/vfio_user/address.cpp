// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/address.hpp"

#include <cerrno>

namespace mo::vfio_user {

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) {
        return fail(ENAMETOOLONG, "socket path '" + path + "' is empty or longer than " +
                                      std::to_string(sizeof(address.sun_path) - 1) + " bytes");
    }
    path.copy(address.sun_path, path.size());
    return address;
}

} // namespace mo::vfio_user
