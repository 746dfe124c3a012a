// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "pcie/register_space.hpp"

namespace mo::pcie {
namespace {

class RegisterTest : public testing::Test {
  protected:
    RegisterTest() {
        space_.add({.name = "ID", .offset = 0x00, .reset = 0x4853454d});
        space_.add({.name = "CONTROL", .offset = 0x04, .writable = 0xff});
        space_.add({.name = "STATUS", .offset = 0x08, .reset = 0xf0, .write_1_clear = 0xff});
        space_.add({.name = "RING",
                    .offset = 0x10,
                    .width = 8,
                    .reset = 0x1000,
                    .writable = 0xfffffffffffff000});
        space_.add({.name = "BYTE", .offset = 0x20, .width = 1, .writable = 0xff});
    }

    RegisterSpace space_{"control", 4096};
};

TEST_F(RegisterTest, AppliesMasks) {
    space_.write(0x00, 4, 0);
    EXPECT_EQ(space_.read(0x00, 4), 0x4853454dU);
    space_.write(0x04, 4, 0xffffffff);
    EXPECT_EQ(space_.read(0x04, 4), 0xffU);
    space_.write(0x08, 4, 0x30);
    EXPECT_EQ(space_.read(0x08, 4), 0xc0U);
}

TEST_F(RegisterTest, TellsValueAndWhatWasWritten) {
    std::vector<std::uint64_t> seen;
    space_.on_write(0x04,
                    [&](std::uint64_t value, std::uint64_t written) { seen = {value, written}; });
    space_.write(0x04, 4, 0x1234);
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{0x34, 0x1234}));
    space_.on_read(0x00, [] { return 5; });
    EXPECT_EQ(space_.read(0x00, 4), 5U);
}

TEST_F(RegisterTest, TakesWideRegistersInHalves) {
    std::vector<std::uint64_t> seen;
    space_.on_write(0x10, [&](std::uint64_t value, std::uint64_t written) {
        seen.push_back(value);
        seen.push_back(written);
    });
    space_.write(0x10, 4, 0xabcde001);
    EXPECT_TRUE(seen.empty());
    space_.write(0x14, 4, 0x12);
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{0x12abcde000, 0x12abcde001}));
    space_.write(0x10, 8, 0x5000);
    EXPECT_EQ(seen[2], 0x5000U);
    EXPECT_EQ(space_.read(0x10, 8), 0x5000U);
}

TEST_F(RegisterTest, ReadsWideRegistersInOnePiece) {
    std::uint64_t counter = 0xffffffff;
    space_.on_read(0x10, [&] { return counter++; });
    EXPECT_EQ(space_.read(0x10, 4), 0xffffffffU);
    EXPECT_EQ(space_.read(0x14, 4), 0U); // held from the first read
    EXPECT_EQ(space_.read(0x14, 4), 1U); // a read of its own
}

TEST_F(RegisterTest, SplitsAndMergesOtherWidths) {
    space_.set(0x04, 0x55);
    EXPECT_EQ(space_.read(0x00, 8), 0x000000554853454dU);
    space_.write(0x00, 8, 0x00000077'00000000);
    EXPECT_EQ(space_.get(0x04), 0x77U);
    EXPECT_EQ(space_.read(0x01, 1), 0x45U);
    space_.write(0x20, 4, 0x11223344);
    EXPECT_EQ(space_.read(0x20, 4), 0x44U);
    EXPECT_EQ(space_.unknown_accesses(), 2U);
}

TEST_F(RegisterTest, AnswersZeroWhereNothingIs) {
    EXPECT_EQ(space_.read(0x100, 8), 0U);
    space_.write(0xfffffffffffffff8, 8, 1);
    EXPECT_EQ(space_.read(0x0c, 4), 0U);
    EXPECT_EQ(space_.unknown_accesses(), 3U);
}

TEST_F(RegisterTest, ResetRestoresValuesAndForgetsHalves) {
    space_.write(0x04, 4, 1);
    space_.write(0x10, 4, 0x9000);
    space_.reset();
    EXPECT_EQ(space_.get(0x04), 0U);
    EXPECT_EQ(space_.get(0x10), 0x1000U);
    std::uint64_t written = 0;
    space_.on_write(0x10, [&](std::uint64_t, std::uint64_t bus) { written = bus; });
    space_.write(0x14, 4, 1);
    EXPECT_EQ(written, 0x100000000U);
}

TEST_F(RegisterTest, CountsAndLists) {
    (void)space_.read(0x00, 4);
    space_.write(0x04, 4, 1);
    EXPECT_EQ(space_.counts(0x00).reads, 1U);
    EXPECT_EQ(space_.counts(0x04).writes, 1U);
    std::string names;
    space_.for_each([&](const RegisterSpec& spec, std::uint64_t, const RegisterCounts&) {
        names += spec.name + " ";
    });
    EXPECT_EQ(names, "ID CONTROL STATUS RING BYTE ");
    ASSERT_NE(space_.find("RING"), nullptr);
    EXPECT_EQ(space_.find("RING")->offset, 0x10U);
    EXPECT_EQ(space_.find("NONE"), nullptr);
}

TEST_F(RegisterTest, RefusesMistakesInTheTable) {
    const auto refusal = [&](RegisterSpec spec) {
        try {
            space_.add(std::move(spec));
        } catch (const FatalError& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(refusal({.name = "X", .offset = 0x14}), "control: register X overlaps RING");
    EXPECT_EQ(refusal({.name = "X", .offset = 0x18, .width = 8}), "accepted");
    EXPECT_EQ(refusal({.name = "Y", .offset = 0x00, .width = 8}),
              "control: register Y overlaps ID");
    EXPECT_NE(refusal({.name = "X", .offset = 0x42}), "accepted");
    EXPECT_NE(refusal({.name = "X", .offset = 4096}), "accepted");
    EXPECT_NE(refusal({.name = "X", .offset = 0x40, .width = 3}), "accepted");
    EXPECT_NE(refusal({.name = "X", .offset = 0x40, .writable = 1, .write_1_clear = 1}),
              "accepted");
    EXPECT_NE(refusal({.name = "X", .offset = 0x40, .width = 2, .reset = 0x10000}), "accepted");
    EXPECT_THROW((void)space_.get(0x40), FatalError);
    EXPECT_THROW(space_.on_read(0x12, [] { return 0; }), FatalError);
}

} // namespace
} // namespace mo::pcie
