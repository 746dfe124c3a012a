// SPDX-License-Identifier: GPL-2.0
/*
 * That the device has failed or gone, from whoever finds out: it is noted and
 * the service work (dev.c) queued, which does what has to be done.
 */
#include <linux/jiffies.h>

#include "mo.h"

/* Recoveries that follow each other at once are spaced out. */
#define MO_BACKOFF_QUIET_MS	10000
#define MO_BACKOFF_MIN_MS	500
#define MO_BACKOFF_MAX_MS	60000

/**
 * mo_backoff_ms() - how long to wait before the next recovery
 * @backoff_ms: wait before the last one, updated
 * @last: jiffies of the last one
 *
 * Return: 0 after a quiet time, else twice as long as last time.
 */
unsigned int mo_backoff_ms(unsigned int *backoff_ms, unsigned long last)
{
	if (!last || time_after(jiffies, last + msecs_to_jiffies(*backoff_ms +
								 MO_BACKOFF_QUIET_MS)))
		*backoff_ms = 0;
	else
		*backoff_ms = clamp(2 * *backoff_ms, MO_BACKOFF_MIN_MS, MO_BACKOFF_MAX_MS);
	return *backoff_ms;
}

/**
 * mo_service_kick() - have the service work look at the device
 * @md: device
 *
 * At once if the device has gone, else not too often.
 */
void mo_service_kick(struct mo_dev *md)
{
	unsigned int ms = 0;

	if (!mo_gone(md))
		ms = mo_backoff_ms(&md->backoff_ms, md->last_reset);
	mod_delayed_work(md->wq, &md->service_work, msecs_to_jiffies(ms));
}

/**
 * mo_dev_fail() - the device does not work any more, and has to be reset
 * @md: device
 * @why: for the log and the health report; a constant
 */
void mo_dev_fail(struct mo_dev *md, const char *why)
{
	if (mo_gone(md) || test_and_set_bit(MO_STATE_FATAL, &md->state))
		return;
	WRITE_ONCE(md->fail_text, why);
	mo_service_kick(md);
}

/**
 * mo_dev_gone() - the device does not answer
 * @md: device
 *
 * Who waits for it sees the state and gives up.
 */
void mo_dev_gone(struct mo_dev *md)
{
	if (mo_gone(md))
		return;
	/*
	 * Whoever sees the state frees memory that the device knows. It may
	 * only have lost its memory space, so it must lose the bus too.
	 */
	pci_clear_master(md->pdev);
	if (!test_and_set_bit(MO_STATE_GONE, &md->state))
		mo_service_kick(md);
}
