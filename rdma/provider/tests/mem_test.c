// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Doorbell records and buffers.
 */
#include "fixture.h"

static void test_records(void)
{
	void *records[300];
	size_t sizes[300];
	struct list_node *node;
	int i, j, good = 1, pages = 0;

	pthread_mutex_init(&context.rec_mutex, NULL);
	list_head_init(&context.rec_pages);
	for (i = 0; i < 300; i++) {
		sizes[i] = i % 3 ? 64 : 128;
		records[i] = mo_rec_alloc(&context, sizes[i]);
		good &= records[i] && !((uintptr_t)records[i] % sizes[i]);
		memset(records[i], i + 1, sizes[i]);
	}
	for (i = 0; i < 300; i++)
		for (j = 0; j < (int)sizes[i]; j++)
			good &= ((uint8_t *)records[i])[j] == (uint8_t)(i + 1);
	for (node = context.rec_pages.n.next; node != &context.rec_pages.n; node = node->next)
		pages++;
	check(good && pages == 7, "records: aligned, apart, 400 in 7 pages");
	for (i = 0; i < 300; i += 2)
		mo_rec_free(&context, records[i], sizes[i]);
	for (i = 0, good = 1; i < 300; i += 2) {
		records[i] = mo_rec_alloc(&context, sizes[i]);
		for (j = 0; j < (int)sizes[i]; j++)
			good &= !((uint8_t *)records[i])[j];
	}
	check(good, "records: zero again after another's use");
	for (i = 0; i < 300; i++)
		mo_rec_free(&context, records[i], sizes[i]);
	check(list_empty(&context.rec_pages), "records: nothing stays");
}

static void *their_alloc(struct ibv_pd *pd, void *pd_context, size_t size, size_t alignment,
			 uint64_t type)
{
	void **memory = pd_context;

	(void)pd;
	if (type != MO_RESOURCE_QP)
		return IBV_ALLOCATOR_USE_DEFAULT;
	*memory = aligned_alloc(alignment, size + alignment);
	memset(*memory, 0xff, size);
	return *memory;
}

static void their_free(struct ibv_pd *pd, void *pd_context, void *memory, uint64_t type)
{
	(void)pd;
	(void)type;
	*(void **)pd_context = NULL;
	free(memory);
}

static void test_allocators(void)
{
	void *given = NULL;
	struct mo_pd pd = { .alloc = their_alloc, .free = their_free, .pd_context = &given };
	struct mo_buf buf;
	uint8_t *bytes;
	int good;

	good = !mo_buf_alloc(&buf, 5000, &pd, MO_RESOURCE_QP) && buf.addr == given &&
	       buf.size == 8192;
	bytes = buf.addr;
	good &= bytes && !bytes[0] && !bytes[8191];
	mo_buf_free(&buf);
	check(good && !given, "buffers: of the application's allocator, zeroed");
	good = !mo_buf_alloc(&buf, 1, &pd, MO_RESOURCE_CQ) && !given && buf.size == 4096;
	mo_buf_free(&buf);
	check(good, "buffers: of ours when it says so");
}

void test_memory(void)
{
	test_records();
	test_allocators();
}
