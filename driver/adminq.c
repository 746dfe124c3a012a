// SPDX-License-Identifier: GPL-2.0
/*
 * Admin queue: ring mechanics. Tags, completions, time-outs, cancellation.
 * Knows no command (cmd.c does).
 *
 * A tag is slot | generation << 8. Completions are found by the interrupt of
 * vector 0; a waiter also looks itself from time to time, so that a lost
 * interrupt costs a delay and not the device. What the device writes is not
 * trusted: an entry whose tag or index was never given out is counted and
 * dropped.
 */
#include <linux/delay.h>
#include <linux/sched.h>

#include "mo.h"
#include "regs.h"
#include "status.h"
#include "trace.h"

#define MO_ADMIN_POLL_MS	100

static u16 mo_admin_tag(unsigned int slot, u8 generation)
{
	return slot | (u16)generation << 8;
}

int mo_adminq_alloc(struct mo_dev *md)
{
	struct mo_adminq *aq = &md->adminq;
	unsigned int i;

	spin_lock_init(&aq->lock);
	init_waitqueue_head(&aq->room);
	for (i = 0; i < MO_ADMINQ_SIZE; i++)
		init_completion(&aq->slot[i].done);

	aq->sq = dma_alloc_coherent(md->dev, MO_ADMINQ_SIZE * sizeof(*aq->sq),
				    &aq->sq_dma, GFP_KERNEL);
	aq->cq = dma_alloc_coherent(md->dev, MO_ADMINQ_SIZE * sizeof(*aq->cq),
				    &aq->cq_dma, GFP_KERNEL);
	aq->rec = dma_alloc_coherent(md->dev, sizeof(*aq->rec), &aq->rec_dma, GFP_KERNEL);
	if (!aq->sq || !aq->cq || !aq->rec) {
		mo_adminq_free(md);
		return -ENOMEM;
	}
	return 0;
}

void mo_adminq_free(struct mo_dev *md)
{
	struct mo_adminq *aq = &md->adminq;

	if (aq->sq)
		dma_free_coherent(md->dev, MO_ADMINQ_SIZE * sizeof(*aq->sq), aq->sq,
				  aq->sq_dma);
	if (aq->cq)
		dma_free_coherent(md->dev, MO_ADMINQ_SIZE * sizeof(*aq->cq), aq->cq,
				  aq->cq_dma);
	if (aq->rec)
		dma_free_coherent(md->dev, sizeof(*aq->rec), aq->rec, aq->rec_dma);
	aq->sq = NULL;
	aq->cq = NULL;
	aq->rec = NULL;
}

/**
 * mo_adminq_start() - give the rings to the device
 * @md: device, just reset, features accepted
 *
 * Return: 0 or -EIO when the device does not take them.
 */
int mo_adminq_start(struct mo_dev *md)
{
	struct mo_adminq *aq = &md->adminq;
	u32 base = md->blk_admin;
	unsigned long flags;
	unsigned int i;
	u32 status;

	spin_lock_irqsave(&aq->lock, flags);
	memset(aq->sq, 0, MO_ADMINQ_SIZE * sizeof(*aq->sq));
	memset(aq->cq, 0, MO_ADMINQ_SIZE * sizeof(*aq->cq));
	memset(aq->rec, 0, sizeof(*aq->rec));
	aq->db = (struct mo_db){ .rec = aq->rec, .reg = MO_DB_ADMIN };
	aq->tail = 0;
	aq->head = 0;
	aq->ci = 0;
	spin_unlock_irqrestore(&aq->lock, flags);

	mo_wr(md, base + MO_ADMIN_SIZE, MO_ADMINQ_LOG);
	mo_wr(md, base + MO_ADMIN_SQ_LO, lower_32_bits(aq->sq_dma));
	mo_wr(md, base + MO_ADMIN_SQ_HI, upper_32_bits(aq->sq_dma));
	mo_wr(md, base + MO_ADMIN_CQ_LO, lower_32_bits(aq->cq_dma));
	mo_wr(md, base + MO_ADMIN_CQ_HI, upper_32_bits(aq->cq_dma));
	mo_wr(md, base + MO_ADMIN_DB_LO, lower_32_bits(aq->rec_dma));
	mo_wr(md, base + MO_ADMIN_DB_HI, upper_32_bits(aq->rec_dma));
	mo_wr(md, base + MO_ADMIN_VECTOR, 0);
	mo_wr(md, base + MO_ADMIN_CONTROL, 1);

	/* The device works through its registers on its own time. */
	for (i = 0; i < 200; i++) {
		status = mo_rd(md, base + MO_ADMIN_STATUS);
		if (mo_gone(md))
			return -ENODEV;
		/* All ones have every bit, and are no answer. */
		if (status == ~0U)
			status = 0;
		if (status & MO_BIT(0)) {
			set_bit(MO_STATE_ADMIN_UP, &md->state);
			return 0;
		}
		if (status & MO_BIT(1))
			break;
		usleep_range(500, 1000);
	}
	dev_err(md->dev, "device does not start its admin queue (status 0x%x): %s\n",
		status, mo_fatal_text(mo_rd(md, MO_DEV_FATAL)));
	return -EIO;
}

