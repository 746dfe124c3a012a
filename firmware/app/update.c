// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/update.h"

#include "app/app.h"
#include "drv/flash.h"
#include "hw/ids.h"
#include "lib/log.h"
#include "lib/mem.h"

#define HASH_CHUNK	512
#define VERIFY_CHUNK	1024

static uint32_t slot_offset(uint8_t slot)
{
	return (uint32_t)slot * MO_SOC_FLASH_SLOT_SIZE;
}

/* What can be said about a header without looking at the image. */
static enum mo_fw_error check_header(const struct mo_fw_hdr *hdr, uint32_t room)
{
	uint32_t board = mo_read32(MO_SOC_SYS_BOARD);
	uint32_t interface = mo_read32(MO_SOC_SYS_IF_VERSION);
	uint32_t end;

	if (hdr->magic == 0xffffffff)
		return MO_FW_ERR_EMPTY;
	if (hdr->magic != MO_FW_MAGIC)
		return MO_FW_ERR_MAGIC;
	if (hdr->hdr_version != MO_FW_HDR_VERSION || hdr->hdr_len != MO_FW_HDR_LEN)
		return MO_FW_ERR_HDR_VERSION;
	if (hdr->component != MO_FW_COMP_CONTROL)
		return MO_FW_ERR_COMPONENT;
	if (board > 31 || !(hdr->board_mask & MO_BIT(board)))
		return MO_FW_ERR_BOARD;
	if (hdr->if_major != interface >> 16 || hdr->if_minor > (interface & 0xffff))
		return MO_FW_ERR_IF_VERSION;
	if (hdr->key_id > 31 || !(mo_read32(MO_SOC_SYS_KEYS) & MO_BIT(hdr->key_id)))
		return MO_FW_ERR_KEY;
	if (hdr->security_version < mo_read32(MO_SOC_SYS_SECURITY_VERSION))
		return MO_FW_ERR_SECURITY_VERSION;
	if (hdr->image_len == 0 || hdr->image_len > MO_FW_IMAGE_MAX || hdr->image_len % 4)
		return MO_FW_ERR_LAYOUT;
	if (hdr->image_len > room - MO_FW_HDR_LEN)
		return MO_FW_ERR_TRUNCATED;
	end = hdr->load_addr + hdr->image_len;
	if (hdr->load_addr < MO_SOC_RAM_BASE || hdr->load_addr % 4 ||
	    end < hdr->load_addr || end > MO_SOC_RAM_BASE + MO_SOC_RAM_SIZE ||
	    hdr->entry < hdr->load_addr || hdr->entry >= end)
		return MO_FW_ERR_LAYOUT;
	return MO_FW_ERR_NONE;
}

static void begin_hash(struct mo_update *update, uint32_t base)
{
	update->step = MO_UPDATE_HASH;
	update->base = base;
	update->len = MO_FW_HDR_LEN + update->hdr.image_len;
	update->at = MO_FW_HDR_LEN;
	mo_sha512_init(&update->hash);
}

static void finish(struct mo_app *app, enum mo_mb_status status)
{
	struct mo_update *update = &app->update;
	uint16_t len = 0;

	update->step = MO_UPDATE_IDLE;
	update->started = false;
	if (status == MO_MB_OK && update->job == MO_UPDATE_JOB_INFO)
		len = sizeof(update->info);
	mo_mailbox_complete(app, status, &update->info, len);
}

/* INFO: continues with the next slot, or ends. */
static void next_slot(struct mo_app *app)
{
	struct mo_update *update = &app->update;

	while (++update->slot < MO_SOC_FLASH_SLOTS) {
		uint32_t base = MO_SOC_FLASH_BASE + slot_offset(update->slot);
		struct mo_mb_flash_slot *slot = &update->info.slot[update->slot];

		memcpy(&update->hdr, mo_mem(base, MO_FW_HDR_LEN), MO_FW_HDR_LEN);
		slot->error = check_header(&update->hdr, MO_SOC_FLASH_SLOT_SIZE);
		if (slot->error == MO_FW_ERR_NONE) {
			begin_hash(update, base);
			return;
		}
	}
	finish(app, MO_MB_OK);
}

