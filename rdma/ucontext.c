// SPDX-License-Identifier: GPL-2.0
/*
 * User contexts: the doorbell page of a process, and the pinned pages in which
 * its doorbell records lie.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "mo_ib.h"

static struct mo_ib_mmap *to_mo_ib_mmap(struct rdma_user_mmap_entry *entry)
{
	return container_of(entry, struct mo_ib_mmap, entry);
}

/* Nobody maps the page any more: others may have it. */
void mo_ib_mmap_free(struct rdma_user_mmap_entry *entry)
{
	struct mo_ib_mmap *map = to_mo_ib_mmap(entry);

	mo_aux_db_page_put(map->mib->aux, map->page);
	kfree(map);
}

static struct mo_ib_mmap *mo_ib_db_page_alloc(struct mo_ib_dev *mib, struct ib_ucontext *ibuc)
{
	struct mo_ib_mmap *map;
	int err;

	/* One mapping of the processor's page size must show one context only. */
	BUILD_BUG_ON(MO_DB_PAGE_SIZE != PAGE_SIZE);

	map = kzalloc_obj(*map);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->mib = mib;
	err = mo_aux_db_page_get(mib->aux, &map->page, &map->addr);
	if (err)
		goto free;
	err = rdma_user_mmap_entry_insert(ibuc, &map->entry, PAGE_SIZE);
	if (err)
		goto put;
	return map;

put:
	mo_aux_db_page_put(mib->aux, map->page);
free:
	kfree(map);
	return ERR_PTR(err);
}

int mo_ib_alloc_ucontext(struct ib_ucontext *ibuc, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibuc->device);
	struct mo_ib_ucontext *uc = to_mo_ib_ucontext(ibuc);
	struct mo_uresp_alloc_ctx resp = {};
	struct mo_ureq_alloc_ctx req;
	int err;

	err = ib_copy_validate_udata_in_cm(udata, req, rsvd, 0);
	if (err)
		return err;
	if (req.rsvd)
		return -EOPNOTSUPP;

	mutex_init(&uc->lock);
	INIT_LIST_HEAD(&uc->pages);
	uc->db = mo_ib_db_page_alloc(mib, ibuc);
	if (IS_ERR(uc->db))
		return PTR_ERR(uc->db);

	resp.db_offset = rdma_user_mmap_get_offset(&uc->db->entry);
	resp.db_size = PAGE_SIZE;
	if (mib->shadow)
		resp.flags |= MO_CTX_SHADOW_DB;
	resp.max_inline = mib->caps.max_inline;
	resp.max_stride_log = ilog2(mib->caps.max_stride);
	err = ib_respond_udata(udata, resp);
	if (err)
		rdma_user_mmap_entry_remove(&uc->db->entry);
	return err;
}

void mo_ib_dealloc_ucontext(struct ib_ucontext *ibuc)
{
	struct mo_ib_ucontext *uc = to_mo_ib_ucontext(ibuc);

	WARN_ON(!list_empty(&uc->pages));
	rdma_user_mmap_entry_remove(&uc->db->entry);
}

/*
 * The core zaps the mappings of doorbell pages and destroys what the user has;
 * there is nothing left to do.
 */
void mo_ib_disassociate_ucontext(struct ib_ucontext *ibuc)
{
}

int mo_ib_mmap(struct ib_ucontext *ibuc, struct vm_area_struct *vma)
{
	struct rdma_user_mmap_entry *entry;
	struct mo_ib_mmap *map;
	int err;

	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	entry = rdma_user_mmap_entry_get(ibuc, vma);
	if (!entry)
		return -EINVAL;
	map = to_mo_ib_mmap(entry);
	err = rdma_user_mmap_io(ibuc, vma, PHYS_PFN(map->addr), PAGE_SIZE,
				pgprot_noncached(vma->vm_page_prot), entry);
	rdma_user_mmap_entry_put(entry);
	return err;
}

/**
 * mo_ib_user_rec_get() - pin the page of a doorbell record
 * @uc: user context
 * @va: address of the record in the process
 * @size: its bytes; the record has the same alignment
 * @dma: gets its bus address
 *
 * Records of many queues share a page, which is pinned once.
 *
 * Return: for mo_ib_user_rec_put(), or an error pointer.
 */
struct mo_ib_user_page *mo_ib_user_rec_get(struct mo_ib_ucontext *uc, u64 va, size_t size,
					   dma_addr_t *dma)
{
	unsigned long start = va & PAGE_MASK;
	struct mo_ib_user_page *page;

	if (va != (unsigned long)va || !IS_ALIGNED(va, size))
		return ERR_PTR(-EINVAL);

	mutex_lock(&uc->lock);
	list_for_each_entry(page, &uc->pages, list)
		if (page->va == start && page->umem->owning_mm == current->mm)
			goto found;

	page = kzalloc_obj(*page);
	if (!page) {
		page = ERR_PTR(-ENOMEM);
		goto unlock;
	}
	page->va = start;
	page->umem = ib_umem_get_va(uc->ibuc.device, start, PAGE_SIZE, IB_ACCESS_LOCAL_WRITE);
	if (IS_ERR(page->umem)) {
		struct ib_umem *err = page->umem;

		kfree(page);
		page = ERR_CAST(err);
		goto unlock;
	}
	list_add(&page->list, &uc->pages);
found:
	page->users++;
	*dma = sg_dma_address(page->umem->sgt_append.sgt.sgl) + (va & ~PAGE_MASK);
unlock:
	mutex_unlock(&uc->lock);
	return page;
}

void mo_ib_user_rec_put(struct mo_ib_ucontext *uc, struct mo_ib_user_page *page)
{
	mutex_lock(&uc->lock);
	if (!--page->users) {
		list_del(&page->list);
		ib_umem_release(page->umem);
		kfree(page);
	}
	mutex_unlock(&uc->lock);
}
