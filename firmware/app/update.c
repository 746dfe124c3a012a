// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/update.h"

#include "app/app.h"
#include "drv/flash.h"
#include "hw/event.h"
#include "lib/log.h"
#include "lib/mem.h"

#define HASH_CHUNK	512

static uint32_t slot_offset(uint8_t slot)
{
	return (uint32_t)slot * MO_SOC_FLASH_SLOT_SIZE;
}

/* The verdict about an image; acted upon in the next step. */
static void judge(struct mo_update *update, enum mo_fw_error error)
{
	update->error = error;
	update->step = MO_UPDATE_JUDGE;
}

static void read_rules(const struct mo_app *app, struct mo_verify_rules *rules)
{
	mo_verify_read_rules(rules, &app->boot.root_keys);
}

/*
 * Begins to verify the image at `base`, where `room` bytes are: all that the
 * boot ROM would refuse, in its order.
 */
static void begin_check(struct mo_app *app, uint32_t base, uint32_t room)
{
	struct mo_update *update = &app->update;
	struct mo_fw_hdr *hdr = &update->hdr;
	uint32_t len = room < sizeof(*hdr) ? room : sizeof(*hdr);
	struct mo_verify_rules rules;
	enum mo_fw_error error;

	memset(hdr, 0, sizeof(*hdr));
	memcpy(hdr, mo_mem(base, len), len);
	if (base != MO_SOC_STAGE_BASE && mo_verify_erased(hdr))
		room = 0;
	read_rules(app, &rules);
	error = mo_verify_header(hdr, room, &rules);
	if (error != MO_FW_ERR_NONE) {
		judge(update, error);
		return;
	}
	update->base = base;
	update->step = MO_UPDATE_SIGNATURE;
	mo_ed25519_begin(&update->signature, hdr->signature, mo_verify_key(hdr, &rules), hdr,
			 MO_FW_SIGNED_LEN);
}

static void begin_hash(struct mo_update *update, enum mo_update_step step)
{
	update->step = step;
	update->at = MO_FW_HDR_LEN;
	mo_sha512_init(&update->hash);
}

/* A piece of the image at `base`; true after the last one. */
static bool hash_piece(struct mo_update *update)
{
	uint32_t chunk = update->len - update->at;

	if (chunk > HASH_CHUNK)
		chunk = HASH_CHUNK;
	mo_sha512_update(&update->hash, mo_mem(update->base + update->at, chunk), chunk);
	update->at += chunk;
	return update->at == update->len;
}

static bool hash_is_signed(struct mo_update *update)
{
	uint8_t digest[64];

	mo_sha512_final(&update->hash, digest);
	return memcmp(digest, update->hdr.sha512, sizeof(digest)) == 0;
}

static void run_signature(struct mo_app *app)
{
	struct mo_update *update = &app->update;
	enum mo_error error = mo_ed25519_step(&update->signature);

	if (error == MO_ERR_BUSY)
		return;
	if (error != MO_OK) {
		judge(update, MO_FW_ERR_SIGNATURE);
		return;
	}
	update->len = MO_FW_HDR_LEN + update->hdr.image_len;
	begin_hash(update, MO_UPDATE_HASH);
}

/* What is left once the signature is good and the hash is made. */
static enum mo_fw_error check_rest(struct mo_app *app)
{
	const struct mo_fw_hdr *hdr = &app->update.hdr;
	struct mo_verify_rules rules;
	enum mo_fw_error error;

	if (!hash_is_signed(&app->update))
		return MO_FW_ERR_HASH;
	read_rules(app, &rules);
	error = mo_verify_security_version(hdr, &rules);
	if (error != MO_FW_ERR_NONE)
		return error;
	return mo_verify_layout(hdr) ? MO_FW_ERR_NONE : MO_FW_ERR_LAYOUT;
}

static void run_hash(struct mo_app *app)
{
	if (hash_piece(&app->update))
		judge(&app->update, check_rest(app));
}

