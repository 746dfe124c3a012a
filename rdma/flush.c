// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of posted requests when no device completes them any more:
 * kernel users wait for every one of them, so the driver flushes them itself.
 *
 * A work queue is dead from the moment at which the device is gone, or has let
 * go of the queue pair in a reset; the memory of its requests is nobody's but
 * the user's then. Entries that the device wrote for it before are ignored, so
 * each request completes once.
 */
#include "mo_ib.h"

/* Longer than any device needs for a flush, short enough for an unload. */
#define MO_IB_DRAIN_MS		5000

struct mo_ib_drain {
	struct ib_cqe cqe;
	struct completion done;
};

void mo_ib_cq_notify(struct mo_ib_cq *cq)
{
	if (xchg(&cq->armed, false) && cq->ibcq.comp_handler)
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
}

static void mo_ib_wq_kill(struct mo_ib_wq *wq)
{
	struct mo_ib_cq *cq = wq->cq;
	unsigned long flags;

	/* Who posts later sees it and notifies the queue himself. */
	spin_lock_irqsave(&wq->lock, flags);
	spin_lock(&cq->lock);
	wq->dead = true;
	if (list_empty(&wq->flush))
		list_add_tail(&wq->flush, &cq->flush);
	spin_unlock(&cq->lock);
	spin_unlock_irqrestore(&wq->lock, flags);
	mo_ib_cq_notify(cq);
}

static void mo_ib_wq_revive(struct mo_ib_wq *wq, u32 object)
{
	struct mo_ib_cq *cq = wq->cq;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	spin_lock(&cq->lock);
	list_del_init(&wq->flush);
	mo_ib_cq_clean(cq, object);
	wq->dead = false;
	wq->head = 0;
	wq->tail = 0;
	wq->db.last = 0;
	/* The event index is the device's, which set it when it was reset. */
	WRITE_ONCE(wq->db.rec->tail, 0);
	spin_unlock(&cq->lock);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void mo_ib_qp_kill(struct mo_ib_qp *qp)
{
	if (qp->umem)
		return;
	mo_ib_wq_kill(&qp->sq);
	mo_ib_wq_kill(&qp->rq);
}

void mo_ib_qp_revive(struct mo_ib_qp *qp)
{
	if (qp->umem)
		return;
	mo_ib_wq_revive(&qp->sq, qp->object);
	mo_ib_wq_revive(&qp->rq, qp->object);
}

void mo_ib_kill_all(struct mo_ib_dev *mib)
{
	unsigned long index = 0;
	struct mo_ib_qp *qp;

	while ((qp = mo_ib_qp_next(mib, &index))) {
		mo_ib_qp_kill(qp);
		mo_ib_qp_put(qp);
	}
}

bool mo_ib_flush_pending(const struct mo_ib_cq *cq)
{
	const struct mo_ib_wq *wq;

	list_for_each_entry(wq, &cq->flush, flush)
		if (wq->head != mo_ib_wq_tail(wq))
			return true;
	return false;
}

int mo_ib_flush_poll(struct mo_ib_cq *cq, int num, struct ib_wc *wc)
{
	struct mo_ib_wq *wq;
	int n = 0;

	lockdep_assert_held(&cq->lock);
	list_for_each_entry(wq, &cq->flush, flush) {
		while (n < num && wq->head != mo_ib_wq_tail(wq)) {
			const struct mo_ib_wr *wr = mo_ib_wr(wq, wq->head);

			wc[n++] = (struct ib_wc){
				.wr_id = wr->wr_id,
				.opcode = wr->opcode,
				.status = IB_WC_WR_FLUSH_ERR,
				.qp = &wq->qp->ibqp,
				.port_num = MO_IB_PORT,
			};
			mo_ib_wq_retire(wq, wq->head + 1);
		}
	}
	return n;
}

/*
 * The device has had its time. A reset ends what it does with the queue pair,
 * or shows that it is gone; in both cases the rest is the driver's.
 */
static void mo_ib_drain_force(struct mo_ib_qp *qp)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(qp->ibqp.device);

	mutex_lock(&qp->lock);
	if (mo_ib_released(mib, mo_ib_qp_set_state(qp, MO_QPS_RESET)))
		mo_ib_qp_kill(qp);
	else
		ibdev_err(&mib->ibdev, "QP 0x%06x: device does not flush it\n", qp->object);
	mutex_unlock(&qp->lock);
}

static void mo_ib_drain_done(struct ib_cq *ibcq, struct ib_wc *wc)
{
	complete(&container_of(wc->wr_cqe, struct mo_ib_drain, cqe)->done);
}

static void mo_ib_drain_wait(struct mo_ib_qp *qp, struct ib_cq *ibcq, struct mo_ib_drain *drain)
{
	unsigned long end = jiffies + msecs_to_jiffies(MO_IB_DRAIN_MS);
	bool forced = false;

	while (!wait_for_completion_timeout(&drain->done, HZ / 10)) {
		if (ibcq->poll_ctx == IB_POLL_DIRECT)
			ib_process_cq_direct(ibcq, -1);
		if (forced || time_before(jiffies, end))
			continue;
		mo_ib_drain_force(qp);
		forced = true;
	}
}

/* To the error state; on a dead device that is where it is already. */
static bool mo_ib_drain_begin(struct ib_qp *ibqp, struct mo_ib_drain *drain)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };
	int err;

	err = ib_modify_qp(ibqp, &attr, IB_QP_STATE);
	if (err) {
		ibdev_err(ibqp->device, "QP 0x%06x cannot be drained: %pe\n",
			  to_mo_ib_qp(ibqp)->object, ERR_PTR(err));
		return false;
	}
	drain->cqe.done = mo_ib_drain_done;
	init_completion(&drain->done);
	return true;
}

void mo_ib_drain_sq(struct ib_qp *ibqp)
{
	struct mo_ib_drain drain;
	union {
		struct ib_rdma_wr rdma;
		struct ib_ud_wr ud;
	} request = {};
	struct ib_send_wr *wr = &request.rdma.wr;
	int err;

	BUILD_BUG_ON(offsetof(struct ib_rdma_wr, wr) != offsetof(struct ib_ud_wr, wr));
	wr->wr_cqe = &drain.cqe;
	wr->opcode = ibqp->qp_type == IB_QPT_RC ? IB_WR_RDMA_WRITE : IB_WR_SEND;
	wr->send_flags = IB_SEND_SIGNALED;
	if (!mo_ib_drain_begin(ibqp, &drain))
		return;
	err = ib_post_send(ibqp, wr, NULL);
	if (WARN_ONCE(err, "failed to drain send queue: %d\n", err))
		return;
	mo_ib_drain_wait(to_mo_ib_qp(ibqp), ibqp->send_cq, &drain);
}

void mo_ib_drain_rq(struct ib_qp *ibqp)
{
	struct mo_ib_drain drain;
	struct ib_recv_wr wr = { .wr_cqe = &drain.cqe };
	int err;

	if (!to_mo_ib_qp(ibqp)->has_rq || !mo_ib_drain_begin(ibqp, &drain))
		return;
	err = ib_post_recv(ibqp, &wr, NULL);
	if (WARN_ONCE(err, "failed to drain recv queue: %d\n", err))
		return;
	mo_ib_drain_wait(to_mo_ib_qp(ibqp), ibqp->recv_cq, &drain);
}
