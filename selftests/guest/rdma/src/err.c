// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that must fail, each with its own status and nothing but its own QP
 * hurt; what was posted behind them; queues after RESET.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

enum { NONE = 999 };

/* Added to a key: far from all that there are. */
#define NO_KEY	0x80000000U

/* What else the server has to be asked for. */
struct targets {
	uint32_t read_only, no_atomics, other_pd, gone;	/* keys of the first page of its area */
};

struct bad {
	const char *name;
	enum ibv_wr_opcode opcode;
	enum ibv_wc_status client;	/* of the request */
	int server;			/* of a receive; NONE: there is none */
	uint32_t local_key, remote_key;	/* what is added to the right ones */
	uint64_t remote_addr;		/* added to the start of the area */
	uint32_t length, receive_length;
	unsigned int server_access;	/* of the QP; 0: all */
	uint32_t *key;			/* remote key instead */
	uint32_t receive_key;		/* added to the right one */
	bool no_receive;		/* for one that needs it */
};

static struct ibv_mr *register_with(struct ibv_pd *pd, void *addr, int access)
{
	struct ibv_mr *mr = ibv_reg_mr(pd, addr, 4096, access);

	check(mr, "ibv_reg_mr: %s", strerror(errno));
	return mr;
}

static void attempt(struct side *side, const struct bad *bad)
{
	struct conn_options options = { .depth = 4, .retry = 3, .timeout = 14, .access = side->server ? bad->server_access : 0 };
	struct ibv_sge sge = { (uintptr_t)side->area + GUARD, bad->length, side->mr->lkey + bad->local_key };
	struct ibv_sge receive = { (uintptr_t)side->area + 2 * GUARD, bad->receive_length, side->mr->lkey + bad->receive_key };
	struct ibv_send_wr wr = { .wr_id = 41, .sg_list = &sge, .num_sge = 1, .opcode = bad->opcode,
				  .send_flags = IBV_SEND_SIGNALED };
	struct ibv_send_wr next = { .wr_id = 42, .opcode = IBV_WR_SEND };
	struct conn conn, witness;
	struct conn_options plain = {};
	bool atomic = bad->opcode == IBV_WR_ATOMIC_FETCH_AND_ADD || bad->opcode == IBV_WR_ATOMIC_CMP_AND_SWP;
	uint64_t addr = side->peer_area + bad->remote_addr;
	uint32_t rkey = bad->key ? *bad->key : side->peer_rkey + bad->remote_key;
	bool lost = bad->client == IBV_WC_RETRY_EXC_ERR;
	struct done done;

	conn_open(side, &witness, &plain);
	conn_open(side, &conn, &options);
	fill(side->area, 4 * GUARD, 5 + side->server);
	if (side->server && bad->server != NONE)
		post_recv(&conn, 51, &receive, 1);
	if (side->server && lost)
		conn_to(&conn, IBV_QPS_RESET);
	oob_sync(side, bad->name);
	if (!side->server) {
		if (atomic) {
			wr.wr.atomic.remote_addr = addr;
			wr.wr.atomic.rkey = rkey;
			wr.wr.atomic.compare_add = 1;
		} else {
			wr.wr.rdma.remote_addr = addr;
			wr.wr.rdma.rkey = rkey;
		}
		if (bad->opcode == IBV_WR_SEND_WITH_INV)
			wr.invalidate_rkey = rkey;
		wr.next = &next;
		post_send(&conn, &wr);
		wait_done(&conn, conn.send_cq, &done);
		check(done.wr_id == 41 && done.status == bad->client, "%s: request 0x%llx ends with '%s', expected '%s'", bad->name,
		      (unsigned long long)done.wr_id, ibv_wc_status_str(done.status), ibv_wc_status_str(bad->client));
		wait_done(&conn, conn.send_cq, &done);
		check(done.wr_id == 42 && done.status == IBV_WC_WR_FLUSH_ERR, "%s: the next request ends with '%s'", bad->name,
		      ibv_wc_status_str(done.status));
	} else if (bad->server != NONE && !lost) {
		wait_done(&conn, conn.recv_cq, &done);
		check(done.wr_id == 51 && (int)done.status == bad->server, "%s: receive ends with '%s', expected '%s'", bad->name,
		      ibv_wc_status_str(done.status), ibv_wc_status_str(bad->server));
	}
	oob_sync(side, "failed");
	/* Nothing moved. */
	expect(side->area, 0, 4 * GUARD, 5 + side->server, bad->name);
	/* A neighbour is not hurt. */
	if (side->server)
		post_recv(&witness, 1, &(struct ibv_sge){ (uintptr_t)side->area + 3 * GUARD, 100, side->mr->lkey }, 1);
	oob_sync(side, "witness");
	if (!side->server) {
		wr = (struct ibv_send_wr){ .wr_id = 2, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND,
					   .send_flags = IBV_SEND_SIGNALED };
		sge = (struct ibv_sge){ (uintptr_t)side->area + GUARD, 100, side->mr->lkey };
		post_send(&witness, &wr);
		wait_success(&witness, witness.send_cq, 2, IBV_WC_SEND);
	} else {
		wait_success(&witness, witness.recv_cq, 1, IBV_WC_RECV);
		expect(side->area + 3 * GUARD, GUARD, 100, 5, "witness");
	}
	oob_sync(side, "end");
	conn_close(&conn);
	conn_close(&witness);
}

