/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Ethernet datapath: descriptors and completions.
 */
#ifndef MO_HW_ETH_H
#define MO_HW_ETH_H

#include "types.h"

#define MO_ETH_MIN_FRAME	14
#define MO_ETH_MAX_MTU		9000
/* Longest frame to send: header and two tags, without FCS and a tag to insert. */
#define MO_ETH_MAX_FRAME	(MO_ETH_MAX_MTU + 14 + 2 * 4)
#define MO_TX_MAX_SEGS		20	/* MAX_SKB_FRAGS + head, rounded up */
#define MO_TX_MAX_TSO		262144	/* bytes of one TSO packet */
#define MO_TX_MAX_TSO_SEGS	4096	/* segments made of it */
#define MO_TX_MAX_HDR		256	/* bytes of headers that TSO replicates */
#define MO_RX_MAX_SEGS		20	/* receive buffers of one completion */
#define MO_QUEUE_MIN_LOG	5
#define MO_QUEUE_MAX_LOG	15

/*
 * A packet to send is one struct mo_tx_pkt and, right behind it in the ring,
 * its nseg struct mo_tx_seg. Both are 16 bytes.
 */
#define MO_TXD_PKT		1

/* mo_tx_pkt.flags */
#define MO_TXF_COMPLETE		MO_BIT(0)	/* write a completion up to here */
#define MO_TXF_CSUM		MO_BIT(1)	/* fill in the checksum at csum_start + csum_offset */
#define MO_TXF_TSO4		MO_BIT(2)	/* segment: TCP over IPv4 */
#define MO_TXF_TSO6		MO_BIT(3)	/* segment: TCP over IPv6 */
#define MO_TXF_VLAN		MO_BIT(4)	/* insert an 802.1Q tag */
#define MO_TXF_TIMESTAMP	MO_BIT(5)	/* report the time of sending */
#define MO_TXF_URGENT		MO_BIT(6)	/* the completion is not held back; needs MO_F_TX_URGENT */
#define MO_TXF_ALL		MO_MASK(6, 0)

/**
 * struct mo_tx_pkt - first descriptor of a packet
 * @type: MO_TXD_PKT
 * @nseg: data descriptors that follow, 1..MO_TX_MAX_SEGS
 * @flags: MO_TXF_*
 * @vlan_tci: tag to insert
 * @mss: TSO: payload bytes of each segment
 * @hdr_len: TSO: bytes of headers in front of the payload
 * @csum_start: where the checksum begins, from the start of the frame
 * @csum_offset: where it is stored, from @csum_start
 * @l3_offset: start of the (inner) IP header, from the start of the frame
 * @rsvd: zero
 */
struct mo_tx_pkt {
	__u8 type;
	__u8 nseg;
	__le16 flags;
	__le16 vlan_tci;
	__le16 mss;
	__le16 hdr_len;
	__le16 csum_start;
	__le16 csum_offset;
	__u8 l3_offset;
	__u8 rsvd;
};

MO_ASSERT_SIZE(mo_tx_pkt, 16);

/**
 * struct mo_tx_seg - piece of a packet
 * @addr: bus address
 * @len: bytes, 1..65536
 * @rsvd: zero
 */
struct mo_tx_seg {
	__le64 addr;
	__le32 len;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_tx_seg, 16);

/**
 * struct mo_rx_desc - receive buffer
 * @addr: bus address of the buffer, of the length given when the queue was created
 * @hdr_addr: bus address of the header buffer when header split is on, else zero
 */
struct mo_rx_desc {
	__le64 addr;
	__le64 hdr_addr;
};

MO_ASSERT_SIZE(mo_rx_desc, 16);

/* mo_eth_cqe.type */
#define MO_CQE_TX		1
#define MO_CQE_RX		2
#define MO_CQE_TX_ERROR		3	/* the queue stopped at this index */
#define MO_CQE_TX_REFUSED	4	/* as MO_CQE_TX, but the last packet was not sent */

/* mo_eth_cqe.flags of a receive completion */
#define MO_RXF_L4_CSUM_OK	MO_BIT(0)	/* TCP or UDP checksum was checked and is right */
#define MO_RXF_L4_CSUM_BAD	MO_BIT(1)	/* was checked and is wrong */
#define MO_RXF_L3_CSUM_BAD	MO_BIT(2)	/* IPv4 header checksum is wrong */
#define MO_RXF_VLAN		MO_BIT(3)	/* a tag was removed, see vlan_tci */
#define MO_RXF_HASH		MO_BIT(4)	/* hash and hash_type are valid */
#define MO_RXF_TIMESTAMP	MO_BIT(5)	/* timestamp_ns is valid */
#define MO_RXF_GRO		MO_BIT(6)	/* coalesced: gso_size and gso_segs are valid */
#define MO_RXF_HDR_SPLIT	MO_BIT(7)	/* hdr_len bytes are in the header buffer */

