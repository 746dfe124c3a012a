// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries, records and doorbells that are garbage: each ends the QP that they
 * are of, tells why, and hurts nothing else.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "provider/db.h"
#include "provider/mo.h"
#include "provider/wqe.h"
#include "rdma_abuse.h"

enum { SOON_MS = 5000, EVENT_MS = 5000 };

struct bad_entry {
	const char *name;
	void (*spoil)(struct side *side, struct mo_wqe *wqe);
};

static struct mo_sge *sge_of(struct mo_wqe *wqe)
{
	return (struct mo_sge *)(wqe + 1);
}

#define SPOIL(name, ...) \
	static void name(struct side *side, struct mo_wqe *wqe) { (void)side; __VA_ARGS__; }
SPOIL(all_ones, memset(wqe, 0xff, 64))
SPOIL(no_opcode, wqe->opcode = 0x7f)
SPOIL(reserved_opcode, wqe->opcode = 0x11)
SPOIL(kernel_opcode, wqe->opcode = MO_WR_REG_MR)
SPOIL(kernel_opcode_filled, wqe->opcode = MO_WR_REG_MR; memset(wqe + 1, 0xff, sizeof(struct mo_wqe_reg)))
SPOIL(bind_of_nothing, wqe->opcode = MO_WR_BIND; wqe->nsge = 0; memset(wqe + 1, 0xff, sizeof(struct mo_wqe_bind)))
SPOIL(bind_reserved, wqe->opcode = MO_WR_BIND; wqe->nsge = 0; memset(wqe + 1, 0, sizeof(struct mo_wqe_bind));
      ((struct mo_wqe_bind *)(wqe + 1))->rsvd[5] = 1)
SPOIL(invalidation_of_memory, wqe->opcode = MO_WR_LOCAL_INV; wqe->nsge = 0; wqe->imm = htole32(side->mr->lkey))
SPOIL(no_flags, wqe->flags = 0xf0)
SPOIL(reserved_byte, wqe->rsvd = 1)
SPOIL(reserved_word, wqe->rsvd1 = htole32(1))
SPOIL(many_sges, wqe->nsge = 255)
SPOIL(more_sges_than_room, wqe->nsge = 32)
SPOIL(length_beside_sges, wqe->length = htole32(64))
SPOIL(inline_and_sges, wqe->flags |= MO_WQEF_INLINE)
SPOIL(endless_inline, wqe->flags |= MO_WQEF_INLINE; wqe->nsge = 0; wqe->length = htole32(0xffffffff))
SPOIL(inline_beyond_entry, wqe->flags |= MO_WQEF_INLINE; wqe->nsge = 0; wqe->length = htole32(512))
SPOIL(longer_than_a_message, sge_of(wqe)->length = htole32(0x80000001))
SPOIL(key_of_nobody, sge_of(wqe)->lkey = htole32(0xffffffff))
SPOIL(key_zero, sge_of(wqe)->lkey = 0)
SPOIL(address_that_wraps, sge_of(wqe)->addr = htole64(0xfffffffffffffff0))
SPOIL(address_of_the_kernel, sge_of(wqe)->addr = htole64(0xffff888000000000))
SPOIL(atomic_of_9_bytes, wqe->opcode = MO_WR_FETCH_ADD;
      *(struct mo_sge *)((uint8_t *)(wqe + 1) + sizeof(struct mo_wqe_atomic)) =
	      (struct mo_sge){ htole64((uintptr_t)side->area), htole32(9), htole32(side->mr->lkey) })

