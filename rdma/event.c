// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous events of queue pairs and completion queues, and the end of the
 * device.
 */
#include "mo_ib.h"

/*
 * IBA 11.6.3: what a work completion tells the owner already is no event, and
 * neither is what he asked for himself.
 */
static int mo_ib_qp_event_type(u16 code)
{
	switch (code) {
	case MO_QPE_TAIL:
	case MO_QPE_WQE:
	case MO_QPE_DMA:
	case MO_QPE_CQ:
	case MO_QPE_DOORBELL_PAGE:
		return IB_EVENT_QP_FATAL;
	case MO_QPE_INVALID:
		return IB_EVENT_QP_REQ_ERR;
	case MO_QPE_ACCESS:
		return IB_EVENT_QP_ACCESS_ERR;
	default:
		return -1;
	}
}

static void mo_ib_qp_tell(struct mo_ib_qp *qp, enum ib_event_type type)
{
	struct ib_event event = {
		.device = qp->ibqp.device,
		.element.qp = &qp->ibqp,
		.event = type,
	};

	if (qp->ibqp.event_handler)
		qp->ibqp.event_handler(&event, qp->ibqp.qp_context);
}

static bool mo_ib_qp_event(struct mo_ib_dev *mib, u8 type, u32 object, u16 code)
{
	struct mo_ib_qp *qp = mo_ib_qp_get(mib, object);
	int ib_type;

	if (!qp)
		return false;
	switch (type) {
	case MO_EVENT_QP_ERROR:
		ibdev_dbg(&mib->ibdev, "QP 0x%06x is in the error state, code %u\n", object,
			  code);
		ib_type = mo_ib_qp_event_type(code);
		if (ib_type >= 0)
			mo_ib_qp_tell(qp, ib_type);
		break;
	case MO_EVENT_QP_ESTABLISHED:
		mo_ib_qp_tell(qp, IB_EVENT_COMM_EST);
		break;
	case MO_EVENT_SQ_DRAINED:
		mo_ib_qp_tell(qp, IB_EVENT_SQ_DRAINED);
		break;
	}
	mo_ib_qp_put(qp);
	return true;
}

static bool mo_ib_cq_error(struct mo_ib_dev *mib, u32 object)
{
	struct mo_ib_cq *cq = mo_ib_cq_get(mib, object);
	struct ib_event event = {
		.device = &mib->ibdev,
		.event = IB_EVENT_CQ_ERR,
	};

	/* The queues of the network interface have the same event. */
	if (!cq)
		return false;
	event.element.cq = &cq->ibcq;
	if (cq->ibcq.event_handler)
		cq->ibcq.event_handler(&event, cq->ibcq.cq_context);
	mo_ib_cq_put(cq);
	return true;
}

static bool mo_ib_event(void *priv, u8 type, u32 object, u16 code, u32 data)
{
	struct mo_ib_dev *mib = priv;

	if (type == MO_EVENT_CQ_ERROR)
		return mo_ib_cq_error(mib, object);
	return mo_ib_qp_event(mib, type, object, code);
}

static void mo_ib_fatal(void *priv)
{
	struct mo_ib_dev *mib = priv;
	struct ib_event event = {
		.device = &mib->ibdev,
		.element.port_num = MO_IB_PORT,
		.event = IB_EVENT_DEVICE_FATAL,
	};

	ib_dispatch_event(&event);
	if (mo_ib_gone(mib))
		mo_ib_kill_all(mib);
}

const struct mo_aux_ops mo_ib_aux_ops = {
	.event = mo_ib_event,
	.fatal = mo_ib_fatal,
};