/* Ends all commands. The bus first: who sees that no more are accepted frees memory. */
static void mo_adminq_end(struct mo_dev *md)
{
	struct mo_adminq *aq = &md->adminq;
	unsigned int i;

	lockdep_assert_held(&aq->lock);
	pci_clear_master(md->pdev);
	clear_bit(MO_STATE_ADMIN_UP, &md->state);
	aq->epoch++;
	for (i = 0; i < MO_ADMINQ_SIZE; i++) {
		struct mo_admin_slot *slot = &aq->slot[i];

		if (slot->busy && !completion_done(&slot->done)) {
			slot->status = MO_ST_ABORTED;
			slot->generation++;
			complete(&slot->done);
		}
	}
}

/**
 * mo_adminq_stop() - end all commands and accept no more
 * @md: device
 *
 * Any context. Bus mastering is taken away from the device first, so that
 * whoever learns of it may free what the device knows.
 */
void mo_adminq_stop(struct mo_dev *md)
{
	struct mo_adminq *aq = &md->adminq;
	unsigned long flags;

	spin_lock_irqsave(&aq->lock, flags);
	mo_adminq_end(md);
	spin_unlock_irqrestore(&aq->lock, flags);
	wake_up_all(&aq->room);
}

/* Ends the queue of @epoch; false: it has ended, and there may be another. */
static bool mo_adminq_end_epoch(struct mo_dev *md, u32 epoch)
{
	struct mo_adminq *aq = &md->adminq;
	unsigned long flags;
	bool same;

	spin_lock_irqsave(&aq->lock, flags);
	same = aq->epoch == epoch;
	if (same)
		mo_adminq_end(md);
	spin_unlock_irqrestore(&aq->lock, flags);
	wake_up_all(&aq->room);
	return same;
}

static void mo_adminq_complete(struct mo_dev *md, const struct mo_cmd_cqe *cqe)
{
	struct mo_adminq *aq = &md->adminq;
	u16 tag = le16_to_cpu(cqe->tag);
	unsigned int i = tag & 0xff;
	struct mo_admin_slot *slot;
	u16 advance;

	/* The device cannot have read more than was posted. */
	advance = le16_to_cpu(cqe->sq_head) - (u16)aq->head;
	if (advance > (u16)(aq->tail - aq->head)) {
		aq->bad++;
		dev_err_ratelimited(md->dev, "admin completion with an impossible index %u dropped\n",
				    le16_to_cpu(cqe->sq_head));
		return;
	}
	aq->head += advance;

	if (i >= MO_ADMINQ_SIZE) {
		aq->bad++;
		dev_err_ratelimited(md->dev, "admin completion with an impossible tag 0x%04x dropped\n",
				    tag);
		return;
	}
	slot = &aq->slot[i];
	if (!slot->busy || slot->tag != tag || completion_done(&slot->done)) {
		aq->late++;
		dev_warn_ratelimited(md->dev, "late admin completion (tag 0x%04x) dropped\n", tag);
		return;
	}
	slot->status = le16_to_cpu(cqe->status);
	memcpy(slot->result, cqe->result, sizeof(slot->result));
	complete(&slot->done);
}

