/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ed25519 signature verification (RFC 8032). Verification only: everything it
 * works on is public, so nothing here needs to run in constant time.
 */
#ifndef MO_LIB_ED25519_H
#define MO_LIB_ED25519_H

#include <stdint.h>

#include "lib/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MO_ED25519_KEY_LEN	32
#define MO_ED25519_SIG_LEN	64

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