static void info_hashed(struct mo_app *app, bool good)
{
	struct mo_update *update = &app->update;
	struct mo_mb_flash_slot *slot = &update->info.slot[update->slot];

	if (!good) {
		slot->error = MO_FW_ERR_HASH;
	} else {
		slot->ver_major = update->hdr.ver_major;
		slot->ver_minor = update->hdr.ver_minor;
		slot->ver_patch = update->hdr.ver_patch;
		memcpy(slot->build_id, update->hdr.build_id, sizeof(slot->build_id));
	}
	next_slot(app);
}

enum mo_mb_status mo_update_info(struct mo_app *app)
{
	struct mo_update *update = &app->update;

	memset(&update->info, 0, sizeof(update->info));
	update->job = MO_UPDATE_JOB_INFO;
	update->info.slots = MO_SOC_FLASH_SLOTS;
	update->info.boot_slot = (__u8)mo_read32(MO_SOC_SYS_BOOT_SLOT);
	update->slot = 0xff; /* one before the first */
	next_slot(app);
	return MO_MB_PENDING;
}

enum mo_mb_status mo_update_write(struct mo_app *app, uint8_t slot)
{
	struct mo_update *update = &app->update;
	uint32_t len = mo_read32(MO_SOC_SYS_STAGE_LEN);
	enum mo_fw_error error;

	if (slot >= MO_SOC_FLASH_SLOTS)
		return MO_MB_ERR_PARAM;
	if (app->boot.source == MO_SOC_BOOT_AUTO && app->boot.slot == slot)
		return MO_MB_ERR_BUSY; /* what runs must survive a failure */
	if (len < MO_FW_HDR_LEN || len > MO_SOC_STAGE_SIZE)
		return MO_MB_ERR_IMAGE;
	memcpy(&update->hdr, mo_mem(MO_SOC_STAGE_BASE, MO_FW_HDR_LEN), MO_FW_HDR_LEN);
	error = check_header(&update->hdr, len);
	if (error != MO_FW_ERR_NONE) {
		mo_log("flash: image refused, error %u", (unsigned int)error);
		return MO_MB_ERR_IMAGE;
	}
	update->job = MO_UPDATE_JOB_WRITE;
	update->slot = slot;
	begin_hash(update, MO_SOC_STAGE_BASE);
	return MO_MB_PENDING;
}

enum mo_mb_status mo_update_select(struct mo_app *app, uint8_t slot)
{
	struct mo_update *update = &app->update;
	uint32_t base;

	if (slot >= MO_SOC_FLASH_SLOTS)
		return MO_MB_ERR_PARAM;
	base = MO_SOC_FLASH_BASE + slot_offset(slot);
	memcpy(&update->hdr, mo_mem(base, MO_FW_HDR_LEN), MO_FW_HDR_LEN);
	if (check_header(&update->hdr, MO_SOC_FLASH_SLOT_SIZE) != MO_FW_ERR_NONE)
		return MO_MB_ERR_IMAGE;
	update->job = MO_UPDATE_JOB_SELECT;
	update->slot = slot;
	begin_hash(update, base);
	return MO_MB_PENDING;
}

bool mo_update_busy(const struct mo_update *update)
{
	return update->step != MO_UPDATE_IDLE && !update->started;
}

static void hashed(struct mo_app *app)
{
	struct mo_update *update = &app->update;
	uint8_t digest[64];
	bool good;

	mo_sha512_final(&update->hash, digest);
	good = memcmp(digest, update->hdr.sha512, sizeof(digest)) == 0;
	switch (update->job) {
	case MO_UPDATE_JOB_INFO:
		info_hashed(app, good);
		break;
	case MO_UPDATE_JOB_WRITE:
		if (!good) {
			mo_log("flash: image does not match its hash");
			finish(app, MO_MB_ERR_IMAGE);
			break;
		}
		update->step = MO_UPDATE_ERASE;
		update->at = 0;
		break;
	case MO_UPDATE_JOB_SELECT:
		if (good)
			mo_write32(MO_SOC_SYS_BOOT_SLOT, update->slot);
		finish(app, good ? MO_MB_OK : MO_MB_ERR_IMAGE);
		break;
	}
}

static void run_hash(struct mo_app *app)
{
	struct mo_update *update = &app->update;
	uint32_t chunk = update->len - update->at;

	if (chunk > HASH_CHUNK)
		chunk = HASH_CHUNK;
	mo_sha512_update(&update->hash, mo_mem(update->base + update->at, chunk), chunk);
	update->at += chunk;
	if (update->at == update->len)
		hashed(app);
}

