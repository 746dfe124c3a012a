// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Protection domains, parent domains and thread domains. Only the first exist
 * in the kernel.
 */
#include <errno.h>
#include <stdlib.h>

#include "abi.h"
#include "mo.h"

struct ibv_pd *mo_alloc_pd(struct ibv_context *ibctx)
{
	struct mo_alloc_pd_resp resp = {};
	struct mo_alloc_pd cmd = {};
	struct mo_pd *pd;
	int err;

	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return NULL;
	err = ibv_cmd_alloc_pd(ibctx, &pd->ibv_pd, &cmd.ibv_cmd, sizeof(cmd),
			       &resp.ibv_resp, sizeof(resp));
	if (err) {
		free(pd);
		errno = err;
		return NULL;
	}
	return &pd->ibv_pd;
}

struct ibv_pd *mo_alloc_parent_domain(struct ibv_context *ibctx,
				      struct ibv_parent_domain_init_attr *attr)
{
	struct mo_pd *pd, *inner;

	if (ibv_check_alloc_parent_domain(attr))
		return NULL;
	if (!check_comp_mask(attr->comp_mask,
			     IBV_PARENT_DOMAIN_INIT_ATTR_ALLOCATORS |
			     IBV_PARENT_DOMAIN_INIT_ATTR_PD_CONTEXT)) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	inner = to_mo_pd(attr->pd);
	if (inner->inner || attr->pd->context != ibctx) {
		errno = EINVAL;
		return NULL;
	}
	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return NULL;
	if (attr->comp_mask & IBV_PARENT_DOMAIN_INIT_ATTR_ALLOCATORS) {
		if (!attr->alloc || !attr->free) {
			free(pd);
			errno = EINVAL;
			return NULL;
		}
		pd->alloc = attr->alloc;
		pd->free = attr->free;
	}
	if (attr->comp_mask & IBV_PARENT_DOMAIN_INIT_ATTR_PD_CONTEXT)
		pd->pd_context = attr->pd_context;
	pd->inner = inner;
	atomic_fetch_add(&inner->users, 1);
	if (attr->td) {
		pd->td = container_of(attr->td, struct mo_td, ibv_td);
		atomic_fetch_add(&pd->td->users, 1);
	}
	ibv_initialize_parent_domain(&pd->ibv_pd, attr->pd);
	return &pd->ibv_pd;
}

int mo_dealloc_pd(struct ibv_pd *ibpd)
{
	struct mo_pd *pd = to_mo_pd(ibpd);
	int err;

	if (atomic_load(&pd->users))
		return EBUSY;
	if (pd->inner) {
		atomic_fetch_sub(&pd->inner->users, 1);
		if (pd->td)
			atomic_fetch_sub(&pd->td->users, 1);
	} else {
		err = ibv_cmd_dealloc_pd(ibpd);
		if (err)
			return err;
	}
	free(pd);
	return 0;
}

struct ibv_td *mo_alloc_td(struct ibv_context *ibctx,
			   struct ibv_td_init_attr *attr)
{
	struct mo_td *td;

	if (attr->comp_mask) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	td = calloc(1, sizeof(*td));
	if (!td)
		return NULL;
	td->ibv_td.context = ibctx;
	return &td->ibv_td;
}

int mo_dealloc_td(struct ibv_td *ibtd)
{
	struct mo_td *td = container_of(ibtd, struct mo_td, ibv_td);

	if (atomic_load(&td->users))
		return EBUSY;
	free(td);
	return 0;
}
