// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Queue pairs: size and place of their rings, their life.
 */
#include <errno.h>
#include <stdlib.h>

#include <util/util.h>

#include "abi.h"
#include "db.h"
#include "mo.h"
#include "wqe.h"

#define MO_RECS		(2 * sizeof(struct mo_db_rec))

static uint32_t log_of(size_t value, uint32_t log)
{
	while (((size_t)1 << log) < value)
		log++;
	return log;
}

static uint32_t min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * mo_qp_layout() - logs of the rings for what an application asks for
 * @cap: asked for; becomes what it gets
 *
 * Return: 0, or EINVAL if it is too much.
 */
int mo_qp_layout(const struct mo_context *ctx, bool ud, struct ibv_qp_cap *cap,
		 struct mo_ureq_create_qp *req)
{
	size_t head = ud ? MO_HEAD_UD : MO_HEAD_RC, bytes;

	if (cap->max_send_wr > 1U << MO_RDMA_WQ_MAX_LOG ||
	    cap->max_recv_wr > 1U << MO_RDMA_WQ_MAX_LOG ||
	    cap->max_send_sge > MO_RDMA_MAX_SGE ||
	    cap->max_recv_sge > MO_RDMA_MAX_SGE ||
	    cap->max_inline_data > ctx->max_inline)
		return EINVAL;
	bytes = cap->max_send_sge * sizeof(struct mo_sge);
	if (bytes < cap->max_inline_data)
		bytes = cap->max_inline_data;
	req->sq_log = log_of(cap->max_send_wr, MO_RDMA_WQ_MIN_LOG);
	req->sq_stride_log = log_of(head + bytes, MO_RDMA_STRIDE_MIN_LOG);
	if (req->sq_stride_log > ctx->max_stride_log)
		return EINVAL;
	bytes = ((size_t)1 << req->sq_stride_log) - head;
	cap->max_send_wr = 1U << req->sq_log;
	cap->max_send_sge = min32(bytes / sizeof(struct mo_sge), MO_RDMA_MAX_SGE);
	cap->max_inline_data = min32(bytes, ctx->max_inline);

	if (!cap->max_recv_wr) {
		cap->max_recv_sge = 0;
		req->rq_log = 0;
		req->rq_stride_log = 0;
		req->flags = MO_QP_NO_RQ;
		return 0;
	}
	bytes = sizeof(struct mo_wqe) + cap->max_recv_sge * sizeof(struct mo_sge);
	req->rq_log = log_of(cap->max_recv_wr, MO_RDMA_WQ_MIN_LOG);
	req->rq_stride_log = log_of(bytes, MO_RDMA_STRIDE_MIN_LOG);
	req->flags = 0;
	if (req->rq_stride_log > ctx->max_stride_log)
		return EINVAL;
	bytes = ((size_t)1 << req->rq_stride_log) - sizeof(struct mo_wqe);
	cap->max_recv_wr = 1U << req->rq_log;
	cap->max_recv_sge = min32(bytes / sizeof(struct mo_sge), MO_RDMA_MAX_SGE);
	return 0;
}

static void wq_empty(struct mo_wq *wq)
{
	wq->tail = 0;
	wq->rung = 0;
	atomic_store(&wq->head, 0);
	mo_store32(&wq->rec->tail, 0);
}

static int rings_alloc(struct mo_context *ctx, struct mo_qp *qp,
		       struct mo_ureq_create_qp *req)
{
	size_t rq_offset = align((size_t)1 << (req->sq_log + req->sq_stride_log),
				 MO_PAGE_SIZE);
	size_t size = rq_offset;
	struct mo_db_rec *recs;
	int err;

	qp->sq.entries = qp->cap.max_send_wr;
	qp->rq.entries = qp->cap.max_recv_wr;
	qp->sq.wr_ids = calloc((size_t)qp->sq.entries + qp->rq.entries,
			       sizeof(*qp->sq.wr_ids));
	if (!qp->sq.wr_ids)
		return ENOMEM;
	qp->rq.wr_ids = qp->sq.wr_ids + qp->sq.entries;
	if (qp->rq.entries)
		size += (size_t)1 << (req->rq_log + req->rq_stride_log);
	err = mo_buf_alloc(&qp->buf, size, qp->parent, MO_RESOURCE_QP);
	if (err)
		goto err_ids;
	recs = mo_rec_alloc(ctx, MO_RECS);
	if (!recs) {
		err = ENOMEM;
		goto err_buf;
	}
	qp->sq.ring = qp->buf.addr;
	qp->sq.stride_log = req->sq_stride_log;
	qp->sq.max_sge = qp->cap.max_send_sge;
	qp->sq.rec = recs;
	qp->rq.ring = qp->sq.ring + rq_offset;
	qp->rq.stride_log = req->rq_stride_log;
	qp->rq.max_sge = qp->cap.max_recv_sge;
	qp->rq.rec = recs + 1;
	req->buf = (uintptr_t)qp->buf.addr;
	req->rec = (uintptr_t)recs;
	return 0;

err_buf:
	mo_buf_free(&qp->buf);
err_ids:
	free(qp->sq.wr_ids);
	return err;
}

