// SPDX-License-Identifier: GPL-2.0-or-later
// Json against another implementation, on texts that are right, nearly right and hostile.
#include <chrono>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

#include "common/json.hpp"

namespace mo {
namespace {

TEST(Json, ReadsWhatItWrites) {
    const char* const text =
        R"({"a":[1,-2,0.5,true,false,null,"x\"\\\n"],"b":{"c":18446744073709551615},"d":[],"e":{}})";
    const auto value = Json::parse(text);
    ASSERT_TRUE(value);
    EXPECT_EQ(value->dump(), text);
    const auto pretty = Json::parse(value->dump(true));
    ASSERT_TRUE(pretty);
    EXPECT_EQ(pretty->dump(), text);
}

TEST(Json, WritesValidUtf8WhateverAStringHolds) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"\xffx", "\"\xef\xbf\xbdx\""},
        {"a\xc3", "\"a\xef\xbf\xbd\""},                               // cut off
        {"\xc3\"", "\"\xef\xbf\xbd\\\"\""},                           // does not swallow the quote
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, // a surrogate
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 // overlong
        {"\x80\xe4", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {std::string("\0\x1b[2J\x7f\xc2\x9b", 8), "\"\\u0000\\u001b[2J\\u007f\\u009b\""},
        {"\xc2\xa0", "\"\xc2\xa0\""}};
    for (const auto& [text, written] : rows) {
        EXPECT_EQ(Json(text).dump(), written);
        EXPECT_FALSE(nlohmann::json::parse(written, nullptr, false).is_discarded()) << written;
    }
    Json named = Json::object();
    named.set("\xff", 1);
    EXPECT_EQ(named.dump(), "{\"\xef\xbf\xbd\":1}");
    for (unsigned first = 0; first < 0x100; ++first) {
        for (const char second :
             {'\0', '"', '\\', '\x7f', '\x80', '\x9f', '\xa0', '\xbf', '\xff'}) {
            const std::string text = {static_cast<char>(first), second};
            ASSERT_TRUE(Json::parse(Json(text).dump())) << first;
            ASSERT_FALSE(nlohmann::json::parse(Json(text).dump(), nullptr, false).is_discarded())
                << first;
        }
    }
}

TEST(Json, BoundsDepth) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(Json::parse(nested(64)));
    EXPECT_FALSE(Json::parse(nested(66)));
    EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')));
}

TEST(Json, ManyMembersTakeNoLongTime) {
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) {
        text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(Json::parse(text + "}"));
    EXPECT_FALSE(Json::parse(text + ",\"5\":0}")) << "a member twice";
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

/// Accepted by both, or by none; and then the same value. Where ours is stricter on purpose
/// (members that come twice, depth), the other's opinion does not count.
void compare(const std::string& text) {
    const auto ours = Json::parse(text);
    const auto theirs = nlohmann::json::parse(text, nullptr, false);
    if (ours) {
        ASSERT_FALSE(theirs.is_discarded()) << text;
        EXPECT_EQ(nlohmann::json::parse(ours->dump()), theirs) << text;
        return;
    }
    if (!theirs.is_discarded()) {
        bool twice = false;
        std::vector<std::set<std::string>> open;
        const auto read = nlohmann::json::parse(
            text, [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
                using Event = nlohmann::json::parse_event_t;
                if (event == Event::object_start) {
                    open.emplace_back();
                } else if (event == Event::object_end) {
                    open.pop_back();
                } else if (event == Event::key) {
                    twice = !open.back().insert(parsed.get<std::string>()).second || twice;
                }
                return true;
            });
        EXPECT_TRUE(twice) << text << read.size();
    }
}

TEST(Json, AgreesWithAnotherParser) {
    const std::vector<std::string> seeds = {
        R"({"argv": ["cut", "fibre0", "--lane", "3"], "n": [0, -0, 1e3, -1.25E-2, 123456789012]})",
        R"(["\u00e4\ud83d\ude00\u0000", "\/\b\f\r\t", "ä€😀", true, false, null])",
        R"({"a": {"b": {"c": [[], {}, [{}]]}}, "d": 18446744073709551615, "e": -9223372036854775808})"};
    const std::string alphabet =
        "{}[]\",:.0123456789+-eEtrufalsn\\ \t\n\x01\x7f\xc3\xa4\xed\xa0\xff";
    std::uint64_t state = 1;
    const auto random = [&state](std::size_t bound) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::size_t>((state >> 33U) % bound);
    };
    for (int round = 0; round < 20'000; ++round) {
        std::string text = seeds[random(seeds.size())];
        for (std::size_t edits = random(4); edits-- > 0 && !text.empty();) {
            const std::size_t at = random(text.size());
            switch (random(4)) {
            case 0:
                text[at] = alphabet[random(alphabet.size())];
                break;
            case 1:
                text.erase(at, 1 + random(4));
                break;
            case 2:
                text.insert(at, 1, alphabet[random(alphabet.size())]);
                break;
            default:
                text.insert(at, text.substr(random(text.size()), random(12)));
            }
        }
        compare(text);
    }
}

} // namespace
} // namespace mo
