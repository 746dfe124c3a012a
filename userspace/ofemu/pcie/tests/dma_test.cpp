// SPDX-License-Identifier: GPL-2.0-or-later
// DmaMap: bounds, permissions, scatter, files, borrowed references.
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

#include "common/fd.hpp"
#include "common/le.hpp"
#include "pcie/dma_map.hpp"

namespace mo::pcie {
namespace {

constexpr std::uint64_t top = ~std::uint64_t{0};

std::vector<std::byte> pattern(std::size_t size, unsigned seed = 0) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(i * 7 + seed);
    }
    return bytes;
}

class DmaTest : public testing::Test {
  protected:
    DmaTest() { map_.set_bus_master(true); }

    DmaFaultReason read_fault(std::uint64_t iova, std::size_t size) {
        std::vector<std::byte> out(size);
        const auto result = map_.enter().read(iova, out);
        EXPECT_FALSE(result);
        return result ? DmaFaultReason::stale : result.error().reason;
    }

    DmaMap map_;
};

TEST_F(DmaTest, ReadsAndWritesWhatIsMapped) {
    auto ram = pattern(4096);
    ASSERT_TRUE(map_.map_memory(0x1000, ram));
    auto section = map_.enter();
    EXPECT_EQ(*section.read_object<std::uint8_t>(0x1001), 7U);
    ASSERT_TRUE(section.write_object(0x1ffc, Le<std::uint32_t>(0x01020304)));
    EXPECT_EQ(ram[4092], std::byte{4});
    std::array<std::byte, 0> nothing{};
    EXPECT_TRUE(section.read(0x9999, nothing));
}

TEST_F(DmaTest, FaultsNameReasonAddressAndDirection) {
    std::vector<std::byte> ram(4096);
    ASSERT_TRUE(map_.map_memory(0x1000, ram, Access::read));
    EXPECT_EQ(read_fault(0x0fff, 1), DmaFaultReason::unmapped);
    EXPECT_EQ(read_fault(0x2000, 1), DmaFaultReason::unmapped);
    EXPECT_EQ(read_fault(top - 3, 8), DmaFaultReason::unmapped); // wraps
    const auto beyond = map_.enter().check(0x1f00, 0x200, Access::read);
    EXPECT_EQ(beyond.error().iova, 0x2000U);
    EXPECT_FALSE(beyond.error().write);
    const auto denied = map_.enter().write_object(0x1000, std::uint8_t{1});
    EXPECT_EQ(denied.error().reason, DmaFaultReason::permission);
    EXPECT_TRUE(denied.error().write);
    ASSERT_TRUE(map_.map_unbacked({.iova = 0x8000, .size = 0x1000}));
    EXPECT_EQ(read_fault(0x8000, 4), DmaFaultReason::unbacked);
    map_.set_bus_master(false);
    EXPECT_EQ(read_fault(0x1000, 4), DmaFaultReason::bus_master);
    EXPECT_EQ(map_.counters().faults.value(), 7U);
    EXPECT_STREQ(name_of(DmaFaultReason::bus_master), "bus-master");
}

TEST_F(DmaTest, RefusedWriteLeavesMemoryAlone) {
    std::vector<std::byte> ram(4096);
    ASSERT_TRUE(map_.map_memory(0, ram));
    const auto data = pattern(32, 1);
    EXPECT_FALSE(map_.enter().write(4080, data));
    EXPECT_EQ(ram, std::vector<std::byte>(4096));
}

TEST_F(DmaTest, SpansAdjacentMaps) {
    auto first = pattern(0x1000, 1);
    auto second = pattern(0x1000, 2);
    ASSERT_TRUE(map_.map_memory(0x2000, second));
    ASSERT_TRUE(map_.map_memory(0x1000, first));
    std::vector<std::byte> out(0x2000);
    auto section = map_.enter();
    ASSERT_TRUE(section.read(0x1000, out));
    EXPECT_TRUE(std::equal(first.begin(), first.end(), out.begin()));
    EXPECT_TRUE(std::equal(second.begin(), second.end(), out.begin() + 0x1000));
    EXPECT_EQ(section.segment(0x1f00, 0x1000, Access::read)->size(), 0x100U);
    ASSERT_TRUE(section.write(0x1ffe, pattern(4, 9)));
    EXPECT_EQ(first[0xfff], std::byte{16});
    EXPECT_EQ(second[0], std::byte{23});
}