static void rings_free(struct mo_context *ctx, struct mo_qp *qp)
{
	mo_rec_free(ctx, qp->sq.rec, MO_RECS);
	mo_buf_free(&qp->buf);
	free(qp->sq.wr_ids);
}

static int table_set(struct mo_context *ctx, uint32_t object, struct mo_qp *qp)
{
	uint32_t index = object & MO_OBJ_INDEX;
	struct mo_qp ***leaf = &ctx->qps[index >> MO_QP_LEAF_LOG];
	int err = 0;

	pthread_mutex_lock(&ctx->qp_mutex);
	if (!*leaf)
		*leaf = calloc(MO_QP_LEAF, sizeof(**leaf));
	if (*leaf)
		(*leaf)[index & (MO_QP_LEAF - 1)] = qp;
	else
		err = ENOMEM;
	pthread_mutex_unlock(&ctx->qp_mutex);
	return err;
}

static int check_attr(const struct ibv_qp_init_attr_ex *attr)
{
	if (!check_comp_mask(attr->comp_mask, IBV_QP_INIT_ATTR_PD |
					      IBV_QP_INIT_ATTR_CREATE_FLAGS |
					      IBV_QP_INIT_ATTR_SEND_OPS_FLAGS) ||
	    (attr->comp_mask & IBV_QP_INIT_ATTR_CREATE_FLAGS &&
	     attr->create_flags) ||
	    (attr->qp_type != IBV_QPT_RC && attr->qp_type != IBV_QPT_UD) ||
	    attr->srq)
		return EOPNOTSUPP;
	if (!(attr->comp_mask & IBV_QP_INIT_ATTR_PD) || !attr->send_cq ||
	    !attr->recv_cq)
		return EINVAL;
	return 0;
}

static struct ibv_qp *create(struct ibv_context *ibctx,
			     struct ibv_qp_init_attr_ex *attr)
{
	struct mo_context *ctx = to_mo_ctx(ibctx);
	struct ibv_qp_init_attr_ex init = *attr;
	struct mo_create_qp_resp resp = {};
	struct mo_create_qp cmd = {};
	struct mo_qp *qp;
	bool locked;
	int err;

	err = check_attr(attr);
	if (err)
		goto err;
	qp = calloc(1, sizeof(*qp));
	if (!qp) {
		err = ENOMEM;
		goto err;
	}
	qp->ud = attr->qp_type == IBV_QPT_UD;
	qp->sig_all = attr->sq_sig_all;
	if (to_mo_pd(attr->pd)->inner)
		qp->parent = to_mo_pd(attr->pd);
	locked = !qp->parent || !qp->parent->td;
	mo_lock_init(&qp->sq.lock, locked);
	mo_lock_init(&qp->rq.lock, locked);
	if (attr->comp_mask & IBV_QP_INIT_ATTR_SEND_OPS_FLAGS) {
		err = mo_wr_ops(qp, attr->send_ops_flags);
		if (err)
			goto err_free;
	}
	err = mo_qp_layout(ctx, qp->ud, &init.cap, &cmd.drv_payload);
	if (err)
		goto err_free;
	qp->cap = init.cap;
	qp->max_inline = init.cap.max_inline_data;
	err = rings_alloc(ctx, qp, &cmd.drv_payload);
	if (err)
		goto err_free;
	init.comp_mask &= ~IBV_QP_INIT_ATTR_CREATE_FLAGS;
	err = ibv_cmd_create_qp_ex(ibctx, &qp->vqp, &init, &cmd.ibv_cmd,
				   sizeof(cmd), &resp.ibv_resp, sizeof(resp));
	if (err)
		goto err_rings;
	qp->sq.object = resp.drv_payload.qp_object;
	qp->rq.object = resp.drv_payload.rq_object;
	err = table_set(ctx, qp->sq.object, qp);
	if (err)
		goto err_destroy;
	if (attr->comp_mask & IBV_QP_INIT_ATTR_SEND_OPS_FLAGS)
		qp->vqp.comp_mask |= VERBS_QP_EX;
	if (qp->parent)
		atomic_fetch_add(&qp->parent->users, 1);
	attr->cap = qp->cap;
	return &qp->vqp.qp;

err_destroy:
	ibv_cmd_destroy_qp(&qp->vqp.qp);
err_rings:
	rings_free(ctx, qp);
err_free:
	free(qp);
err:
	errno = err;
	return NULL;
}

