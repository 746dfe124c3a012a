/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doorbells from the kernel's side (hw/db.h says what they mean), for both
 * modules: whoever owns a queue has a record in DMA memory and a mapped
 * doorbell page.
 */
#ifndef MO_DB_H
#define MO_DB_H

#include <linux/io.h>
#include <linux/types.h>

#include "hw/db.h"

/* Object and index are one store, in a doorbell as in a record. */
#ifndef CONFIG_64BIT
#error "Mesh Optical NICs need 64-bit stores: CONFIG_64BIT"
#endif

/**
 * struct mo_db - doorbell of a send, transmit, receive or admin queue
 * @rec: doorbell record in DMA memory
 * @object: object number, 0 for the admin queue
 * @reg: MO_DB_SQ, MO_DB_RQ or MO_DB_ADMIN
 * @last: tail at the last mo_db_publish()
 */
struct mo_db {
	struct mo_db_rec *rec;
	u32 object;
	u32 reg;
	u32 last;
};

/**
 * struct mo_arm - arm word of a completion or event queue
 * @rec: record in DMA memory
 * @object: object number
 * @reg: MO_DB_CQ or MO_DB_EQ
 * @seq: sequence number of the last arm
 * @kind: MO_ARM_* of the last arm; MO_ARM_READ may be added to it
 */
struct mo_arm {
	struct mo_arm_rec *rec;
	u32 object;
	u32 reg;
	u32 seq;
	u32 kind;
};

/**
 * mo_db_publish() - publish a new tail, and tell the device if it must be told
 * @page: doorbell page
 * @shadow: MO_F_SHADOW_DB was negotiated
 * @db: doorbell of the queue
 * @tail: new producer index, absolute
 *
 * Orders all descriptor stores before the tail. Call once per burst.
 */
static inline void mo_db_publish(void __iomem *page, bool shadow, struct mo_db *db, u32 tail)
{
	u32 old = db->last;

	dma_wmb();	/* descriptors before the tail */
	WRITE_ONCE(db->rec->tail, cpu_to_le32(tail));
	db->last = tail;
	if (shadow) {
		/*
		 * The tail before the look at the event index. Not smp_mb():
		 * the other side is a device even on one CPU.
		 */
		mb();
		if (!mo_db_needed(le32_to_cpu(READ_ONCE(db->rec->event)), tail, old))
			return;
	}
	writeq(MO_DB_VALUE(db->object, tail), page + db->reg);
}

/* Stores the arm word of the last request with another consumer index. */
static inline void mo_arm_store(struct mo_arm *arm, u32 ci)
{
	WRITE_ONCE(arm->rec->arm, cpu_to_le64(MO_ARM_WORD(ci, arm->kind, arm->seq)));
}

/**
 * mo_arm_publish() - ask for one event or interrupt at the next entry
 * @page: doorbell page
 * @shadow: MO_F_SHADOW_DB was negotiated
 * @arm: arm word of the queue
 * @ci: consumer index: entries from here on count
 * @kind: MO_ARM_NEXT or MO_ARM_SOLICITED, with MO_ARM_READ if that holds already
 *
 * Look at the entry at @ci afterwards and go on polling if it is there: with
 * shadow doorbells the device may have stored it before it saw the arm word.
 */
static inline void mo_arm_publish(void __iomem *page, bool shadow, struct mo_arm *arm, u32 ci,
				  u32 kind)
{
	arm->seq = (arm->seq + 1) & MO_ARM_SEQ_MASK;
	arm->kind = kind;
	mo_arm_store(arm, ci);
	if (shadow)
		mb();	/* the arm word before the look at the entry */
	else
		writeq(MO_DB_VALUE(arm->object, ci), page + arm->reg);
}

#endif /* MO_DB_H */
