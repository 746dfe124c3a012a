/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RDMA driver of the Mesh Optical NIC: its objects, and what its files offer
 * each other. Of the NIC it sees mo_aux.h only, and it touches no register but
 * doorbells.
 *
 * Locks, outermost first:
 *
 *   1. qp->lock: state and attributes of a queue pair, and its commands.
 *   2. wq->lock: posting to one work queue.
 *   3. cq->lock: ring of a kernel completion queue, and the consumer index of
 *      the work queues that complete there.
 *
 * What the device writes is never trusted: an index or number that cannot be
 * is dropped and counted. When the device is gone nothing is in flight; then
 * the driver itself flushes what kernel users have posted (flush.c), so that
 * they end in bounded time.
 */
#ifndef MO_IB_H
#define MO_IB_H

#include <linux/completion.h>
#include <linux/dmapool.h>
#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>
#include <rdma/uverbs_ioctl.h>

#include "compat.h"
#include "mo_aux.h"
#include "mo_db.h"
#include "uapi/mo-abi.h"

#define MO_IB_PORT		1
#define MO_IB_PAGE_SIZES	GENMASK_ULL(31, 12)	/* of a key or a ring */
#define MO_IB_MAX_SL		(MO_AV_SL >> MO_AV_SL_SHIFT)
#define MO_IB_REC_SIZE		128			/* block of mib->recs */
#define MO_IB_ACCESS_FLAGS	((int)MO_ACCESS_ALL)

/**
 * struct mo_ib_caps - limits of the device, bounded by those of the interface
 * @max_qp: queue pairs
 * @max_cq: completion queues
 * @max_mr: memory keys
 * @max_mr_pages: pages of a key
 * @max_mcast: groups
 * @max_mcast_qp: attachments
 * @max_wq: entries of a work queue
 * @max_cqe: entries of a completion queue
 * @max_stride: bytes of a work queue entry
 * @max_rd_atomic: READs and atomics of a queue pair
 * @max_gid: entries of the address table
 * @max_sge: SGEs of an entry
 * @max_inline: inline bytes of an entry
 * @max_fast_reg: pages of a fast-register key
 */
struct mo_ib_caps {
	u32 max_qp;
	u32 max_cq;
	u32 max_mr;
	u32 max_mr_pages;
	u32 max_mcast;
	u32 max_mcast_qp;
	u32 max_wq;
	u32 max_cqe;
	u32 max_stride;
	u32 max_rd_atomic;
	u32 max_gid;
	u32 max_sge;
	u32 max_inline;
	u32 max_fast_reg;
};

/**
 * struct mo_ib_dev - RDMA device
 * @ibdev: the core's part
 * @aux: the NIC
 * @caps: limits
 * @shadow: MO_F_SHADOW_DB was negotiated
 * @pds: numbers of protection domains
 * @qps: struct mo_ib_qp by object index
 * @cqs: struct mo_ib_cq by object index
 * @recs: doorbell records and attributes of queue pairs, MO_IB_REC_SIZE each
 * @stats_lock: @stats
 * @stats: the device's counters, or NULL
 * @stats_dma: bus address of @stats
 * @mcast: attachments to groups, of all queue pairs
 * @nb: netdevice notifier, on kernels whose core has none
 * @port_state: last state that was announced, ditto
 */
struct mo_ib_dev {
	struct ib_device ibdev;
	struct mo_aux *aux;
	struct mo_ib_caps caps;
	bool shadow;
	struct ida pds;
	struct xarray qps;
	struct xarray cqs;
	struct dma_pool *recs;
	struct mutex stats_lock;	/* one reader at a time */
	struct mo_rdma_stats *stats;
	dma_addr_t stats_dma;
	atomic_t mcast;
	struct notifier_block nb;
	enum ib_port_state port_state;
};