/* The job ends; why an image was refused is kept for FLASH_JOB. */
static void finish(struct mo_app *app, enum mo_mb_status status)
{
	struct mo_update *update = &app->update;

	update->step = MO_UPDATE_IDLE;
	update->started = false;
	if (update->job != MO_UPDATE_JOB_CHECK) {
		update->told.state = MO_FLASH_JOB_DONE;
		update->told.status = (__le16)status;
		update->told.error = (__u8)update->error;
	}
	mo_app_event(app, MO_EVENT_FLASH, (uint8_t)status, (uint16_t)update->told.seq);
}

static bool known(const struct mo_update *update, uint8_t slot)
{
	return update->info.known & MO_BIT(slot);
}

static void forget(struct mo_update *update, uint8_t slot)
{
	update->info.known &= (__u8)~MO_BIT(slot);
	memset(&update->info.slot[slot], 0, sizeof(update->info.slot[slot]));
}

/* CHECK: goes on with the first slot from `slot` on that is not known, or ends. */
static void look_at(struct mo_app *app, uint8_t slot)
{
	while (slot < MO_SOC_FLASH_SLOTS && known(&app->update, slot))
		slot++;
	app->update.slot = slot;
	if (slot < MO_SOC_FLASH_SLOTS)
		begin_check(app, MO_SOC_FLASH_BASE + slot_offset(slot), MO_SOC_FLASH_SLOT_SIZE);
	else
		finish(app, MO_MB_OK);
}

static void note_slot(struct mo_update *update)
{
	struct mo_mb_flash_slot *slot = &update->info.slot[update->slot];

	memset(slot, 0, sizeof(*slot));
	update->info.known |= (__u8)MO_BIT(update->slot);
	slot->error = (__u8)update->error;
	if (update->error != MO_FW_ERR_NONE)
		return;
	slot->ver_major = update->hdr.ver_major;
	slot->ver_minor = update->hdr.ver_minor;
	slot->ver_patch = update->hdr.ver_patch;
	memcpy(slot->build_id, update->hdr.build_id, sizeof(slot->build_id));
}

static void run_judge(struct mo_app *app)
{
	struct mo_update *update = &app->update;

	if (update->job == MO_UPDATE_JOB_CHECK) {
		note_slot(update);
		look_at(app, update->slot + 1);
		return;
	}
	if (update->job == MO_UPDATE_JOB_SELECT)
		note_slot(update);
	if (update->error != MO_FW_ERR_NONE) {
		mo_log("flash: image refused, error %u", (unsigned int)update->error);
		finish(app, MO_MB_ERR_IMAGE);
		return;
	}
	if (update->job == MO_UPDATE_JOB_SELECT) {
		mo_write32(MO_SOC_SYS_BOOT_SLOT, update->slot);
		finish(app, MO_MB_OK);
		return;
	}
	forget(update, update->slot);
	update->step = MO_UPDATE_ERASE;
	update->at = 0;
	update->told.total = 3 * update->len; /* erased, written, read back */
}

void mo_update_info(struct mo_app *app, struct mo_mb_flash_info *out)
{
	struct mo_update *update = &app->update;

	update->info.slots = MO_SOC_FLASH_SLOTS;
	update->info.boot_slot = (__u8)mo_read32(MO_SOC_SYS_BOOT_SLOT);
	*out = update->info;
	if (update->step == MO_UPDATE_IDLE &&
	    update->info.known != MO_BIT(MO_SOC_FLASH_SLOTS) - 1) {
		update->job = MO_UPDATE_JOB_CHECK;
		look_at(app, 0);
	}
}

/* A job of the host begins, unless one runs. */
static enum mo_mb_status begin_job(struct mo_app *app, enum mo_update_job job, uint8_t slot,
				   uint32_t base, uint32_t room)
{
	struct mo_update *update = &app->update;

	if (update->step != MO_UPDATE_IDLE)
		return MO_MB_ERR_BUSY;
	update->job = job;
	update->slot = slot;
	update->told = (struct mo_mb_flash_job){
		.seq = update->told.seq + 1,
		.state = MO_FLASH_JOB_RUNS,
		.slot = slot,
	};
	begin_check(app, base, room);
	return MO_MB_OK;
}

