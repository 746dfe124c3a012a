// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: buffers, NAPI, packets.
 *
 * Every buffer is cut for napi_build_skb(), so that any of them may become the
 * start of a packet. A slot of the ring is used for the same place again and
 * again: a short packet is copied out and its buffer stays in the slot, so that
 * refilling is but a step of the tail.
 */
#include <linux/dma-mapping.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/busy_poll.h>

#include "net.h"

/* Buffers that are missing before it is worth to post new ones. */
static u32 mo_rx_batch(const struct mo_rxq *rxq)
{
	return min((rxq->mask + 1) / 4, 64u);
}

static dma_addr_t mo_rx_addr(const struct mo_rx_slot *slot)
{
	return page_pool_get_dma_addr_netmem(slot->netmem) + slot->offset + MO_RX_HEADROOM;
}

static void *mo_rx_va(const struct mo_rx_slot *slot)
{
	return netmem_address(slot->netmem) + slot->offset;
}

/**
 * mo_rx_refill() - post free buffers
 * @rxq: queue
 * @gfp: how to allocate
 *
 * Return: false when memory ran out before the ring was full.
 */
bool mo_rx_refill(struct mo_rxq *rxq, gfp_t gfp)
{
	u32 room = rxq->mask + 1 - (rxq->tail - rxq->head);
	u32 tail = rxq->tail;
	bool full = true;

	if (room < mo_rx_batch(rxq))
		return true;

	for (; room; room--, tail++) {
		struct mo_rx_slot *slot = &rxq->slots[tail & rxq->mask];
		unsigned int size = MO_RX_BUF_TRUESIZE;

		if (slot->netmem)
			continue;
		slot->netmem = page_pool_alloc_netmem(rxq->pool, &slot->offset, &size, gfp);
		if (unlikely(!slot->netmem)) {
			full = false;
			break;
		}
		rxq->ring[tail & rxq->mask].addr = cpu_to_le64(mo_rx_addr(slot));
	}
	if (tail != rxq->tail) {
		rxq->tail = tail;
		mo_db_ring(rxq->md, &rxq->db, tail);
	}
	return full;
}

/* Hands a buffer that stays in its slot back to the device. */
static void mo_rx_reuse(struct mo_rxq *rxq, const struct mo_rx_slot *slot, u32 len)
{
	dma_sync_single_for_device(rxq->md->dev, mo_rx_addr(slot), len, DMA_FROM_DEVICE);
}

static struct sk_buff *mo_rx_copy(struct mo_rxq *rxq, struct mo_rx_slot *slot, u32 len)
{
	struct sk_buff *skb = napi_alloc_skb(&rxq->ch->napi, len);

	if (likely(skb))
		skb_put_data(skb, mo_rx_va(slot) + MO_RX_HEADROOM, len);
	mo_rx_reuse(rxq, slot, len);
	return skb;
}

/* Makes a packet of the buffers from the ring's head on. */
static struct sk_buff *mo_rx_build(struct mo_rxq *rxq, const struct mo_rx_meta *meta)
{
	struct mo_rx_slot *slot = &rxq->slots[rxq->head & rxq->mask];
	u32 len = min_t(u32, meta->length, MO_RX_BUF_LEN);
	u32 left = meta->length - len;
	struct sk_buff *skb;
	u32 i;

	dma_sync_single_for_cpu(rxq->md->dev, mo_rx_addr(slot), len, DMA_FROM_DEVICE);
	net_prefetch(mo_rx_va(slot) + MO_RX_HEADROOM);
	if (meta->length <= MO_RX_COPYBREAK)
		return mo_rx_copy(rxq, slot, len);

	skb = napi_build_skb(mo_rx_va(slot), MO_RX_BUF_TRUESIZE);
	if (unlikely(!skb)) {
		/* All buffers stay where they are and are posted again. */
		for (i = 0; i < meta->bufs; i++) {
			slot = &rxq->slots[(rxq->head + i) & rxq->mask];
			mo_rx_reuse(rxq, slot, MO_RX_BUF_LEN);
		}
		return NULL;
	}
	slot->netmem = 0;
	skb_mark_for_recycle(skb);
	skb_reserve(skb, MO_RX_HEADROOM);
	__skb_put(skb, len);