/**
 * struct mo_ib_ring - ring of a kernel queue, in pieces of equal size
 * @chunk: pieces
 * @dma: their bus addresses
 * @chunks: number of them
 * @shift: log2 of their bytes
 */
struct mo_ib_ring {
	void **chunk;
	dma_addr_t *dma;
	u32 chunks;
	u8 shift;
};

/**
 * struct mo_ib_list - bus addresses of pages, for a command
 * @entries: in DMA memory; NULL for the one page that needs no list
 * @addr: bus address of @entries, or of the one page
 * @count: pages
 * @room: of @entries
 * @shift: log2 of the bytes of a page
 */
struct mo_ib_list {
	__le64 *entries;
	dma_addr_t addr;
	u32 count;
	u32 room;
	u8 shift;
};

/**
 * struct mo_ib_user_page - pinned page with doorbell records of a user
 * @list: in mo_ib_ucontext.pages
 * @va: its address in the process
 * @umem: the pinned page
 * @users: records in it that queues use
 */
struct mo_ib_user_page {
	struct list_head list;
	unsigned long va;
	struct ib_umem *umem;
	unsigned int users;
};

/**
 * struct mo_ib_mmap - what a user may map: a doorbell page
 * @entry: the core's part
 * @mib: device
 * @page: number of the doorbell page
 * @addr: its physical address
 */
struct mo_ib_mmap {
	struct rdma_user_mmap_entry entry;
	struct mo_ib_dev *mib;
	u32 page;
	phys_addr_t addr;
};

struct mo_ib_ucontext {
	struct ib_ucontext ibuc;
	struct mo_ib_mmap *db;
	struct mutex lock;		/* pages */
	struct list_head pages;		/* struct mo_ib_user_page */
};

struct mo_ib_pd {
	struct ib_pd ibpd;
	u32 pdn;
};

struct mo_ib_ah {
	struct ib_ah ibah;
	struct rdma_ah_attr attr;
	struct mo_av av;
};

/**
 * struct mo_ib_mr - memory key
 * @ibmr: the core's part
 * @umem: memory of a user's key
 * @kind: enum mo_mr_kind
 * @access: of a user's key, as it was asked for
 * @page_shift: of a user's key
 * @pages: pages of a user's key; room of a fast-register key
 * @list: pages of a fast-register key
 */
struct mo_ib_mr {
	struct ib_mr ibmr;
	struct ib_umem *umem;
	enum mo_mr_kind kind;
	int access;
	u8 page_shift;
	u32 pages;
	struct mo_ib_list list;
};

/* Memory window: what the core keeps of it is all. */
struct mo_ib_mw {
	struct ib_mw ibmw;
};

/**
 * struct mo_ib_cq - completion queue
 * @ibcq: the core's part
 * @comp: events of it
 * @arm: arm word
 * @lock: everything below that changes, kernel queues only
 * @ci: consumer index
 * @size_log: log2 of the entries
 * @armed: an event was asked for; who finds it set may call the handler
 * @ring: ring of a kernel queue
 * @qps: struct mo_ib_qp of a kernel queue by object index
 * @flush: struct mo_ib_wq that the driver flushes
 * @umem: ring of a user's queue
 * @rec_page: page with the record of a user's queue
 * @rec_dma: bus address of the record
 * @bad: entries that no device should write
 * @ref: 1 for its life, 1 for each event that is being told
 * @free: @ref is 0
 */
struct mo_ib_cq {
	struct ib_cq ibcq;
	struct mo_comp comp;
	struct mo_arm arm;
	spinlock_t lock;	/* consumer */
	u32 ci;
	u8 size_log;
	bool armed;
	struct mo_ib_ring ring;
	struct xarray qps;
	struct list_head flush;
	struct ib_umem *umem;
	struct mo_ib_user_page *rec_page;
	dma_addr_t rec_dma;
	u64 bad;
	refcount_t ref;
	struct completion free;
};

/* What the driver keeps of a posted work request. */
struct mo_ib_wr {
	u64 wr_id;
	enum ib_wc_opcode opcode;
};

