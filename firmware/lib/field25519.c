// SPDX-License-Identifier: GPL-2.0-or-later
/* Arithmetic modulo 2^255 - 19. */
#include "lib/field25519.h"

#define FOLD	38	/* 2^256 mod p */

static const struct fe prime = { {
	0xffffffed, 0xffffffff, 0xffffffff, 0xffffffff,
	0xffffffff, 0xffffffff, 0xffffffff, 0x7fffffff,
} };

/* r += carry * 2^256, for any carry below 2^26. */
static void fold_carry(struct fe *r, uint32_t carry)
{
	uint64_t sum;
	int i;

	/* The second pass carries at most 1, and then leaves a small r. */
	while (carry) {
		sum = (uint64_t)carry * FOLD;
		for (i = 0; i < FE_WORDS; i++) {
			sum += r->w[i];
			r->w[i] = (uint32_t)sum;
			sum >>= 32;
		}
		carry = (uint32_t)sum;
	}
}

/* r = a - b mod 2^256; returns the borrow. */
static uint32_t subtract(struct fe *r, const struct fe *a, const struct fe *b)
{
	uint32_t borrow = 0;
	int i;

	for (i = 0; i < FE_WORDS; i++) {
		uint64_t diff = (uint64_t)a->w[i] - b->w[i] - borrow;

		r->w[i] = (uint32_t)diff;
		borrow = (uint32_t)(diff >> 32) & 1;
	}
	return borrow;
}

void fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < FE_WORDS; i++) {
		sum += (uint64_t)a->w[i] + b->w[i];
		r->w[i] = (uint32_t)sum;
		sum >>= 32;
	}
	fold_carry(r, (uint32_t)sum);
}

void fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
	static const struct fe fold = { { FOLD } };

	/* What was borrowed, 2^256, is given back as 38; at most twice. */
	if (subtract(r, a, b))
		while (subtract(r, r, &fold))
			;
}

void fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	uint32_t t[2 * FE_WORDS] = { 0 };
	uint64_t sum;
	int i;
	int j;

	for (i = 0; i < FE_WORDS; i++) {
		uint32_t factor = a->w[i];

		/* factor * word + word + word < 2^64: nothing is lost. */
		sum = 0;
		for (j = 0; j < FE_WORDS; j++) {
			sum += (uint64_t)factor * b->w[j] + t[i + j];
			t[i + j] = (uint32_t)sum;
			sum >>= 32;
		}
		t[i + FE_WORDS] = (uint32_t)sum;
	}
	sum = 0;
	for (i = 0; i < FE_WORDS; i++) {
		sum += (uint64_t)t[i + FE_WORDS] * FOLD + t[i];
		r->w[i] = (uint32_t)sum;
		sum >>= 32;
	}
	fold_carry(r, (uint32_t)sum);
}

void fe_reduce(struct fe *r)
{
	struct fe less;

	/* 2^256 - 1 = 2p + 37: two subtractions at most. */
	while (!subtract(&less, r, &prime))
		*r = less;
}

bool fe_is_zero(const struct fe *a)
{
	struct fe x = *a;
	uint32_t any = 0;
	int i;

	fe_reduce(&x);
	for (i = 0; i < FE_WORDS; i++)
		any |= x.w[i];
	return !any;
}

bool fe_equal(const struct fe *a, const struct fe *b)
{
	struct fe diff;

	fe_sub(&diff, a, b);
	return fe_is_zero(&diff);
}

/* a^e, where e has ones in bits top..8 and `tail` in bits 7..0. */
static void begin_power(struct fe_power *power, const struct fe *a, int top,
			uint8_t tail)
{
	power->base = *a;
	power->x = *a;	/* a^1: bit `top` */
	power->bit = top - 1;
	power->tail = tail;
}

void fe_invert_begin(struct fe_power *power, const struct fe *a)
{
	begin_power(power, a, 254, 0xeb);	/* p - 2 = 2^255 - 21 */
}

void fe_root_begin(struct fe_power *power, const struct fe *a)
{
	begin_power(power, a, 251, 0xfd);	/* (p - 5) / 8 = 2^252 - 3 */
}

bool fe_power_step(struct fe_power *power)
{
	if (power->bit < 0)
		return true;
	fe_mul(&power->x, &power->x, &power->x);
	if (power->bit >= 8 || power->tail >> power->bit & 1)
		fe_mul(&power->x, &power->x, &power->base);
	return --power->bit < 0;
}

void fe_from_bytes(struct fe *r, const uint8_t bytes[32])
{
	int i;

	for (i = 0; i < FE_WORDS; i++)
		r->w[i] = bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
			  (uint32_t)bytes[4 * i + 2] << 16 |
			  (uint32_t)bytes[4 * i + 3] << 24;
}

void fe_to_bytes(uint8_t bytes[32], const struct fe *a)
{
	int i;

	for (i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(a->w[i / 4] >> (8 * (i % 4)));
}
