/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transmit, receive and completion queues as the driver keeps them. Each has
 * its 64-byte record (driver/hw/db.h) right behind its ring.
 */
#ifndef MO_RING_H
#define MO_RING_H

#include <linux/cache.h>
#include <linux/netdevice.h>
#include <net/netmem.h>
#include <net/page_pool/types.h>

#include "mo.h"

struct mo_channel;
struct mo_net;
struct mo_rxq_stats;
struct mo_txq_stats;

/**
 * struct mo_txq_cfg - configuration of a transmit queue
 * @log: log2 of the descriptors
 */
struct mo_txq_cfg {
	u8 log;
};

/**
 * struct mo_rxq_cfg - configuration of a receive queue
 * @log: log2 of the buffers
 */
struct mo_rxq_cfg {
	u8 log;
};

/* So many events without an entry: it was written where nobody looks. */
#define MO_CQ_IDLE_MAX		16

/**
 * struct mo_cq - completion queue
 * @ring: entries
 * @mask: entries - 1
 * @ci: consumer index, absolute; NAPI's
 * @arm: arm word, right behind the ring
 * @said: consumer index in the arm word
 * @watched: consumer index at the last look of the watch
 * @comp: its events
 * @ch: channel that polls it
 * @dma: bus address of @ring
 * @log: log2 of the entries
 * @idle: events in a row that came without an entry
 * @armed: an event was asked for and has not come
 * @created: it exists in the device
 * @attached: @comp is attached
 */
struct mo_cq {
	struct mo_eth_cqe *ring;
	u32 mask;
	u32 ci;
	struct mo_arm arm;
	u32 said;
	u32 watched;
	struct mo_comp comp;
	struct mo_channel *ch;
	dma_addr_t dma;
	u8 log;
	u8 idle;
	bool armed;
	bool created;
	bool attached;
};

/* Entry of the transmit ring. */
union mo_tx_desc {
	struct mo_tx_pkt pkt;
	struct mo_tx_seg seg;
};

/* What an entry of the transmit ring stands for. */
enum mo_tx_slot_type {
	MO_TX_SLOT_SKB = 1,	/* first of a packet of the stack */
	MO_TX_SLOT_SINGLE,	/* piece from dma_map_single() */
	MO_TX_SLOT_PAGE,	/* piece from dma_map_page() */
};

/*
 * What the driver keeps of an entry of the transmit ring: of a packet's first
 * one the packet, of the others how to unmap them. Never read back from the
 * ring, which the device might write.
 */
struct mo_tx_slot {
	union {
		struct sk_buff *skb;
		dma_addr_t addr;
	};
	u32 bytes;	/* of a piece; of a packet on the wire without FCS, for BQL */
	u16 descs;	/* of a packet */
	u8 type;	/* enum mo_tx_slot_type */
};

/**
 * struct mo_txq - transmit queue
 * @ring: descriptors
 * @slots: a slot per descriptor
 * @mask: descriptors - 1
 * @tail: producer index; what lies between @db.last and it waits for a doorbell
 * @last: first descriptor of the last packet
 * @urgent: somebody waits for the completion of what has had no doorbell yet
 * @nq: the stack's queue
 * @stats: counters of the transmit path
 * @md: device
 * @db: doorbell, its record right behind the ring
 * @head: consumer index; NAPI writes it
 * @done: all before it are done, as the device said
 * @stopped: the device or the driver gave up on this queue
 * @closing: the stack's queue stays stopped, whatever completes
 * @ch: channel
 * @cq: completion queue
 * @dma: bus address of @ring
 * @log: log2 of the descriptors
 * @created: it exists in the device
 */
struct mo_txq {
	union mo_tx_desc *ring;
	struct mo_tx_slot *slots;
	u32 mask;
	u32 tail;
	struct mo_tx_pkt *last;
	bool urgent;
	struct netdev_queue *nq;
	struct mo_txq_stats *stats;
	struct mo_dev *md;
	struct mo_db db;

