// SPDX-License-Identifier: GPL-2.0
/*
 * Receive completions: from what the device says to what the stack is told.
 *
 * A completion is read once, field by field, and everything in it is bounded
 * before it is used: a broken device costs packets, never memory.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <net/gro.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "net.h"

/**
 * mo_rx_decode() - read a receive completion
 * @rxq: queue
 * @cqe: completion; the device might still write it
 * @meta: what it says
 *
 * Return: false when it cannot be true, after which nothing is known about the
 * state of the ring.
 */
bool mo_rx_decode(const struct mo_rxq *rxq, const struct mo_eth_cqe *cqe,
		  struct mo_rx_meta *meta)
{
	u32 length = le32_to_cpu(READ_ONCE(cqe->length));
	u32 index = le32_to_cpu(READ_ONCE(cqe->index));
	u32 bufs = READ_ONCE(cqe->nseg);

	if (READ_ONCE(cqe->type) != MO_CQE_RX || index != rxq->head)
		return false;
	if (length < MO_ETH_MIN_FRAME || length > MO_RX_MAX_LEN)
		return false;
	/* Buffers are filled one after another; the length bounds their number. */
	if (bufs > rxq->tail - rxq->head || length > bufs * MO_RX_BUF_LEN ||
	    length <= (bufs - 1) * MO_RX_BUF_LEN)
		return false;

	meta->length = length;
	meta->bufs = bufs;
	meta->hash = le32_to_cpu(READ_ONCE(cqe->hash));
	meta->vlan_tci = le16_to_cpu(READ_ONCE(cqe->vlan_tci));
	meta->l3l4 = READ_ONCE(cqe->l3l4);
	meta->flags = READ_ONCE(cqe->flags);
	if (unlikely(meta->flags & MO_RXF_GRO)) {
		meta->gso_size = le16_to_cpu(READ_ONCE(cqe->gso_size));
		meta->gso_segs = READ_ONCE(cqe->gso_segs);
		if (!meta->gso_size || meta->gso_segs < 2 ||
		    !(meta->flags & MO_RXF_L4_CSUM_OK) ||
		    (meta->l3l4 & MO_L4_MASK) != MO_L4_TCP)
			return false;
	}
	return true;
}

/* The fields that are hashed of packets of this kind. */
static u8 mo_rx_hash_fields(const struct mo_rss *rss, u8 l3l4)
{
	switch (l3l4 & (MO_L3_MASK | MO_L4_MASK)) {
	case MO_L3_IPV4 | MO_L4_TCP:
		return READ_ONCE(rss->fields[MO_FLOW_TCP4]);
	case MO_L3_IPV4 | MO_L4_UDP:
		return READ_ONCE(rss->fields[MO_FLOW_UDP4]);
	case MO_L3_IPV6 | MO_L4_TCP:
		return READ_ONCE(rss->fields[MO_FLOW_TCP6]);
	case MO_L3_IPV6 | MO_L4_UDP:
		return READ_ONCE(rss->fields[MO_FLOW_UDP6]);
	default:
		return 0;
	}
}