unsigned int mo_adminq_poll(struct mo_dev *md, bool by_irq)
{
	struct mo_adminq *aq = &md->adminq;
	unsigned int n = 0;
	unsigned long flags;

	spin_lock_irqsave(&aq->lock, flags);
	/* One pass at most: a lying device must not keep us here. */
	while (n < MO_ADMINQ_SIZE && test_bit(MO_STATE_ADMIN_UP, &md->state)) {
		const struct mo_cmd_cqe *cqe = &aq->cq[aq->ci & (MO_ADMINQ_SIZE - 1)];
		u8 expect = !(aq->ci & MO_ADMINQ_SIZE);

		if ((READ_ONCE(cqe->phase) & 1) != expect)
			break;
		dma_rmb();	/* the phase before the rest */
		mo_adminq_complete(md, cqe);
		aq->ci++;
		n++;
	}
	if (n && !by_irq)
		aq->polled += n;
	spin_unlock_irqrestore(&aq->lock, flags);
	if (n)
		wake_up_all(&aq->room);
	return n;
}

/* Room for another command, or none to wait for; without the lock. */
static bool mo_adminq_room(struct mo_dev *md)
{
	const struct mo_adminq *aq = &md->adminq;

	return !test_bit(MO_STATE_ADMIN_UP, &md->state) ||
	       (READ_ONCE(aq->busy) < MO_ADMINQ_SIZE - 1 &&
		READ_ONCE(aq->tail) - READ_ONCE(aq->head) < MO_ADMINQ_SIZE - 1);
}

/* A free slot and room in the ring, taken together under the lock. */
static struct mo_admin_slot *mo_adminq_claim(struct mo_adminq *aq)
{
	unsigned int i;

	lockdep_assert_held(&aq->lock);
	if (aq->busy >= MO_ADMINQ_SIZE - 1 || aq->tail - aq->head >= MO_ADMINQ_SIZE - 1)
		return NULL;
	for (i = 0; i < MO_ADMINQ_SIZE; i++) {
		struct mo_admin_slot *slot = &aq->slot[i];

		if (slot->busy)
			continue;
		slot->busy = true;
		slot->tag = mo_admin_tag(i, ++slot->generation);
		reinit_completion(&slot->done);
		aq->busy++;
		return slot;
	}
	return NULL;
}

/*
 * Posts the command. -EAGAIN when there is no room, -EIO when the queue is down.
 * @epoch tells the queue apart from those before and after it.
 */
static int mo_adminq_post(struct mo_dev *md, struct mo_cmd_desc *desc,
			  struct mo_admin_slot **slotp, u32 *epoch)
{
	struct mo_adminq *aq = &md->adminq;
	struct mo_admin_slot *slot;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&aq->lock, flags);
	*epoch = aq->epoch;
	if (mo_gone(md) || !test_bit(MO_STATE_ADMIN_UP, &md->state)) {
		err = mo_gone(md) ? -ENODEV : -ENETDOWN;
		goto unlock;
	}
	slot = mo_adminq_claim(aq);
	if (!slot) {
		err = -EAGAIN;
		goto unlock;
	}
	desc->hdr.tag = cpu_to_le16(slot->tag);
	aq->sq[aq->tail & (MO_ADMINQ_SIZE - 1)] = *desc;
	aq->tail++;
	aq->commands++;
	mo_db_ring(md, &aq->db, aq->tail);
	*slotp = slot;
unlock:
	spin_unlock_irqrestore(&aq->lock, flags);
	return err;
}

static void mo_adminq_release(struct mo_adminq *aq, struct mo_admin_slot *slot)
{
	unsigned long flags;

	spin_lock_irqsave(&aq->lock, flags);
	slot->busy = false;
	aq->busy--;
	spin_unlock_irqrestore(&aq->lock, flags);
	wake_up(&aq->room);
}

