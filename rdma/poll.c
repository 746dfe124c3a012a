// SPDX-License-Identifier: GPL-2.0
/*
 * Polling and arming of kernel completion queues.
 *
 * Entries are the device's word: queue pair, index, status and opcode are
 * checked before they are used. What the request was comes from the driver's
 * own table.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "mo_ib.h"

static void mo_ib_cqe_bad(struct mo_ib_cq *cq, const struct mo_rdma_cqe *cqe, const char *what)
{
	cq->bad++;
	ibdev_err_ratelimited(cq->ibcq.device,
			      "CQ 0x%06x: completion with an impossible %s dropped (QP 0x%06x, index %u, opcode 0x%02x)\n",
			      cq->comp.cqn, what, le32_to_cpu(cqe->qp), le32_to_cpu(cqe->index),
			      cqe->opcode);
}

/* The statuses of core and device have the same numbers. */
#define X(name, value, text) static_assert((int)IB_WC_##name == MO_WC_##name);
MO_WCS(X)
#undef X

static enum ib_wc_status mo_ib_wc_status(u8 status)
{
#define X(name, value, text) | BIT(MO_WC_##name)
	const u32 known = 0 MO_WCS(X);
#undef X

	return status < 32 && (known & BIT(status)) ? (enum ib_wc_status)status :
						      IB_WC_GENERAL_ERR;
}

/* Immediate data, invalidated key and addresses of what arrived. */
static void mo_ib_wc_recv(const struct mo_rdma_cqe *cqe, struct ib_wc *wc)
{
	u16 flags = le16_to_cpu(cqe->flags);

	wc->opcode = cqe->opcode == MO_RECV_WRITE_IMM ? IB_WC_RECV_RDMA_WITH_IMM : IB_WC_RECV;
	if (flags & MO_CQEF_IMM) {
		wc->wc_flags |= IB_WC_WITH_IMM;
		wc->ex.imm_data = (__force __be32)cqe->imm;
	} else if (flags & MO_CQEF_INV) {
		wc->wc_flags |= IB_WC_WITH_INVALIDATE;
		wc->ex.invalidate_rkey = le32_to_cpu(cqe->imm);
	}
	if (flags & MO_CQEF_GRH) {
		wc->wc_flags |= IB_WC_GRH | IB_WC_WITH_NETWORK_HDR_TYPE;
		wc->network_hdr_type = flags & MO_CQEF_IPV4 ? RDMA_NETWORK_IPV4 :
							      RDMA_NETWORK_IPV6;
	}
	if (flags & MO_CQEF_SMAC) {
		wc->wc_flags |= IB_WC_WITH_SMAC;
		ether_addr_copy(wc->smac, cqe->smac);
	}
	if (flags & MO_CQEF_VLAN) {
		wc->wc_flags |= IB_WC_WITH_VLAN;
		wc->vlan_id = le16_to_cpu(cqe->vlan_tci) & VLAN_VID_MASK;
		wc->sl = le16_to_cpu(cqe->vlan_tci) >> VLAN_PRIO_SHIFT;
	}
	wc->src_qp = le32_to_cpu(cqe->src_qp);
}

/* True: @wc is filled in. */
static bool mo_ib_poll_one(struct mo_ib_cq *cq, const struct mo_rdma_cqe *cqe, struct ib_wc *wc)
{
	u32 object = le32_to_cpu(cqe->qp), index = le32_to_cpu(cqe->index);
	bool recv = cqe->opcode & MO_CQE_RECV;
	const struct mo_ib_wr *wr;
	struct mo_ib_wq *wq;
	struct mo_ib_qp *qp;

	if (object == MO_IB_NO_OBJECT)
		return false;
	/* A late entry of a queue pair that is destroyed is no mistake. */
	qp = xa_load(&cq->qps, object & MO_OBJ_INDEX);
	if (!qp || qp->object != object)
		return false;
	wq = recv ? &qp->rq : &qp->sq;
	if (unlikely(wq->cq != cq)) {
		mo_ib_cqe_bad(cq, cqe, "queue");
		return false;
	}
	if (unlikely(wq->dead))
		return false;
	if (unlikely(index - wq->head >= mo_ib_wq_tail(wq) - wq->head)) {
		mo_ib_cqe_bad(cq, cqe, "index");
		return false;
	}

	wr = mo_ib_wr(wq, index);
	*wc = (struct ib_wc){
		.wr_id = wr->wr_id,
		.opcode = wr->opcode,
		.status = mo_ib_wc_status(cqe->status),
		.byte_len = le32_to_cpu(cqe->length),
		.qp = &qp->ibqp,
		.port_num = MO_IB_PORT,
	};
	if (unlikely(wc->status != IB_WC_SUCCESS))
		wc->vendor_err = le16_to_cpu(cqe->error) << 8 | cqe->syndrome;
	else if (recv)
		mo_ib_wc_recv(cqe, wc);
	/* Unsignaled requests before it too. */
	mo_ib_wq_retire(wq, index + 1);
	return true;
}

int mo_ib_poll_cq(struct ib_cq *ibcq, int num, struct ib_wc *wc)
{
	struct mo_ib_cq *cq = to_mo_ib_cq(ibcq);
	u32 left = BIT(cq->size_log), before;
	unsigned long flags;
	int n = 0;

	spin_lock_irqsave(&cq->lock, flags);
	before = cq->ci;
	/* One pass over the ring at most: a lying device must not keep us here. */
	while (n < num && left-- && mo_ib_cqe_valid(cq, cq->ci)) {
		dma_rmb();	/* the phase before the rest */
		n += mo_ib_poll_one(cq, mo_ib_cqe_at(cq, cq->ci), &wc[n]);
		cq->ci++;
	}
	if (unlikely(n < num && mo_ib_flush_pending(cq)))
		n += mo_ib_flush_poll(cq, num - n, &wc[n]);
	if (cq->ci != before) {
		/* The event of a request that is open is due all the same. */
		if (READ_ONCE(cq->armed))
			cq->arm.kind |= MO_ARM_READ;
		dma_mb();	/* entries are read before they are given back */
		mo_arm_store(&cq->arm, cq->ci);
	}
	spin_unlock_irqrestore(&cq->lock, flags);
	return n;
}

int mo_ib_req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibcq->device);
	struct mo_ib_cq *cq = to_mo_ib_cq(ibcq);
	unsigned long irqflags;
	u32 kind, open;
	int missed = 0;

	kind = (flags & IB_CQ_SOLICITED_MASK) == IB_CQ_SOLICITED ? MO_ARM_SOLICITED : MO_ARM_NEXT;
	spin_lock_irqsave(&cq->lock, irqflags);
	/*
	 * The device knows the last request only: while one for any completion
	 * is open, that one covers both (IBA 11.4.2.2).
	 */
	open = READ_ONCE(cq->armed) ? cq->arm.kind : MO_ARM_NONE;
	if ((open & ~MO_ARM_READ) == MO_ARM_NEXT)
		kind = MO_ARM_NEXT;
	kind |= open & MO_ARM_READ;
	WRITE_ONCE(cq->armed, true);
	mo_arm_publish(mib->aux->db, mib->shadow, &cq->arm, cq->ci, kind);
	if (flags & IB_CQ_REPORT_MISSED_EVENTS)
		missed = mo_ib_cqe_valid(cq, cq->ci) || mo_ib_flush_pending(cq);
	spin_unlock_irqrestore(&cq->lock, irqflags);
	return missed;
}
