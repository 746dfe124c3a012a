// SPDX-License-Identifier: GPL-2.0-or-later
// Clients that err, lie, or die: the server refuses, counts, and goes on serving.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "vfio_user/tests/fixture.hpp"

namespace mo::vfio_user {
namespace {

Header header(Command command, std::uint32_t size, std::uint32_t flags = 0) {
    return {.message_id = static_cast<std::uint16_t>(1),
            .command = static_cast<std::uint16_t>(command),
            .size = size,
            .flags = flags,
            .error = 0U};
}

std::span<const std::byte> raw(const auto& object) {
    return std::as_bytes(std::span(&object, 1));
}

TEST_F(ServedFunction, RefusesEverythingBeforeVersion) {
    auto client = std::move(Client::connect(path_)).value();
    EXPECT_EQ(client.reset().error().code, EINVAL);
    EXPECT_TRUE(client.negotiate());
    EXPECT_TRUE(client.reset());
    EXPECT_EQ(client.negotiate().error().code, EINVAL); // once
}

TEST_F(ServedFunction, RefusesOtherVersions) {
    auto client = std::move(Client::connect(path_)).value();
    const Version other{.major = static_cast<std::uint16_t>(1),
                        .minor = static_cast<std::uint16_t>(0)};
    EXPECT_EQ(client.call(Command::version, raw(other))->error, unsigned{EINVAL});
    EXPECT_EQ(client.call(Command::version, raw(other).first(3))->error, unsigned{EINVAL});
    std::array<std::byte, 6> unterminated{};
    unterminated[5] = std::byte{'x'};
    EXPECT_EQ(client.call(Command::version, unterminated)->error, unsigned{EINVAL});
    EXPECT_TRUE(client.negotiate());
}

TEST_F(ServedFunction, UnknownCommandsAreNotImplemented) {
    Client client = connect();
    for (const int command : {0, 6, 11, 12, 14, 16, 77, 0xffff}) {
        const auto reply = client.call(static_cast<Command>(command), {});
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->error, unsigned{ENOSYS}) << command;
        EXPECT_TRUE(reply->payload.empty());
    }
    EXPECT_EQ(server_->counters().errors.value(), 8U);
}

TEST_F(ServedFunction, WrongSizesAreInvalid) {
    Client client = connect();
    const std::vector<std::byte> zeros(100);
    for (std::uint16_t command = 2; command <= 15; ++command) {
        const auto code = static_cast<Command>(command);
        if (code == Command::device_get_region_io_fds || code == Command::dma_read ||
            code == Command::dma_write || code == Command::dirty_pages ||
            code == Command::device_reset) {
            continue;
        }
        for (const std::size_t size : {0U, 1U, 7U, 15U, 19U, 33U, 100U}) {
            const auto reply = client.call(code, std::span(zeros).first(size));
            ASSERT_TRUE(reply);
            EXPECT_EQ(reply->error, unsigned{EINVAL}) << command << " " << size;
        }
    }
    EXPECT_EQ(function_.dma().map_count(), 0U);
}

TEST_F(ServedFunction, CountsMustMatchTheData) {
    Client client = enabled();
    std::array<std::byte, 24> write{};
    ByteWriter writer(write);
    writer.object(RegionAccess{.offset = 0U, .region = 0U, .count = 9U});
    EXPECT_EQ(client.call(Command::region_write, write)->error, unsigned{EINVAL});
    const RegionAccess huge{.offset = 0U, .region = 0U, .count = 0xffffffffU};
    EXPECT_EQ(client.call(Command::region_read, raw(huge))->error, unsigned{EINVAL});
    std::array<std::byte, 32> multi{};
    ByteWriter multi_writer(multi);
    multi_writer.le64(0x1000000000000001);
    EXPECT_EQ(client.call(Command::region_write_multi, multi)->error, unsigned{EINVAL});
    multi[7] = std::byte{0};
    EXPECT_EQ(client.call(Command::region_write_multi, multi)->error, unsigned{EINVAL}); // count 0
    multi[20] = std::byte{9};
    EXPECT_EQ(client.call(Command::region_write_multi, multi)->error, unsigned{EINVAL});
    multi[20] = std::byte{8};
    multi[16] = std::byte{7}; // configuration space is not for posted writes
    EXPECT_EQ(client.call(Command::region_write_multi, multi)->error, unsigned{EINVAL});
    multi[16] = std::byte{0};
    EXPECT_EQ(client.call(Command::region_write_multi, multi)->error, 0U);
}

TEST_F(ServedFunction, WrongDescriptorsAreRefused) {
    Client client = connect();
    auto memory = std::move(GuestMemory::create(0x1000)).value();
    const Fd event = std::move(make_eventfd()).value();
    std::array<int, 2> pipe_fds{};
    ASSERT_EQ(::pipe(pipe_fds.data()), 0);
    const Fd pipe_in(pipe_fds[0]);
    const Fd pipe_out(pipe_fds[1]);
    EXPECT_FALSE(client.dma_map({.iova = 0, .size = 0x1000}, event.get()));
    EXPECT_FALSE(client.dma_map({.iova = 0, .size = 0x1000}, pipe_in.get()));
    EXPECT_EQ(client.dma_map({.iova = 0, .size = 0x1001}, memory.fd()).error().code, EINVAL);
    const DmaMapRequest map{.argsz = 32U, .flags = 3U, .offset = 0U, .iova = 0U, .size = 0x1000U};
    const std::array<int, 2> two{memory.fd(), memory.fd()};
    EXPECT_EQ(client.call(Command::dma_map, raw(map), two)->error, unsigned{EINVAL});
    const std::array<int, 1> file{memory.fd()};
    EXPECT_EQ(client.bind_vectors(0, file).error().code, EINVAL);
    const SetIrqs irqs{.argsz = 20U, .flags = 0x24U, .index = 2U, .start = 0U, .count = 3U};
    const std::array<int, 2> events{event.get(), event.get()};
    EXPECT_EQ(client.call(Command::device_set_irqs, raw(irqs), events)->error, unsigned{EINVAL});
    const std::vector<int> many(20, event.get());
    EXPECT_EQ(client.call(Command::device_set_irqs, raw(irqs), many)->error, unsigned{EINVAL});
    const std::vector<int> flood(60, event.get());
    EXPECT_EQ(client.call(Command::device_reset, {}, flood)->error, unsigned{EINVAL});
    EXPECT_TRUE(client.reset());
    EXPECT_EQ(function_.dma().map_count(), 0U);
    EXPECT_FALSE(function_.msix().bound(0));
}

TEST_F(ServedFunction, OddInterruptRequestsAreRefused) {
    Client client = enabled();
    const auto error_of = [&](SetIrqs irqs, std::size_t data = 0) {
        std::vector<std::byte> bytes(sizeof(SetIrqs) + data);
        ByteWriter(bytes).object(irqs);
        const auto reply = client.call(Command::device_set_irqs, bytes);
        return reply ? reply->error : ~0U;
    };
    const SetIrqs base{.argsz = 20U, .flags = 0x21U, .index = 2U, .start = 0U, .count = 0U};
    const auto with = [&](auto&& change) {
        SetIrqs irqs = base;
        change(irqs);
        return irqs;
    };
    EXPECT_EQ(error_of(base), 0U);
    EXPECT_EQ(error_of(base, 1), unsigned{EINVAL});
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) { irqs.index = 5U; })), unsigned{EINVAL});
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) { irqs.index = 3U; })), 0U); // unbinds nothing
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) {
                  irqs.index = 0U;
                  irqs.count = 1U;
              })),
              unsigned{EINVAL});
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) { irqs.start = 0xffffffffU; })), unsigned{EINVAL});
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) {
                  irqs.start = 1U;
                  irqs.count = 0xffffffffU;
              })),
              unsigned{EINVAL});
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) { irqs.flags = 0x9U; })), unsigned{EINVAL});
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) { irqs.flags = 0U; })), unsigned{EINVAL});
    EXPECT_EQ(error_of(with([](SetIrqs& irqs) { irqs.argsz = 4U; })), unsigned{EINVAL});
    const SetIrqs booleans = with([](SetIrqs& irqs) {
        irqs.flags = 0x22U;
        irqs.count = 4U;
    });
    EXPECT_EQ(error_of(booleans, 3), unsigned{EINVAL});
    EXPECT_EQ(error_of(booleans, 4), 0U);
}

