// SPDX-License-Identifier: GPL-2.0
/*
 * Draining of queue pairs of kernel users, also when the device does not help.
 */
#include "mo_ib.h"

/* Longer than any device needs for a flush, short enough for an unload. */
#define MO_IB_DRAIN_MS		5000

struct mo_ib_drain {
	struct ib_cqe cqe;
	struct completion done;
};

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
