// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.hpp"

#include <sys/un.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "nic/nic.hpp"

namespace mo::ofemu {

namespace {

constexpr double longest_m = 100'000;
constexpr double largest_loss_db = 60;
constexpr std::uint32_t longest_poll_us = 1'000'000;
constexpr std::size_t longest_serial = 31;

/// A mistake in the file; thrown inside of this file only and made into a Result at its border.
class Mistake : public std::runtime_error {
  public:
    Mistake(const YAML::Mark& mark, const std::string& text)
        : std::runtime_error(text), line_(mark.line + 1) {}
    [[nodiscard]] int line() const noexcept { return line_; }

  private:
    int line_;
};

[[noreturn]] void reject(const YAML::Node& node, const std::string& text) {
    throw Mistake(node.Mark(), text);
}

std::string scalar(const YAML::Node& node, const std::string& key) {
    if (!node.IsScalar()) {
        reject(node, key + " must be a single value");
    }
    return node.Scalar();
}

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

std::array<std::uint8_t, 6> mac_address(const YAML::Node& node) {
    const std::string text = scalar(node, "mac");
    std::array<std::uint8_t, 6> mac{};
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < mac.size(); ++i) {
        const std::string octet = text.substr(3 * i, 2);
        good = octet.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos &&
               (i + 1 == mac.size() || text[3 * i + 2] == ':');
        if (good) {
            mac[i] = static_cast<std::uint8_t>(std::stoul(octet, nullptr, 16));
        }
    }
    if (!good || (mac[0] & 1U) != 0 || mac == std::array<std::uint8_t, 6>{}) {
        reject(node,
               "mac must be a unicast address such as 02:00:00:00:00:01, not \"" + text + "\"");
    }
    return mac;
}

/// "a, b, c" of the names of what is known.
template <typename Range, typename NameOf>
std::string listed(const Range& range, NameOf name_of_item) {
    std::string names;
    for (const auto& item : range) {
        names += (names.empty() ? "" : ", ") + std::string(name_of_item(item));
    }
    return names;
}

using Handlers = std::map<std::string, std::function<void(const YAML::Node&)>>;

/// Walks a mapping: every key must be known and come once; those of `required` must come.
void walk(const YAML::Node& node, const std::string& what, const Handlers& handlers,
          std::initializer_list<const char*> required) {
    if (!node.IsMap()) {
        reject(node, what + " must be a mapping (key: value)");
    }
    std::set<std::string> seen;
    for (const auto& pair : node) {
        const std::string key = scalar(pair.first, "a key of " + what);
        const auto handler = handlers.find(key);
        if (handler == handlers.end()) {
            reject(pair.first, what + " has no key \"" + key + "\"; known are: " +
                                   listed(handlers, [](const auto& known) { return known.first; }));
        }
        if (!seen.insert(key).second) {
            reject(pair.first, what + " has the key \"" + key + "\" twice");
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

class Parser {
  public:
    Config parse(const YAML::Node& root);

  private:
    void nic(const YAML::Node& node);
    void name_the_rest();
    void foreign(const YAML::Node& node);
    void link(const YAML::Node& node);
    /// What has a socket of its own, NICs and foreign peers: "name" and "socket" besides `more`.
    template <typename Entry>
    void socket_owner(const YAML::Node& node, const std::string& what, Entry& entry, Handlers more);
    /// Handler of a key whose value is a list: `add` for each entry.
    std::pair<const std::string, std::function<void(const YAML::Node&)>>
    list(const char* key, void (Parser::*add)(const YAML::Node&)) {
        return {key, [this, key, add](const YAML::Node& value) {
                    each(value, key, [this, add](const YAML::Node& entry) { (this->*add)(entry); });
                }};
    }
    void once(std::set<std::string>& known, const YAML::Node& node, const std::string& value,
              const std::string& what) {
        if (!known.insert(value).second) {
            reject(node, what + " \"" + value + "\" is used twice");
        }
    }

    Config config_;
    std::set<std::string> names_;   // NICs and foreign peers
    std::set<std::string> sockets_; // all kinds
    std::set<std::array<std::uint8_t, 6>> macs_;
    std::set<std::string> serials_, link_names_, used_ends_;
    std::vector<YAML::Node> end_nodes_;
};

template <typename Entry>
void Parser::socket_owner(const YAML::Node& node, const std::string& what, Entry& entry,
                          Handlers more) {
    more["name"] = [&](const YAML::Node& value) {
        entry.name = name_of(value, "name");
        once(names_, value, entry.name, "name");
    };
    more["socket"] = [&](const YAML::Node& value) {
        entry.socket = socket_path(value, "socket");
        once(sockets_, value, entry.socket, "socket");
    };
    walk(node, what, more, {"name", "socket"});
}

void Parser::nic(const YAML::Node& node) {
    NicEntry entry;
    socket_owner(node, "a NIC", entry,
                 {{"mac",
                   [&](const YAML::Node& value) {
                       entry.mac = mac_address(value);
                       if (!macs_.insert(entry.mac).second) {
                           reject(value, "mac \"" + value.Scalar() + "\" is used twice");
                       }
                   }},
                  {"serial",
                   [&](const YAML::Node& value) {
                       entry.serial = scalar(value, "serial");
                       if (entry.serial.empty() || entry.serial.size() > longest_serial) {
                           reject(value, "serial must be 1 to 31 characters long");
                       }
                       once(serials_, value, entry.serial, "serial");
                   }},
                  {"board",
                   [&](const YAML::Node& value) {
                       entry.board = scalar(value, "board");
                       if (nic::find_board(entry.board) == nullptr) {
                           reject(value, "board \"" + entry.board + "\" is not known; known are: " +
                                             listed(nic::all_boards(),
                                                    [](const auto& board) { return board.name; }));
                       }
                   }},
                  {"vectors", [&](const YAML::Node& value) {
                       entry.vectors =
                           number<std::uint16_t>(value, "vectors", 1, MO_MAX_VECTORS, "");
                   }}});
    if (entry.board.empty()) {
        entry.board = nic::all_boards().front().name;
    }
    config_.nics.push_back(std::move(entry));
}

/// Addresses and serial numbers of the NICs that the file gives none: by their place in it, or the
/// next that no NIC has. After all of them, so that what the file gives goes first.
void Parser::name_the_rest() {
    for (std::size_t i = 0; i < config_.nics.size(); ++i) {
        NicEntry& entry = config_.nics[i];
        const auto place = static_cast<std::uint32_t>(i) + 1;
        for (std::uint32_t n = place; entry.mac == std::array<std::uint8_t, 6>{}; ++n) {
            const std::array<std::uint8_t, 6> mac = {0x02,
                                                     0x4d,
                                                     0x4f, // locally administered
                                                     static_cast<std::uint8_t>(n >> 16U),
                                                     static_cast<std::uint8_t>(n >> 8U),
                                                     static_cast<std::uint8_t>(n)};
            if (macs_.insert(mac).second) {
                entry.mac = mac;
            }
        }
        for (std::uint32_t n = place; entry.serial.empty(); ++n) {
            constexpr std::size_t width = 4;
            std::string digits = std::to_string(n);
            digits.insert(0, width - std::min(width, digits.size()), '0');
            if (serials_.insert("MO-" + digits).second) {
                entry.serial = "MO-" + digits;
            }
        }
    }
}

void Parser::foreign(const YAML::Node& node) {
    ForeignEntry entry;
    socket_owner(node, "a foreign peer", entry, {});
    config_.foreign.push_back(std::move(entry));
}

void Parser::link(const YAML::Node& node) {
    LinkEntry entry;
    walk(node, "a link",
         {{"name",
           [&](const YAML::Node& value) {
               entry.name = name_of(value, "name");
               once(link_names_, value, entry.name, "link name");
           }},
          {"ends",
           [&](const YAML::Node& value) {
               if (!value.IsSequence() || value.size() != 2) {
                   reject(value, "ends must be a list of two names");
               }
               for (std::size_t i = 0; i < 2; ++i) {
                   entry.ends[i] = name_of(value[i], "an end");
                   end_nodes_.push_back(value[i]);
               }
           }},
          {"length_m",
           [&](const YAML::Node& value) {
               entry.length_m = number<double>(value, "length_m", 0, longest_m, " m");
           }},
          {"loss_db",
           [&](const YAML::Node& value) {
               entry.loss_db = number<double>(value, "loss_db", 0, largest_loss_db, " dB");
           }},
          {"attenuation_db",
           [&](const YAML::Node& value) {
               entry.attenuation_db =
                   number<double>(value, "attenuation_db", 0, largest_loss_db, " dB");
           }}},
         {"name", "ends"});
    config_.links.push_back(std::move(entry));
}

Config Parser::parse(const YAML::Node& root) {
    if (!root.IsDefined() || root.IsNull()) {
        throw Mistake(YAML::Mark(), "the file is empty");
    }
    walk(root, "the configuration",
         {{"control",
           [&](const YAML::Node& value) {
               config_.control = socket_path(value, "control");
               once(sockets_, value, config_.control, "socket");
           }},
          {"spin_us",
           [&](const YAML::Node& value) {
               config_.spin_us = number<std::uint32_t>(value, "spin_us", 0, longest_poll_us, " us");
           }},
          {"idle_poll_us",
           [&](const YAML::Node& value) {
               config_.idle_poll_us =
                   number<std::uint32_t>(value, "idle_poll_us", 0, longest_poll_us, " us");
           }},
          {"features",
           [&](const YAML::Node& value) {
               walk(value, "features",
                    {{"shadow_db",
                      [&](const YAML::Node& on) { config_.shadow_db = boolean(on, "shadow_db"); }},
                     {"rdma", [&](const YAML::Node& on) { config_.rdma = boolean(on, "rdma"); }}},
                    {});
           }},
          {"bytes",
           [&](const YAML::Node& value) {
               const std::string text = scalar(value, "bytes");
               if (text != "always" && text != "lazy") {
                   reject(value, "bytes must be always or lazy, not \"" + text + "\"");
               }
               config_.bytes_always = text == "always";
           }},
          {"seed",
           [&](const YAML::Node& value) {
               config_.seed = number<std::uint64_t>(value, "seed", 0, ~std::uint64_t{0}, "");
           }},
          {"rom", [&](const YAML::Node& value) { config_.rom = scalar(value, "rom"); }},
          {"flash_dir",
           [&](const YAML::Node& value) { config_.flash_dir = scalar(value, "flash_dir"); }},
          list("nics", &Parser::nic),
          list("foreign", &Parser::foreign),
          list("links", &Parser::link)},
         {"nics"});
    if (config_.nics.empty()) {
        reject(root["nics"], "nics must name at least one NIC");
    }
    name_the_rest();
    for (const YAML::Node& end : end_nodes_) {
        if (names_.count(end.Scalar()) == 0) {
            reject(end, "a link ends at \"" + end.Scalar() +
                            "\", but no NIC or foreign peer has "
                            "this name");
        }
        once(used_ends_, end, end.Scalar(), "end");
    }
    return std::move(config_);
}

Result<Config> parse_node(const std::function<YAML::Node()>& load, const std::string& name) {
    try {
        return Parser().parse(load());
    } catch (const Mistake& mistake) {
        return fail(EINVAL, name + ":" + std::to_string(std::max(mistake.line(), 1)) + ": " +
                                mistake.what());
    } catch (const YAML::Exception& error) {
        return fail(EINVAL, name + ":" + std::to_string(std::max(error.mark.line + 1, 1)) + ": " +
                                error.msg);
    }
}

} // namespace

Result<Config> parse_config(const std::string& text, const std::string& name) {
    return parse_node([&text] { return YAML::Load(text); }, name);
}

Result<Config> load_config(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        return fail(errno, path);
    }
    std::ostringstream text;
    text << file.rdbuf();
    return parse_config(text.str(), path);
}

} // namespace mo::ofemu