TEST_F(ServedFunction, UnmapRequestsAreChecked) {
    Client client = connect();
    DmaUnmapRequest unmap{.argsz = 24U, .flags = 2U, .iova = 0U, .size = 1U};
    EXPECT_EQ(client.call(Command::dma_unmap, raw(unmap))->error, unsigned{EINVAL});
    unmap.flags = dma_unmap_dirty_bitmap;
    EXPECT_EQ(client.call(Command::dma_unmap, raw(unmap))->error, unsigned{EINVAL});
    EXPECT_EQ(client.dma_unmap(0, 0).error().code, EINVAL);
    EXPECT_EQ(client.dma_unmap(~std::uint64_t{0}, 2).error().code, EINVAL);
}

TEST_F(ServedFunction, ErrorsOfPostedMessagesStayUnanswered) {
    Client client = enabled();
    ASSERT_TRUE(client.write_posted<std::uint32_t>(1, 0, 1));
    ASSERT_TRUE(client.write_posted<std::uint32_t>(0, 0x7fffffff0, 1));
    EXPECT_EQ(*client.read<std::uint32_t>(0, 0), 0xa0000000U);
    EXPECT_EQ(server_->counters().errors.value(), 2U);
}

TEST_F(ServedFunction, UnaskedRepliesAreIgnored) {
    Client client = connect();
    ASSERT_TRUE(client.send_raw(raw(header(Command::device_reset, 16, flag_reply))));
    EXPECT_TRUE(client.reset());
}

