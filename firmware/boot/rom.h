/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot ROM: finds an image, verifies it, starts it. A table of states that
 * one loop walks; each state is a function that names the next one.
 */
#ifndef MO_BOOT_ROM_H
#define MO_BOOT_ROM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/boot_info.h"
#include "lib/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

/* States: X(NAME, function, text). */
#define MO_ROM_STATES(X) \
	X(START, rom_start, "reads what is asked for") \
	X(NEXT, rom_next, "takes the next place to look at") \
	X(HEADER, rom_header, "checks the header found there") \
	X(IMAGE, rom_image, "copies the image and checks the copy") \
	X(JUMP, rom_jump, "starts the image") \
	X(REJECTED, rom_rejected, "reports why nothing was started") \
	X(EMPTY, rom_empty, "reports that nothing was there") \
	X(WAIT, NULL, "waits for the host to reset the core")

enum mo_rom_state {
#define X(name, function, text) MO_ROM_##name,
	MO_ROM_STATES(X)
#undef X
};

/* A place where an image may be. */
struct mo_rom_place {
	uint32_t addr;
	uint32_t len;
	uint8_t source;	/* MO_SOC_BOOT_AUTO = flash, MO_SOC_BOOT_STAGE */
	uint8_t slot;
};

struct mo_rom {
	struct mo_verify_rules rules;
	struct mo_rom_place place[MO_SOC_FLASH_SLOTS];
	uint32_t places;
	uint32_t next;		/* index of the next place to look at */
	enum mo_fw_error error;	/* of the first place that was not empty */
	struct mo_boot_info *info;
};

/*
 * Walks the states from START until there is nothing left to do but wait.
 * Returns only when no image was started.
 */
void mo_rom_run(struct mo_rom *rom, const struct mo_root_keys *keys);

/* Implemented by start.S (and by tests): leaves the ROM for ever. */
void mo_rom_enter(uint32_t entry);

#ifdef __cplusplus
}
#endif

#endif /* MO_BOOT_ROM_H */
