// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "ofctl/command_line.hpp"

namespace mo::ofctl {
namespace {

using Words = std::vector<std::string>;

/// The flags that are set, by their letters.
std::string flags(const Options& options) {
    std::string letters;
    letters += options.json ? "j" : "";
    letters += options.pretty ? "p" : "";
    letters += options.statistics ? "s" : "";
    letters += options.details ? "d" : "";
    letters += options.timestamps ? "t" : "";
    return letters;
}

TEST(CommandLine, LettersCombineInAnyOrder) {
    for (const char* const word : {"-js", "-sj"}) {
        const auto line = parse_command_line({word, "port", "show"});
        ASSERT_TRUE(line) << word;
        EXPECT_EQ(flags(line->options), "js") << word;
        EXPECT_EQ(line->words, (Words{"port", "show"}));
    }
    EXPECT_EQ(flags(parse_command_line({"-jpsdt"})->options), "jpsdt");
    EXPECT_EQ(flags(parse_command_line({"-st"})->options), "st") << "statistics and timestamp";
}

TEST(CommandLine, OptionsMayStandAnywhere) {
    for (const Words& words : std::vector<Words>{{"-j", "port", "show", "ens3", "-s"},
                                                 {"port", "-js", "show", "ens3"},
                                                 {"port", "show", "ens3", "--json", "--stat"}}) {
        const auto line = parse_command_line(words);
        ASSERT_TRUE(line);
        EXPECT_EQ(flags(line->options), "js");
        EXPECT_EQ(line->words, (Words{"port", "show", "ens3"}));
    }
    const auto ended = parse_command_line({"port", "show", "--", "-j"});
    ASSERT_TRUE(ended);
    EXPECT_EQ(flags(ended->options), "");
    EXPECT_EQ(ended->words, (Words{"port", "show", "-j"}));
}

TEST(CommandLine, LongNamesWithOneOrTwoDashes) {
    const std::vector<std::pair<const char*, const char*>> same = {
        {"--json", "j"},   {"-json", "j"},   {"--pre", "p"},       {"-pretty", "p"}, {"-jso", "j"},
        {"-details", "d"}, {"-statis", "s"}, {"--timestamp", "t"}, {"-ti", "t"}};
    for (const auto& [word, expected] : same) {
        const auto line = parse_command_line({word});
        ASSERT_TRUE(line) << word << ": " << line.error().text;
        EXPECT_EQ(flags(line->options), expected) << word;
    }
}

TEST(CommandLine, NamespacesInEveryForm) {
    for (const Words& words : std::vector<Words>{{"-n", "blue", "dev"},
                                                 {"-nblue", "dev"},
                                                 {"-netns", "blue", "dev"},
                                                 {"--netns=blue", "dev"},
                                                 {"dev", "-jn", "blue"},
                                                 {"-nblue", "dev", "-n", "blue"}}) {
        const auto line = parse_command_line(words);
        ASSERT_TRUE(line) << words[0];
        EXPECT_EQ(line->netns, "blue") << words[0];
        EXPECT_EQ(line->words, Words{"dev"}) << words[0];
    }
}

TEST(CommandLine, WhatElseItMayAskFor) {
    using Action = CommandLine::Action;
    const std::vector<std::pair<const char*, Action>> rows = {
        {"-h", Action::help},
        {"--help", Action::help},
        {"-V", Action::version},
        {"-Version", Action::version},
        {"--version", Action::version},
        {"--man-page", Action::man_page},
        {"--bash-completion", Action::bash_completion}};
    for (const auto& [word, action] : rows) {
        const auto line = parse_command_line({word});
        ASSERT_TRUE(line) << word;
        EXPECT_EQ(line->action, action) << word;
    }
}

TEST(CommandLine, SaysWhatIsWrong) {
    const std::vector<std::pair<Words, const char*>> wrong = {
        {{"-x"}, "option \"-x\" is not known"},
        {{"-jx", "port"}, "option \"-x\" is not known"},
        {{"lane", "show", "lane", "-1"}, "option \"-1\" is not known"},
        {{"port", "--nothing"}, "option \"--nothing\" is not known"},
        {{"--json=1"}, "option \"--json\" takes no value"},
        {{"port", "show", "-n"}, "option \"--netns\" needs a value"},
        {{"--netns"}, "option \"--netns\" needs a value"},
        {{"-n", "blue", "dev", "--netns=red"},
         "option \"--netns\" is given twice: \"blue\" and \"red\""}};
    for (const auto& [words, text] : wrong) {
        const auto line = parse_command_line(words);
        ASSERT_FALSE(line) << words[0];
        EXPECT_NE(line.error().text.find(text), std::string::npos) << line.error().text;
    }
}

} // namespace
} // namespace mo::ofctl
