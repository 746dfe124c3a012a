// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The boot ROM's states.
 *
 * Nothing is believed that was not copied first: the header is verified in the
 * ROM's own RAM and the image where it will run, and flash and stage, which
 * others may write, are not looked at again.
 */
#include "boot/rom.h"

#include <stddef.h>

#include "lib/io.h"
#include "lib/log.h"
#include "lib/mem.h"

static void add_slot(struct mo_rom *rom, uint32_t slot)
{
	struct mo_rom_place *place = &rom->place[rom->places++];

	place->addr = MO_SOC_FLASH_BASE + slot * MO_SOC_FLASH_SLOT_SIZE;
	place->len = MO_SOC_FLASH_SLOT_SIZE;
	place->source = MO_SOC_BOOT_AUTO;
	place->slot = (uint8_t)slot;
}

static enum mo_rom_state rom_start(struct mo_rom *rom)
{
	uint32_t slot = mo_read32(MO_SOC_SYS_BOOT_SLOT);

	rom->places = 0;
	rom->next = 0;
	rom->error = MO_FW_ERR_NONE;
	switch (mo_read32(MO_SOC_SYS_BOOT_SOURCE)) {
	case MO_SOC_BOOT_AUTO:
		/* An odd value takes no slot away: slots are 0 and 1. */
		add_slot(rom, slot & 1);
		add_slot(rom, ~slot & 1);
		break;
	case MO_SOC_BOOT_STAGE:
		rom->place[0].addr = MO_SOC_STAGE_BASE;
		rom->place[0].len = mo_read32(MO_SOC_SYS_STAGE_LEN);
		rom->place[0].source = MO_SOC_BOOT_STAGE;
		rom->place[0].slot = 0;
		rom->places = 1;
		break;
	default:
		break;
	}
	return rom->places ? MO_ROM_NEXT : MO_ROM_EMPTY;
}

static enum mo_rom_state refuse(struct mo_rom *rom, enum mo_fw_error error)
{
	/* What is worth telling is the first image, not the empty places. */
	if (rom->error == MO_FW_ERR_NONE || rom->error == MO_FW_ERR_EMPTY)
		rom->error = error;
	return MO_ROM_NEXT;
}

static enum mo_rom_state rom_next(struct mo_rom *rom)
{
	if (rom->next < rom->places) {
		rom->next++;
		return MO_ROM_HEADER;
	}
	return rom->error == MO_FW_ERR_EMPTY ? MO_ROM_EMPTY : MO_ROM_REJECTED;
}

static enum mo_rom_state rom_header(struct mo_rom *rom)
{
	const struct mo_rom_place *place = &rom->place[rom->next - 1];
	struct mo_fw_hdr *hdr = &rom->info->hdr;
	uint32_t available = place->len;
	uint32_t len = available < sizeof(*hdr) ? available : sizeof(*hdr);
	enum mo_fw_error error;

	memset(hdr, 0, sizeof(*hdr));
	memcpy(hdr, mo_mem(place->addr, len), len);
	if (place->source == MO_SOC_BOOT_AUTO && mo_verify_erased(hdr))
		available = 0;
	if (available)
		mo_write32(MO_SOC_SYS_STATE, MO_MGMT_VERIFY);
	error = mo_verify_header(hdr, available, &rom->rules);
	if (!error)
		error = mo_verify_signature(hdr, &rom->rules);
	return error ? refuse(rom, error) : MO_ROM_IMAGE;
}

static enum mo_rom_state rom_image(struct mo_rom *rom)
{
	const struct mo_rom_place *place = &rom->place[rom->next - 1];
	const struct mo_fw_hdr *hdr = &rom->info->hdr;
	bool fits = mo_verify_layout(hdr);
	enum mo_fw_error error = MO_FW_ERR_NONE;

	/* The order is that of enum mo_fw_error, as far as there is a copy. */
	if (fits) {
		void *image = mo_mem_rw(hdr->load_addr, hdr->image_len);

		memcpy(image,
		       mo_mem(place->addr + MO_FW_HDR_LEN, hdr->image_len),
		       hdr->image_len);
		error = mo_verify_image(hdr, image);
	}
	if (!error)
		error = mo_verify_security_version(hdr, &rom->rules);
	if (!error && !fits)
		error = MO_FW_ERR_LAYOUT;
	return error ? refuse(rom, error) : MO_ROM_JUMP;
}

static enum mo_rom_state rom_jump(struct mo_rom *rom)
{
	const struct mo_rom_place *place = &rom->place[rom->next - 1];
	struct mo_boot_info *info = rom->info;
	const struct mo_fw_hdr *hdr = &info->hdr;

	info->magic = MO_BOOT_INFO_MAGIC;
	info->source = place->source;
	info->slot = place->slot;
	info->keys = MO_ROOT_KEYS;
	info->root_keys = *rom->rules.root_keys;
	memset(info->rsvd, 0, sizeof(info->rsvd));
	if (place->source == MO_SOC_BOOT_AUTO)
		mo_write32(MO_SOC_SYS_BOOT_SLOT, place->slot);
	mo_write32(MO_SOC_SYS_FW_VERSION, (uint32_t)hdr->ver_major << 16 |
						  (uint32_t)hdr->ver_minor << 8 |
						  hdr->ver_patch);
	mo_write32(MO_SOC_SYS_FW_ABI,
		   (uint32_t)hdr->abi_major << 16 | hdr->abi_minor);
	mo_write32(MO_SOC_SYS_ERROR, MO_FW_ERR_NONE);
	mo_write32(MO_SOC_SYS_STATE, MO_MGMT_BOOT);
	mo_rom_enter(hdr->entry);
	return MO_ROM_WAIT;
}

static enum mo_rom_state rom_rejected(struct mo_rom *rom)
{
	mo_log("rom: no image accepted, error %u", rom->error);
	mo_write32(MO_SOC_SYS_ERROR, rom->error);
	mo_write32(MO_SOC_SYS_STATE, MO_MGMT_REJECTED);
	return MO_ROM_WAIT;
}

static enum mo_rom_state rom_empty(struct mo_rom *rom)
{
	mo_write32(MO_SOC_SYS_ERROR, rom->error);
	mo_write32(MO_SOC_SYS_STATE, MO_MGMT_ROM);
	return MO_ROM_WAIT;
}

typedef enum mo_rom_state (*rom_function)(struct mo_rom *rom);

static const rom_function rom_functions[] = {
#define X(name, function, text) [MO_ROM_##name] = (function),
	MO_ROM_STATES(X)
#undef X
};

void mo_rom_run(struct mo_rom *rom, const struct mo_root_keys *keys)
{
	enum mo_rom_state state = MO_ROM_START;

	mo_verify_read_rules(&rom->rules, keys);
	while (rom_functions[state])
		state = rom_functions[state](rom);
}
