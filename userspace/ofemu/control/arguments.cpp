// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/arguments.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>
#include <utility>

namespace mo::control {

std::optional<std::string> Arguments::option(std::string_view name) {
    const std::string flag = "--" + std::string(name);
    for (auto place = words_.begin(); place != words_.end(); ++place) {
        if (*place == flag) {
            if (std::next(place) == words_.end()) {
                reject(flag + " needs a value");
                words_.erase(place);
                return std::nullopt;
            }
            std::string value = *std::next(place);
            words_.erase(place, place + 2);
            return value;
        }
        if (place->rfind(flag + "=", 0) == 0) {
            std::string value = place->substr(flag.size() + 1);
            words_.erase(place);
            return value;
        }
    }
    return std::nullopt;
}

bool Arguments::flag(std::string_view word) {
    const auto place = std::ranges::find(words_, word);
    if (place == words_.end()) {
        return false;
    }
    words_.erase(place);
    return true;
}

std::vector<std::string> Arguments::rest() {
    return std::exchange(words_, {});
}

std::string Arguments::word(std::string_view what) {
    auto found = optional_word();
    if (!found) {
        reject(std::string(what) + " is missing");
        return {};
    }
    return std::move(*found);
}

std::optional<std::string> Arguments::optional_word() {
    if (words_.empty()) {
        return std::nullopt;
    }
    std::string first = std::move(words_.front());
    words_.erase(words_.begin());
    // Those that the command knows have been taken.
    if (first.starts_with("--")) {
        reject("unknown option " + first);
    }
    return first;
}

double Arguments::number(const std::string& text, std::string_view what, double least,
                         double most) {
    double value = 0;
    const char* const last = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), last, value);
    if (parsed.ec != std::errc() || parsed.ptr != last || !(value >= least && value <= most)) {
        std::ostringstream message;
        message << what << " must be a number from " << least << " to " << most << ", not \""
                << text << '"';
        reject(message.str());
    }
    return value;
}

std::uint64_t Arguments::integer(const std::string& text, std::string_view what,
                                 std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const char* const last = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), last, value);
    if (parsed.ec != std::errc() || parsed.ptr != last || value < least || value > most) {
        reject(std::string(what) + " must be a whole number from " + std::to_string(least) +
               " to " + std::to_string(most) + ", not \"" + text + "\"");
    }
    return value;
}

bool Arguments::either(const std::string& text, std::string_view what, std::string_view yes,
                       std::string_view no) {
    if (text != yes && text != no) {
        reject(std::string(what) + " must be " + std::string(yes) + " or " + std::string(no) +
               ", not \"" + text + "\"");
    }
    return text == yes;
}

void Arguments::reject(std::string text) {
    if (error_.empty()) {
        error_ = std::move(text);
    }
}

Result<void> Arguments::finish() {
    if (error_.empty() && !words_.empty()) {
        reject(words_.front().starts_with("--") ? "unknown option " + words_.front()
                                                : "\"" + words_.front() + "\" is too much");
    }
    if (!error_.empty()) {
        return fail(EINVAL, error_);
    }
    return {};
}

} // namespace mo::control
