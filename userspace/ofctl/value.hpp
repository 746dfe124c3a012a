// SPDX-License-Identifier: GPL-2.0-or-later
// Output values: a command turns the library's model into a tree of these, and a back end prints
// the tree as text or JSON. Text and JSON show the same facts because they have one source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mo::ofctl {

/// How text shows a member; JSON always has the key and the raw value.
struct Show {
    const char* label = nullptr; ///< column or word in text; null: the key
    int decimals = -1;           ///< digits behind the point; -1: shortest exact
    enum class Where : std::uint8_t { everywhere, details, statistics, json_only } where{};
    bool scientific = false;
};

struct Member;

class Value {
  public:
    using Array = std::vector<Value>;
    using Object = std::vector<Member>;

    Value() = default;
    Value(bool v) : data_(v) {}
    Value(const char* v) : data_(std::string(v)) {}
    Value(std::string v) : data_(std::move(v)) {}
    Value(double v) : data_(v) {}
    template <typename Integer>
        requires std::is_integral_v<Integer>
    Value(Integer v) {
        if constexpr (std::is_signed_v<Integer>) {
            data_ = static_cast<std::int64_t>(v);
        } else {
            data_ = static_cast<std::uint64_t>(v);
        }
    }
    Value(Array v) : data_(std::move(v)) {}
    Value(Object v);

    using Data = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
                              std::string, Array, Object>;
    [[nodiscard]] const Data& data() const { return data_; }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data_); }
    [[nodiscard]] const Object* object() const { return std::get_if<Object>(&data_); }

  private:
    Data data_;
};

/// A key of an object with its value and how text shows it.
struct Member {
    std::string key;
    Value value;
    Show show{};
};

inline Value::Value(Object v) : data_(std::move(v)) {}

/// Builds an object; what is unknown is left out, so that an absent key means "unknown".
class ObjectBuilder {
  public:
    template <typename T>
    ObjectBuilder& add(std::string key, T value, Show show = {}) {
        members_.push_back({std::move(key), Value(std::move(value)), show});
        return *this;
    }
    template <typename T>
    ObjectBuilder& add(std::string key, const std::optional<T>& value, Show show = {}) {
        if (value) {
            add(std::move(key), *value, show);
        }
        return *this;
    }
    ObjectBuilder& add(std::string key, const std::vector<std::string>& values, Show show = {}) {
        Value::Array array;
        for (const auto& value : values) {
            array.emplace_back(value);
        }
        return add(std::move(key), Value(std::move(array)), show);
    }
    /// Text that is known only when it is not empty.
    ObjectBuilder& add_text(std::string key, const std::string& value, Show show = {}) {
        return value.empty() ? *this : add(std::move(key), value, show);
    }
    [[nodiscard]] Value done() { return Value(std::move(members_)); }

  private:
    Value::Object members_;
};

} // namespace mo::ofctl
