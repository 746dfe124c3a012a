// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory that the device reads and writes: rings, and pages of doorbell
 * records. A process of a normal user may lock little memory, so records of
 * all queues of a context share pages. None of it is given to children: the
 * parent's copy must stay at the pages that the device knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <util/util.h>

#include "mo.h"

/* A page of records of 64 bytes, one bit each. */
struct mo_rec_page {
	struct list_node entry;
	uint8_t *addr;
	uint64_t used;
};

#define MO_REC_SIZE	64

static_assert(sizeof(struct mo_db_rec) == MO_REC_SIZE, "size of a record");
static_assert(sizeof(struct mo_arm_rec) == MO_REC_SIZE, "size of a record");
static_assert(MO_PAGE_SIZE / MO_REC_SIZE == 64, "records of a page");

static void *pages_get(size_t size)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	if (ibv_dontfork_range(addr, size)) {
		munmap(addr, size);
		errno = ENOMEM;
		return NULL;
	}
	return addr;
}

static void pages_put(void *addr, size_t size)
{
	ibv_dofork_range(addr, size);
	munmap(addr, size);
}

/*
 * mo_buf_alloc() - zeroed memory for a ring
 * @pd: domain of the object; or NULL
 *
 * Return: 0, or an errno.
 */
int mo_buf_alloc(struct mo_buf *buf, size_t size, struct mo_pd *pd,
		 enum mo_resource type)
{
	void *addr = IBV_ALLOCATOR_USE_DEFAULT;

	size = align(size, MO_PAGE_SIZE);
	if (pd && pd->alloc)
		addr = pd->alloc(&pd->ibv_pd, pd->pd_context, size,
				 MO_PAGE_SIZE, type);
	if (addr == IBV_ALLOCATOR_USE_DEFAULT) {
		pd = NULL;
		addr = pages_get(size);
	} else if (addr && ((uintptr_t)addr & (MO_PAGE_SIZE - 1))) {
		pd->free(&pd->ibv_pd, pd->pd_context, addr, type);
		return EINVAL;
	} else if (addr && ibv_dontfork_range(addr, size)) {
		pd->free(&pd->ibv_pd, pd->pd_context, addr, type);
		return ENOMEM;
	} else if (addr) {
		memset(addr, 0, size);
	}
	if (!addr)
		return ENOMEM;
	*buf = (struct mo_buf){
		.addr = addr, .size = size, .pd = pd, .type = type,
	};
	return 0;
}

void mo_buf_free(struct mo_buf *buf)
{
	struct mo_pd *pd = buf->pd;

	if (!pd) {
		pages_put(buf->addr, buf->size);
		return;
	}
	ibv_dofork_range(buf->addr, buf->size);
	pd->free(&pd->ibv_pd, pd->pd_context, buf->addr, buf->type);
}

/* Bits of a record of that size at slot 0: one, or a pair. */
static uint64_t rec_bits(size_t size)
{
	return size == MO_REC_SIZE ? 1 : 3;
}

/* A free place in a page, aligned to the size; -1 if there is none. */
static int rec_find(uint64_t used, size_t size)
{
	uint64_t bits = rec_bits(size);
	unsigned int step = size / MO_REC_SIZE;
	unsigned int slot;

	for (slot = 0; slot < 64; slot += step)
		if (!(used & (bits << slot)))
			return slot;
	return -1;
}

/*
 * mo_rec_alloc() - one record, or two that lie together
 * @size: 64 or 128; also the alignment
 *
 * Return: zeroed memory; NULL with errno.
 */
void *mo_rec_alloc(struct mo_context *ctx, size_t size)
{
	struct mo_rec_page *page;
	void *rec = NULL;
	int slot = -1;

	pthread_mutex_lock(&ctx->rec_mutex);
	list_for_each(&ctx->rec_pages, page, entry) {
		slot = rec_find(page->used, size);
		if (slot >= 0)
			break;
	}
	if (slot < 0) {
		page = calloc(1, sizeof(*page));
		if (!page)
			goto out;
		page->addr = pages_get(MO_PAGE_SIZE);
		if (!page->addr) {
			free(page);
			goto out;
		}
		list_add(&ctx->rec_pages, &page->entry);
		slot = 0;
	}
	page->used |= rec_bits(size) << slot;
	rec = page->addr + slot * MO_REC_SIZE;
	memset(rec, 0, size);
out:
	pthread_mutex_unlock(&ctx->rec_mutex);
	return rec;
}

void mo_rec_free(struct mo_context *ctx, void *rec, size_t size)
{
	uint8_t *addr = (uint8_t *)((uintptr_t)rec & ~(uintptr_t)(MO_PAGE_SIZE - 1));
	unsigned int slot = ((uint8_t *)rec - addr) / MO_REC_SIZE;
	struct mo_rec_page *page;

	pthread_mutex_lock(&ctx->rec_mutex);
	list_for_each(&ctx->rec_pages, page, entry) {
		if (page->addr != addr)
			continue;
		page->used &= ~(rec_bits(size) << slot);
		if (!page->used) {
			list_del(&page->entry);
			pages_put(page->addr, MO_PAGE_SIZE);
			free(page);
		}
		break;
	}
	pthread_mutex_unlock(&ctx->rec_mutex);
}

/* At the end of a context: an application may have left objects. */
void mo_rec_cleanup(struct mo_context *ctx)
{
	struct mo_rec_page *page, *next;

	list_for_each_safe(&ctx->rec_pages, page, next, entry) {
		list_del(&page->entry);
		pages_put(page->addr, MO_PAGE_SIZE);
		free(page);
	}
}
