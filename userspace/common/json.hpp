// SPDX-License-Identifier: GPL-2.0-or-later
// Json: a tree of values as JSON has them (RFC 8259), with a strict, bounded parser and a writer.
// What a program shows is built as one, too: a member may say how text for people shows it, so that
// text and JSON have one source. For control traffic, not for data paths.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.hpp"

namespace mo {

/// How text for people shows a member of an object; JSON always has its name and the raw value.
struct Show {
    const char* label = nullptr; ///< column or word; null: the name
    int decimals = -1;           ///< digits behind the point; -1: shortest exact
    enum class Where : std::uint8_t { everywhere, details, statistics, json_only } where{};
    bool scientific = false;
};

class Json {
  public:
    struct Member;
    using Array = std::vector<Json>;
    using Object = std::vector<Member>; ///< in the order of insertion
    using Data = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double,
                              std::string, Array, Object>;

    Json(); ///< null
    Json(std::nullptr_t);
    Json(bool value);
    template <typename T>
        requires std::is_integral_v<T>
    Json(T value);
    Json(double value);
    Json(std::string value);
    Json(std::string_view value);
    Json(const char* value);
    Json(Array value);
    Json(Object value);
    Json(const Json& other);
    Json(Json&& other) noexcept;
    Json& operator=(const Json& other);
    Json& operator=(Json&& other) noexcept;
    ~Json();

    static Json array();
    static Json object();

    /// For std::visit.
    [[nodiscard]] const Data& data() const { return value_; }

    [[nodiscard]] const std::string* as_string() const { return std::get_if<std::string>(&value_); }
    [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&value_); }
    [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&value_); }
    [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&value_); }
    /// Any number; zero for what is none.
    [[nodiscard]] double number() const;
    [[nodiscard]] bool is_number() const;
    /// Any number as an integer, cut and modulo 2^64; zero for what is none.
    [[nodiscard]] std::uint64_t integer() const;
    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }

    /// The member of that name; nullptr: this is no object, or it has none.
    [[nodiscard]] const Json* find(std::string_view name) const;
    /// Appends a member; an object is made of null. Precondition: null or an object.
    Json& set(std::string name, Json value, Show show = {});
    /// Appends an element. Precondition: null or an array.
    Json& push(Json value);

    /// One line without spaces, or indented by two. Bytes that are no UTF-8 become U+FFFD each.
    [[nodiscard]] std::string dump(bool pretty = false) const;

    /// The one value that `text` is. At most 64 levels deep; text must be valid UTF-8.
    static Result<Json> parse(std::string_view text);

  private:
    Data value_; ///< null at first
};

/// A name of an object with its value.
struct Json::Member {
    std::string name;
    Json value;
    Show show{};
};

// What makes and ends values needs Member whole: behind it.
inline Json::Json(std::nullptr_t) {}
inline Json::Json(bool value) : value_(value) {}
template <typename T>
    requires std::is_integral_v<T>
Json::Json(T value) {
    if constexpr (std::is_signed_v<T>) {
        value_ = static_cast<std::int64_t>(value);
    } else {
        value_ = static_cast<std::uint64_t>(value);
    }
}
inline Json::Json(double value) : value_(value) {}
inline Json::Json(std::string value) : value_(std::move(value)) {}
inline Json::Json(std::string_view value) : value_(std::string(value)) {}
inline Json::Json(const char* value) : value_(std::string(value)) {}
inline Json::Json(Array value) : value_(std::move(value)) {}
inline Json::Json(Object value) : value_(std::move(value)) {}

inline Json Json::array() {
    return Json(Array{});
}
inline Json Json::object() {
    return Json(Object{});
}

} // namespace mo
