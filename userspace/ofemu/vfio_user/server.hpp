// SPDX-License-Identifier: GPL-2.0-or-later
// Server: serves one PCIe function on a UNIX socket to one vfio-user client at a time (QEMU, or
// client.hpp). Survives any number of clients, garbage, clients that vanish, and such that take
// back the memory that they gave: the function is then reset, its DMA maps and eventfds are
// dropped, and the next client is accepted.
//
// Threads: one control thread, started by start(); it alone calls into the Function.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/result.hpp"
#include "common/unix_socket.hpp"
#include "pcie/function.hpp"
#include "vfio_user/session.hpp"

namespace mo::vfio_user {

struct ServerOptions {
    /// How long the control thread polls its socket before it sleeps. Shortens register reads
    /// from about 40 to 28 us, at the price of a busy core.
    std::chrono::microseconds spin{0};
    /// Called by the control thread when a client has come or gone; may be empty.
    std::function<void(bool connected)> on_connection;
};

class Server {
  public:
    /// Listens on `path` (shorter than 108 bytes). A socket file that nobody serves any more is
    /// replaced; one that is served is EADDRINUSE, another file EEXIST. Clients wait from here on;
    /// start() serves them.
    static Result<std::unique_ptr<Server>> listen(const std::string& path, pcie::Function& function,
                                                  ServerOptions options = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// Stops, joins the thread, removes the socket file.
    ~Server();

    void start();
    /// Ends the connection (the client sees EOF) and the thread. Any thread but the control thread.
    void stop();

    [[nodiscard]] const std::string& path() const noexcept { return listener_.path(); }
    [[nodiscard]] bool connected() const noexcept {
        return connected_.load(std::memory_order_acquire);
    }
    [[nodiscard]] const ServerCounters& counters() const noexcept { return counters_; }

  private:
    Server(UnixListener listener, pcie::Function& function, ServerOptions options);
    void run();
    void serve(int socket);
    void memory_lost();

    UnixListener listener_;
    pcie::Function& function_;
    ServerOptions options_;
    ServerCounters counters_;
    std::atomic<bool> connected_{false};
    std::mutex connection_mutex_;
    bool stopping_ = false;
    int connection_ = -1; // for shutdown(2) by stop(); owned by run()
    std::thread thread_;
};

} // namespace mo::vfio_user
