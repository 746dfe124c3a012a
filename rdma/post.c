// SPDX-License-Identifier: GPL-2.0
/*
 * Posting to kernel queue pairs. One doorbell for a list of requests.
 */
#include "mo_ib.h"

struct mo_ib_opcode {
	u8 wr;			/* enum mo_wr; MO_WR_NOP: not possible */
	u8 wc;			/* enum ib_wc_opcode */
	bool ud;		/* on datagram queue pairs too */
};

static const struct mo_ib_opcode mo_ib_opcodes[] = {
	[IB_WR_SEND] = { MO_WR_SEND, IB_WC_SEND, true },
	[IB_WR_SEND_WITH_IMM] = { MO_WR_SEND_IMM, IB_WC_SEND, true },
	[IB_WR_SEND_WITH_INV] = { MO_WR_SEND_INV, IB_WC_SEND },
	[IB_WR_RDMA_WRITE] = { MO_WR_WRITE, IB_WC_RDMA_WRITE },
	[IB_WR_RDMA_WRITE_WITH_IMM] = { MO_WR_WRITE_IMM, IB_WC_RDMA_WRITE },
	[IB_WR_RDMA_READ] = { MO_WR_READ, IB_WC_RDMA_READ },
	[IB_WR_ATOMIC_CMP_AND_SWP] = { MO_WR_CMP_SWAP, IB_WC_COMP_SWAP },
	[IB_WR_ATOMIC_FETCH_AND_ADD] = { MO_WR_FETCH_ADD, IB_WC_FETCH_ADD },
	[IB_WR_LOCAL_INV] = { MO_WR_LOCAL_INV, IB_WC_LOCAL_INV },
	[IB_WR_REG_MR] = { MO_WR_REG_MR, IB_WC_REG_MR },
};

size_t mo_ib_send_bytes(enum ib_qp_type type, u32 sges, u32 inline_bytes)
{
	size_t data = max_t(size_t, sges * sizeof(struct mo_sge), inline_bytes);

	if (type != IB_QPT_RC)
		return sizeof(struct mo_wqe) + sizeof(struct mo_wqe_ud) + data;
	return sizeof(struct mo_wqe) +
	       max3(sizeof(struct mo_wqe_rdma) + data,
		    sizeof(struct mo_wqe_atomic) + sizeof(struct mo_sge),
		    sizeof(struct mo_wqe_reg));
}

size_t mo_ib_recv_bytes(u32 sges)
{
	return sizeof(struct mo_wqe) + sges * sizeof(struct mo_sge);
}

static void mo_ib_put_sges(struct mo_sge *to, const struct ib_sge *from, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		to[i].addr = cpu_to_le64(from[i].addr);
		to[i].length = cpu_to_le32(from[i].length);
		to[i].lkey = cpu_to_le32(from[i].lkey);
	}
}

static int mo_ib_put_inline(const struct mo_ib_qp *qp, struct mo_wqe *wqe, void *to,
			    const struct ib_send_wr *wr)
{
	u32 length = 0;
	int i;

	for (i = 0; i < wr->num_sge; i++) {
		const struct ib_sge *sge = &wr->sg_list[i];

		if (sge->length > qp->max_inline - length)
			return -EINVAL;
		memcpy(to + length, (void *)(uintptr_t)sge->addr, sge->length);
		length += sge->length;
	}
	wqe->flags |= MO_WQEF_INLINE;
	wqe->length = cpu_to_le32(length);
	return 0;
}

static int mo_ib_put_ud(const struct mo_ib_qp *qp, struct mo_wqe_ud *body,
			const struct ib_ud_wr *ud)
{
	*body = (struct mo_wqe_ud){};
	if (ud->ah)
		body->av = to_mo_ib_ah(ud->ah)->av;
	else if (READ_ONCE(qp->state) != IB_QPS_ERR)
		return -EINVAL;
	body->dest_qp = cpu_to_le32(ud->remote_qpn);
	body->qkey = cpu_to_le32(ud->remote_qkey);
	return 0;
}

