// SPDX-License-Identifier: LGPL-2.1-or-later
// Netlink sockets by libnl. libnl 3.7 knows no extended ACK, so the socket option is set and the
// attributes behind the error message are read here.
#include "libofctl/transport.hpp"

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

namespace mo::ofctl {

namespace {

struct SocketDeleter {
    void operator()(nl_sock* sock) const noexcept { nl_socket_free(sock); }
};
using Socket = std::unique_ptr<nl_sock, SocketDeleter>;

struct CallbackDeleter {
    void operator()(nl_cb* callbacks) const noexcept { nl_cb_put(callbacks); }
};
using Callbacks = std::unique_ptr<nl_cb, CallbackDeleter>;

constexpr int dump_attempts = 5;
constexpr std::size_t receive_buffer = 256 * 1024;

/// What the callbacks of one exchange collect.
struct Collection {
    std::vector<Bytes> messages;
    KernelError error;
    bool done = false;
    bool interrupted = false;
};

KernelError explain(const nlmsgerr& error, const nlmsghdr& head) {
    KernelError result{-error.error, {}, true};
    std::size_t payload = sizeof error;
    if ((head.nlmsg_flags & NLM_F_CAPPED) == 0 && error.error != 0) {
        payload += NLMSG_ALIGN(error.msg.nlmsg_len) - sizeof(nlmsghdr);
    }
    if ((head.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || head.nlmsg_len < NLMSG_HDRLEN + payload) {
        return result;
    }
    const std::span whole(reinterpret_cast<const std::byte*>(&head), head.nlmsg_len);
    const Attributes attributes(whole.subspan(NLMSG_HDRLEN + payload));
    if (auto text = attributes.text(NLMSGERR_ATTR_MSG)) {
        result.text = std::move(*text);
    } else if (const auto missing = attributes.integer(NLMSGERR_ATTR_MISS_TYPE)) {
        result.text = "attribute " + std::to_string(*missing) + " is missing";
    }
    return result;
}

int on_message(nl_msg* message, void* argument) {
    auto& into = *static_cast<Collection*>(argument);
    const nlmsghdr* head = nlmsg_hdr(message);
    const auto* data = reinterpret_cast<const std::byte*>(head);
    into.interrupted = into.interrupted || (head->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    into.messages.emplace_back(data, data + head->nlmsg_len);
    return NL_OK;
}

int on_finish(nl_msg* message, void* argument) {
    auto& into = *static_cast<Collection*>(argument);
    const nlmsghdr* head = nlmsg_hdr(message);
    // A dump that fails half-way ends with NLMSG_DONE and a negative number.
    if (head->nlmsg_len >= NLMSG_HDRLEN + sizeof(int)) {
        int code = 0;
        std::memcpy(&code, nlmsg_data(head), sizeof code);
        if (code < 0) {
            into.error = KernelError{-code, {}, true};
        }
    }
    into.done = true;
    return NL_STOP;
}

int on_ack(nl_msg*, void* argument) {
    static_cast<Collection*>(argument)->done = true;
    return NL_STOP;
}

int on_error(sockaddr_nl*, nlmsgerr* error, void* argument) {
    auto& into = *static_cast<Collection*>(argument);
    const auto* head =
        reinterpret_cast<const nlmsghdr*>(reinterpret_cast<const std::byte*>(error) - NLMSG_HDRLEN);
    into.error = explain(*error, *head);
    into.done = true;
    return NL_STOP;
}

Answer<Socket> open_socket(int protocol) {
    Socket sock(nl_socket_alloc());
    if (sock == nullptr) {
        return refuse(ENOMEM, "no memory for a netlink socket");
    }
    if (const int status = nl_connect(sock.get(), protocol); status < 0) {
        return refuse(errno != 0 ? errno : EIO,
                      std::string("netlink socket: ") + nl_geterror(status));
    }
    const int fd = nl_socket_get_fd(sock.get());
    const int on = 1;
    for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) {
        if (setsockopt(fd, SOL_NETLINK, option, &on, sizeof on) < 0) {
            return refuse(errno, "netlink socket option");
        }
    }
    nl_socket_set_msg_buf_size(sock.get(), receive_buffer);
    return sock;
}

class SocketTransport final : public Transport {
  public:
    Answer<std::vector<Bytes>> exchange(int protocol, Bytes request) override {
        for (int attempt = 0; attempt < dump_attempts; ++attempt) {
            auto answer = exchange_once(protocol, request);
            if (!answer) {
                return Unexpected{answer.error()};
            }
            if (!answer->interrupted) {
                return std::move(answer->messages);
            }
        }
        return refuse(EAGAIN, "the kernel's list kept changing while it was read");
    }

    Answer<void> join(int protocol, std::uint32_t group) override {
        auto found = listeners_.find(protocol);
        if (found == listeners_.end()) {
            auto sock = open_socket(protocol);
            if (!sock) {
                return Unexpected{sock.error()};
            }
            nl_socket_disable_seq_check(sock->get());
            found = listeners_.emplace(protocol, std::move(*sock)).first;
        }
        if (const int status =
                nl_socket_add_membership(found->second.get(), static_cast<int>(group));
            status < 0) {
            return refuse(errno, std::string("multicast group: ") + nl_geterror(status));
        }
        return {};
    }

    Answer<std::vector<Received>> receive(std::chrono::milliseconds timeout) override {
        std::vector<pollfd> polled;
        std::vector<std::pair<int, nl_sock*>> order;
        for (const auto& [protocol, sock] : listeners_) {
            polled.push_back({nl_socket_get_fd(sock.get()), POLLIN, 0});
            order.emplace_back(protocol, sock.get());
        }
        const int ready = poll(polled.data(), polled.size(), static_cast<int>(timeout.count()));
        if (ready < 0 && errno != EINTR) {
            return refuse(errno, "waiting for events");
        }
        std::vector<Received> received;
        for (std::size_t i = 0; ready > 0 && i < polled.size(); ++i) {
            if ((polled[i].revents & POLLIN) == 0) {
                continue;
            }
            Collection into;
            const auto callbacks = callbacks_for(into);
            nl_cb_set(
                callbacks.get(), NL_CB_SEQ_CHECK, NL_CB_CUSTOM,
                [](nl_msg*, void*) -> int { return NL_OK; }, nullptr);
            if (const int status = nl_recvmsgs(order[i].second, callbacks.get()); status < 0) {
                return refuse(status == -NLE_NOMEM ? ENOBUFS : EIO,
                              std::string("events were lost: ") + nl_geterror(status));
            }
            for (auto& message : into.messages) {
                received.push_back({order[i].first, std::move(message)});
            }
        }
        return received;
    }

  private:
    static Callbacks callbacks_for(Collection& into) {
        Callbacks callbacks(nl_cb_alloc(NL_CB_CUSTOM));
        nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_message, &into);
        nl_cb_set(callbacks.get(), NL_CB_FINISH, NL_CB_CUSTOM, on_finish, &into);
        nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, on_ack, &into);
        nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &into);
        return callbacks;
    }

