// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/server.hpp"

#include <array>
#include <cerrno>
#include <unistd.h>
#include <utility>

#include "common/log.hpp"

namespace mo::vfio_user {

namespace {

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
    constexpr int waiting_clients = 4;
    auto listener = UnixListener::listen(path, waiting_clients);
    if (!listener) {
        return Unexpected{std::move(listener).error()};
    }
    return std::unique_ptr<Server>(new Server(std::move(*listener), function, std::move(options)));
}

Server::Server(UnixListener listener, pcie::Function& function, ServerOptions options)
    : listener_(std::move(listener)), function_(function), options_(std::move(options)) {
    function_.dma().on_lost([this] { memory_lost(); });
}

Server::~Server() {
    stop();
    function_.dma().on_lost({});
}

/// By the thread that has met it, within a read section of the function's memory.
void Server::memory_lost() {
    log::print(
        log::Level::error,
        "'%s': a file that the client gave as memory was made shorter, or its file system is "
        "full: connection ends",
        listener_.path().c_str());
    const std::lock_guard lock(connection_mutex_);
    if (connection_ >= 0) {
        ::shutdown(connection_, SHUT_RDWR); // the control thread does the rest
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
                       listener_.path().c_str(), Error{accept_error, "accept"}.message().c_str());
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
    log::print(log::Level::info, "client connected to '%s'", listener_.path().c_str());
    if (options_.on_connection) {
        options_.on_connection(true);
    }
    Session(socket, function_, options_.spin, counters_).run();
    function_.reset(pcie::ResetKind::connection_lost);
    finish(socket);
    log::print(log::Level::info, "client left '%s'", listener_.path().c_str());
    connected_.store(false, std::memory_order_release);
    if (options_.on_connection) {
        options_.on_connection(false);
    }
}

} // namespace mo::vfio_user
