// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_wr_*(): a batch is begun under the lock, filled entry by entry, and
 * given to the device as a whole or not at all. The first error is kept until
 * the batch ends; what follows it is ignored.
 */
#include <errno.h>

#include "db.h"
#include "mo.h"
#include "wqe.h"

#define MO_OPS_UD	(IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_SEND_WITH_IMM)
#define MO_OPS_RC	(MO_OPS_UD | IBV_QP_EX_WITH_RDMA_WRITE | \
			 IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM | \
			 IBV_QP_EX_WITH_RDMA_READ | \
			 IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP | \
			 IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD | \
			 IBV_QP_EX_WITH_SEND_WITH_INV | \
			 IBV_QP_EX_WITH_LOCAL_INV | IBV_QP_EX_WITH_BIND_MW)

static void wr_fail(struct mo_qp *qp, int err)
{
	if (!qp->wr_error)
		qp->wr_error = err;
	qp->wr_wqe = NULL;
}

/* Next entry, with its first 16 bytes; NULL after an error. */
static inline uint8_t *wr_begin(struct mo_qp *qp, uint8_t opcode, uint32_t imm)
{
	struct ibv_qp_ex *ex = &qp->vqp.qp_ex;
	struct mo_wq *sq = &qp->sq;
	unsigned int flags = ex->wr_flags & ~IBV_SEND_INLINE;
	uint32_t head, slot;
	struct mo_wqe *wqe;

	if (unlikely(qp->wr_error))
		return NULL;
	head = atomic_load_explicit(&sq->head, memory_order_acquire);
	if (unlikely(qp->wr_tail - head >= sq->entries)) {
		wr_fail(qp, ENOMEM);
		return NULL;
	}
	slot = qp->wr_tail++ & (sq->entries - 1);
	wqe = (struct mo_wqe *)(sq->ring + ((size_t)slot << sq->stride_log));
	sq->wr_ids[slot] = ex->wr_id;
	if (qp->sig_all)
		flags |= IBV_SEND_SIGNALED;
	mo_wqe_head(wqe, opcode, mo_wqe_flags(flags), 0, 0, imm);
	qp->wr_wqe = wqe;
	qp->wr_data = (uint8_t *)(wqe + 1);
	if (qp->ud)	/* filled in by wr_set_ud_addr() */
		qp->wr_data += sizeof(struct mo_wqe_ud);
	return (uint8_t *)(wqe + 1);
}

static void mo_wr_send(struct ibv_qp_ex *ex)
{
	wr_begin(to_mo_qp_ex(ex), MO_WR_SEND, 0);
}

static void mo_wr_send_imm(struct ibv_qp_ex *ex, __be32 imm)
{
	wr_begin(to_mo_qp_ex(ex), MO_WR_SEND_IMM, imm);
}

static void mo_wr_send_inv(struct ibv_qp_ex *ex, uint32_t rkey)
{
	wr_begin(to_mo_qp_ex(ex), MO_WR_SEND_INV, htole32(rkey));
}

static void mo_wr_local_inv(struct ibv_qp_ex *ex, uint32_t rkey)
{
	wr_begin(to_mo_qp_ex(ex), MO_WR_LOCAL_INV, htole32(rkey));
}

static void mo_wr_bind_mw(struct ibv_qp_ex *ex, struct ibv_mw *mw,
			  uint32_t rkey, const struct ibv_mw_bind_info *info)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);
	uint8_t *at;

	if (unlikely(!mo_bind_ok(info))) {
		wr_fail(qp, EINVAL);
		return;
	}
	at = wr_begin(qp, MO_WR_BIND, 0);
	if (likely(at))
		qp->wr_data = mo_wqe_bind(at, mw, rkey, info);
}

static inline void wr_rdma(struct ibv_qp_ex *ex, uint8_t opcode, uint32_t imm,
			   uint32_t rkey, uint64_t remote_addr)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);
	uint8_t *at = wr_begin(qp, opcode, imm);

	if (likely(at))
		qp->wr_data = mo_wqe_rdma(at, remote_addr, rkey);
}

