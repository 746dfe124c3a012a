// SPDX-License-Identifier: GPL-2.0
/* User memory is pinned by address, or by an attribute of the command. */
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>

struct ib_umem *probe(struct ib_device *device, const struct uverbs_attr_bundle *attrs);
struct ib_umem *probe(struct ib_device *device, const struct uverbs_attr_bundle *attrs)
{
	return attrs ? ib_umem_get_cq_buf_or_va(device, attrs, 0, 1, 0) :
		       ib_umem_get_va(device, 0, 1, 0);
}
