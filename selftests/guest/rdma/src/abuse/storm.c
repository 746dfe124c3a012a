// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors of very many queue pairs at once, and events of very many completion
 * queues: each queue pair gets a tail that cannot be. Its owner gets a fatal event
 * of each, its receive back, and an event of each completion queue; none is
 * missing and none comes twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/db.h"
#include "provider/mo.h"
#include "rdma_abuse.h"

enum { MOST_QPS = 1024, MOST_CQS = 768, WAIT_S = 60, TIMEOUT = 14 };

struct storm {
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_mr *mr;
	struct ibv_comp_channel *channel;
	struct ibv_cq *cqs[MOST_CQS];
	struct ibv_qp *qps[MOST_QPS];
	unsigned int failed[MOST_QPS], told[MOST_QPS], armed[MOST_CQS];
	int num_qps, num_cqs, gid_index;
	char area[4096];
};

static void open_all(struct storm *s, const char *device)
{
	struct ibv_gid_entry entry;
	int i;

	s->ctx = open_device(device);
	s->pd = ibv_alloc_pd(s->ctx);
	s->mr = ibv_reg_mr(s->pd, s->area, sizeof(s->area), ALL_ACCESS);
	s->channel = ibv_create_comp_channel(s->ctx);
	check(s->pd && s->mr && s->channel, "preparing: %s", strerror(errno));
	for (i = 0; i < 256; i++)
		if (!ibv_query_gid_ex(s->ctx, 1, i, &entry, 0) && entry.gid_type == IBV_GID_TYPE_ROCE_V2)
			break;
	check(i < 256, "no RoCEv2 GID");
	s->gid_index = i;
	for (i = 0; i < s->num_cqs; i++) {
		s->cqs[i] = ibv_create_cq(s->ctx, 64, (void *)(intptr_t)i, s->channel, 0);
		check(s->cqs[i], "CQ %d: %s", i, strerror(errno));
		check(!ibv_req_notify_cq(s->cqs[i], 0), "arming CQ %d", i);
	}
	check(!fcntl(s->channel->fd, F_SETFL, O_NONBLOCK) && !fcntl(s->ctx->async_fd, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
}

static void connect_to_itself(struct storm *s, int i)
{
	struct ibv_cq *cq = s->cqs[i % s->num_cqs];
	struct ibv_qp_init_attr init = {
		.send_cq = cq, .recv_cq = cq, .qp_type = IBV_QPT_RC, .qp_context = (void *)(intptr_t)i,
		.cap = { .max_send_wr = 4, .max_recv_wr = 4, .max_send_sge = 1, .max_recv_sge = 1 },
	};
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT, .port_num = 1, .qp_access_flags = ALL_ACCESS };

	s->qps[i] = ibv_create_qp(s->pd, &init);
	check(s->qps[i], "QP %d: %s", i, strerror(errno));
	check(!ibv_modify_qp(s->qps[i], &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS), "INIT");
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTR, .path_mtu = IBV_MTU_1024, .dest_qp_num = s->qps[i]->qp_num, .max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = { .is_global = 1, .port_num = 1, .grh = { .sgid_index = s->gid_index, .hop_limit = 64 } },
	};
	check(!ibv_query_gid(s->ctx, 1, s->gid_index, &attr.ah_attr.grh.dgid), "ibv_query_gid");
	check(!ibv_modify_qp(s->qps[i], &attr, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
			     IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER), "RTR: %s", strerror(errno));
	attr = (struct ibv_qp_attr){ .qp_state = IBV_QPS_RTS, .timeout = TIMEOUT, .retry_cnt = 7, .rnr_retry = 7,
				     .max_rd_atomic = 1 };
	check(!ibv_modify_qp(s->qps[i], &attr, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
			     IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC), "RTS: %s", strerror(errno));
}

static void receive(struct storm *s, int i)
{
	struct ibv_sge sge = { (uintptr_t)s->area, 64, s->mr->lkey };
	struct ibv_recv_wr *bad, wr = { .wr_id = i, .sg_list = &sge, .num_sge = 1 };
	int err = ibv_post_recv(s->qps[i], &wr, &bad);

	check(!err, "posting to QP %d: %s", i, strerror(err));
}

