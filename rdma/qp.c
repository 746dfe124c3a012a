// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pairs: memory, creation and end.
 */
#include <linux/dma-mapping.h>

#include "mo_ib.h"

static_assert(2 * sizeof(struct mo_db_rec) <= MO_IB_REC_SIZE);

/* The receive queue begins at a multiple of this, behind the send queue. */
#define MO_IB_RQ_ALIGN		4096

struct mo_ib_qp *mo_ib_qp_get(struct mo_ib_dev *mib, u32 object)
{
	struct mo_ib_qp *qp;

	xa_lock(&mib->qps);
	qp = xa_load(&mib->qps, object & MO_OBJ_INDEX);
	if (qp && (qp->object != object || !refcount_inc_not_zero(&qp->ref)))
		qp = NULL;
	xa_unlock(&mib->qps);
	return qp;
}

void mo_ib_qp_put(struct mo_ib_qp *qp)
{
	if (refcount_dec_and_test(&qp->ref))
		complete(&qp->free);
}

struct mo_ib_qp *mo_ib_qp_next(struct mo_ib_dev *mib, unsigned long *index)
{
	struct mo_ib_qp *qp;

	xa_lock(&mib->qps);
	do {
		qp = xa_find(&mib->qps, index, MO_OBJ_INDEX, XA_PRESENT);
		++*index;
	} while (qp && !refcount_inc_not_zero(&qp->ref));
	xa_unlock(&mib->qps);
	return qp;
}

static int mo_ib_qp_check(struct mo_ib_dev *mib, const struct ib_qp_init_attr *attr,
			  const struct ib_udata *udata)
{
	const struct ib_qp_cap *cap = &attr->cap;

	if (attr->srq || attr->create_flags || attr->rwq_ind_tbl)
		return -EOPNOTSUPP;
	switch (attr->qp_type) {
	case IB_QPT_RC:
	case IB_QPT_UD:
		break;
	case IB_QPT_GSI:
		if (!udata)
			break;
		fallthrough;
	default:
		return -EOPNOTSUPP;
	}
	if (cap->max_send_wr > mib->caps.max_wq || cap->max_recv_wr > mib->caps.max_wq ||
	    cap->max_send_sge > mib->caps.max_sge || cap->max_recv_sge > mib->caps.max_sge ||
	    cap->max_inline_data > mib->caps.max_inline)
		return -EINVAL;
	return 0;
}

static void mo_ib_wq_init(struct mo_ib_qp *qp, struct mo_ib_wq *wq, struct ib_cq *ibcq, u32 reg)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->flush);
	wq->qp = qp;
	wq->cq = to_mo_ib_cq(ibcq);
	wq->db.reg = reg;
}

static size_t mo_ib_wq_bytes(const struct mo_ib_wq *wq)
{
	return BIT(wq->log + wq->stride_log);
}

/* Places of the queues in the rings; returns the bytes of both. */
static size_t mo_ib_qp_layout(struct mo_ib_qp *qp)
{
	qp->sq.offset = 0;
	if (!qp->has_rq)
		return mo_ib_wq_bytes(&qp->sq);
	qp->rq.offset = ALIGN(mo_ib_wq_bytes(&qp->sq), MO_IB_RQ_ALIGN);
	return qp->rq.offset + mo_ib_wq_bytes(&qp->rq);
}

