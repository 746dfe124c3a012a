/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Objects of the provider. What crosses to the device is hw/rdma.h and
 * hw/db.h, what crosses to the kernel uapi/mo-abi.h.
 *
 * Locks, outer to inner: the CQs of a QP, by their numbers; its queues'.
 * Posting takes the queue's lock, polling the CQ's; a queue's head is the only
 * word that polling writes and posting reads.
 */
#ifndef MO_PROVIDER_H
#define MO_PROVIDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <infiniband/driver.h>
#include <util/compiler.h>

#include "hw/db.h"
#include "hw/rdma.h"
#include "uapi/mo-abi.h"

/* Rings and pages for the device begin at, and are made of, such pages. */
#define MO_PAGE_SIZE		4096
/* A table of QPs in two steps, by the index in their object number. */
#define MO_QP_LEAF_LOG		8
#define MO_QP_LEAF		MO_BIT(MO_QP_LEAF_LOG)
#define MO_QP_LEAVES		((MO_OBJ_INDEX + 1) >> MO_QP_LEAF_LOG)

/* A spinlock that does nothing where the application promised one thread. */
struct mo_lock {
	pthread_spinlock_t spin;
	bool needed;
};

static inline void mo_lock_init(struct mo_lock *lock, bool needed)
{
	pthread_spin_init(&lock->spin, PTHREAD_PROCESS_PRIVATE);
	lock->needed = needed;
}

static inline void mo_lock(struct mo_lock *lock)
{
	if (lock->needed)
		pthread_spin_lock(&lock->spin);
}

static inline void mo_unlock(struct mo_lock *lock)
{
	if (lock->needed)
		pthread_spin_unlock(&lock->spin);
}

struct mo_device {
	struct verbs_device ibv_dev;
};

/**
 * struct mo_context - an open device
 * @ibv_ctx: libibverbs' part
 * @db: doorbell page of this context
 * @db_size: bytes of it
 * @shadow: the register is written only when the device asked for it, hw/db.h
 * @max_inline: inline bytes of a send
 * @max_stride_log: log2 of the bytes of the longest work queue entry
 * @qp_mutex: for writers of @qps
 * @qps: QPs by object index; a reader holds the lock of a CQ of the QP
 * @rec_mutex: for @rec_pages
 * @rec_pages: pages of doorbell records, mem.c
 */
struct mo_context {
	struct verbs_context ibv_ctx;
	uint8_t *db;
	size_t db_size;
	bool shadow;
	uint32_t max_inline;
	uint32_t max_stride_log;
	pthread_mutex_t qp_mutex;
	struct mo_qp **qps[MO_QP_LEAVES];
	pthread_mutex_t rec_mutex;
	struct list_head rec_pages;
};

struct mo_td {
	struct ibv_td ibv_td;
	atomic_int users;
};

/**
 * struct mo_pd - protection domain, or a parent domain around one
 * @ibv_pd: libibverbs' part
 * @users: parent domains around it
 * @inner: the protection domain, if this is a parent domain
 * @td: promises that one thread at a time uses its QPs; or NULL
 * @alloc: the application's allocator of rings; or NULL
 * @free: the other half
 * @pd_context: their argument
 */
struct mo_pd {
	struct ibv_pd ibv_pd;
	atomic_int users;
	struct mo_pd *inner;
	struct mo_td *td;
	void *(*alloc)(struct ibv_pd *pd, void *pd_context, size_t size,
		       size_t alignment, uint64_t resource_type);
	void (*free)(struct ibv_pd *pd, void *pd_context, void *ptr,
		     uint64_t resource_type);
	void *pd_context;
};

/* What an application's allocator is asked for. */
enum mo_resource {
	MO_RESOURCE_QP = 1,
	MO_RESOURCE_CQ = 2,
};

/**
 * struct mo_buf - memory of a ring
 * @addr: page aligned
 * @size: bytes, whole pages
 * @pd: domain whose allocator gave it; NULL: it is ours
 * @type: what for
 */
struct mo_buf {
	void *addr;
	size_t size;
	struct mo_pd *pd;
	enum mo_resource type;
};

