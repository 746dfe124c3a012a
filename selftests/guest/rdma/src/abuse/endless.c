// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer that is never ready, and one that is killed; and events that wait for
 * their number or their time.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rdma_abuse.h"

enum { ENDLESS_S = 2, SIZE = 30000, WRITE_SIZE = 1 << 20 };

/* SENDs for which nobody posts a receive wait for ever, and cost others nothing; then they arrive. */
void group_endless(struct side *side)
{
	struct ibv_sge out = { (uintptr_t)side->area + GUARD, SIZE, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = 1, .sg_list = &out, .num_sge = 1, .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_SIGNALED };
	struct conn witness, conn;
	struct done done;
	int i;

	witness_open(side, &witness);
	conn_open(side, &conn, &(struct conn_options){ .depth = 8, .rnr_timer = 10 });
	if (side->server)
		memset(side->area, 0, 3 * SIZE);
	else
		fill(side->area + GUARD, SIZE, 3);
	oob_sync(side, "endless");
	if (!side->server)
		for (i = 0; i < 8; i++)
			post_send(&conn, &wr);
	for (i = 0; i < ENDLESS_S * 4; i++) {
		usleep(250000);
		if (!side->server) {
			check(!try_done(&conn, conn.send_cq, &done), "a SEND without a receive completed");
			check(state_of(conn.qp) == IBV_QPS_RTS, "the QP is in state %d", state_of(conn.qp));
			fill(side->area + GUARD, SIZE, 3);
		}
		witness_works(side, &witness, "nobody is ready");
		if (!side->server)
			fill(side->area + GUARD, SIZE, 3);
	}
	oob_sync(side, "now");
	for (i = 0; i < 8; i++) {
		if (side->server) {
			post_recv(&conn, 2, &(struct ibv_sge){ (uintptr_t)side->area + 3 * SIZE, SIZE, side->mr->lkey }, 1);
			wait_success(&conn, conn.recv_cq, 2, IBV_WC_RECV);
			expect(side->area + 3 * SIZE, 0, SIZE, 3, "SEND that waited");
		} else {
			wait_success(&conn, conn.send_cq, 1, IBV_WC_SEND);
		}
	}
	oob_sync(side, "received");
	conn_close(&conn);
	conn_close(&witness);
}

/* The server is killed in the middle of WRITEs, READs and SENDs: each QP ends in bounded time. */
void group_orphan(struct side *side)
{
	const enum ibv_wr_opcode opcodes[] = { IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ, IBV_WR_SEND };
	struct ibv_sge sge = { (uintptr_t)side->area, WRITE_SIZE, side->mr->lkey };
	struct ibv_send_wr wrs[ARRAY_SIZE(opcodes)];
	struct conn conns[ARRAY_SIZE(opcodes)];
	struct done done;
	size_t i;
	int j;

	for (i = 0; i < ARRAY_SIZE(opcodes); i++)
		conn_open(side, &conns[i], &(struct conn_options){ .depth = 32, .retry = 7, .timeout = 13 });
	oob_sync(side, "orphan");
	if (side->server) {
		usleep(20000);
		raise(SIGKILL);
	}
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		struct ibv_send_wr wr = { .wr_id = i, .sg_list = &sge, .num_sge = 1, .opcode = opcodes[i],
					  .send_flags = IBV_SEND_SIGNALED };

		wr.wr.rdma.remote_addr = side->peer_area;
		wr.wr.rdma.rkey = side->peer_rkey;
		for (j = 0; j < 32; j++)
			post_send(&conns[i], &wr);
		wrs[i] = wr;
	}
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		/* What came through before the end is followed by more. */
		wait_done(&conns[i], conns[i].send_cq, &done);
		while (done.status == IBV_WC_SUCCESS) {
			post_send(&conns[i], &wrs[i]);
			wait_done(&conns[i], conns[i].send_cq, &done);
		}
		check(done.status == IBV_WC_RETRY_EXC_ERR || done.status == IBV_WC_REM_ACCESS_ERR ||
		      done.status == IBV_WC_REM_OP_ERR, "the request ends with '%s'", ibv_wc_status_str(done.status));
		check(reaches(conns[i].qp, IBV_QPS_ERR, 1000), "the QP is in state %d", state_of(conns[i].qp));
		conn_close(&conns[i]);
	}
	printf("ended\n");
	fflush(stdout);
	side_close(side);
	_exit(0);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Seconds until the event of `num` completions; negative: there was none within 2 s. */
