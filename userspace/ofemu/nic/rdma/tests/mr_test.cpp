// SPDX-License-Identifier: GPL-2.0-or-later
// KeyTable by itself: as many keys as are promised, and a cost that does not grow with them.
#include "nic/rdma/mr.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace mo::nic::rdma {
namespace {

constexpr KeyUser user{.pd = 1, .kernel = false, .qp = 7};

std::uint32_t make(KeyTable& table, hw::mo_mr_kind kind) {
    hw::mo_cmd_mr body{};
    body.pd = user.pd;
    body.kind = static_cast<std::uint8_t>(kind);
    if (kind == hw::MO_MR_USER) {
        body.iova = 0x10000;
        body.length = 4096;
        body.pages = 1;
        body.access = MO_ACCESS_ALL;
        body.page_shift = 12;
    }
    std::uint32_t key = 0;
    if (table.create(body, key) != hw::MO_ST_OK) {
        return 0;
    }
    constexpr std::uint64_t page = 0x7000;
    if (kind == hw::MO_MR_USER && table.add_pages(key, 0, std::span(&page, 1)) != hw::MO_ST_OK) {
        return 0;
    }
    return key;
}

bool bind(KeyTable& table, std::uint32_t window, std::uint32_t region, std::uint32_t qp) {
    hw::mo_wqe_bind body{};
    body.iova = 0x10000;
    body.length = 64;
    body.region = region;
    body.key = window;
    body.access = MO_ACCESS_REMOTE_READ;
    body.flags = qp != 0 ? MO_BINDF_QP : 0;
    return table.bind({user.pd, false, qp}, body);
}

bool opens(const KeyTable& table, std::uint32_t key, std::uint32_t qp) {
    return table.find(key, {user.pd, false, qp}, {0x10000, 64, MO_ACCESS_REMOTE_READ}) != nullptr;
}

TEST(KeyTable, AMillionRegionsAndAMillionWindows) {
    constexpr std::uint32_t million = 1U << 20U;
    KeyTable table;
    ASSERT_EQ(KeyTable::max_keys, 2 * million);
    std::vector<std::uint32_t> keys;
    for (std::uint32_t i = 0; i < 2 * million; ++i) {
        keys.push_back(make(table, i % 2 == 0 ? hw::MO_MR_USER : hw::MO_MR_WINDOW));
        ASSERT_NE(keys.back(), 0U) << i;
    }
    EXPECT_EQ(make(table, hw::MO_MR_USER), 0U);
    EXPECT_TRUE(opens(table, keys.front(), 0));
    EXPECT_TRUE(opens(table, keys[2 * million - 2], 0));
    ASSERT_EQ(table.destroy(keys.front()), hw::MO_ST_OK);
    const auto again = make(table, hw::MO_MR_USER);
    EXPECT_NE(again, 0U);
    EXPECT_NE(again, keys.front());
    EXPECT_FALSE(opens(table, keys.front(), 0));
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
    table.clear();
    EXPECT_EQ(table.live(), 0U);
    EXPECT_FALSE(opens(table, again, 0));
}

/// What is asked for and not given costs next to nothing: one command must not hold all others up.
TEST(PageList, TakesMemoryForWhatItIsGiven) {
    constexpr std::size_t pages = KeyTable::max_pages;
    PageList list(pages);
    EXPECT_EQ(list.size(), pages);
    for (const std::size_t number :
         {std::size_t{0}, std::size_t{511}, std::size_t{512}, pages - 1}) {
        EXPECT_FALSE(list.has(number));
        list.set(number, number << 12U);
        EXPECT_TRUE(list.has(number));
        EXPECT_EQ(list[number], number << 12U);
    }
    EXPECT_FALSE(list.has(1));
    EXPECT_FALSE(list.has(pages - 2));
    PageList short_list(3);
    short_list.set(2, 0);
    EXPECT_TRUE(short_list.has(2));
    EXPECT_EQ(short_list[2], 0U);
    // Ten thousand times: 320 GiB if it was touched.
    for (int i = 0; i < 10000; ++i) {
        EXPECT_EQ(PageList(pages).size(), pages);
    }
}

TEST(KeyTable, AnIndexRestsBeforeItIsUsedAgain) {
    KeyTable table;
    const auto first = make(table, hw::MO_MR_USER);
    ASSERT_EQ(table.destroy(first), hw::MO_ST_OK);
    std::uint32_t others = 0;
    std::uint32_t highest = 0;
    for (; others < 200'000; ++others) {
        const auto key = make(table, hw::MO_MR_USER);
        highest = std::max(highest, key >> 8U);
        ASSERT_EQ(table.destroy(key), hw::MO_ST_OK);
        if (key >> 8U == first >> 8U) {
            EXPECT_NE(key, first);
            break;
        }
    }
    EXPECT_GE(others, 60'000U);
    // One key at a time takes no room for a million.
    EXPECT_LT(highest, 70'000U);
}

TEST(KeyTable, WindowsEndWithTheirRegionAndTheirQp) {
    KeyTable table;
    const std::uint32_t regions[2] = {make(table, hw::MO_MR_USER), make(table, hw::MO_MR_USER)};
    std::vector<std::uint32_t> windows;
    for (std::uint32_t i = 0; i < 12; ++i) {
        windows.push_back(make(table, hw::MO_MR_WINDOW));
        // Of each region: two of type 1, two of QP 7, two of QP 8.
        ASSERT_TRUE(bind(table, windows[i], regions[i % 2], i < 4 ? 0 : i < 8 ? 7 : 8));
    }
    const auto open = [&](std::uint32_t i) { return opens(table, windows[i], i < 8 ? 7 : 8); };
    // From the middle of both of its lists.
    ASSERT_TRUE(table.invalidate(windows[6], {user.pd, false, 7}));
    ASSERT_EQ(table.destroy(windows[2]), hw::MO_ST_OK);
    for (std::uint32_t i = 0; i < 12; ++i) {
        EXPECT_EQ(open(i), i != 6 && i != 2) << i;
    }
    table.end_windows_of(7);
    for (std::uint32_t i = 0; i < 12; ++i) {
        EXPECT_EQ(open(i), i != 2 && (i < 4 || i >= 8)) << i;
    }
    ASSERT_EQ(table.destroy(regions[0]), hw::MO_ST_OK);
    for (std::uint32_t i = 0; i < 12; ++i) {
        EXPECT_EQ(open(i), i % 2 == 1 && (i < 4 || i >= 8)) << i;
    }
    ASSERT_TRUE(bind(table, windows[6], regions[1], 8));
    table.end_windows_of(8);
    EXPECT_FALSE(open(9));
    EXPECT_FALSE(opens(table, windows[6], 8));
    EXPECT_TRUE(open(1));
    hw::mo_cmd_mr_modify body{};
    body.key = regions[1];
    body.mask = MO_MRM_ACCESS;
    EXPECT_EQ(table.modify(body), hw::MO_ST_IN_USE);
    ASSERT_EQ(table.destroy(windows[1]), hw::MO_ST_OK);
    ASSERT_EQ(table.destroy(windows[3]), hw::MO_ST_OK);
    EXPECT_EQ(table.modify(body), hw::MO_ST_OK);
}

/// Of the fastest of some tries, so that others on the machine matter little.
double seconds_to_end_a_window(KeyTable& table) {
    using Clock = std::chrono::steady_clock;
    const auto region = make(table, hw::MO_MR_USER);
    double best = 1e9;
    for (int round = 0; round < 20; ++round) {
        const auto window = make(table, hw::MO_MR_WINDOW);
        const auto owned = make(table, hw::MO_MR_USER);
        EXPECT_TRUE(bind(table, window, owned, 7));
        const auto begin = Clock::now();
        table.end_windows_of(8);
        EXPECT_EQ(table.destroy(owned), hw::MO_ST_OK);
        const std::chrono::duration<double> took = Clock::now() - begin;
        best = std::min(best, took.count());
        EXPECT_EQ(table.destroy(window), hw::MO_ST_OK);
    }
    EXPECT_EQ(table.destroy(region), hw::MO_ST_OK);
    return best;
}

TEST(KeyTable, EndingOneTakesNoLongerAmongMany) {
    KeyTable few;
    KeyTable many;
    for (std::uint32_t i = 0; i < 60'000; ++i) {
        ASSERT_NE(make(many, hw::MO_MR_WINDOW), 0U);
    }
    EXPECT_LT(seconds_to_end_a_window(many), 10 * seconds_to_end_a_window(few) + 20e-6);
}

} // namespace
} // namespace mo::nic::rdma
