// SPDX-License-Identifier: GPL-2.0-or-later
// Arithmetic modulo 2^255 - 19 at its edges: values near 0, p, 2p and 2^256.
#include <gtest/gtest.h>

#include <vector>

#include "lib/field25519.h"

namespace {

fe make(std::uint32_t low, std::uint32_t middle, std::uint32_t top) {
    fe r{};
    for (std::uint32_t& word : r.w) {
        word = middle;
    }
    r.w[0] = low;
    r.w[FE_WORDS - 1] = top;
    return r;
}

const std::vector<fe> edges() {
    constexpr std::uint32_t ones = 0xffffffff;
    return {
        make(0, 0, 0),
        make(1, 0, 0),
        make(37, 0, 0),
        make(38, 0, 0),
        make(0xffffffec, ones, 0x7fffffff), // p - 1
        make(0xffffffed, ones, 0x7fffffff), // p
        make(0xffffffee, ones, 0x7fffffff), // p + 1
        make(0xffffffd9, ones, ones),       // 2p - 1
        make(0xffffffda, ones, ones),       // 2p
        make(0xffffffdb, ones, ones),       // 2p + 1
        make(ones, ones, ones),             // 2^256 - 1
        make(0, 0, 0x80000000),
        make(0x12345678, 0x9abcdef0, 0x7654321f),
    };
}

/// The power that `begin` begins, to its end.
fe power(void (*begin)(fe_power*, const fe*), const fe& a) {
    fe_power state;
    begin(&state, &a);
    while (!fe_power_step(&state)) {
    }
    return state.x;
}

bool reduced(const fe& a) {
    fe copy = a;
    fe_reduce(&copy);
    return std::equal(std::begin(a.w), std::end(a.w), std::begin(copy.w));
}

TEST(Field, ReductionGivesTheOneForm) {
    const auto all = edges();
    for (fe a : all) {
        fe_reduce(&a);
        EXPECT_TRUE(reduced(a));
        EXPECT_LT(a.w[FE_WORDS - 1], 0x80000000U);
    }
    EXPECT_TRUE(fe_is_zero(&all[0]));
    EXPECT_TRUE(fe_is_zero(&all[5])) << "p";
    EXPECT_TRUE(fe_is_zero(&all[8])) << "2p";
    EXPECT_TRUE(fe_equal(&all[1], &all[6])) << "p + 1";
    EXPECT_TRUE(fe_equal(&all[2], &all[10])) << "2^256 - 1 = 2p + 37";
    EXPECT_FALSE(fe_is_zero(&all[1]));
}

TEST(Field, LawsHoldAtTheEdges) {
    for (const fe& a : edges()) {
        for (const fe& b : edges()) {
            fe sum;
            fe back;
            fe_add(&sum, &a, &b);
            fe_sub(&back, &sum, &b);
            EXPECT_TRUE(fe_equal(&back, &a));
            fe difference;
            fe_sub(&difference, &a, &b);
            fe_add(&back, &difference, &b);
            EXPECT_TRUE(fe_equal(&back, &a));

            // (a + b)(a - b) = a^2 - b^2
            fe left;
            fe squares;
            fe square;
            fe_mul(&left, &sum, &difference);
            fe_mul(&squares, &a, &a);
            fe_mul(&square, &b, &b);
            fe_sub(&squares, &squares, &square);
            EXPECT_TRUE(fe_equal(&left, &squares));
        }
    }
}

TEST(Field, InverseTimesValueIsOne) {
    const fe one = make(1, 0, 0);
    for (const fe& a : edges()) {
        const fe inverse = power(fe_invert_begin, a);
        fe product;
        fe_mul(&product, &inverse, &a);
        if (fe_is_zero(&a)) {
            EXPECT_TRUE(fe_is_zero(&inverse));
        } else {
            EXPECT_TRUE(fe_equal(&product, &one));
        }
    }
}

TEST(Field, RootPowerMakesSquareRoots) {
    // For a square s, r = s^((p + 3) / 8) = s * s^((p - 5) / 8) has r^2 = s or -s.
    for (const fe& a : edges()) {
        fe square;
        fe_mul(&square, &a, &a);
        fe root = power(fe_root_begin, square);
        fe_mul(&root, &root, &square);
        fe_mul(&root, &root, &root);
        fe negative{};
        fe_sub(&negative, &negative, &square);
        EXPECT_TRUE(fe_equal(&root, &square) || fe_equal(&root, &negative));
    }
}

TEST(Field, BytesAreLittleEndian) {
    fe a = make(0x03020100, 0x07060504, 0x1f1e1d1c);
    std::uint8_t bytes[32];
    fe_to_bytes(bytes, &a);
    EXPECT_EQ(bytes[0], 0);
    EXPECT_EQ(bytes[3], 3);
    EXPECT_EQ(bytes[31], 0x1f);
    fe back{};
    fe_from_bytes(&back, bytes);
    EXPECT_TRUE(fe_equal(&a, &back));
}

} // namespace
