// SPDX-License-Identifier: GPL-2.0-or-later
// Server and client end to end: what a well-behaved client can do.
#include <array>
#include <cerrno>
#include <linux/pci_regs.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "vfio_user/tests/fixture.hpp"

namespace mo::vfio_user {
namespace {

using Calls = std::vector<std::string>;

std::uint64_t drain(const Fd& fd) {
    eventfd_t count = 0;
    return ::eventfd_read(fd.get(), &count) == 0 ? count : 0;
}

TEST_F(ServedFunction, NegotiatesAndDescribesItself) {
    auto client = std::move(Client::connect(path_)).value();
    EXPECT_EQ(*client.negotiate(), "{\"capabilities\":{\"max_msg_fds\":16,"
                                   "\"max_data_xfer_size\":1048576,\"write_multiple\":true}}");
    const auto device = client.device_info();
    ASSERT_TRUE(device);
    EXPECT_EQ(device->flags, device_flag_reset | device_flag_pci);
    EXPECT_EQ(device->regions, 9U);
    EXPECT_EQ(device->irqs, 5U);
    constexpr std::array<std::uint64_t, 9> sizes{0x10000, 0, 0x20000, 0, 16384, 0, 0, 4096, 0};
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
        const auto region = client.region_info(i);
        ASSERT_TRUE(region);
        EXPECT_EQ(region->size, sizes[i]) << i;
        EXPECT_EQ(region->flags, sizes[i] != 0 ? 3U : 0U) << "never mmap-able: " << i;
    }
    EXPECT_EQ(client.region_info(9).error().code, EINVAL);
    constexpr std::array<std::uint32_t, 5> irqs{0, 0, 128, 0, 0};
    for (std::uint32_t i = 0; i < irqs.size(); ++i) {
        const auto irq = client.irq_info(i);
        ASSERT_TRUE(irq);
        EXPECT_EQ(irq->count, irqs[i]) << i;
        EXPECT_EQ(irq->flags, irqs[i] != 0 ? 1U : 0U) << "no NORESIZE";
    }
    EXPECT_EQ(client.irq_info(5).error().code, EINVAL);
}

TEST_F(ServedFunction, VersionReplyFitsTheRequestsRoom) {
    constexpr std::array<std::pair<std::size_t, std::size_t>, 4> cases{
        {{0, 0}, {2, 0}, {3, 3}, {200, 87}}};
    for (const auto& [json, expected] : cases) {
        auto client = std::move(Client::connect(path_)).value();
        const std::vector<std::byte> request(sizeof(Version) + json);
        const auto reply = client.call(Command::version, request);
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->error, 0U);
        EXPECT_EQ(reply->payload.size(), sizeof(Version) + expected) << json;
    }
}

