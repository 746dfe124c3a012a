/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-512 (FIPS 180-4). */
#ifndef MO_LIB_SHA512_H
#define MO_LIB_SHA512_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes 1 .. 2^61-1 in all; the length counter does not wrap earlier. */
struct mo_sha512 {
	uint64_t state[8];
	uint64_t len;	/* bytes so far */
	uint8_t block[128];
};

void mo_sha512_init(struct mo_sha512 *hash);
void mo_sha512_update(struct mo_sha512 *hash, const void *data, uint32_t len);

/* The state is used up afterwards. */
void mo_sha512_final(struct mo_sha512 *hash, uint8_t digest[64]);

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_SHA512_H */
