// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/server.hpp"

#include <array>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "common/log.hpp"
#include "vfio_user/address.hpp"

namespace mo::vfio_user {

namespace {

/// Removes a socket file that no process serves any more.
Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return {};
    }
    if (!S_ISSOCK(status.st_mode)) {
        return fail(EEXIST, "'" + path + "' exists and is no socket");
    }
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), generic(address), sizeof(address)) == 0) {
        return fail(EADDRINUSE, "another process serves '" + path + "'");
    }
    if (errno == ECONNREFUSED) {
        ::unlink(path.c_str());
    }
    return {};
}

/// The client reads the end of the stream next. Without this, bytes that it has sent and nobody
/// has read make the kernel report a reset connection instead, at which QEMU 11.1 aborts.
void finish(int socket) {
    ::shutdown(socket, SHUT_RDWR); // nothing comes after this
    std::array<std::byte, 4096> unread;
    while (::recv(socket, unread.data(), unread.size(), MSG_DONTWAIT) > 0) {
    }
}

} // namespace

Result<std::unique_ptr<Server>> Server::listen(const std::string& path, pcie::Function& function,
                                               ServerOptions options) {
    const auto address = unix_address(path);
    if (!address) {
        return Unexpected{address.error()};
    }
    auto cleared = remove_stale(path, *address);
    if (!cleared) {
        return Unexpected{std::move(cleared).error()};
    }
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener) {
        return fail(errno, "cannot make a socket");
    }
    if (::bind(listener.get(), generic(*address), sizeof(*address)) != 0) {
        return fail(errno, "cannot bind '" + path + "'");
    }
    constexpr int waiting_clients = 4;
    if (::listen(listener.get(), waiting_clients) != 0) {
        return fail(errno, "cannot listen on '" + path + "'");
    }
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return fail(errno, "cannot examine '" + path + "'");
    }
    return std::unique_ptr<Server>(
        new Server(path, status.st_ino, std::move(listener), function, std::move(options)));
}

Server::Server(std::string path, ino_t inode, Fd listener, pcie::Function& function,
               ServerOptions options)
    : path_(std::move(path)), inode_(inode), listener_(std::move(listener)), function_(function),
      options_(std::move(options)) {}

Server::~Server() {
    stop();
    struct stat status{};
    if (::lstat(path_.c_str(), &status) == 0 && status.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

void Server::start() {
    if (!thread_.joinable()) {
        thread_ = std::thread([this] { run(); });
    }
}

void Server::stop() {
    {
        const std::lock_guard lock(connection_mutex_);
        stopping_ = true;
        ::shutdown(listener_.get(), SHUT_RDWR); // wakes accept(2)
        if (connection_ >= 0) {
            ::shutdown(connection_, SHUT_RDWR); // wakes recvmsg(2) and send(2)
        }
    }
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Server::run() {
    for (;;) {
        const Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const int accept_error = errno;
        {
            const std::lock_guard lock(connection_mutex_);
            if (stopping_) {
                return;
            }
            connection_ = socket.get();
        }
        if (!socket) {
            log::print(log::Level::warning, "vfio-user: cannot accept a client on '%s': %s",
                       path_.c_str(), Error{accept_error, "accept"}.message().c_str());
            constexpr std::chrono::milliseconds pause{100}; // out of descriptors, most likely
            std::this_thread::sleep_for(pause);
            continue;
        }
        serve(socket.get());
        const std::lock_guard lock(connection_mutex_);
        connection_ = -1;
    }
}

void Server::serve(int socket) {
    counters_.connections.add();
    connected_.store(true, std::memory_order_release);
    log::print(log::Level::info, "client connected to '%s'", path_.c_str());
    if (options_.on_connection) {
        options_.on_connection(true);
    }
    Session(socket, function_, options_.spin, counters_).run();
    function_.reset(pcie::ResetKind::connection_lost);
    finish(socket);
    log::print(log::Level::info, "client left '%s'", path_.c_str());
    connected_.store(false, std::memory_order_release);
    if (options_.on_connection) {
        options_.on_connection(false);
    }
}

} // namespace mo::vfio_user
