// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What belongs to another context: its QPs' doorbells through the own page,
 * and its keys. To the device another context is another process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/db.h"
#include "provider/mo.h"
#include "rdma_abuse.h"

enum { TRIES = 48, SIZE = 4096 };

/* The witness's doorbells, rung by a stranger with any number: nothing happens. */
static void foreign_doorbells(struct side *side, struct ibv_context *stranger, struct conn *witness)
{
	static const uint32_t indexes[] = { 0, 1, 5, 1000, 0x80000000, 0xffffffff };
	struct mo_context *ctx = to_mo_ctx(stranger);
	struct mo_qp *qp = to_mo_qp(witness->qp);
	struct mo_cq *cq = to_mo_cq(witness->recv_cq);
	size_t i;

	check(ctx->db != to_mo_ctx(side->ctx)->db, "both contexts have one doorbell page");
	for (i = 0; i < ARRAY_SIZE(indexes); i++) {
		mo_db_write(ctx, MO_DB_SQ, qp->sq.object, indexes[i]);
		mo_db_write(ctx, MO_DB_RQ, qp->rq.object, indexes[i]);
		mo_db_write(ctx, MO_DB_RQ, qp->sq.object, indexes[i]);
		mo_db_write(ctx, MO_DB_CQ, cq->cqn, indexes[i]);
		mo_db_write(ctx, MO_DB_EQ, cq->cqn, indexes[i]);
	}
	check(state_of(witness->qp) == IBV_QPS_RTS, "the QP is in state %d", state_of(witness->qp));
}

/* A SEND of memory by a key that is not this context's never leaves. */
static void foreign_key(struct side *side, uint32_t lkey, uint64_t addr, const char *what)
{
	struct ibv_sge sge = { addr, 64, lkey };
	struct ibv_send_wr wr = { .wr_id = 1, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_SIGNALED };
	struct conn conn;
	struct done done;

	conn_open(side, &conn, &(struct conn_options){ .depth = 2, .retry = 1, .timeout = 14 });
	if (!side->server) {
		post_send(&conn, &wr);
		wait_done(&conn, conn.send_cq, &done);
		check(done.status == IBV_WC_LOC_PROT_ERR, "%s: key 0x%x: '%s'", what, lkey, ibv_wc_status_str(done.status));
		check(reaches(conn.qp, IBV_QPS_ERR, 1000), "%s: the QP is in state %d", what, state_of(conn.qp));
	}
	oob_sync(side, "foreign key");
	conn_close(&conn);
}

void group_foreign(struct side *side)
{
	struct ibv_context *stranger = open_device(ibv_get_device_name(side->ctx->device));
	struct ibv_pd *pd = ibv_alloc_pd(stranger), *second = ibv_alloc_pd(side->ctx);
	void *memory = aligned_alloc(SIZE, SIZE);
	struct ibv_mr *theirs, *other;
	struct conn witness;
	uint32_t i;

	check(pd && second && memory, "no protection domain: %s", strerror(errno));
	theirs = ibv_reg_mr(pd, memory, SIZE, ALL_ACCESS);
	other = ibv_reg_mr(second, memory, SIZE, ALL_ACCESS);
	check(theirs && other, "ibv_reg_mr: %s", strerror(errno));
	witness_open(side, &witness);
	foreign_doorbells(side, stranger, &witness);
	witness_works(side, &witness, "foreign doorbells");
	foreign_key(side, theirs->lkey, (uintptr_t)memory, "another context's memory");
	foreign_key(side, other->lkey, (uintptr_t)memory, "another domain's memory");
	/* The first of all keys are the kernel's, those beside the own one other processes'. */
	for (i = 0; i < TRIES; i++) {
		uint32_t base = i < TRIES / 2 ? 0 : side->mr->lkey - ((TRIES / 4) << 8);
		uint32_t key = base + ((i % (TRIES / 2)) << 8);

		if ((key & MO_KEY_INDEX) == (side->mr->lkey & MO_KEY_INDEX))
			key ^= 1;
		foreign_key(side, key, i % 2 ? 0x100000 : (uintptr_t)side->area, "a guessed key");
	}
	witness_works(side, &witness, "foreign keys");
	conn_close(&witness);
	check(!ibv_dereg_mr(theirs) && !ibv_dereg_mr(other) && !ibv_dealloc_pd(pd) && !ibv_dealloc_pd(second), "closing");
	check(!ibv_close_device(stranger), "closing");
	free(memory);
}
