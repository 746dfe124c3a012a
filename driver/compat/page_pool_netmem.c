// SPDX-License-Identifier: GPL-2.0
/* A page pool gives out parts of pages as netmem. */
#include <net/page_pool/helpers.h>

netmem_ref probe(struct page_pool *pool, unsigned int *offset, unsigned int *size);
netmem_ref probe(struct page_pool *pool, unsigned int *offset, unsigned int *size)
{
	return page_pool_alloc_netmem(pool, offset, size, GFP_KERNEL);
}
