// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection of the same process beside the one that is abused.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rdma_abuse.h"

enum { SIZE = 10000, FROM = GUARD, TO = 2 * SIZE + GUARD };

void witness_open(struct side *side, struct conn *conn)
{
	conn_open(side, conn, &(struct conn_options){});
}

/* A message to the server comes through whole. */
void witness_works(struct side *side, struct conn *conn, const char *after)
{
	struct ibv_sge out = { (uintptr_t)side->area + FROM, SIZE, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = 7, .sg_list = &out, .num_sge = 1, .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_SIGNALED };
	struct ibv_sge in = { (uintptr_t)side->area + TO, SIZE, side->mr->lkey };

	if (side->server)
		post_recv(conn, 8, &in, 1);
	else
		fill(side->area + FROM, SIZE, strlen(after));
	oob_sync(side, "witness");
	if (side->server) {
		wait_success(conn, conn->recv_cq, 8, IBV_WC_RECV);
		expect(side->area + TO, 0, SIZE, strlen(after), after);
	} else {
		post_send(conn, &wr);
		wait_success(conn, conn->send_cq, 7, IBV_WC_SEND);
	}
	oob_sync(side, "witness done");
}

enum ibv_qp_state state_of(struct ibv_qp *qp)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;
	int error = ibv_query_qp(qp, &attr, IBV_QP_STATE, &init);

	check(!error, "ibv_query_qp: %s", strerror(error));
	return attr.qp_state;
}

bool reaches(struct ibv_qp *qp, enum ibv_qp_state state, int timeout_ms)
{
	while (state_of(qp) != state) {
		if (timeout_ms <= 0)
			return false;
		usleep(2000);
		timeout_ms -= 2;
	}
	return true;
}