struct mo_ib_qp;

/**
 * struct mo_ib_wq - send or receive queue
 * @qp: queue pair
 * @cq: where it completes
 * @lock: posting, kernel queues only
 * @db: doorbell
 * @tail: producer index
 * @head: consumer index, of @cq's poller
 * @log: log2 of the entries
 * @stride_log: log2 of the bytes of an entry
 * @max_sge: SGEs of an entry
 * @offset: place in the ring
 * @wr: requests by index
 * @dead: the device does nothing with it any more, @cq flushes it
 * @flush: in @cq
 */
struct mo_ib_wq {
	struct mo_ib_qp *qp;
	struct mo_ib_cq *cq;
	spinlock_t lock;	/* producer */
	struct mo_db db;
	u32 tail;
	u32 head;
	u8 log;
	u8 stride_log;
	u32 max_sge;
	size_t offset;
	struct mo_ib_wr *wr;
	bool dead;
	struct list_head flush;
};

/**
 * struct mo_ib_qp - queue pair
 * @ibqp: the core's part
 * @lock: @state, attributes, commands
 * @state: as far as the driver knows; the device may already be in error
 * @object: object number
 * @dest_qp: peer
 * @max_inline: inline bytes of a send
 * @sig_all: every send is signaled
 * @has_rq: there is a receive queue
 * @sq: send queue
 * @rq: receive queue
 * @ring: rings of a kernel queue pair
 * @umem: rings of a user's queue pair
 * @rec_page: page with the records of a user's queue pair
 * @rec: records of a kernel queue pair, send then receive
 * @rec_dma: bus address of the records
 * @ref: 1 for its life, 1 for each event that is being told
 * @free: @ref is 0
 */
struct mo_ib_qp {
	struct ib_qp ibqp;
	struct mutex lock;	/* state */
	enum ib_qp_state state;
	u32 object;
	u32 dest_qp;
	u32 max_inline;
	bool sig_all;
	bool has_rq;
	struct mo_ib_wq sq;
	struct mo_ib_wq rq;
	struct mo_ib_ring ring;
	struct ib_umem *umem;
	struct mo_ib_user_page *rec_page;
	struct mo_db_rec *rec;
	dma_addr_t rec_dma;
	atomic_t mcast;
	refcount_t ref;
	struct completion free;
};

