/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dispatch of the mailbox commands. One request at a time; a handler answers
 * at once or says MO_MB_PENDING and calls mo_mailbox_complete() later.
 */
#ifndef MO_APP_MAILBOX_H
#define MO_APP_MAILBOX_H

#include <stdbool.h>

#include "hw/mbox.h"

struct mo_app;

/* Never sent. */
#define MO_MB_PENDING ((enum mo_mb_status)0xffff)

#define MO_MB_BODY_MAX (MO_MB_MAX - sizeof(struct mo_mb_hdr))

struct mo_message {
	struct mo_mb_hdr hdr;
	uint8_t body[MO_MB_BODY_MAX] __attribute__((aligned(8)));
};

struct mo_mailbox {
	bool pending;		/* a request waits for mo_mailbox_complete() */
	struct mo_message request;
	struct mo_message response;
};

/* MBOX interrupt. */
void mo_mailbox_interrupt(struct mo_app *app);
/* Answers the pending request; `body` may be that of the response itself. */
void mo_mailbox_complete(struct mo_app *app, enum mo_mb_status status, const void *body,
			 uint16_t len);

#endif /* MO_APP_MAILBOX_H */
