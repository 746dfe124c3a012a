/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to the module's paged memory (OIF-CMIS-05.2 chapter 8): a queue of
 * reads and writes, run one after the other over the I2C bus, with page
 * selection and retries. Each ends with a call of its function, exactly once.
 */
#ifndef MO_APP_CMIS_H
#define MO_APP_CMIS_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/io.h"

struct mo_app;

#define MO_CMIS_QUEUE		16
#define MO_CMIS_WRITE_MAX	24

/* `error`: MO_OK, MO_ERR_I2C_NACK after retries, MO_ERR_STATE when the module went away. */
typedef void (*mo_cmis_done)(struct mo_app *app, uint32_t arg, enum mo_error error);

struct mo_cmis_op {
	uint8_t bank;
	uint8_t page;
	uint8_t offset;
	uint8_t len;
	bool write;
	bool once;		/* no retries */
	uint8_t data[MO_CMIS_WRITE_MAX];
	uint8_t *to;		/* of a read; valid until it is done */
	mo_cmis_done done;
	uint32_t arg;
};

enum mo_cmis_state {
	MO_CMIS_IDLE,
	MO_CMIS_SELECT,		/* writing bank and page */
	MO_CMIS_TRANSFER,
	MO_CMIS_BACKOFF,	/* waiting to try again */
	MO_CMIS_DRAIN,		/* a transfer whose operation was flushed */
};

struct mo_cmis {
	enum mo_cmis_state state;
	uint32_t head;
	uint32_t count;
	uint32_t tries;
	bool page_known;
	uint8_t bank;
	uint8_t page;
	struct mo_cmis_op queue[MO_CMIS_QUEUE];
};

/* Bytes `offset`..`offset + len - 1` (0..255, not crossing 127/128) into `to`. */
MO_MUST_USE enum mo_error mo_cmis_read(struct mo_app *app, uint8_t bank, uint8_t page,
				       uint8_t offset, uint8_t len, uint8_t *to,
				       mo_cmis_done done, uint32_t arg);
/* A read that fails at the first missing acknowledge. */
MO_MUST_USE enum mo_error mo_cmis_probe(struct mo_app *app, uint8_t offset, uint8_t len,
					uint8_t *to, mo_cmis_done done, uint32_t arg);
MO_MUST_USE enum mo_error mo_cmis_write(struct mo_app *app, uint8_t bank, uint8_t page,
					uint8_t offset, const uint8_t *data, uint8_t len,
					mo_cmis_done done, uint32_t arg);
/* The module is gone or in reset: ends every operation with MO_ERR_STATE. */
void mo_cmis_flush(struct mo_app *app);
/* I2C interrupt, MO_TIMER_CMIS. */
void mo_cmis_interrupt(struct mo_app *app);
void mo_cmis_timer(struct mo_app *app);

#endif /* MO_APP_CMIS_H */
