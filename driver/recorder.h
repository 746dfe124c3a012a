/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A copy of the firmware's flight recorder.
 */
#ifndef MO_RECORDER_H
#define MO_RECORDER_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "hw/mbox.h"

struct mo_dev;
struct netlink_ext_ack;

struct mo_recorder {
	struct mutex lock;		/* all of it; mgmt.lock is taken under it */
	struct mo_mb_record *record;	/* ring */
	u64 count;			/* records ever put into it */
	u64 next;			/* number of the next one */
	unsigned int starts;		/* mgmt.starts to which they belong */
};

int mo_recorder_init(struct mo_dev *md);
void mo_recorder_exit(struct mo_dev *md);
int mo_recorder_update(struct mo_dev *md, struct netlink_ext_ack *extack);
bool mo_recorder_next(struct mo_dev *md, u64 seq, struct mo_mb_record *record);

#endif /* MO_RECORDER_H */
