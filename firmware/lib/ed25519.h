/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ed25519 signature verification (RFC 8032). Verification only: everything it
 * works on is public, so nothing here needs to run in constant time.
 *
 * A verification takes millions of instructions. Who has nothing else to do
 * calls mo_ed25519_verify(); who has goes through it in small steps.
 */
#ifndef MO_LIB_ED25519_H
#define MO_LIB_ED25519_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/field25519.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MO_ED25519_KEY_LEN	32
#define MO_ED25519_SIG_LEN	64

/*
 * A point of -x^2 + y^2 = 1 + d x^2 y^2 in extended coordinates: x = X/Z,
 * y = Y/Z, T = XY/Z (RFC 8032 section 5.1.4).
 */
struct mo_ed25519_point {
	struct fe x;
	struct fe y;
	struct fe z;
	struct fe t;
};

enum mo_ed25519_phase {
	MO_ED25519_ROOT,	/* of the key's x coordinate */
	MO_ED25519_REDUCE,	/* the hash modulo the order */
	MO_ED25519_SCALE,	/* s B + h (-A) */
	MO_ED25519_INVERT,	/* for the encoding of that point */
	MO_ED25519_DONE,
};

/* A verification under way; nothing in it is for callers. */
struct mo_ed25519 {
	enum mo_ed25519_phase phase;
	enum mo_error error;	/* when DONE */
	int bit;		/* next one of REDUCE, SCALE */
	bool key_is_odd;	/* sign of the key's x */
	uint8_t r[32];		/* first half of the signature */
	uint8_t digest[64];
	uint32_t s[8];		/* scalars, lowest word first */
	uint32_t h[8];
	struct fe u;		/* x of the key is the root of u/v */
	struct fe v;
	struct fe_power power;
	struct mo_ed25519_point key;
	struct mo_ed25519_point both;	/* B - A */
	struct mo_ed25519_point sum;
};

/* Begins to verify that `sig` is the signature of `message` under the key. */
void mo_ed25519_begin(struct mo_ed25519 *check,
		      const uint8_t sig[MO_ED25519_SIG_LEN],
		      const uint8_t key[MO_ED25519_KEY_LEN],
		      const void *message, uint32_t len);

/*
 * Goes on by at most some 20 multiplications modulo p, that is 20 thousand
 * instructions. MO_ERR_BUSY: call again; else the result of
 * mo_ed25519_verify().
 */
MO_MUST_USE enum mo_error mo_ed25519_step(struct mo_ed25519 *check);

/*
 * MO_OK when `sig` is the signature of `message` under the public key, else
 * MO_ERR_SIG_KEY, MO_ERR_SIG_SCALAR or MO_ERR_SIG_MISMATCH.
 */
MO_MUST_USE enum mo_error
mo_ed25519_verify(const uint8_t sig[MO_ED25519_SIG_LEN],
		  const uint8_t key[MO_ED25519_KEY_LEN], const void *message,
		  uint32_t len);

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_ED25519_H */
