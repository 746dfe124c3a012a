// SPDX-License-Identifier: GPL-2.0-or-later
/* Ed25519 verification (RFC 8032 section 5.1.7, without the cofactor). */
#include "lib/ed25519.h"

#include "lib/sha512.h"

/* What one step does of each phase: about 20 multiplications, or as long. */
#define POWER_BITS_PER_STEP	8
#define REDUCE_BITS_PER_STEP	64

#define SCALE_TOP_BIT		252	/* both scalars are below 2^253 */

/* Words of 256-bit numbers, lowest first, as in struct fe. */
static const struct fe curve_d = { {
	0x135978a3, 0x75eb4dca, 0x4141d8ab, 0x00700a4d,
	0x7779e898, 0x8cc74079, 0x2b6ffe73, 0x52036cee,
} };

static const struct fe curve_2d = { {
	0x26b2f159, 0xebd69b94, 0x8283b156, 0x00e0149a,
	0xeef3d130, 0x198e80f2, 0x56dffce7, 0x2406d9dc,
} };

static const struct fe root_of_minus_one = { {
	0x4a0ea0b0, 0xc4ee1b27, 0xad2fe478, 0x2f431806,
	0x3dfbd7a7, 0x2b4d0099, 0x4fc1df0b, 0x2b832480,
} };

static const struct mo_ed25519_point base_point = {
	.x = { { 0x8f25d51a, 0xc9562d60, 0x9525a7b2, 0x692cc760,
		 0xfdd6dc5c, 0xc0a4e231, 0xcd6e53fe, 0x216936d3 } },
	.y = { { 0x66666658, 0x66666666, 0x66666666, 0x66666666,
		 0x66666666, 0x66666666, 0x66666666, 0x66666666 } },
	.z = { { 1 } },
	.t = { { 0xa5b7dda3, 0x6dde8ab3, 0x775152f5, 0x20f09f80,
		 0x64abe37d, 0x66ea4e8e, 0xd78b7665, 0x67875f0f } },
};

static const struct fe one = { { 1 } };
static const struct fe zero;

/* Order of the base point, RFC 8032 section 5.1. */
static const uint32_t order[8] = {
	0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de,
	0x00000000, 0x00000000, 0x00000000, 0x10000000,
};

/* The last steps that addition and doubling share: from E, F, G, H. */
static void complete(struct mo_ed25519_point *r, const struct fe *e,
		     const struct fe *f, const struct fe *g, const struct fe *h)
{
	fe_mul(&r->x, e, f);
	fe_mul(&r->y, g, h);
	fe_mul(&r->z, f, g);
	fe_mul(&r->t, e, h);
}

/* r = p + q for all p, q; letters as in RFC 8032 section 5.1.4. */
static void point_add(struct mo_ed25519_point *r,
		      const struct mo_ed25519_point *p,
		      const struct mo_ed25519_point *q)
{
	struct fe a, b, c, d, e, f;

	fe_sub(&a, &p->y, &p->x);
	fe_sub(&b, &q->y, &q->x);
	fe_mul(&a, &a, &b);
	fe_add(&b, &p->y, &p->x);
	fe_add(&c, &q->y, &q->x);
	fe_mul(&b, &b, &c);
	fe_mul(&c, &p->t, &q->t);
	fe_mul(&c, &c, &curve_2d);
	fe_mul(&d, &p->z, &q->z);
	fe_add(&d, &d, &d);
	fe_sub(&e, &b, &a);
	fe_sub(&f, &d, &c);
	fe_add(&c, &d, &c); /* G */
	fe_add(&d, &b, &a); /* H */
	complete(r, &e, &f, &c, &d);
}

/* r = 2p; letters as in RFC 8032 section 5.1.4. */
static void point_double(struct mo_ed25519_point *r,
			 const struct mo_ed25519_point *p)
{
	struct fe a, b, c, e, g, h;

	fe_mul(&a, &p->x, &p->x);
	fe_mul(&b, &p->y, &p->y);
	fe_mul(&c, &p->z, &p->z);
	fe_add(&c, &c, &c);
	fe_add(&h, &a, &b);
	fe_add(&e, &p->x, &p->y);
	fe_mul(&e, &e, &e);
	fe_sub(&e, &h, &e);
	fe_sub(&g, &a, &b);
	fe_add(&c, &c, &g); /* F */
	complete(r, &e, &c, &g, &h);
}