enum mo_mb_status mo_update_write(struct mo_app *app, uint8_t slot)
{
	uint32_t len = mo_read32(MO_SOC_SYS_STAGE_LEN);

	if (slot >= MO_SOC_FLASH_SLOTS)
		return MO_MB_ERR_PARAM;
	if (app->boot.source == MO_SOC_BOOT_AUTO && app->boot.slot == slot)
		return MO_MB_ERR_BUSY; /* what runs must survive a failure */
	return begin_job(app, MO_UPDATE_JOB_WRITE, slot, MO_SOC_STAGE_BASE,
			 len < MO_SOC_STAGE_SIZE ? len : MO_SOC_STAGE_SIZE);
}

enum mo_mb_status mo_update_select(struct mo_app *app, uint8_t slot)
{
	if (slot >= MO_SOC_FLASH_SLOTS)
		return MO_MB_ERR_PARAM;
	return begin_job(app, MO_UPDATE_JOB_SELECT, slot,
			 MO_SOC_FLASH_BASE + slot_offset(slot), MO_SOC_FLASH_SLOT_SIZE);
}

void mo_update_job(const struct mo_app *app, struct mo_mb_flash_job *out)
{
	const struct mo_update *update = &app->update;
	uint32_t done = update->at < update->len ? update->at : update->len;

	*out = update->told;
	if (out->state != MO_FLASH_JOB_RUNS || !out->total)
		return;
	switch (update->step) {
	case MO_UPDATE_ERASE:
		out->done = done;
		break;
	case MO_UPDATE_PROGRAM:
		out->done = update->len + done;
		break;
	case MO_UPDATE_VERIFY:
		out->done = 2 * update->len + done;
		break;
	default:
		out->done = out->total;
		break;
	}
}

bool mo_update_busy(const struct mo_update *update)
{
	return update->step != MO_UPDATE_IDLE && !update->started;
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
		update->base = MO_SOC_FLASH_BASE + slot_offset(update->slot);
		begin_hash(update, MO_UPDATE_VERIFY);
		break;
	case MO_UPDATE_HEADER:
		update->step = MO_UPDATE_VERIFY_HEADER;
		break;
	default:
		break;
	}
}

/* What was verified has arrived, whatever became of the stage meanwhile. */
static void run_verify(struct mo_app *app)
{
	struct mo_update *update = &app->update;

	if (!hash_piece(update))
		return;
	if (!hash_is_signed(update)) {
		mo_log("flash: slot %u reads back wrong", (unsigned int)update->slot);
		finish(app, MO_MB_ERR_FLASH);
		return;
	}
	update->step = MO_UPDATE_HEADER;
	update->at = 0;
}

static void run_verify_header(struct mo_app *app)
{
	struct mo_update *update = &app->update;
	bool good = memcmp(mo_mem(update->base, MO_FW_HDR_LEN), &update->hdr, MO_FW_HDR_LEN) == 0;

	mo_log("flash: slot %u %s", (unsigned int)update->slot,
	       good ? "written" : "reads back a wrong header");
	finish(app, good ? MO_MB_OK : MO_MB_ERR_FLASH);
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
	case MO_UPDATE_SIGNATURE:
		run_signature(app);
		break;
	case MO_UPDATE_HASH:
		run_hash(app);
		break;
	case MO_UPDATE_JUDGE:
		run_judge(app);
		break;
	case MO_UPDATE_VERIFY:
		run_verify(app);
		break;
	case MO_UPDATE_VERIFY_HEADER:
		run_verify_header(app);
		break;
	case MO_UPDATE_ERASE:
	case MO_UPDATE_PROGRAM:
	case MO_UPDATE_HEADER:
		run_flash(app);
		break;
	}
}
