// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data of reliable connections: every operation that carries any, sizes and
 * places of all kinds, scattered and gathered, inline, in unsignaled batches.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "rdma_data.h"

enum { SENT = 0x5e4d, RECEIVED = 0x4ec5 };

static const struct operation {
	const char *name;
	enum ibv_wr_opcode opcode;
	enum ibv_wc_opcode done;	/* at the client */
	enum ibv_wc_opcode received;	/* at the server, if that completes */
	bool receives, imm, to_client;
} operations[] = {
	{ "SEND", IBV_WR_SEND, IBV_WC_SEND, IBV_WC_RECV, true, false, false },
	{ "SEND_IMM", IBV_WR_SEND_WITH_IMM, IBV_WC_SEND, IBV_WC_RECV, true, true, false },
	{ "WRITE", IBV_WR_RDMA_WRITE, IBV_WC_RDMA_WRITE, 0, false, false, false },
	{ "WRITE_IMM", IBV_WR_RDMA_WRITE_WITH_IMM, IBV_WC_RDMA_WRITE, IBV_WC_RECV_RDMA_WITH_IMM, true, true, false },
	{ "READ", IBV_WR_RDMA_READ, IBV_WC_RDMA_READ, 0, false, false, true },
};

/* One message: where it lies on both sides, in how many pieces. */
struct message {
	const struct operation *op;
	size_t size;
	size_t from, to;	/* bytes after the guard */
	int pieces;		/* of the client's memory, and of a receive's */
	bool inlined;
	uint64_t seed;
};

/* Cuts memory into pieces of odd lengths that follow each other in reverse order. */
static int cut(struct ibv_sge *sges, uint64_t addr, size_t size, uint32_t lkey, int pieces)
{
	size_t length = size / pieces, done = 0;
	int i;

	for (i = 0; i < pieces; i++) {
		size_t part = i == pieces - 1 ? size - done : length - (length > 2 && i % 2) + (length > 2 && i % 4 == 0);

		if (part > size - done)
			part = size - done;
		sges[i] = (struct ibv_sge){ .addr = addr + done, .length = part, .lkey = lkey };
		done += part;
	}
	return pieces;
}

/* Fills what will be read and what will be written, with their surroundings. */
static void prepare(struct side *side, const struct message *m)
{
	bool source = side->server == m->op->to_client;
	size_t at = source ? m->from : m->to;

	fill(side->area, at + m->size + 2 * GUARD, m->seed + source);
}

static void verify(struct side *side, const struct message *m)
{
	bool source = side->server == m->op->to_client;
	size_t at = source ? m->from : m->to;
	uint8_t *data = side->area + GUARD + at;
	char what[96];

	snprintf(what, sizeof(what), "%s of %zu bytes from +%zu to +%zu in %d", m->op->name, m->size, m->from, m->to,
		 m->pieces);
	if (source) {
		expect(side->area, 0, at + m->size + 2 * GUARD, m->seed + 1, what);
		return;
	}
	/* What arrived is the other side's bytes, from its place on. */
	expect(data, GUARD + m->from, m->size, m->seed + 1, what);
	strcat(what, ", before");
	expect(side->area, 0, GUARD + at, m->seed, what);
	what[strlen(what) - 6] = 0;
	strcat(what, "after");
	expect(data + m->size, GUARD + at + m->size, GUARD, m->seed, what);
}

static void act(struct side *side, struct conn *conn, const struct message *m)
{
	struct ibv_sge sges[32];
	struct ibv_send_wr wr = { .wr_id = SENT + m->seed, .opcode = m->op->opcode, .sg_list = sges,
				  .send_flags = IBV_SEND_SIGNALED | (m->inlined ? IBV_SEND_INLINE : 0) };
	size_t mine = m->op->to_client ? m->to : m->from;
	size_t theirs = m->op->to_client ? m->from : m->to;

	wr.num_sge = cut(sges, (uintptr_t)side->area + GUARD + mine, m->size, side->mr->lkey, m->pieces);
	if (m->inlined)
		for (int i = 0; i < m->pieces; i++)
			sges[i].lkey = 0xdead;	/* nobody looks at it */
	wr.imm_data = htonl(m->seed);
	wr.wr.rdma.remote_addr = side->peer_area + GUARD + theirs;
	wr.wr.rdma.rkey = side->peer_rkey;
	post_send(conn, &wr);
	if (m->inlined)	/* it is the caller's again */
		memset(side->area + GUARD + mine, 0xee, m->size);
	wait_success(conn, conn->send_cq, wr.wr_id, m->op->done);
	if (m->inlined)
		fill(side->area, mine + m->size + 2 * GUARD, m->seed + 1);
}

