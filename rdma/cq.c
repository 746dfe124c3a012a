// SPDX-License-Identifier: GPL-2.0
/*
 * Completion queues: memory, creation, end, events and their moderation.
 */
#include <linux/dma-mapping.h>

#include "mo_ib.h"

static_assert(sizeof(struct mo_arm_rec) <= MO_IB_REC_SIZE);

/* Found by number and generation. */
struct mo_ib_cq *mo_ib_cq_get(struct mo_ib_dev *mib, u32 object)
{
	struct mo_ib_cq *cq;

	xa_lock(&mib->cqs);
	cq = xa_load(&mib->cqs, object & MO_OBJ_INDEX);
	if (cq && (cq->comp.cqn != object || !refcount_inc_not_zero(&cq->ref)))
		cq = NULL;
	xa_unlock(&mib->cqs);
	return cq;
}

void mo_ib_cq_put(struct mo_ib_cq *cq)
{
	if (refcount_dec_and_test(&cq->ref))
		complete(&cq->free);
}

/* Interrupts are off. */
static void mo_ib_cq_event(struct mo_comp *comp)
{
	struct mo_ib_cq *cq = container_of(comp, struct mo_ib_cq, comp);

	WRITE_ONCE(cq->armed, false);
	if (cq->ibcq.comp_handler)
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
}

static void mo_ib_cq_init(struct mo_ib_cq *cq)
{
	spin_lock_init(&cq->lock);
	INIT_LIST_HEAD(&cq->flush);
	xa_init(&cq->qps);
	refcount_set(&cq->ref, 1);
	init_completion(&cq->free);
	cq->comp.handler = mo_ib_cq_event;
	cq->arm.reg = MO_DB_CQ;
}

/* Creates the queue in the device and takes its events. */
static int mo_ib_cq_start(struct mo_ib_dev *mib, struct mo_ib_cq *cq,
			  const struct mo_ib_list *list, u32 db_page, unsigned int vector)
{
	struct mo_cmd_cq body = {
		.ring = cpu_to_le64(list->addr),
		.rec = cpu_to_le64(cq->rec_dma),
		.eq = cpu_to_le32(mo_aux_eqn(mib->aux, vector)),
		.size_log = cq->size_log,
		.entry_log = ilog2(sizeof(struct mo_rdma_cqe)),
		.db_page = cpu_to_le32(db_page),
	};
	struct mo_cmd_object object = {};
	struct mo_res_create res;
	int err;

	if (list->entries) {
		body.page_shift = list->shift;
		body.page_count = cpu_to_le32(list->count);
	}
	err = mo_aux_cmd(mib->aux, MO_CMD_CQ_CREATE, &body, sizeof(body), &res, sizeof(res));
	if (err)
		return err == -ENOSPC ? -ENOMEM : err;
	cq->comp.cqn = le32_to_cpu(res.object);
	cq->arm.object = cq->comp.cqn;

	/* Overwrites a predecessor that the device has forgotten already. */
	err = xa_err(xa_store(&mib->cqs, cq->comp.cqn & MO_OBJ_INDEX, cq, GFP_KERNEL));
	if (err)
		goto destroy;
	err = mo_aux_comp_attach(mib->aux, vector, &cq->comp);
	if (err)
		goto erase;
	return 0;

erase:
	xa_cmpxchg(&mib->cqs, cq->comp.cqn & MO_OBJ_INDEX, cq, NULL, 0);
destroy:
	object.object = res.object;
	mo_ib_cmd(mib, MO_CMD_CQ_DESTROY, &object, sizeof(object));
	return err;
}

/*
 * 0 when the device has let go of the queue and no event comes any more. If it
 * does not, the queue stays what it was, or with @force is forgotten: then its
 * memory must never be freed.
 */
static int mo_ib_cq_stop(struct mo_ib_dev *mib, struct mo_ib_cq *cq, bool force)
{
	struct mo_cmd_object body = { .object = cpu_to_le32(cq->comp.cqn) };
	int err;

	mo_aux_comp_detach(mib->aux, &cq->comp);
	err = mo_ib_cmd(mib, MO_CMD_CQ_DESTROY, &body, sizeof(body));
	if (mo_ib_let_go(mib, err)) {
		err = 0;
	} else if (!force) {
		mo_aux_comp_attach(mib->aux, cq->ibcq.comp_vector, &cq->comp);
		return err;
	}
	xa_cmpxchg(&mib->cqs, cq->comp.cqn & MO_OBJ_INDEX, cq, NULL, 0);
	mo_ib_cq_put(cq);
	wait_for_completion(&cq->free);
	return err;
}

static int mo_ib_cq_check(struct mo_ib_dev *mib, const struct ib_cq_init_attr *attr)
{
	if (attr->flags)
		return -EOPNOTSUPP;
	if (!attr->cqe || attr->cqe > mib->caps.max_cqe || attr->comp_vector >= mib->aux->vectors)
		return -EINVAL;
	return 0;
}

