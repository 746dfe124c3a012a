// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Completion queues: their life, and asking for events.
 */
#include <errno.h>
#include <stdlib.h>

#include <util/util.h>

#include "abi.h"
#include "db.h"
#include "mo.h"

#define MO_WC_FLAGS	(IBV_WC_STANDARD_FLAGS | \
			 IBV_WC_EX_WITH_COMPLETION_TIMESTAMP)

/* A ring takes whole pages: less than one is no smaller. */
static uint32_t ring_log(uint32_t cqe)
{
	uint32_t log = 6;

	static_assert(sizeof(struct mo_rdma_cqe) << 6 == MO_PAGE_SIZE,
		      "completions of a page");
	while ((1U << log) < cqe)
		log++;
	return log;
}

static int check_attr(const struct ibv_cq_init_attr_ex *attr)
{
	if (!check_comp_mask(attr->comp_mask, IBV_CQ_INIT_ATTR_MASK_FLAGS |
					      IBV_CQ_INIT_ATTR_MASK_PD) ||
	    (attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_FLAGS &&
	     attr->flags & ~(uint32_t)IBV_CREATE_CQ_ATTR_SINGLE_THREADED) ||
	    attr->wc_flags & ~(uint64_t)MO_WC_FLAGS)
		return EOPNOTSUPP;
	if (!attr->cqe || attr->cqe > 1U << MO_RDMA_CQ_MAX_LOG)
		return EINVAL;
	return 0;
}

static struct mo_cq *create(struct ibv_context *ibctx,
			    struct ibv_cq_init_attr_ex *attr)
{
	struct mo_context *ctx = to_mo_ctx(ibctx);
	struct mo_create_cq_resp resp = {};
	struct mo_create_cq cmd = {};
	bool single = false;
	struct mo_cq *cq;
	int err;

	err = check_attr(attr);
	if (err)
		goto err;
	cq = calloc(1, sizeof(*cq));
	if (!cq) {
		err = ENOMEM;
		goto err;
	}
	if (attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_FLAGS)
		single = attr->flags & IBV_CREATE_CQ_ATTR_SINGLE_THREADED;
	if (attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_PD) {
		cq->parent = to_mo_pd(attr->parent_domain);
		if (!cq->parent->inner) {
			err = EINVAL;
			goto err_free;
		}
	}
	mo_lock_init(&cq->lock, !single);
	cq->log = ring_log(attr->cqe);
	err = mo_buf_alloc(&cq->buf, sizeof(*cq->ring) << cq->log, cq->parent,
			   MO_RESOURCE_CQ);
	if (err)
		goto err_free;
	cq->ring = cq->buf.addr;
	cq->rec = mo_rec_alloc(ctx, sizeof(*cq->rec));
	if (!cq->rec) {
		err = ENOMEM;
		goto err_buf;
	}
	cmd.drv_payload.buf = (uintptr_t)cq->ring;
	cmd.drv_payload.rec = (uintptr_t)cq->rec;
	cmd.drv_payload.cqe_log = cq->log;
	err = ibv_cmd_create_cq_ex(ibctx, attr, &cq->vcq, &cmd.ibv_cmd,
				   sizeof(cmd), &resp.ibv_resp, sizeof(resp),
				   0);
	if (err)
		goto err_rec;
	cq->cqn = resp.drv_payload.cqn;
	cq->vcq.cq.cqe = 1U << cq->log;
	if (cq->parent)
		atomic_fetch_add(&cq->parent->users, 1);
	return cq;

err_rec:
	mo_rec_free(ctx, cq->rec, sizeof(*cq->rec));
err_buf:
	mo_buf_free(&cq->buf);
err_free:
	free(cq);
err:
	errno = err;
	return NULL;
}

struct ibv_cq *mo_create_cq(struct ibv_context *ibctx, int cqe,
			    struct ibv_comp_channel *channel, int vector)
{
	struct ibv_cq_init_attr_ex attr = {
		.cqe = cqe,
		.channel = channel,
		.comp_vector = vector,
		.wc_flags = IBV_WC_STANDARD_FLAGS,
	};
	struct mo_cq *cq = create(ibctx, &attr);

	return cq ? &cq->vcq.cq : NULL;
}

struct ibv_cq_ex *mo_create_cq_ex(struct ibv_context *ibctx,
				  struct ibv_cq_init_attr_ex *attr)
{
	struct mo_cq *cq = create(ibctx, attr);

	if (!cq)
		return NULL;
	mo_poll_ops(cq, attr->wc_flags);
	return &cq->vcq.cq_ex;
}

int mo_destroy_cq(struct ibv_cq *ibcq)
{
	struct mo_cq *cq = to_mo_cq(ibcq);
	int err;

	err = ibv_cmd_destroy_cq(ibcq);
	if (err)
		return err;
	mo_rec_free(to_mo_ctx(ibcq->context), cq->rec, sizeof(*cq->rec));
	mo_buf_free(&cq->buf);
	if (cq->parent)
		atomic_fetch_sub(&cq->parent->users, 1);
	free(cq);
	return 0;
}

int mo_modify_cq(struct ibv_cq *ibcq, struct ibv_modify_cq_attr *attr)
{
	struct ibv_modify_cq cmd = {};

	return ibv_cmd_modify_cq(ibcq, attr, &cmd, sizeof(cmd));
}

int mo_req_notify_cq(struct ibv_cq *ibcq, int solicited_only)
{
	struct mo_cq *cq = to_mo_cq(ibcq);

	mo_lock(&cq->lock);
	mo_arm(to_mo_ctx(ibcq->context), cq,
	       solicited_only ? MO_ARM_SOLICITED : MO_ARM_NEXT);
	mo_unlock(&cq->lock);
	return 0;
}

/* The application takes an event of this queue. */
void mo_cq_event(struct ibv_cq *ibcq)
{
	struct mo_cq *cq = to_mo_cq(ibcq);

	mo_lock(&cq->lock);
	cq->open = MO_ARM_NONE;
	mo_unlock(&cq->lock);
}
