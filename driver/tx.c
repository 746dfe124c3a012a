// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit: descriptors, doorbells, completions.
 *
 * The transmit path (mo_xmit, under the stack's queue lock) owns tail and the
 * descriptors before it; NAPI owns head. A burst of packets gets one doorbell
 * and one completion: both belong to its last packet. A packet that was put
 * into the ring without a doorbell, because more were to come, gets it also
 * when the next one is dropped or the ring is full.
 *
 * Completions may wait (the queue's moderation), unless somebody waits for them:
 * a stopped queue, or a socket that soon may send no more.
 */
#include <linux/dma-mapping.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/sock.h>

#include "net.h"
#include "status.h"

/* Packets freed in one poll; more wait for the next. */
#define MO_TX_POLL_PACKETS	256

/* Wake the queue when two of the longest packets fit. */
#define MO_TX_WAKE		(2 * MO_TX_MAX_DESCS)

/*
 * Does the sender wait for this packet's completion, or soon? Its socket has
 * used up half of what it may keep in flight.
 */
static bool mo_tx_is_awaited(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	return sk && sk_fullsock(sk) &&
	       sk_wmem_alloc_get(sk) > READ_ONCE(sk->sk_sndbuf) / 2;
}

/* Tells the device about all packets in the ring. */
static void mo_tx_flush(struct mo_txq *txq)
{
	if (txq->db.last == txq->tail)
		return;
	txq->last->flags |= cpu_to_le16(MO_TXF_COMPLETE);
	if ((txq->urgent || netif_xmit_stopped(txq->nq)) &&
	    (txq->md->features & MO_F_TX_URGENT))
		txq->last->flags |= cpu_to_le16(MO_TXF_URGENT);
	txq->urgent = false;
	mo_db_ring(txq->md, &txq->db, txq->tail);
}

static void mo_tx_unmap(const struct mo_txq *txq, u32 index, u32 descs)
{
	struct device *dev = txq->md->dev;

	while (--descs) {
		const struct mo_tx_slot *slot = &txq->slots[++index & txq->mask];

		if (slot->type == MO_TX_SLOT_PAGE)
			dma_unmap_page(dev, slot->addr, slot->bytes, DMA_TO_DEVICE);
		else
			dma_unmap_single(dev, slot->addr, slot->bytes, DMA_TO_DEVICE);
	}
}

static void mo_tx_seg(struct mo_txq *txq, u32 index, dma_addr_t addr, u32 len,
		      enum mo_tx_slot_type type)
{
	struct mo_tx_slot *slot = &txq->slots[index & txq->mask];
	struct mo_tx_seg *seg = &txq->ring[index & txq->mask].seg;

	seg->addr = cpu_to_le64(addr);
	seg->len = cpu_to_le32(len);
	seg->rsvd = 0;
	slot->addr = addr;
	slot->bytes = len;
	slot->type = type;
}

/*
 * Maps a packet and writes its data descriptors behind @first.
 * Returns the number of descriptors with the first, or 0.
 */
static u32 mo_tx_map(struct mo_txq *txq, const struct sk_buff *skb, u32 first)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct device *dev = txq->md->dev;
	u32 len = skb_headlen(skb);
	u32 index = first + 1;
	dma_addr_t addr;
	unsigned int i;

	if (likely(len)) {
		addr = dma_map_single(dev, skb->data, len, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, addr))
			return 0;
		mo_tx_seg(txq, index++, addr, len, MO_TX_SLOT_SINGLE);
	}
	for (i = 0; i < shinfo->nr_frags; i++) {
		const skb_frag_t *frag = &shinfo->frags[i];

		len = skb_frag_size(frag);
		/* The device takes no empty pieces, and pktgen makes some. */
		if (unlikely(!len))
			continue;
		addr = skb_frag_dma_map(dev, frag, 0, len, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, addr)) {
			mo_tx_unmap(txq, first, index - first);
			return 0;
		}
		mo_tx_seg(txq, index++, addr, len, MO_TX_SLOT_PAGE);
	}
	return index - first;
}

/* The device takes so many pieces, and none longer than this. */
static bool mo_tx_fits(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int i;

	if (shinfo->nr_frags >= MO_TX_MAX_SEGS)
		return false;
	if (likely(skb->len <= SZ_64K))
		return true;
	if (skb_headlen(skb) > SZ_64K)
		return false;
	for (i = 0; i < shinfo->nr_frags; i++)
		if (skb_frag_size(&shinfo->frags[i]) > SZ_64K)
			return false;
	return true;
}

/* The checksum lies behind the Ethernet header, and its field in the packet. */
static bool mo_tx_csum_fits(const struct sk_buff *skb)
{
	int start = skb_checksum_start_offset(skb);

	return start >= ETH_HLEN &&
	       start + skb->csum_offset + sizeof(__sum16) <= skb->len;
}

/*
 * The device segments this. Of a packet of a guest the stack has looked at
 * nothing yet: whatever it finds wrong with the headers later is dropped there.
 */
