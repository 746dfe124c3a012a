// SPDX-License-Identifier: GPL-2.0
/* Memory regions may have a DMA handle. */
#include <rdma/ib_verbs.h>

void probe(struct ib_device_ops *ops,
	   struct ib_mr *(*reg)(struct ib_pd *, u64, u64, u64, int, struct ib_dmah *,
				struct ib_udata *));
void probe(struct ib_device_ops *ops,
	   struct ib_mr *(*reg)(struct ib_pd *, u64, u64, u64, int, struct ib_dmah *,
				struct ib_udata *))
{
	ops->reg_user_mr = reg;
}
