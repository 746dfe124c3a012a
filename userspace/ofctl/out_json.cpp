// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <charconv>

#include "common/json.hpp"
#include "ofctl/output.hpp"

namespace mo::ofctl {

namespace {

/// The tree without what only text needs.
struct ToJson {
    Json operator()(std::monostate) const { return nullptr; }
    template <typename Scalar>
    Json operator()(const Scalar& scalar) const {
        return Json(scalar);
    }
    Json operator()(const Value::Array& items) const {
        Json list = Json::array();
        for (const auto& item : items) {
            list.push(std::visit(*this, item.data()));
        }
        return list;
    }
    Json operator()(const Value::Object& members) const {
        Json object = Json::object();
        for (const auto& member : members) {
            object.set(member.key, std::visit(*this, member.value.data()));
        }
        return object;
    }
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
    return std::visit(ToJson{}, value.data()).dump(pretty);
}

} // namespace mo::ofctl