#define MO_IB_TO(name, member) \
static inline struct mo_ib_##name *to_mo_ib_##name(struct ib_##name *ib) \
{ \
	return container_of(ib, struct mo_ib_##name, member); \
}

MO_IB_TO(pd, ibpd)
MO_IB_TO(ah, ibah)
MO_IB_TO(mr, ibmr)
MO_IB_TO(cq, ibcq)
MO_IB_TO(qp, ibqp)
MO_IB_TO(ucontext, ibuc)

static inline struct mo_ib_dev *to_mo_ib_dev(const struct ib_device *ibdev)
{
	return container_of(ibdev, struct mo_ib_dev, ibdev);
}

static inline struct device *mo_ib_dma_dev(struct mo_ib_dev *mib)
{
	return &mib->aux->pdev->dev;
}

static inline int mo_ib_cmd(struct mo_ib_dev *mib, u16 opcode, const void *body, size_t len)
{
	return mo_aux_cmd(mib->aux, opcode, body, len, NULL, 0);
}

static inline bool mo_ib_gone(const struct mo_ib_dev *mib)
{
	return mo_aux_gone(mib->aux);
}

/* After a command that destroys: the device has let go of the object. */
static inline bool mo_ib_released(const struct mo_ib_dev *mib, int err)
{
	/* Unknown to the device: nothing is left that it could use. */
	return !err || err == -ENOENT || mo_ib_gone(mib);
}

/*
 * The same of an object whose memory is freed now: the core lets no owner in the
 * kernel hear of a refusal. "In use" is one; all others are the device's madness.
 */
static inline bool mo_ib_let_go(const struct mo_ib_dev *mib, int err)
{
	if (!mo_ib_released(mib, err) && err != -EBUSY)
		mo_aux_distrust(mib->aux);
	return mo_ib_released(mib, err);
}

static inline void *mo_ib_ring_at(const struct mo_ib_ring *ring, size_t offset)
{
	return ring->chunk[offset >> ring->shift] + (offset & (BIT(ring->shift) - 1));
}

static inline void *mo_ib_wqe(const struct mo_ib_wq *wq, u32 index)
{
	size_t slot = index & (BIT(wq->log) - 1);

	return mo_ib_ring_at(&wq->qp->ring, wq->offset + (slot << wq->stride_log));
}

static inline struct mo_ib_wr *mo_ib_wr(const struct mo_ib_wq *wq, u32 index)
{
	return &wq->wr[index & (BIT(wq->log) - 1)];
}

/* Producer index, for the poller: the requests before it can be read. */
static inline u32 mo_ib_wq_tail(const struct mo_ib_wq *wq)
{
	/* Pairs with the release of who posts. */
	return smp_load_acquire(&wq->tail);
}

/* Requests before @head are done; their slots are the poster's again. */
static inline void mo_ib_wq_retire(struct mo_ib_wq *wq, u32 head)
{
	/* They have been read. Pairs with the acquire of who posts. */
	smp_store_release(&wq->head, head);
}

/* --------------------------------------------------------------- device.c */
extern const struct attribute_group mo_ib_attr_group;
int mo_ib_caps_read(struct mo_ib_dev *mib);
int mo_ib_query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
		       struct ib_udata *udata);
int mo_ib_modify_device(struct ib_device *ibdev, int mask, struct ib_device_modify *modify);
int mo_ib_query_port(struct ib_device *ibdev, u32 port, struct ib_port_attr *attr);
int mo_ib_query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey);
int mo_ib_get_port_immutable(struct ib_device *ibdev, u32 port, struct ib_port_immutable *attr);
enum rdma_link_layer mo_ib_get_link_layer(struct ib_device *ibdev, u32 port);
void mo_ib_get_dev_fw_str(struct ib_device *ibdev, char *str);

/* ------------------------------------------------------------------ gid.c */
int mo_ib_add_gid(const struct ib_gid_attr *attr, void **context);
int mo_ib_del_gid(const struct ib_gid_attr *attr, void **context);

/* ------------------------------------------------------------- ucontext.c */
int mo_ib_alloc_ucontext(struct ib_ucontext *ibuc, struct ib_udata *udata);
void mo_ib_dealloc_ucontext(struct ib_ucontext *ibuc);
int mo_ib_mmap(struct ib_ucontext *ibuc, struct vm_area_struct *vma);
void mo_ib_mmap_free(struct rdma_user_mmap_entry *entry);
void mo_ib_disassociate_ucontext(struct ib_ucontext *ibuc);
/* Pins the page of a user's doorbell record and returns its bus address. */
struct mo_ib_user_page *mo_ib_user_rec_get(struct mo_ib_ucontext *uc, u64 va, size_t size,
					   dma_addr_t *dma);
void mo_ib_user_rec_put(struct mo_ib_ucontext *uc, struct mo_ib_user_page *page);

/* ------------------------------------------------------------------- pd.c */
int mo_ib_alloc_pd(struct ib_pd *ibpd, struct ib_udata *udata);
int mo_ib_dealloc_pd(struct ib_pd *ibpd, struct ib_udata *udata);