/* Creates it in the device; from here on events of it are told. */
static int mo_ib_qp_start(struct mo_ib_dev *mib, struct mo_ib_qp *qp,
			  const struct ib_qp_init_attr *attr, const struct mo_ib_list *list,
			  u32 db_page)
{
	struct mo_cmd_qp body = {
		.list = cpu_to_le64(list->addr),
		.rec = cpu_to_le64(qp->rec_dma),
		.pd = cpu_to_le32(to_mo_ib_pd(qp->ibqp.pd)->pdn),
		.send_cq = cpu_to_le32(qp->sq.cq->comp.cqn),
		.recv_cq = cpu_to_le32(qp->rq.cq->comp.cqn),
		.db_page = cpu_to_le32(db_page),
		.count = cpu_to_le32(list->count),
		.sq_log = qp->sq.log,
		.sq_stride_log = qp->sq.stride_log,
		.rq_log = qp->rq.log,
		.rq_stride_log = qp->rq.stride_log,
		.page_shift = list->shift,
	};
	struct mo_cmd_object object = {};
	struct mo_res_qp res;
	u16 flags = 0;
	int err;

	switch (attr->qp_type) {
	case IB_QPT_RC:
		body.type = MO_QPT_RC;
		break;
	case IB_QPT_UD:
		body.type = MO_QPT_UD;
		break;
	default:
		body.type = MO_QPT_GSI;
		break;
	}
	if (!qp->umem)
		flags |= MO_QPF_KERNEL;
	if (!qp->has_rq)
		flags |= MO_QPF_NO_RQ;
	body.flags = cpu_to_le16(flags);
	err = mo_aux_cmd(mib->aux, MO_CMD_QP_CREATE, &body, sizeof(body), &res, sizeof(res));
	if (err)
		return err == -ENOSPC ? -ENOMEM : err;
	qp->object = le32_to_cpu(res.qp);
	qp->sq.db.object = qp->object;
	qp->rq.db.object = le32_to_cpu(res.rq);
	qp->ibqp.qp_num = attr->qp_type == IB_QPT_GSI ? 1 : qp->object;

	/* Overwrites a predecessor that the device has forgotten already. */
	err = xa_err(xa_store(&mib->qps, qp->object & MO_OBJ_INDEX, qp, GFP_KERNEL));
	if (err) {
		object.object = res.qp;
		mo_ib_cmd(mib, MO_CMD_QP_DESTROY, &object, sizeof(object));
	}
	return err;
}

/*
 * 0 when the device has let go of it and no event is being told. If it does
 * not, it stays what it was, or with @force is forgotten: then its memory must
 * never be freed.
 */
static int mo_ib_qp_stop(struct mo_ib_dev *mib, struct mo_ib_qp *qp, bool force)
{
	struct mo_cmd_object body = { .object = cpu_to_le32(qp->object) };
	int err;

	err = mo_ib_cmd(mib, MO_CMD_QP_DESTROY, &body, sizeof(body));
	if (mo_ib_let_go(mib, err))
		err = 0;
	else if (!force)
		return err;
	xa_cmpxchg(&mib->qps, qp->object & MO_OBJ_INDEX, qp, NULL, 0);
	mo_ib_qp_put(qp);
	wait_for_completion(&qp->free);
	return err;
}

static u8 mo_ib_stride_log(size_t bytes)
{
	return max(order_base_2(bytes), MO_RDMA_STRIDE_MIN_LOG);
}

/* Sizes of a kernel queue pair, and what they make possible. */
static int mo_ib_qp_size(struct mo_ib_dev *mib, struct mo_ib_qp *qp, struct ib_qp_init_attr *attr)
{
	struct ib_qp_cap *cap = &attr->cap;
	size_t bytes;

	cap->max_send_wr = max(cap->max_send_wr, 1U);
	qp->sq.log = order_base_2(cap->max_send_wr);
	bytes = mo_ib_send_bytes(attr->qp_type, cap->max_send_sge, cap->max_inline_data);
	qp->sq.stride_log = mo_ib_stride_log(bytes);
	qp->has_rq = cap->max_recv_wr;
	if (qp->has_rq) {
		qp->rq.log = order_base_2(cap->max_recv_wr);
		qp->rq.stride_log = mo_ib_stride_log(mo_ib_recv_bytes(cap->max_recv_sge));
	}
	if (BIT(qp->sq.stride_log) > mib->caps.max_stride ||
	    BIT(qp->rq.stride_log) > mib->caps.max_stride)
		return -EINVAL;

	qp->sq.max_sge = cap->max_send_sge;
	qp->rq.max_sge = cap->max_recv_sge;
	qp->max_inline = cap->max_inline_data;
	return 0;
}