/**
 * struct mo_cq - completion queue
 * @vcq: libibverbs' part
 * @lock: for all below
 * @ring: completions
 * @rec: arm word
 * @cqn: object number
 * @log: log2 of the entries
 * @ci: consumer index, counts for ever
 * @arm_kind: MO_ARM_* of the last request; MO_ARM_READ may be added to it
 * @arm_seq: its number
 * @open: MO_ARM_* of the event that was asked for and has not been told
 * @last: QP of the completion taken last; or NULL
 * @cqe: completion that the extended poll stands at
 * @parent: parent domain; or NULL
 * @buf: memory of @ring
 */
struct mo_cq {
	struct verbs_cq vcq;
	struct mo_lock lock;
	struct mo_rdma_cqe *ring;
	struct mo_arm_rec *rec;
	uint32_t cqn;
	uint32_t log;
	uint32_t ci;
	uint32_t arm_kind;
	uint32_t arm_seq;
	uint32_t open;
	struct mo_qp *last;
	struct mo_rdma_cqe *cqe;
	struct mo_pd *parent;
	struct mo_buf buf;
};

/**
 * struct mo_wq - send or receive queue
 * @lock: for posting
 * @ring: entries
 * @wr_ids: the application's names of them
 * @rec: doorbell record
 * @object: object number of the doorbell
 * @entries: room, a power of two; 0: there is no such queue
 * @stride_log: log2 of the bytes of an entry
 * @max_sge: SGEs of an entry
 * @tail: next entry to be posted, counts for ever
 * @rung: tail when the register was considered last
 * @head: oldest entry that has not completed; written by polling
 */
struct mo_wq {
	struct mo_lock lock;
	uint8_t *ring;
	uint64_t *wr_ids;
	struct mo_db_rec *rec;
	uint32_t object;
	uint32_t entries;
	uint32_t stride_log;
	uint32_t max_sge;
	uint32_t tail;
	uint32_t rung;
	atomic_uint head;
};

/**
 * struct mo_qp - queue pair
 * @vqp: libibverbs' part
 * @sq: send queue
 * @rq: receive queue
 * @ud: datagrams: sends carry an address
 * @sig_all: every send completes
 * @max_inline: inline bytes of a send
 * @wr_tail: ibv_wr_*: entry after the last that was begun
 * @wr_error: ibv_wr_*: what complete will return
 * @wr_wqe: ibv_wr_*: entry being filled; NULL after an error
 * @wr_data: ibv_wr_*: where its data begins
 * @cap: what the application was told
 * @parent: parent domain; or NULL
 * @buf: memory of both rings
 */
struct mo_qp {
	struct verbs_qp vqp;
	struct mo_wq sq;
	struct mo_wq rq;
	bool ud;
	bool sig_all;
	uint32_t max_inline;
	uint32_t wr_tail;
	int wr_error;
	struct mo_wqe *wr_wqe;
	uint8_t *wr_data;
	struct ibv_qp_cap cap;
	struct mo_pd *parent;
	struct mo_buf buf;
};

struct mo_ah {
	struct ibv_ah ibv_ah;
	struct mo_av av;
};

static inline struct mo_context *to_mo_ctx(struct ibv_context *ctx)
{
	return container_of(ctx, struct mo_context, ibv_ctx.context);
}

static inline struct mo_pd *to_mo_pd(struct ibv_pd *pd)
{
	return container_of(pd, struct mo_pd, ibv_pd);
}

static inline struct mo_cq *to_mo_cq(struct ibv_cq *cq)
{
	return container_of(cq, struct mo_cq, vcq.cq);
}

static inline struct mo_cq *to_mo_cq_ex(struct ibv_cq_ex *cq)
{
	return container_of(cq, struct mo_cq, vcq.cq_ex);
}

static inline struct mo_qp *to_mo_qp(struct ibv_qp *qp)
{
	return container_of(qp, struct mo_qp, vqp.qp);
}

static inline struct mo_qp *to_mo_qp_ex(struct ibv_qp_ex *qp)
{
	return container_of(qp, struct mo_qp, vqp.qp_ex);
}

static inline struct mo_ah *to_mo_ah(struct ibv_ah *ah)
{
	return container_of(ah, struct mo_ah, ibv_ah);
}

