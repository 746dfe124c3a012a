// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "common/result.hpp"
#include "machine.hpp"

namespace mo::mgmt::test {
namespace {

TEST(Bus, RefusesOverlapWithBothNames) {
    std::vector<std::uint8_t> bytes(256);
    OneRegister device;
    Bus bus;
    bus.add_memory({"first", 0x1000, bytes, true, false});
    bus.add_device("second", 0x2000, 16, device);
    const auto refused = [&](std::uint32_t base) {
        try {
            bus.add_memory({"third", base, bytes, true, false});
        } catch (const FatalError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(refused(0x10ff), "bus: region third overlaps region first");
    EXPECT_EQ(refused(0x0f01), "bus: region third overlaps region first");
    EXPECT_EQ(refused(0x200f), "bus: region third overlaps region second");
    EXPECT_EQ(refused(0xffffff80), "bus: region third is empty or wraps");
    EXPECT_EQ(refused(0x1100), "") << "adjacent is fine";
    EXPECT_EQ(refused(0xffffff00), "") << "up to the last address is fine";
    EXPECT_THROW(bus.add_memory({"none", 0x9000, {}, true, false}), FatalError);
}

TEST(Bus, ViewsDoNotCrossTheEnd) {
    std::vector<std::uint8_t> bytes(256);
    Bus bus;
    bus.add_memory({"memory", 0x1000, bytes, true, false});
    EXPECT_EQ(bus.view(0x1000, 256).size(), 256U);
    EXPECT_TRUE(bus.view(0x1001, 256).empty());
    EXPECT_TRUE(bus.view(0x10ff, 0xffffffff).empty());
    EXPECT_TRUE(bus.view(0x0fff, 1).empty());
}

} // namespace
} // namespace mo::mgmt::test
