// SPDX-License-Identifier: GPL-2.0-or-later
// Deadlines against an ordered set.
#include "engine/deadlines.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace mo::engine {
namespace {

TEST(Deadlines, NothingIsNever) {
    Deadlines deadlines;
    EXPECT_EQ(deadlines.first_ns(), never);
    const Deadlines::Member member = deadlines.add();
    EXPECT_EQ(deadlines.first_ns(), never);
    EXPECT_EQ(deadlines.of(member), never);
    deadlines.set(member, 5);
    EXPECT_EQ(deadlines.first_ns(), 5U);
    EXPECT_EQ(deadlines.first(), member);
    deadlines.set(member, never);
    EXPECT_EQ(deadlines.first_ns(), never);
}

TEST(Deadlines, EqualTimesComeByNumber) {
    Deadlines deadlines;
    std::vector<Deadlines::Member> members(20);
    for (auto& member : members) {
        member = deadlines.add();
    }
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
        deadlines.set(*member, 7);
    }
    for (const Deadlines::Member member : members) {
        ASSERT_EQ(deadlines.first(), member);
        deadlines.set(member, never);
    }
}

TEST(Deadlines, AsAnOrderedSet) {
    std::minstd_rand random(11);
    Deadlines deadlines;
    std::set<std::pair<std::uint64_t, Deadlines::Member>> model;
    std::vector<std::pair<Deadlines::Member, std::uint64_t>> members;
    for (int step = 0; step < 200'000; ++step) {
        const auto what = random() % 100;
        if (members.empty() || what < 3) {
            members.emplace_back(deadlines.add(), never);
            ASSERT_EQ(deadlines.of(members.back().first), never);
        } else {
            const std::size_t index = random() % members.size();
            auto& [member, time_ns] = members[index];
            model.erase({time_ns, member});
            if (what < 5 && members.size() > 100) {
                deadlines.remove(member);
                members[index] = members.back();
                members.pop_back();
            } else {
                time_ns = what < 15 ? never : random() % 1'000;
                deadlines.set(member, time_ns);
                if (time_ns != never) {
                    model.emplace(time_ns, member);
                }
            }
        }
        ASSERT_EQ(deadlines.first_ns(), model.empty() ? never : model.begin()->first);
        if (!model.empty()) {
            ASSERT_EQ(deadlines.first(), model.begin()->second);
        }
    }
    EXPECT_GT(members.size(), 50U);
}

} // namespace
} // namespace mo::engine