/* The next operation; MO_ERR_STATE when the step has none left. */
static enum mo_error start(struct mo_update *update)
{
	uint32_t slot = slot_offset(update->slot);
	uint32_t len;

	switch (update->step) {
	case MO_UPDATE_ERASE:
		if (update->at >= update->len)
			return MO_ERR_STATE;
		return mo_flash_start_erase(slot + update->at);
	case MO_UPDATE_PROGRAM:
		if (update->at >= update->len)
			return MO_ERR_STATE;
		len = MO_SOC_FLASH_SECTOR - update->at % MO_SOC_FLASH_SECTOR;
		if (len > update->len - update->at)
			len = update->len - update->at;
		return mo_flash_start_program(slot + update->at, update->at, len);
	case MO_UPDATE_HEADER:
		if (update->at)
			return MO_ERR_STATE;
		return mo_flash_start_program(slot, 0, MO_FW_HDR_LEN);
	default:
		return MO_ERR_STATE;
	}
}

static void advance(struct mo_update *update)
{
	update->at -= update->at % MO_SOC_FLASH_SECTOR;
	update->at += MO_SOC_FLASH_SECTOR;
}

static void next_step(struct mo_app *app)
{
	struct mo_update *update = &app->update;

	switch (update->step) {
	case MO_UPDATE_ERASE:
		update->step = MO_UPDATE_PROGRAM;
		update->at = MO_FW_HDR_LEN; /* the header comes last */
		break;
	case MO_UPDATE_PROGRAM:
		update->step = MO_UPDATE_VERIFY;
		update->at = MO_FW_HDR_LEN;
		break;
	case MO_UPDATE_HEADER:
		update->step = MO_UPDATE_VERIFY_HEADER;
		break;
	default:
		break;
	}
}

static bool same(const struct mo_update *update, uint32_t at, uint32_t len)
{
	return memcmp(mo_mem(MO_SOC_FLASH_BASE + slot_offset(update->slot) + at, len),
		      mo_mem(MO_SOC_STAGE_BASE + at, len), len) == 0;
}

static void run_verify(struct mo_app *app)
{
	struct mo_update *update = &app->update;
	uint32_t chunk = update->len - update->at;

	if (chunk > VERIFY_CHUNK)
		chunk = VERIFY_CHUNK;
	if (!same(update, update->at, chunk)) {
		mo_log("flash: slot %u reads back wrong at %x", (unsigned int)update->slot,
		       (unsigned int)update->at);
		finish(app, MO_MB_ERR_FLASH);
		return;
	}
	update->at += chunk;
	if (update->at == update->len) {
		update->step = MO_UPDATE_HEADER;
		update->at = 0;
	}
}

static void run_flash(struct mo_app *app)
{
	struct mo_update *update = &app->update;
	enum mo_error error;

	if (update->started) {
		error = mo_flash_finish();
		if (error == MO_ERR_BUSY)
			return;
		update->started = false;
		if (error != MO_OK) {
			mo_log("flash: slot %u, %s", (unsigned int)update->slot,
			       mo_error_text(error));
			finish(app, MO_MB_ERR_FLASH);
			return;
		}
		advance(update);
	}
	error = start(update);
	if (error == MO_ERR_STATE)
		next_step(app);
	else if (error == MO_OK)
		update->started = true;
	else
		finish(app, MO_MB_ERR_FLASH);
}

void mo_update_run(struct mo_app *app)
{
	struct mo_update *update = &app->update;

	switch (update->step) {
	case MO_UPDATE_IDLE:
		break;
	case MO_UPDATE_HASH:
		run_hash(app);
		break;
	case MO_UPDATE_VERIFY:
		run_verify(app);
		break;
	case MO_UPDATE_VERIFY_HEADER:
		if (same(update, 0, MO_FW_HDR_LEN)) {
			mo_log("flash: slot %u written", (unsigned int)update->slot);
			finish(app, MO_MB_OK);
		} else {
			finish(app, MO_MB_ERR_FLASH);
		}
		break;
	case MO_UPDATE_ERASE:
	case MO_UPDATE_PROGRAM:
	case MO_UPDATE_HEADER:
		run_flash(app);
		break;
	}
}
