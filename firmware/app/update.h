/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware images in the flash: checking and writing, a little at a time so
 * that neither the link nor other messages are kept waiting. Commands start a
 * job, whose end MO_EVENT_FLASH tells.
 *
 * Writing is safe against loss of power: the slot's first sector is erased
 * before anything else and its header is programmed after everything else has
 * been read back. No image is written or selected that the boot ROM would
 * refuse: it is held against the same rules, its signature included, first.
 */
#ifndef MO_APP_UPDATE_H
#define MO_APP_UPDATE_H

#include <stdbool.h>

#include "hw/fwimg.h"
#include "hw/mbox.h"
#include "lib/sha512.h"
#include "lib/verify.h"

struct mo_app;

enum mo_update_step {
	MO_UPDATE_IDLE,
	MO_UPDATE_SIGNATURE,	/* of the header */
	MO_UPDATE_HASH,		/* of the image at @base */
	MO_UPDATE_JUDGE,	/* @error is the verdict */
	MO_UPDATE_ERASE,
	MO_UPDATE_PROGRAM,
	MO_UPDATE_VERIFY,
	MO_UPDATE_HEADER,
	MO_UPDATE_VERIFY_HEADER,
};

enum mo_update_job {
	MO_UPDATE_JOB_CHECK,	/* of the slots that nothing is known about */
	MO_UPDATE_JOB_WRITE,
	MO_UPDATE_JOB_SELECT,
};

struct mo_update {
	enum mo_update_step step;
	enum mo_update_job job;
	uint8_t slot;
	bool started;		/* an operation of the flash runs */
	uint32_t base;		/* address of the image that is verified */
	uint32_t len;		/* header and image */
	uint32_t at;		/* progress in bytes */
	struct mo_fw_hdr hdr;
	enum mo_fw_error error;
	struct mo_ed25519 signature;
	struct mo_sha512 hash;
	struct mo_mb_flash_info info;	/* verdicts of before, as far as info.known says */
	struct mo_mb_flash_job told;	/* of the last WRITE or SELECT, for the host */
};

/* FLASH_INFO: what is known; starts to find out the rest, unless a job runs. */
void mo_update_info(struct mo_app *app, struct mo_mb_flash_info *out);
/* FLASH_WRITE, FLASH_SELECT: start a job. */
enum mo_mb_status mo_update_write(struct mo_app *app, uint8_t slot);
enum mo_mb_status mo_update_select(struct mo_app *app, uint8_t slot);
/* FLASH_JOB */
void mo_update_job(const struct mo_app *app, struct mo_mb_flash_job *out);
/* True while there is something to compute without waiting for the flash. */
bool mo_update_busy(const struct mo_update *update);
/* One small step. Also the FLASH interrupt. */
void mo_update_run(struct mo_app *app);

#endif /* MO_APP_UPDATE_H */