static const struct bad_entry bad_entries[] = {
	{ "all ones", all_ones },
	{ "an opcode that is none", no_opcode },
	{ "a reserved opcode", reserved_opcode },
	{ "an opcode of the kernel", kernel_opcode },
	{ "an opcode of the kernel with garbage", kernel_opcode_filled },
	{ "a bind of nothing", bind_of_nothing },
	{ "a bind with something reserved", bind_reserved },
	{ "an invalidation of registered memory", invalidation_of_memory },
	{ "flags that are none", no_flags },
	{ "a reserved byte", reserved_byte },
	{ "a reserved word", reserved_word },
	{ "255 SGEs", many_sges },
	{ "more SGEs than the entry has room for", more_sges_than_room },
	{ "a length beside SGEs", length_beside_sges },
	{ "inline data and SGEs", inline_and_sges },
	{ "endless inline data", endless_inline },
	{ "inline data beyond the entry", inline_beyond_entry },
	{ "more than the longest message", longer_than_a_message },
	{ "a key of nobody", key_of_nobody },
	{ "key 0", key_zero },
	{ "an address that wraps", address_that_wraps },
	{ "an address of the kernel", address_of_the_kernel },
	{ "an atomic of 9 bytes", atomic_of_9_bytes },
};

static struct mo_wqe *entry_at(struct mo_wq *wq, uint32_t index)
{
	return (struct mo_wqe *)(wq->ring + ((size_t)(index & (wq->entries - 1)) << wq->stride_log));
}

/* A good SEND in the next place of the send queue, for spoiling; not yet given to the device. */
static struct mo_wqe *next_send(struct side *side, struct mo_qp *qp)
{
	struct mo_wqe *wqe = entry_at(&qp->sq, qp->sq.tail);

	memset(wqe, 0, (size_t)1 << qp->sq.stride_log);
	mo_wqe_head(wqe, MO_WR_SEND, MO_WQEF_SIGNALED, 1, 0, 0);
	mo_wqe_sge(wqe + 1, 0, (uintptr_t)side->area, 64, side->mr->lkey);
	qp->sq.wr_ids[qp->sq.tail & (qp->sq.entries - 1)] = 100 + qp->sq.tail;
	return wqe;
}

/* An asynchronous event about this QP within the time. */
static bool event_of(struct ibv_context *ctx, struct ibv_qp *qp, enum ibv_event_type type)
{
	struct pollfd wait = { .fd = ctx->async_fd, .events = POLLIN };
	struct ibv_async_event event;
	bool found = false;

	while (!found && poll(&wait, 1, EVENT_MS) == 1 && !ibv_get_async_event(ctx, &event)) {
		found = event.event_type == type && event.element.qp == qp;
		ibv_ack_async_event(&event);
	}
	return found;
}

/* The spoilt entry and what is behind it complete in error, once. */
static void expect_errors(struct conn *conn, uint64_t first, const char *name)
{
	struct done done;

	wait_done(conn, conn->send_cq, &done);
	check(done.wr_id == first && done.status != IBV_WC_SUCCESS && done.status != IBV_WC_WR_FLUSH_ERR,
	      "%s: request 0x%llx ends with '%s'", name, (unsigned long long)done.wr_id, ibv_wc_status_str(done.status));
	wait_done(conn, conn->send_cq, &done);
	check(done.wr_id == first + 1 && done.status == IBV_WC_WR_FLUSH_ERR, "%s: the next request 0x%llx ends with '%s'", name,
	      (unsigned long long)done.wr_id, ibv_wc_status_str(done.status));
}

static void one_entry(struct side *side, struct conn *witness, const struct bad_entry *bad)
{
	struct mo_qp *qp;
	struct conn conn;
	uint64_t first;

	conn_open(side, &conn, &(struct conn_options){ .depth = 4, .retry = 1, .timeout = 14 });
	if (side->server) {
		post_recv(&conn, 1, &(struct ibv_sge){ (uintptr_t)side->area, 64, side->mr->lkey }, 1);
		oob_sync(side, bad->name);
	} else {
		oob_sync(side, bad->name);
		qp = to_mo_qp(conn.qp);
		first = 100 + qp->sq.tail;
		bad->spoil(side, next_send(side, qp));
		qp->sq.tail++;
		next_send(side, qp);
		qp->sq.tail++;
		mo_db_tail(to_mo_ctx(side->ctx), &qp->sq, MO_DB_SQ);
		expect_errors(&conn, first, bad->name);
		check(reaches(conn.qp, IBV_QPS_ERR, SOON_MS), "%s: the QP is in state %d", bad->name, state_of(conn.qp));
	}
	oob_sync(side, "ended");
	if (side->server)
		check(state_of(conn.qp) == IBV_QPS_RTS, "%s: the peer's QP is in state %d", bad->name, state_of(conn.qp));
	conn_close(&conn);
	witness_works(side, witness, bad->name);
}

