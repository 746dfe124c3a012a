// SPDX-License-Identifier: GPL-2.0-or-later
// Arguments: a command line taken apart strictly: words in order, options anywhere, everything
// must be used and in range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace mo::control {

class Arguments {
  public:
    explicit Arguments(std::vector<std::string> words) : words_(std::move(words)) {}

    /// The value of `--name VALUE` or `--name=VALUE`, which is taken out; nullopt: not there.
    /// Options have to be taken before words.
    std::optional<std::string> option(std::string_view name);

    /// Is `word` there (`--json`)? It is taken out.
    bool flag(std::string_view word);

    /// The next word. Missing: an error that names `what`, once for all; the word is then empty.
    std::string word(std::string_view what);
    /// The next word, or nothing.
    std::optional<std::string> optional_word();
    /// Is there another word?
    [[nodiscard]] bool more() const noexcept { return !words_.empty(); }

    /// `text` as a number in [least, most]; else an error that names `what`.
    double number(const std::string& text, std::string_view what, double least, double most);
    std::uint64_t integer(const std::string& text, std::string_view what, std::uint64_t least,
                          std::uint64_t most);
    /// `text` must be one of two words; true for the first.
    bool either(const std::string& text, std::string_view what, std::string_view yes,
                std::string_view no);

    /// Notes an error; the first one stays.
    void reject(std::string text);
    /// All words that are left; for who does not look into them.
    std::vector<std::string> rest();
    /// Everything was used, and nothing was wrong. To be checked before anything is done.
    Result<void> finish();

  private:
    std::vector<std::string> words_;
    std::string error_;
};

} // namespace mo::control
