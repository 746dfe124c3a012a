/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes an image acceptable: for the boot ROM, which starts images, and
 * for the firmware, which writes them to the flash and must not accept what the
 * ROM will refuse. In the order of enum mo_fw_error: header, signature, hash,
 * security version, layout.
 */
#ifndef MO_LIB_VERIFY_H
#define MO_LIB_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#ifndef MO_HW_FREESTANDING
#define MO_HW_FREESTANDING 1
#endif
#include "hw/fwimg.h"
#include "hw/ids.h"
#include "lib/ed25519.h"
#include "lib/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Public root keys, by MO_FW_KEY_* - 1. All zero: there is no such key. */
#define MO_ROOT_KEYS	2

struct mo_root_keys {
	uint8_t key[MO_ROOT_KEYS][MO_ED25519_KEY_LEN];
};

/**
 * struct mo_verify_rules - what this device accepts
 * @board: MO_BOARD_*
 * @if_version: hardware interface, major << 16 | minor
 * @keys: bit per enabled MO_FW_KEY_*
 * @security_version: least accepted
 * @root_keys: the keys
 */
struct mo_verify_rules {
	uint32_t board;
	uint32_t if_version;
	uint32_t keys;
	uint32_t security_version;
	const struct mo_root_keys *root_keys;
};

/* What the fuses and straps of this device accept; `keys` are the ROM's. */
void mo_verify_read_rules(struct mo_verify_rules *rules,
			  const struct mo_root_keys *keys);

/* Whether a header read from the flash is what an erased flash reads as. */
bool mo_verify_erased(const struct mo_fw_hdr *hdr);

/* The root key that has to have signed; NULL when the device has no such. */
const uint8_t *mo_verify_key(const struct mo_fw_hdr *hdr,
			     const struct mo_verify_rules *rules);

/*
 * Checks a header, of which `available` bytes are there with all that follows
 * it: everything but the signature. A header that claims to be longer than what
 * is there is TRUNCATED, once magic and version say that it is a header.
 */
MO_MUST_USE enum mo_fw_error
mo_verify_header(const struct mo_fw_hdr *hdr, uint32_t available,
		 const struct mo_verify_rules *rules);

/* The signature of a header that mo_verify_header() has passed, at one go. */
MO_MUST_USE enum mo_fw_error
mo_verify_signature(const struct mo_fw_hdr *hdr,
		    const struct mo_verify_rules *rules);

/* Whether the image may be copied to where its header says. */
bool mo_verify_layout(const struct mo_fw_hdr *hdr);

/* The hash of the image, which must already lie where nobody else can write. */
MO_MUST_USE enum mo_fw_error mo_verify_image(const struct mo_fw_hdr *hdr,
					     const void *image);

/* Protection against going back to an image with known weaknesses. */
MO_MUST_USE enum mo_fw_error
mo_verify_security_version(const struct mo_fw_hdr *hdr,
			   const struct mo_verify_rules *rules);

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_VERIFY_H */