    Answer<Collection> exchange_once(int protocol, const Bytes& request) {
        auto found = sockets_.find(protocol);
        if (found == sockets_.end()) {
            auto sock = open_socket(protocol);
            if (!sock) {
                return Unexpected{sock.error()};
            }
            found = sockets_.emplace(protocol, std::move(*sock)).first;
        }
        nl_sock* sock = found->second.get();

        Bytes message = request;
        nlmsghdr head{};
        std::memcpy(&head, message.data(), sizeof head);
        // An acknowledgement ends every exchange that is not a dump.
        if ((head.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) {
            head.nlmsg_flags |= NLM_F_ACK;
        }
        head.nlmsg_seq = nl_socket_use_seq(sock);
        head.nlmsg_pid = nl_socket_get_local_port(sock);
        std::memcpy(message.data(), &head, sizeof head);
        if (const int status = nl_sendto(sock, message.data(), message.size()); status < 0) {
            return refuse(EIO, std::string("netlink send: ") + nl_geterror(status));
        }

        Collection into;
        const auto callbacks = callbacks_for(into);
        while (!into.done) {
            if (const int status = nl_recvmsgs(sock, callbacks.get());
                status < 0 && into.error.code == 0) {
                return refuse(EIO, std::string("netlink receive: ") + nl_geterror(status));
            }
        }
        if (into.error.code != 0) {
            return Unexpected{into.error};
        }
        return into;
    }

    std::map<int, Socket> sockets_;
    std::map<int, Socket> listeners_;
};

} // namespace

std::unique_ptr<Transport> make_socket_transport() {
    return std::make_unique<SocketTransport>();
}

} // namespace mo::ofctl
