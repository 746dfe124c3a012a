/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signs of life of firmware and device, and reports of what failed.
 */
#ifndef MO_HEALTH_H
#define MO_HEALTH_H

#include <linux/workqueue.h>

#include "hw/stats.h"

struct devlink_health_reporter;
struct mo_dev;

struct mo_health_state {
	struct mo_health *area;
	dma_addr_t area_dma;
	struct delayed_work watch;	/* looks for signs of life */
	struct delayed_work recover;	/* reports a crash, after a back-off */
	struct devlink_health_reporter *fw;
	struct devlink_health_reporter *device;
	u32 last_gen;
	unsigned int silent;		/* looks without a new generation */
	unsigned int backoff_ms;
	unsigned long last_recovery;	/* jiffies */
	u64 resets;
};

int mo_health_init(struct mo_dev *md);
void mo_health_exit(struct mo_dev *md);
int mo_health_start(struct mo_dev *md);
void mo_health_stop(struct mo_dev *md);
/* Recoveries from crashes start from here on, or no more; the latter not under devl_lock. */
void mo_health_enable(struct mo_dev *md);
void mo_health_disable(struct mo_dev *md);
/* The device has been brought up in some way: reporters say how it is now. devl_lock held. */
void mo_health_settle(struct mo_dev *md);
/* The management core crashed; any process context. */
void mo_health_crashed(struct mo_dev *md);
/* The function has to be reset; without locks. */
void mo_health_fatal(struct mo_dev *md, const char *why);

#endif /* MO_HEALTH_H */