/* ------------------------------------------------------------------ pbl.c */
int mo_ib_ring_alloc(struct mo_ib_dev *mib, struct mo_ib_ring *ring, size_t bytes);
void mo_ib_ring_free(struct mo_ib_dev *mib, struct mo_ib_ring *ring);
int mo_ib_list_alloc(struct mo_ib_dev *mib, struct mo_ib_list *list, u32 room);
void mo_ib_list_free(struct mo_ib_dev *mib, struct mo_ib_list *list);
/* The pages of a whole ring; mo_ib_list_free() when the command is done. */
int mo_ib_list_ring(struct mo_ib_dev *mib, struct mo_ib_list *list,
		    const struct mo_ib_ring *ring);
int mo_ib_list_umem(struct mo_ib_dev *mib, struct mo_ib_list *list, struct ib_umem *umem,
		    size_t bytes);

/* ------------------------------------------------------------------- mr.c */
struct ib_mr *mo_ib_get_dma_mr(struct ib_pd *ibpd, int access);
struct ib_mr *mo_ib_reg_user_mr(struct ib_pd *ibpd, u64 start, u64 length, u64 virt, int access,
				struct ib_dmah *dmah, struct ib_udata *udata);
int mo_ib_alloc_mw(struct ib_mw *ibmw, struct ib_udata *udata);
int mo_ib_dealloc_mw(struct ib_mw *ibmw);
struct ib_mr *mo_ib_rereg_user_mr(struct ib_mr *ibmr, int flags, u64 start, u64 length, u64 virt,
				  int access, struct ib_pd *ibpd, struct ib_udata *udata);
struct ib_mr *mo_ib_alloc_mr(struct ib_pd *ibpd, enum ib_mr_type type, u32 max_num_sg);
int mo_ib_map_mr_sg(struct ib_mr *ibmr, struct scatterlist *sg, int nents, unsigned int *offset);
int mo_ib_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata);

/* ------------------------------------------------------------------- cq.c */
/* No queue pair has it: object numbers are 24 bits. */
#define MO_IB_NO_OBJECT		0xffffffffU
/* Makes entries of a queue pair in the ring unknown; cq->lock held. */
void mo_ib_cq_clean(struct mo_ib_cq *cq, u32 object);
/* Calls the handler of a kernel queue that waits for an event. */
void mo_ib_cq_notify(struct mo_ib_cq *cq);
int mo_ib_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		    struct uverbs_attr_bundle *attrs);
int mo_ib_create_user_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
			 struct uverbs_attr_bundle *attrs);
int mo_ib_modify_cq(struct ib_cq *ibcq, u16 count, u16 period);
int mo_ib_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata);
struct mo_ib_cq *mo_ib_cq_get(struct mo_ib_dev *mib, u32 object);
void mo_ib_cq_put(struct mo_ib_cq *cq);

/* ------------------------------------------------------------------- qp.c */
int mo_ib_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *attr, struct ib_udata *udata);
int mo_ib_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata);
struct mo_ib_qp *mo_ib_qp_get(struct mo_ib_dev *mib, u32 object);
void mo_ib_qp_put(struct mo_ib_qp *qp);
/* The next queue pair from @index on, with a reference; for (;;) over all. */
struct mo_ib_qp *mo_ib_qp_next(struct mo_ib_dev *mib, unsigned long *index);

/* ------------------------------------------------------------ qp_modify.c */
int mo_ib_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		    struct ib_udata *udata);
int mo_ib_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		   struct ib_qp_init_attr *init);
/* Only the state, with no check of the transition; qp->lock held. */
int mo_ib_qp_set_state(struct mo_ib_qp *qp, enum mo_qp_state state);

/* ----------------------------------------------------------------- post.c */
int mo_ib_post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
		    const struct ib_send_wr **bad);
int mo_ib_post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
		    const struct ib_recv_wr **bad);
/* Bytes of a send entry with that much data. */
size_t mo_ib_send_bytes(enum ib_qp_type type, u32 sges, u32 inline_bytes);
size_t mo_ib_recv_bytes(u32 sges);

