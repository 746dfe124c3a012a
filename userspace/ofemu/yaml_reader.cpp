// SPDX-License-Identifier: GPL-2.0-or-later
#include "yaml_reader.hpp"

#include <sys/un.h>

namespace mo::ofemu::yaml {

void reject(const YAML::Node& node, const std::string& text) {
    throw Mistake(node.Mark(), text);
}

std::string scalar(const YAML::Node& node, const std::string& key) {
    if (!node.IsScalar()) {
        reject(node, key + " must be a single value");
    }
    return node.Scalar();
}

bool boolean(const YAML::Node& node, const std::string& key) {
    bool value = false;
    if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
        reject(node, key + " must be true or false");
    }
    return value;
}

std::string socket_path(const YAML::Node& node, const std::string& key) {
    const std::string path = scalar(node, key);
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    if (path.empty() || path.size() > longest) {
        reject(node, key + " must be a path of 1 to " + std::to_string(longest) +
                         " characters, not \"" + path + "\"");
    }
    return path;
}

std::string name_of(const YAML::Node& node, const std::string& key) {
    const std::string name = scalar(node, key);
    constexpr std::size_t longest = 32;
    const bool good = !name.empty() && name.size() <= longest &&
                      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_.-") == std::string::npos;
    if (!good) {
        reject(node,
               key + " must be 1 to 32 letters, digits, '_', '.' or '-', not \"" + name + "\"");
    }
    return name;
}

namespace {

[[noreturn]] void reject_unknown(const YAML::Node& key, const std::string& what,
                                 const Handlers& handlers) {
    reject(key, what + " has no key \"" + key.Scalar() + "\"; known are: " +
                    listed(handlers, [](const auto& known) { return known.first; }));
}

[[noreturn]] void reject_twice(const YAML::Node& key, const std::string& what) {
    reject(key, what + " has the key \"" + key.Scalar() + "\" twice");
}

} // namespace

void walk(const YAML::Node& node, const std::string& what, const Handlers& handlers,
          std::initializer_list<const char*> required) {
    if (!node.IsMap()) {
        reject(node, what + " must be a mapping (key: value)");
    }
    const std::string of_key = "a key of " + what;
    std::set<std::string> seen;
    for (const auto& pair : node) {
        const std::string key = scalar(pair.first, of_key);
        const auto handler = handlers.find(key);
        if (handler == handlers.end()) {
            reject_unknown(pair.first, what, handlers);
        }
        if (!seen.insert(key).second) {
            reject_twice(pair.first, what);
        }
        handler->second(pair.second);
    }
    for (const char* const key : required) {
        if (seen.count(key) == 0) {
            reject(node, what + " lacks the key \"" + key + "\"");
        }
    }
}

void each(const YAML::Node& node, const std::string& what,
          const std::function<void(const YAML::Node&)>& visit) {
    if (node.IsNull()) {
        return;
    }
    if (!node.IsSequence()) {
        reject(node, what + " must be a list");
    }
    for (const auto& entry : node) {
        visit(entry);
    }
}

} // namespace mo::ofemu::yaml
