// SPDX-License-Identifier: GPL-2.0
/* User completion queues have an operation of their own. */
#include <rdma/ib_verbs.h>

int create(struct ib_cq *cq, const struct ib_cq_init_attr *attr,
	   struct uverbs_attr_bundle *attrs);

static const struct ib_device_ops probe = {
	.create_user_cq = create,
};
