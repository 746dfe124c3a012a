// SPDX-License-Identifier: GPL-2.0-or-later
/* What makes an image acceptable. */
#include "lib/verify.h"

#include <stddef.h>

#include "lib/boot_info.h"
#include "lib/io.h"
#include "lib/sha512.h"

#define ERASED	0xffffffffU

static bool all_zero(const uint8_t *bytes, uint32_t len)
{
	uint8_t any = 0;

	while (len--)
		any |= bytes[len];
	return !any;
}

/* Reserved fields with a meaning come with a newer header version. */
static bool header_is_known(const struct mo_fw_hdr *hdr)
{
	return hdr->hdr_version == MO_FW_HDR_VERSION &&
	       hdr->hdr_len == MO_FW_HDR_LEN && !hdr->rsvd0 && !hdr->rsvd1 &&
	       all_zero(hdr->rsvd2, sizeof(hdr->rsvd2));
}

/* Same major, and no newer minor than the device has. */
static bool interface_fits(const struct mo_fw_hdr *hdr, uint32_t if_version)
{
	return hdr->if_major == if_version >> 16 &&
	       hdr->if_minor <= (if_version & 0xffff);
}

void mo_verify_read_rules(struct mo_verify_rules *rules,
			  const struct mo_root_keys *keys)
{
	rules->board = mo_read32(MO_SOC_SYS_BOARD);
	rules->if_version = mo_read32(MO_SOC_SYS_IF_VERSION);
	rules->keys = mo_read32(MO_SOC_SYS_KEYS);
	rules->security_version = mo_read32(MO_SOC_SYS_SECURITY_VERSION);
	rules->root_keys = keys;
}

bool mo_verify_erased(const struct mo_fw_hdr *hdr)
{
	return hdr->magic == ERASED;
}

const uint8_t *mo_verify_key(const struct mo_fw_hdr *hdr,
			     const struct mo_verify_rules *rules)
{
	uint32_t id = hdr->key_id;
	const uint8_t *key;

	if (id < 1 || id > MO_ROOT_KEYS || !(rules->keys >> id & 1))
		return NULL;
	key = rules->root_keys->key[id - 1];
	return all_zero(key, MO_ED25519_KEY_LEN) ? NULL : key;
}

enum mo_fw_error mo_verify_header(const struct mo_fw_hdr *hdr,
				  uint32_t available,
				  const struct mo_verify_rules *rules)
{
	if (!available)
		return MO_FW_ERR_EMPTY;
	if (available < MO_FW_HDR_LEN)
		return MO_FW_ERR_TRUNCATED;
	if (hdr->magic != MO_FW_MAGIC)
		return MO_FW_ERR_MAGIC;
	if (!header_is_known(hdr))
		return MO_FW_ERR_HDR_VERSION;
	if (hdr->image_len > available - MO_FW_HDR_LEN)
		return MO_FW_ERR_TRUNCATED;
	if (hdr->component != MO_FW_COMP_CONTROL)
		return MO_FW_ERR_COMPONENT;
	if (rules->board > 31 || !(hdr->board_mask >> rules->board & 1))
		return MO_FW_ERR_BOARD;
	if (!interface_fits(hdr, rules->if_version))
		return MO_FW_ERR_IF_VERSION;
	return mo_verify_key(hdr, rules) ? MO_FW_ERR_NONE : MO_FW_ERR_KEY;
}

enum mo_fw_error mo_verify_signature(const struct mo_fw_hdr *hdr,
				     const struct mo_verify_rules *rules)
{
	const uint8_t *key = mo_verify_key(hdr, rules);

	if (!key)
		return MO_FW_ERR_KEY;
	return mo_ed25519_verify(hdr->signature, key, hdr, MO_FW_SIGNED_LEN) ?
		       MO_FW_ERR_SIGNATURE :
		       MO_FW_ERR_NONE;
}

bool mo_verify_layout(const struct mo_fw_hdr *hdr)
{
	uint32_t start = hdr->load_addr;
	uint32_t len = hdr->image_len;

	if (!len || len > MO_FW_IMAGE_MAX || len % 4 || start % 4)
		return false;
	if (start < MO_SOC_RAM_BASE || start > MO_ROM_RAM_BASE ||
	    len > MO_ROM_RAM_BASE - start)
		return false;
	return hdr->entry % 2 == 0 && hdr->entry >= start &&
	       hdr->entry - start < len;
}

enum mo_fw_error mo_verify_image(const struct mo_fw_hdr *hdr, const void *image)
{
	struct mo_sha512 hash;
	uint8_t digest[64];
	uint8_t differs = 0;
	uint32_t i;

	mo_sha512_init(&hash);
	mo_sha512_update(&hash, image, hdr->image_len);
	mo_sha512_final(&hash, digest);
	for (i = 0; i < sizeof(digest); i++)
		differs |= digest[i] ^ hdr->sha512[i];
	return differs ? MO_FW_ERR_HASH : MO_FW_ERR_NONE;
}

enum mo_fw_error mo_verify_security_version(const struct mo_fw_hdr *hdr,
					    const struct mo_verify_rules *rules)
{
	return hdr->security_version < rules->security_version ?
		       MO_FW_ERR_SECURITY_VERSION :
		       MO_FW_ERR_NONE;
}
