/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The admin queue: commands to the device and their completions.
 */
#ifndef MO_ADMINQ_H
#define MO_ADMINQ_H

#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "hw/cmd.h"
#include "mo_db.h"

struct mo_dev;
struct netlink_ext_ack;

#define MO_ADMINQ_LOG		6
#define MO_ADMINQ_SIZE		BIT(MO_ADMINQ_LOG)
#define MO_ADMIN_TIMEOUT_MS	5000

/* Place of a command in flight; its index and generation make the tag. */
struct mo_admin_slot {
	struct completion done;
	u16 tag;
	u16 status;
	bool busy;
	u8 generation;
	u8 result[sizeof_field(struct mo_cmd_cqe, result)];
};

struct mo_adminq {
	spinlock_t lock;		/* rings, slots, indices */
	wait_queue_head_t room;		/* for a free slot */
	struct mo_cmd_desc *sq;
	struct mo_cmd_cqe *cq;
	struct mo_db_rec *rec;
	dma_addr_t sq_dma;
	dma_addr_t cq_dma;
	dma_addr_t rec_dma;
	struct mo_db db;
	u32 tail;
	u32 head;			/* entries that the device has read */
	u32 ci;
	u32 epoch;			/* raised at each end, so that none is ended twice */
	unsigned int busy;
	struct mo_admin_slot slot[MO_ADMINQ_SIZE];
	/* counters, for debugfs */
	u64 commands;
	u64 failed;
	u64 timeouts;
	u64 late;			/* completion of an earlier generation */
	u64 bad;			/* tag or index that was never given out */
	u64 polled;			/* completions found without an interrupt */
};

int mo_adminq_alloc(struct mo_dev *md);
void mo_adminq_free(struct mo_dev *md);
int mo_adminq_start(struct mo_dev *md);
/*
 * Takes bus mastering away, then ends all commands in flight and accepts no
 * more: who sees that may free memory. Any context.
 */
void mo_adminq_stop(struct mo_dev *md);
/* Takes completions; any context. @by_irq is false for polling. */
unsigned int mo_adminq_poll(struct mo_dev *md, bool by_irq);
int mo_adminq_exec(struct mo_dev *md, struct mo_cmd_desc *desc, void *result,
		   size_t result_len, unsigned int timeout_ms,
		   struct netlink_ext_ack *extack);

#endif /* MO_ADMINQ_H */