TEST_F(ServedFunction, ImpossibleSizesEndTheConnection) {
    for (const std::uint32_t size : {0U, 15U, 0x200000U, 0xffffffffU}) {
        Client client = connect();
        ASSERT_TRUE(client.send_raw(raw(header(Command::device_reset, size))));
        const auto reply = client.receive_reply(1, Command::device_reset);
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->error, unsigned{EINVAL});
        EXPECT_EQ(client.reset().error().code, ECONNRESET);
    }
    EXPECT_TRUE(still_serves());
}

TEST_F(ServedFunction, TheLargestMessageWorks) {
    Client client = enabled();
    const std::vector<std::byte> data(max_transfer);
    EXPECT_EQ(client.region_write(0, 0, data).error().code, EINVAL); // larger than any region
    std::vector<std::byte> all(0x10000);
    EXPECT_TRUE(client.region_write(0, 0, all));
    EXPECT_TRUE(client.region_read(0, 0, all));
    EXPECT_EQ(all[8], std::byte{8});
}

TEST_F(ServedFunction, GarbageEndsOnlyItsConnection) {
    std::uint32_t state = 12345;
    for (int round = 0; round < 50; ++round) {
        auto client = std::move(Client::connect(path_)).value();
        std::array<std::byte, 4096> noise{};
        for (std::byte& byte : noise) {
            state = state * 1664525 + 1013904223;
            byte = static_cast<std::byte>(state >> 24);
        }
        (void)client.send_raw(noise);
    }
    EXPECT_TRUE(still_serves());
}

TEST_F(ServedFunction, ClientsMayDieInTheMiddleOfAMessage) {
    auto memory = std::move(GuestMemory::create(0x1000)).value();
    for (std::size_t cut = 1; cut < sizeof(Header) + sizeof(DmaMapRequest); ++cut) {
        Client client = connect();
        std::array<std::byte, sizeof(Header) + sizeof(DmaMapRequest)> message{};
        ByteWriter writer(message);
        writer.object(header(Command::dma_map, message.size()));
        const std::array<int, 1> fds{memory.fd()};
        ASSERT_TRUE(client.send_raw(std::span(message).first(cut), fds));
    }
    EXPECT_TRUE(still_serves());
    EXPECT_EQ(function_.dma().map_count(), 0U);
}