void group_errors(struct side *side)
{
	struct ibv_pd *other = ibv_alloc_pd(side->ctx);
	struct ibv_mr *read_only = register_with(side->pd, side->area, IBV_ACCESS_REMOTE_READ);
	struct ibv_mr *no_atomics = register_with(side->pd, side->area, ALL_ACCESS & ~IBV_ACCESS_REMOTE_ATOMIC);
	struct ibv_mr *other_pd = register_with(other, side->area, ALL_ACCESS);
	struct ibv_mr *gone = register_with(side->pd, side->area, ALL_ACCESS);
	struct targets mine = { read_only->rkey, no_atomics->rkey, other_pd->rkey, gone->rkey }, t;
	const enum ibv_wc_status access = IBV_WC_REM_ACCESS_ERR;
	const struct bad cases[] = {
		{ "WRITE with a wrong key", IBV_WR_RDMA_WRITE, access, NONE, .remote_key = NO_KEY, .length = 64 },
		{ "WRITE with another variant of the key", IBV_WR_RDMA_WRITE, access, NONE, .remote_key = 1, .length = 64 },
		{ "READ with a wrong key", IBV_WR_RDMA_READ, access, NONE, .remote_key = NO_KEY, .length = 64 },
		{ "atomic with a wrong key", IBV_WR_ATOMIC_FETCH_AND_ADD, access, NONE, .remote_key = NO_KEY, .length = 8 },
		{ "WRITE with a key that is gone", IBV_WR_RDMA_WRITE, access, NONE, .key = &t.gone, .length = 64 },
		{ "WRITE with a key of another domain", IBV_WR_RDMA_WRITE, access, NONE, .key = &t.other_pd, .length = 64 },
		{ "WRITE to what may be read", IBV_WR_RDMA_WRITE, access, NONE, .key = &t.read_only, .length = 64 },
		{ "atomic where there may be none", IBV_WR_ATOMIC_CMP_AND_SWP, access, NONE, .key = &t.no_atomics, .length = 8 },
		{ "WRITE over the end", IBV_WR_RDMA_WRITE, access, NONE, .remote_addr = AREA - 63, .length = 64 },
		{ "WRITE before the start", IBV_WR_RDMA_WRITE, access, NONE, .remote_addr = -1ULL, .length = 64 },
		{ "READ over the end", IBV_WR_RDMA_READ, access, NONE, .remote_addr = AREA - 1, .length = 2 },
		{ "long WRITE over the end", IBV_WR_RDMA_WRITE, access, NONE, .remote_addr = AREA - 69999, .length = 70000 },
		{ "atomic on an odd address", IBV_WR_ATOMIC_FETCH_AND_ADD, IBV_WC_REM_INV_REQ_ERR, NONE, .remote_addr = 4,
		  .length = 8 },
		{ "WRITE to a QP that takes none", IBV_WR_RDMA_WRITE, IBV_WC_REM_INV_REQ_ERR, NONE, .length = 64,
		  .server_access = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_LOCAL_WRITE },
		{ "READ of a QP that allows none", IBV_WR_RDMA_READ, IBV_WC_REM_INV_REQ_ERR, NONE, .length = 64,
		  .server_access = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_LOCAL_WRITE },
		{ "SEND of memory with a wrong key", IBV_WR_SEND, IBV_WC_LOC_PROT_ERR, NONE, .local_key = NO_KEY, .length = 64 },
		{ "SEND of memory beyond the region", IBV_WR_SEND, IBV_WC_LOC_PROT_ERR, NONE, .length = AREA },
		{ "READ into memory with a wrong key", IBV_WR_RDMA_READ, IBV_WC_LOC_PROT_ERR, NONE, .local_key = NO_KEY, .length = 64 },
		{ "SEND into a receive that is too short", IBV_WR_SEND, IBV_WC_REM_INV_REQ_ERR, IBV_WC_LOC_LEN_ERR, .length = 64,
		  .receive_length = 63 },
		{ "SEND into a receive with a wrong key", IBV_WR_SEND, IBV_WC_REM_OP_ERR, IBV_WC_LOC_PROT_ERR, .length = 64,
		  .receive_length = 64, .receive_key = NO_KEY },
		{ "SEND without a receive", IBV_WR_SEND, IBV_WC_RNR_RETRY_EXC_ERR, NONE, .length = 64 },
		{ "SEND to nobody", IBV_WR_SEND, IBV_WC_RETRY_EXC_ERR, NONE, .length = 64 },
	};
	size_t i;

	check(!ibv_dereg_mr(gone), "ibv_dereg_mr");
	oob_swap(side, &mine, &t, sizeof(t));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		attempt(side, &cases[i]);
	check(!ibv_dereg_mr(read_only) && !ibv_dereg_mr(no_atomics) && !ibv_dereg_mr(other_pd) && !ibv_dealloc_pd(other),
	      "taking keys away");
}

