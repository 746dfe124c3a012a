// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "ofctl/output.hpp"

namespace mo::ofctl {

namespace {

constexpr unsigned indent_width = 4;

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
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
        default:
            if (byte < 0x20 || byte == 0x7f) {
                std::array<char, 8> code{};
                std::snprintf(code.data(), code.size(), "\\u%04x", byte);
                out += code.data();
            } else {
                out += c;
            }
        }
    }
    return out + '"';
}

class Writer {
  public:
    explicit Writer(bool pretty) : pretty_(pretty) {}

    void write(const Value& value) { std::visit(*this, value.data()); }

    void operator()(std::monostate) { out_ += "null"; }
    void operator()(bool v) { out_ += v ? "true" : "false"; }
    void operator()(std::int64_t v) { out_ += std::to_string(v); }
    void operator()(std::uint64_t v) { out_ += std::to_string(v); }
    // JSON has no infinity: minus infinity dBm (no light) is absent in the model already.
    void operator()(double v) { out_ += std::isfinite(v) ? number_text(v, {}) : "null"; }
    void operator()(const std::string& v) { out_ += quoted(v); }
    void operator()(const Value::Array& v) {
        list('[', ']', v, [&](const Value& item) { write(item); });
    }
    void operator()(const Value::Object& v) {
        list('{', '}', v, [&](const Member& member) {
            out_ += quoted(member.key) + (pretty_ ? ": " : ":");
            write(member.value);
        });
    }

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    template <typename List, typename Item>
    void list(char open, char close, const List& items, Item item) {
        out_ += open;
        ++depth_;
        bool first = true;
        for (const auto& each : items) {
            if (!first) {
                out_ += ',';
            }
            first = false;
            line();
            item(each);
        }
        --depth_;
        if (!first) {
            line();
        }
        out_ += close;
    }
    void line() {
        if (pretty_) {
            out_ += '\n' + std::string(std::size_t{depth_} * indent_width, ' ');
        }
    }

    bool pretty_;
    unsigned depth_ = 0;
    std::string out_;
};

} // namespace

std::string number_text(double value, const Show& show) {
    std::array<char, 64> text{};
    const auto format = show.scientific ? std::chars_format::scientific : std::chars_format::fixed;
    const auto result =
        show.decimals >= 0
            ? std::to_chars(text.data(), text.data() + text.size(), value, format, show.decimals)
            : std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

std::string to_json(const Value& value, bool pretty) {
    Writer writer(pretty);
    writer.write(value);
    return writer.take();
}

} // namespace mo::ofctl
