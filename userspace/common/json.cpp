// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/json.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "common/utf8.hpp"

namespace mo {

namespace {

constexpr unsigned deepest = 64;
constexpr unsigned char first_printable = 0x20;
constexpr std::uint32_t replacement = 0xfffd;

/// The character at the start of `text`; `bytes` gets its length. A byte that begins none becomes
/// U+FFFD: RFC 8259 has no other strings. DEL and C1 are escaped as C0 must be: somebody may look
/// at this in a terminal.
void write_character(std::string& out, std::string_view text, std::size_t& bytes) {
    constexpr unsigned char c1_lead = 0xc2, last_c1 = 0x9f, del = 0x7f;
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    bytes = utf8::length(text);
    if (bytes == 0) {
        bytes = 1;
        utf8::append(out, replacement);
    } else if (byte(0) < first_printable || byte(0) == del ||
               (byte(0) == c1_lead && byte(1) <= last_c1)) {
        const unsigned char code = byte(bytes - 1);
        out += "\\u00";
        out.push_back(digits[code >> 4U]);
        out.push_back(digits[code & 0xfU]);
    } else {
        out += text.substr(0, bytes);
    }
}

void write_string(std::string& out, std::string_view text) {
    out.push_back('"');
    for (std::size_t bytes = 0; !text.empty(); text.remove_prefix(bytes)) {
        const char c = text.front();
        bytes = 1;
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\t':
            out += "\\t";
            break;
        case '\r':
            out += "\\r";
            break;
        default:
            write_character(out, text, bytes);
        }
    }
    out.push_back('"');
}

template <typename T>
void write_number(std::string& out, T value) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end.ptr);
}

void new_line(std::string& out, bool pretty, unsigned depth) {
    if (pretty) {
        out.push_back('\n');
        out.append(2 * std::size_t{depth}, ' ');
    }
}

/// Writes what a Json holds.
struct Writer {
    std::string& out;
    bool pretty;
    unsigned depth;

    void operator()(std::nullptr_t) const { out += "null"; }
    void operator()(bool truth) const { out += truth ? "true" : "false"; }
    void operator()(std::int64_t number) const { write_number(out, number); }
    void operator()(std::uint64_t number) const { write_number(out, number); }
    void operator()(double real) const {
        if (std::isfinite(real)) {
            write_number(out, real);
        } else {
            out += "null"; // JSON has no word for it
        }
    }
    void operator()(const std::string& text) const { write_string(out, text); }
    void operator()(const Json::Array& elements) const {
        list('[', elements, ']', std::identity{});
    }
    void operator()(const Json::Object& members) const {
        list('{', members, '}', [this](const Json::Member& member) -> const Json& {
            write_string(out, member.name);
            out += pretty ? ": " : ":";
            return member.value;
        });
    }

  private:
    /// What stands between brackets; `begin` writes what comes before an item's value.
    template <typename Items, typename Begin>
    void list(char open, const Items& items, char close, Begin&& begin) const {
        out.push_back(open);
        const char* separator = "";
        for (const auto& item : items) {
            out += separator;
            separator = ",";
            new_line(out, pretty, depth + 1);
            std::visit(Writer{out, pretty, depth + 1}, begin(item).data());
        }
        if (!items.empty()) {
            new_line(out, pretty, depth);
        }
        out.push_back(close);
    }
};

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<Json> parse() {
        Json value;
        const bool good = parse_value(value, 0) && (skip_space(), at_ == text_.size());
        if (!good) {
            return fail(EINVAL, "no valid JSON at character " + std::to_string(at_ + 1));
        }
        return value;
    }

  private:
    void skip_space() {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    bool take(char c) {
        skip_space();
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }
    bool take_word(std::string_view word) {
        if (text_.substr(at_, word.size()) == word) {
            at_ += word.size();
            return true;
        }
        return false;
    }
    bool parse_value(Json& out, unsigned depth);
    bool parse_string(std::string& out);
    bool parse_escape(std::string& out);
    bool parse_hex(std::uint32_t& out);
    bool parse_number(Json& out);
    bool parse_array(Json& out, unsigned depth);
    bool parse_object(Json& out, unsigned depth);

    std::string_view text_;
    std::size_t at_ = 0;
};

bool Parser::parse_value(Json& out, unsigned depth) {
    skip_space();
    if (at_ == text_.size() || depth > deepest) {
        return false;
    }
    switch (text_[at_]) {
    case '{':
        return parse_object(out, depth);
    case '[':
        return parse_array(out, depth);
    case '"': {
        std::string text;
        const bool good = parse_string(text);
        out = Json(std::move(text));
        return good;
    }
    case 't':
        out = Json(true);
        return take_word("true");
    case 'f':
        out = Json(false);
        return take_word("false");
    case 'n':
        out = Json();
        return take_word("null");
    default:
        return parse_number(out);
    }
}

bool Parser::parse_hex(std::uint32_t& out) {
    constexpr std::size_t digits = 4;
    if (text_.size() - at_ < digits) {
        return false;
    }
    const char* const first = text_.data() + at_;
    const auto end = std::from_chars(first, first + digits, out, 16);
    at_ += digits;
    return end.ec == std::errc() && end.ptr == first + digits;
}