static void mo_wr_rdma_write(struct ibv_qp_ex *ex, uint32_t rkey,
			     uint64_t remote_addr)
{
	wr_rdma(ex, MO_WR_WRITE, 0, rkey, remote_addr);
}

static void mo_wr_rdma_write_imm(struct ibv_qp_ex *ex, uint32_t rkey,
				 uint64_t remote_addr, __be32 imm)
{
	wr_rdma(ex, MO_WR_WRITE_IMM, imm, rkey, remote_addr);
}

static void mo_wr_rdma_read(struct ibv_qp_ex *ex, uint32_t rkey,
			    uint64_t remote_addr)
{
	wr_rdma(ex, MO_WR_READ, 0, rkey, remote_addr);
}

static inline void wr_atomic(struct ibv_qp_ex *ex, uint8_t opcode,
			     uint32_t rkey, uint64_t remote_addr,
			     uint64_t swap_add, uint64_t compare)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);
	uint8_t *at = wr_begin(qp, opcode, 0);

	if (likely(at))
		qp->wr_data = mo_wqe_atomic(at, remote_addr, rkey, swap_add,
					    compare);
}

static void mo_wr_atomic_cmp_swp(struct ibv_qp_ex *ex, uint32_t rkey,
				 uint64_t remote_addr, uint64_t compare,
				 uint64_t swap)
{
	wr_atomic(ex, MO_WR_CMP_SWAP, rkey, remote_addr, swap, compare);
}

static void mo_wr_atomic_fetch_add(struct ibv_qp_ex *ex, uint32_t rkey,
				   uint64_t remote_addr, uint64_t add)
{
	wr_atomic(ex, MO_WR_FETCH_ADD, rkey, remote_addr, add, 0);
}

static void mo_wr_set_ud_addr(struct ibv_qp_ex *ex, struct ibv_ah *ah,
			      uint32_t remote_qpn, uint32_t remote_qkey)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);

	if (likely(qp->wr_wqe))
		mo_wqe_ud(qp->wr_wqe + 1, &to_mo_ah(ah)->av, remote_qpn,
			  remote_qkey);
}

/* SGEs that the entry being filled may have. */
static inline size_t wr_max_sge(const struct mo_qp *qp)
{
	switch (qp->wr_wqe->opcode) {
	case MO_WR_READ:
		return qp->sq.max_sge < MO_RDMA_MAX_SGE_RD ? qp->sq.max_sge :
							    MO_RDMA_MAX_SGE_RD;
	case MO_WR_CMP_SWAP:
	case MO_WR_FETCH_ADD:
		return 1;
	default:
		return qp->sq.max_sge;
	}
}

static void mo_wr_set_sge(struct ibv_qp_ex *ex, uint32_t lkey, uint64_t addr,
			  uint32_t length)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);

	if (unlikely(!qp->wr_wqe))
		return;
	mo_wqe_sge(qp->wr_data, 0, addr, length, lkey);
	qp->wr_wqe->nsge = 1;
}

static void mo_wr_set_sge_list(struct ibv_qp_ex *ex, size_t num_sge,
			       const struct ibv_sge *list)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);

	if (unlikely(!qp->wr_wqe))
		return;
	if (unlikely(num_sge > wr_max_sge(qp))) {
		wr_fail(qp, EINVAL);
		return;
	}
	mo_wqe_sges(qp->wr_data, list, num_sge);
	qp->wr_wqe->nsge = num_sge;
}

/* False: a READ or atomic, which cannot have inline data. */
static inline bool wr_may_inline(const struct mo_qp *qp)
{
	uint8_t opcode = qp->wr_wqe->opcode;

	return opcode != MO_WR_READ && opcode != MO_WR_CMP_SWAP &&
	       opcode != MO_WR_FETCH_ADD;
}

static inline void wr_set_inline(struct mo_qp *qp, size_t num,
				 const struct ibv_data_buf *list)
{
	size_t i, bytes = 0;

	if (unlikely(!wr_may_inline(qp))) {
		wr_fail(qp, EINVAL);
		return;
	}
	for (i = 0; i < num; i++) {
		bytes = mo_wqe_inline(qp->wr_data, bytes, qp->max_inline,
				      list[i].addr, list[i].length);
		if (unlikely(bytes > qp->max_inline)) {
			wr_fail(qp, EINVAL);
			return;
		}
	}
	qp->wr_wqe->flags |= MO_WQEF_INLINE;
	qp->wr_wqe->length = htole32(bytes);
}

