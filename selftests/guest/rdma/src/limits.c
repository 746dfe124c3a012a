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
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rdma_data.h"

enum { NOBODY = 65534, MOST_CONTEXTS = 4096, MOST_GROUPS = 8192 };
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

static struct ibv_context *open_quietly(const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx;
	struct ibv_device **at;

	for (at = list; *at && strcmp(ibv_get_device_name(*at), name); at++)
		;
	check(*at, "no device %s", name);
	ctx = ibv_open_device(*at);
	ibv_free_device_list(list);
	return ctx;
}

static void group_of(union ibv_gid *group, int number)
{
	memset(group, 0, sizeof(*group));
	group->raw[0] = 0xff;
	group->raw[1] = 0x0e;
	group->raw[14] = number >> 8;
	group->raw[15] = number;
}

/* A datagram QP in all of the groups from `first` on that it may join. */
struct member {
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	int first, num, error;
};

static void join(struct ibv_context *ctx, struct member *member, int first, int most)
{
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_UD,
	};
	union ibv_gid group;

	member->pd = ibv_alloc_pd(ctx);
	member->cq = ibv_create_cq(ctx, 1, NULL, NULL, 0);
	init.send_cq = init.recv_cq = member->cq;
	check(member->pd && member->cq, "PD and CQ: %s", strerror(errno));
	member->qp = ibv_create_qp(member->pd, &init);
	check(member->qp, "ibv_create_qp: %s", strerror(errno));
	member->first = first;
	member->error = 0;
	for (member->num = 0; member->num < most; member->num++) {
		group_of(&group, first + member->num);
		member->error = ibv_attach_mcast(member->qp, &group, 0);
		if (member->error)
			break;
	}
}

static void leave(struct member *member)
{
	union ibv_gid group;

	while (member->num--) {
		group_of(&group, member->first + member->num);
		check(!ibv_detach_mcast(member->qp, &group, 0), "ibv_detach_mcast");
	}
	check(!ibv_destroy_qp(member->qp) && !ibv_destroy_cq(member->cq) &&
	      !ibv_dealloc_pd(member->pd), "closing");
}

/* What a process without a capability can take: contexts, groups. Never returns. */
static void greedy(const char *device, int tell, int wait)
{
	struct ibv_context *ctx = NULL, *last;
	struct member member;
	int taken[2] = {};
	char byte;

	/* Of root: real, effective and saved ones. */
	check(!setgid(NOBODY) && !setuid(NOBODY), "setuid: %s", strerror(errno));
	while (taken[0] < MOST_CONTEXTS && (last = open_quietly(device))) {
		ctx = last;
		taken[0]++;
	}
	check(ctx && errno == ENOSPC, "after %d contexts: %s", taken[0], strerror(errno));
	join(ctx, &member, 0, MOST_GROUPS);
	check(member.error == ENOMEM, "after %d groups: %s", member.num, strerror(member.error));
	taken[1] = member.num;
	check(write(tell, taken, sizeof(taken)) == sizeof(taken), "write");
	check(!read(wait, &byte, 1), "read");
	exit(0);
}

/*
 * All that nobody can take of what all processes share, and then one more of
 * each for root; twice, for all of it comes back.
 */
void kept(const char *device)
{
	struct rlimit files = { 3 * MOST_CONTEXTS, 3 * MOST_CONTEXTS };
	int tell[2], hold[2], taken[2], status, round;
	struct ibv_context *ctx;
	struct member member;
	pid_t child;

	check(!setrlimit(RLIMIT_NOFILE, &files), "setrlimit: %s", strerror(errno));
	for (round = 0; round < 2; round++) {
		check(!pipe(tell) && !pipe(hold), "pipe");
		fflush(stdout);
		child = fork();
		check(child >= 0, "fork");
		if (!child) {
			close(hold[1]);
			greedy(device, tell[1], hold[0]);
		}
		close(tell[1]);
		close(hold[0]);
		check(read(tell[0], taken, sizeof(taken)) == sizeof(taken), "the child ended");
		ctx = open_quietly(device);
		check(ctx, "no context for root behind %d of nobody: %s", taken[0],
		      strerror(errno));
		join(ctx, &member, taken[1], 1);
		check(!member.error, "no group for root behind %d of nobody: %s", taken[1],
		      strerror(member.error));
		leave(&member);
		check(!ibv_close_device(ctx), "ibv_close_device");
		close(hold[1]);
		check(waitpid(child, &status, 0) == child && !status, "the child failed");
		close(tell[0]);
		printf("%d contexts, %d groups\n", taken[0], taken[1]);
	}
}
