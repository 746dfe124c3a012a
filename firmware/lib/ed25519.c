// SPDX-License-Identifier: GPL-2.0-or-later
/* Ed25519 verification (RFC 8032 section 5.1.7, without the cofactor). */
#include "lib/ed25519.h"

#include <stdbool.h>

#include "lib/field25519.h"
#include "lib/sha512.h"

/*
 * A point of -x^2 + y^2 = 1 + d x^2 y^2 in extended coordinates: x = X/Z,
 * y = Y/Z, T = XY/Z (RFC 8032 section 5.1.4).
 */
struct point {
	struct fe x;
	struct fe y;
	struct fe z;
	struct fe t;
};

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

static const struct point base_point = {
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
static void complete(struct point *r, const struct fe *e, const struct fe *f,
		     const struct fe *g, const struct fe *h)
{
	fe_mul(&r->x, e, f);
	fe_mul(&r->y, g, h);
	fe_mul(&r->z, f, g);
	fe_mul(&r->t, e, h);
}

/* r = p + q for all p, q; letters as in RFC 8032 section 5.1.4. */
static void point_add(struct point *r, const struct point *p,
		      const struct point *q)
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
static void point_double(struct point *r, const struct point *p)
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

/* x from y and the sign of x (RFC 8032 section 5.1.3); false: no such point. */
static bool recover_x(struct point *p, bool negative)
{
	struct fe u, v, x, check, v3;

	fe_mul(&u, &p->y, &p->y);
	fe_mul(&v, &u, &curve_d);
	fe_sub(&u, &u, &one); /* u = y^2 - 1 */
	fe_add(&v, &v, &one); /* v = d y^2 + 1 */

	fe_mul(&v3, &v, &v);
	fe_mul(&v3, &v3, &v);
	fe_mul(&x, &v3, &v3);
	fe_mul(&x, &x, &v);
	fe_mul(&x, &x, &u);	/* u v^7 */
	fe_root_power(&x, &x);
	fe_mul(&x, &x, &v3);
	fe_mul(&x, &x, &u);	/* u v^3 (u v^7)^((p-5)/8) */

	fe_mul(&check, &x, &x);
	fe_mul(&check, &check, &v); /* v x^2 must be u or -u */
	if (!fe_equal(&check, &u)) {
		fe_sub(&u, &zero, &u);
		if (!fe_equal(&check, &u))
			return false;
		fe_mul(&x, &x, &root_of_minus_one);
	}
	fe_reduce(&x);
	if (fe_is_zero(&x) && negative)
		return false;
	if ((x.w[0] & 1) != negative)
		fe_sub(&x, &zero, &x);
	p->x = x;
	return true;
}

/* Decodes a point; false for what RFC 8032 section 5.1.3 refuses. */
static bool point_decode(struct point *p, const uint8_t bytes[32])
{
	bool negative;
	struct fe reduced;
	int i;

	fe_from_bytes(&p->y, bytes);
	negative = p->y.w[FE_WORDS - 1] >> 31;
	p->y.w[FE_WORDS - 1] &= 0x7fffffff;
	reduced = p->y;
	fe_reduce(&reduced);
	for (i = 0; i < FE_WORDS; i++)
		if (reduced.w[i] != p->y.w[i])
			return false;
	if (!recover_x(p, negative))
		return false;
	p->z = one;
	fe_mul(&p->t, &p->x, &p->y);
	return true;
}

static void point_encode(uint8_t bytes[32], const struct point *p)
{
	struct fe inverse, x, y;

	fe_invert(&inverse, &p->z);
	fe_mul(&x, &p->x, &inverse);
	fe_mul(&y, &p->y, &inverse);
	fe_reduce(&x);
	fe_reduce(&y);
	y.w[FE_WORDS - 1] |= x.w[0] << 31;
	fe_to_bytes(bytes, &y);
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

/* r = a 512-bit number, little endian, modulo the order; bit by bit. */
static void reduce_scalar(uint32_t r[8], const uint8_t number[64])
{
	uint32_t less[8];
	int bit;
	int i;

	for (i = 0; i < 8; i++)
		r[i] = 0;
	for (bit = 511; bit >= 0; bit--) {
		uint32_t in = number[bit / 8] >> (bit % 8) & 1;

		/* r < order < 2^253: doubling does not overflow. */
		for (i = 0; i < 8; i++) {
			uint32_t out = r[i] >> 31;

			r[i] = r[i] << 1 | in;
			in = out;
		}
		if (!minus_order(less, r))
			for (i = 0; i < 8; i++)
				r[i] = less[i];
	}
}

/* r = s * base + h * q: one pass over the bits of both scalars. */
static void double_scale(struct point *r, const uint32_t s[8],
			 const uint32_t h[8], const struct point *q)
{
	struct point both;
	int bit;

	point_add(&both, &base_point, q);
	r->x = zero;
	r->y = one;
	r->z = one;
	r->t = zero;
	for (bit = 252; bit >= 0; bit--) {
		bool in_s = s[bit / 32] >> (bit % 32) & 1;
		bool in_h = h[bit / 32] >> (bit % 32) & 1;

		point_double(r, r);
		if (in_s && in_h)
			point_add(r, r, &both);
		else if (in_s)
			point_add(r, r, &base_point);
		else if (in_h)
			point_add(r, r, q);
	}
}

enum mo_error mo_ed25519_verify(const uint8_t sig[MO_ED25519_SIG_LEN],
				const uint8_t key[MO_ED25519_KEY_LEN],
				const void *message, uint32_t len)
{
	struct mo_sha512 hash;
	uint8_t digest[64];
	uint8_t encoded[32];
	uint32_t unused[8];
	uint32_t h[8];
	struct fe s;
	struct point a;
	struct point sum;
	uint8_t differs = 0;
	int i;

	fe_from_bytes(&s, sig + 32);
	if (!minus_order(unused, s.w))
		return MO_ERR_SIG_SCALAR;
	if (!point_decode(&a, key))
		return MO_ERR_SIG_KEY;

	mo_sha512_init(&hash);
	mo_sha512_update(&hash, sig, 32);
	mo_sha512_update(&hash, key, MO_ED25519_KEY_LEN);
	mo_sha512_update(&hash, message, len);
	mo_sha512_final(&hash, digest);
	reduce_scalar(h, digest);

	/* s B = R + h A, so R must be the encoding of s B + h (-A). */
	fe_sub(&a.x, &zero, &a.x);
	fe_sub(&a.t, &zero, &a.t);
	double_scale(&sum, s.w, h, &a);
	point_encode(encoded, &sum);
	for (i = 0; i < 32; i++)
		differs |= encoded[i] ^ sig[i];
	return differs ? MO_ERR_SIG_MISMATCH : MO_OK;
}