	u32 head ____cacheline_aligned_in_smp;
	u32 done;
	bool stopped;
	bool closing;
	struct mo_channel *ch;
	struct mo_cq cq;

	dma_addr_t dma;
	u8 log;
	bool created;
};

/* Receive buffer; a slot with memory is ready to be posted (again). */
struct mo_rx_slot {
	netmem_ref netmem;
	u32 offset;
};

/**
 * struct mo_rxq - receive queue; all of it belongs to NAPI
 * @ring: descriptors
 * @slots: a slot per descriptor
 * @mask: descriptors - 1
 * @head: index of the next buffer that the device fills
 * @tail: producer index
 * @pool: pages
 * @starved: buffers ran out and could not be allocated
 * @stopped: the device or the driver gave up on this queue
 * @ch: channel
 * @md: device
 * @stats: counters
 * @db: doorbell, its record right behind the ring
 * @cq: completion queue
 * @dma: bus address of @ring
 * @log: log2 of the descriptors
 * @created: it exists in the device
 */
struct mo_rxq {
	struct mo_rx_desc *ring;
	struct mo_rx_slot *slots;
	u32 mask;
	u32 head;
	u32 tail;
	struct page_pool *pool;
	bool starved;
	bool stopped;
	struct mo_channel *ch;
	struct mo_dev *md;
	struct mo_rxq_stats *stats;
	struct mo_db db;
	struct mo_cq cq;

	dma_addr_t dma;
	u8 log;
	bool created;
};

bool mo_cq_is_net(struct mo_dev *md, u32 cqn);

/**
 * mo_cq_next() - next entry of a completion queue
 * @cq: queue
 *
 * Return: the entry at the consumer index, or NULL when the device has not
 * written it yet. All of an entry that is returned has been written.
 */
static inline const struct mo_eth_cqe *mo_cq_next(const struct mo_cq *cq)
{
	const struct mo_eth_cqe *cqe = &cq->ring[cq->ci & cq->mask];
	/* 1 in the first pass over the ring, then alternating. */
	u8 phase = !(cq->ci & (cq->mask + 1));

	if ((READ_ONCE(cqe->phase) & 1) != phase)
		return NULL;
	dma_rmb();	/* the phase before the rest */
	return cqe;
}

/**
 * mo_cq_publish() - tell the device how far a completion queue has been read
 * @cq: queue
 *
 * Without asking for an event, and without taking back that one was asked for.
 * The device takes a queue for overrun that looks full; so call it before the
 * places that the entries stood for are used again.
 */
static inline void mo_cq_publish(struct mo_cq *cq)
{
	if (cq->said == cq->ci)
		return;
	cq->said = cq->ci;
	mo_arm_store(&cq->arm, cq->ci);
}

static inline u32 mo_txq_room(const struct mo_txq *txq)
{
	return txq->mask + 1 - (READ_ONCE(txq->tail) - READ_ONCE(txq->head));
}

/**
 * mo_cq_lost() - does the device announce entries that are not there?
 * @cq: queue
 * @before: consumer index when the poll began
 *
 * Return: true when it did so again and again.
 */
static inline bool mo_cq_lost(struct mo_cq *cq, u32 before)
{
	if (cq->ci != before)
		cq->idle = 0;
	return unlikely(cq->idle > MO_CQ_IDLE_MAX);
}

/* ring.c */
/* In memory and in the device; nobody uses them yet. */
struct mo_txq *mo_txq_make(struct mo_channel *ch, const struct mo_txq_cfg *cfg,
			   struct netlink_ext_ack *extack);
struct mo_rxq *mo_rxq_make(struct mo_channel *ch, const struct mo_rxq_cfg *cfg,
			   struct netlink_ext_ack *extack);
/* Nobody uses them any more; also on a dead device. */
void mo_txq_free(struct mo_txq *txq);
void mo_rxq_free(struct mo_rxq *rxq);

#endif /* MO_RING_H */
