// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rings, records, arm words and doorbells full of random numbers, some of them
 * nearly right. The seed is printed: a run can be repeated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provider/db.h"
#include "provider/mo.h"
#include "provider/wqe.h"
#include "rdma_abuse.h"

enum { ROUNDS = 60 };

static uint64_t random64(void)
{
	return (uint64_t)mrand48() << 32 ^ (uint64_t)mrand48() ^ (uint64_t)mrand48() << 16;
}

static void random_bytes(void *to, size_t size)
{
	size_t i;

	for (i = 0; i + 8 <= size; i += 8)
		*(uint64_t *)((uint8_t *)to + i) = random64();
}

/* An entry that is right but for some bits: its opcode, lengths and keys say something. */
static void nearly_right(struct side *side, struct mo_wqe *wqe, size_t stride, bool receive)
{
	uint8_t *body = (uint8_t *)(wqe + 1);
	unsigned int i;

	memset(wqe, 0, stride);
	wqe->opcode = receive ? MO_WR_NOP : random64() % 0x12;
	wqe->flags = receive ? 0 : random64() % 8;
	wqe->nsge = 1;
	if (!receive && (wqe->opcode >= MO_WR_WRITE && wqe->opcode <= MO_WR_READ))
		body = mo_wqe_rdma(body, side->peer_area + random64() % AREA, side->peer_rkey);
	mo_wqe_sge(body, 0, (uintptr_t)side->area + random64() % AREA, random64() % 20000, side->mr->lkey);
	for (i = random64() % 3; i; i--)
		((uint8_t *)wqe)[random64() % stride] ^= 1 << random64() % 8;
}

static void spoil(struct side *side, struct mo_wq *wq, bool receive)
{
	size_t stride = (size_t)1 << wq->stride_log;
	uint32_t i;

	for (i = 0; i < wq->entries; i++)
		if (random64() % 4)
			nearly_right(side, (struct mo_wqe *)(wq->ring + i * stride), stride, receive);
		else
			random_bytes(wq->ring + i * stride, stride);
}

static void one_round(struct side *side, struct conn *conn)
{
	struct mo_context *ctx = to_mo_ctx(side->ctx);
	struct mo_qp *qp = to_mo_qp(conn->qp);
	struct mo_cq *cq = to_mo_cq(conn->send_cq);
	struct ibv_wc wc;
	int i, polls;

	for (i = 0; i < 4; i++) {
		spoil(side, &qp->sq, false);
		spoil(side, &qp->rq, true);
		qp->sq.tail += random64() % 8;
		qp->rq.tail += random64() % 8;
		if (random64() % 8 == 0)
			qp->sq.tail = random64();
		if (random64() % 8 == 0)
			qp->rq.tail = random64();
		mo_store32(&qp->sq.rec->tail, qp->sq.tail);
		mo_store32(&qp->rq.rec->tail, qp->rq.tail);
		mo_db_write(ctx, MO_DB_RQ, qp->rq.object, random64() % 4 ? qp->rq.tail : random64());
		mo_db_write(ctx, MO_DB_SQ, qp->sq.object, random64() % 4 ? qp->sq.tail : random64());
		if (random64() % 8 == 0)
			mo_store64(&cq->rec->arm, random64());
		mo_db_write(ctx, random64() % 5 * 8, random64() % 4 ? cq->cqn : random64(), random64());
		usleep(random64() % 2000);
		/* While the device reads them. */
		random_bytes(qp->sq.ring, (size_t)qp->sq.entries << qp->sq.stride_log);
		for (polls = 0; polls < 100 && ibv_poll_cq(conn->send_cq, 1, &wc) > 0; polls++)
			;
	}
}

void group_random(struct side *side)
{
	unsigned int seed = time(NULL), round;
	struct conn witness, conn;

	if (getenv("SEED"))
		seed = atoi(getenv("SEED"));
	if (!side->server)
		printf("seed %u\n", seed);
	srand48(seed);
	witness_open(side, &witness);
	for (round = 0; round < ROUNDS; round++) {
		conn_open(side, &conn, &(struct conn_options){ .depth = 16, .sge = 1 + round % 4, .retry = 1, .timeout = 12 });
		if (!side->server)
			one_round(side, &conn);
		oob_sync(side, "round");
		conn_close(&conn);
		if (round % 8 == 0)
			witness_works(side, &witness, "random numbers");
	}
	witness_works(side, &witness, "all random numbers");
	conn_close(&witness);
}
