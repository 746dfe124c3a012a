/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Work queue entries as hw/rdma.h defines them, for both ways of posting.
 * Pure: nothing here knows a queue.
 */
#ifndef MO_WQE_H
#define MO_WQE_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <infiniband/verbs.h>
#include <util/compiler.h>

#include "hw/rdma.h"

/* Rights of a window. */
#define MO_ACCESS_REMOTE	(MO_ACCESS_REMOTE_WRITE | \
				 MO_ACCESS_REMOTE_READ | \
				 MO_ACCESS_REMOTE_ATOMIC)
/* Bytes in front of the data of a send. */
#define MO_HEAD_UD	(sizeof(struct mo_wqe) + sizeof(struct mo_wqe_ud))
#define MO_HEAD_RC	(sizeof(struct mo_wqe) + sizeof(struct mo_wqe_rdma))

/* The four flags of a send that both sides know. */
static inline uint8_t mo_wqe_flags(unsigned int flags)
{
	return (flags & IBV_SEND_SIGNALED ? MO_WQEF_SIGNALED : 0) |
	       (flags & IBV_SEND_SOLICITED ? MO_WQEF_SOLICITED : 0) |
	       (flags & IBV_SEND_FENCE ? MO_WQEF_FENCE : 0) |
	       (flags & IBV_SEND_INLINE ? MO_WQEF_INLINE : 0);
}

/* @imm as it shall stand in memory. Everything reserved becomes zero. */
static inline void mo_wqe_head(struct mo_wqe *wqe, uint8_t opcode,
			       uint8_t flags, uint8_t nsge, uint32_t length,
			       uint32_t imm)
{
	uint64_t word = opcode | (uint64_t)flags << 8 | (uint64_t)nsge << 16 |
			(uint64_t)length << 32;

	word = htole64(word);
	memcpy(wqe, &word, sizeof(word));
	wqe->imm = (__le32)imm;
	wqe->rsvd1 = 0;
}

static inline void *mo_wqe_rdma(void *body, uint64_t remote_addr, uint32_t rkey)
{
	struct mo_wqe_rdma *rdma = body;

	rdma->remote_addr = htole64(remote_addr);
	rdma->rkey = htole32(rkey);
	rdma->rsvd = 0;
	return rdma + 1;
}

static inline void *mo_wqe_atomic(void *body, uint64_t remote_addr,
				  uint32_t rkey, uint64_t swap_add,
				  uint64_t compare)
{
	struct mo_wqe_atomic *atomic = body;

	atomic->remote_addr = htole64(remote_addr);
	atomic->swap_add = htole64(swap_add);
	atomic->compare = htole64(compare);
	atomic->rkey = htole32(rkey);
	atomic->rsvd = 0;
	return atomic + 1;
}

/* What the device binds, as ibv_mw_bind_info tells it. */
static inline void *mo_wqe_bind(void *body, const struct ibv_mw *mw,
				uint32_t rkey,
				const struct ibv_mw_bind_info *info)
{
	struct mo_wqe_bind *bind = body;

	*bind = (struct mo_wqe_bind){
		.iova = htole64(info->addr),
		.length = htole64(info->length),
		.region = htole32(info->length ? info->mr->lkey : 0),
		.key = htole32(rkey),
		.access = info->mw_access_flags & MO_ACCESS_REMOTE,
		.flags = mw->type == IBV_MW_TYPE_2 ? MO_BINDF_QP : 0,
	};
	return bind + 1;
}

/* Local rights mean nothing for an R_Key; others the device does not have. */
static inline bool mo_bind_ok(const struct ibv_mw_bind_info *info)
{
	return !(info->mw_access_flags &
		 ~(unsigned int)(MO_ACCESS_REMOTE | MO_ACCESS_LOCAL_WRITE)) &&
	       (info->mr || !info->length);
}

static inline void *mo_wqe_ud(void *body, const struct mo_av *av,
			      uint32_t dest_qp, uint32_t qkey)
{
	struct mo_wqe_ud *ud = body;

	ud->av = *av;
	ud->dest_qp = htole32(dest_qp & MO_MASK(23, 0));
	ud->qkey = htole32(qkey);
	ud->rsvd = 0;
	return ud + 1;
}

static inline void mo_wqe_sge(void *data, unsigned int at, uint64_t addr,
			      uint32_t length, uint32_t lkey)
{
	struct mo_sge *sge = (struct mo_sge *)data + at;

	sge->addr = htole64(addr);
	sge->length = htole32(length);
	sge->lkey = htole32(lkey);
}

static inline void mo_wqe_sges(void *data, const struct ibv_sge *list,
			       unsigned int num)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		mo_wqe_sge(data, i, list[i].addr, list[i].length, list[i].lkey);
}

/*
 * mo_wqe_inline() - append bytes to inline data
 * @length: bytes of the entry so far
 * @room: bytes that it may have
 *
 * Return: bytes of the entry now; more than @room: nothing was done.
 */
static inline size_t mo_wqe_inline(uint8_t *data, size_t length, size_t room,
				   const void *from, size_t size)
{
	if (unlikely(size > room - length))
		return room + 1;
	memcpy(data + length, from, size);
	return length + size;
}

#endif /* MO_WQE_H */
