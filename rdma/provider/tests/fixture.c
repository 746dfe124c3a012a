// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Runs the provider's unit tests: what it writes into rings, records and the
 * doorbell page, how it reads completions. The kernel's part (create, modify,
 * destroy) is tested in guests.
 */
#include "fixture.h"

static int failures;

void check(int ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	failures += !ok;
}

struct mo_context context;
static uint64_t db_page[MO_DB_PAGE_SIZE / 8];

static void *zalloc(size_t size)
{
	void *memory =
		aligned_alloc(MO_PAGE_SIZE, (size + MO_PAGE_SIZE - 1) & ~(MO_PAGE_SIZE - 1UL));

	if (!memory)
		abort();
	return memset(memory, 0, size);
}

void context_init(bool shadow)
{
	memset(db_page, 0, sizeof(db_page));
	context.db = (uint8_t *)db_page;
	context.shadow = shadow;
	context.max_inline = MO_RDMA_MAX_INLINE;
	context.max_stride_log = MO_RDMA_STRIDE_MAX_LOG;
}

/* Value of a doorbell register, and that it was not written any more since. */
uint64_t rung(enum mo_doorbell reg)
{
	uint64_t value = le64toh(db_page[reg / 8]);

	db_page[reg / 8] = 0;
	return value;
}

struct mo_cq *cq_make(uint32_t log, uint32_t cqn)
{
	struct mo_cq *cq = zalloc(sizeof(*cq));

	cq->vcq.cq.context = &context.ibv_ctx.context;
	cq->log = log;
	cq->cqn = cqn;
	cq->ring = zalloc(sizeof(*cq->ring) << log);
	cq->rec = zalloc(sizeof(*cq->rec));
	mo_lock_init(&cq->lock, true);
	mo_poll_ops(cq, IBV_WC_STANDARD_FLAGS | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP);
	return cq;
}

void cq_free(struct mo_cq *cq)
{
	free(cq->ring);
	free(cq->rec);
	free(cq);
}

static void wq_make(struct mo_wq *wq, uint32_t entries, uint32_t stride_log, uint32_t max_sge,
		    uint32_t object)
{
	wq->entries = entries;
	wq->stride_log = stride_log;
	wq->max_sge = max_sge;
	wq->object = object;
	/* What was there before must not shine through. */
	wq->ring =
		memset(zalloc((size_t)entries << stride_log), 0xff, (size_t)entries << stride_log);
	wq->wr_ids = calloc(entries, sizeof(*wq->wr_ids));
	wq->rec = zalloc(sizeof(*wq->rec));
	mo_lock_init(&wq->lock, true);
}

static const uint64_t ops_ud = IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_SEND_WITH_IMM;
static const uint64_t ops_rc =
	IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_SEND_WITH_IMM | IBV_QP_EX_WITH_SEND_WITH_INV |
	IBV_QP_EX_WITH_RDMA_WRITE | IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM | IBV_QP_EX_WITH_RDMA_READ |
	IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP | IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD |
	IBV_QP_EX_WITH_LOCAL_INV | IBV_QP_EX_WITH_BIND_MW;

struct mo_qp *qp_make(bool ud, struct ibv_qp_cap cap, uint32_t object)
{
	struct mo_qp *qp = zalloc(sizeof(*qp));
	struct mo_ureq_create_qp req = {};
	struct mo_qp ***leaf = &context.qps[(object & MO_OBJ_INDEX) >> MO_QP_LEAF_LOG];

	if (mo_qp_layout(&context, ud, &cap, &req))
		abort();
	qp->ud = ud;
	qp->cap = cap;
	qp->max_inline = cap.max_inline_data;
	qp->vqp.qp.context = &context.ibv_ctx.context;
	qp->vqp.qp.qp_num = object;
	qp->vqp.qp.state = IBV_QPS_RTS;
	wq_make(&qp->sq, cap.max_send_wr, req.sq_stride_log, cap.max_send_sge, object);
	wq_make(&qp->rq, cap.max_recv_wr, req.rq_stride_log, cap.max_recv_sge, object + 1);
	if (mo_wr_ops(qp, ud ? ops_ud : ops_rc))
		abort();
	if (!*leaf)
		*leaf = calloc(MO_QP_LEAF, sizeof(**leaf));
	(*leaf)[object & (MO_QP_LEAF - 1)] = qp;
	return qp;
}

void qp_free(struct mo_qp *qp)
{
	uint32_t object = qp->sq.object;

	context.qps[(object & MO_OBJ_INDEX) >> MO_QP_LEAF_LOG][object & (MO_QP_LEAF - 1)] = NULL;
	free(qp->sq.ring);
	free(qp->sq.wr_ids);
	free(qp->sq.rec);
	free(qp->rq.ring);
	free(qp->rq.wr_ids);
	free(qp->rq.rec);
	free(qp);
}

/* Puts all counters of a queue to `at`, as if so many had been posted and completed. */
void wq_at(struct mo_wq *wq, uint32_t at)
{
	wq->tail = at;
	wq->rung = at;
	atomic_store(&wq->head, at);
	wq->rec->event = htole32(at);
}

const struct ibv_qp_cap small = {
	.max_send_wr = 8,
	.max_recv_wr = 8,
	.max_send_sge = 4,
	.max_recv_sge = 3,
	.max_inline_data = 64,
};

int main(void)
{
	test_layout();
	test_posting();
	test_doorbells();
	test_completions();
	test_memory();
	free(context.qps[0]);
	return failures != 0;
}
