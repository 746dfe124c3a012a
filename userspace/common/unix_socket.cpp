// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/unix_socket.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace mo {

namespace {

Fd stream_socket(int flags) {
    return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

/// Removes a socket file that no process serves any more.
Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return {};
    }
    if (!S_ISSOCK(status.st_mode)) {
        return fail(EEXIST, "'" + path + "' exists and is no socket");
    }
    const Fd probe = stream_socket(SOCK_NONBLOCK);
    // EAGAIN: so many wait there that there is no room for one more.
    if (::connect(probe.get(), generic(address), sizeof(address)) == 0 || errno == EAGAIN) {
        return fail(EADDRINUSE, "another process serves '" + path + "'");
    }
    if (errno == ECONNREFUSED) {
        ::unlink(path.c_str());
    }
    return {};
}

} // namespace

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

Result<UnixListener> UnixListener::listen(const std::string& path, int backlog, int flags) {
    const auto address = unix_address(path);
    if (!address) {
        return Unexpected{address.error()};
    }
    if (auto cleared = remove_stale(path, *address); !cleared) {
        return Unexpected{std::move(cleared).error()};
    }
    Fd socket = stream_socket(flags);
    if (!socket) {
        return fail(errno, "cannot make a socket");
    }
    if (::bind(socket.get(), generic(*address), sizeof(*address)) != 0) {
        return fail(errno, "cannot bind '" + path + "'");
    }
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return fail(errno, "cannot examine '" + path + "'");
    }
    UnixListener listener(path, std::move(socket), status.st_dev, status.st_ino);
    if (::listen(listener.get(), backlog) != 0) {
        return fail(errno, "cannot listen on '" + path + "'");
    }
    return listener;
}

UnixListener::~UnixListener() {
    struct stat status{};
    if (socket_ && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

} // namespace mo
