/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic modulo p = 2^255 - 19.
 *
 * An element is eight 32-bit words, lowest first, of any value below 2^256: p
 * and 2p have more than one form. 2^256 = 38 mod p, so what carries out of the
 * top word comes back into the lowest one, times 38. fe_reduce() makes the one
 * form below p, for comparing and encoding.
 *
 * Outputs may be the same as inputs.
 */
#ifndef MO_LIB_FIELD25519_H
#define MO_LIB_FIELD25519_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FE_WORDS	8

struct fe {
	uint32_t w[FE_WORDS];
};

void fe_add(struct fe *r, const struct fe *a, const struct fe *b);
void fe_sub(struct fe *r, const struct fe *a, const struct fe *b);
void fe_mul(struct fe *r, const struct fe *a, const struct fe *b);
void fe_reduce(struct fe *r);
bool fe_equal(const struct fe *a, const struct fe *b);
bool fe_is_zero(const struct fe *a);

/*
 * A power under way: some 500 multiplications, more than a caller with other
 * duties may do at once.
 */
struct fe_power {
	struct fe base;
	struct fe x;	/* the result, in the end */
	int bit;	/* of the exponent, the next one */
	uint8_t tail;	/* bits 7..0 of the exponent; those above are ones */
};

/* Begins 1/a, that is a^(p - 2); 0 for 0. */
void fe_invert_begin(struct fe_power *power, const struct fe *a);

/* Begins a^((p - 5) / 8), the core of square roots (RFC 8032 section 5.1.3). */
void fe_root_begin(struct fe_power *power, const struct fe *a);

/* Goes on by two multiplications; true once `x` is the result. */
bool fe_power_step(struct fe_power *power);

/* 32 bytes, little endian, to words and back; no reduction. */
void fe_from_bytes(struct fe *r, const uint8_t bytes[32]);
void fe_to_bytes(uint8_t bytes[32], const struct fe *a);

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_FIELD25519_H */