static void fail_queue(struct storm *s, int i)
{
	struct mo_wq *wq = &to_mo_qp(s->qps[i])->sq;

	mo_store32(&wq->rec->tail, wq->tail + wq->entries + 1);
	mo_db_write(to_mo_ctx(s->ctx), MO_DB_SQ, wq->object, wq->tail + wq->entries + 1);
}

static bool poll_all(struct storm *s)
{
	bool some = false;
	struct ibv_wc wc;
	int i;

	for (i = 0; i < s->num_cqs; i++)
		while (ibv_poll_cq(s->cqs[i], 1, &wc) == 1) {
			check(wc.wr_id < (uint64_t)s->num_qps, "completion of request %llu", (unsigned long long)wc.wr_id);
			check(wc.status == IBV_WC_WR_FLUSH_ERR, "QP %llu: %s", (unsigned long long)wc.wr_id,
			      ibv_wc_status_str(wc.status));
			s->failed[wc.wr_id]++;
			some = true;
		}
	return some;
}

static bool take_events(struct storm *s)
{
	struct ibv_async_event event;
	struct ibv_cq *cq;
	bool some = false;
	void *context;

	while (!ibv_get_async_event(s->ctx, &event)) {
		check(event.event_type == IBV_EVENT_QP_FATAL, "event \"%s\"", ibv_event_type_str(event.event_type));
		s->told[(intptr_t)event.element.qp->qp_context]++;
		ibv_ack_async_event(&event);
		some = true;
	}
	while (!ibv_get_cq_event(s->channel, &cq, &context)) {
		s->armed[(intptr_t)context]++;
		ibv_ack_cq_events(cq, 1);
		some = true;
	}
	return some;
}

static int missing(const unsigned int *counts, int num, const char *what)
{
	int i, left = 0;

	for (i = 0; i < num; i++) {
		check(counts[i] <= 1, "%s %d: %u times", what, i, counts[i]);
		left += !counts[i];
	}
	return left;
}

int storm(const char *device, int num_qps, int num_cqs)
{
	struct storm *s = calloc(1, sizeof(*s));
	int i, idle = 0, used;

	check(s && num_qps > 0 && num_qps <= MOST_QPS && num_cqs > 0 && num_cqs <= MOST_CQS, "numbers");
	s->num_qps = num_qps;
	s->num_cqs = num_cqs;
	used = num_qps < num_cqs ? num_qps : num_cqs;
	open_all(s, device);
	for (i = 0; i < num_qps; i++) {
		connect_to_itself(s, i);
		receive(s, i);
	}
	printf("%d QPs, %d CQs\n", num_qps, num_cqs);
	fflush(stdout);
	for (i = 0; i < num_qps; i++)
		fail_queue(s, i);
	while (idle < WAIT_S * 100) {
		bool some = poll_all(s);

		some |= take_events(s);
		if (!missing(s->failed, num_qps, "completion of QP") && !missing(s->told, num_qps, "event of QP") &&
		    !missing(s->armed, used, "event of CQ"))
			break;
		if (!some) {
			struct pollfd wait = { .fd = s->ctx->async_fd, .events = POLLIN };

			poll(&wait, 1, 10);
			idle++;
		}
	}
	printf("missing: %d completions, %d events of QPs, %d of CQs\n", missing(s->failed, num_qps, "completion of QP"),
	       missing(s->told, num_qps, "event of QP"), missing(s->armed, used, "event of CQ"));
	for (i = 0; i < num_qps; i++)
		check(!ibv_destroy_qp(s->qps[i]), "ibv_destroy_qp");
	for (i = 0; i < num_cqs; i++)
		check(!ibv_destroy_cq(s->cqs[i]), "ibv_destroy_cq");
	check(!ibv_destroy_comp_channel(s->channel) && !ibv_dereg_mr(s->mr) && !ibv_dealloc_pd(s->pd) &&
	      !ibv_close_device(s->ctx), "closing");
	free(s);
	return 0;
}