/* Entries of the send queue, then those of the receive queue for which a message comes. */
void group_entries(struct side *side)
{
	struct conn witness, conn;
	struct mo_wqe *wqe;
	struct done done;
	struct mo_qp *qp;
	size_t i;

	witness_open(side, &witness);
	for (i = 0; i < ARRAY_SIZE(bad_entries); i++)
		one_entry(side, &witness, &bad_entries[i]);

	/* The client's receives are the bad ones; the server sends. */
	for (i = 0; i < 4; i++) {
		struct ibv_send_wr wr = { .wr_id = 1, .opcode = IBV_WR_SEND, .send_flags = IBV_SEND_SIGNALED, .num_sge = 1,
					  .sg_list = &(struct ibv_sge){ (uintptr_t)side->area, 64, side->mr->lkey } };

		conn_open(side, &conn, &(struct conn_options){ .depth = 4, .retry = 1, .timeout = 14 });
		if (!side->server) {
			qp = to_mo_qp(conn.qp);
			wqe = entry_at(&qp->rq, qp->rq.tail);
			memset(wqe, 0, (size_t)1 << qp->rq.stride_log);
			if (i == 0)
				memset(wqe, 0xff, (size_t)1 << qp->rq.stride_log);
			else if (i == 1)
				mo_wqe_head(wqe, MO_WR_NOP, 0, 255, 0, 0);
			else if (i == 2)
				mo_wqe_head(wqe, MO_WR_SEND, 0, 1, 0, 0);
			else
				mo_wqe_head(wqe, MO_WR_NOP, 0, 0, 64, 0);
			qp->rq.tail++;
			mo_db_tail(to_mo_ctx(side->ctx), &qp->rq, MO_DB_RQ);
		}
		oob_sync(side, "receive");
		if (side->server) {
			post_send(&conn, &wr);
			wait_done(&conn, conn.send_cq, &done);
			check(done.status == IBV_WC_REM_OP_ERR || done.status == IBV_WC_REM_INV_REQ_ERR ||
			      done.status == IBV_WC_RETRY_EXC_ERR, "SEND to bad receive %zu: '%s'", i, ibv_wc_status_str(done.status));
		} else {
			check(reaches(conn.qp, IBV_QPS_ERR, SOON_MS), "bad receive %zu: the QP is in state %d", i, state_of(conn.qp));
		}
		oob_sync(side, "ended");
		conn_close(&conn);
		witness_works(side, &witness, "a bad receive");
	}
	conn_close(&witness);
}

/*
 * A tail that is too far ahead ends the QP when the device looks at it: at once,
 * that of receives at the latest when a message needs one.
 */
static void bad_tail(struct side *side, struct conn *witness, bool receive, uint32_t ahead)
{
	struct ibv_send_wr wr = { .wr_id = 1, .opcode = IBV_WR_SEND, .send_flags = IBV_SEND_SIGNALED };
	struct mo_context *ctx = to_mo_ctx(side->ctx);
	struct conn conn;
	struct mo_wq *wq;
	struct mo_qp *qp;

	conn_open(side, &conn, &(struct conn_options){ .depth = 8, .retry = 1, .timeout = 14 });
	if (!side->server) {
		qp = to_mo_qp(conn.qp);
		wq = receive ? &qp->rq : &qp->sq;
		mo_store32(&wq->rec->tail, wq->tail + ahead);
		mo_db_write(ctx, receive ? MO_DB_RQ : MO_DB_SQ, wq->object, wq->tail + ahead);
	}
	oob_sync(side, "tail");
	if (side->server && receive)
		post_send(&conn, &wr);
	if (!side->server) {
		check(reaches(conn.qp, IBV_QPS_ERR, SOON_MS), "tail %u ahead of the %s queue: the QP is in state %d", ahead,
		      receive ? "receive" : "send", state_of(conn.qp));
		check(event_of(side->ctx, conn.qp, IBV_EVENT_QP_FATAL), "no event of the tail");
	}
	oob_sync(side, "ended");
	conn_close(&conn);
	witness_works(side, witness, "a tail");
}

