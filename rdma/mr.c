// SPDX-License-Identifier: GPL-2.0
/*
 * Memory keys: all memory for the kernel, pinned memory of users, and keys
 * that work requests register.
 */
#include <linux/dma-mapping.h>
#include <rdma/iter.h>

#include "mo_ib.h"

/*
 * Rights are the device's; the rest are hints. Relaxed ordering changes nothing
 * here: payload may be written in any order anyway, and a completion never
 * overtakes it.
 */
#define MO_IB_MR_FLAGS	(MO_IB_ACCESS_FLAGS | IB_ACCESS_HUGETLB | IB_ACCESS_OPTIONAL)

static int mo_ib_mr_create(struct mo_ib_dev *mib, struct mo_ib_mr *mr, struct mo_cmd_mr *body)
{
	struct mo_res_key res;
	int err;

	body->kind = mr->kind;
	err = mo_aux_cmd(mib->aux, MO_CMD_MR_CREATE, body, sizeof(*body), &res, sizeof(res));
	if (err)
		return err == -ENOSPC ? -ENOMEM : err;
	mr->ibmr.lkey = le32_to_cpu(res.key);
	mr->ibmr.rkey = mr->ibmr.lkey;
	return 0;
}

static int mo_ib_mr_destroy(struct mo_ib_dev *mib, struct mo_ib_mr *mr)
{
	struct mo_cmd_key body = { .key = cpu_to_le32(mr->ibmr.lkey) };
	int err;

	err = mo_ib_cmd(mib, MO_CMD_MR_DESTROY, &body, sizeof(body));
	return mo_ib_let_go(mib, err) ? 0 : err;
}

struct ib_mr *mo_ib_get_dma_mr(struct ib_pd *ibpd, int access)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibpd->device);
	struct mo_cmd_mr body = {
		.pd = cpu_to_le32(to_mo_ib_pd(ibpd)->pdn),
		.access = access & MO_IB_ACCESS_FLAGS,
	};
	struct mo_ib_mr *mr;
	int err;

	if (access & ~MO_IB_MR_FLAGS)
		return ERR_PTR(-EOPNOTSUPP);
	mr = kzalloc_obj(*mr);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->kind = MO_MR_DMA;
	err = mo_ib_mr_create(mib, mr, &body);
	if (err) {
		kfree(mr);
		return ERR_PTR(err);
	}
	return &mr->ibmr;
}

/* Hands the pages over, MO_MR_LIST_MAX at a time; creates the key with the first. */
static int mo_ib_mr_map(struct mo_ib_dev *mib, struct mo_ib_mr *mr, struct mo_cmd_mr *create,
			unsigned long page_size)
{
	struct mo_cmd_mr_pages more = {};
	struct ib_block_iter iter;
	struct mo_ib_list list;
	u32 done = 0;
	int err;

	err = mo_ib_list_alloc(mib, &list, min_t(u32, mr->pages, MO_MR_LIST_MAX));
	if (err)
		return err;
	create->list = cpu_to_le64(list.addr);
	more.list = create->list;

	rdma_umem_for_each_dma_block(mr->umem, &iter, page_size) {
		list.entries[list.count++] = cpu_to_le64(rdma_block_iter_dma_address(&iter));
		if (list.count < list.room && done + list.count < mr->pages)
			continue;
		if (!done) {
			create->count = cpu_to_le32(list.count);
			err = mo_ib_mr_create(mib, mr, create);
			if (err)
				goto free;
		} else {
			more.key = cpu_to_le32(mr->ibmr.lkey);
			more.offset = cpu_to_le32(done);
			more.count = cpu_to_le32(list.count);
			err = mo_ib_cmd(mib, MO_CMD_MR_PAGES, &more, sizeof(more));
			if (err)
				goto destroy;
		}
		done += list.count;
		list.count = 0;
	}
	goto free;

destroy:
	/* If even that fails, the memory stays pinned for the device. */
	if (mo_ib_mr_destroy(mib, mr))
		mr->umem = NULL;
free:
	mo_ib_list_free(mib, &list);
	return err == -ENOSPC ? -ENOMEM : err;
}

struct ib_mr *mo_ib_reg_user_mr(struct ib_pd *ibpd, u64 start, u64 length, u64 virt, int access,
				struct ib_dmah *dmah, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibpd->device);
	struct mo_cmd_mr body = {
		.iova = cpu_to_le64(virt),
		.length = cpu_to_le64(length),
		.pd = cpu_to_le32(to_mo_ib_pd(ibpd)->pdn),
		.access = access & MO_IB_ACCESS_FLAGS,
	};
	unsigned long page_size;
	struct mo_ib_mr *mr;
	size_t pages;
	int err;

	if (dmah || (access & ~MO_IB_MR_FLAGS))
		return ERR_PTR(-EOPNOTSUPP);
	err = ib_is_udata_in_empty(udata);
	if (err)
		return ERR_PTR(err);

	mr = kzalloc_obj(*mr);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->kind = MO_MR_USER;
	mr->access = access;
	mr->umem = ib_umem_get_va(ibpd->device, start, length, access);
	if (IS_ERR(mr->umem)) {
		err = PTR_ERR(mr->umem);
		goto free;
	}
	page_size = ib_umem_find_best_pgsz(mr->umem, MO_IB_PAGE_SIZES, virt);
	if (!page_size) {
		err = -EINVAL;
		goto release;
	}
	pages = ib_umem_num_dma_blocks(mr->umem, page_size);
	if (pages > mib->caps.max_mr_pages) {
		err = -ENOMEM;
		goto release;
	}
	mr->pages = pages;
	mr->page_shift = __ffs(page_size);
	body.pages = cpu_to_le32(mr->pages);
	body.page_shift = mr->page_shift;
	err = mo_ib_mr_map(mib, mr, &body, page_size);
	if (err)
		goto release;
	return &mr->ibmr;

