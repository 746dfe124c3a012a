// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "common/utf8.hpp"

namespace mo {
namespace {

TEST(Utf8, PrintableLeavesNothingThatControlsATerminal) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"plain text, \\ and all", "plain text, \\ and all"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
        {"a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f"},
        {"\xc2\x9b"
         "2J",
         "\\xc2\\x9b2J"},  // CSI of C1
        {"\x9b", "\\x9b"}, // the same in ISO 8859-1
        {"\xe2\x80\xae"
         "evil",
         "\\xe2\\x80\\xaeevil"}, // right to left from here
        {"\xff\xc3", "\\xff\\xc3"},
        {std::string(1, '\0'), "\\x00"}};
    for (const auto& [text, shown] : rows) {
        EXPECT_EQ(utf8::printable(text), shown);
        EXPECT_TRUE(utf8::is_valid(utf8::printable(text)));
    }
}

TEST(Utf8, AppendedCharactersAreValid) {
    for (const std::uint32_t code :
         {0U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xd7ffU, 0xe000U, 0xffffU, 0x10000U, 0x10ffffU}) {
        std::string text;
        utf8::append(text, code);
        EXPECT_EQ(utf8::length(text), text.size()) << code;
    }
    for (const char* const bad : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80", "\xf8", "\xc3", "\xe2\x82"}) {
        EXPECT_EQ(utf8::length(bad), 0U);
        EXPECT_FALSE(utf8::is_valid(std::string("a") + bad));
    }
}

} // namespace
} // namespace mo
