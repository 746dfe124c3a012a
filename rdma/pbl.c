// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of pages as commands carry them, and the rings of kernel queues that
 * are made of such pages.
 */
#include <linux/dma-mapping.h>
#include <rdma/iter.h>

#include "mo_ib.h"

/* Larger rings are made of pieces of this size, which are easy to get. */
#define MO_IB_CHUNK_SHIFT	16
#define MO_IB_CHUNK_MIN_SHIFT	12

/**
 * mo_ib_ring_alloc() - zeroed DMA memory of a kernel queue
 * @mib: device
 * @ring: gets the memory
 * @bytes: its size
 *
 * Return: 0 or -ENOMEM, then nothing is left.
 */
int mo_ib_ring_alloc(struct mo_ib_dev *mib, struct mo_ib_ring *ring, size_t bytes)
{
	struct device *dev = mo_ib_dma_dev(mib);
	u32 chunks;

	ring->shift = clamp(order_base_2(bytes), MO_IB_CHUNK_MIN_SHIFT, MO_IB_CHUNK_SHIFT);
	chunks = DIV_ROUND_UP(bytes, BIT(ring->shift));
	ring->chunks = 0;
	ring->chunk = kvcalloc(chunks, sizeof(*ring->chunk), GFP_KERNEL);
	ring->dma = kvcalloc(chunks, sizeof(*ring->dma), GFP_KERNEL);
	if (!ring->chunk || !ring->dma)
		goto free;
	while (ring->chunks < chunks) {
		u32 i = ring->chunks;

		/* Aligned to its size, as the device wants pages to be. */
		ring->chunk[i] = dma_alloc_coherent(dev, BIT(ring->shift), &ring->dma[i],
						    GFP_KERNEL);
		if (!ring->chunk[i])
			goto free;
		ring->chunks++;
	}
	return 0;

free:
	mo_ib_ring_free(mib, ring);
	return -ENOMEM;
}

void mo_ib_ring_free(struct mo_ib_dev *mib, struct mo_ib_ring *ring)
{
	struct device *dev = mo_ib_dma_dev(mib);
	u32 i;

	for (i = 0; i < ring->chunks; i++)
		dma_free_coherent(dev, BIT(ring->shift), ring->chunk[i], ring->dma[i]);
	kvfree(ring->chunk);
	kvfree(ring->dma);
	*ring = (struct mo_ib_ring){};
}

/**
 * mo_ib_list_alloc() - an empty list
 * @mib: device
 * @list: list
 * @room: pages that it is to hold
 *
 * Return: 0 or -ENOMEM.
 */
int mo_ib_list_alloc(struct mo_ib_dev *mib, struct mo_ib_list *list, u32 room)
{
	*list = (struct mo_ib_list){ .room = room };
	list->entries = dma_alloc_coherent(mo_ib_dma_dev(mib), array_size(room, sizeof(__le64)),
					   &list->addr, GFP_KERNEL);
	return list->entries ? 0 : -ENOMEM;
}

void mo_ib_list_free(struct mo_ib_dev *mib, struct mo_ib_list *list)
{
	if (list->entries)
		dma_free_coherent(mo_ib_dma_dev(mib), array_size(list->room, sizeof(__le64)),
				  list->entries, list->addr);
	*list = (struct mo_ib_list){};
}

int mo_ib_list_ring(struct mo_ib_dev *mib, struct mo_ib_list *list,
		    const struct mo_ib_ring *ring)
{
	int err;
	u32 i;

	if (ring->chunks == 1) {
		*list = (struct mo_ib_list){
			.addr = ring->dma[0],
			.count = 1,
			.shift = ring->shift,
		};
		return 0;
	}
	err = mo_ib_list_alloc(mib, list, ring->chunks);
	if (err)
		return err;
	for (i = 0; i < ring->chunks; i++)
		list->entries[i] = cpu_to_le64(ring->dma[i]);
	list->count = ring->chunks;
	list->shift = ring->shift;
	return 0;
}

/**
 * mo_ib_list_umem() - the pages of a user's ring
 * @mib: device
 * @list: gets them, as large and as few as they are
 * @umem: ring; it must begin at a page
 * @bytes: of the ring, at most those of @umem
 *
 * Return: 0 or -errno.
 */
int mo_ib_list_umem(struct mo_ib_dev *mib, struct mo_ib_list *list, struct ib_umem *umem,
		    size_t bytes)
{
	struct ib_block_iter iter;
	unsigned long page_size;
	size_t count;
	int err;

	/* Against address 0: the first page is used from its beginning. */
	page_size = ib_umem_find_best_pgsz(umem, MO_IB_PAGE_SIZES, 0);
	if (!page_size)
		return -EINVAL;
	/* Bounded by the longest ring: 128 KiB of list. */
	count = DIV_ROUND_UP(bytes, page_size);
	*list = (struct mo_ib_list){};
	if (count > 1) {
		err = mo_ib_list_alloc(mib, list, count);
		if (err)
			return err;
	}
	rdma_umem_for_each_dma_block(umem, &iter, page_size) {
		dma_addr_t addr = rdma_block_iter_dma_address(&iter);

		if (count > 1)
			list->entries[list->count] = cpu_to_le64(addr);
		else
			list->addr = addr;
		if (++list->count == count)
			break;
	}
	list->shift = __ffs(page_size);
	return 0;
}
