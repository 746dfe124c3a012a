// SPDX-License-Identifier: GPL-2.0-or-later
// Data-plane threads against the control thread: remapping, bus mastering and vectors change under
// load. Meant for ThreadSanitizer and AddressSanitizer, and for what the assertions see.
#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/fd.hpp"
#include "common/mapping.hpp"
#include "pcie/dma_map.hpp"
#include "pcie/msix.hpp"

namespace mo::pcie {
namespace {

constexpr int rounds = 500;

TEST(DmaThreads, ReadersNeverTouchUnmappedMemory) {
    DmaMap map;
    map.set_bus_master(true);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> good{0};
    const auto read = [&] {
        while (!stop.load(std::memory_order_relaxed)) {
            auto section = map.enter();
            for (int i = 0; i < 8; ++i) {
                const auto value = section.read_object<std::uint64_t>(0x1000);
                if (value) {
                    // Only ever the file's pattern: never memory that was given back.
                    ASSERT_EQ(*value, 0x5555555555555555U);
                    good.fetch_add(1, std::memory_order_relaxed);
                }
            }
        }
    };
    std::thread first(read);
    std::thread second(read);
    const auto deadline = monotonic_now() + std::chrono::seconds(20);
    for (int i = 0; i < rounds || (good.load() < 100 && monotonic_now() < deadline); ++i) {
        const Fd file = std::move(make_memfd("ram", 0x1000)).value();
        {
            const Mapping fill = std::move(Mapping::map(file.get(), 0, 0x1000, true)).value();
            std::fill(fill.bytes().begin(), fill.bytes().end(), std::byte{0x55});
        }
        ASSERT_TRUE(map.map({.iova = 0x1000, .size = 0x1000}, file.get()));
        std::this_thread::yield();
        ASSERT_EQ(*map.unmap(0x1000, 0x1000), 0x1000U); // its file is unmapped here
    }
    stop.store(true);
    first.join();
    second.join();
    EXPECT_GE(good.load(), 100U);
}

// As a driver behind an IOMMU does it: map, store the tail, wait for the device, unmap. The device
// polls the tail in sections that began at any time.
TEST(DmaThreads, WhatATailPointsToIsMapped) {
    DmaMap map;
    map.set_bus_master(true);
    constexpr std::uint64_t record = 0, ring = 0x10000, page = 0x1000;
    alignas(8) std::array<std::byte, 64> words{};
    std::array<std::byte, page> ram{};
    ASSERT_TRUE(map.map_memory(record, words));
    const auto address = [](std::uint32_t tail) { return ring + (tail % 5) * 2 * page; };
    std::atomic<std::uint32_t> head{0};
    std::atomic<std::uint64_t> faults{0};
    std::thread device([&] {
        while (head.load() != rounds) {
            auto section = map.enter();
            for (int look = 0; look < 256; ++look) {
                const auto tail = section.load_acquire<std::uint32_t>(record);
                if (!tail || *tail == head.load()) {
                    continue;
                }
                if (!section.read_object<std::uint64_t>(address(*tail))) {
                    faults.fetch_add(1);
                }
                head.store(*tail);
            }
        }
    });
    for (std::uint32_t tail = 1; tail <= rounds; ++tail) {
        ASSERT_TRUE(map.map_memory(address(tail), ram));
        __atomic_store_n(reinterpret_cast<std::uint32_t*>(words.data()), tail, __ATOMIC_RELEASE);
        while (head.load() != tail) {
            std::this_thread::yield();
        }
        ASSERT_EQ(*map.unmap(address(tail), page), page);
    }
    device.join();
    EXPECT_EQ(faults.load(), 0U);
}

/// What a section began it can end: bus mastering goes off behind it.
TEST(DmaThreads, BusMasteringIsTheSameForAWholeSection) {
    DmaMap map;
    alignas(8) std::array<std::byte, 64> ram{};
    ASSERT_TRUE(map.map_memory(0, ram));
    for (int i = 0; i < rounds; ++i) {
        map.set_bus_master(true);
        std::atomic<bool> off{false};
        std::thread control;
        {
            auto section = map.enter();
            ASSERT_TRUE(section.store_release(0, 1U));
            control = std::thread([&] {
                map.set_bus_master(false);
                off.store(true);
            });
            while (map.bus_master()) { // it is about to wait for this section
                std::this_thread::yield();
            }
            EXPECT_TRUE(section.bus_master());
            EXPECT_TRUE(section.store_release(0, 2U));
            EXPECT_FALSE(off.load());
        }
        control.join();
        EXPECT_FALSE(map.enter().store_release(0, 3U));
    }
}

TEST(DmaThreads, NothingIsWrittenAfterBusMasteringEnds) {
    DmaMap map;
    alignas(8) std::array<std::byte, 64> ram{};
    ASSERT_TRUE(map.map_memory(0, ram));
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> written{0};
    std::thread writer([&] {
        for (std::uint32_t i = 1; !stop.load(std::memory_order_relaxed); ++i) {
            if (map.enter().store_release(0, i)) {
                written.fetch_add(1, std::memory_order_relaxed);
            }
        }
    });
    for (int i = 0; i < rounds; ++i) {
        map.set_bus_master(true);
        const std::uint64_t before = written.load();
        while (written.load() == before) {
            std::this_thread::yield();
        }
        map.set_bus_master(false);
        auto* const word = reinterpret_cast<std::uint32_t*>(ram.data());
        const std::uint32_t value = __atomic_load_n(word, __ATOMIC_ACQUIRE);
        std::this_thread::yield();
        ASSERT_EQ(__atomic_load_n(word, __ATOMIC_ACQUIRE), value);
    }
    stop.store(true);
    writer.join();
}

TEST(DmaThreads, SectionsOfTwoMapsNeedNoOrder) {
    std::array<DmaMap, 2> maps;
    std::array<std::vector<std::byte>, 2> ram{std::vector<std::byte>(64),
                                              std::vector<std::byte>(64)};
    for (std::size_t i = 0; i < 2; ++i) {
        maps[i].set_bus_master(true);
        ASSERT_TRUE(maps[i].map_memory(0, ram[i]));
    }
    std::atomic<bool> stop{false};
    const auto cross = [&](DmaMap& outer, DmaMap& inner, std::uint64_t at) {
        while (!stop.load(std::memory_order_relaxed)) {
            auto source = outer.enter();
            auto target = inner.enter();
            (void)copy(source, at, target, at + 8, 8);
        }
    };
    std::thread first(cross, std::ref(maps[0]), std::ref(maps[1]), 0);
    std::thread second(cross, std::ref(maps[1]), std::ref(maps[0]), 16);
    std::vector<std::byte> page(64);
    for (int i = 0; i < rounds; ++i) {
        DmaMap& map = maps[static_cast<std::size_t>(i) % 2];
        ASSERT_TRUE(map.map_memory(0x1000, page));
        ASSERT_EQ(*map.unmap(0x1000, 64), 64U);
    }
    stop.store(true);
    first.join();
    second.join();
}

TEST(MsixThreads, VectorsAreReboundUnderFire) {
    MsixVectors vectors(4);
    vectors.set_enabled(true);
    std::atomic<bool> stop{false};
    std::thread raiser([&] {
        while (!stop.load(std::memory_order_relaxed)) {
            vectors.raise(1);
        }
    });
    std::uint64_t received = 0;
    for (int i = 0; i < rounds || vectors.delivered(1) == 0; ++i) {
        const Fd mine = std::move(make_eventfd()).value();
        ASSERT_TRUE(vectors.bind(1, std::move(mine.duplicate()).value()));
        std::this_thread::yield();
        ASSERT_TRUE(vectors.unbind(1, 1));
        eventfd_t count = 0;
        if (::eventfd_read(mine.get(), &count) == 0) {
            received += count;
        }
    }
    stop.store(true);
    raiser.join();
    EXPECT_EQ(received, vectors.delivered(1));
    EXPECT_EQ(vectors.delivered_total(), received);
    EXPECT_GT(vectors.dropped_total(), 0U);
}

} // namespace
} // namespace mo::pcie
