// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process may have before it has locked all the memory that it may: as
 * many QPs as there is room for, then a plain ENOMEM, and all of it again after
 * it was given back. And what the device says it has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

enum { MOST = 512, MRS_OF_A_QP = 8, MWS_OF_A_QP = 2 };

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

struct share {
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	struct ibv_mr *mrs[MRS_OF_A_QP];
	struct ibv_mw *mws[MWS_OF_A_QP];
};

/* QP, CQ, regions and windows; the error, or 0. */
static int take_share(struct ibv_pd *pd, struct share *share, void *page)
{
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
	};
	int i;

	init.send_cq = init.recv_cq = share->cq = ibv_create_cq(pd->context, 1, NULL, NULL, 0);
	if (!share->cq)
		return errno;
	share->qp = ibv_create_qp(pd, &init);
	if (!share->qp)
		return errno;
	for (i = 0; i < MRS_OF_A_QP; i++) {
		share->mrs[i] = ibv_reg_mr(pd, page, 4096, ALL_ACCESS);
		if (!share->mrs[i])
			return errno;
	}
	for (i = 0; i < MWS_OF_A_QP; i++) {
		share->mws[i] = ibv_alloc_mw(pd, i % 2 ? IBV_MW_TYPE_1 : IBV_MW_TYPE_2);
		if (!share->mws[i])
			return errno;
	}
	return 0;
}

static void give_share_back(struct share *share)
{
	int i;

	for (i = 0; i < MWS_OF_A_QP; i++)
		check(!ibv_dealloc_mw(share->mws[i]), "ibv_dealloc_mw");
	for (i = 0; i < MRS_OF_A_QP; i++)
		check(!ibv_dereg_mr(share->mrs[i]), "ibv_dereg_mr");
	check(!ibv_destroy_qp(share->qp), "ibv_destroy_qp");
	check(!ibv_destroy_cq(share->cq), "ibv_destroy_cq");
}

/*
 * Of all that the device says it has, `wanted` QPs' share at once; 0 of all
 * QPs, and then there is not one more. Others must not have any.
 */
void told(const char *device, int wanted)
{
	struct ibv_context *ctx = open_device(device);
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	void *page = aligned_alloc(4096, 4096);
	struct ibv_device_attr attr;
	struct share *all, extra;
	int i, num, error;

	check(pd && !ibv_query_device(ctx, &attr), "opening: %s", strerror(errno));
	memset(page, 1, 4096);
	num = wanted ? wanted : attr.max_qp;
	check(attr.max_qp >= num && attr.max_cq >= num && attr.max_mr / MRS_OF_A_QP >= num &&
	      attr.max_mw / MWS_OF_A_QP >= num,
	      "%d QPs, %d CQs, %d regions, %d windows", attr.max_qp, attr.max_cq, attr.max_mr,
	      attr.max_mw);
	all = calloc(num, sizeof(*all));
	for (i = 0; i < num; i++) {
		error = take_share(pd, &all[i], page);
		check(!error, "after %d of %d: %s", i, num, strerror(error));
	}
	if (!wanted) {
		memset(&extra, 0, sizeof(extra));
		error = take_share(pd, &extra, page);
		check(error == ENOMEM && extra.cq && !extra.qp, "one QP more than there are: %s",
		      strerror(error));
		check(!ibv_destroy_cq(extra.cq), "ibv_destroy_cq");
	}
	for (i = 0; i < num; i++)
		give_share_back(&all[i]);
	printf("%d of %d QPs\n", num, attr.max_qp);
	check(!ibv_dealloc_pd(pd) && !ibv_close_device(ctx), "closing");
	free(all);
	free(page);
}
