// SPDX-License-Identifier: LGPL-2.1-or-later
// Result<T, E>: a value or an error, in the shape of C++23's std::expected. Recoverable errors
// travel as values; nothing that a guest or the wire can cause throws.
#pragma once

#include <cassert>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace mo {

/// Set-up mistake (wrong table, impossible configuration). Thrown before anything runs, caught
/// once in main(). Never thrown on guest or wire input.
class FatalError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Error of set-up and system calls: a positive errno and what was tried, in words.
struct Error {
    int code = 0;
    std::string text;

    /// "text: strerror(code)".
    [[nodiscard]] std::string message() const;
};

/// Wrapper that makes "return an error" explicit, as std::unexpected does.
template <typename E>
struct Unexpected {
    E error;
};
template <typename E>
Unexpected(E) -> Unexpected<E>;

/// Shorthand for `Unexpected{Error{code, text}}`.
[[nodiscard]] inline Unexpected<Error> fail(int code, std::string text) {
    return Unexpected<Error>{Error{code, std::move(text)}};
}

template <typename T, typename E = Error>
class [[nodiscard]] Result {
  public:
    using value_type = T;
    using error_type = E;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    template <typename G>
        requires std::is_constructible_v<E, G>
    Result(Unexpected<G> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// Precondition for value access: has_value(). Checked by assert.
    [[nodiscard]] T& value() & noexcept { return *pointer(); }
    [[nodiscard]] const T& value() const& noexcept { return *pointer(); }
    [[nodiscard]] T&& value() && noexcept { return std::move(*pointer()); }
    [[nodiscard]] T& operator*() & noexcept { return *pointer(); }
    [[nodiscard]] const T& operator*() const& noexcept { return *pointer(); }
    [[nodiscard]] T&& operator*() && noexcept { return std::move(*pointer()); }
    [[nodiscard]] T* operator->() noexcept { return pointer(); }
    [[nodiscard]] const T* operator->() const noexcept { return pointer(); }

    template <typename U>
    [[nodiscard]] T value_or(U&& fallback) const& {
        return has_value() ? *pointer() : static_cast<T>(std::forward<U>(fallback));
    }

    /// Precondition: !has_value().
    [[nodiscard]] const E& error() const& noexcept {
        assert(!has_value());
        return *std::get_if<1>(&state_);
    }
    [[nodiscard]] E&& error() && noexcept {
        assert(!has_value());
        return std::move(*std::get_if<1>(&state_));
    }

    /// Calls `next(value)`, which returns a Result of the same error type; passes an error on.
    template <typename F>
    [[nodiscard]] auto and_then(F&& next) && {
        using Next = std::invoke_result_t<F, T&&>;
        return has_value() ? std::forward<F>(next)(std::move(*pointer()))
                           : Next(Unexpected<E>{std::move(*this).error()});
    }

  private:
    [[nodiscard]] T* pointer() noexcept {
        assert(has_value());
        return std::get_if<0>(&state_);
    }
    [[nodiscard]] const T* pointer() const noexcept {
        assert(has_value());
        return std::get_if<0>(&state_);
    }

    std::variant<T, E> state_;
};

template <typename E>
class [[nodiscard]] Result<void, E> {
  public:
    using value_type = void;
    using error_type = E;

    Result() = default;
    template <typename G>
        requires std::is_constructible_v<E, G>
    Result(Unexpected<G> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const noexcept { assert(has_value()); }

    /// Precondition: !has_value().
    [[nodiscard]] const E& error() const& noexcept {
        assert(!has_value());
        return *std::get_if<1>(&state_);
    }
    [[nodiscard]] E&& error() && noexcept {
        assert(!has_value());
        return std::move(*std::get_if<1>(&state_));
    }

  private:
    std::variant<std::monostate, E> state_;
};

} // namespace mo