release:
	ib_umem_release(mr->umem);
free:
	kfree(mr);
	return ERR_PTR(err);
}

/* Other rights or another domain: the key stays what it is called. */
static int mo_ib_mr_modify(struct mo_ib_mr *mr, int flags, int access, struct ib_pd *ibpd)
{
	struct mo_cmd_mr_modify body = { .key = cpu_to_le32(mr->ibmr.lkey) };
	int err;

	if (flags & IB_MR_REREG_ACCESS) {
		body.mask |= MO_MRM_ACCESS;
		body.access = access & MO_IB_ACCESS_FLAGS;
	}
	if (flags & IB_MR_REREG_PD) {
		body.mask |= MO_MRM_PD;
		body.pd = cpu_to_le32(to_mo_ib_pd(ibpd)->pdn);
	}
	err = mo_ib_cmd(to_mo_ib_dev(mr->ibmr.device), MO_CMD_MR_MODIFY, &body, sizeof(body));
	if (!err && (flags & IB_MR_REREG_ACCESS))
		mr->access = access;
	return err;
}

/*
 * Other memory, and memory that was pinned for reading but shall be written, is
 * another key, made before the caller gives the old one up: if that fails,
 * nothing has changed.
 */
struct ib_mr *mo_ib_rereg_user_mr(struct ib_mr *ibmr, int flags, u64 start, u64 length, u64 virt,
				  int access, struct ib_pd *ibpd, struct ib_udata *udata)
{
	struct mo_ib_mr *mr = to_mo_ib_mr(ibmr);
	struct ib_mr *new;
	int err;

	if (flags & ~(IB_MR_REREG_TRANS | IB_MR_REREG_PD | IB_MR_REREG_ACCESS))
		return ERR_PTR(-EOPNOTSUPP);
	if (!(flags & IB_MR_REREG_ACCESS))
		access = mr->access;
	if (!(flags & IB_MR_REREG_PD))
		ibpd = ibmr->pd;
	if (!(flags & IB_MR_REREG_TRANS)) {
		if (access & ~MO_IB_MR_FLAGS)
			return ERR_PTR(-EOPNOTSUPP);
		err = ib_is_udata_in_empty(udata);
		if (err)
			return ERR_PTR(err);
		if (mr->umem->writable || !ib_access_writable(access))
			return ERR_PTR(mo_ib_mr_modify(mr, flags, access, ibpd));
		start = mr->umem->address;
		length = mr->umem->length;
		virt = ibmr->iova;
	}
	new = mo_ib_reg_user_mr(ibpd, start, length, virt, access, NULL, udata);
	if (!IS_ERR(new)) {
		new->iova = virt;
		new->length = length;
	}
	return new;
}

struct ib_mr *mo_ib_alloc_mr(struct ib_pd *ibpd, enum ib_mr_type type, u32 max_num_sg)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibpd->device);
	struct mo_cmd_mr body = {
		.pd = cpu_to_le32(to_mo_ib_pd(ibpd)->pdn),
		.pages = cpu_to_le32(max_num_sg),
		.page_shift = PAGE_SHIFT,
	};
	struct mo_ib_mr *mr;
	int err;

	if (type != IB_MR_TYPE_MEM_REG)
		return ERR_PTR(-EOPNOTSUPP);
	if (!max_num_sg || max_num_sg > mib->caps.max_fast_reg)
		return ERR_PTR(-EINVAL);

	mr = kzalloc_obj(*mr);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->kind = MO_MR_FAST;
	mr->pages = max_num_sg;
	err = mo_ib_list_alloc(mib, &mr->list, max_num_sg);
	if (err)
		goto free;
	err = mo_ib_mr_create(mib, mr, &body);
	if (err)
		goto free_list;
	return &mr->ibmr;

free_list:
	mo_ib_list_free(mib, &mr->list);
free:
	kfree(mr);
	return ERR_PTR(err);
}

static int mo_ib_set_page(struct ib_mr *ibmr, u64 addr)
{
	struct mo_ib_mr *mr = to_mo_ib_mr(ibmr);

	if (mr->list.count >= mr->list.room)
		return -ENOMEM;
	mr->list.entries[mr->list.count++] = cpu_to_le64(addr);
	return 0;
}

int mo_ib_map_mr_sg(struct ib_mr *ibmr, struct scatterlist *sg, int nents, unsigned int *offset)
{
	to_mo_ib_mr(ibmr)->list.count = 0;
	return ib_sg_to_pages(ibmr, sg, nents, offset, mo_ib_set_page);
}

int mo_ib_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibmr->device);
	struct mo_ib_mr *mr = to_mo_ib_mr(ibmr);
	int err;

	/* The memory is the device's until it says otherwise. */
	err = mo_ib_mr_destroy(mib, mr);
	if (err)
		return err;
	ib_umem_release(mr->umem);
	mo_ib_list_free(mib, &mr->list);
	kfree(mr);
	return 0;
}