/*
 * Begins to decode the key: x from y and the sign of x (RFC 8032 section
 * 5.1.3). False for a y that is not the one form below p.
 */
static bool begin_key(struct mo_ed25519 *check, const uint8_t bytes[32])
{
	struct mo_ed25519_point *p = &check->key;
	struct fe reduced, v3, x;
	int i;

	fe_from_bytes(&p->y, bytes);
	check->key_is_odd = p->y.w[FE_WORDS - 1] >> 31;
	p->y.w[FE_WORDS - 1] &= 0x7fffffff;
	reduced = p->y;
	fe_reduce(&reduced);
	for (i = 0; i < FE_WORDS; i++)
		if (reduced.w[i] != p->y.w[i])
			return false;

	fe_mul(&check->u, &p->y, &p->y);
	fe_mul(&check->v, &check->u, &curve_d);
	fe_sub(&check->u, &check->u, &one); /* u = y^2 - 1 */
	fe_add(&check->v, &check->v, &one); /* v = d y^2 + 1 */

	fe_mul(&v3, &check->v, &check->v);
	fe_mul(&v3, &v3, &check->v);
	fe_mul(&x, &v3, &v3);
	fe_mul(&x, &x, &check->v);
	fe_mul(&x, &x, &check->u);	/* u v^7 */
	fe_root_begin(&check->power, &x);
	return true;
}

/* The key's point from (u v^7)^((p-5)/8); false: there is no such point. */
static bool finish_key(struct mo_ed25519 *check)
{
	struct mo_ed25519_point *p = &check->key;
	struct fe u = check->u;
	struct fe x, squared;

	fe_mul(&x, &check->v, &check->v);
	fe_mul(&x, &x, &check->v);
	fe_mul(&x, &x, &u);
	fe_mul(&x, &x, &check->power.x); /* u v^3 (u v^7)^((p-5)/8) */

	fe_mul(&squared, &x, &x);
	fe_mul(&squared, &squared, &check->v); /* v x^2 must be u or -u */
	if (!fe_equal(&squared, &u)) {
		fe_sub(&u, &zero, &u);
		if (!fe_equal(&squared, &u))
			return false;
		fe_mul(&x, &x, &root_of_minus_one);
	}
	fe_reduce(&x);
	if (fe_is_zero(&x) && check->key_is_odd)
		return false;
	if ((x.w[0] & 1) != check->key_is_odd)
		fe_sub(&x, &zero, &x);
	p->x = x;
	p->z = one;
	fe_mul(&p->t, &p->x, &p->y);
	return true;
}

/* r = n - order; returns the borrow. */
static uint32_t minus_order(uint32_t r[8], const uint32_t n[8])
{
	uint32_t borrow = 0;
	int i;

	for (i = 0; i < 8; i++) {
		uint64_t diff = (uint64_t)n[i] - order[i] - borrow;

		r[i] = (uint32_t)diff;
		borrow = (uint32_t)(diff >> 32) & 1;
	}
	return borrow;
}

static enum mo_error finish(struct mo_ed25519 *check, enum mo_error error)
{
	check->phase = MO_ED25519_DONE;
	check->error = error;
	return error;
}

static bool step_power(struct fe_power *power)
{
	int i;

	for (i = 0; i < POWER_BITS_PER_STEP; i++)
		if (fe_power_step(power))
			return true;
	return false;
}

static enum mo_error step_root(struct mo_ed25519 *check)
{
	int i;

	if (!step_power(&check->power))
		return MO_ERR_BUSY;
	if (!finish_key(check))
		return finish(check, MO_ERR_SIG_KEY);
	for (i = 0; i < 8; i++)
		check->h[i] = 0;
	check->bit = 8 * (int)sizeof(check->digest) - 1;
	check->phase = MO_ED25519_REDUCE;
	return MO_ERR_BUSY;
}

/* h = the digest, a little endian number, modulo the order; bit by bit. */
static void reduce_bit(struct mo_ed25519 *check)
{
	uint32_t in = check->digest[check->bit / 8] >> (check->bit % 8) & 1;
	uint32_t *h = check->h;
	uint32_t less[8];
	int i;

	/* h < order < 2^253: doubling does not overflow. */
	for (i = 0; i < 8; i++) {
		uint32_t out = h[i] >> 31;

		h[i] = h[i] << 1 | in;
		in = out;
	}
	if (!minus_order(less, h))
		for (i = 0; i < 8; i++)
			h[i] = less[i];
	check->bit--;
}

