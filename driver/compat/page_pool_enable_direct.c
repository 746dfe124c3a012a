// SPDX-License-Identifier: GPL-2.0
/* A page pool gets its NAPI instance after it was made. */
#include <net/page_pool/helpers.h>

void probe(struct page_pool *pool, struct napi_struct *napi);
void probe(struct page_pool *pool, struct napi_struct *napi)
{
	page_pool_enable_direct_recycling(pool, napi);
}
