// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_post_send() and ibv_post_recv(): no system call; a register is written
 * once for a list, if at all. Errors are positive, and name the first request
 * that was not taken.
 */
#include <errno.h>

#include "db.h"
#include "mo.h"
#include "wqe.h"

/* Data of a send, inline or by reference; the number of SGEs and the length. */
static inline int fill_data(const struct mo_qp *qp, const struct ibv_send_wr *wr,
			    uint8_t *data, uint8_t *nsge, uint32_t *length)
{
	size_t bytes = 0;
	int i;

	if (!(wr->send_flags & IBV_SEND_INLINE)) {
		if (unlikely((uint32_t)wr->num_sge > qp->sq.max_sge))
			return EINVAL;
		mo_wqe_sges(data, wr->sg_list, wr->num_sge);
		*nsge = wr->num_sge;
		*length = 0;
		return 0;
	}
	for (i = 0; i < wr->num_sge; i++) {
		bytes = mo_wqe_inline(data, bytes, qp->max_inline,
				      (void *)(uintptr_t)wr->sg_list[i].addr,
				      wr->sg_list[i].length);
		if (unlikely(bytes > qp->max_inline))
			return EINVAL;
	}
	*nsge = 0;
	*length = bytes;
	return 0;
}

static inline int build_ud(const struct ibv_send_wr *wr, uint8_t *at,
			   uint8_t *opcode, uint32_t *imm, uint8_t **data)
{
	if (unlikely(!wr->wr.ud.ah))
		return EINVAL;
	switch (wr->opcode) {
	case IBV_WR_SEND:
		*opcode = MO_WR_SEND;
		break;
	case IBV_WR_SEND_WITH_IMM:
		*opcode = MO_WR_SEND_IMM;
		*imm = wr->imm_data;
		break;
	default:
		return EINVAL;
	}
	*data = mo_wqe_ud(at, &to_mo_ah(wr->wr.ud.ah)->av,
			  wr->wr.ud.remote_qpn, wr->wr.ud.remote_qkey);
	return 0;
}

static inline int build_rc(const struct ibv_send_wr *wr, uint8_t *at,
			   uint8_t *opcode, uint32_t *imm, uint8_t **data)
{
	*data = at;
	switch (wr->opcode) {
	case IBV_WR_SEND:
		*opcode = MO_WR_SEND;
		return 0;
	case IBV_WR_SEND_WITH_IMM:
		*opcode = MO_WR_SEND_IMM;
		*imm = wr->imm_data;
		return 0;
	case IBV_WR_SEND_WITH_INV:
		*opcode = MO_WR_SEND_INV;
		*imm = htole32(wr->invalidate_rkey);
		return 0;
	case IBV_WR_LOCAL_INV:
		if (unlikely(wr->num_sge || wr->send_flags & IBV_SEND_INLINE))
			return EINVAL;
		*opcode = MO_WR_LOCAL_INV;
		*imm = htole32(wr->invalidate_rkey);
		return 0;
	case IBV_WR_BIND_MW:
		if (unlikely(wr->num_sge || wr->send_flags & IBV_SEND_INLINE ||
			     !mo_bind_ok(&wr->bind_mw.bind_info)))
			return EINVAL;
		*opcode = MO_WR_BIND;
		*data = mo_wqe_bind(at, wr->bind_mw.mw, wr->bind_mw.rkey,
				    &wr->bind_mw.bind_info);
		return 0;
	case IBV_WR_RDMA_WRITE_WITH_IMM:
		*opcode = MO_WR_WRITE_IMM;
		*imm = wr->imm_data;
		break;
	case IBV_WR_RDMA_WRITE:
		*opcode = MO_WR_WRITE;
		break;
	case IBV_WR_RDMA_READ:
		if (unlikely((wr->send_flags & IBV_SEND_INLINE) ||
			     wr->num_sge > MO_RDMA_MAX_SGE_RD))
			return EINVAL;
		*opcode = MO_WR_READ;
		break;
	case IBV_WR_ATOMIC_CMP_AND_SWP:
	case IBV_WR_ATOMIC_FETCH_AND_ADD:
		if (unlikely((wr->send_flags & IBV_SEND_INLINE) ||
			     wr->num_sge != 1))
			return EINVAL;
		if (wr->opcode == IBV_WR_ATOMIC_CMP_AND_SWP) {
			*opcode = MO_WR_CMP_SWAP;
			*data = mo_wqe_atomic(at, wr->wr.atomic.remote_addr,
					      wr->wr.atomic.rkey,
					      wr->wr.atomic.swap,
					      wr->wr.atomic.compare_add);
		} else {
			*opcode = MO_WR_FETCH_ADD;
			*data = mo_wqe_atomic(at, wr->wr.atomic.remote_addr,
					      wr->wr.atomic.rkey,
					      wr->wr.atomic.compare_add, 0);
		}
		return 0;
	default:
		return EINVAL;
	}
	*data = mo_wqe_rdma(at, wr->wr.rdma.remote_addr, wr->wr.rdma.rkey);
	return 0;
}