TEST_F(ServedFunction, ServesConfigurationSpace) {
    Client client = connect();
    std::vector<std::byte> config(4096);
    ASSERT_TRUE(client.region_read(region_config, 0, config));
    EXPECT_EQ(config[0], std::byte{0x34});
    ASSERT_TRUE(client.enable());
    EXPECT_EQ(*client.read<std::uint16_t>(region_config, PCI_COMMAND),
              PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    EXPECT_EQ(client.read<std::uint32_t>(region_config, 4094).error().code, EINVAL);
    EXPECT_EQ(device_.take(), (Calls{"bus master on"}));
}

TEST_F(ServedFunction, ServesBarsPostedAndNot) {
    Client client = enabled();
    device_.take();
    EXPECT_EQ(*client.read<std::uint32_t>(0, 0x10), 0xa0000010U);
    ASSERT_TRUE(client.write<std::uint64_t>(2, 8, 5));
    ASSERT_TRUE(client.write_posted<std::uint32_t>(2, 16, 6));
    // A read arrives after the posted writes before it.
    EXPECT_EQ(*client.read<std::uint32_t>(0, RecordingDevice::last_value_register), 6U);
    EXPECT_EQ(device_.take(), (Calls{"write 2 8 8 5", "begin", "write 2 16 4 6", "end"}));
    EXPECT_EQ(client.read<std::uint32_t>(2, 0x20000).error().code, EINVAL);
    EXPECT_EQ(client.read<std::uint32_t>(1, 0).error().code, EINVAL);
    EXPECT_EQ(client.read<std::uint32_t>(0xffffffff, 0).error().code, EINVAL);
    EXPECT_EQ(client.write<std::uint32_t>(0, 0xfffffffffffffffc, 0).error().code, EINVAL);
}

TEST_F(ServedFunction, GroupsPostedWritesIntoBatches) {
    Client client = enabled();
    device_.take();
    // In one send, so that they arrive together: the server may not see a burst otherwise.
    struct Message {
        Header header;
        RegionAccess access;
        Le<std::uint32_t> value;
        Le<std::uint32_t> unused;
    };
    std::array<Message, 4> burst{};
    for (std::uint32_t i = 0; i < burst.size(); ++i) {
        burst[i].header = {.message_id = static_cast<std::uint16_t>(100 + i),
                           .command = static_cast<std::uint16_t>(Command::region_write),
                           .size = static_cast<std::uint32_t>(sizeof(Message)),
                           .flags = flag_no_reply,
                           .error = 0U};
        burst[i].access = {.offset = 0U, .region = 2U, .count = 8U};
        burst[i].value = i;
    }
    ASSERT_TRUE(client.send_raw(std::as_bytes(std::span(burst))));
    EXPECT_EQ(*client.read<std::uint32_t>(0, RecordingDevice::last_value_register), 3U);
    EXPECT_EQ(device_.take(), (Calls{"begin", "write 2 0 8 0", "write 2 0 8 1", "write 2 0 8 2",
                                     "write 2 0 8 3", "end"}));
    EXPECT_EQ(server_->counters().posted_writes.value(), 4U);
    EXPECT_EQ(server_->counters().batches.value(), 1U);
}

TEST_F(ServedFunction, TakesManyWritesInOneMessage) {
    Client client = enabled();
    device_.take();
    std::array<WriteMultiEntry, 3> writes{};
    for (std::uint32_t i = 0; i < writes.size(); ++i) {
        writes[i] = {.offset = std::uint64_t{8} * i, .region = 2U, .count = i + 2, .data = {}};
        writes[i].data[0] = static_cast<std::byte>(i + 1);
    }
    writes[1].count = 4U;
    ASSERT_TRUE(client.region_write_multi(writes));
    EXPECT_EQ(*client.read<std::uint32_t>(0, 0), 0xa0000000U);
    EXPECT_EQ(device_.take(),
              (Calls{"begin", "write 2 0 2 1", "write 2 8 4 2", "write 2 16 4 3", "end"}));
}

TEST_F(ServedFunction, MapsGuestMemory) {
    Client client = enabled();
    auto memory = std::move(GuestMemory::create(0x10000)).value();
    ASSERT_TRUE(client.dma_map({.iova = 0x100000, .size = 0x8000, .offset = 0x8000}, memory.fd()));
    ASSERT_TRUE(client.dma_map({.iova = 0x200000, .size = 0x1000}, -1));
    EXPECT_EQ(client.dma_map({.iova = 0x100000, .size = 0x1000}, memory.fd()).error().code, EEXIST);
    {
        auto section = function_.dma().enter();
        ASSERT_TRUE(section.write_object(0x100000, Le<std::uint32_t>(0x01020304)));
        EXPECT_EQ(section.check(0x200000, 4, pcie::Access::read).error().reason,
                  pcie::DmaFaultReason::unbacked);
    }
    EXPECT_EQ(memory.bytes()[0x8000], std::byte{4});
    device_.take();
    ASSERT_TRUE(client.dma_unmap(0x100000, 0x8000));
    EXPECT_EQ(device_.take(), (Calls{"unmapping 1048576 32768"}));
    EXPECT_FALSE(function_.dma().enter().read_object<std::uint8_t>(0x100000));
    EXPECT_TRUE(client.dma_unmap(0x100000, 0x8000)); // nothing there: nothing to do
    EXPECT_EQ(client.dma_unmap(0x200000, 0x800).error().code, EINVAL);
    ASSERT_TRUE(client.dma_unmap_all());
    EXPECT_EQ(function_.dma().map_count(), 0U);
}

TEST_F(ServedFunction, MatchesDescriptorsToMessagesInABurst) {
    Client client = enabled();
    std::array<GuestMemory, 2> memory{std::move(GuestMemory::create(0x1000)).value(),
                                      std::move(GuestMemory::create(0x1000)).value()};
    memory[0].bytes()[0] = std::byte{11};
    memory[1].bytes()[0] = std::byte{22};
    struct Message {
        Header header;
        DmaMapRequest map;
    };
    for (std::uint16_t i = 0; i < 2; ++i) {
        for (int n = 0; n < 50; ++n) { // without descriptors, in between
            ASSERT_TRUE(client.write_posted<std::uint32_t>(2, 0, 1));
        }
        const Message message{
            .header = {.message_id = static_cast<std::uint16_t>(900 + i),
                       .command = static_cast<std::uint16_t>(Command::dma_map),
                       .size = static_cast<std::uint32_t>(sizeof(Message)),
                       .flags = 0U,
                       .error = 0U},
            .map = {.argsz = 32U, .flags = 3U, .offset = 0U, .iova = 0x1000U * i, .size = 0x1000U}};
        const std::array<int, 1> fds{memory[i].fd()};
        ASSERT_TRUE(client.send_raw(std::as_bytes(std::span(&message, 1)), fds));
    }
    for (std::uint16_t i = 0; i < 2; ++i) {
        const auto reply =
            client.receive_reply(static_cast<std::uint16_t>(900 + i), Command::dma_map);
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->error, 0U);
    }
    auto section = function_.dma().enter();
    EXPECT_EQ(*section.read_object<std::uint8_t>(0), 11U);
    EXPECT_EQ(*section.read_object<std::uint8_t>(0x1000), 22U);
}

