// SPDX-License-Identifier: GPL-2.0-or-later
// Memory of a client's file that goes away: the function loses its DMA, nobody else anything.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "common/fd.hpp"
#include "common/mapping.hpp"
#include "pcie/dma_map.hpp"
#include "pcie/file_guard.hpp"

namespace mo::pcie {
namespace {

constexpr std::size_t page = 0x1000;

Fd file_of(std::size_t pages) {
    Fd file(::memfd_create("test", MFD_CLOEXEC));
    EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(pages * page)), 0);
    return file;
}

/// A function's memory in a file, at address 0.
struct Client {
    explicit Client(std::size_t pages = 4) : file(file_of(pages)) {
        map.set_bus_master(true);
        map.on_lost([this] { told.fetch_add(1); });
        EXPECT_TRUE(map.map({.iova = 0, .size = pages * page}, file.get()));
    }
    void shrink(std::size_t pages) {
        ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>(pages * page)), 0);
    }

    Fd file;
    std::atomic<int> told{0};
    DmaMap map;
};

TEST(FileGuard, AFileThatShrinksEndsTheDmaOfItsFunctionOnly) {
    Client here;
    Client other;
    std::array<std::byte, 2 * page> bytes{};
    ASSERT_TRUE(here.map.enter().read(0, bytes));
    here.shrink(1);
    {
        auto section = here.map.enter();
        EXPECT_TRUE(section.read_object<std::uint64_t>(0)) << "this page is there";
        const auto read = section.read(page / 2, bytes);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().reason, DmaFaultReason::unbacked);
        EXPECT_FALSE(section.read_object<std::uint64_t>(0)) << "nothing more";
    }
    EXPECT_TRUE(here.map.lost());
    EXPECT_EQ(here.told.load(), 1);
    EXPECT_FALSE(here.map.enter().write_object<std::uint64_t>(0, 1));
    EXPECT_EQ(here.told.load(), 1) << "once";
    EXPECT_EQ(here.map.counters().lost.value(), 1U);

    EXPECT_FALSE(other.map.lost());
    EXPECT_TRUE(other.map.enter().write(0, bytes));
}

TEST(FileGuard, EachWayOfAccessIsAFault) {
    using Section = DmaMap::ReadSection;
    Client source; // of what is copied into the others
    const std::array<bool (*)(Section&, Section&), 6> ways{
        [](Section& s, Section&) { return bool(s.write_object<std::uint64_t>(0, 1)); },
        [](Section& s, Section&) { return bool(s.load_acquire<std::uint32_t>(page)); },
        [](Section& s, Section&) { return bool(s.store_release<std::uint32_t>(page, 1)); },
        [](Section& s, Section& from) { return bool(copy(from, 0, s, page - 8, 16)); },
        [](Section& s, Section& to) { return bool(copy(s, page - 8, to, 0, 16)); },
        [](Section& s, Section&) {
            const auto span = s.segment(page, page, Access::write);
            (*span)[7] = std::byte{1}; // its own access, which the next one tells of
            return bool(s.check(0, 1, Access::read));
        },
    };
    for (std::size_t i = 0; i < ways.size(); ++i) {
        Client client;
        client.shrink(0);
        {
            auto section = client.map.enter();
            auto from = source.map.enter();
            EXPECT_FALSE(ways[i](section, from)) << i;
        }
        EXPECT_EQ(client.told.load(), 1) << i;
    }
    EXPECT_FALSE(source.map.lost());
}

TEST(FileGuard, ManyThreadsMayMeetItAtOnce) {
    constexpr std::size_t pages = 64;
    for (int round = 0; round < 20; ++round) {
        Client client(pages);
        client.shrink(0);
        std::atomic<int> ready{0};
        std::vector<std::thread> threads;
        threads.reserve(4);
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                ready.fetch_add(1);
                while (ready.load() < 4) {
                }
                auto section = client.map.enter();
                const auto all = section.segment(0, pages * page, Access::read_write);
                for (std::size_t at = 0; all && at < all->size(); at += page) {
                    __atomic_fetch_add(reinterpret_cast<std::uint8_t*>(&(*all)[at]), 1,
                                       __ATOMIC_RELAXED);
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        EXPECT_EQ(client.told.load(), 1);
    }
}

TEST(FileGuard, TheNextClientStartsAnew) {
    Client client;
    client.shrink(0);
    EXPECT_FALSE(client.map.enter().read_object<std::uint64_t>(0));
    client.map.unmap_all();
    EXPECT_FALSE(client.map.lost());
    client.shrink(4);
    ASSERT_TRUE(client.map.map({.iova = 0, .size = page}, client.file.get()));
    EXPECT_TRUE(client.map.enter().write_object<std::uint64_t>(0, 1));
    client.shrink(0);
    EXPECT_FALSE(client.map.enter().read_object<std::uint64_t>(0));
    EXPECT_EQ(client.told.load(), 2);
}

TEST(FileGuard, OneFunctionTakesNoOthersPlace) {
    Client many(1);
    std::vector<Fd> files;
    for (std::size_t i = 1; i < DmaMap::max_files; ++i) {
        files.push_back(file_of(1));
        ASSERT_TRUE(many.map.map({.iova = i * page, .size = page}, files.back().get()));
    }
    const Fd further = file_of(1);
    const DmaRegion region{.iova = DmaMap::max_files * page, .size = page};
    EXPECT_EQ(many.map.map(region, further.get()).error().code, ENOSPC);
    EXPECT_TRUE(many.map.map(region, files.front().get())) << "a file that is mapped already";
    Client other;
    other.shrink(0);
    EXPECT_FALSE(other.map.enter().read_object<std::uint64_t>(0));
    EXPECT_FALSE(many.map.lost());
}

/// As a function's, but without one.
std::byte touch_a_file_of_nobody() {
    const Fd file = file_of(1);
    const Mapping mapping = std::move(Mapping::map(file.get(), 0, page, true)).value();
    EXPECT_EQ(::ftruncate(file.get(), 0), 0);
    return *static_cast<volatile std::byte*>(mapping.data());
}

// Under AddressSanitizer its own report ends the process, as it did before.
TEST(FileGuardDeathTest, AnyOtherSigbusEndsTheProcess) {
    const Client client;
    EXPECT_DEATH((void)touch_a_file_of_nobody(), "");
    EXPECT_DEATH((void)::raise(SIGBUS), "");
    EXPECT_DEATH(
        {
            std::atomic<bool> lost{false};
            const Fd file = file_of(1);
            auto mapping = std::move(Mapping::map(file.get(), 0, page, true)).value();
            (void)FileGuard::guard(mapping, file.get(), lost); // and has ended at once
            (void)::ftruncate(file.get(), 0);
            *static_cast<volatile std::byte*>(mapping.data()) = std::byte{1};
        },
        "");
}

} // namespace
} // namespace mo::pcie
