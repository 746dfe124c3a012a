// SPDX-License-Identifier: GPL-2.0
/* A driver says that it keeps the rules of driver data. */
#include <rdma/ib_verbs.h>

static const struct ib_device_ops probe = {
	.uverbs_robust_udata = true,
};