TEST_F(ServedFunction, DescriptorsMayComeWithAMessageInPieces) {
    Client client = enabled();
    auto memory = std::move(GuestMemory::create(0x1000)).value();
    memory.bytes()[0] = std::byte{33};
    std::array<std::byte, sizeof(Header) + sizeof(DmaMapRequest)> bytes{};
    ByteWriter writer(bytes);
    writer.object(Header{.message_id = static_cast<std::uint16_t>(7),
                         .command = static_cast<std::uint16_t>(Command::dma_map),
                         .size = static_cast<std::uint32_t>(bytes.size()),
                         .flags = 0U,
                         .error = 0U});
    writer.object(
        DmaMapRequest{.argsz = 32U, .flags = 1U, .offset = 0U, .iova = 0U, .size = 0x1000U});
    const std::array<int, 1> fds{memory.fd()};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool first = i == 0;
        ASSERT_TRUE(
            client.send_raw(std::span(bytes).subspan(i, 1), std::span(fds).first(first ? 1 : 0)));
    }
    EXPECT_EQ(client.receive_reply(7, Command::dma_map)->error, 0U);
    EXPECT_EQ(*function_.dma().enter().read_object<std::uint8_t>(0), 33U);
}

TEST_F(ServedFunction, DeliversInterrupts) {
    Client client = enabled();
    std::vector<Fd> mine;
    std::vector<int> raw;
    for (int i = 0; i < 40; ++i) { // more than one message can carry
        mine.push_back(std::move(make_eventfd()).value());
        raw.push_back(mine.back().get());
    }
    ASSERT_TRUE(client.bind_vectors(10, raw));
    function_.msix().raise(10);
    function_.msix().raise(49);
    EXPECT_EQ(drain(mine[0]), 1U);
    EXPECT_EQ(drain(mine[39]), 1U);
    ASSERT_TRUE(client.trigger_vectors(11, 2));
    EXPECT_EQ(drain(mine[1]), 1U);
    EXPECT_EQ(drain(mine[2]), 1U);
    ASSERT_TRUE(client.unbind_vectors(10, 1));
    EXPECT_FALSE(function_.msix().bound(10));
    EXPECT_TRUE(function_.msix().bound(11));
    ASSERT_TRUE(client.reset());
    EXPECT_TRUE(function_.msix().bound(11)) << "eventfds are the client's";
    ASSERT_TRUE(client.unbind_all_vectors());
    EXPECT_FALSE(function_.msix().bound(49));
    EXPECT_EQ(client.bind_vectors(127, std::span(raw).first(2)).error().code, EINVAL);
    EXPECT_EQ(client.unbind_vectors(129, 0).error().code, EINVAL);
}