	for (i = 1; left; i++) {
		slot = &rxq->slots[(rxq->head + i) & rxq->mask];
		len = min_t(u32, left, MO_RX_BUF_LEN);
		left -= len;
		dma_sync_single_for_cpu(rxq->md->dev, mo_rx_addr(slot), len,
					DMA_FROM_DEVICE);
		skb_add_rx_frag_netmem(skb, i - 1, slot->netmem,
				       slot->offset + MO_RX_HEADROOM, len,
				       MO_RX_BUF_TRUESIZE);
		slot->netmem = 0;
	}
	return skb;
}

/* Packets on the wire that a completion stands for. */
static u32 mo_rx_packets(const struct mo_rx_meta *meta)
{
	return meta->flags & MO_RXF_GRO ? meta->gso_segs : 1;
}

static void mo_rx_count(struct mo_rxq_stats *stats, const struct mo_rx_tally *tally)
{
	u64_stats_update_begin(&stats->syncp);
#define X(name) u64_stats_add(&stats->name, tally->name);
	MO_RXQ_STATS(X)
#undef X
	u64_stats_update_end(&stats->syncp);
}

/**
 * mo_rx_forget() - count what is in a queue as dropped
 * @rxq: queue that the device fills no more and nobody polls
 *
 * There is something only after the driver gave up on the queue.
 */
void mo_rx_forget(struct mo_rxq *rxq)
{
	struct mo_rx_tally tally = {};
	u32 limit = rxq->cq.mask + 1;
	const struct mo_eth_cqe *cqe;
	struct mo_rx_meta meta;

	for (; limit && (cqe = mo_cq_next(&rxq->cq)); limit--) {
		rxq->cq.ci++;
		if (mo_rx_decode(rxq, cqe, &meta)) {
			rxq->head += meta.bufs;
			tally.dropped += mo_rx_packets(&meta);
		} else {
			tally.dropped++;
		}
	}
	if (tally.dropped)
		mo_rx_count(rxq->stats, &tally);
}

/**
 * mo_rx_poll() - receive
 * @rxq: queue
 * @napi: the channel's, whose GRO takes the packets; NULL when NAPI is disabled:
 *        the stack takes them at once
 * @budget: packets at most
 *
 * Return: packets received.
 */
int mo_rx_poll(struct mo_rxq *rxq, struct napi_struct *napi, int budget)
{
	/* A change of features does not stop the queues. */
	netdev_features_t features = READ_ONCE(rxq->ch->net->netdev->features);
	struct mo_rx_tally tally = {};
	struct mo_cq *cq = &rxq->cq;
	const struct mo_eth_cqe *cqe;
	struct mo_rx_meta meta;
	struct sk_buff *skb;
	u32 ci = cq->ci;
	int done = 0;

	if (unlikely(rxq->stopped))
		return 0;

	while (done < budget && (cqe = mo_cq_next(cq))) {
		if (unlikely(!mo_rx_decode(rxq, cqe, &meta))) {
			rxq->stopped = true;
			tally.bad_completions++;
			mo_channel_broken(rxq->ch);
			break;
		}
		cq->ci++;
		done++;
		skb = mo_rx_build(rxq, &meta);
		rxq->head += meta.bufs;
		if (unlikely(!skb)) {
			tally.alloc_fail++;
			tally.dropped += mo_rx_packets(&meta);
			continue;
		}
		if (unlikely(!mo_rx_finish(rxq, skb, &meta, features, &tally))) {
			tally.bad_completions++;
			tally.dropped += mo_rx_packets(&meta);
			dev_kfree_skb_any(skb);
			continue;
		}
		if (!napi || mo_rx_is_single(skb, &meta)) {
			skb_mark_napi_id(skb, &rxq->ch->napi);
			netif_receive_skb(skb);
		} else {
			napi_gro_receive(napi, skb);
		}
	}

	if (mo_cq_lost(cq, ci) && !rxq->stopped) {
		rxq->stopped = true;
		tally.bad_completions++;
		mo_channel_broken(rxq->ch);
	}
	mo_cq_publish(cq);
	if (!mo_rx_refill(rxq, GFP_ATOMIC | __GFP_NOWARN)) {
		tally.alloc_fail++;
		/* Too few for the longest packet: nothing might come any more. */
		rxq->starved = rxq->tail - rxq->head < MO_RX_MAX_BUFS;
	} else {
		rxq->starved = false;
	}
	rxq->ch->packets += tally.packets;
	rxq->ch->bytes += tally.bytes;
	if (done || tally.alloc_fail || tally.bad_completions)
		mo_rx_count(rxq->stats, &tally);
	return done;
}