struct ibv_qp *mo_create_qp(struct ibv_pd *ibpd, struct ibv_qp_init_attr *attr)
{
	struct ibv_qp_init_attr_ex ex = {
		.qp_context = attr->qp_context,
		.send_cq = attr->send_cq,
		.recv_cq = attr->recv_cq,
		.srq = attr->srq,
		.cap = attr->cap,
		.qp_type = attr->qp_type,
		.sq_sig_all = attr->sq_sig_all,
		.comp_mask = IBV_QP_INIT_ATTR_PD,
		.pd = ibpd,
	};
	struct ibv_qp *qp = create(ibpd->context, &ex);

	if (qp)
		attr->cap = ex.cap;
	return qp;
}

struct ibv_qp *mo_create_qp_ex(struct ibv_context *ibctx,
			       struct ibv_qp_init_attr_ex *attr)
{
	return create(ibctx, attr);
}

/* Both CQs of a QP, in an order that is the same for all QPs. */
static void cqs_lock(struct mo_qp *qp)
{
	struct mo_cq *a = to_mo_cq(qp->vqp.qp.send_cq);
	struct mo_cq *b = to_mo_cq(qp->vqp.qp.recv_cq);

	if (a == b) {
		mo_lock(&a->lock);
	} else if (a->cqn < b->cqn) {
		mo_lock(&a->lock);
		mo_lock(&b->lock);
	} else {
		mo_lock(&b->lock);
		mo_lock(&a->lock);
	}
}

static void cqs_unlock(struct mo_qp *qp)
{
	struct mo_cq *a = to_mo_cq(qp->vqp.qp.send_cq);
	struct mo_cq *b = to_mo_cq(qp->vqp.qp.recv_cq);

	mo_unlock(&a->lock);
	if (b != a)
		mo_unlock(&b->lock);
}

/* Completions that nobody took must not be taken for those of new requests. */
static void cqs_forget(struct mo_qp *qp)
{
	mo_cq_forget(to_mo_cq(qp->vqp.qp.send_cq), qp);
	if (qp->vqp.qp.recv_cq != qp->vqp.qp.send_cq)
		mo_cq_forget(to_mo_cq(qp->vqp.qp.recv_cq), qp);
}

int mo_modify_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask)
{
	struct mo_qp *qp = to_mo_qp(ibqp);
	struct ibv_modify_qp cmd = {};
	int err;

	err = ibv_cmd_modify_qp(ibqp, attr, mask, &cmd, sizeof(cmd));
	if (err)
		return err;
	if (mask & IBV_QP_STATE && attr->qp_state == IBV_QPS_RESET) {
		cqs_lock(qp);
		cqs_forget(qp);
		mo_lock(&qp->sq.lock);
		wq_empty(&qp->sq);
		mo_unlock(&qp->sq.lock);
		mo_lock(&qp->rq.lock);
		wq_empty(&qp->rq);
		mo_unlock(&qp->rq.lock);
		cqs_unlock(qp);
	}
	return 0;
}

int mo_query_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask,
		struct ibv_qp_init_attr *init_attr)
{
	struct mo_qp *qp = to_mo_qp(ibqp);
	struct ibv_query_qp cmd = {};
	int err;

	err = ibv_cmd_query_qp(ibqp, attr, mask, init_attr, &cmd, sizeof(cmd));
	if (err)
		return err;
	attr->cap = qp->cap;
	init_attr->cap = qp->cap;
	init_attr->sq_sig_all = qp->sig_all;
	return 0;
}

int mo_destroy_qp(struct ibv_qp *ibqp)
{
	struct mo_context *ctx = to_mo_ctx(ibqp->context);
	struct mo_qp *qp = to_mo_qp(ibqp);
	int err;

	err = ibv_cmd_destroy_qp(ibqp);
	if (err)
		return err;
	cqs_lock(qp);
	cqs_forget(qp);
	table_set(ctx, qp->sq.object, NULL);
	cqs_unlock(qp);
	rings_free(ctx, qp);
	if (qp->parent)
		atomic_fetch_sub(&qp->parent->users, 1);
	free(qp);
	return 0;
}
