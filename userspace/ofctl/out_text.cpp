// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <charconv>

#include "common/utf8.hpp"
#include "ofctl/output.hpp"

namespace mo::ofctl {

namespace {

constexpr std::size_t line_width = 78;

bool visible(const Show& show, const Options& options) {
    switch (show.where) {
    case Show::Where::details:
        return options.details;
    case Show::Where::statistics:
        return options.statistics;
    case Show::Where::json_only:
        return false;
    case Show::Where::everywhere:
        break;
    }
    return true;
}

const char* label(const Json::Member& member) {
    return member.show.label != nullptr ? member.show.label : member.name.c_str();
}

std::string number_text(double value, const Show& show) {
    std::array<char, 64> text{};
    const auto format = show.scientific ? std::chars_format::scientific : std::chars_format::fixed;
    const auto result =
        show.decimals >= 0
            ? std::to_chars(text.data(), text.data() + text.size(), value, format, show.decimals)
            : std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

bool is_table(const Json& value) {
    const auto* array = value.as_array();
    return array != nullptr && !array->empty() && array->front().as_object() != nullptr;
}

struct Scalar {
    const Show& show;
    std::string operator()(std::nullptr_t) const { return "-"; }
    std::string operator()(bool v) const { return v ? "yes" : "no"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(std::uint64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return number_text(v, show); }
    std::string operator()(const std::string& v) const { return utf8::printable(v); }
    std::string operator()(const Json::Array& v) const {
        std::string text;
        for (const auto& item : v) {
            text += (text.empty() ? "" : ",") + std::visit(*this, item.data());
        }
        return text.empty() ? "-" : text;
    }
    std::string operator()(const Json::Object& v) const {
        std::string text;
        for (const auto& member : v) {
            text += (text.empty() ? "" : " ") + std::string(label(member)) + " " +
                    std::visit(Scalar{member.show}, member.value.data());
        }
        return text;
    }
};

std::string scalar(const Json::Member& member) {
    return std::visit(Scalar{member.show}, member.value.data());
}

/// Rows may lack columns: the header is the union of all keys, in order of first appearance.
std::string table(const Json::Array& rows, const Options& options) {
    struct Column {
        std::string key, title;
        bool right = true;
        std::size_t width = 0;
    };
    std::vector<Column> columns;
    for (const auto& row : rows) {
        for (const auto& member : *row.as_object()) {
            if (!visible(member.show, options)) {
                continue;
            }
            auto found = std::find_if(columns.begin(), columns.end(),
                                      [&](const Column& c) { return c.key == member.name; });
            if (found == columns.end()) {
                const std::string title = label(member);
                found = columns.insert(columns.end(), {member.name, title, true, title.size()});
            }
            found->right = found->right && member.value.is_number();
            found->width = std::max(found->width, scalar(member).size());
        }
    }
    std::string out;
    const auto line = [&](const auto& cell_of) {
        std::string text;
        for (const auto& column : columns) {
            const std::string cell = cell_of(column);
            const std::string pad(column.width - cell.size(), ' ');
            text += "  " + (column.right ? pad + cell : cell + pad);
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    line([](const Column& column) { return column.title; });
    for (const auto& row : rows) {
        line([&](const Column& column) {
            for (const auto& member : *row.as_object()) {
                if (member.name == column.key) {
                    return scalar(member);
                }
            }
            return std::string("-");
        });
    }
    return out;
}

std::string object_text(const Json::Object& object, const Options& options) {
    std::string out;
    std::string line;
    bool first = true;
    for (const auto& member : object) {
        if (!visible(member.show, options) || is_table(member.value) ||
            (member.value.as_array() != nullptr && member.value.as_array()->empty())) {
            continue;
        }
        const auto text = scalar(member);
        if (first) {
            line = text + ":";
            first = false;
            continue;
        }
        const std::string part = std::string(label(member)) + " " + text;
        if (line.size() + 1 + part.size() > line_width) {
            out += line + "\n";
            line = "   ";
        }
        line += " " + part;
    }
    if (!line.empty()) {
        out += line + "\n";
    }
    for (const auto& member : object) {
        if (visible(member.show, options) && is_table(member.value)) {
            if (member.show.label != nullptr) {
                out += "  " + std::string(member.show.label) + "\n";
            }
            out += table(*member.value.as_array(), options);
        }
    }
    return out;
}

} // namespace

std::string to_text(const Json& value, const Options& options) {
    std::string out;
    const auto* list = value.as_array();
    if (list == nullptr) {
        return value.as_object() != nullptr ? object_text(*value.as_object(), options) : out;
    }
    for (const auto& item : *list) {
        if (item.as_object() != nullptr) {
            out += object_text(*item.as_object(), options);
        }
    }
    return out;
}

} // namespace mo::ofctl