/* Who takes a hash for one of layer 4 tells flows apart by it. */
static void mo_rx_hash(struct sk_buff *skb, const struct mo_rx_meta *meta,
		       const struct mo_rss *rss)
{
	u8 ports = MO_HASH_L4_SRC | MO_HASH_L4_DST;

	if (!(meta->flags & MO_RXF_HASH))
		return;
	ports &= mo_rx_hash_fields(rss, meta->l3l4);
	skb_set_hash(skb, meta->hash, ports ? PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
}

/* Length of the IPv4 header; its checksum and length are made right. */
static unsigned int mo_rx_gro_ipv4(struct sk_buff *skb, const struct mo_rx_meta *meta)
{
	struct iphdr *iph = (struct iphdr *)skb->data;
	unsigned int hlen;
	struct tcphdr *th;

	if (skb_headlen(skb) < sizeof(*iph) + sizeof(*th))
		return 0;
	hlen = iph->ihl * 4;
	if (iph->version != 4 || hlen < sizeof(*iph) || iph->protocol != IPPROTO_TCP ||
	    skb_headlen(skb) < hlen + sizeof(*th))
		return 0;

	if (iph->tot_len != htons(skb->len)) {
		iph->tot_len = htons(skb->len);
		ip_send_check(iph);
	}
	th = (struct tcphdr *)(skb->data + hlen);
	th->check = ~tcp_v4_check(skb->len - hlen, iph->saddr, iph->daddr, 0);
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	if (meta->l3l4 & MO_L3_FIXED_ID)
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_FIXEDID;
	return hlen;
}

static unsigned int mo_rx_gro_ipv6(struct sk_buff *skb)
{
	struct ipv6hdr *iph = (struct ipv6hdr *)skb->data;
	struct tcphdr *th;

	if (skb_headlen(skb) < sizeof(*iph) + sizeof(*th))
		return 0;
	if (iph->version != 6 || iph->nexthdr != IPPROTO_TCP)
		return 0;

	iph->payload_len = htons(skb->len - sizeof(*iph));
	th = (struct tcphdr *)(skb->data + sizeof(*iph));
	th->check = ~tcp_v6_check(skb->len - sizeof(*iph), &iph->saddr,
				  &iph->daddr, 0);
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV6;
	return sizeof(*iph);
}

/*
 * A coalesced packet, for the stack what its own GRO would have made. The
 * device's word is checked against the headers.
 */
static bool mo_rx_gro(struct sk_buff *skb, const struct mo_rx_meta *meta,
		      struct mo_rx_tally *tally)
{
	unsigned int l3_len, hdr_len, payload;

	switch (skb->protocol) {
	case htons(ETH_P_IP):
		l3_len = mo_rx_gro_ipv4(skb, meta);
		break;
	case htons(ETH_P_IPV6):
		l3_len = mo_rx_gro_ipv6(skb);
		break;
	default:
		return false;
	}
	if (!l3_len)
		return false;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, l3_len);
	hdr_len = l3_len + tcp_hdrlen(skb);
	if (skb->len <= hdr_len)
		return false;
	payload = skb->len - hdr_len;
	if (DIV_ROUND_UP(payload, meta->gso_size) != meta->gso_segs)
		return false;

	skb_shinfo(skb)->gso_size = meta->gso_size;
	NAPI_GRO_CB(skb)->count = meta->gso_segs;
	tcp_gro_complete(skb);

	tally->csum_unnecessary++;
	tally->hw_gro_packets++;
	tally->hw_gro_bytes += skb->len + ETH_HLEN;
	tally->hw_gro_wire_packets += meta->gso_segs;
	payload = skb->len + ETH_HLEN + (meta->gso_segs - 1) * (hdr_len + ETH_HLEN);
	tally->hw_gro_wire_bytes += payload;
	tally->packets += meta->gso_segs;
	tally->bytes += payload;
	return true;
}

/**
 * mo_rx_finish() - tell the stack what the device found out about a packet
 * @rxq: queue
 * @skb: packet, from the Ethernet header on
 * @meta: its completion
 * @features: of the netdev
 * @tally: counters
 *
 * Return: false when the packet must be dropped.
 */
bool mo_rx_finish(struct mo_rxq *rxq, struct sk_buff *skb,
		  const struct mo_rx_meta *meta, netdev_features_t features,
		  struct mo_rx_tally *tally)
{
	skb_record_rx_queue(skb, rxq->ch->index);
	skb->protocol = eth_type_trans(skb, rxq->ch->net->netdev);
	mo_rx_hash(skb, meta, &rxq->ch->net->rss);
	if (meta->flags & MO_RXF_VLAN)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), meta->vlan_tci);

	if (meta->flags & (MO_RXF_L4_CSUM_BAD | MO_RXF_L3_CSUM_BAD))
		tally->csum_bad++;
	if (meta->flags & MO_RXF_GRO)
		return mo_rx_gro(skb, meta, tally);

	tally->packets++;
	tally->bytes += meta->length;
	if ((features & NETIF_F_RXCSUM) && (meta->flags & MO_RXF_L4_CSUM_OK) &&
	    !(meta->flags & (MO_RXF_L4_CSUM_BAD | MO_RXF_L3_CSUM_BAD))) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		tally->csum_unnecessary++;
	} else {
		tally->csum_none++;
	}
	return true;
}

/**
 * mo_rx_is_single() - is this a packet that GRO never merges with another?
 * @skb: packet, as mo_rx_finish() leaves it
 * @meta: its completion
 *
 * GRO hands such a packet to the stack only when the poll ends; but somebody
 * waits for the answers of ARP, neighbour discovery and echo.
 *
 * Return: true when it may go past GRO.
 */
bool mo_rx_is_single(const struct sk_buff *skb, const struct mo_rx_meta *meta)
{
	u8 l4 = meta->l3l4 & MO_L4_MASK;

	if (l4 == MO_L4_TCP || l4 == MO_L4_UDP)
		return false;
	switch (skb->protocol) {
	case htons(ETH_P_ARP):
		return true;
	case htons(ETH_P_IP):
		return skb_headlen(skb) >= sizeof(struct iphdr) &&
		       ((const struct iphdr *)skb->data)->protocol == IPPROTO_ICMP;
	case htons(ETH_P_IPV6):
		return skb_headlen(skb) >= sizeof(struct ipv6hdr) &&
		       ((const struct ipv6hdr *)skb->data)->nexthdr == IPPROTO_ICMPV6;
	default:
		return false;
	}
}
