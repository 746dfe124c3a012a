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
