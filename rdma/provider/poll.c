// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_poll_cq() and the extended poll: no system call and no register.
 */
#include <errno.h>

#include "db.h"
#include "mo.h"

/* The device's statuses are libibverbs'. */
#define X(name, value, text) \
	static_assert((int)MO_WC_##name == (int)IBV_WC_##name, #name);
MO_WCS(X)
#undef X

static const uint8_t send_opcodes[32] = {
	[MO_WR_SEND] = IBV_WC_SEND,
	[MO_WR_SEND_IMM] = IBV_WC_SEND,
	[MO_WR_SEND_INV] = IBV_WC_SEND,
	[MO_WR_WRITE] = IBV_WC_RDMA_WRITE,
	[MO_WR_WRITE_IMM] = IBV_WC_RDMA_WRITE,
	[MO_WR_READ] = IBV_WC_RDMA_READ,
	[MO_WR_CMP_SWAP] = IBV_WC_COMP_SWAP,
	[MO_WR_FETCH_ADD] = IBV_WC_FETCH_ADD,
	[MO_WR_LOCAL_INV] = IBV_WC_LOCAL_INV,
	[MO_WR_BIND] = IBV_WC_BIND_MW,
};

static inline struct mo_rdma_cqe *cqe_at(const struct mo_cq *cq, uint32_t index)
{
	return &cq->ring[index & ((1U << cq->log) - 1)];
}

/* Has the device written the entry with that index? */
static inline bool cqe_there(const struct mo_cq *cq, uint32_t index,
			     const struct mo_rdma_cqe *cqe)
{
	uint8_t phase = *(const volatile uint8_t *)&cqe->phase & 1;

	return phase == (~(index >> cq->log) & 1);
}

/*
 * The QP of a completion and the application's name of the request, whose
 * place becomes free. NULL: nothing of the kind was posted.
 */
static inline struct mo_qp *cqe_take(struct mo_cq *cq,
				     const struct mo_rdma_cqe *cqe,
				     uint64_t *wr_id)
{
	uint32_t object = le32toh(cqe->qp);
	uint32_t index = le32toh(cqe->index);
	struct mo_qp *qp = cq->last;
	struct mo_wq *wq;
	uint32_t head;

	if (unlikely(!qp || qp->sq.object != object)) {
		qp = mo_qp_find(to_mo_ctx(cq->vcq.cq.context), object);
		if (!qp)
			return NULL;
		cq->last = qp;
	}
	wq = cqe->opcode & MO_CQE_RECV ? &qp->rq : &qp->sq;
	head = atomic_load_explicit(&wq->head, memory_order_relaxed);
	if (unlikely(index - head >= wq->tail - head))
		return NULL;
	*wr_id = wq->wr_ids[index & (wq->entries - 1)];
	atomic_store_explicit(&wq->head, index + 1, memory_order_release);
	return qp;
}

static inline enum ibv_wc_opcode cqe_opcode(const struct mo_rdma_cqe *cqe)
{
	if (cqe->opcode & MO_CQE_RECV)
		return cqe->opcode == MO_RECV_WRITE_IMM ?
		       IBV_WC_RECV_RDMA_WITH_IMM : IBV_WC_RECV;
	return send_opcodes[cqe->opcode & 31];
}

static inline unsigned int cqe_wc_flags(const struct mo_rdma_cqe *cqe)
{
	uint16_t flags = le16toh(cqe->flags);

	return (flags & MO_CQEF_GRH ? IBV_WC_GRH : 0) |
	       (flags & MO_CQEF_IMM ? IBV_WC_WITH_IMM : 0) |
	       (flags & MO_CQEF_INV ? IBV_WC_WITH_INV : 0);
}

/* Why: mo_qp_error, and above it the AETH syndrome of the peer. */
static inline uint32_t cqe_vendor_err(const struct mo_rdma_cqe *cqe)
{
	return le16toh(cqe->error) | (uint32_t)cqe->syndrome << 16;
}

/* Of a datagram: the priority in its VLAN tag (IBA A16.4). */
static inline uint8_t cqe_sl(const struct mo_rdma_cqe *cqe)
{
	return le16toh(cqe->flags) & MO_CQEF_VLAN ?
	       le16toh(cqe->vlan_tci) >> 13 : 0;
}

/* As it lies in memory, or as a number: imm_data and invalidated_rkey. */
static inline uint32_t cqe_imm(const struct mo_rdma_cqe *cqe)
{
	return le16toh(cqe->flags) & MO_CQEF_INV ? le32toh(cqe->imm) :
						   (uint32_t)cqe->imm;
}

/* Gives the entries before the consumer index back to the device. */
static inline void cq_give_back(struct mo_cq *cq)
{
	/* What was read of them, before the device may overwrite it. */
	atomic_thread_fence(memory_order_release);
	if (cq->open)
		cq->arm_kind |= MO_ARM_READ;
	mo_arm_store(cq);
}

int mo_poll_cq(struct ibv_cq *ibcq, int num, struct ibv_wc *wc)
{
	struct mo_cq *cq = to_mo_cq(ibcq);
	const struct mo_rdma_cqe *cqe;
	const struct mo_qp *qp;
	uint32_t begin;
	int done = 0;

	mo_lock(&cq->lock);
	begin = cq->ci;
	while (done < num) {
		cqe = cqe_at(cq, cq->ci);
		if (!cqe_there(cq, cq->ci, cqe))
			break;
		udma_from_device_barrier();
		cq->ci++;
		qp = cqe_take(cq, cqe, &wc->wr_id);
		if (unlikely(!qp))
			continue;
		wc->status = cqe->status;
		wc->opcode = cqe_opcode(cqe);
		wc->vendor_err = cqe_vendor_err(cqe);
		wc->byte_len = le32toh(cqe->length);
		wc->imm_data = cqe_imm(cqe);
		wc->qp_num = qp->vqp.qp.qp_num;
		wc->src_qp = le32toh(cqe->src_qp);
		wc->wc_flags = cqe_wc_flags(cqe);
		wc->pkey_index = le16toh(cqe->pkey_index);
		wc->slid = 0;
		wc->sl = cqe_sl(cqe);
		wc->dlid_path_bits = 0;
		wc++;
		done++;
	}
	if (cq->ci != begin)
		cq_give_back(cq);
	mo_unlock(&cq->lock);
	return done;
}

/* Moves the extended poll to the next completion. */
static inline int next_cqe(struct mo_cq *cq)
{
	struct mo_rdma_cqe *cqe;

	for (;;) {
		cqe = cqe_at(cq, cq->ci);
		if (!cqe_there(cq, cq->ci, cqe))
			return ENOENT;
		udma_from_device_barrier();
		cq->ci++;
		if (likely(cqe_take(cq, cqe, &cq->vcq.cq_ex.wr_id)))
			break;
	}
	cq->cqe = cqe;
	cq->vcq.cq_ex.status = cqe->status;
	return 0;
}

static int mo_start_poll(struct ibv_cq_ex *ex, struct ibv_poll_cq_attr *attr)
{
	struct mo_cq *cq = to_mo_cq_ex(ex);
	uint32_t begin;
	int err;

	if (unlikely(attr->comp_mask))
		return EINVAL;
	mo_lock(&cq->lock);
	begin = cq->ci;
	err = next_cqe(cq);
	if (err) {
		if (cq->ci != begin)
			cq_give_back(cq);
		mo_unlock(&cq->lock);
	}
	return err;
}

static int mo_next_poll(struct ibv_cq_ex *ex)
{
	return next_cqe(to_mo_cq_ex(ex));
}

static void mo_end_poll(struct ibv_cq_ex *ex)
{
	struct mo_cq *cq = to_mo_cq_ex(ex);

	cq_give_back(cq);
	mo_unlock(&cq->lock);
}

static enum ibv_wc_opcode mo_read_opcode(struct ibv_cq_ex *ex)
{
	return cqe_opcode(to_mo_cq_ex(ex)->cqe);
}

static uint32_t mo_read_vendor_err(struct ibv_cq_ex *ex)
{
	return cqe_vendor_err(to_mo_cq_ex(ex)->cqe);
}

static uint32_t mo_read_byte_len(struct ibv_cq_ex *ex)
{
	return le32toh(to_mo_cq_ex(ex)->cqe->length);
}

static __be32 mo_read_imm_data(struct ibv_cq_ex *ex)
{
	return (__be32)cqe_imm(to_mo_cq_ex(ex)->cqe);
}

static uint32_t mo_read_qp_num(struct ibv_cq_ex *ex)
{
	/* The QP that the completion at hand was taken for. */
	return to_mo_cq_ex(ex)->last->vqp.qp.qp_num;
}

static uint32_t mo_read_src_qp(struct ibv_cq_ex *ex)
{
	return le32toh(to_mo_cq_ex(ex)->cqe->src_qp);
}

static unsigned int mo_read_wc_flags(struct ibv_cq_ex *ex)
{
	return cqe_wc_flags(to_mo_cq_ex(ex)->cqe);
}

/* RoCE has no LIDs. */
static uint32_t mo_read_slid(struct ibv_cq_ex *ex __attribute__((unused)))
{
	return 0;
}

static uint8_t mo_read_sl(struct ibv_cq_ex *ex)
{
	return cqe_sl(to_mo_cq_ex(ex)->cqe);
}

static uint8_t mo_read_dlid_path_bits(struct ibv_cq_ex *ex __attribute__((unused)))
{
	return 0;
}

static uint64_t mo_read_completion_ts(struct ibv_cq_ex *ex)
{
	return le64toh(to_mo_cq_ex(ex)->cqe->timestamp_ns);
}

void mo_poll_ops(struct mo_cq *cq, uint64_t wc_flags)
{
	struct ibv_cq_ex *ex = &cq->vcq.cq_ex;

	ex->start_poll = mo_start_poll;
	ex->next_poll = mo_next_poll;
	ex->end_poll = mo_end_poll;
	ex->read_opcode = mo_read_opcode;
	ex->read_vendor_err = mo_read_vendor_err;
	ex->read_wc_flags = mo_read_wc_flags;
	if (wc_flags & IBV_WC_EX_WITH_BYTE_LEN)
		ex->read_byte_len = mo_read_byte_len;
	if (wc_flags & IBV_WC_EX_WITH_IMM)
		ex->read_imm_data = mo_read_imm_data;
	if (wc_flags & IBV_WC_EX_WITH_QP_NUM)
		ex->read_qp_num = mo_read_qp_num;
	if (wc_flags & IBV_WC_EX_WITH_SRC_QP)
		ex->read_src_qp = mo_read_src_qp;
	if (wc_flags & IBV_WC_EX_WITH_SLID)
		ex->read_slid = mo_read_slid;
	if (wc_flags & IBV_WC_EX_WITH_SL)
		ex->read_sl = mo_read_sl;
	if (wc_flags & IBV_WC_EX_WITH_DLID_PATH_BITS)
		ex->read_dlid_path_bits = mo_read_dlid_path_bits;
	if (wc_flags & IBV_WC_EX_WITH_COMPLETION_TIMESTAMP)
		ex->read_completion_ts = mo_read_completion_ts;
}

/*
 * mo_cq_forget() - take all completions of a QP out of a queue
 *
 * The device writes none of them any more; the caller holds the CQ's lock.
 * Those of others move up to where the newest one stands, in their order.
 */
void mo_cq_forget(struct mo_cq *cq, struct mo_qp *qp)
{
	uint32_t entries = 1U << cq->log, end = cq->ci, index, gone = 0;
	struct mo_rdma_cqe *from, *to;
	uint8_t phase;

	while (end - cq->ci < entries && cqe_there(cq, end, cqe_at(cq, end)))
		end++;
	udma_from_device_barrier();
	for (index = end; index != cq->ci; index--) {
		from = cqe_at(cq, index - 1);
		if (le32toh(from->qp) == qp->sq.object) {
			gone++;
		} else if (gone) {
			to = cqe_at(cq, index - 1 + gone);
			phase = to->phase;
			*to = *from;
			to->phase = phase;
		}
	}
	if (gone) {
		cq->ci += gone;
		cq_give_back(cq);
	}
	if (cq->last == qp)
		cq->last = NULL;
}
