// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/utf8.hpp"

namespace mo::utf8 {

namespace {

constexpr std::uint32_t first_printable = 0x20;

/// The character of `length` bytes at the start of `text`, which is one.
std::uint32_t code_of(std::string_view text, std::size_t length) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (length == 1) {
        return byte(0);
    }
    std::uint32_t code = byte(0) & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        code = (code << 6U) | (byte(i) & 0x3fU);
    }
    return code;
}

/// C0, DEL, C1, and what turns the direction of the text around it (Unicode Bidi_Control) or breaks
/// the line.
bool is_control(std::uint32_t code) noexcept {
    return code < first_printable || (code >= 0x7f && code <= 0x9f) || code == 0x61c ||
           code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

} // namespace

std::size_t length(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    std::size_t length = 0;
    std::uint32_t least = 0;
    if (lead < 0x80) {
        return 1;
    }
    if ((lead & 0xe0U) == 0xc0) {
        length = 2, least = 0x80;
    } else if ((lead & 0xf0U) == 0xe0) {
        length = 3, least = 0x800;
    } else if ((lead & 0xf8U) == 0xf0) {
        length = 4, least = 0x10000;
    }
    if (length == 0 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) {
            return 0;
        }
    }
    const std::uint32_t code = code_of(text, length);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least || code > 0x10ffff || surrogate ? 0 : length;
}

bool is_valid(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t bytes = length(text);
        if (bytes == 0) {
            return false;
        }
        text.remove_prefix(bytes);
    }
    return true;
}

void append(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0U | (code >> 6U));
        put(0x80U | (code & 0x3fU));
    } else if (code < 0x10000) {
        put(0xe0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3fU));
        put(0x80U | (code & 0x3fU));
    } else {
        put(0xf0U | (code >> 18U));
        put(0x80U | ((code >> 12U) & 0x3fU));
        put(0x80U | ((code >> 6U) & 0x3fU));
        put(0x80U | (code & 0x3fU));
    }
}

std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t bytes = length(text);
        const std::string_view character = text.substr(0, bytes != 0 ? bytes : 1);
        if (bytes != 0 && !is_control(code_of(text, bytes))) {
            out += character;
        } else {
            for (const char c : character) {
                out += "\\x";
                out.push_back(digits[static_cast<unsigned char>(c) >> 4U]);
                out.push_back(digits[static_cast<unsigned char>(c) & 0xfU]);
            }
        }
        text.remove_prefix(character.size());
    }
    return out;
}

} // namespace mo::utf8
