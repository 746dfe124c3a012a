// SPDX-License-Identifier: GPL-2.0-or-later
// `ofemu ctl`.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/unix_socket.hpp"
#include "common/utf8.hpp"
#include "control/arguments.hpp"
#include "control/server.hpp"

namespace mo::control {

namespace {

constexpr int exit_failure = 1, exit_usage = 2;

void print_help() {
    std::printf("Usage: ofemu ctl [--socket PATH] [--json] COMMAND [ARGUMENT]...\n\n"
                "Controls a running ofemu. PATH is what \"control\" in its configuration says;\n"
                "without --socket the variable OFEMU_CONTROL tells it.\n\nCommands:\n%s",
                help_text().c_str());
}

int complain(int status, const std::string& text) {
    // Of the server's lines the second says how it is used.
    std::string lines = "ofemu ctl: ";
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines += utf8::printable(std::string_view(text).substr(at, end - at)) + "\n";
        at = end + 1;
    }
    std::fputs(lines.c_str(), stderr);
    return status;
}

Result<std::string> ask(const std::string& path, const std::string& line) {
    const auto address = unix_address(path);
    if (!address) {
        return Unexpected{address.error()};
    }
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket || connect(socket.get(), generic(*address), sizeof(*address)) != 0) {
        return fail(errno, "no ofemu answers on '" + path + "'");
    }
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t sent =
            send(socket.get(), line.data() + done, line.size() - done, MSG_NOSIGNAL);
        if (sent < 0) {
            return fail(errno, "send");
        }
        done += static_cast<std::size_t>(sent);
    }
    std::string answer;
    std::array<char, 4096> bytes{};
    while (answer.empty() || answer.back() != '\n') {
        const ssize_t got = recv(socket.get(), bytes.data(), bytes.size(), 0);
        if (got <= 0) {
            return fail(got < 0 ? errno : ECONNRESET, "ofemu did not answer");
        }
        answer.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return answer;
}

bool is_flat(const Json& value) {
    return value.as_array() == nullptr && value.as_object() == nullptr;
}

std::string plain(const Json& value) {
    if (value.is_null()) {
        return "-";
    }
    if (const bool* const truth = value.as_bool(); truth != nullptr) {
        return *truth ? "yes" : "no";
    }
    const std::string* const text = value.as_string();
    return text != nullptr ? utf8::printable(*text) : value.dump();
}

std::string joined(const Json::Array& values) {
    std::string out;
    for (const Json& value : values) {
        out += (out.empty() ? "" : " ") + plain(value);
    }
    return out.empty() ? "-" : out;
}

/// Objects as indented "name value" lines, lists of values on one line.
void print_text(const Json& value, int depth) {
    constexpr int step = 2, column = 24;
    if (const Json::Object* const members = value.as_object(); members != nullptr) {
        for (const auto& [name, member, show] : *members) {
            const Json::Array* const elements = member.as_array();
            const bool values =
                elements != nullptr && (elements->empty() || is_flat(elements->front()));
            if (is_flat(member) || values) {
                std::printf("%*s%-*s %s\n", depth, "", std::max(column - depth, 1), name.c_str(),
                            values ? joined(*elements).c_str() : plain(member).c_str());
            } else {
                std::printf("%*s%s\n", depth, "", name.c_str());
                print_text(member, depth + step);
            }
        }
    } else if (const Json::Array* const elements = value.as_array(); elements != nullptr) {
        for (const Json& element : *elements) {
            print_text(element, depth);
        }
    } else if (!value.is_null()) {
        std::printf("%*s%s\n", depth, "", plain(value).c_str());
    }
}

/// File names mean the client's folder, not the server's.
void make_absolute(std::vector<std::string>& words) {
    constexpr std::size_t file = 2;
    if (words.size() > file && words[0] == "pcap" && words[file] != "off" &&
        words[file].front() != '/') {
        std::array<char, PATH_MAX> folder{};
        if (getcwd(folder.data(), folder.size()) != nullptr) {
            words[file] = std::string(folder.data()) + "/" + words[file];
        }
    }
}

} // namespace

int client_main(const std::vector<std::string>& arguments) {
    const char* const variable = std::getenv("OFEMU_CONTROL");
    Arguments line(arguments);
    const bool asked = line.flag("-h") || line.flag("--help");
    const bool json = line.flag("--json");
    const std::string path = line.option("socket").value_or(variable != nullptr ? variable : "");
    std::vector<std::string> words = line.rest();
    if (const auto good = line.finish(); !good) {
        return complain(exit_usage, good.error().text);
    }
    if (asked || words.empty() || words.front() == "help") {
        print_help();
        return 0;
    }
    if (words.front().starts_with('-')) {
        return complain(exit_usage, "unknown option " + words.front());
    }
    if (path.empty()) {
        return complain(exit_usage, "which ofemu? Give --socket PATH");
    }
    make_absolute(words);
    Json argv = Json::array();
    for (std::string& word : words) {
        // JSON cannot carry it, and its replacement would be another name.
        if (!utf8::is_valid(word)) {
            return complain(exit_usage, "\"" + word + "\" is not UTF-8");
        }
        argv.push(std::move(word));
    }
    Json request = Json::object();
    request.set("argv", std::move(argv));
    const auto told = ask(path, request.dump() + "\n");
    if (!told) {
        return complain(exit_failure, told.error().message());
    }
    const auto answer = Json::parse(*told);
    const Json* const good = answer ? answer->find("ok") : nullptr;
    if (good == nullptr || good->as_bool() == nullptr) {
        return complain(exit_failure, "the answer makes no sense: " + *told);
    }
    if (!*good->as_bool()) {
        const Json* const error = answer->find("error");
        const Json* const code = answer->find("code");
        return complain(code != nullptr && code->number() == EINVAL ? exit_usage : exit_failure,
                        error != nullptr ? plain(*error) : "failed");
    }
    const Json* const result = answer->find("result");
    if (result != nullptr && json) {
        std::printf("%s\n", result->dump(true).c_str());
    } else if (result != nullptr) {
        print_text(*result, 0);
    }
    return 0;
}

} // namespace mo::control
