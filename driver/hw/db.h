/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Doorbells: how the host tells the device about new work.
 *
 * Every queue has a 64-byte doorbell record in host memory. The host stores
 * its producer index there, always; the device stores its event index.
 * Without MO_F_SHADOW_DB the host then writes the doorbell register, each
 * time. With it, the host orders the store before the load of the event index
 * (a full barrier towards the device: mb(), mfence) and writes the register
 * only if the new index passed the event index (mo_db_needed()). While the
 * device polls a queue it keeps the event index behind, so that no write is
 * needed; before it stops polling it stores event = the tail it has seen,
 * then a full barrier, then looks at the tail once more.
 *
 * Indices count entries since the queue was created, modulo 2^32; they are
 * absolute, so a merged, repeated or late doorbell is harmless. The device
 * stops a queue whose tail is further ahead than the ring is long. A doorbell
 * for no live object, of another kind or generation, or through another page
 * than the queue's is ignored and counted: it must not harm the owner.
 *
 * Completion and event queues have a record too, with the arm word: consumer
 * index and a sequence number that the host raises to ask for one event or
 * interrupt. The device stores an entry, orders it before a load of the arm
 * word, and signals if the word asks for it and has not been answered. The
 * host stores the arm word, orders it before a look at the next entry, and
 * goes on polling if there is one. The consumer index in the word is also how
 * the device learns that entries are free: a host that polls without arming
 * stores it (MO_ARM_NONE, or a request that was answered) before the ring is
 * full. So arming needs no register access with
 * MO_F_SHADOW_DB; without it the host writes the doorbell after the store.
 *
 * A host may read an entry before the device has looked at the arm word for it:
 * then the word asks for an event, and nothing waits. One that arms and looks
 * needs no event any more. One that owes its user an event for each entry that
 * came behind a request (IBA 11.4.2.2) sets MO_ARM_READ when it reads while a
 * request is open.
 */
#ifndef MO_HW_DB_H
#define MO_HW_DB_H

#include "types.h"

#define MO_DB_PAGE_SIZE		4096
#define MO_DB_PAGE_KERNEL	0

/* Doorbells of a page: X(NAME, offset, text); 64-bit registers, write only. */
#define MO_DOORBELLS(X) \
	X(SQ, 0x00, "send or transmit queue: tail") \
	X(RQ, 0x08, "receive queue: tail") \
	X(CQ, 0x10, "completion queue: the arm word changed") \
	X(EQ, 0x18, "event queue: the arm word changed") \
	X(ADMIN, 0x20, "admin queue: tail (page 0 only)")

enum mo_doorbell {
#define X(name, offset, text) MO_DB_##name = (offset),
	MO_DOORBELLS(X)
#undef X
};

/* Doorbell value: object number in the low word, index in the high word. */
#define MO_DB_OBJECT		MO_MASK(23, 0)
#define MO_DB_VALUE(object, index) \
	(((__u64)(__u32)(index) << 32) | ((__u32)(object) & MO_DB_OBJECT))

/*
 * Object numbers (queues of all kinds) are 24 bits: an index in the device's
 * table and a generation that changes when the index is used again, so that
 * late events and doorbells of a destroyed object are recognised.
 */
#define MO_OBJ_INDEX		MO_MASK(15, 0)
#define MO_OBJ_GENERATION	MO_MASK(23, 16)

/**
 * struct mo_db_rec - doorbell record of a send, receive or admin queue
 * @tail: producer index; the host writes it
 * @rsvd0: zero
 * @event: event index; the device writes it
 * @rsvd1: zero
 *
 * 64 bytes aligned. Neither side writes a word of the other.
 */
struct mo_db_rec {
	__le32 tail;
	__le32 rsvd0[7];
	__le32 event;
	__le32 rsvd1[7];
};

MO_ASSERT_SIZE(mo_db_rec, 64);

/**
 * struct mo_arm_rec - doorbell record of a completion or event queue
 * @arm: MO_ARM_*; one 64-bit store; the host writes it
 * @rsvd: zero
 */
struct mo_arm_rec {
	__le64 arm;
	__le64 rsvd[7];
};

MO_ASSERT_SIZE(mo_arm_rec, 64);

/* Arm word: consumer index low, then kind (MO_ARM_READ may be added to it) and sequence. */
#define MO_ARM_CI(arm)		((__u32)(arm))
#define MO_ARM_KIND(arm)	((__u32)((arm) >> 32) & 3)
#define MO_ARM_HAS_READ(arm)	(((__u32)((arm) >> 32) & MO_ARM_READ) != 0)
#define MO_ARM_SEQ(arm)		((__u32)((arm) >> 35))
#define MO_ARM_SEQ_MASK		MO_MASK(28, 0)
#define MO_ARM_WORD(ci, kind, seq) \
	((__u64)(__u32)(ci) | ((__u64)(kind) << 32) | ((__u64)(seq) << 35))
#define MO_ARM_NONE		0
#define MO_ARM_NEXT		1	/* any entry after the consumer index */
#define MO_ARM_SOLICITED	2	/* an entry with the solicited bit */
#define MO_ARM_READ		4	/* entries were read since the request */

/**
 * mo_db_needed() - must the host write the doorbell register?
 * @event: event index of the device
 * @tail: producer index just stored
 * @old: producer index when the register was considered last
 *
 * Return: nonzero when the step from @old to @tail passed @event.
 */
static inline int mo_db_needed(__u32 event, __u32 tail, __u32 old)
{
	return (__u32)(tail - event - 1) < (__u32)(tail - old);
}

#endif /* MO_HW_DB_H */