static void mo_ib_qp_free_kernel(struct mo_ib_dev *mib, struct mo_ib_qp *qp)
{
	kvfree(qp->sq.wr);
	kvfree(qp->rq.wr);
	if (qp->rec)
		dma_pool_free(mib->recs, qp->rec, qp->rec_dma);
	mo_ib_ring_free(mib, &qp->ring);
}

/* Completions find the queue pair through its own queues only. */
static void mo_ib_qp_unlink(struct mo_ib_qp *qp, struct mo_ib_wq *wq)
{
	struct mo_ib_cq *cq = wq->cq;

	xa_cmpxchg(&cq->qps, qp->object & MO_OBJ_INDEX, qp, NULL, 0);
	spin_lock_irq(&cq->lock);
	list_del_init(&wq->flush);
	mo_ib_cq_clean(cq, qp->object);
	spin_unlock_irq(&cq->lock);
}

static int mo_ib_qp_link(struct mo_ib_qp *qp)
{
	u32 index = qp->object & MO_OBJ_INDEX;
	int err;

	err = xa_err(xa_store(&qp->sq.cq->qps, index, qp, GFP_KERNEL));
	if (!err)
		err = xa_err(xa_store(&qp->rq.cq->qps, index, qp, GFP_KERNEL));
	return err;
}

static int mo_ib_create_kernel_qp(struct mo_ib_dev *mib, struct mo_ib_qp *qp,
				  struct ib_qp_init_attr *attr)
{
	struct mo_ib_list list;
	int err;

	err = mo_ib_qp_size(mib, qp, attr);
	if (err)
		return err;
	err = mo_ib_ring_alloc(mib, &qp->ring, mo_ib_qp_layout(qp));
	if (err)
		return err;
	err = -ENOMEM;
	qp->sq.wr = kvcalloc(BIT(qp->sq.log), sizeof(*qp->sq.wr), GFP_KERNEL);
	qp->rq.wr = kvcalloc(BIT(qp->rq.log), sizeof(*qp->rq.wr), GFP_KERNEL);
	qp->rec = dma_pool_zalloc(mib->recs, GFP_KERNEL, &qp->rec_dma);
	if (!qp->sq.wr || !qp->rq.wr || !qp->rec)
		goto free;
	qp->sq.db.rec = &qp->rec[0];
	qp->rq.db.rec = &qp->rec[1];

	err = mo_ib_list_ring(mib, &list, &qp->ring);
	if (err)
		goto free;
	err = mo_ib_qp_start(mib, qp, attr, &list, MO_DB_PAGE_KERNEL);
	mo_ib_list_free(mib, &list);
	if (err)
		goto free;
	err = mo_ib_qp_link(qp);
	if (err)
		goto unlink;
	return 0;

unlink:
	mo_ib_qp_unlink(qp, &qp->sq);
	mo_ib_qp_unlink(qp, &qp->rq);
	if (mo_ib_qp_stop(mib, qp, true))
		return err;
free:
	mo_ib_qp_free_kernel(mib, qp);
	return err;
}

static int mo_ib_user_qp_size(struct mo_ib_dev *mib, struct mo_ib_qp *qp,
			      struct ib_qp_cap *cap, const struct mo_ureq_create_qp *req)
{
	u8 wq_max = ilog2(mib->caps.max_wq), stride_max = ilog2(mib->caps.max_stride);

	if (req->flags & ~MO_QP_NO_RQ)
		return -EOPNOTSUPP;
	if (req->sq_log > wq_max || BIT(req->sq_log) < cap->max_send_wr ||
	    req->sq_stride_log < MO_RDMA_STRIDE_MIN_LOG || req->sq_stride_log > stride_max)
		return -EINVAL;
	qp->sq.log = req->sq_log;
	qp->sq.stride_log = req->sq_stride_log;
	cap->max_send_wr = BIT(req->sq_log);

