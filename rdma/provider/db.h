/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Doorbells and arm words as the host's side of hw/db.h: when the device is
 * told of new work, and by what.
 */
#ifndef MO_DB_H
#define MO_DB_H

#include <endian.h>

#include <util/mmio.h>
#include <util/udma_barrier.h>

#include "mo.h"

/*
 * Orders our store of a tail or an arm word before our load of what the device
 * wrote, as the device sees it. rdma-core has no barrier of this kind. On x86
 * it is an explicit mfence: compilers make a C11 fence of a locked instruction
 * on the stack, and an emulated CPU that runs alone executes that as plain
 * loads and stores, whose order another process does not see.
 */
#if defined(__x86_64__) || defined(__i386__)
#define mo_store_load_barrier() asm volatile("mfence" ::: "memory")
#elif defined(__aarch64__)
#define mo_store_load_barrier() asm volatile("dmb sy" ::: "memory")
#elif defined(__powerpc64__)
#define mo_store_load_barrier() asm volatile("sync" ::: "memory")
#elif defined(__riscv)
#define mo_store_load_barrier() asm volatile("fence iorw, iorw" ::: "memory")
#else
#error No barrier of stores before loads is known for this architecture
#endif

/* Words that the device reads or writes at any time: once, and whole. */
static inline void mo_store32(__le32 *word, uint32_t value)
{
	*(volatile __le32 *)word = htole32(value);
}

static inline void mo_store64(__le64 *word, uint64_t value)
{
	*(volatile __le64 *)word = htole64(value);
}

static inline uint32_t mo_load32(const __le32 *word)
{
	return le32toh(*(const volatile __le32 *)word);
}

static inline void mo_db_write(const struct mo_context *ctx,
			       enum mo_doorbell reg, uint32_t object,
			       uint32_t index)
{
	mmio_write64_le(ctx->db + reg, htole64(MO_DB_VALUE(object, index)));
}

/* Gives the device all entries before wq->tail. The caller holds its lock. */
static inline void mo_db_tail(const struct mo_context *ctx, struct mo_wq *wq,
			      enum mo_doorbell reg)
{
	uint32_t tail = wq->tail;

	udma_to_device_barrier();	/* the entries before the tail */
	mo_store32(&wq->rec->tail, tail);
	if (ctx->shadow) {
		uint32_t old = wq->rung;

		wq->rung = tail;
		mo_store_load_barrier();
		if (!mo_db_needed(mo_load32(&wq->rec->event), tail, old))
			return;
	} else {
		udma_to_device_barrier();	/* the tail before the register */
	}
	mo_db_write(ctx, reg, wq->object, tail);
}

/* Stores consumer index and last request. The caller holds the CQ's lock. */
static inline void mo_arm_store(struct mo_cq *cq)
{
	mo_store64(&cq->rec->arm,
		   MO_ARM_WORD(cq->ci, cq->arm_kind, cq->arm_seq));
}

/*
 * Asks for an event. The application looks at the queue afterwards. What it
 * asked for before and was not told yet it still gets (IBA 11.4.2.2): the
 * device knows the last request only, so that one has to cover both.
 */
static inline void mo_arm(const struct mo_context *ctx, struct mo_cq *cq,
			  uint32_t kind)
{
	uint32_t read = cq->open ? cq->arm_kind & MO_ARM_READ : 0;

	if (cq->open != MO_ARM_NEXT)
		cq->open = kind;
	cq->arm_kind = cq->open | read;
	cq->arm_seq = (cq->arm_seq + 1) & MO_ARM_SEQ_MASK;
	mo_arm_store(cq);
	if (ctx->shadow) {
		mo_store_load_barrier();
	} else {
		udma_to_device_barrier();
		mo_db_write(ctx, MO_DB_CQ, cq->cqn, cq->ci);
	}
}

#endif /* MO_DB_H */
