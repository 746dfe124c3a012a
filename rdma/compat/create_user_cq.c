// SPDX-License-Identifier: GPL-2.0
/* User completion queues have an operation of their own. */
#include <rdma/ib_verbs.h>

void probe(struct ib_device_ops *ops,
	   int (*create)(struct ib_cq *, const struct ib_cq_init_attr *,
			 struct uverbs_attr_bundle *));
void probe(struct ib_device_ops *ops,
	   int (*create)(struct ib_cq *, const struct ib_cq_init_attr *,
			 struct uverbs_attr_bundle *))
{
	ops->create_user_cq = create;
}