static void mo_ib_put_reg(struct mo_wqe_reg *body, const struct ib_reg_wr *reg)
{
	const struct mo_ib_mr *mr = to_mo_ib_mr(reg->mr);

	*body = (struct mo_wqe_reg){
		.list = cpu_to_le64(mr->list.addr),
		.iova = cpu_to_le64(reg->mr->iova),
		.length = cpu_to_le64(reg->mr->length),
		.key = cpu_to_le32(reg->key),
		.count = cpu_to_le32(mr->list.count),
		.access = reg->access & MO_IB_ACCESS_FLAGS,
		.page_shift = ilog2(reg->mr->page_size),
	};
}

/* Body of the opcode. Returns where the data goes; NULL: there is none. */
static void *mo_ib_put_body(const struct mo_ib_qp *qp, struct mo_wqe *wqe,
			    const struct ib_send_wr *wr)
{
	void *body = wqe + 1;

	if (qp->ibqp.qp_type != IB_QPT_RC) {
		int err = mo_ib_put_ud(qp, body, ud_wr(wr));

		return err ? ERR_PTR(err) : body + sizeof(struct mo_wqe_ud);
	}
	switch (wqe->opcode) {
	case MO_WR_WRITE:
	case MO_WR_WRITE_IMM:
	case MO_WR_READ:
		*(struct mo_wqe_rdma *)body = (struct mo_wqe_rdma){
			.remote_addr = cpu_to_le64(rdma_wr(wr)->remote_addr),
			.rkey = cpu_to_le32(rdma_wr(wr)->rkey),
		};
		return body + sizeof(struct mo_wqe_rdma);
	case MO_WR_CMP_SWAP:
	case MO_WR_FETCH_ADD:
		*(struct mo_wqe_atomic *)body = (struct mo_wqe_atomic){
			.remote_addr = cpu_to_le64(atomic_wr(wr)->remote_addr),
			.swap_add = cpu_to_le64(wqe->opcode == MO_WR_CMP_SWAP ?
						atomic_wr(wr)->swap :
						atomic_wr(wr)->compare_add),
			.compare = cpu_to_le64(wqe->opcode == MO_WR_CMP_SWAP ?
					       atomic_wr(wr)->compare_add : 0),
			.rkey = cpu_to_le32(atomic_wr(wr)->rkey),
		};
		return body + sizeof(struct mo_wqe_atomic);
	case MO_WR_LOCAL_INV:
		return NULL;
	case MO_WR_REG_MR:
		mo_ib_put_reg(body, reg_wr(wr));
		return NULL;
	default:
		return body;
	}
}

static int mo_ib_put_send(const struct mo_ib_qp *qp, struct mo_wqe *wqe,
			  const struct ib_send_wr *wr, const struct mo_ib_opcode *op)
{
	u32 max_sge = op->wr == MO_WR_READ ? min_t(u32, qp->sq.max_sge, MO_RDMA_MAX_SGE_RD) :
					     qp->sq.max_sge;
	void *data;

	*wqe = (struct mo_wqe){ .opcode = op->wr };
	if (qp->sig_all || (wr->send_flags & IB_SEND_SIGNALED))
		wqe->flags |= MO_WQEF_SIGNALED;
	if (wr->send_flags & IB_SEND_SOLICITED)
		wqe->flags |= MO_WQEF_SOLICITED;
	if (wr->send_flags & IB_SEND_FENCE)
		wqe->flags |= MO_WQEF_FENCE;
	switch (op->wr) {
	case MO_WR_SEND_IMM:
	case MO_WR_WRITE_IMM:
		wqe->imm = (__force __le32)wr->ex.imm_data;
		break;
	case MO_WR_SEND_INV:
	case MO_WR_LOCAL_INV:
		wqe->imm = cpu_to_le32(wr->ex.invalidate_rkey);
		break;
	}

	data = mo_ib_put_body(qp, wqe, wr);
	if (IS_ERR_OR_NULL(data))
		return PTR_ERR_OR_ZERO(data);
	if (wr->num_sge < 0 || wr->num_sge > max_sge)
		return -EINVAL;
	if (wr->send_flags & IB_SEND_INLINE)
		return mo_ib_put_inline(qp, wqe, data, wr);
	wqe->nsge = wr->num_sge;
	mo_ib_put_sges(data, wr->sg_list, wr->num_sge);
	return 0;
}