bool Parser::parse_escape(std::string& out) {
    if (at_ == text_.size()) {
        return false;
    }
    constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    const char c = text_[at_++];
    if (const auto place = names.find(c); place != std::string_view::npos) {
        out.push_back(values[place]);
        return true;
    }
    std::uint32_t code = 0;
    if (c != 'u' || !parse_hex(code) || (code >= 0xdc00 && code <= 0xdfff)) {
        return false;
    }
    if (code >= 0xd800 && code <= 0xdbff) {
        std::uint32_t low = 0;
        if (!take_word("\\u") || !parse_hex(low) || low < 0xdc00 || low > 0xdfff) {
            return false;
        }
        code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
    }
    utf8::append(out, code);
    return true;
}

bool Parser::parse_string(std::string& out) {
    ++at_; // the quote
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            return true;
        }
        if (c == '\\') {
            ++at_;
            if (!parse_escape(out)) {
                return false;
            }
            continue;
        }
        const std::size_t length = utf8::length(text_.substr(at_));
        if (static_cast<unsigned char>(c) < first_printable || length == 0) {
            return false;
        }
        out.append(text_.substr(at_, length));
        at_ += length;
    }
    return false;
}

bool Parser::parse_number(Json& out) {
    const std::size_t start = at_;
    const auto digit = [this] {
        return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9';
    };
    const auto digits = [this, digit] {
        const std::size_t from = at_;
        while (digit()) {
            ++at_;
        }
        return at_ != from;
    };
    const bool negative = take_word("-");
    const std::size_t integer = at_;
    if (!digits() || (text_[integer] == '0' && at_ - integer > 1)) {
        return false;
    }
    bool whole = true;
    if (take_word(".")) {
        whole = false;
        if (!digits()) {
            return false;
        }
    }
    if (take_word("e") || take_word("E")) {
        whole = false;
        if (!take_word("+")) {
            (void)take_word("-");
        }
        if (!digits()) {
            return false;
        }
    }
    const char* const first = text_.data() + start;
    const char* const last = text_.data() + at_;
    if (whole) {
        std::int64_t signed_value = 0;
        std::uint64_t unsigned_value = 0;
        if (negative && std::from_chars(first, last, signed_value).ec == std::errc()) {
            out = Json(signed_value);
            return true;
        }
        if (!negative && std::from_chars(first, last, unsigned_value).ec == std::errc()) {
            out = Json(unsigned_value);
            return true;
        }
    }
    double value = 0;
    if (std::from_chars(first, last, value).ec != std::errc()) {
        // Beyond what a double holds. Too small is zero, too large is no number.
        value = std::strtod(std::string(first, last).c_str(), nullptr);
        if (!std::isfinite(value)) {
            return false;
        }
    }
    out = Json(value);
    return true;
}

bool Parser::parse_array(Json& out, unsigned depth) {
    ++at_;
    out = Json::array();
    if (take(']')) {
        return true;
    }
    do {
        Json element;
        if (!parse_value(element, depth + 1)) {
            return false;
        }
        out.push(std::move(element));
    } while (take(','));
    return take(']');
}

/// Sorted, not each with each: a client must not keep this thread with many members.
bool names_differ(const Json::Object& members) {
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& member : members) {
        names.emplace_back(member.name);
    }
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
}

bool Parser::parse_object(Json& out, unsigned depth) {
    ++at_;
    out = Json::object();
    if (take('}')) {
        return true;
    }
    do {
        skip_space();
        std::string name;
        Json value;
        if (at_ == text_.size() || text_[at_] != '"' || !parse_string(name) || !take(':') ||
            !parse_value(value, depth + 1)) {
            return false;
        }
        out.set(std::move(name), std::move(value));
    } while (take(','));
    return take('}') && names_differ(*out.as_object());
}

} // namespace

Json::Json() = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;

bool Json::is_number() const {
    return std::holds_alternative<std::int64_t>(value_) ||
           std::holds_alternative<std::uint64_t>(value_) || std::holds_alternative<double>(value_);
}

double Json::number() const {
    if (const auto* const value = std::get_if<std::int64_t>(&value_); value != nullptr) {
        return static_cast<double>(*value);
    }
    if (const auto* const value = std::get_if<std::uint64_t>(&value_); value != nullptr) {
        return static_cast<double>(*value);
    }
    const auto* const value = std::get_if<double>(&value_);
    return value != nullptr ? *value : 0;
}

std::uint64_t Json::integer() const {
    if (const auto* const value = std::get_if<std::int64_t>(&value_); value != nullptr) {
        return static_cast<std::uint64_t>(*value);
    }
    if (const auto* const value = std::get_if<std::uint64_t>(&value_); value != nullptr) {
        return *value;
    }
    const double real = number();
    constexpr double limit = 18446744073709551616.0; // 2^64
    return real > 0 && real < limit ? static_cast<std::uint64_t>(real) : 0;
}

const Json* Json::find(std::string_view name) const {
    if (const Object* const members = as_object(); members != nullptr) {
        for (const auto& member : *members) {
            if (member.name == name) {
                return &member.value;
            }
        }
    }
    return nullptr;
}

Json& Json::set(std::string name, Json value, Show show) {
    if (is_null()) {
        value_ = Object{};
    }
    std::get<Object>(value_).push_back({std::move(name), std::move(value), show});
    return *this;
}

Json& Json::push(Json value) {
    if (is_null()) {
        value_ = Array{};
    }
    std::get<Array>(value_).push_back(std::move(value));
    return *this;
}

std::string Json::dump(bool pretty) const {
    std::string out;
    std::visit(Writer{out, pretty, 0}, value_);
    return out;
}

Result<Json> Json::parse(std::string_view text) {
    return Parser(text).parse();
}

} // namespace mo