TEST_F(ServedFunction, ResetsByMessageAndByFlr) {
    Client client = enabled();
    device_.take();
    ASSERT_TRUE(client.reset());
    EXPECT_EQ(device_.take(), (Calls{"bus master off", "reset device"}));
    EXPECT_EQ(*client.read<std::uint16_t>(region_config, PCI_COMMAND), 0U);
    constexpr std::uint64_t device_control = 0x60 + PCI_EXP_DEVCTL;
    ASSERT_TRUE(client.write<std::uint16_t>(region_config, device_control, PCI_EXP_DEVCTL_BCR_FLR));
    EXPECT_EQ(device_.take(), (Calls{"reset function-level"}));
}

TEST_F(ServedFunction, ForgetsAClientThatLeaves) {
    {
        Client client = enabled();
        auto memory = std::move(GuestMemory::create(0x1000)).value();
        ASSERT_TRUE(client.dma_map({.iova = 0, .size = 0x1000}, memory.fd()));
        const Fd mine = std::move(make_eventfd()).value();
        const std::array<int, 1> raw{mine.get()};
        ASSERT_TRUE(client.bind_vectors(0, raw));
        EXPECT_TRUE(server_->connected());
    }
    ASSERT_TRUE(eventually([&] { return !server_->connected(); }));
    EXPECT_EQ(function_.dma().map_count(), 0U);
    EXPECT_FALSE(function_.msix().bound(0));
    EXPECT_EQ(device_.take().back(), "reset connection-lost");
    Client next = connect();
    EXPECT_EQ(*next.read<std::uint16_t>(region_config, PCI_COMMAND), 0U);
}

TEST_F(ServedFunction, ServesClientsOneAfterTheOther) {
    Client first = connect();
    auto second = std::move(Client::connect(path_)).value(); // waits its turn
    EXPECT_TRUE(first.read<std::uint16_t>(region_config, 0));
    first = Client(Fd());
    EXPECT_TRUE(second.negotiate());
    for (int i = 0; i < 200; ++i) {
        second = Client(Fd());
        second = connect();
    }
    EXPECT_EQ(server_->counters().connections.value(), 202U);
}

TEST_F(ServedFunction, StopsWhileAClientIsConnected) {
    Client client = connect();
    server_->stop();
    EXPECT_EQ(client.read<std::uint16_t>(region_config, 0).error().code, ECONNRESET);
    server_.reset();
    EXPECT_NE(::access(path_.c_str(), F_OK), 0) << "the socket file is removed";
}

TEST_F(ServedFunction, KeepsItsPathToItself) {
    pcie::Function other(pcie::example_spec());
    EXPECT_EQ(Server::listen(path_, other).error().code, EADDRINUSE);
    EXPECT_EQ(Server::listen(std::string(200, 'x'), other).error().code, ENAMETOOLONG);
    EXPECT_EQ(Server::listen("/tmp", other).error().code, EEXIST);
    EXPECT_TRUE(still_serves());
}

TEST(Server, ReplacesASocketFileThatNobodyServes) {
    const std::string path =
        testing::TempDir() + "mo-vfio-user-stale-" + std::to_string(::getpid()) + ".sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    {
        const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
                  0);
    }
    pcie::Function function(pcie::example_spec());
    const auto server = Server::listen(path, function);
    EXPECT_TRUE(server);
}

TEST(Server, SpinsAndReportsConnections) {
    const std::string path =
        testing::TempDir() + "mo-vfio-user-spin-" + std::to_string(::getpid()) + ".sock";
    pcie::Function function(pcie::example_spec());
    std::atomic<int> came{0};
    std::atomic<int> went{0};
    auto server =
        std::move(
            Server::listen(
                path, function,
                {.spin = std::chrono::microseconds(200),
                 .on_connection = [&](bool connected) { (connected ? came : went).fetch_add(1); }}))
            .value();
    server->start();
    {
        auto client = std::move(Client::connect(path)).value();
        ASSERT_TRUE(client.negotiate());
        for (int i = 0; i < 100; ++i) {
            ASSERT_TRUE(client.read<std::uint32_t>(region_config, 0));
        }
        EXPECT_EQ(came.load(), 1);
    }
    EXPECT_TRUE(eventually([&] { return went.load() == 1; }));
}

} // namespace
} // namespace mo::vfio_user
