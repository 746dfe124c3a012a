// SPDX-License-Identifier: GPL-2.0
/* Memory regions may have a DMA handle. */
#include <rdma/ib_verbs.h>

struct ib_mr *reg(struct ib_pd *pd, u64 start, u64 length, u64 virt, int access,
		  struct ib_dmah *dmah, struct ib_udata *udata);

static const struct ib_device_ops probe = {
	.reg_user_mr = reg,
};
