// SPDX-License-Identifier: GPL-2.0-or-later
// What reads a configuration strictly, for the kinds that have a list in it: a wrong type, a value
// out of range, an unknown key and one that comes twice are mistakes, which name the line.
//
// Mistakes are thrown while a file is read, and become a Result in config.cpp, nowhere else.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace mo::ofemu::yaml {

/// A mistake in the file.
class Mistake : public std::runtime_error {
  public:
    Mistake(const YAML::Mark& mark, const std::string& text)
        : std::runtime_error(text), line_(mark.line + 1) {}
    [[nodiscard]] int line() const noexcept { return line_; }

  private:
    int line_;
};

[[noreturn]] void reject(const YAML::Node& node, const std::string& text);

[[nodiscard]] std::string scalar(const YAML::Node& node, const std::string& key);
[[nodiscard]] bool boolean(const YAML::Node& node, const std::string& key);
/// A path that fits a socket's address.
[[nodiscard]] std::string socket_path(const YAML::Node& node, const std::string& key);
/// 1 to 32 letters, digits, '_', '.' or '-'.
[[nodiscard]] std::string name_of(const YAML::Node& node, const std::string& key);

/// A number from `least` to `most`; `unit` is for the message (" m").
template <typename T>
T number(const YAML::Node& node, const std::string& key, T least, T most, const char* unit) {
    const std::string text = scalar(node, key);
    T value{};
    if (!YAML::convert<T>::decode(node, value) || !(value >= least && value <= most) ||
        (std::is_unsigned_v<T> && text.front() == '-')) {
        std::ostringstream message;
        message << key << " must be a number from " << least << " to " << most << unit << ", not \""
                << text << '"';
        reject(node, message.str());
    }
    return value;
}

/// "a, b, c" of the names of what is known.
template <typename Range, typename NameOf>
std::string listed(const Range& range, NameOf name_of_item, const char* between = ", ") {
    std::string names;
    for (const auto& item : range) {
        names += (names.empty() ? "" : between) + std::string(name_of_item(item));
    }
    return names;
}

using Handlers = std::map<std::string, std::function<void(const YAML::Node&)>>;

/// Walks a mapping: every key must be known and come once; those of `required` must come.
void walk(const YAML::Node& node, const std::string& what, const Handlers& handlers,
          std::initializer_list<const char*> required);

/// Visits the entries of a list; nothing is an empty list.
void each(const YAML::Node& node, const std::string& what,
          const std::function<void(const YAML::Node&)>& visit);

/// What may be used once in a file: names, sockets, addresses, ends.
class Used {
  public:
    /// False: `value` is used as a `what` already.
    bool take(const std::string& what, const std::string& value) {
        return taken_[what].insert(value).second;
    }
    /// The same, and that is a mistake at `node`, which shows it.
    void once(const YAML::Node& node, const std::string& what, const std::string& value) {
        if (!take(what, value)) {
            reject(node, what + " \"" + node.Scalar() + "\" is used twice");
        }
    }

  private:
    std::map<std::string, std::set<std::string>> taken_;
};

} // namespace mo::ofemu::yaml
