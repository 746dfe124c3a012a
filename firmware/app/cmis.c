// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/cmis.h"

#include "app/app.h"
#include "drv/i2c.h"
#include "hw/cmis.h"
#include "lib/mem.h"

#define CMIS_TRIES		4
#define CMIS_BACKOFF_US		10000

static struct mo_cmis_op *current(struct mo_cmis *cmis)
{
	return &cmis->queue[cmis->head];
}

/* Ends the current operation. Its function may queue the next ones. */
static void end(struct mo_app *app, enum mo_error error, enum mo_cmis_state next)
{
	struct mo_cmis *cmis = &app->cmis;
	struct mo_cmis_op op = *current(cmis);

	cmis->head = (cmis->head + 1) % MO_CMIS_QUEUE;
	cmis->count--;
	cmis->tries = 0;
	cmis->state = next;
	mo_timers_stop(&app->timers, MO_TIMER_CMIS);
	op.done(app, op.arg, error);
}

static bool exhausted(struct mo_cmis *cmis)
{
	return cmis->tries >= (current(cmis)->once ? 1U : CMIS_TRIES);
}

static void back_off(struct mo_app *app)
{
	app->cmis.state = MO_CMIS_BACKOFF;
	mo_timers_set(&app->timers, MO_TIMER_CMIS, app->now_us + CMIS_BACKOFF_US);
}

static void failed(struct mo_app *app, enum mo_error error)
{
	struct mo_cmis *cmis = &app->cmis;

	cmis->page_known = false;
	cmis->tries++;
	if (exhausted(cmis))
		end(app, error, MO_CMIS_IDLE);
	else
		back_off(app);
}

/* Starts the next transfer of the current operation. */
static enum mo_error start(struct mo_cmis *cmis)
{
	struct mo_cmis_op *op = current(cmis);

	if (op->offset >= MO_CMIS_PAGE_LEN &&
	    !(cmis->page_known && cmis->bank == op->bank && cmis->page == op->page)) {
		const uint8_t select[2] = { op->bank, op->page };

		cmis->state = MO_CMIS_SELECT;
		return mo_i2c_start_write(MO_CMIS_LOW_BANK, select, sizeof(select));
	}
	cmis->state = MO_CMIS_TRANSFER;
	return op->write ? mo_i2c_start_write(op->offset, op->data, op->len) :
			   mo_i2c_start_read(op->offset, op->len);
}

static void run(struct mo_app *app)
{
	struct mo_cmis *cmis = &app->cmis;

	if (cmis->state != MO_CMIS_IDLE || !cmis->count)
		return;
	if (start(cmis) != MO_OK) {
		/* Ends from the timer, if at all: who adds is not called back yet. */
		cmis->tries++;
		back_off(app);
	}
}

static enum mo_error add(struct mo_app *app, const struct mo_cmis_op *op)
{
	struct mo_cmis *cmis = &app->cmis;

	if (op->len == 0 || op->offset + op->len > 256 ||
	    (op->offset < MO_CMIS_PAGE_LEN && op->offset + op->len > MO_CMIS_PAGE_LEN))
		return MO_ERR_PARAM;
	if (cmis->count == MO_CMIS_QUEUE)
		return MO_ERR_SPACE;
	cmis->queue[(cmis->head + cmis->count) % MO_CMIS_QUEUE] = *op;
	cmis->count++;
	run(app);
	return MO_OK;
}

enum mo_error mo_cmis_read(struct mo_app *app, uint8_t bank, uint8_t page, uint8_t offset,
			   uint8_t len, uint8_t *to, mo_cmis_done done, uint32_t arg)
{
	const struct mo_cmis_op op = {
		.bank = bank, .page = page, .offset = offset, .len = len,
		.to = to, .done = done, .arg = arg,
	};

	return add(app, &op);
}

enum mo_error mo_cmis_probe(struct mo_app *app, uint8_t offset, uint8_t len, uint8_t *to,
			    mo_cmis_done done, uint32_t arg)
{
	const struct mo_cmis_op op = {
		.offset = offset, .len = len, .once = true,
		.to = to, .done = done, .arg = arg,
	};

	return add(app, &op);
}

enum mo_error mo_cmis_write(struct mo_app *app, uint8_t bank, uint8_t page, uint8_t offset,
			    const uint8_t *data, uint8_t len, mo_cmis_done done, uint32_t arg)
{
	struct mo_cmis_op op = {
		.bank = bank, .page = page, .offset = offset, .len = len,
		.write = true, .done = done, .arg = arg,
	};

	if (len > MO_CMIS_WRITE_MAX)
		return MO_ERR_PARAM;
	memcpy(op.data, data, len);
	return add(app, &op);
}

void mo_cmis_flush(struct mo_app *app)
{
	struct mo_cmis *cmis = &app->cmis;
	bool on_bus = cmis->state == MO_CMIS_SELECT || cmis->state == MO_CMIS_TRANSFER ||
		      cmis->state == MO_CMIS_DRAIN;
	enum mo_cmis_state next = on_bus ? MO_CMIS_DRAIN : MO_CMIS_IDLE;

	cmis->page_known = false;
	/* Only what is queued now: the functions may queue anew. */
	for (uint32_t left = cmis->count; left; left--)
		end(app, MO_ERR_STATE, next);
	run(app);
}

void mo_cmis_interrupt(struct mo_app *app)
{
	struct mo_cmis *cmis = &app->cmis;
	enum mo_error error = mo_i2c_finish();

	if (error == MO_ERR_BUSY || error == MO_ERR_STATE)
		return;
	switch (cmis->state) {
	case MO_CMIS_DRAIN:
		cmis->state = MO_CMIS_IDLE;
		break;
	case MO_CMIS_SELECT:
		if (error != MO_OK) {
			failed(app, error);
			break;
		}
		cmis->bank = current(cmis)->bank;
		cmis->page = current(cmis)->page;
		cmis->page_known = true;
		cmis->state = MO_CMIS_IDLE;
		break;
	case MO_CMIS_TRANSFER:
		if (error != MO_OK) {
			failed(app, error);
			break;
		}
		if (!current(cmis)->write)
			mo_i2c_take(current(cmis)->to, current(cmis)->len);
		end(app, MO_OK, MO_CMIS_IDLE);
		break;
	case MO_CMIS_IDLE:
	case MO_CMIS_BACKOFF:
		break;
	}
	run(app);
}

void mo_cmis_timer(struct mo_app *app)
{
	struct mo_cmis *cmis = &app->cmis;

	if (cmis->state != MO_CMIS_BACKOFF)
		return;
	if (exhausted(cmis))
		end(app, MO_ERR_BUSY, MO_CMIS_IDLE);
	cmis->state = MO_CMIS_IDLE;
	run(app);
}
