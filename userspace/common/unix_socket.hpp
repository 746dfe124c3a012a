// SPDX-License-Identifier: GPL-2.0-or-later
// UNIX stream sockets in the file system: addresses, and UnixListener, the owner of a name there.
#pragma once

#include <string>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "common/fd.hpp"
#include "common/result.hpp"

namespace mo {

/// ENAMETOOLONG, with the limit in the text, where `path` does not fit.
Result<sockaddr_un> unix_address(const std::string& path);

/// The form that socket calls take.
[[nodiscard]] inline const sockaddr* generic(const sockaddr_un& address) noexcept {
    return reinterpret_cast<const sockaddr*>(&address);
}

/// A socket that listens, close-on-exec, and its file.
class UnixListener {
  public:
    /// A socket at `path` that no process serves any more is replaced, and nothing else is:
    /// EADDRINUSE if somebody serves it, EEXIST if it is no socket. `flags` are socket(2)'s.
    static Result<UnixListener> listen(const std::string& path, int backlog, int flags = 0);
    UnixListener(UnixListener&& other) noexcept = default;
    UnixListener& operator=(UnixListener&&) = delete;
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;
    /// Removes the file, unless something else is there by now.
    ~UnixListener();

    [[nodiscard]] int get() const noexcept { return socket_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    UnixListener(std::string path, Fd socket, dev_t device, ino_t inode)
        : path_(std::move(path)), socket_(std::move(socket)), device_(device), inode_(inode) {}

    std::string path_;
    Fd socket_; ///< none after a move
    dev_t device_;
    ino_t inode_;
};

} // namespace mo