	if (req->flags & MO_QP_NO_RQ)
		return req->rq_log || req->rq_stride_log || cap->max_recv_wr ? -EINVAL : 0;
	if (req->rq_log > wq_max || BIT(req->rq_log) < cap->max_recv_wr ||
	    req->rq_stride_log < MO_RDMA_STRIDE_MIN_LOG || req->rq_stride_log > stride_max)
		return -EINVAL;
	qp->has_rq = true;
	qp->rq.log = req->rq_log;
	qp->rq.stride_log = req->rq_stride_log;
	cap->max_recv_wr = BIT(req->rq_log);
	return 0;
}

static int mo_ib_create_user_qp(struct mo_ib_dev *mib, struct mo_ib_qp *qp,
				struct ib_qp_init_attr *attr, struct ib_udata *udata)
{
	struct mo_ib_ucontext *uc = rdma_udata_to_drv_context(udata, struct mo_ib_ucontext, ibuc);
	struct mo_uresp_create_qp resp = {};
	struct mo_ureq_create_qp req;
	struct mo_ib_list list;
	int err;

	err = ib_copy_validate_udata_in(udata, req, flags);
	if (err)
		return err;
	err = mo_ib_user_qp_size(mib, qp, &attr->cap, &req);
	if (err)
		return err;
	qp->umem = ib_umem_get_va(&mib->ibdev, req.buf, mo_ib_qp_layout(qp), 0);
	if (IS_ERR(qp->umem))
		return PTR_ERR(qp->umem);
	qp->rec_page = mo_ib_user_rec_get(uc, req.rec, 2 * sizeof(struct mo_db_rec),
					  &qp->rec_dma);
	if (IS_ERR(qp->rec_page)) {
		err = PTR_ERR(qp->rec_page);
		goto release;
	}
	err = mo_ib_list_umem(mib, &list, qp->umem, mo_ib_qp_layout(qp));
	if (err)
		goto put_rec;
	err = mo_ib_qp_start(mib, qp, attr, &list, uc->db->page);
	mo_ib_list_free(mib, &list);
	if (err)
		goto put_rec;
	qp->sq.max_sge = attr->cap.max_send_sge;
	qp->rq.max_sge = attr->cap.max_recv_sge;
	qp->max_inline = attr->cap.max_inline_data;
	resp.qp_object = qp->object;
	resp.rq_object = qp->rq.db.object;
	err = ib_respond_udata(udata, resp);
	if (err)
		goto stop;
	return 0;

stop:
	if (mo_ib_qp_stop(mib, qp, true))
		return err;
put_rec:
	mo_ib_user_rec_put(uc, qp->rec_page);
release:
	ib_umem_release(qp->umem);
	return err;
}

int mo_ib_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *attr, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibqp->device);
	struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	int err;

	err = mo_ib_qp_check(mib, attr, udata);
	if (err)
		return err;
	mutex_init(&qp->lock);
	refcount_set(&qp->ref, 1);
	init_completion(&qp->free);
	qp->state = IB_QPS_RESET;
	qp->sig_all = attr->sq_sig_type == IB_SIGNAL_ALL_WR;
	mo_ib_wq_init(qp, &qp->sq, attr->send_cq, MO_DB_SQ);
	mo_ib_wq_init(qp, &qp->rq, attr->recv_cq, MO_DB_RQ);
	return udata ? mo_ib_create_user_qp(mib, qp, attr, udata) :
		       mo_ib_create_kernel_qp(mib, qp, attr);
}

int mo_ib_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibqp->device);
	struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	int err;

	err = mo_ib_qp_stop(mib, qp, false);
	if (err)
		return err;
	mo_ib_mcast_forget(mib, qp);
	if (qp->umem) {
		mo_ib_user_rec_put(rdma_udata_to_drv_context(udata, struct mo_ib_ucontext, ibuc),
				   qp->rec_page);
		ib_umem_release(qp->umem);
		return 0;
	}
	mo_ib_qp_unlink(qp, &qp->sq);
	mo_ib_qp_unlink(qp, &qp->rq);
	mo_ib_qp_free_kernel(mib, qp);
	return 0;
}
