// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of the transport: the device writes them into memory when asked.
 */
#include <linux/dma-mapping.h>

#include "mo_ib.h"

/* A writer is never so slow that this many looks all meet it. */
#define MO_IB_STATS_LOOKS	16

static const struct rdma_stat_desc mo_ib_stat_descs[] = {
#define X(counter, text) { .name = #counter },
	MO_RDMA_COUNTERS(X)
#undef X
};

static_assert(ARRAY_SIZE(mo_ib_stat_descs) == MO_RDMA_COUNTER_COUNT);
static_assert(sizeof(struct mo_ib_counters) == MO_RDMA_COUNTER_COUNT * sizeof(u64));

static int mo_ib_stats_area(struct mo_ib_dev *mib, u16 opcode, dma_addr_t addr)
{
	struct mo_cmd_area body = {
		.addr = cpu_to_le64(addr),
		.len = cpu_to_le32(addr ? sizeof(*mib->stats) : 0),
		.area = cpu_to_le32(MO_AREA_RDMA_STATS),
	};

	return mo_ib_cmd(mib, opcode, &body, sizeof(body));
}

int mo_ib_stats_init(struct mo_ib_dev *mib)
{
	int err;

	mib->stats = dma_alloc_coherent(mo_ib_dma_dev(mib), sizeof(*mib->stats),
					&mib->stats_dma, GFP_KERNEL);
	if (!mib->stats)
		return -ENOMEM;
	err = mo_ib_stats_area(mib, MO_CMD_AREA_SET, mib->stats_dma);
	if (err)
		mo_ib_stats_exit(mib);
	return err;
}

void mo_ib_stats_exit(struct mo_ib_dev *mib)
{
	int err = mo_ib_stats_area(mib, MO_CMD_AREA_SET, 0);

	/* Else the device may still write there. */
	if (mo_ib_let_go(mib, err))
		dma_free_coherent(mo_ib_dma_dev(mib), sizeof(*mib->stats), mib->stats,
				  mib->stats_dma);
	mib->stats = NULL;
}

struct rdma_hw_stats *mo_ib_alloc_hw_port_stats(struct ib_device *ibdev, u32 port)
{
	return rdma_alloc_hw_stats_struct(mo_ib_stat_descs, ARRAY_SIZE(mo_ib_stat_descs),
					  RDMA_HW_STATS_DEFAULT_LIFESPAN);
}

/* A consistent copy of the block. */
static bool mo_ib_stats_copy(const struct mo_rdma_stats *area, struct mo_ib_counters *to)
{
	unsigned int look;
	__le32 gen;

	for (look = 0; look < MO_IB_STATS_LOOKS; look++) {
		gen = READ_ONCE(area->gen_end);
		dma_rmb();	/* the end before the counters */
#define X(counter, text) \
		to->counter = le64_to_cpu(READ_ONCE(area->counter));
		MO_RDMA_COUNTERS(X)
#undef X
		dma_rmb();	/* the counters before the start */
		if (READ_ONCE(area->gen) == gen)
			return true;
		cpu_relax();
	}
	return false;
}

int mo_ib_counters_read(struct mo_ib_dev *mib, struct mo_ib_counters *to, bool sync)
{
	int err = 0;

	mutex_lock(&mib->stats_lock);
	if (sync)
		err = mo_ib_stats_area(mib, MO_CMD_AREA_SYNC, 0);
	if (!err && !mo_ib_stats_copy(mib->stats, to))
		err = -EBUSY;
	mutex_unlock(&mib->stats_lock);
	return err;
}

int mo_ib_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats, u32 port, int index)
{
	struct mo_ib_counters counters;
	int err;

	if (!port || stats->num_counters < MO_RDMA_COUNTER_COUNT)
		return -EINVAL;
	err = mo_ib_counters_read(to_mo_ib_dev(ibdev), &counters, true);
	if (err)
		return err;
	memcpy(stats->value, &counters, sizeof(counters));
	return MO_RDMA_COUNTER_COUNT;
}
