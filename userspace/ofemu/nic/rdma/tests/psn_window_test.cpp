// SPDX-License-Identifier: GPL-2.0-or-later
// Where packets lie, at any place of the circle of numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "nic/rdma/psn_window.hpp"

namespace mo::nic::rdma {
namespace {

using Place = PsnWindow::Place;

constexpr std::uint32_t starts[] = {0, 5, 0x7fffff, 0x800000, 0xfffff0, 0xffffff};

TEST(PsnWindow, PlacesAtEachPointOfTheCircle) {
    for (const std::uint32_t start : starts) {
        PsnWindow window;
        window.start(start, 8);
        EXPECT_EQ(window.first(), start);
        EXPECT_EQ(window.end(), psn_add(start, 8));
        EXPECT_EQ(window.place_of(start), Place::first);
        EXPECT_EQ(window.place_of(psn_add(start, 1)), Place::inside);
        EXPECT_EQ(window.place_of(psn_add(start, 7)), Place::inside);
        EXPECT_EQ(window.place_of(psn_add(start, 8)), Place::beyond);
        EXPECT_EQ(window.place_of(psn_add(start, psn_window - 1)), Place::beyond);
        EXPECT_EQ(window.place_of(psn_add(start, psn_window)), Place::before);
        EXPECT_EQ(window.place_of(psn_add(start, -1)), Place::before);
        EXPECT_TRUE(window.done_before(start));
        EXPECT_TRUE(window.done_before(psn_add(start, -7)));
        EXPECT_FALSE(window.done_before(psn_add(start, 1)));
    }
}

TEST(PsnWindow, AnEmptyOneHasNothingInside) {
    PsnWindow window;
    window.start(0xffffff, 0);
    EXPECT_EQ(window.place_of(0xffffff), Place::beyond);
    EXPECT_EQ(window.place_of(0xfffffe), Place::before);
    EXPECT_EQ(window.place_of(0), Place::beyond);
}

TEST(PsnWindow, StartsWithin24Bits) {
    PsnWindow window;
    window.start(0x1fffffe, 3);
    EXPECT_EQ(window.first(), 0xfffffeU);
    EXPECT_EQ(window.end(), 1U);
}

/// A requester: what is sent again does not make it shorter, an answer does.
TEST(PsnWindow, GrowsAtItsEndAndShrinksAtItsBeginning) {
    PsnWindow window;
    window.start(0xfffffe, 0);
    window.extend_to(3);
    EXPECT_EQ(window.count(), 5U);
    window.extend_to(0); // sent again
    window.extend_to(0xfffffe);
    EXPECT_EQ(window.end(), 3U);
    window.pass_to(1);
    EXPECT_EQ(window.first(), 1U);
    EXPECT_EQ(window.end(), 3U);
    window.extend_to(0); // before it: long answered
    EXPECT_EQ(window.count(), 2U);
    window.pass_to(3);
    EXPECT_EQ(window.count(), 0U);
    EXPECT_EQ(window.end(), 3U);
}

/// A READ of 2 GiB in packets of 256 bytes takes all the numbers that there may be.
TEST(PsnWindow, SpansHalfOfTheNumbers) {
    for (const std::uint32_t start : starts) {
        PsnWindow window;
        window.start(start, 0);
        const std::uint32_t end = psn_add(start, psn_window);
        window.extend_to(end);
        EXPECT_EQ(window.count(), psn_window);
        EXPECT_EQ(window.place_of(psn_add(end, -1)), Place::inside);
        EXPECT_EQ(window.place_of(end), Place::before);
        EXPECT_FALSE(window.done_before(end));
        window.pass_to(end);
        EXPECT_TRUE(window.done_before(end));
        EXPECT_EQ(window.count(), 0U);
    }
}

/// A responder that takes a single packet at a time.
TEST(PsnWindow, SlidesAsAWhole) {
    PsnWindow window;
    window.start(0xffffff, 1);
    window.slide(1);
    EXPECT_EQ(window.place_of(0), Place::first);
    EXPECT_EQ(window.place_of(0xffffff), Place::before);
    EXPECT_EQ(window.place_of(1), Place::beyond);
    window.slide(256); // a READ
    EXPECT_EQ(window.first(), 256U);
    EXPECT_EQ(window.count(), 1U);
}

/// Against plain numbers that do not wrap.
TEST(PsnWindow, IsWhatLongNumbersSay) {
    std::mt19937_64 random(1);
    for (const std::uint32_t start : starts) {
        PsnWindow window;
        window.start(start, 0);
        std::uint64_t first = (std::uint64_t{1} << 40U) + start, end = first;
        for (int step = 0; step < 20'000; ++step) {
            const std::uint64_t room = psn_window - (end - first);
            switch (random() % 3) {
            case 0:
                end += random() % (std::min<std::uint64_t>(room, 5000) + 1);
                window.extend_to(static_cast<std::uint32_t>(end) & psn_mask);
                break;
            case 1:
                first += random() % (end - first + 1);
                window.pass_to(static_cast<std::uint32_t>(first) & psn_mask);
                break;
            default:
                window.extend_to(static_cast<std::uint32_t>(first + random() % (end - first + 1)) &
                                 psn_mask);
                break;
            }
            ASSERT_EQ(window.first(), first & psn_mask);
            ASSERT_EQ(window.end(), end & psn_mask);
            ASSERT_EQ(window.count(), end - first);
            const std::uint64_t asked = first + random() % 12000 - 6000;
            const Place place = asked < first    ? Place::before
                                : asked >= end   ? Place::beyond
                                : asked == first ? Place::first
                                                 : Place::inside;
            ASSERT_EQ(window.place_of(static_cast<std::uint32_t>(asked) & psn_mask), place);
            ASSERT_EQ(window.done_before(static_cast<std::uint32_t>(asked) & psn_mask),
                      asked <= first);
        }
    }
}

} // namespace
} // namespace mo::nic::rdma