/* What follows is s B = R + h A: R must be the encoding of s B + h (-A). */
static void begin_scale(struct mo_ed25519 *check)
{
	struct mo_ed25519_point *a = &check->key;

	fe_sub(&a->x, &zero, &a->x);
	fe_sub(&a->t, &zero, &a->t);
	point_add(&check->both, &base_point, a);
	check->sum.x = zero;
	check->sum.y = one;
	check->sum.z = one;
	check->sum.t = zero;
	check->bit = SCALE_TOP_BIT;
	check->phase = MO_ED25519_SCALE;
}

static enum mo_error step_reduce(struct mo_ed25519 *check)
{
	int i;

	for (i = 0; i < REDUCE_BITS_PER_STEP && check->bit >= 0; i++)
		reduce_bit(check);
	if (check->bit < 0)
		begin_scale(check);
	return MO_ERR_BUSY;
}

/* One pass over the bits of both scalars, one bit of each at a time. */
static enum mo_error step_scale(struct mo_ed25519 *check)
{
	struct mo_ed25519_point *sum = &check->sum;
	int word = check->bit / 32;
	int shift = check->bit % 32;
	bool in_s = check->s[word] >> shift & 1;
	bool in_h = check->h[word] >> shift & 1;

	point_double(sum, sum);
	if (in_s && in_h)
		point_add(sum, sum, &check->both);
	else if (in_s)
		point_add(sum, sum, &base_point);
	else if (in_h)
		point_add(sum, sum, &check->key);
	if (--check->bit < 0) {
		fe_invert_begin(&check->power, &sum->z);
		check->phase = MO_ED25519_INVERT;
	}
	return MO_ERR_BUSY;
}

static enum mo_error step_invert(struct mo_ed25519 *check)
{
	uint8_t encoded[32];
	uint8_t differs = 0;
	struct fe x, y;
	int i;

	if (!step_power(&check->power))
		return MO_ERR_BUSY;
	fe_mul(&x, &check->sum.x, &check->power.x);
	fe_mul(&y, &check->sum.y, &check->power.x);
	fe_reduce(&x);
	fe_reduce(&y);
	y.w[FE_WORDS - 1] |= x.w[0] << 31;
	fe_to_bytes(encoded, &y);
	for (i = 0; i < 32; i++)
		differs |= encoded[i] ^ check->r[i];
	return finish(check, differs ? MO_ERR_SIG_MISMATCH : MO_OK);
}

void mo_ed25519_begin(struct mo_ed25519 *check,
		      const uint8_t sig[MO_ED25519_SIG_LEN],
		      const uint8_t key[MO_ED25519_KEY_LEN],
		      const void *message, uint32_t len)
{
	struct mo_sha512 hash;
	uint32_t unused[8];
	struct fe s;
	int i;

	fe_from_bytes(&s, sig + 32);
	if (!minus_order(unused, s.w)) {
		finish(check, MO_ERR_SIG_SCALAR);
		return;
	}
	if (!begin_key(check, key)) {
		finish(check, MO_ERR_SIG_KEY);
		return;
	}
	for (i = 0; i < 8; i++)
		check->s[i] = s.w[i];
	for (i = 0; i < 32; i++)
		check->r[i] = sig[i];
	mo_sha512_init(&hash);
	mo_sha512_update(&hash, sig, 32);
	mo_sha512_update(&hash, key, MO_ED25519_KEY_LEN);
	mo_sha512_update(&hash, message, len);
	mo_sha512_final(&hash, check->digest);
	check->phase = MO_ED25519_ROOT;
}

enum mo_error mo_ed25519_step(struct mo_ed25519 *check)
{
	switch (check->phase) {
	case MO_ED25519_ROOT:
		return step_root(check);
	case MO_ED25519_REDUCE:
		return step_reduce(check);
	case MO_ED25519_SCALE:
		return step_scale(check);
	case MO_ED25519_INVERT:
		return step_invert(check);
	case MO_ED25519_DONE:
		break;
	}
	return check->error;
}

enum mo_error mo_ed25519_verify(const uint8_t sig[MO_ED25519_SIG_LEN],
				const uint8_t key[MO_ED25519_KEY_LEN],
				const void *message, uint32_t len)
{
	struct mo_ed25519 check;
	enum mo_error error;

	mo_ed25519_begin(&check, sig, key, message, len);
	do
		error = mo_ed25519_step(&check);
	while (error == MO_ERR_BUSY);
	return error;
}
