// SPDX-License-Identifier: GPL-2.0-or-later
// SHA-512 against the examples of FIPS 180-4, and every length around the padding.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "hex.hpp"
#include "lib/sha512.h"

namespace {

std::array<std::uint8_t, 64> digest_of(std::span<const std::uint8_t> bytes, std::size_t piece) {
    mo_sha512 hash;
    std::array<std::uint8_t, 64> digest{};
    mo_sha512_init(&hash);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto part = bytes.subspan(at, std::min(piece, bytes.size() - at));
        mo_sha512_update(&hash, part.data(), static_cast<std::uint32_t>(part.size()));
    }
    mo_sha512_final(&hash, digest.data());
    return digest;
}

std::string digest_of_text(const std::string& text, std::size_t piece = 1000) {
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    return to_hex(digest_of(bytes, piece));
}

TEST(Sha512, Examples) {
    EXPECT_EQ(digest_of_text(""),
              "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
              "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
    EXPECT_EQ(digest_of_text("abc"),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    EXPECT_EQ(digest_of_text("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                             "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
              "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
              "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
    EXPECT_EQ(digest_of_text(std::string(1'000'000, 'a')),
              "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
              "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");
}

// Expected value: Python's hashlib.
TEST(Sha512, EveryLengthAroundThePadding) {
    std::vector<std::uint8_t> all;
    std::vector<std::uint8_t> message;
    for (unsigned len = 0; len <= 300; ++len) {
        const auto digest = digest_of(message, 1000);
        all.insert(all.end(), digest.begin(), digest.end());
        message.push_back(static_cast<std::uint8_t>(len * 7));
    }
    EXPECT_EQ(to_hex(digest_of(all, 1000)),
              "8a732a2ef96b72c61264041d982c51f52f584ba520746f8dfcbe356c60311e9d"
              "68a05c40ac64998fb6bfca078a50d008373e7d30159f0e4626b1102c1cf370b3");
}

TEST(Sha512, PiecesDoNotMatter) {
    const std::string text(777, 'x');
    for (const std::size_t piece : {1U, 3U, 127U, 128U, 129U, 500U}) {
        EXPECT_EQ(digest_of_text(text, piece), digest_of_text(text)) << piece;
    }
}

} // namespace
