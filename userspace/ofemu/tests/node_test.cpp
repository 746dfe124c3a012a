// SPDX-License-Identifier: GPL-2.0-or-later
// The graph carries kinds that it does not know: a node of many ports, made of what a new kind has
// (Documentation/dev/add-a-kind-of-node.rst) and nothing else, joins two machines.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>
#include <utility>
#include <vector>

#include "common/fd.hpp"
#include "fabric/shared_frame.hpp"
#include "foreign_unit.hpp"
#include "media_converter.hpp"
#include "system.hpp"

namespace mo::ofemu::test {
namespace {

extern const NodeKind hub_kind;

struct HubEntry final : NodeEntry {
    HubEntry() : NodeEntry(hub_kind) {}
    [[nodiscard]] unsigned ports() const override { return 3; }
};

/// Sends each frame out of all ports but the one that it came in by.
class Hub final : public Node, public engine::Worker {
  public:
    Hub(const HubEntry& entry, engine::Engine& engine) : entry_(entry), engine_(engine) {
        for (unsigned number = 0; number < entry_.ports(); ++number) {
            ports_.push_back(std::make_unique<Port>(*this, number, engine));
        }
        engine_.add(*this);
    }
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;
    ~Hub() override { engine_.remove(*this); }

    // Node
    [[nodiscard]] const HubEntry& entry() const noexcept override { return entry_; }
    Result<void> join(unsigned port, LinkUnit& link, fabric::End end) override {
        Port& here = *ports_[port];
        here.link = &link.link();
        here.end = end;
        link.link().attach(end, &here);
        link.connect(end, here.converter.port(), nullptr);
        return {};
    }
    void leave() override {
        for (const auto& port : ports_) {
            port->link = nullptr;
        }
    }
    [[nodiscard]] Json describe(std::uint64_t /*now_ns*/) override {
        Json out = Json::object();
        out.set("name", name());
        return out;
    }
    [[nodiscard]] Json counters() override {
        Json out = Json::object();
        out.set("copies", pool_.copies());
        return out;
    }

    // Worker
    bool poll(std::uint64_t now_ns, unsigned /*budget*/) override {
        const auto waiting = std::exchange(waiting_, {});
        for (const auto& [from, frame] : waiting) {
            for (unsigned to = 0; to < ports_.size(); ++to) {
                if (to != from && ports_[to]->link != nullptr) {
                    ports_[to]->link->send(ports_[to]->end, frame.view(), now_ns);
                }
            }
        }
        return !waiting.empty();
    }
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t now_ns) override {
        return waiting_.empty() ? fabric::no_deadline : now_ns;
    }

  private:
    struct Port final : fabric::Endpoint {
        Port(Hub& its_hub, unsigned its_number, engine::Engine& engine)
            : hub(its_hub), number(its_number),
              converter("hub-" + std::to_string(number), number + 1, engine) {}
        void receive(const fabric::Frame& frame, std::uint64_t /*now_ns*/) override {
            hub.waiting_.emplace_back(number, hub.pool_.keep(frame));
        }
        Hub& hub;
        unsigned number;
        MediaConverter converter;
        fabric::Link* link = nullptr;
        fabric::End end = fabric::End::a;
    };

    HubEntry entry_;
    engine::Engine& engine_;
    fabric::FramePool pool_;
    std::vector<std::pair<unsigned, fabric::SharedFrame>> waiting_;
    std::vector<std::unique_ptr<Port>> ports_;
};

Result<std::unique_ptr<Node>> build_hub(Workshop& workshop, const NodeEntry& entry) {
    return std::unique_ptr<Node>(
        std::make_unique<Hub>(static_cast<const HubEntry&>(entry), workshop.engine));
}

const NodeKind hub_kind{"hubs", "hub", false, nullptr, nullptr, build_hub};

/// A machine of somebody else at a foreign peer's socket.
class Machine {
  public:
    explicit Machine(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        EXPECT_EQ(
            ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    }
    /// A frame of 60 bytes, each of them `fill`.
    void send(std::uint8_t fill) {
        std::array<std::uint8_t, 64> message{};
        message.fill(fill);
        message[0] = message[1] = message[2] = 0;
        message[3] = 60;
        EXPECT_EQ(::send(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL), 64);
    }
    /// What has come: the fill of a frame of 60 bytes; -1: nothing.
    int receive() {
        std::array<std::uint8_t, 64> message{};
        return ::recv(fd_.get(), message.data(), message.size(), MSG_DONTWAIT) == 64 ? message[63]
                                                                                     : -1;
    }

  private:
    Fd fd_;
};

TEST(Nodes, OfManyPortsAreOneNewKind) {
    std::string folder = "/tmp/ofemu-test-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    Config config;
    for (const char* const name : {"left", "right"}) {
        auto entry = std::make_shared<ForeignEntry>();
        entry->name = name;
        entry->socket = folder + "/" + name;
        config.nodes.push_back(entry);
    }
    auto hub = std::make_shared<HubEntry>();
    hub->name = "hub";
    config.nodes.push_back(hub);
    LinkEntry link;
    link.name = "fibre0";
    link.ends = {PortRef{"left"}, PortRef{"hub", 0}};
    config.links.push_back(link);
    link.name = "fibre1";
    link.ends = {PortRef{"hub", 2}, PortRef{"right"}};
    config.links.push_back(link);
    {
        const auto system = System::create(config);
        ASSERT_TRUE(system) << system.error().text;
        (*system)->start();
        Machine left(folder + "/left"), right(folder + "/right");
        const auto passes = [](Machine& from, Machine& to, std::uint8_t fill) {
            for (int i = 0; i < 2000; ++i) { // light and adaptation come first
                from.send(fill);
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
                for (int got = to.receive(); got >= 0; got = to.receive()) {
                    if (got == fill) {
                        return true;
                    }
                }
            }
            return false;
        };
        EXPECT_TRUE(passes(left, right, 1));
        EXPECT_TRUE(passes(right, left, 2));
    }
    config.links.back().ends[0].port = 3;
    const auto refused = System::create(config);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("fibre1 ends at no port"), std::string::npos)
        << refused.error().text;
    EXPECT_EQ(rmdir(folder.c_str()), 0) << "sockets are left";
}

} // namespace
} // namespace mo::ofemu::test