int mo_ib_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		    struct uverbs_attr_bundle *attrs)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibcq->device);
	struct mo_ib_cq *cq = to_mo_ib_cq(ibcq);
	struct mo_ib_list list;
	int err;

	err = mo_ib_cq_check(mib, attr);
	if (err)
		return err;
	mo_ib_cq_init(cq);
	cq->size_log = order_base_2(attr->cqe);
	err = mo_ib_ring_alloc(mib, &cq->ring, sizeof(struct mo_rdma_cqe) << cq->size_log);
	if (err)
		return err;
	cq->arm.rec = dma_pool_zalloc(mib->recs, GFP_KERNEL, &cq->rec_dma);
	if (!cq->arm.rec) {
		err = -ENOMEM;
		goto free_ring;
	}
	err = mo_ib_list_ring(mib, &list, &cq->ring);
	if (err)
		goto free_rec;
	err = mo_ib_cq_start(mib, cq, &list, MO_DB_PAGE_KERNEL, attr->comp_vector);
	mo_ib_list_free(mib, &list);
	if (err)
		goto free_rec;
	ibcq->cqe = BIT(cq->size_log);
	ibcq->comp_vector = attr->comp_vector;
	return 0;

free_rec:
	dma_pool_free(mib->recs, cq->arm.rec, cq->rec_dma);
free_ring:
	mo_ib_ring_free(mib, &cq->ring);
	return err;
}

int mo_ib_create_user_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
			 struct uverbs_attr_bundle *attrs)
{
	struct ib_udata *udata = &attrs->driver_udata;
	struct mo_ib_ucontext *uc = rdma_udata_to_drv_context(udata, struct mo_ib_ucontext, ibuc);
	struct mo_ib_dev *mib = to_mo_ib_dev(ibcq->device);
	struct mo_ib_cq *cq = to_mo_ib_cq(ibcq);
	struct mo_uresp_create_cq resp = {};
	struct mo_ureq_create_cq req;
	struct mo_ib_list list;
	size_t bytes;
	int err;

	err = mo_ib_cq_check(mib, attr);
	if (err)
		return err;
	err = ib_copy_validate_udata_in(udata, req, rsvd);
	if (err)
		return err;
	if (req.rsvd)
		return -EOPNOTSUPP;
	if (req.cqe_log >= 32 || BIT(req.cqe_log) < attr->cqe ||
	    BIT(req.cqe_log) > mib->caps.max_cqe)
		return -EINVAL;

	mo_ib_cq_init(cq);
	cq->size_log = req.cqe_log;
	bytes = sizeof(struct mo_rdma_cqe) << cq->size_log;
	cq->umem = ib_umem_get_cq_buf_or_va(ibcq->device, attrs, req.buf, bytes,
					    IB_ACCESS_LOCAL_WRITE);
	if (IS_ERR(cq->umem))
		return PTR_ERR(cq->umem);
	cq->rec_page = mo_ib_user_rec_get(uc, req.rec, sizeof(struct mo_arm_rec), &cq->rec_dma);
	if (IS_ERR(cq->rec_page)) {
		err = PTR_ERR(cq->rec_page);
		goto release;
	}
	err = mo_ib_list_umem(mib, &list, cq->umem, bytes);
	if (err)
		goto put_rec;
	ibcq->comp_vector = attr->comp_vector;
	err = mo_ib_cq_start(mib, cq, &list, uc->db->page, attr->comp_vector);
	mo_ib_list_free(mib, &list);
	if (err)
		goto put_rec;
	ibcq->cqe = BIT(cq->size_log);
	resp.cqn = cq->comp.cqn;
	err = ib_respond_udata(udata, resp);
	if (err)
		goto stop;
	return 0;

stop:
	if (mo_ib_cq_stop(mib, cq, true))
		return err;
put_rec:
	mo_ib_user_rec_put(uc, cq->rec_page);
release:
	ib_umem_release(cq->umem);
	return err;
}

int mo_ib_modify_cq(struct ib_cq *ibcq, u16 count, u16 period)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibcq->device);
	struct mo_cmd_cq body = {
		.object = cpu_to_le32(to_mo_ib_cq(ibcq)->comp.cqn),
		.period_us = cpu_to_le16(period),
		.count = cpu_to_le16(count),
	};

	return mo_ib_cmd(mib, MO_CMD_CQ_MODIFY, &body, sizeof(body));
}

int mo_ib_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibcq->device);
	struct mo_ib_cq *cq = to_mo_ib_cq(ibcq);
	int err;

	err = mo_ib_cq_stop(mib, cq, false);
	if (err)
		return err;
	xa_destroy(&cq->qps);
	if (cq->umem) {
		mo_ib_user_rec_put(rdma_udata_to_drv_context(udata, struct mo_ib_ucontext, ibuc),
				   cq->rec_page);
		ib_umem_release(cq->umem);
	} else {
		dma_pool_free(mib->recs, cq->arm.rec, cq->rec_dma);
		mo_ib_ring_free(mib, &cq->ring);
	}
	return 0;
}

void mo_ib_cq_clean(struct mo_ib_cq *cq, u32 object)
{
	u32 ci, left = BIT(cq->size_log);

	lockdep_assert_held(&cq->lock);
	for (ci = cq->ci; left-- && mo_ib_cqe_valid(cq, ci); ci++) {
		struct mo_rdma_cqe *cqe = mo_ib_cqe_at(cq, ci);

		dma_rmb();	/* the phase before the rest */
		if (le32_to_cpu(cqe->qp) == object)
			cqe->qp = cpu_to_le32(MO_IB_NO_OBJECT);
	}
}

void mo_ib_cq_notify(struct mo_ib_cq *cq)
{
	if (xchg(&cq->armed, false) && cq->ibcq.comp_handler)
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
}
