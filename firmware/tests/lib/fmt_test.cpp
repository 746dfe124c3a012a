// SPDX-License-Identifier: GPL-2.0-or-later
// Formatted text, the error list, the log's way to its register and its sink.
#include <gtest/gtest.h>

#include <cstdarg>
#include <set>
#include <string>

#include "lib/error.h"
#include "lib/fmt.h"

namespace {

void append(void* ctx, char c) {
    static_cast<std::string*>(ctx)->push_back(c);
}

/// Not known to the compiler as a formatting function: odd formats must get through.
std::string text(const char* format, ...) {
    std::string result;
    va_list args;
    va_start(args, format);
    mo_vformat(append, &result, format, args);
    va_end(args);
    return result;
}

TEST(Fmt, Conversions) {
    EXPECT_EQ(text("plain"), "plain");
    EXPECT_EQ(text("%d %d %d", 0, -1, 2147483647), "0 -1 2147483647");
    EXPECT_EQ(text("%d", static_cast<int>(0x80000000U)), "-2147483648");
    EXPECT_EQ(text("%u %x", 4294967295U, 0xdeadbeefU), "4294967295 deadbeef");
    EXPECT_EQ(text("%s|%c|%%", "str", 'c'), "str|c|%");
    EXPECT_EQ(text("%s", static_cast<const char*>(nullptr)), "(null)");
    EXPECT_EQ(text("%llu %llx %lld", 18446744073709551615ULL, 0x123456789abcdefULL,
                   static_cast<long long>(0x8000000000000000ULL)),
              "18446744073709551615 123456789abcdef -9223372036854775808");
}

TEST(Fmt, Widths) {
    EXPECT_EQ(text("[%4u][%04u][%2u]", 42U, 42U, 12345U), "[  42][0042][12345]");
    EXPECT_EQ(text("[%5d][%05d]", -42, -42), "[  -42][-0042]");
    EXPECT_EQ(text("[%5s][%08x]", "ab", 0x1fU), "[   ab][0000001f]");
}

TEST(Fmt, UnknownConversionsStandAsTheyAre) {
    EXPECT_EQ(text("a%qb", 0), "a%qb");
    EXPECT_EQ(text("a%"), "a%");
    EXPECT_EQ(text("a%5", 0), "a%5");
}

TEST(Fmt, CutsAndTellsTheWholeLength) {
    char buffer[5] = {'x', 'x', 'x', 'x', 'x'};
    EXPECT_EQ(mo_format(buffer, 4, "%s", "abcdef"), 6U);
    EXPECT_STREQ(buffer, "abc");
    EXPECT_EQ(buffer[4], 'x');
    EXPECT_EQ(mo_format(buffer, 0, "%s", "abcdef"), 6U);
    EXPECT_STREQ(buffer, "abc");
    EXPECT_EQ(mo_format(buffer, sizeof(buffer), "%04u", 7U), 4U);
    EXPECT_STREQ(buffer, "0007");
}

TEST(Error, NumbersAreDistinctAndHaveTexts) {
    std::set<std::uint32_t> values{MO_OK};
#define X(name, a, b, n, message)                                                                  \
    EXPECT_TRUE(values.insert(MO_ERR_##name).second) << #name;                                     \
    EXPECT_STREQ(mo_error_text(MO_ERR_##name), message);
    MO_ERRORS(X)
#undef X
    EXPECT_STREQ(mo_error_text(MO_OK), "no error");
    EXPECT_STREQ(mo_error_text(static_cast<mo_error>(0x7fffffff)), "unknown error");
}

} // namespace
