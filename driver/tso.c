// SPDX-License-Identifier: GPL-2.0
/*
 * What a packet asks the device to do: segmentation, checksum, VLAN tag.
 *
 * The headers stay as the stack made them. The device makes those of each
 * segment from them: lengths, IPv4 identification, sequence number, flags and
 * checksums.
 */
#include <linux/skbuff.h>
#include <linux/tcp.h>

#include "net.h"

static unsigned int mo_tx_tso(const struct sk_buff *skb, struct mo_tx_pkt *pkt,
			      struct mo_txq_stats *stats)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int hdr_len = skb_tcp_all_headers(skb);
	unsigned int segs = mo_tx_packets(skb);
	unsigned int bytes = skb->len + (segs - 1) * hdr_len;
	u16 flags = MO_TXF_CSUM;

	flags |= shinfo->gso_type & SKB_GSO_TCPV6 ? MO_TXF_TSO6 : MO_TXF_TSO4;
	pkt->flags |= cpu_to_le16(flags);
	pkt->mss = cpu_to_le16(shinfo->gso_size);
	pkt->hdr_len = cpu_to_le16(hdr_len);
	pkt->l3_offset = skb_network_offset(skb);

	u64_stats_add(&stats->packets, segs);
	u64_stats_add(&stats->bytes, bytes);
	u64_stats_inc(&stats->needs_csum);
	u64_stats_inc(&stats->hw_gso_packets);
	u64_stats_add(&stats->hw_gso_bytes, skb->len);
	u64_stats_add(&stats->hw_gso_wire_packets, segs);
	u64_stats_add(&stats->hw_gso_wire_bytes, bytes);
	return bytes;
}

/**
 * mo_tx_offload() - fill in what a packet asks of the device, and count it
 * @skb: packet; mo_features_check() has let its requests through
 * @pkt: its descriptor, zero but for type and number of segments
 * @stats: counters of the queue
 *
 * Return: bytes that go on the wire, replicated headers included, without FCS.
 */
unsigned int mo_tx_offload(const struct sk_buff *skb, struct mo_tx_pkt *pkt,
			   struct mo_txq_stats *stats)
{
	unsigned int bytes;

	u64_stats_update_begin(&stats->syncp);
	if (skb_vlan_tag_present(skb)) {
		pkt->flags |= cpu_to_le16(MO_TXF_VLAN);
		pkt->vlan_tci = cpu_to_le16(skb_vlan_tag_get(skb));
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		pkt->csum_start = cpu_to_le16(skb_checksum_start_offset(skb));
		pkt->csum_offset = cpu_to_le16(skb->csum_offset);
		if (skb_is_gso(skb)) {
			bytes = mo_tx_tso(skb, pkt, stats);
			goto out;
		}
		pkt->flags |= cpu_to_le16(MO_TXF_CSUM);
		u64_stats_inc(&stats->needs_csum);
	} else {
		u64_stats_inc(&stats->csum_none);
	}
	bytes = skb->len;
	u64_stats_inc(&stats->packets);
	u64_stats_add(&stats->bytes, bytes);
out:
	u64_stats_update_end(&stats->syncp);
	return bytes;
}