TEST_F(DmaTest, ReachesTheLastAddress) {
    std::vector<std::byte> ram(4096);
    ASSERT_TRUE(map_.map_memory(top - 4095, ram));
    auto section = map_.enter();
    EXPECT_TRUE(section.write_object(top, std::uint8_t{5}));
    EXPECT_EQ(ram.back(), std::byte{5});
    EXPECT_TRUE(section.check(top - 4095, 4096, Access::read_write));
    EXPECT_FALSE(section.check(top - 4095, 4097, Access::read));
}

TEST_F(DmaTest, RefusesBadRegions) {
    std::vector<std::byte> ram(8192);
    ASSERT_TRUE(map_.map_memory(0x2000, ram));
    EXPECT_EQ(map_.map_memory(0x3000, std::span(ram).first(1)).error().code, EEXIST);
    EXPECT_EQ(map_.map_memory(0x1fff, std::span(ram).first(2)).error().code, EEXIST);
    EXPECT_EQ(map_.map_memory(0x0, std::span<std::byte>{}).error().code, EINVAL);
    EXPECT_EQ(map_.map_unbacked({.iova = top, .size = 2}).error().code, EINVAL);
    EXPECT_EQ(map_.map({.iova = 0, .size = 1}, -1).error().code, EBADF);
    EXPECT_EQ(map_.map_count(), 1U);
}

TEST_F(DmaTest, UnmapsWholeMapsOnly) {
    std::vector<std::byte> ram(0x3000);
    for (std::uint64_t page = 0; page < 3; ++page) {
        ASSERT_TRUE(map_.map_memory(page * 0x1000, std::span(ram).subspan(page * 0x1000, 0x1000)));
    }
    EXPECT_EQ(map_.unmap(0x800, 0x1000).error().code, EINVAL);
    EXPECT_EQ(map_.unmap(0, 0).error().code, EINVAL);
    EXPECT_EQ(map_.map_count(), 3U);
    EXPECT_EQ(*map_.unmap(0x1000, 0x1000), 0x1000U);
    EXPECT_EQ(*map_.unmap(0x1000, 0x1000), 0U);
    EXPECT_EQ(read_fault(0x0ffc, 8), DmaFaultReason::unmapped);
    EXPECT_EQ(*map_.unmap(0, top), 0x2000U);
    EXPECT_EQ(map_.mapped_bytes(), 0U);
}

TEST_F(DmaTest, MapsFilesOnceAndChecksTheirEnd) {
    const Fd file = std::move(make_memfd("ram", 0x4000)).value();
    const Mapping mine = std::move(Mapping::map(file.get(), 0, 0x4000, true)).value();
    ASSERT_TRUE(map_.map({.iova = 0, .size = 0x1000, .offset = 0x3000}, file.get()));
    ASSERT_TRUE(map_.map({.iova = 0x1000, .size = 0x1000, .offset = 0}, file.get()));
    EXPECT_EQ(map_.map({.iova = 0x9000, .size = 0x1000, .offset = 0x3001}, file.get()).error().code,
              EINVAL);
    EXPECT_EQ(map_.map({.iova = 0x9000, .size = top, .offset = 2}, file.get()).error().code,
              EINVAL);
    mine.data()[0x3000] = std::byte{1};
    mine.data()[0] = std::byte{2};
    auto section = map_.enter();
    EXPECT_EQ(*section.read_object<std::uint8_t>(0), 1U);
    EXPECT_EQ(*section.read_object<std::uint8_t>(0x1000), 2U);
    // One mapping: the second region lies 0x3000 bytes before the first in this process.
    EXPECT_EQ(section.segment(0, 1, Access::read)->data() -
                  section.segment(0x1000, 1, Access::read)->data(),
              0x3000);
}