static bool mo_tx_gso_fits(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int hdr_len, payload;

	if (skb->ip_summed != CHECKSUM_PARTIAL || !skb_is_gso_tcp(skb) ||
	    !skb_transport_header_was_set(skb))
		return false;
	hdr_len = skb_tcp_all_headers(skb);
	if (hdr_len > MO_TX_MAX_HDR || hdr_len >= skb->len ||
	    hdr_len + shinfo->gso_size > MO_ETH_MAX_FRAME)
		return false;
	payload = skb->len - hdr_len;
	return payload <= MO_TX_MAX_TSO &&
	       payload <= shinfo->gso_size * MO_TX_MAX_TSO_SEGS && mo_tx_fits(skb);
}

/**
 * mo_features_check() - what the device cannot do for one packet
 * @skb: packet
 * @netdev: netdev
 * @features: what the netdev can do
 *
 * Return: what the device can do for @skb; the stack does the rest.
 */
netdev_features_t mo_features_check(struct sk_buff *skb, struct net_device *netdev,
				    netdev_features_t features)
{
	features = vlan_features_check(skb, features);
	if (skb->ip_summed == CHECKSUM_PARTIAL && unlikely(!mo_tx_csum_fits(skb)))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	if (skb_is_gso(skb) && unlikely(!mo_tx_gso_fits(skb)))
		features &= ~NETIF_F_GSO_MASK;
	return features;
}

static netdev_tx_t mo_tx_drop(struct mo_txq *txq, struct sk_buff *skb)
{
	u64_stats_update_begin(&txq->stats->syncp);
	u64_stats_add(&txq->stats->dropped, mo_tx_packets(skb));
	u64_stats_update_end(&txq->stats->syncp);
	dev_kfree_skb_any(skb);
	/* Packets of the same burst may wait for the doorbell of this one. */
	mo_tx_flush(txq);
	return NETDEV_TX_OK;
}

/* Nobody asks what the device can do for packets that another device redirects. */
static bool mo_tx_length_ok(struct mo_txq *txq, const struct sk_buff *skb)
{
	if (unlikely(skb->len < MO_ETH_MIN_FRAME))
		return false;
	if (likely(skb->len <= MO_ETH_MAX_FRAME) || skb_is_gso(skb))
		return true;
	u64_stats_update_begin(&txq->stats->syncp);
	u64_stats_inc(&txq->stats->too_long);
	u64_stats_update_end(&txq->stats->syncp);
	return false;
}

static bool mo_tx_linearize(struct mo_txq *txq, struct sk_buff *skb)
{
	if (skb_linearize(skb) || skb->len > SZ_64K)
		return false;
	u64_stats_update_begin(&txq->stats->syncp);
	u64_stats_inc(&txq->stats->linearized);
	u64_stats_update_end(&txq->stats->syncp);
	return true;
}

/**
 * mo_xmit() - ndo_start_xmit
 * @skb: packet
 * @netdev: netdev
 *
 * Return: NETDEV_TX_OK, or NETDEV_TX_BUSY when the ring is full, which the
 * queue's being stopped in time prevents.
 */
netdev_tx_t mo_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	const struct mo_net *net = netdev_priv(netdev);
	struct mo_txq *txq = net->txq[skb_get_queue_mapping(skb)];
	struct mo_tx_slot *slot;
	struct netdev_queue *nq;
	struct mo_tx_pkt *pkt;
	unsigned int bytes;
	u32 first, descs;

	if (unlikely(!txq)) {
		/* Its queue was chosen before there were fewer. */
		dev_core_stats_tx_dropped_inc(netdev);
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	nq = txq->nq;
	first = txq->tail;
	if (unlikely(mo_txq_room(txq) < MO_TX_MAX_DESCS)) {
		netif_tx_stop_queue(nq);
		mo_tx_flush(txq);
		return NETDEV_TX_BUSY;
	}
	if (unlikely(!mo_tx_length_ok(txq, skb) || mo_hopopt_jumbo_remove(skb)))
		return mo_tx_drop(txq, skb);
	if (unlikely(!mo_tx_fits(skb)) && !mo_tx_linearize(txq, skb))
		return mo_tx_drop(txq, skb);

	descs = mo_tx_map(txq, skb, first);
	if (unlikely(!descs))
		return mo_tx_drop(txq, skb);

	pkt = &txq->ring[first & txq->mask].pkt;
	*pkt = (struct mo_tx_pkt){ .type = MO_TXD_PKT, .nseg = descs - 1 };
	bytes = mo_tx_offload(skb, pkt, txq->stats);

	slot = &txq->slots[first & txq->mask];
	slot->skb = skb;
	slot->bytes = bytes;
	slot->descs = descs;
	slot->type = MO_TX_SLOT_SKB;
	txq->last = pkt;
	txq->urgent |= mo_tx_is_awaited(skb);
	skb_tx_timestamp(skb);

	smp_store_release(&txq->tail, first + descs);	/* the slots before it */
	if (!netif_txq_maybe_stop(nq, mo_txq_room(txq), MO_TX_MAX_DESCS, MO_TX_WAKE)) {
		u64_stats_update_begin(&txq->stats->syncp);
		u64_stats_inc(&txq->stats->stop);
		u64_stats_update_end(&txq->stats->syncp);
	}
	if (__netdev_tx_sent_queue(nq, bytes, netdev_xmit_more()))
		mo_tx_flush(txq);
	return NETDEV_TX_OK;
}

