// SPDX-License-Identifier: GPL-2.0
/*
 * What "rdma res show -dd" adds: the numbers that the device knows objects by.
 */
#include <net/netlink.h>
#include <rdma/restrack.h>

#include "mo_ib.h"

static struct nlattr *mo_ib_res_begin(struct sk_buff *msg)
{
	return nla_nest_start(msg, RDMA_NLDEV_ATTR_DRIVER);
}

static int mo_ib_res_end(struct sk_buff *msg, struct nlattr *table, int err)
{
	if (err) {
		nla_nest_cancel(msg, table);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, table);
	return 0;
}

/* By enum mo_mr_kind, which has no gaps. */
static const char * const mo_ib_mr_kinds[] = {
#define X(name, value, text) #name,
	MO_MR_KINDS(X)
#undef X
};

int mo_ib_fill_res_mr(struct sk_buff *msg, struct ib_mr *ibmr)
{
	const struct mo_ib_mr *mr = to_mo_ib_mr(ibmr);
	struct nlattr *table = mo_ib_res_begin(msg);
	int err;

	if (!table)
		return -EMSGSIZE;
	err = rdma_nl_put_driver_string(msg, "kind", mo_ib_mr_kinds[mr->kind]) ?:
	      rdma_nl_put_driver_u32(msg, "pages", mr->pages);
	if (!err && mr->kind == MO_MR_USER)
		err = rdma_nl_put_driver_u32(msg, "page_shift", mr->page_shift);
	return mo_ib_res_end(msg, table, err);
}

int mo_ib_fill_res_cq(struct sk_buff *msg, struct ib_cq *ibcq)
{
	const struct mo_ib_cq *cq = to_mo_ib_cq(ibcq);
	struct nlattr *table = mo_ib_res_begin(msg);
	int err;

	if (!table)
		return -EMSGSIZE;
	err = rdma_nl_put_driver_u32_hex(msg, "object", cq->comp.cqn) ?:
	      rdma_nl_put_driver_u32(msg, "size", BIT(cq->size_log)) ?:
	      rdma_nl_put_driver_u32(msg, "vector", ibcq->comp_vector);
	if (!err && !cq->umem)
		err = rdma_nl_put_driver_u32(msg, "ci", READ_ONCE(cq->ci)) ?:
		      rdma_nl_put_driver_u64(msg, "bad", READ_ONCE(cq->bad));
	return mo_ib_res_end(msg, table, err);
}

static int mo_ib_fill_wq(struct sk_buff *msg, const struct mo_ib_qp *qp,
			 const struct mo_ib_wq *wq, const char *size, const char *stride,
			 const char *tail, const char *head)
{
	int err;

	err = rdma_nl_put_driver_u32(msg, size, BIT(wq->log)) ?:
	      rdma_nl_put_driver_u32(msg, stride, BIT(wq->stride_log));
	if (!err && !qp->umem)
		err = rdma_nl_put_driver_u32(msg, tail, READ_ONCE(wq->tail)) ?:
		      rdma_nl_put_driver_u32(msg, head, READ_ONCE(wq->head));
	return err;
}

int mo_ib_fill_res_qp(struct sk_buff *msg, struct ib_qp *ibqp)
{
	const struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	struct nlattr *table = mo_ib_res_begin(msg);
	int err;

	if (!table)
		return -EMSGSIZE;
	err = rdma_nl_put_driver_u32_hex(msg, "object", qp->object) ?:
	      mo_ib_fill_wq(msg, qp, &qp->sq, "sq_size", "sq_stride", "sq_tail", "sq_head");
	if (!err && qp->has_rq)
		err = rdma_nl_put_driver_u32_hex(msg, "rq_object", qp->rq.db.object) ?:
		      mo_ib_fill_wq(msg, qp, &qp->rq, "rq_size", "rq_stride", "rq_tail",
				    "rq_head");
	return mo_ib_res_end(msg, table, err);
}
