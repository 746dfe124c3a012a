// SPDX-License-Identifier: GPL-2.0-or-later
// ObjectBuilder: turns what the library's model knows into the Json that text and JSON are printed
// from.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/json.hpp"

namespace mo::ofctl {

/// Builds an object; what is unknown is left out, so that an absent key means "unknown".
class ObjectBuilder {
  public:
    template <typename T>
    ObjectBuilder& add(std::string key, T value, Show show = {}) {
        object_.set(std::move(key), Json(std::move(value)), show);
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
        Json::Array array;
        for (const auto& value : values) {
            array.emplace_back(value);
        }
        return add(std::move(key), Json(std::move(array)), show);
    }
    /// Text that is known only when it is not empty.
    ObjectBuilder& add_text(std::string key, const std::string& value, Show show = {}) {
        return value.empty() ? *this : add(std::move(key), value, show);
    }
    [[nodiscard]] Json done() { return std::move(object_); }

  private:
    Json object_ = Json::object();
};

} // namespace mo::ofctl
