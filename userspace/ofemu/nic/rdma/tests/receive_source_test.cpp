// SPDX-License-Identifier: GPL-2.0-or-later
// ReceiveSource by itself, with one taker and with several.
#include "nic/rdma/receive_source.hpp"

#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include "nic/tests/guest_ram.hpp"

namespace mo::nic::rdma {
namespace {

using Take = ReceiveSource::Take;

class ReceiveSourceTest : public testing::Test {
  protected:
    static constexpr std::uint64_t ring_at = 0x10000, record_at = 0x11000;
    static constexpr std::uint8_t size_log = 2, stride_log = 6;

    ReceiveSourceTest() {
        EXPECT_TRUE(map.map_memory(ring_at, ram.bytes()));
        map.set_bus_master(true);
    }
    template <typename T>
    T& at(std::uint64_t address) {
        return *reinterpret_cast<T*>(ram.data() + (address - ring_at));
    }
    /// Writes an entry of one piece of `length` bytes, and the tail if `tell`.
    void post(std::uint32_t length, bool tell = true) {
        const std::uint64_t place = ring_at + (std::uint64_t{tail % 4} << stride_log);
        at<std::array<std::byte, 64>>(place) = {};
        at<hw::mo_wqe>(place).nsge = 1;
        at<hw::mo_sge>(place + sizeof(hw::mo_wqe)) = hw::mo_sge{0x1000, length, 1};
        ++tail;
        if (tell) {
            at<hw::mo_db_rec>(record_at).tail = tail;
        }
    }
    Take take(ReceiveEntry& entry, bool shadow = true) {
        return source.take(dma.section(), shadow, entry);
    }

    nic::test::GuestRam ram{2 * nic::test::GuestRam::page};
    pcie::DmaMap map;
    DmaAccess dma{map};
    WorkQueue queue{Ring{ring_at, size_log, stride_log}, record_at, true};
    ReceiveSource source{queue};
    std::uint32_t tail = 0;
};

TEST_F(ReceiveSourceTest, TakesInOrderAndReadsTheTailWhenItHasTo) {
    ReceiveEntry entry;
    EXPECT_EQ(take(entry), Take::empty);
    post(100);
    EXPECT_EQ(take(entry, false), Take::empty); // only a doorbell would tell
    for (std::uint32_t i = 0; i < 11; ++i) {    // round the ring, and again
        ASSERT_EQ(take(entry), Take::taken);
        EXPECT_TRUE(entry.valid);
        EXPECT_EQ(entry.index, i);
        EXPECT_EQ(entry.wqe.length, 100 + i);
        source.complete(entry);
        EXPECT_FALSE(entry.valid);
        post(101 + i);
    }
}

TEST_F(ReceiveSourceTest, TakersCompleteInAnyOrder) {
    std::array<ReceiveEntry, 3> held;
    for (std::uint32_t i = 0; i < 4; ++i) {
        post(i + 1);
    }
    for (auto& entry : held) {
        ASSERT_EQ(take(entry), Take::taken);
    }
    source.complete(held[1]);
    source.complete(held[0]);
    EXPECT_EQ(queue.posted(), 2U);
    // Their places are free, and the one that is held keeps what it was.
    post(5);
    post(6);
    ReceiveEntry entry;
    for (const std::uint32_t index : {3U, 4U, 5U}) {
        ASSERT_EQ(take(entry), Take::taken);
        EXPECT_EQ(entry.index, index);
        EXPECT_EQ(entry.wqe.length, index + 1);
        source.complete(entry);
    }
    EXPECT_EQ(take(entry), Take::empty);
    EXPECT_EQ(held[2].index, 2U);
    EXPECT_EQ(held[2].wqe.length, 3U);
    source.complete(held[2]);
    EXPECT_EQ(queue.posted(), 0U);
}

TEST_F(ReceiveSourceTest, WhatIsPutBackIsTakenAgain) {
    post(1);
    post(2);
    ReceiveEntry first, second;
    ASSERT_EQ(take(first), Take::taken);
    source.put_back(first);
    EXPECT_FALSE(first.valid);
    ASSERT_EQ(take(first), Take::taken);
    EXPECT_EQ(first.index, 0U);
    ASSERT_EQ(take(second), Take::taken);
    EXPECT_EQ(second.index, 1U);
    EXPECT_EQ(queue.posted(), 2U);
}

TEST_F(ReceiveSourceTest, HeldEntriesBoundTheTail) {
    std::array<ReceiveEntry, 4> held;
    for (std::uint32_t i = 0; i < 4; ++i) {
        post(1);
        ASSERT_EQ(take(held[i]), Take::taken);
    }
    post(1); // a fifth one in a ring of four
    ReceiveEntry entry;
    EXPECT_EQ(take(entry), Take::bad_tail);
    EXPECT_FALSE(entry.valid);
    source.complete(held[3]);
    EXPECT_EQ(take(entry), Take::taken);
}

TEST_F(ReceiveSourceTest, MalformedOnesAreTaken) {
    post(1);
    at<hw::mo_wqe>(ring_at).nsge = 255;
    ReceiveEntry entry;
    EXPECT_EQ(take(entry), Take::malformed);
    EXPECT_TRUE(entry.valid);
    EXPECT_EQ(entry.index, 0U);
    source.complete(entry);
    EXPECT_EQ(take(entry), Take::empty);
}

TEST_F(ReceiveSourceTest, UnreachableQueuesTakeNothing) {
    ReceiveEntry entry;
    post(1);
    dma.end_round();
    map.set_bus_master(false);
    EXPECT_EQ(take(entry), Take::fault);
    EXPECT_FALSE(entry.valid);
    EXPECT_EQ(source.last_fault().reason, pcie::DmaFaultReason::bus_master);
    dma.end_round();
    map.set_bus_master(true);
    ASSERT_EQ(take(entry), Take::taken);
    EXPECT_EQ(entry.index, 0U);
}

TEST_F(ReceiveSourceTest, UnreadOnesAndReset) {
    post(1);
    post(2);
    ReceiveEntry entry;
    EXPECT_FALSE(source.take_unread(entry)); // nobody has told of them
    ASSERT_EQ(take(entry), Take::taken);
    source.complete(entry);
    ASSERT_TRUE(source.take_unread(entry));
    EXPECT_EQ(entry.index, 1U);
    source.complete(entry);
    EXPECT_FALSE(source.take_unread(entry));
    queue.reset();
    source.reset();
    tail = 0;
    post(7);
    ASSERT_EQ(take(entry), Take::taken);
    EXPECT_EQ(entry.index, 0U);
    EXPECT_EQ(entry.wqe.length, 7U);
}

} // namespace
} // namespace mo::nic::rdma