/* The QP with that object number; NULL if it is none of ours. */
static inline struct mo_qp *mo_qp_find(struct mo_context *ctx, uint32_t object)
{
	uint32_t index = object & MO_OBJ_INDEX;
	struct mo_qp **leaf = ctx->qps[index >> MO_QP_LEAF_LOG];
	struct mo_qp *qp = leaf ? leaf[index & (MO_QP_LEAF - 1)] : NULL;

	return qp && qp->sq.object == object ? qp : NULL;
}

/* mem.c */
int mo_buf_alloc(struct mo_buf *buf, size_t size, struct mo_pd *pd,
		 enum mo_resource type);
void mo_buf_free(struct mo_buf *buf);
void *mo_rec_alloc(struct mo_context *ctx, size_t size);
void mo_rec_free(struct mo_context *ctx, void *rec, size_t size);
void mo_rec_cleanup(struct mo_context *ctx);

/* pd.c */
struct ibv_pd *mo_alloc_pd(struct ibv_context *ibctx);
struct ibv_pd *mo_alloc_parent_domain(struct ibv_context *ibctx,
				      struct ibv_parent_domain_init_attr *attr);
int mo_dealloc_pd(struct ibv_pd *ibpd);
struct ibv_td *mo_alloc_td(struct ibv_context *ibctx,
			   struct ibv_td_init_attr *attr);
int mo_dealloc_td(struct ibv_td *ibtd);

/* mr.c */
struct ibv_mr *mo_reg_mr(struct ibv_pd *ibpd, void *addr, size_t length,
			 uint64_t iova, int access);
int mo_rereg_mr(struct verbs_mr *vmr, int flags, struct ibv_pd *ibpd,
		void *addr, size_t length, int access);
int mo_dereg_mr(struct verbs_mr *vmr);
struct ibv_mw *mo_alloc_mw(struct ibv_pd *ibpd, enum ibv_mw_type type);
int mo_dealloc_mw(struct ibv_mw *mw);

/* cq.c */
struct ibv_cq *mo_create_cq(struct ibv_context *ibctx, int cqe,
			    struct ibv_comp_channel *channel, int vector);
struct ibv_cq_ex *mo_create_cq_ex(struct ibv_context *ibctx,
				  struct ibv_cq_init_attr_ex *attr);
int mo_destroy_cq(struct ibv_cq *ibcq);
int mo_modify_cq(struct ibv_cq *ibcq, struct ibv_modify_cq_attr *attr);
int mo_req_notify_cq(struct ibv_cq *ibcq, int solicited_only);
void mo_cq_event(struct ibv_cq *ibcq);

/* poll.c */
int mo_poll_cq(struct ibv_cq *ibcq, int num, struct ibv_wc *wc);
void mo_poll_ops(struct mo_cq *cq, uint64_t wc_flags);
void mo_cq_forget(struct mo_cq *cq, struct mo_qp *qp);

/* qp.c */
int mo_qp_layout(const struct mo_context *ctx, bool ud, struct ibv_qp_cap *cap,
		 struct mo_ureq_create_qp *req);
struct ibv_qp *mo_create_qp(struct ibv_pd *ibpd, struct ibv_qp_init_attr *attr);
struct ibv_qp *mo_create_qp_ex(struct ibv_context *ibctx,
			       struct ibv_qp_init_attr_ex *attr);
int mo_modify_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask);
int mo_query_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask,
		struct ibv_qp_init_attr *init_attr);
int mo_destroy_qp(struct ibv_qp *ibqp);

/* post.c, post_wr.c */
int mo_post_send(struct ibv_qp *ibqp, struct ibv_send_wr *wr,
		 struct ibv_send_wr **bad_wr);
int mo_post_recv(struct ibv_qp *ibqp, struct ibv_recv_wr *wr,
		 struct ibv_recv_wr **bad_wr);
int mo_bind_mw(struct ibv_qp *ibqp, struct ibv_mw *mw, struct ibv_mw_bind *bind);
int mo_wr_ops(struct mo_qp *qp, uint64_t send_ops);

/* ah.c */
struct ibv_ah *mo_create_ah(struct ibv_pd *ibpd, struct ibv_ah_attr *attr);
int mo_destroy_ah(struct ibv_ah *ibah);

#endif /* MO_PROVIDER_H */