/* Every register of the own page, with every kind of number. */
static void garbage_doorbells(struct side *side)
{
	static const uint64_t values[] = { 0, ~0ULL, 0xffffff, 0x0000000100000000, 0x8000000000000000, 0xdeadbeefdeadbeef };
	struct mo_context *ctx = to_mo_ctx(side->ctx);
	uint32_t object, at;
	size_t i;

	for (at = 0; at + 8 <= MO_DB_PAGE_SIZE; at += at < 128 ? 8 : 504)
		for (i = 0; i < ARRAY_SIZE(values); i++)
			*(volatile uint64_t *)(ctx->db + at) = values[i];
	for (at = 0; at < 64; at++) {
		*(volatile uint8_t *)(ctx->db + at) = 0xff;
		if (at % 4 == 0)
			*(volatile uint32_t *)(ctx->db + at) = 0xffffffff;
	}
	/* Everybody's objects, the kernel's and the network interface's among them. */
	for (object = 0; object < 256; object++)
		for (i = 0; i < 4; i++)
			for (at = MO_DB_SQ; at <= MO_DB_ADMIN; at += 8)
				mo_db_write(ctx, at, object | i << 16, 0x12345678);
}

static void arm_words(struct side *side, struct conn *witness)
{
	static const uint32_t consumers[] = { 1000, 0x7fffffff, 0x80000000, 0xffffffff };
	struct ibv_sge sge = { (uintptr_t)side->area, 8, side->mr->lkey };
	struct mo_context *ctx = to_mo_ctx(side->ctx);
	struct ibv_send_wr *bad, wr = { .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE,
					.send_flags = IBV_SEND_SIGNALED };
	struct ibv_wc wc;
	struct conn conn;
	struct mo_cq *cq;
	size_t i, j;

	wr.wr.rdma.remote_addr = side->peer_area;
	wr.wr.rdma.rkey = side->peer_rkey;
	for (i = 0; i < ARRAY_SIZE(consumers); i++) {
		conn_open(side, &conn, &(struct conn_options){ .depth = 256, .retry = 1, .timeout = 14 });
		if (!side->server) {
			cq = to_mo_cq(conn.send_cq);
			mo_store64(&cq->rec->arm, MO_ARM_WORD(consumers[i], 3, i * 1000 + 1));
			mo_db_write(ctx, MO_DB_CQ, cq->cqn, consumers[i]);
			/* More than the ring has, and nobody takes them. */
			for (j = 0; j < 250 && !ibv_post_send(conn.qp, &wr, &bad); j++)
				;
			usleep(20000);
			/* The ring is the process's own: garbage there is its own problem, and bounded. */
			memset(cq->ring, i % 2 ? 0xff : 0, sizeof(*cq->ring) << cq->log);
			for (j = 0; j < 1000 && ibv_poll_cq(conn.send_cq, 1, &wc) > 0; j++)
				;
			check(j < 1000, "%zu completions of a ring that is garbage", j);
		}
		oob_sync(side, "arm words");
		conn_close(&conn);
		witness_works(side, witness, "arm words");
	}
}

void group_doorbells(struct side *side)
{
	struct conn witness;

	witness_open(side, &witness);
	bad_tail(side, &witness, false, 9);
	bad_tail(side, &witness, false, 0x80000000);
	bad_tail(side, &witness, true, 9);
	bad_tail(side, &witness, true, 0xffffffff);
	arm_words(side, &witness);
	if (!side->server)
		garbage_doorbells(side);
	witness_works(side, &witness, "doorbells");
	conn_close(&witness);
}