TEST_F(DmaTest, MapsReadOnlyFilesForReadingOnly) {
    const Fd file = std::move(make_memfd("rom", 0x1000)).value();
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    const Fd read_only(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(read_only);
    EXPECT_EQ(map_.map({.iova = 0, .size = 0x1000}, read_only.get()).error().code, EACCES);
    EXPECT_TRUE(map_.map({.iova = 0, .size = 0x1000, .access = Access::read}, read_only.get()));
    EXPECT_TRUE(map_.enter().read_object<std::uint8_t>(0));
    // A writable region of the same file needs, and gets, a mapping of its own.
    EXPECT_TRUE(map_.map({.iova = 0x1000, .size = 0x1000}, file.get()));
    EXPECT_TRUE(map_.enter().write_object(0x1000, std::uint8_t{3}));
    EXPECT_EQ(*map_.enter().read_object<std::uint8_t>(0), 3U);
}

TEST_F(DmaTest, WordsAreAlignedAndWhole) {
    alignas(8) std::array<std::byte, 64> ram{};
    ASSERT_TRUE(map_.map_memory(0x1000, std::span(ram).first(4)));
    ASSERT_TRUE(map_.map_memory(0x1004, std::span(ram).subspan(8, 8)));
    auto section = map_.enter();
    ASSERT_TRUE(section.store_release(0x1000, Le<std::uint32_t>(5)));
    EXPECT_EQ(*section.load_acquire<Le<std::uint32_t>>(0x1000), 5U);
    EXPECT_FALSE(section.load_acquire<Le<std::uint32_t>>(0x1002));
    EXPECT_FALSE(section.load_acquire<Le<std::uint64_t>>(0x1000)); // in two pieces
    EXPECT_EQ(*section.load_acquire<std::uint16_t>(0x1006), 0U);
}

TEST_F(DmaTest, BorrowedMemoryIsReadWhileItIsTheSame) {
    auto ram = pattern(0x2000);
    ASSERT_TRUE(map_.map_memory(0, std::span(ram).first(0x1000)));
    ASSERT_TRUE(map_.map_memory(0x1000, std::span(ram).last(0x1000)));
    const DmaReference reference = *map_.enter().borrow(0xff0, 0x20);
    std::array<std::byte, 0x10> out{};
    ASSERT_TRUE(map_.enter().read(reference, 0x10, out));
    EXPECT_TRUE(std::equal(out.begin(), out.end(), ram.begin() + 0x1000));
    EXPECT_FALSE(map_.enter().read(reference, 0x11, out));
    EXPECT_FALSE(map_.enter().read(reference, 0xffffffff, out));

    std::vector<std::byte> other(0x1000);
    ASSERT_TRUE(map_.map_memory(0x8000, other)); // elsewhere: no matter
    EXPECT_TRUE(map_.enter().validate(reference));
    ASSERT_TRUE(map_.unmap(0x1000, 0x1000));
    EXPECT_EQ(map_.enter().validate(reference).error().reason, DmaFaultReason::unmapped);
    ASSERT_TRUE(map_.map_memory(0x1000, std::span(ram).last(0x1000)));
    const auto stale = map_.enter().validate(reference);
    EXPECT_EQ(stale.error().reason, DmaFaultReason::stale);
    EXPECT_EQ(stale.error().iova, 0x1000U);
    EXPECT_FALSE(map_.enter().borrow(0x3000, 1));
    EXPECT_TRUE(map_.enter().validate(*map_.enter().borrow(0x50, 0)));
}

TEST_F(DmaTest, CopiesBetweenGuests) {
    DmaMap target;
    target.set_bus_master(true);
    auto from = pattern(0x1800);
    std::vector<std::byte> to(0x1800);
    ASSERT_TRUE(map_.map_memory(0, std::span(from).first(0x800)));
    ASSERT_TRUE(map_.map_memory(0x800, std::span(from).last(0x1000)));
    ASSERT_TRUE(target.map_memory(0x10000, std::span(to).first(0x1000)));
    ASSERT_TRUE(target.map_memory(0x11000, std::span(to).last(0x800)));
    {
        auto source_section = map_.enter();
        auto target_section = target.enter();
        ASSERT_TRUE(copy(source_section, 0, target_section, 0x10000, 0x1800));
        EXPECT_EQ(from, to);
        const auto reference = *source_section.borrow(0x10, 0x100);
        ASSERT_TRUE(copy(source_section, reference, 0x20, target_section, 0x10000, 0x10));
        EXPECT_EQ(to[0], from[0x30]);
        EXPECT_FALSE(copy(source_section, reference, 0xf8, target_section, 0x10000, 0x10));
        const auto missed = copy(source_section, 0, target_section, 0x11000, 0x801);
        EXPECT_TRUE(missed.error().write);
        EXPECT_EQ(missed.error().iova, 0x11800U);
        EXPECT_FALSE(copy(source_section, 0x1000, target_section, 0x10000, 0x801).error().write);
    }
    EXPECT_EQ(map_.counters().read_bytes.value(), 0x1810U);
    EXPECT_EQ(target.counters().write_bytes.value(), 0x1810U);
}

TEST_F(DmaTest, CopiesWithinOneGuestThoughItOverlaps) {
    auto ram = pattern(0x100);
    const auto before = ram;
    ASSERT_TRUE(map_.map_memory(0, ram));
    auto section = map_.enter();
    ASSERT_TRUE(copy(section, 0, section, 8, 0x80));
    EXPECT_TRUE(std::equal(ram.begin() + 8, ram.begin() + 0x88, before.begin()));
}

TEST_F(DmaTest, MapsMoreWithoutWaitingForReaders) {
    std::vector<std::byte> ram(4096);
    ASSERT_TRUE(map_.map_memory(0, ram));
    auto section = map_.enter();
    ASSERT_TRUE(map_.map_memory(4096, ram)); // would wait for ourselves for ever
    EXPECT_TRUE(section.read_object<std::uint8_t>(0));
}

// The host maps, is answered, and stores a tail that the device reads in a section it began before.
TEST_F(DmaTest, MapsCountAtOnceAlsoInOpenSections) {
    auto ram = pattern(0x4000);
    ASSERT_TRUE(map_.map_memory(0x1000, std::span(ram).first(0x1000)));
    auto section = map_.enter();
    EXPECT_EQ(*section.read_object<std::uint8_t>(0x1001), 7U);
    EXPECT_FALSE(section.read_object<std::uint8_t>(0x3000));
    ASSERT_TRUE(map_.map_memory(0x3000, std::span(ram).subspan(0x1000, 0x1000)));
    EXPECT_TRUE(section.read_object<std::uint8_t>(0x3000));
    ASSERT_TRUE(map_.map_memory(0x2000, std::span(ram).subspan(0x2000, 0x1000)));
    EXPECT_TRUE(section.check(0x1000, 0x3000, Access::read_write));
    ASSERT_TRUE(map_.map_memory(0x4000, std::span(ram).subspan(0x3000, 0x1000), Access::read));
    const auto reference = section.borrow(0x3800, 0x1000);
    ASSERT_TRUE(reference);
    EXPECT_TRUE(section.validate(*reference));
    EXPECT_EQ(section.write_object(0x4000, std::uint8_t{1}).error().reason,
              DmaFaultReason::permission);
    EXPECT_FALSE(section.read_object<std::uint8_t>(0x5000));
    EXPECT_EQ(map_.counters().faults.value(), 3U) << "misses of the newest table only";
}

TEST_F(DmaTest, TakesThousandsOfMaps) {
    std::vector<std::byte> ram(4096);
    constexpr std::uint64_t count = 4096;
    for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_TRUE(map_.map_memory((count - i) * 0x2000, ram));
    }
    auto faults = count;
    {
        auto section = map_.enter();
        for (std::uint64_t i = 1; i <= count; ++i) {
            EXPECT_TRUE(section.read_object<std::uint8_t>(i * 0x2000));
            faults -= section.read_object<std::uint8_t>(i * 0x2000 - 1) ? 0 : 1;
        }
    }
    EXPECT_EQ(faults, 0U);
    EXPECT_EQ(*map_.unmap(0, ~std::uint64_t{0}), count * 4096);
}

TEST_F(DmaTest, CountsAccesses) {
    std::vector<std::byte> ram(4096);
    ASSERT_TRUE(map_.map_memory(0, ram));
    {
        auto section = map_.enter();
        (void)section.read_object<std::uint64_t>(0);
        (void)section.write_object(0, std::uint32_t{1});
        (void)section.load_acquire<std::uint16_t>(0);
    }
    EXPECT_EQ(map_.counters().reads.value(), 2U);
    EXPECT_EQ(map_.counters().read_bytes.value(), 10U);
    EXPECT_EQ(map_.counters().writes.value(), 1U);
    EXPECT_EQ(map_.counters().write_bytes.value(), 4U);
}

} // namespace
} // namespace mo::pcie