/* The device says something that cannot be. */
static void mo_tx_broken(struct mo_txq *txq, bool lie)
{
	struct mo_txc_stats *stats = &txq->ch->net->stats[txq->ch->index].txc;

	txq->stopped = true;
	u64_stats_update_begin(&stats->syncp);
	if (lie)
		u64_stats_inc(&stats->bad_completions);
	else
		u64_stats_inc(&stats->errors);
	u64_stats_update_end(&stats->syncp);
	mo_channel_broken(txq->ch);
}

/* The device made no sense of one packet and goes on with the next. */
static void mo_tx_refused(struct mo_txq *txq)
{
	struct mo_txc_stats *stats = &txq->ch->net->stats[txq->ch->index].txc;

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->refused);
	u64_stats_update_end(&stats->syncp);
}

/* Takes completions and moves @txq->done. */
static void mo_tx_take(struct mo_txq *txq)
{
	struct mo_cq *cq = &txq->cq;
	const struct mo_eth_cqe *cqe;
	u32 limit = cq->mask + 1;

	while (limit-- && (cqe = mo_cq_next(cq))) {
		u32 index = le32_to_cpu(READ_ONCE(cqe->index));
		u32 tail = smp_load_acquire(&txq->tail);	/* of mo_xmit() */
		u8 type = READ_ONCE(cqe->type);

		cq->ci++;
		if (type == MO_CQE_TX_ERROR) {
			netdev_warn(txq->ch->net->netdev,
				    "tx queue %u stopped: %s\n", txq->ch->index,
				    mo_queue_error_text(READ_ONCE(cqe->flags)));
			mo_tx_broken(txq, false);
			return;
		}
		/* Not back, and not beyond what is in the ring. */
		if ((type != MO_CQE_TX && type != MO_CQE_TX_REFUSED) ||
		    index - txq->done > tail - txq->done) {
			mo_tx_broken(txq, true);
			return;
		}
		if (unlikely(type == MO_CQE_TX_REFUSED))
			mo_tx_refused(txq);
		txq->done = index;
	}
}

/**
 * mo_tx_poll() - take completions and free packets
 * @txq: queue
 * @budget: NAPI's, 0 from netpoll
 *
 * Return: false when there may be more to do.
 */
bool mo_tx_poll(struct mo_txq *txq, int budget)
{
	bool unmap = dma_need_unmap(txq->md->dev);
	unsigned int packets = 0, bytes = 0;
	u32 head = txq->head, ci = txq->cq.ci;

	if (unlikely(txq->stopped))
		return true;
	mo_tx_take(txq);
	if (mo_cq_lost(&txq->cq, ci)) {
		mo_tx_broken(txq, true);
		return true;
	}
	mo_cq_publish(&txq->cq);
	if (head == txq->done)
		return true;

	do {
		struct mo_tx_slot *slot = &txq->slots[head & txq->mask];
		u32 descs = slot->descs;

		/* Only whole packets complete. */
		if (unlikely(descs > txq->done - head)) {
			mo_tx_broken(txq, true);
			break;
		}
		if (unmap)
			mo_tx_unmap(txq, head, descs);
		bytes += slot->bytes;
		packets++;
		napi_consume_skb(slot->skb, budget);
		head += descs;
	} while (head != txq->done && packets < MO_TX_POLL_PACKETS);

	WRITE_ONCE(txq->head, head);
	if (!__netif_txq_completed_wake(txq->nq, packets, bytes, mo_txq_room(txq),
					MO_TX_WAKE, txq->closing)) {
		struct mo_txc_stats *stats = &txq->ch->net->stats[txq->ch->index].txc;

		u64_stats_update_begin(&stats->syncp);
		u64_stats_inc(&stats->wake);
		u64_stats_update_end(&stats->syncp);
	}
	return head == txq->done || txq->stopped;
}

/**
 * mo_tx_purge() - free packets that will never complete
 * @txq: queue; the device has let go of it, and neither the transmit path nor
 *       NAPI runs
 */
void mo_tx_purge(struct mo_txq *txq)
{
	u32 dropped = 0;

	while (txq->head != txq->tail) {
		struct mo_tx_slot *slot = &txq->slots[txq->head & txq->mask];
		struct sk_buff *skb = slot->skb;
		u32 descs = slot->descs;

		mo_tx_unmap(txq, txq->head, descs);
		dropped += mo_tx_packets(skb);
		dev_kfree_skb_any(skb);
		txq->head += descs;
	}
	if (!dropped)
		return;
	/* The queue that took this one's place counts in the same place. */
	__netif_tx_lock_bh(txq->nq);
	u64_stats_update_begin(&txq->stats->syncp);
	u64_stats_add(&txq->stats->dropped, dropped);
	u64_stats_update_end(&txq->stats->syncp);
	__netif_tx_unlock_bh(txq->nq);
}