/* Waits in steps and looks at the ring itself after each. */
static bool mo_adminq_wait(struct mo_dev *md, struct mo_admin_slot *slot, u32 epoch,
			   unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);

	do {
		if (wait_for_completion_timeout(&slot->done,
						msecs_to_jiffies(MO_ADMIN_POLL_MS)))
			return true;
		/* Nobody else ends it while the device is brought up or down. */
		if (mo_gone(md))
			mo_adminq_end_epoch(md, epoch);
		mo_adminq_poll(md, false);
		if (try_wait_for_completion(&slot->done))
			return true;
	} while (time_before(jiffies, end));
	return false;
}

/*
 * The device does not answer. Nobody may trust it with memory any more, unless
 * it has been reset since @epoch.
 */
static void mo_adminq_dead(struct mo_dev *md, u16 opcode, u32 epoch)
{
	struct mo_adminq *aq = &md->adminq;

	if (!mo_adminq_end_epoch(md, epoch))
		return;
	aq->timeouts++;
	/* A read tells a dead queue from a device that has gone. */
	mo_rd(md, MO_DEV_STATUS);
	if (mo_gone(md))
		return;
	dev_err(md->dev, "admin command %s timed out, %llu commands so far; resetting the device\n",
		mo_cmd_name(opcode), aq->commands);
	mo_dev_fail(md, "admin queue does not answer");
}

/**
 * mo_adminq_exec() - execute an admin command
 * @md: device
 * @desc: command; the tag is filled in
 * @result: gets the result, or NULL
 * @result_len: its bytes
 * @timeout_ms: when to give the device up
 * @extack: gets the device's reason for a refusal; may be NULL
 *
 * Return: 0; what the status table says; -ENETDOWN while the queue is down;
 * -ENODEV when the device has gone; -ETIMEDOUT when it did not answer, in
 * which case it can no longer reach memory and a reset is on its way.
 */
int mo_adminq_exec(struct mo_dev *md, struct mo_cmd_desc *desc, void *result,
		   size_t result_len, unsigned int timeout_ms,
		   struct netlink_ext_ack *extack)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);
	u16 opcode = le16_to_cpu(desc->hdr.opcode);
	struct mo_adminq *aq = &md->adminq;
	struct mo_admin_slot *slot;
	u16 status;
	u32 epoch, seen = READ_ONCE(aq->epoch);
	int err;

	might_sleep();
	while ((err = mo_adminq_post(md, desc, &slot, &epoch)) == -EAGAIN) {
		/* Another queue, which has its own time. */
		if (epoch != seen) {
			seen = epoch;
			end = jiffies + msecs_to_jiffies(timeout_ms);
		}
		mo_adminq_poll(md, false);
		/* Commands complete but the ring stays full: a broken device. */
		if (time_after(jiffies, end)) {
			mo_adminq_dead(md, opcode, epoch);
			continue;
		}
		wait_event_timeout(aq->room, mo_adminq_room(md),
				   msecs_to_jiffies(MO_ADMIN_POLL_MS));
	}
	if (err == -ENODEV) {
		NL_SET_ERR_MSG(extack, "device has gone");
		return err;
	}
	if (err) {
		NL_SET_ERR_MSG(extack, "device is down or being reset");
		return err;
	}

	trace_mo_admin_cmd(md, opcode, slot->tag);
	if (!mo_adminq_wait(md, slot, epoch, timeout_ms)) {
		mo_adminq_dead(md, opcode, epoch);
		mo_adminq_release(aq, slot);
		NL_SET_ERR_MSG(extack, "device does not answer");
		return mo_gone(md) ? -ENODEV : -ETIMEDOUT;
	}

	status = slot->status;
	if (status == MO_ST_OK && result)
		memcpy(result, slot->result, min(result_len, sizeof(slot->result)));
	trace_mo_admin_done(md, opcode, slot->tag, status);
	mo_adminq_release(aq, slot);
	if (status == MO_ST_OK)
		return 0;

	aq->failed++;
	if (mo_gone(md)) {
		NL_SET_ERR_MSG(extack, "device has gone");
		return -ENODEV;
	}
	NL_SET_ERR_MSG_FMT(extack, "device refused %s: %s", mo_cmd_name(opcode),
			   mo_status_text(status));
	dev_dbg(md->dev, "admin command %s: %s\n", mo_cmd_name(opcode),
		mo_status_text(status));
	return mo_status_errno(status);
}