/* ------------------------------------------------------------ flush */

static void flush_once(struct side *side, struct conn *conn, int receives, int sends)
{
	struct ibv_sge sge = { (uintptr_t)side->area, 64, side->mr->lkey };
	struct ibv_send_wr wr = { .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_RDMA_READ,
				  .wr.rdma = { side->peer_area, side->peer_rkey } };
	struct done done;
	int i;

	conn_to(conn, IBV_QPS_ERR);
	for (i = 0; i < receives; i++)
		post_recv(conn, 100 + i, &sge, 1);
	for (i = 0; i < sends; i++) {	/* unsignaled: errors complete all the same */
		wr.wr_id = 200 + i;
		post_send(conn, &wr);
	}
	for (i = 0; i < receives; i++) {
		wait_done(conn, conn->recv_cq, &done);
		check(done.wr_id == 100ULL + i && done.status == IBV_WC_WR_FLUSH_ERR, "flushed receive %d: 0x%llx, %s", i,
		      (unsigned long long)done.wr_id, ibv_wc_status_str(done.status));
	}
	for (i = 0; i < sends; i++) {
		wait_done(conn, conn->send_cq, &done);
		check(done.wr_id == 200ULL + i && done.status == IBV_WC_WR_FLUSH_ERR, "flushed send %d: 0x%llx, %s", i,
		      (unsigned long long)done.wr_id, ibv_wc_status_str(done.status));
	}
}

/* After RESET and new connection: nothing of before is there, and all works. */
static void use_again(struct side *side, struct conn *conn, uint64_t seed)
{
	struct ibv_sge sge = { (uintptr_t)side->area + GUARD, 5000, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = 3, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_SIGNALED };
	struct done done;

	conn_to(conn, IBV_QPS_RESET);
	check(!try_done(conn, conn->send_cq, &done) && !try_done(conn, conn->recv_cq, &done), "a completion after RESET");
	conn_connect(side, conn);
	fill(side->area, 4 * GUARD, seed + side->server);
	if (side->server)
		post_recv(conn, 4, &sge, 1);
	oob_sync(side, "again");
	if (side->server) {
		wait_success(conn, conn->recv_cq, 4, IBV_WC_RECV);
		expect(side->area + GUARD, GUARD, 5000, seed, "after RESET");
	} else {
		post_send(conn, &wr);
		wait_success(conn, conn->send_cq, 3, IBV_WC_SEND);
	}
	oob_sync(side, "used");
}

void group_flush(struct side *side)
{
	struct conn_options options = { .depth = 16 };
	struct ibv_sge sge = { (uintptr_t)side->area, 64, side->mr->lkey };
	struct conn conn;

	for (int ex = 0; ex < 2; ex++) {
		options.ex = ex;
		conn_open(side, &conn, &options);
		for (int i = 0; i < 5; i++)	/* posted before the error, too */
			post_recv(&conn, 100 + i, &sge, 1);
		conn_to(&conn, IBV_QPS_ERR);
		for (int i = 0; i < 5; i++) {
			struct done done;

			wait_done(&conn, conn.recv_cq, &done);
			check(done.wr_id == 100ULL + i && done.status == IBV_WC_WR_FLUSH_ERR, "receive %d: %s", i,
			      ibv_wc_status_str(done.status));
		}
		flush_once(side, &conn, 16, 16);
		use_again(side, &conn, 10);
		flush_once(side, &conn, 3, 7);
		use_again(side, &conn, 20);
		/* Completions that nobody took go with RESET. */
		conn_to(&conn, IBV_QPS_ERR);
		for (int i = 0; i < 4; i++)
			post_recv(&conn, 100 + i, &sge, 1);
		use_again(side, &conn, 30);
		conn_close(&conn);
	}
}
