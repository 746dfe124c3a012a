// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mo::control {

namespace {

constexpr int backlog = 8;

} // namespace

Result<std::unique_ptr<Server>> Server::listen(const std::string& path, ofemu::System& system) {
    auto wake = make_eventfd();
    if (!wake) {
        return Unexpected{wake.error()};
    }
    auto listener = UnixListener::listen(path, backlog, SOCK_NONBLOCK);
    if (!listener) {
        return Unexpected{std::move(listener).error()};
    }
    return std::unique_ptr<Server>(new Server(std::move(*listener), std::move(*wake), system));
}

Server::Server(UnixListener listener, Fd wake, ofemu::System& system)
    : listener_(std::move(listener)), wake_(std::move(wake)), context_{system, {}} {}

Server::~Server() {
    stop();
}

void Server::start() {
    if (!thread_.joinable()) {
        stopping_.store(false);
        thread_ = std::thread([this] { run(); });
    }
}

void Server::stop() {
    if (thread_.joinable()) {
        stopping_.store(true);
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
        thread_.join();
        clients_.clear();
    }
}

std::string Server::answer(Context& context, std::string_view line) {
    const auto refuse = [](int code, const std::string& text) {
        Json out = Json::object();
        out.set("ok", false).set("error", text).set("code", code);
        return out.dump();
    };
    const auto request = Json::parse(line);
    if (!request) {
        return refuse(EINVAL, request.error().text);
    }
    const Json* const argv = request->find("argv");
    const Json::Array* const words = argv != nullptr ? argv->as_array() : nullptr;
    std::vector<std::string> arguments;
    for (std::size_t i = 0; words != nullptr && i < words->size(); ++i) {
        const std::string* const word = (*words)[i].as_string();
        if (word == nullptr || word->find('\0') != std::string::npos) {
            return refuse(EINVAL, "argv must be a list of strings, without zero bytes");
        }
        arguments.push_back(*word);
    }
    if (words == nullptr || request->as_object()->size() != 1) {
        return refuse(EINVAL, "a request is {\"argv\": [\"COMMAND\", \"ARGUMENT\", ...]}");
    }
    auto done = execute(context, arguments);
    if (!done) {
        const Error& error = done.error();
        const bool plain = error.code == EINVAL || error.code == ENOENT;
        return refuse(error.code, plain ? error.text : error.message());
    }
    Json out = Json::object();
    out.set("ok", true).set("result", std::move(*done));
    return out.dump();
}

void Server::accept_client() {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
        return;
    }
    if (clients_.size() == most_clients) {
        clients_.erase(std::ranges::min_element(clients_, {}, &Client::heard));
    }
    clients_.push_back({std::move(socket), {}, {}, ++words_});
}

bool Server::send_some(Client& client) {
    while (!client.out.empty()) {
        const ssize_t sent =
            send(client.socket.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        client.out.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
}

bool Server::receive(Client& client) {
    std::array<char, 4096> bytes{};
    const ssize_t got = recv(client.socket.get(), bytes.data(), bytes.size(), 0);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    client.heard = ++words_;
    client.in.append(bytes.data(), static_cast<std::size_t>(got));
    for (std::size_t end = client.in.find('\n'); end != std::string::npos;
         end = client.in.find('\n')) {
        client.out += answer(context_, std::string_view(client.in).substr(0, end)) + "\n";
        client.in.erase(0, end + 1);
    }
    return client.in.size() <= longest_line && send_some(client);
}

void Server::run() {
    std::vector<pollfd> fds;
    while (!stopping_.load()) {
        fds.clear();
        fds.push_back({wake_.get(), POLLIN, 0});
        fds.push_back({listener_.get(), POLLIN, 0});
        for (const Client& client : clients_) {
            // A client that does not read its answers gets no more of them.
            const short wanted = client.out.empty() ? POLLIN : POLLOUT;
            fds.push_back({client.socket.get(), wanted, 0});
        }
        if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        for (std::size_t i = clients_.size(); i-- > 0;) {
            const short events = fds[i + 2].revents;
            Client& client = clients_[i];
            const bool good = (events & POLLOUT) != 0 ? send_some(client)
                              : events != 0           ? receive(client)
                                                      : true;
            if (!good) {
                clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        if ((fds[1].revents & POLLIN) != 0) {
            accept_client();
        }
    }
}

} // namespace mo::control