static double event_after(struct side *side, struct conn *conn, int num)
{
	struct pollfd wait = { .fd = conn->options.channel->fd, .events = POLLIN };
	struct ibv_sge sge = { (uintptr_t)side->area, 8, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = 1, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE,
				  .send_flags = IBV_SEND_SIGNALED };
	double start, end = -1;
	struct done done;
	struct ibv_cq *cq;
	void *context;
	int i;

	wr.wr.rdma.remote_addr = side->peer_area;
	wr.wr.rdma.rkey = side->peer_rkey;
	check(!ibv_req_notify_cq(conn->send_cq, 0), "ibv_req_notify_cq");
	start = now_s();
	for (i = 0; i < num; i++)
		post_send(conn, &wr);
	if (poll(&wait, 1, 2000) == 1) {
		end = now_s() - start;
		check(!ibv_get_cq_event(conn->options.channel, &cq, &context) && cq == conn->send_cq, "ibv_get_cq_event");
		ibv_ack_cq_events(cq, 1);
	}
	for (i = 0; i < num; i++)
		wait_done(conn, conn->send_cq, &done);
	return end;
}

static void moderate(struct ibv_cq *cq, uint16_t count, uint16_t period)
{
	struct ibv_modify_cq_attr attr = { .attr_mask = IBV_CQ_ATTR_MODERATE, .moderate = { count, period } };
	int error = ibv_modify_cq(cq, &attr);

	check(!error, "ibv_modify_cq(%u, %u us): %s", count, period, strerror(error));
}

static void moderation(struct side *side, struct conn *conn)
{
	static const struct {
		uint16_t count, period;
		int num;
		double least, most;
	} steps[] = {
		/* The time passes: no number ends it. */
		{ 0, 65535, 1, 0.060, 1 },
		{ 65535, 65535, 3, 0.060, 1 },
		/* The number is reached long before. */
		{ 4, 65535, 4, 0, 0.060 },
		/* Without a time, and without moderation again. */
		{ 65535, 0, 1, 0, 0.5 },
		{ 0, 0, 1, 0, 0.5 },
	};
	struct ibv_modify_cq_attr nothing = {}, unknown = { .attr_mask = 1U << 5 };
	struct ibv_device_attr_ex attr;
	double took;
	size_t i;

	check(!ibv_query_device_ex(side->ctx, NULL, &attr), "ibv_query_device_ex");
	check(attr.cq_mod_caps.max_cq_count == 0xffff && attr.cq_mod_caps.max_cq_period == 0xffff, "limits %u and %u us",
	      attr.cq_mod_caps.max_cq_count, attr.cq_mod_caps.max_cq_period);
	check(ibv_modify_cq(conn->send_cq, &nothing) && ibv_modify_cq(conn->send_cq, &unknown), "an empty change is accepted");
	took = event_after(side, conn, 1);
	check(took >= 0 && took < 0.5, "without moderation the event took %f s", took);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		moderate(conn->send_cq, steps[i].count, steps[i].period);
		took = event_after(side, conn, steps[i].num);
		check(took >= steps[i].least && took < steps[i].most, "moderation of %u completions or %u us: the event took %f s",
		      steps[i].count, steps[i].period, took);
	}
}

void group_moderation(struct side *side)
{
	struct ibv_comp_channel *channel = ibv_create_comp_channel(side->ctx);
	struct conn conn;

	check(channel, "ibv_create_comp_channel");
	conn_open(side, &conn, &(struct conn_options){ .channel = channel });
	if (!side->server)
		moderation(side, &conn);
	oob_sync(side, "moderation");
	conn_close(&conn);
	check(!ibv_destroy_comp_channel(channel), "ibv_destroy_comp_channel");
}
