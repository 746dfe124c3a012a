// SPDX-License-Identifier: GPL-2.0-or-later
// Result, byte order types, byte cursors, the hardware interface's types.
#include <array>
#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>

#include "common/bytes.hpp"
#include "common/hw.hpp"
#include "common/result.hpp"

namespace mo {
namespace {

Result<int> positive(int value) {
    if (value <= 0) {
        return fail(EINVAL, "not positive");
    }
    return value;
}

TEST(Result, CarriesValueOrError) {
    const auto good = positive(3);
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 3);
    const auto bad = positive(-1);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, EINVAL);
    EXPECT_EQ(bad.error().message(), "not positive: Invalid argument");
    EXPECT_EQ(bad.value_or(7), 7);
}

TEST(Result, ChainsUntilTheFirstError) {
    const auto twice = [](int value) { return Result<int>(2 * value); };
    EXPECT_EQ(*positive(4).and_then(twice), 8);
    EXPECT_EQ(positive(0).and_then(twice).error().code, EINVAL);
}

TEST(Result, HoldsMoveOnlyValues) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
    const std::unique_ptr<int> taken = std::move(result).value();
    EXPECT_EQ(*taken, 5);
}

TEST(Result, VoidIsSuccessUnlessAnError) {
    const Result<void> good;
    EXPECT_TRUE(good);
    const Result<void> bad = fail(ENOENT, "nothing");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ENOENT);
}

template <typename T>
std::array<unsigned char, sizeof(T)> bytes_of(const T& value) {
    std::array<unsigned char, sizeof(T)> bytes{};
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
}

TEST(Endian, FixesTheOrderInMemory) {
    EXPECT_EQ(bytes_of(Le<std::uint32_t>(0x11223344)),
              (std::array<unsigned char, 4>{0x44, 0x33, 0x22, 0x11}));
    EXPECT_EQ(bytes_of(Be<std::uint16_t>(0x1122)), (std::array<unsigned char, 2>{0x11, 0x22}));
    EXPECT_EQ(bytes_of(Be<std::uint64_t>(1))[7], 1);
}

TEST(Endian, ConvertsAndCombines) {
    Be<std::uint32_t> value(0xf0);
    value |= 0x0f;
    EXPECT_EQ(value, 0xffU);
    value &= 0x3c;
    value += 4;
    EXPECT_EQ(value.value(), 0x40U);
}

TEST(HardwareInterface, FieldsAreLittleEndian) {
    static_assert(std::is_same_v<hw::__le32, Le<std::uint32_t>>);
    EXPECT_EQ(bytes_of(hw::__le64(MO_MAGIC))[0], MO_MAGIC & 0xff);
}

TEST(ByteReader, ReadsInBothOrders) {
    const std::array<std::byte, 7> bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                         std::byte{5}, std::byte{6}, std::byte{7}};
    ByteReader reader(bytes);
    EXPECT_EQ(reader.u8(), 1);
    EXPECT_EQ(reader.le16(), 0x0302);
    EXPECT_EQ(reader.be32(), 0x04050607U);
    EXPECT_TRUE(reader.finished());
}

TEST(ByteReader, FailureSticksAndYieldsZero) {
    const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
    ByteReader reader(bytes);
    EXPECT_EQ(reader.le32(), 0U);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.u8(), 0); // though a byte would be there
    EXPECT_FALSE(reader.finished());
    EXPECT_TRUE(reader.bytes(1).empty());
}

TEST(ByteReader, RefusesLengthsThatWouldWrap) {
    const std::array<std::byte, 4> bytes{};
    ByteReader reader(bytes);
    reader.skip(2);
    EXPECT_TRUE(reader.bytes(~std::size_t{0}).empty());
    EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, WritesAndStopsAtTheEnd) {
    std::array<std::byte, 8> bytes{};
    ByteWriter writer(bytes);
    writer.be16(0x0102);
    writer.le32(0x06050403);
    EXPECT_EQ(writer.size(), 6U);
    writer.le64(1);
    EXPECT_FALSE(writer.ok());
    writer.u8(9);
    EXPECT_EQ(writer.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(std::to_integer<std::size_t>(bytes[i]), i + 1);
    }
    EXPECT_EQ(bytes[6], std::byte{0});
}

TEST(ByteWriter, ReservesPlaceForTheCaller) {
    std::array<std::byte, 4> bytes{std::byte{9}, std::byte{9}, std::byte{9}, std::byte{9}};
    ByteWriter writer(bytes);
    writer.zeros(1);
    const auto place = writer.reserve(3);
    ASSERT_EQ(place.size(), 3U);
    EXPECT_EQ(place.data(), bytes.data() + 1);
    EXPECT_TRUE(writer.reserve(1).empty());
    EXPECT_FALSE(writer.ok());
    EXPECT_EQ(bytes[0], std::byte{0});
}

} // namespace
} // namespace mo