/*
 * Asks for an event at the next entry, unless one was asked for that will still
 * come. Returns true when entries are there already.
 */
static bool mo_cq_arm(struct mo_dev *md, struct mo_cq *cq)
{
	if (READ_ONCE(cq->armed))
		return false;
	WRITE_ONCE(cq->armed, true);
	mo_arm(md, &cq->arm, cq->ci);
	return mo_cq_next(cq);
}

static void mo_channel_sample(struct mo_channel *ch)
{
	struct dim_sample sample;

	dim_update_sample(ch->events, ch->packets, ch->bytes, &sample);
	mo_net_dim(&ch->dim, &sample);
}

/* An entry that has waited for an event since the last look. */
static bool mo_cq_forgotten(struct mo_cq *cq)
{
	bool same = cq->watched == READ_ONCE(cq->ci);

	cq->watched = READ_ONCE(cq->ci);
	return same && READ_ONCE(cq->armed) && mo_cq_next(cq);
}

/**
 * mo_channel_watch() - poll a channel whose event was lost
 * @ch: running channel
 *
 * Called now and then, under the netdev's lock. An entry that was there at the
 * last look already, and that nobody polls for, had no event.
 */
void mo_channel_watch(struct mo_channel *ch)
{
	struct mo_txq *txq = ch->txq;
	struct mo_rxq *rxq = ch->rxq;
	bool tx = !txq->stopped && mo_cq_forgotten(&txq->cq);
	bool rx = !rxq->stopped && mo_cq_forgotten(&rxq->cq);

	if (!tx && !rx)
		return;
	ch->net->stats[ch->index].missed_events++;
	/* The poll asks for events anew. */
	WRITE_ONCE(txq->cq.armed, false);
	WRITE_ONCE(rxq->cq.armed, false);
	local_bh_disable();
	napi_schedule(&ch->napi);
	local_bh_enable();
}

/**
 * mo_napi_poll() - NAPI poll of a channel
 * @napi: the channel's
 * @budget: packets to receive at most; 0 from netpoll, which must not receive
 *
 * Return: packets received, or @budget to be called again.
 */
int mo_napi_poll(struct napi_struct *napi, int budget)
{
	struct mo_channel *ch = container_of(napi, struct mo_channel, napi);
	struct mo_txq *txq = ch->txq;
	struct mo_rxq *rxq = ch->rxq;
	struct mo_dev *md = ch->net->md;
	bool more;
	int done;

	if (unlikely(!budget)) {
		mo_tx_poll(txq, 0);
		return 0;
	}
	/* Somebody may wait for what was received; freeing what was sent can follow. */
	done = mo_rx_poll(rxq, napi, budget);
	more = !mo_tx_poll(txq, budget);
	if (more || done >= budget || unlikely(rxq->starved))
		return budget;
	if (!napi_complete_done(napi, done))
		return done;

	if (READ_ONCE(ch->coal.rx_adaptive))
		mo_channel_sample(ch);
	if (likely(!txq->stopped))
		more = mo_cq_arm(md, &txq->cq);
	if (likely(!rxq->stopped))
		more |= mo_cq_arm(md, &rxq->cq);
	if (more)
		napi_schedule(napi);
	return done;
}
