/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of the device, and who may say that it has failed. A leaf: it calls
 * nothing of the driver, so everything may call it, in any context.
 */
#ifndef MO_FAULT_H
#define MO_FAULT_H

#include <linux/types.h>

struct mo_dev;

/* md->state */
enum mo_state_bit {
	MO_STATE_GONE,		/* reads all ones; until it answers again */
	MO_STATE_FATAL,		/* device stopped; a reset is due */
	MO_STATE_RESETTING,	/* between tear-down and replay */
	MO_STATE_ADMIN_UP,	/* commands are accepted */
	MO_STATE_FROZEN,	/* the PCI core resets or suspends the device */
};

/* A reset is due; @why goes to the log. */
void mo_dev_fail(struct mo_dev *md, const char *why);
/* All ones were read: the device reaches no memory any more, and is detached soon. */
void mo_dev_gone(struct mo_dev *md);
/* The service work looks soon at what failed. Nothing before mo_service_start(). */
void mo_service_kick(struct mo_dev *md);
unsigned int mo_backoff_ms(unsigned int *backoff_ms, unsigned long last);

#endif /* MO_FAULT_H */
