// SPDX-License-Identifier: GPL-2.0-or-later
#include "host_app.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/link.h"

struct mo_app *mo_host_app_new(void)
{
	return calloc(1, sizeof(struct mo_app));
}

void mo_host_app_delete(struct mo_app *app)
{
	free(app);
}

unsigned int mo_host_boot_info_address(void)
{
	return MO_BOOT_INFO_ADDR;
}

unsigned int mo_host_boot_info_size(void)
{
	return sizeof(struct mo_boot_info);
}

void mo_host_boot_info_fill(void *info, unsigned int source, unsigned int slot,
			    const unsigned char *development_key)
{
	struct mo_boot_info boot = {
		.magic = MO_BOOT_INFO_MAGIC,
		.source = (__u8)source,
		.slot = (__u8)slot,
		.keys = MO_ROOT_KEYS,
		.hdr = { .ver_minor = 1, .key_id = MO_FW_KEY_DEVELOPMENT },
	};

	memcpy(boot.root_keys.key[MO_FW_KEY_DEVELOPMENT - 1], development_key,
	       MO_ED25519_KEY_LEN);
	memcpy(info, &boot, sizeof(boot));
}

struct mo_host_choice mo_host_choose(unsigned int modes, unsigned char fec)
{
	const struct mo_mode *mode = mo_link_choose(modes, fec);
	struct mo_host_choice choice = { 0 };

	if (mode) {
		choice.mode = mode->mode;
		choice.fec = mo_link_choose_fec(mode, fec);
	}
	return choice;
}
