// SPDX-License-Identifier: GPL-2.0-or-later
// Ed25519 verification against the vectors of RFC 8032 section 7.1, and everything that it refuses.
#include <gtest/gtest.h>

#include <algorithm>

#include "hex.hpp"
#include "lib/ed25519.h"

namespace {

struct Vector {
    const char* key;
    const char* message;
    const char* signature;
};

const Vector vectors[] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
};

struct Case {
    std::vector<std::uint8_t> key;
    std::vector<std::uint8_t> message;
    std::vector<std::uint8_t> signature;

    [[nodiscard]] mo_error verify() const {
        return mo_ed25519_verify(signature.data(), key.data(), message.data(),
                                 static_cast<std::uint32_t>(message.size()));
    }
};

Case load(const Vector& vector) {
    return {from_hex(vector.key), from_hex(vector.message), from_hex(vector.signature)};
}

TEST(Ed25519, AcceptsTheVectors) {
    for (const Vector& vector : vectors) {
        EXPECT_EQ(load(vector).verify(), MO_OK) << vector.key;
    }
}

TEST(Ed25519, EveryBitOfTheSignatureCounts) {
    const Case good = load(vectors[1]);
    for (std::size_t bit = 0; bit < 512; ++bit) {
        Case bad = good;
        bad.signature[bit / 8] = static_cast<std::uint8_t>(bad.signature[bit / 8] ^ 1U << bit % 8);
        EXPECT_NE(bad.verify(), MO_OK) << bit;
    }
}

TEST(Ed25519, EveryBitOfKeyAndMessageCounts) {
    const Case good = load(vectors[2]);
    for (std::size_t bit = 0; bit < 256; ++bit) {
        Case bad = good;
        bad.key[bit / 8] = static_cast<std::uint8_t>(bad.key[bit / 8] ^ 1U << bit % 8);
        EXPECT_NE(bad.verify(), MO_OK) << bit;
    }
    for (std::size_t bit = 0; bit < 16; ++bit) {
        Case bad = good;
        bad.message[bit / 8] = static_cast<std::uint8_t>(bad.message[bit / 8] ^ 1U << bit % 8);
        EXPECT_EQ(bad.verify(), MO_ERR_SIG_MISMATCH) << bit;
    }
}

// S + L gives the same point as S: accepting it would make signatures malleable (RFC 8032 8.4).
TEST(Ed25519, RefusesAScalarThatIsNotReduced) {
    const auto order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    Case bad = load(vectors[0]);
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += bad.signature[32 + i] + order[i];
        bad.signature[32 + i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    ASSERT_EQ(carry, 0U);
    EXPECT_EQ(bad.verify(), MO_ERR_SIG_SCALAR);
    std::copy(order.begin(), order.end(), bad.signature.begin() + 32);
    EXPECT_EQ(bad.verify(), MO_ERR_SIG_SCALAR) << "the order itself";
}

TEST(Ed25519, RefusesKeysThatAreNoPoints) {
    Case bad = load(vectors[0]);
    for (const char* key : {
             // y = 2 has no x; y = p and y = p + 1 are not reduced; x = 0 with a sign
             "0200000000000000000000000000000000000000000000000000000000000000",
             "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "0100000000000000000000000000000000000000000000000000000000000080",
         }) {
        bad.key = from_hex(key);
        EXPECT_EQ(bad.verify(), MO_ERR_SIG_KEY) << key;
    }
}

} // namespace
