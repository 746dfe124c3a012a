// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes that are meant as UTF-8 (RFC 3629) and may be anything: names of interfaces and files, what
// a module or a device says of itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mo::utf8 {

/// Bytes of the character at the start of `text`, 1..4; 0: there is none. Precondition: not empty.
[[nodiscard]] std::size_t length(std::string_view text) noexcept;

/// All of `text` is characters.
[[nodiscard]] bool is_valid(std::string_view text) noexcept;

/// Appends the character `code`. Precondition: a Unicode scalar value.
void append(std::string& out, std::uint32_t code);

/// `text` as a line of a terminal may show it: what would control the terminal, or the order in
/// which it shows characters, and bytes that are no characters become "\x1b", byte by byte.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace mo::utf8