static void receive(struct side *side, struct conn *conn, const struct message *m)
{
	struct done done;

	wait_done(conn, conn->recv_cq, &done);
	check(done.status == IBV_WC_SUCCESS, "%s of %zu bytes: received %s", m->op->name, m->size,
	      ibv_wc_status_str(done.status));
	check(done.wr_id == RECEIVED + m->seed && done.opcode == m->op->received && done.byte_len == m->size,
	      "%s of %zu bytes: completion 0x%llx, opcode %d, %u bytes", m->op->name, m->size,
	      (unsigned long long)done.wr_id, done.opcode, done.byte_len);
	check(!!(done.flags & IBV_WC_WITH_IMM) == m->op->imm &&
	      (!m->op->imm || done.imm == (uint32_t)m->seed), "%s: flags 0x%x, immediate 0x%x", m->op->name, done.flags,
	      done.imm);
	(void)side;
}

static void transfer(struct side *side, struct conn *conn, struct message m)
{
	static uint64_t seed;
	struct ibv_sge sges[32];

	m.seed = seed += 2;
	prepare(side, &m);
	if (side->server && m.op->receives) {
		int num = cut(sges, (uintptr_t)side->area + GUARD + m.to, m.size, side->mr->lkey, m.pieces);

		/* Data of a WRITE goes to where the client says. */
		if (m.op->opcode == IBV_WR_RDMA_WRITE_WITH_IMM)
			num = 0;
		post_recv(conn, RECEIVED + m.seed, sges, num);
	}
	oob_sync(side, m.op->name);
	if (!side->server)
		act(side, conn, &m);
	else if (m.op->receives)
		receive(side, conn, &m);
	oob_sync(side, "done");
	verify(side, &m);
}

void group_ops(struct side *side)
{
	static const uint32_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 31, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 2047, 2048, 2049,
					  4095, 4096, 4097, 8191, 65535, 65536, 65537, (1 << 20) - 1, (1 << 20) + 3, BIGGEST };
	static const struct { size_t from, to; } places[] = { { 0, 0 }, { 1, 0 }, { 0, 3 }, { 7, 5 }, { 4095, 2 }, { 13, 4094 } };
	struct conn_options options = { .depth = 8 };
	struct conn conn;
	size_t op, size, place;

	for (int ex = 0; ex < 2; ex++) {
		options.ex = ex;
		conn_open(side, &conn, &options);
		for (op = 0; op < ARRAY_SIZE(operations); op++)
			for (size = 0; size < ARRAY_SIZE(sizes); size++)
				for (place = 0; place < ARRAY_SIZE(places); place++) {
					/* Big ones once for each place, by one of the two kinds of verbs. */
					if (sizes[size] > 65537 && (place + op) % 2 != (size_t)ex)
						continue;
					if (sizes[size] == BIGGEST && place != op)
						continue;
					transfer(side, &conn, (struct message){ .op = &operations[op], .size = sizes[size],
						 .from = places[place].from, .to = places[place].to, .pieces = 1 });
				}
		conn_close(&conn);
	}
}

void group_sges(struct side *side)
{
	static const size_t sizes[] = { 32, 33, 1000, 4096, 70001 };
	struct conn_options options = { .depth = 8, .sge = 32 };
	struct conn conn;
	size_t op, size;
	int most = side->attr.max_sge < 32 ? side->attr.max_sge : 32, pieces, limit;

	for (int ex = 0; ex < 2; ex++) {
		options.sge = most;
		options.ex = ex;
		conn_open(side, &conn, &options);
		for (op = 0; op < ARRAY_SIZE(operations); op++) {
			limit = operations[op].to_client && side->attr.max_sge_rd < most ? side->attr.max_sge_rd : most;
			for (pieces = 1; pieces <= limit; pieces++)
				for (size = 0; size < ARRAY_SIZE(sizes); size++)
					if ((pieces + size + ex) % 2 || pieces == limit)
						transfer(side, &conn, (struct message){ .op = &operations[op],
							 .size = sizes[size], .from = pieces, .to = 3, .pieces = pieces });
		}
		conn_close(&conn);
	}
}

void group_inline(struct side *side)
{
	struct conn_options options = { .depth = 8, .sge = 4, .max_inline = 512 };
	struct conn conn;
	size_t op, size;

	for (int ex = 0; ex < 2; ex++) {
		options.ex = ex;
		conn_open(side, &conn, &options);
		for (op = 0; op < ARRAY_SIZE(operations); op++)
			for (size = 0; size <= 512 && !operations[op].to_client; size += 1 + (size > 20) * 13 + (size % 3))
				transfer(side, &conn, (struct message){ .op = &operations[op], .size = size, .from = size % 9,
					 .to = size % 5, .pieces = size > 8 ? 1 + size % 4 : 1, .inlined = true });
		transfer(side, &conn, (struct message){ .op = &operations[0], .size = 512, .pieces = 1, .inlined = true });
		conn_close(&conn);
	}
}

