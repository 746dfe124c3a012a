// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <vector>

#include "common/fd.hpp"
#include "pcie/msix.hpp"

namespace mo::pcie {
namespace {

Fd eventfd_owner() {
    return std::move(make_eventfd()).value();
}

std::uint64_t drain(const Fd& fd) {
    eventfd_t count = 0;
    return ::eventfd_read(fd.get(), &count) == 0 ? count : 0;
}

TEST(Msix, SignalsTheBoundEventfd) {
    MsixVectors vectors(8);
    vectors.set_enabled(true);
    const Fd mine = eventfd_owner();
    ASSERT_TRUE(vectors.bind(7, std::move(mine.duplicate()).value()));
    vectors.raise(7);
    vectors.raise(7);
    EXPECT_EQ(drain(mine), 2U);
    EXPECT_EQ(vectors.delivered(7), 2U);
    EXPECT_TRUE(vectors.bound(7));
}

TEST(Msix, DropsAndCountsWhatCannotBeDelivered) {
    MsixVectors vectors(2);
    const Fd mine = eventfd_owner();
    ASSERT_TRUE(vectors.bind(0, std::move(mine.duplicate()).value()));
    vectors.raise(0); // disabled
    vectors.set_enabled(true);
    vectors.raise(1); // unbound
    vectors.raise(2); // out of range
    vectors.raise(0xffffffff);
    EXPECT_EQ(vectors.dropped_total(), 4U);
    EXPECT_EQ(drain(mine), 0U);
    EXPECT_EQ(vectors.delivered(99), 0U);
    EXPECT_FALSE(vectors.bound(99));
}

TEST(Msix, TwistsWhatIsNoted) {
    using Fate = MsixVectors::Fate;
    MsixVectors vectors(2);
    vectors.set_enabled(true);
    Fate fate = Fate::lost;
    vectors.set_twist([&fate] { return fate; });
    vectors.set_callback([](std::uint32_t /*vector*/) {});
    vectors.note(0);
    vectors.raise_noted();
    EXPECT_EQ(vectors.delivered_total(), 0U);
    fate = Fate::elsewhere;
    vectors.note(0);
    vectors.note(1);
    vectors.raise_noted();
    EXPECT_EQ(vectors.delivered(0), 1U);
    EXPECT_EQ(vectors.delivered(1), 1U);
    fate = Fate::doubled;
    vectors.note(1);
    vectors.raise_noted();
    EXPECT_EQ(vectors.delivered(1), 2U);
    vectors.raise_noted();
    vectors.raise_noted();
    EXPECT_EQ(vectors.delivered(1), 3U);
    EXPECT_EQ(vectors.dropped_total(), 0U);
}

TEST(Msix, RefusesWhatIsNoVectorOrNoEventfd) {
    MsixVectors vectors(2);
    EXPECT_EQ(vectors.bind(2, eventfd_owner()).error().code, EINVAL);
    EXPECT_EQ(vectors.bind(0, std::move(make_memfd("file", 4096)).value()).error().code, EINVAL);
    EXPECT_EQ(vectors.bind(0, Fd()).error().code, EINVAL);
    EXPECT_EQ(vectors.unbind(1, 2).error().code, EINVAL);
    EXPECT_EQ(vectors.unbind(3, 0).error().code, EINVAL);
    EXPECT_EQ(vectors.unbind(1, 0xffffffff).error().code, EINVAL);
}

TEST(Msix, UnbindsAndRebinds) {
    MsixVectors vectors(4);
    vectors.set_enabled(true);
    const Fd first = eventfd_owner();
    const Fd second = eventfd_owner();
    ASSERT_TRUE(vectors.bind(1, std::move(first.duplicate()).value()));
    ASSERT_TRUE(vectors.bind(1, std::move(second.duplicate()).value()));
    vectors.raise(1);
    EXPECT_EQ(drain(first), 0U);
    EXPECT_EQ(drain(second), 1U);
    ASSERT_TRUE(vectors.unbind(0, 4));
    EXPECT_FALSE(vectors.bound(1));
    vectors.raise(1);
    EXPECT_EQ(drain(second), 0U);
}

TEST(Msix, FullEventfdNeitherBlocksNorCountsAsLost) {
    MsixVectors vectors(1);
    vectors.set_enabled(true);
    Fd blocking(::eventfd(0, EFD_CLOEXEC));
    ASSERT_EQ(::eventfd_write(blocking.get(), 0xfffffffffffffffe), 0);
    ASSERT_TRUE(vectors.bind(0, std::move(blocking)));
    vectors.raise(0);
    EXPECT_EQ(vectors.delivered(0), 1U);
}

TEST(Msix, CallsBackInProcess) {
    MsixVectors vectors(4);
    vectors.set_enabled(true);
    std::vector<std::uint32_t> seen;
    vectors.set_callback([&](std::uint32_t vector) { seen.push_back(vector); });
    vectors.raise(3);
    vectors.raise(0);
    EXPECT_EQ(seen, (std::vector<std::uint32_t>{3, 0}));
    EXPECT_EQ(vectors.delivered_total(), 2U);
}

} // namespace
} // namespace mo::pcie