static void mo_wr_set_inline_data(struct ibv_qp_ex *ex, void *addr,
				  size_t length)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);
	struct ibv_data_buf buf = { .addr = addr, .length = length };

	if (likely(qp->wr_wqe))
		wr_set_inline(qp, 1, &buf);
}

static void mo_wr_set_inline_data_list(struct ibv_qp_ex *ex, size_t num,
				       const struct ibv_data_buf *list)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);

	if (likely(qp->wr_wqe))
		wr_set_inline(qp, num, list);
}

static void mo_wr_start(struct ibv_qp_ex *ex)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);

	mo_lock(&qp->sq.lock);
	qp->wr_tail = qp->sq.tail;
	qp->wr_wqe = NULL;
	qp->wr_error = qp->vqp.qp.state < IBV_QPS_RTS ? EINVAL : 0;
}

static int mo_wr_complete(struct ibv_qp_ex *ex)
{
	struct mo_qp *qp = to_mo_qp_ex(ex);
	int err = qp->wr_error;

	if (likely(!err && qp->wr_tail != qp->sq.tail)) {
		qp->sq.tail = qp->wr_tail;
		mo_db_tail(to_mo_ctx(ex->qp_base.context), &qp->sq, MO_DB_SQ);
	}
	mo_unlock(&qp->sq.lock);
	return err;
}

static void mo_wr_abort(struct ibv_qp_ex *ex)
{
	mo_unlock(&to_mo_qp_ex(ex)->sq.lock);
}

/*
 * mo_wr_ops() - give a QP its ibv_wr_*() functions
 * @send_ops: operations that the application will use
 *
 * Return: 0, or EOPNOTSUPP for an operation that the transport or we lack.
 */
int mo_wr_ops(struct mo_qp *qp, uint64_t send_ops)
{
	struct ibv_qp_ex *ex = &qp->vqp.qp_ex;

	if (send_ops & ~(uint64_t)(qp->ud ? MO_OPS_UD : MO_OPS_RC))
		return EOPNOTSUPP;
	if (send_ops & IBV_QP_EX_WITH_SEND)
		ex->wr_send = mo_wr_send;
	if (send_ops & IBV_QP_EX_WITH_SEND_WITH_IMM)
		ex->wr_send_imm = mo_wr_send_imm;
	if (send_ops & IBV_QP_EX_WITH_SEND_WITH_INV)
		ex->wr_send_inv = mo_wr_send_inv;
	if (send_ops & IBV_QP_EX_WITH_RDMA_WRITE)
		ex->wr_rdma_write = mo_wr_rdma_write;
	if (send_ops & IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM)
		ex->wr_rdma_write_imm = mo_wr_rdma_write_imm;
	if (send_ops & IBV_QP_EX_WITH_RDMA_READ)
		ex->wr_rdma_read = mo_wr_rdma_read;
	if (send_ops & IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP)
		ex->wr_atomic_cmp_swp = mo_wr_atomic_cmp_swp;
	if (send_ops & IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD)
		ex->wr_atomic_fetch_add = mo_wr_atomic_fetch_add;
	if (send_ops & IBV_QP_EX_WITH_LOCAL_INV)
		ex->wr_local_inv = mo_wr_local_inv;
	if (send_ops & IBV_QP_EX_WITH_BIND_MW)
		ex->wr_bind_mw = mo_wr_bind_mw;
	if (qp->ud)
		ex->wr_set_ud_addr = mo_wr_set_ud_addr;
	ex->wr_set_sge = mo_wr_set_sge;
	ex->wr_set_sge_list = mo_wr_set_sge_list;
	ex->wr_set_inline_data = mo_wr_set_inline_data;
	ex->wr_set_inline_data_list = mo_wr_set_inline_data_list;
	ex->wr_start = mo_wr_start;
	ex->wr_complete = mo_wr_complete;
	ex->wr_abort = mo_wr_abort;
	return 0;
}
