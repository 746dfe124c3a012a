// SPDX-License-Identifier: GPL-2.0-or-later
// Server: the control socket. A line of JSON asks, a line of JSON answers:
//   {"argv": ["cut", "fibre0"]}
//   {"ok": true, "result": {...}}   or   {"ok": false, "error": "text", "code": ERRNO}
// Several clients at once, one command at a time, on one thread. Who comes when there are too many
// takes the place of the one that has been silent for longest.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/fd.hpp"
#include "common/result.hpp"
#include "common/unix_socket.hpp"
#include "control/command.hpp"

namespace mo::control {

class Server {
  public:
    static constexpr std::size_t longest_line = 65536;
    static constexpr std::size_t most_clients = 16;

    /// Listens on `path`; a dead socket there is replaced, EADDRINUSE if somebody serves it, EEXIST
    /// if it is no socket. Answers from start() on. `system` outlives the server.
    static Result<std::unique_ptr<Server>> listen(const std::string& path, ofemu::System& system);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// Stops and removes the socket.
    ~Server();

    void start();
    void stop();

    /// The answer to one line, without its end.
    [[nodiscard]] static std::string answer(Context& context, std::string_view line);

  private:
    struct Client {
        Fd socket;
        std::string in;
        std::string out;
        std::uint64_t heard = 0; ///< rises with each word of anybody
    };

    Server(UnixListener listener, Fd wake, ofemu::System& system);
    void run();
    void accept_client();
    /// False: the client has gone or misbehaved.
    bool receive(Client& client);
    bool send_some(Client& client);

    UnixListener listener_;
    Fd wake_;
    Context context_;
    std::vector<Client> clients_;
    std::uint64_t words_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

/// `ofemu ctl`: sends a command line and prints the answer. Returns the exit status.
int client_main(const std::vector<std::string>& arguments);

} // namespace mo::control