static inline int build_send(const struct mo_qp *qp, const struct ibv_send_wr *wr,
			     struct mo_wqe *wqe)
{
	unsigned int flags = wr->send_flags;
	uint8_t *at = (uint8_t *)(wqe + 1), *data;
	uint8_t opcode, nsge;
	uint32_t imm = 0, length;
	int err;

	if (qp->ud)
		err = build_ud(wr, at, &opcode, &imm, &data);
	else
		err = build_rc(wr, at, &opcode, &imm, &data);
	if (unlikely(err))
		return err;
	err = fill_data(qp, wr, data, &nsge, &length);
	if (unlikely(err))
		return err;
	if (qp->sig_all)
		flags |= IBV_SEND_SIGNALED;
	mo_wqe_head(wqe, opcode, mo_wqe_flags(flags), nsge, length, imm);
	return 0;
}

static inline bool wq_full(const struct mo_wq *wq)
{
	return wq->tail - atomic_load_explicit(&wq->head, memory_order_acquire) >=
	       wq->entries;
}

int mo_post_send(struct ibv_qp *ibqp, struct ibv_send_wr *wr,
		 struct ibv_send_wr **bad_wr)
{
	struct mo_qp *qp = to_mo_qp(ibqp);
	struct mo_wq *sq = &qp->sq;
	uint32_t begin, slot;
	int err = 0;

	mo_lock(&sq->lock);
	begin = sq->tail;
	if (unlikely(ibqp->state < IBV_QPS_RTS)) {
		err = EINVAL;
		*bad_wr = wr;
		goto out;
	}
	for (; wr; wr = wr->next) {
		if (unlikely(wq_full(sq))) {
			err = ENOMEM;
			*bad_wr = wr;
			break;
		}
		slot = sq->tail & (sq->entries - 1);
		err = build_send(qp, wr, (struct mo_wqe *)(sq->ring +
				 ((size_t)slot << sq->stride_log)));
		if (unlikely(err)) {
			*bad_wr = wr;
			break;
		}
		sq->wr_ids[slot] = wr->wr_id;
		sq->tail++;
	}
	if (likely(sq->tail != begin))
		mo_db_tail(to_mo_ctx(ibqp->context), sq, MO_DB_SQ);
out:
	mo_unlock(&sq->lock);
	return err;
}

/* A window of type 1: it gets its next key with the request. */
int mo_bind_mw(struct ibv_qp *ibqp, struct ibv_mw *mw, struct ibv_mw_bind *bind)
{
	struct ibv_send_wr wr = {
		.wr_id = bind->wr_id,
		.opcode = IBV_WR_BIND_MW,
		.send_flags = bind->send_flags,
		.bind_mw = {
			.mw = mw,
			.rkey = ibv_inc_rkey(mw->rkey),
			.bind_info = bind->bind_info,
		},
	}, *bad_wr;
	int err;

	err = mo_post_send(ibqp, &wr, &bad_wr);
	if (!err)
		mw->rkey = wr.bind_mw.rkey;
	return err;
}

int mo_post_recv(struct ibv_qp *ibqp, struct ibv_recv_wr *wr,
		 struct ibv_recv_wr **bad_wr)
{
	struct mo_qp *qp = to_mo_qp(ibqp);
	struct mo_wq *rq = &qp->rq;
	uint32_t begin, slot;
	struct mo_wqe *wqe;
	int err = 0;

	mo_lock(&rq->lock);
	begin = rq->tail;
	if (unlikely(ibqp->state == IBV_QPS_RESET)) {
		err = EINVAL;
		*bad_wr = wr;
		goto out;
	}
	for (; wr; wr = wr->next) {
		if (unlikely(wq_full(rq)))
			err = ENOMEM;
		else if (unlikely((uint32_t)wr->num_sge > rq->max_sge))
			err = EINVAL;
		if (unlikely(err)) {
			*bad_wr = wr;
			break;
		}
		slot = rq->tail & (rq->entries - 1);
		wqe = (struct mo_wqe *)(rq->ring +
					((size_t)slot << rq->stride_log));
		mo_wqe_head(wqe, MO_WR_NOP, 0, wr->num_sge, 0, 0);
		mo_wqe_sges(wqe + 1, wr->sg_list, wr->num_sge);
		rq->wr_ids[slot] = wr->wr_id;
		rq->tail++;
	}
	if (likely(rq->tail != begin))
		mo_db_tail(to_mo_ctx(ibqp->context), rq, MO_DB_RQ);
out:
	mo_unlock(&rq->lock);
	return err;
}