/* Many small messages, of which the last of each batch completes for all. */
static void batches(struct side *side, bool ex, uint32_t depth, uint32_t batch, int rounds)
{
	const size_t piece = 61;
	struct conn_options options = { .depth = depth, .ex = ex };
	struct ibv_send_wr wrs[64];
	struct ibv_sge sges[64];
	struct conn conn;
	struct done done;
	uint32_t i;

	conn_open(side, &conn, &options);
	for (int round = 0; round < rounds; round++) {
		fill(side->area, 2 * GUARD + batch * piece, round * 2 + !side->server);
		for (i = 0; i < batch; i++)
			sges[i] = (struct ibv_sge){ (uintptr_t)side->area + GUARD + i * piece, piece, side->mr->lkey };
		for (i = 0; side->server && i < batch; i += 2)
			post_recv(&conn, i, &sges[i], 1);
		oob_sync(side, "batch");
		for (i = 0; i < batch; i++)
			wrs[i] = (struct ibv_send_wr){
				.wr_id = round * 1000 + i, .sg_list = &sges[i], .num_sge = 1,
				.next = i + 1 < batch ? &wrs[i + 1] : NULL,
				.opcode = i % 2 ? IBV_WR_RDMA_WRITE : IBV_WR_SEND,
				.send_flags = i + 1 < batch ? 0 : IBV_SEND_SIGNALED,
				.wr.rdma = { side->peer_area + GUARD + i * piece, side->peer_rkey },
			};
		if (!side->server) {
			post_send(&conn, wrs);
			wait_success(&conn, conn.send_cq, round * 1000 + batch - 1,
				     batch % 2 ? IBV_WC_SEND : IBV_WC_RDMA_WRITE);
			check(!try_done(&conn, conn.send_cq, &done), "an unsignaled request completed: 0x%llx",
			      (unsigned long long)done.wr_id);
		}
		for (i = 0; side->server && i < batch; i += 2)
			wait_success(&conn, conn.recv_cq, i, IBV_WC_RECV);
		oob_sync(side, "sent");
		if (side->server) {
			expect(side->area + GUARD, GUARD, batch * piece, round * 2 + 1, "batch");
			expect(side->area, 0, GUARD, round * 2, "before the batch");
		}
	}
	conn_close(&conn);
}

void group_batches(struct side *side)
{
	for (int ex = 0; ex < 2; ex++) {
		batches(side, ex, 64, 64, 20);
		batches(side, ex, 64, 37, 20);	/* out of step with the ring */
		batches(side, ex, 8, 1, 40);
	}
}

/* 16 QPs, both sides act at once: WRITE, READ back, compare. */
void group_both_ways(struct side *side)
{
	enum { CONNS = 16, SIZE = 100003, ROUNDS = 6, STEP = SIZE + 61 };
	static struct conn conns[CONNS];
	struct conn_options options = { .depth = 4 };
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	int i, round;

	for (i = 0; i < CONNS; i++) {
		options.ex = i % 2;
		conn_open(side, &conns[i], &options);
	}
	/* The lower half of the area is this side's, the upper half the other's. */
	for (round = 0; round < ROUNDS; round++) {
		fill(side->area, CONNS * STEP, round * 2 + side->server);
		oob_sync(side, "both ways");
		for (i = 0; i < CONNS; i++) {
			sge = (struct ibv_sge){ (uintptr_t)side->area + i * STEP + i, SIZE, side->mr->lkey };
			wr = (struct ibv_send_wr){ .wr_id = i, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE,
						   .send_flags = IBV_SEND_SIGNALED,
						   .wr.rdma = { side->peer_area + AREA / 2 + i * STEP, side->peer_rkey } };
			post_send(&conns[i], &wr);
		}
		for (i = 0; i < CONNS; i++)
			wait_success(&conns[i], conns[i].send_cq, i, IBV_WC_RDMA_WRITE);
		oob_sync(side, "written");
		for (i = 0; i < CONNS; i++)
			expect(side->area + AREA / 2 + i * STEP, i * STEP + i, SIZE, round * 2 + !side->server, "both ways");
		/* What the other wrote here is read by it into its own lower half. */
		for (i = 0; i < CONNS; i++) {
			sge.addr = (uintptr_t)side->area + i * STEP;
			wr.opcode = IBV_WR_RDMA_READ;
			wr.wr_id = 100 + i;
			wr.wr.rdma.remote_addr = side->peer_area + AREA / 2 + i * STEP;
			post_send(&conns[i], &wr);
		}
		for (i = 0; i < CONNS; i++)
			wait_success(&conns[i], conns[i].send_cq, 100 + i, IBV_WC_RDMA_READ);
		for (i = 0; i < CONNS; i++)
			expect(side->area + i * STEP, i * STEP + i, SIZE, round * 2 + side->server, "read back");
		oob_sync(side, "read");
	}
	for (i = 0; i < CONNS; i++)
		conn_close(&conns[i]);
}
