// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process may have before it has locked all the memory that it may: as
 * many QPs as there is room for, then a plain ENOMEM, and all of it again after
 * it was given back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

enum { MOST = 512 };

struct objects {
	struct ibv_cq *cqs[MOST];
	struct ibv_qp *qps[MOST];
	int num;
};

static int fill_up(struct ibv_pd *pd, struct objects *all)
{
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = 16, .max_recv_wr = 16, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
	};

	for (all->num = 0; all->num < MOST; all->num++) {
		init.send_cq = ibv_create_cq(pd->context, 32, NULL, NULL, 0);
		if (!init.send_cq)
			return errno;
		init.recv_cq = init.send_cq;
		all->cqs[all->num] = init.send_cq;
		all->qps[all->num] = ibv_create_qp(pd, &init);
		if (!all->qps[all->num]) {
			int error = errno;

			check(!ibv_destroy_cq(init.send_cq), "ibv_destroy_cq");
			return error;
		}
	}
	return 0;
}

static void give_back(struct objects *all)
{
	while (all->num--) {
		check(!ibv_destroy_qp(all->qps[all->num]), "ibv_destroy_qp");
		check(!ibv_destroy_cq(all->cqs[all->num]), "ibv_destroy_cq");
	}
}

void limits(const char *device)
{
	struct ibv_context *ctx = open_device(device);
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	size_t size = 4 << 20, more = (8 << 20) + 4096;
	void *memory = aligned_alloc(4096, more);
	struct objects all;
	struct ibv_mr *mr;
	int rounds, before = 0, error;

	check(pd, "ibv_alloc_pd: %s", strerror(errno));
	memset(memory, 1, more);
	for (rounds = 0; rounds < 3; rounds++) {
		mr = ibv_reg_mr(pd, memory, size, ALL_ACCESS);
		check(mr, "ibv_reg_mr of %zu bytes: %s", size, strerror(errno));
		error = fill_up(pd, &all);
		check(!error || error == ENOMEM, "after %d QPs: %s", all.num, strerror(error));
		check(!rounds || all.num == before, "%d QPs, then %d", before, all.num);
		before = all.num;
		check(error || all.num == MOST, "no error, and not all");
		give_back(&all);
		check(!ibv_dereg_mr(mr), "ibv_dereg_mr");
	}
	/* More than the limit in one piece. */
	mr = ibv_reg_mr(pd, memory, more, ALL_ACCESS);
	check(error ? !mr && errno == ENOMEM : !!mr, "ibv_reg_mr of %zu bytes: %s", more, mr ? "done" : strerror(errno));
	if (mr)
		check(!ibv_dereg_mr(mr), "ibv_dereg_mr");
	printf("%d QPs%s\n", before, error ? ", then ENOMEM" : "");
	check(!ibv_dealloc_pd(pd) && !ibv_close_device(ctx), "closing");
	free(memory);
}