/* mo_eth_cqe.l3l4: what the parser found. */
#define MO_L3_NONE		0
#define MO_L3_IPV4		1
#define MO_L3_IPV6		2
#define MO_L3_MASK		0x07
#define MO_L3_FIXED_ID		0x08	/* MO_RXF_GRO: all segments had one IPv4 identification */
#define MO_L4_NONE		0x00
#define MO_L4_TCP		0x10
#define MO_L4_UDP		0x20
#define MO_L4_OTHER		0x30
#define MO_L4_FRAGMENT		0x40
#define MO_L4_MASK		0xf0

/**
 * struct mo_eth_cqe - completion of transmit and receive queues
 * @timestamp_ns: device time of the packet
 * @hash: RSS hash
 * @length: receive: bytes of the packet, without FCS
 * @index: transmit: consumer index, all before it are done;
 *         receive: index of the packet's first buffer
 * @vlan_tci: tag that was removed
 * @hdr_len: receive: bytes up to the L4 payload, 0 unknown
 * @gso_size: payload bytes of a coalesced segment
 * @nseg: receive: buffers used, 1..MO_RX_MAX_SEGS, consecutive
 * @l3l4: MO_L3_* | MO_L4_*
 * @type: MO_CQE_*
 * @flags: MO_RXF_*, for MO_CQE_TX_ERROR and MO_CQE_TX_REFUSED enum mo_queue_error
 * @gso_segs: segments that were coalesced, at most 255
 * @phase: bit 0: phase, 1 in the first pass over the ring, then alternating
 *
 * @phase is written last. A completion queue serves at most one transmit and
 * one receive queue; @type tells them apart. Buffers are consumed in the order
 * in which they were posted.
 */
struct mo_eth_cqe {
	__le64 timestamp_ns;
	__le32 hash;
	__le32 length;
	__le32 index;
	__le16 vlan_tci;
	__le16 hdr_len;
	__le16 gso_size;
	__u8 nseg;
	__u8 l3l4;
	__u8 type;
	__u8 flags;
	__u8 gso_segs;
	__u8 phase;
};

MO_ASSERT_SIZE(mo_eth_cqe, 32);

/* Hash input per flow kind, MO_CMD_RSS_SET. */
#define MO_HASH_L3_SRC		MO_BIT(0)
#define MO_HASH_L3_DST		MO_BIT(1)
#define MO_HASH_L4_SRC		MO_BIT(2)
#define MO_HASH_L4_DST		MO_BIT(3)
#define MO_HASH_ALL		MO_MASK(3, 0)

/* Flow kinds: X(NAME, index, text). */
#define MO_FLOWS(X) \
	X(TCP4, 0, "TCP over IPv4") \
	X(UDP4, 1, "UDP over IPv4") \
	X(IPV4, 2, "other IPv4") \
	X(TCP6, 3, "TCP over IPv6") \
	X(UDP6, 4, "UDP over IPv6") \
	X(IPV6, 5, "other IPv6")

enum mo_flow {
#define X(name, index, text) MO_FLOW_##name = (index),
	MO_FLOWS(X)
#undef X
};

#define MO_FLOW_COUNT		6
#define MO_RSS_KEY_LEN		40
#define MO_RSS_TABLE_MAX	512

/*
 * Steering names receive queues by index. The port's queue map, MO_CMD_RXQ_MAP,
 * leads from the index to the queue, so that a queue is exchanged in one step and
 * whatever names its index goes on.
 */
#define MO_RXQ_MAP_MAX		128

/**
 * struct mo_rss_config - in host memory, MO_CMD_RSS_SET
 * @key: Toeplitz key
 * @fields: MO_HASH_* per enum mo_flow; 0 = not hashed, queue of entry 0
 * @rsvd: zero
 * @table_log: log2 of the entries of @table, 0..9
 * @table: indexes of receive queues in the port's queue map
 *
 * An index that leads nowhere is no error: its packets count as rx_no_queue.
 */
struct mo_rss_config {
	__u8 key[MO_RSS_KEY_LEN];
	__u8 fields[MO_FLOW_COUNT];
	__u8 rsvd;
	__u8 table_log;
	__le16 table[MO_RSS_TABLE_MAX];
};

MO_ASSERT_SIZE(mo_rss_config, 48 + 2 * MO_RSS_TABLE_MAX);

#define MO_FILTER_MAX_MAC	128

/* mo_cmd_rx_mode.flags */
#define MO_RX_MODE_BROADCAST	MO_BIT(0)
#define MO_RX_MODE_ALLMULTI	MO_BIT(1)
#define MO_RX_MODE_PROMISC	MO_BIT(2)

/* mo_cmd_offload.flags */
#define MO_OFFLOAD_RX_CSUM	MO_BIT(0)
#define MO_OFFLOAD_RX_VLAN	MO_BIT(1)	/* remove 802.1Q tags */
#define MO_OFFLOAD_RX_HASH	MO_BIT(2)
#define MO_OFFLOAD_RX_FCS_ERR	MO_BIT(3)	/* deliver frames with bad FCS */
#define MO_OFFLOAD_RX_GRO	MO_BIT(4)	/* coalesce, needs MO_F_GRO_HW */
#define MO_OFFLOAD_LOOPBACK	MO_BIT(5)	/* MAC loopback */

#endif /* MO_HW_ETH_H */