static bool mo_ib_wq_full(const struct mo_ib_wq *wq)
{
	/* The slot of a request is free once the poller has retired it. */
	return wq->tail - smp_load_acquire(&wq->head) >= BIT(wq->log);
}

/* The entry at the tail is ready; it is the device's with the doorbell. */
static void mo_ib_wq_push(struct mo_ib_wq *wq, u64 wr_id, enum ib_wc_opcode opcode)
{
	*mo_ib_wr(wq, wq->tail) = (struct mo_ib_wr){ .wr_id = wr_id, .opcode = opcode };
	/* The request before the index that makes it visible to the poller. */
	smp_store_release(&wq->tail, wq->tail + 1);
}

/* True: nobody but the driver completes what is posted; the poller must look. */
static bool mo_ib_wq_ring(struct mo_ib_dev *mib, struct mo_ib_wq *wq)
{
	if (unlikely(wq->dead))
		return true;
	if (wq->tail != wq->db.last)
		mo_db_publish(mib->aux->db, mib->shadow, &wq->db, wq->tail);
	return false;
}

int mo_ib_post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
		    const struct ib_send_wr **bad)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibqp->device);
	struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	struct mo_ib_wq *wq = &qp->sq;
	enum ib_qp_state state;
	unsigned long flags;
	bool dead;
	int err = 0;

	spin_lock_irqsave(&wq->lock, flags);
	state = READ_ONCE(qp->state);
	for (; wr; wr = wr->next) {
		const struct mo_ib_opcode *op = NULL;

		if (wr->opcode < ARRAY_SIZE(mo_ib_opcodes))
			op = &mo_ib_opcodes[wr->opcode];
		if (!op || op->wr == MO_WR_NOP || (ibqp->qp_type != IB_QPT_RC && !op->ud) ||
		    state == IB_QPS_RESET || state == IB_QPS_INIT || state == IB_QPS_RTR) {
			err = -EINVAL;
			break;
		}
		if (mo_ib_wq_full(wq)) {
			err = -ENOMEM;
			break;
		}
		err = mo_ib_put_send(qp, mo_ib_wqe(wq, wq->tail), wr, op);
		if (err)
			break;
		mo_ib_wq_push(wq, wr->wr_id, op->wc);
	}
	dead = mo_ib_wq_ring(mib, wq);
	spin_unlock_irqrestore(&wq->lock, flags);
	if (unlikely(dead))
		mo_ib_cq_notify(wq->cq);
	if (err)
		*bad = wr;
	return err;
}

int mo_ib_post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
		    const struct ib_recv_wr **bad)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibqp->device);
	struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	struct mo_ib_wq *wq = &qp->rq;
	unsigned long flags;
	bool dead;
	int err = 0;

	spin_lock_irqsave(&wq->lock, flags);
	for (; wr; wr = wr->next) {
		struct mo_wqe *wqe;

		if (!qp->has_rq || READ_ONCE(qp->state) == IB_QPS_RESET || wr->num_sge < 0 ||
		    wr->num_sge > wq->max_sge) {
			err = -EINVAL;
			break;
		}
		if (mo_ib_wq_full(wq)) {
			err = -ENOMEM;
			break;
		}
		wqe = mo_ib_wqe(wq, wq->tail);
		*wqe = (struct mo_wqe){ .opcode = MO_WR_NOP, .nsge = wr->num_sge };
		mo_ib_put_sges((struct mo_sge *)(wqe + 1), wr->sg_list, wr->num_sge);
		mo_ib_wq_push(wq, wr->wr_id, IB_WC_RECV);
	}
	dead = mo_ib_wq_ring(mib, wq);
	spin_unlock_irqrestore(&wq->lock, flags);
	if (unlikely(dead))
		mo_ib_cq_notify(wq->cq);
	if (err)
		*bad = wr;
	return err;
}