/* ----------------------------------------------------------------- poll.c */
/* Entry of a completion queue, and whether the device has written it. */
static inline struct mo_rdma_cqe *mo_ib_cqe_at(const struct mo_ib_cq *cq, u32 ci)
{
	size_t slot = ci & (BIT(cq->size_log) - 1);

	return mo_ib_ring_at(&cq->ring, slot * sizeof(struct mo_rdma_cqe));
}

static inline bool mo_ib_cqe_valid(const struct mo_ib_cq *cq, u32 ci)
{
	u8 expect = !(ci & BIT(cq->size_log));

	return (READ_ONCE(mo_ib_cqe_at(cq, ci)->phase) & 1) == expect;
}

int mo_ib_poll_cq(struct ib_cq *ibcq, int n, struct ib_wc *wc);
int mo_ib_req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags);

/* ---------------------------------------------------------------- flush.c */
/* The device does nothing with the queue pair any more: flush it. */
void mo_ib_qp_kill(struct mo_ib_qp *qp);
/* It was reset and begins anew, with empty queues. */
void mo_ib_qp_revive(struct mo_ib_qp *qp);
/* All of them; the device is gone. */
void mo_ib_kill_all(struct mo_ib_dev *mib);
/* Flushed requests of dead queue pairs; cq->lock held. */
int mo_ib_flush_poll(struct mo_ib_cq *cq, int n, struct ib_wc *wc);
bool mo_ib_flush_pending(const struct mo_ib_cq *cq);

/* ---------------------------------------------------------------- drain.c */
void mo_ib_drain_sq(struct ib_qp *ibqp);
void mo_ib_drain_rq(struct ib_qp *ibqp);

/* ------------------------------------------------------------------- ah.c */
int mo_ib_create_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *init, struct ib_udata *udata);
int mo_ib_create_user_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *init,
			 struct ib_udata *udata);
int mo_ib_query_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr);
int mo_ib_destroy_ah(struct ib_ah *ibah, u32 flags);
/* @sport is 0 if the device may choose. */
void mo_ib_av_fill(struct mo_av *av, const struct rdma_ah_attr *attr, u16 sport);
void mo_ib_av_read(const struct mo_av *av, struct rdma_ah_attr *attr);

/* ---------------------------------------------------------------- mcast.c */
int mo_ib_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);
void mo_ib_mcast_forget(struct mo_ib_dev *mib, struct mo_ib_qp *qp);
int mo_ib_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);

/* ---------------------------------------------------------------- event.c */
extern const struct mo_aux_ops mo_ib_aux_ops;

/* ------------------------------------------------------------- counters.c */

/* Counters of the transport at one moment, MO_RDMA_COUNTERS. */
struct mo_ib_counters {
#define X(name, text) u64 name;
	MO_RDMA_COUNTERS(X)
#undef X
};

/* @sync: of now, by a command; else as the device wrote them last. */
int mo_ib_counters_read(struct mo_ib_dev *mib, struct mo_ib_counters *to, bool sync);
int mo_ib_stats_init(struct mo_ib_dev *mib);
void mo_ib_stats_exit(struct mo_ib_dev *mib);
struct rdma_hw_stats *mo_ib_alloc_hw_port_stats(struct ib_device *ibdev, u32 port);
int mo_ib_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats, u32 port, int index);

/* ------------------------------------------------------------------ pma.c */
int mo_ib_process_mad(struct ib_device *ibdev, int flags, u32 port, const struct ib_wc *wc,
		      const struct ib_grh *grh, const struct ib_mad *in, struct ib_mad *out,
		      size_t *out_size, u16 *out_pkey_index);

/* ------------------------------------------------------------- restrack.c */
int mo_ib_fill_res_mr(struct sk_buff *msg, struct ib_mr *ibmr);
int mo_ib_fill_res_cq(struct sk_buff *msg, struct ib_cq *ibcq);
int mo_ib_fill_res_qp(struct sk_buff *msg, struct ib_qp *ibqp);

#endif /* MO_IB_H */