TEST_F(ServedFunction, AKilledProcessIsForgotten) {
    Client client = enabled();
    auto memory = std::move(GuestMemory::create(0x1000)).value();
    ASSERT_TRUE(client.dma_map({.iova = 0, .size = 0x1000}, memory.fd()));
    const pid_t child = ::fork(); // holds the connection's last descriptor, soon
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    client = Client(Fd());
    EXPECT_TRUE(server_->connected());
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(eventually([&] { return !server_->connected(); }));
    EXPECT_EQ(function_.dma().map_count(), 0U);
    EXPECT_TRUE(still_serves());
}

TEST_F(ServedFunction, AClientThatDoesNotReadCannotHoldTheServerAtStop) {
    Client client = connect();
    const RegionAccess read{.offset = 0U, .region = region_config, .count = 4096U};
    std::array<std::byte, sizeof(Header) + sizeof(RegionAccess)> message{};
    ByteWriter writer(message);
    writer.object(header(Command::region_read, message.size()));
    writer.object(read);
    for (int i = 0; i < 100; ++i) { // replies that nobody takes: 400 KiB
        ASSERT_TRUE(client.send_raw(message));
    }
    // The server waits for room by now, or soon: this one it does not read any more.
    std::uint64_t served = 0;
    do {
        served = server_->counters().messages.value();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } while (server_->counters().messages.value() != served);
    ASSERT_TRUE(client.send_raw(message));
    server_->stop();
    EXPECT_FALSE(server_->connected());
    // Its replies, then the end of the stream; not ECONNRESET because of what was not read.
    std::vector<std::byte> taken(1U << 20);
    ssize_t got = 0;
    do {
        got = ::recv(client.socket(), taken.data(), taken.size(), 0);
    } while (got > 0);
    EXPECT_EQ(got, 0) << std::strerror(errno);
}

TEST_F(ServedFunction, NothingLeaksOverManyConnections) {
    const auto open_files = [] {
        int count = 0;
        for (int fd = 0; fd < 1024; ++fd) {
            count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        }
        return count;
    };
    EXPECT_TRUE(still_serves());
    ASSERT_TRUE(eventually([&] { return !server_->connected(); }));
    const int before = open_files();
    for (int round = 0; round < 20; ++round) {
        Client client = connect();
        auto memory = std::move(GuestMemory::create(0x1000)).value();
        ASSERT_TRUE(client.dma_map({.iova = 0, .size = 0x1000}, memory.fd()));
        const std::vector<int> flood(30, memory.fd());
        (void)client.call(Command::device_reset, {}, flood);
        const Fd event = std::move(make_eventfd()).value();
        const std::array<int, 1> events{event.get()};
        ASSERT_TRUE(client.bind_vectors(0, events));
    }
    ASSERT_TRUE(eventually([&] { return !server_->connected(); }));
    EXPECT_EQ(open_files(), before);
}

TEST_F(ServedFunction, AClientThatTakesItsMemoryBackLosesItsConnection) {
    auto memory = std::move(GuestMemory::create(0x2000)).value();
    {
        Client client = enabled();
        ASSERT_TRUE(client.dma_map({.iova = 0, .size = 0x2000}, memory.fd()));
        ASSERT_EQ(::ftruncate(memory.fd(), 0x1000), 0);
        EXPECT_TRUE(client.read<std::uint32_t>(0, 0)) << "nobody has missed it";
        EXPECT_FALSE(function_.dma().enter().read_object<std::uint64_t>(0x1000));
        ASSERT_TRUE(eventually([&] { return !server_->connected(); }));
        EXPECT_EQ(client.read<std::uint32_t>(0, 0).error().code, ECONNRESET);
    }
    EXPECT_EQ(device_.take().back(), "reset connection-lost");
    EXPECT_EQ(function_.dma().counters().lost.value(), 1U);
    Client next = enabled();
    ASSERT_TRUE(next.dma_map({.iova = 0, .size = 0x1000}, memory.fd()));
    EXPECT_TRUE(function_.dma().enter().write_object<std::uint64_t>(0, 1));
    EXPECT_TRUE(next.read<std::uint32_t>(0, 0));
}

} // namespace
} // namespace mo::vfio_user
