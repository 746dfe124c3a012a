/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The datapath: the netdev of a port, its channels and queues, and what the
 * datapath's files offer each other.
 *
 * A channel is an interrupt vector with one NAPI instance, one transmit and one
 * receive queue, each with its completion queue. Everything here is changed under
 * the netdev's lock (rtnl_lock where the kernel has none) except for what a comment
 * gives to the transmit path or to NAPI.
 *
 * A configuration is a value (struct mo_qcfg). To change one, queues are made for
 * the new value, in memory and in the device, beside those in use; only then they
 * are exchanged, one channel after another. So a change that fails has changed
 * nothing, and one that does not fail loses nothing.
 */
#ifndef MO_NET_H
#define MO_NET_H

#include <linux/cache.h>
#include <linux/if_vlan.h>
#include <linux/ipv6.h>
#include <linux/u64_stats_sync.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>

#include "compat_net.h"
#include "mo.h"
#include "ring.h"

/* A buffer is cut like this: headroom, data, struct skb_shared_info. */
#define MO_RX_BUF_TRUESIZE	4096
#define MO_RX_HEADROOM		(64 + NET_IP_ALIGN)	/* a constant, unlike NET_SKB_PAD */
#define MO_RX_BUF_LEN \
	(SKB_WITH_OVERHEAD(MO_RX_BUF_TRUESIZE) - MO_RX_HEADROOM)
#define MO_RX_COPYBREAK		256
/* The longest packet that makes sense: IPv6's maximum and a tagged header. */
#define MO_RX_MAX_LEN		(65535 + sizeof(struct ipv6hdr) + VLAN_ETH_HLEN)
#define MO_RX_MAX_BUFS		DIV_ROUND_UP(MO_RX_MAX_LEN, MO_RX_BUF_LEN)

/* Descriptors of the longest packet; the queue stops when fewer are free. */
#define MO_TX_MAX_DESCS		(MO_TX_MAX_SEGS + 1)

#define MO_TX_LOG_DEFAULT	10
#define MO_RX_LOG_DEFAULT	10
#define MO_TX_LOG_MIN		6	/* a few of the longest packets */
#define MO_RX_LOG_MIN		6	/* two of the longest packets */
#define MO_QUEUE_LOG_LIMIT	13	/* memory; the device may do more */

/**
 * struct mo_qcfg - configuration of the queues
 * @channels: number of channels
 * @tx: transmit queues
 * @rx: receive queues
 */
struct mo_qcfg {
	u16 channels;
	struct mo_txq_cfg tx;
	struct mo_rxq_cfg rx;
};

/**
 * struct mo_coal - interrupt moderation of a channel's queues
 * @rx_usecs: longest wait of a received packet
 * @rx_frames: packets that end the wait, 0 no limit
 * @tx_usecs: longest wait of a transmit completion
 * @tx_frames: completions that end the wait, 0 no limit
 * @rx_adaptive: the driver chooses the receive values
 */
struct mo_coal {
	u16 rx_usecs;
	u16 rx_frames;
	u16 tx_usecs;
	u16 tx_frames;
	bool rx_adaptive;
};

/*
 * Counters of a channel's queues; NAPI or the transmit path writes them. They
 * live as long as the netdev, so that nothing is lost when queues are exchanged.
 */
#define MO_TXQ_STATS(X) \
	X(packets) X(bytes) X(csum_none) X(needs_csum) \
	X(hw_gso_packets) X(hw_gso_bytes) \
	X(hw_gso_wire_packets) X(hw_gso_wire_bytes) \
	X(stop) X(dropped) X(too_long) X(linearized)

#define MO_TXC_STATS(X) \
	X(wake) X(refused) X(errors) X(bad_completions)

#define MO_RXQ_STATS(X) \
	X(packets) X(bytes) X(alloc_fail) \
	X(csum_unnecessary) X(csum_none) X(csum_bad) \
	X(hw_gro_packets) X(hw_gro_bytes) \
	X(hw_gro_wire_packets) X(hw_gro_wire_bytes) \
	X(dropped) X(bad_completions)

#define X(name) u64_stats_t name;
/* Written by the transmit path, under the queue's lock. */
struct mo_txq_stats {
	struct u64_stats_sync syncp;

	MO_TXQ_STATS(X)
};

/* Written by NAPI. */
struct mo_txc_stats {
	struct u64_stats_sync syncp;

	MO_TXC_STATS(X)
};

/* Written by NAPI. */
struct mo_rxq_stats {
	struct u64_stats_sync syncp;

	MO_RXQ_STATS(X)
};

#undef X

/* All of a channel; the last two are written under the netdev's lock. */
struct mo_chan_stats {
	struct mo_txq_stats tx;
	struct mo_txc_stats txc ____cacheline_aligned_in_smp;
	struct mo_rxq_stats rx;
	u64 restarts;
	u64 missed_events;
} ____cacheline_aligned_in_smp;

#define X(name) u64 name;
/* Consistent copy of the counters of one queue, or sums over some. */
struct mo_tx_sums {
	MO_TXQ_STATS(X)
	MO_TXC_STATS(X)
};

struct mo_rx_sums {
	MO_RXQ_STATS(X)
};

#undef X

/**
 * struct mo_channel - a vector's share of the datapath
 * @napi: NAPI instance; exists while the netdev runs
 * @net: netdev
 * @txq: transmit queue, NULL while down
 * @rxq: receive queue, NULL while down
 * @coal: interrupt moderation, also while down
 * @eq: event queue of the vector
 * @index: number of the channel
 * @dim: adaptive moderation of the receive queue
 * @events: interrupts since the queues were made, for @dim
 * @packets: packets received, for @dim
 * @bytes: bytes received, for @dim
 */
struct mo_channel {
	struct napi_struct napi;
	struct mo_net *net;
	struct mo_txq *txq;
	struct mo_rxq *rxq;
	struct mo_coal coal;
	struct mo_eq *eq;
	u16 index;

	struct dim dim;
	u16 events;
	u32 packets;
	u32 bytes;
};

/**
 * struct mo_rss - how packets are spread
 * @key: Toeplitz key
 * @fields: MO_HASH_* per enum mo_flow
 * @table: channels
 * @size: entries of @table, a power of two
 * @user_table: the user wrote @table
 * @dma_conf: what the device reads
 * @dma: its bus address
 */
struct mo_rss {
	u8 key[MO_RSS_KEY_LEN];
	u8 fields[MO_FLOW_COUNT];
	u16 table[MO_RSS_TABLE_MAX];
	u16 size;
	struct mo_rss_config *dma_conf;
	dma_addr_t dma;
};

/**
 * struct mo_filter - what is let in
 * @lock: the lists below and the commands that take them
 * @macs: addresses, 8 bytes each, then the VLAN bitmap; what the device reads
 * @dma: bus address of @macs
 * @vlans: bitmap, at @macs + MO_FILTER_MAX_MAC entries
 * @count: addresses in @macs
 * @flags: MO_RX_MODE_*
 * @vlan_on: VLANs are filtered; differs from the netdev's features while the stack
 *           changes those
 * @work: sets the filter where the kernel's operation may not sleep
 */
struct mo_filter {
	struct mutex lock;	/* the lists below and the commands that take them */
	__le64 *macs;
	dma_addr_t dma;
	u8 *vlans;
	u32 count;
	u32 flags;
	bool vlan_on;
	struct work_struct work;
};

/**
 * struct mo_stats_block - counters of the port
 * @lock: everything here
 * @area: what the device writes
 * @dma: its bus address
 * @period_us: how often it writes
 * @now: last consistent copy, as words
 * @base: sums of the times before function resets
 */
struct mo_stats_block {
	spinlock_t lock;	/* everything here */
	struct mo_port_stats *area;
	dma_addr_t dma;
	u32 period_us;
	u64 now[MO_PORT_COUNTER_COUNT];
	u64 base[MO_PORT_COUNTER_COUNT];
};

/* Index of a port counter in struct mo_stats_block. */
enum mo_port_counter {
#define X(name, text) MO_PC_##name,
	MO_PORT_COUNTERS(X)
#undef X
};

/* A queue that the device gave up on, as the event said. */
struct mo_queue_event {
	u8 event;
	u16 code;
	u32 object;
};

/**
 * struct mo_net - private part of the netdev
 * @md: device
 * @netdev: netdev
 * @txq: transmit queue of each of the stack's queues; transmit path
 * @port: port number
 * @running: queues exist and traffic flows
 * @detached: the device is away
 * @max_channels: channels that vectors and queues suffice for
 * @xps_channels: number of channels that the CPUs were spread over
 * @cfg: configuration of the queues, also while down
 * @coal: interrupt moderation of the channels that have none of their own
 * @offloads: MO_OFFLOAD_* that the device has
 * @channels: @max_channels of them
 * @stats: counters, one per channel
 * @rss: spreading
 * @filter: address and VLAN filter
 * @block: counters of the port
 * @carrier_lock: look at the link's state, and the carrier that follows from it
 * @repair: looks at @events and restarts the channels in @broken
 * @events: from the event work
 * @watch: looks for completions that no event has announced
 * @broken: bit per channel
 * @repairs: restarts since @repair_start
 * @repair_start: jiffies
 */
struct mo_net {
	struct mo_dev *md;
	struct net_device *netdev;
	struct mo_txq **txq;
	u8 port;
	bool running;
	bool detached;
	u16 max_channels;
	u16 xps_channels;
	struct mo_qcfg cfg;
	struct mo_coal coal;
	u32 offloads;
	struct mo_channel *channels;
	struct mo_chan_stats *stats;
	struct mo_rss rss;
	struct mo_filter filter;
	struct mo_stats_block block;
	spinlock_t carrier_lock;	/* look at the link, and the carrier made of it */
	struct notifier_block link_news;

	struct work_struct repair;
	struct delayed_work watch;
	DECLARE_KFIFO(events, struct mo_queue_event, 16);
	DECLARE_BITMAP(broken, MO_MAX_VECTORS);
	unsigned int repairs;
	unsigned long repair_start;
};

/**
 * mo_channel_broken() - give up on a channel's queues
 * @ch: channel
 *
 * They are made anew, and the other channels are left alone. Any context.
 */
static inline void mo_channel_broken(struct mo_channel *ch)
{
	struct mo_net *net = ch->net;

	if (!test_and_set_bit(ch->index, net->broken))
		queue_work(net->md->wq, &net->repair);
}

/* netdev.c */
int mo_net_set_offloads(struct mo_net *net, netdev_features_t features, u32 mtu,
			struct netlink_ext_ack *extack);

/* filter.c */
int mo_filter_init(struct mo_net *net);
void mo_filter_exit(struct mo_net *net);
int mo_filter_replay(struct mo_net *net);
int mo_vlan_filtering(struct mo_net *net, netdev_features_t features);
int mo_set_mac(struct net_device *netdev, void *addr);
int mo_vlan_add(struct net_device *netdev, __be16 proto, u16 vid);
int mo_vlan_del(struct net_device *netdev, __be16 proto, u16 vid);
#ifdef MO_HAVE_RX_MODE_ASYNC
int mo_set_rx_mode(struct net_device *netdev, struct netdev_hw_addr_list *uc,
		   struct netdev_hw_addr_list *mc);
#else
void mo_set_rx_mode(struct net_device *netdev);
#endif

/* queue.c */
int mo_qcfg_check(struct mo_net *net, const struct mo_qcfg *cfg,
		  struct netlink_ext_ack *extack);
/* Makes the queues of @net->cfg and starts them. */
int mo_queues_open(struct mo_net *net, struct netlink_ext_ack *extack);
/* Stops and frees all queues; cannot fail, also on a dead device. */
void mo_queues_close(struct mo_net *net);
/* These change nothing when they fail, and lose nothing when they do not. */
int mo_queues_set_channels(struct mo_net *net, unsigned int count,
			   struct netlink_ext_ack *extack);
int mo_queues_resize(struct mo_net *net, const struct mo_txq_cfg *tx,
		     const struct mo_rxq_cfg *rx, struct netlink_ext_ack *extack);
/* Makes the queues of one channel anew and leaves the others alone. */
int mo_queues_restart(struct mo_net *net, unsigned int index);
/* Interrupt moderation of one channel, and of all. */
int mo_channel_set_coal(struct mo_channel *ch, const struct mo_coal *coal,
			struct netlink_ext_ack *extack);
int mo_queues_set_coal(struct mo_net *net, const struct mo_coal *coal,
		       struct netlink_ext_ack *extack);

/* tx.c */
netdev_tx_t mo_xmit(struct sk_buff *skb, struct net_device *netdev);
netdev_features_t mo_features_check(struct sk_buff *skb, struct net_device *netdev,
				    netdev_features_t features);
/* Takes completions; false when there may be more. */
bool mo_tx_poll(struct mo_txq *txq, int budget);
/* Frees packets that will never complete; the device has let go of them. */
void mo_tx_purge(struct mo_txq *txq);

/* Packets that it is on the wire; one while nobody has counted them, which the device does. */
static inline unsigned int mo_tx_packets(const struct sk_buff *skb)
{
	return max_t(unsigned int, skb_shinfo(skb)->gso_segs, 1);
}

/* tso.c */
/* Fills in what the packet asks for; returns the bytes that go on the wire. */
unsigned int mo_tx_offload(const struct sk_buff *skb, struct mo_tx_pkt *pkt,
			   struct mo_txq_stats *stats);

/* rx.c */
int mo_napi_poll(struct napi_struct *napi, int budget);
/* Polls a channel whose event was lost; from process context. */
void mo_channel_watch(struct mo_channel *ch);
/* Receives; to the stack's GRO by way of @napi, or NULL: at once. */
int mo_rx_poll(struct mo_rxq *rxq, struct napi_struct *napi, int budget);
/* Counts as dropped what is in a queue that nobody polls any more. */
void mo_rx_forget(struct mo_rxq *rxq);
/* Posts free buffers; false when memory ran out before the ring was full. */
bool mo_rx_refill(struct mo_rxq *rxq, gfp_t gfp);

/* rx_meta.c */
/**
 * struct mo_rx_meta - a receive completion, read once and bounded
 * @length: bytes of the packet
 * @bufs: buffers that hold it
 * @hash: RSS hash
 * @vlan_tci: tag that was removed
 * @gso_size: payload bytes of a segment, 0 not coalesced
 * @gso_segs: segments
 * @l3l4: MO_L3_* | MO_L4_*
 * @flags: MO_RXF_*
 */
struct mo_rx_meta {
	u32 length;
	u32 bufs;
	u32 hash;
	u16 vlan_tci;
	u16 gso_size;
	u8 gso_segs;
	u8 l3l4;
	u8 flags;
};

/* Counters of one NAPI poll. */
struct mo_rx_tally {
#define X(name) u32 name;
	MO_RXQ_STATS(X)
#undef X
};

bool mo_rx_decode(const struct mo_rxq *rxq, const struct mo_eth_cqe *cqe,
		  struct mo_rx_meta *meta);
bool mo_rx_finish(struct mo_rxq *rxq, struct sk_buff *skb,
		  const struct mo_rx_meta *meta, netdev_features_t features,
		  struct mo_rx_tally *tally);
bool mo_rx_is_single(const struct sk_buff *skb, const struct mo_rx_meta *meta);

/* rss.c */
int mo_rss_init(struct mo_net *net);
void mo_rss_exit(struct mo_net *net);
/* The table for another number of channels, unless the user wrote one. */
void mo_rss_spread(struct mo_net *net, unsigned int channels);
/* Hands it to the device, whose table names channels below @channels. */
int mo_rss_apply(struct mo_net *net, unsigned int channels,
		 struct netlink_ext_ack *extack);
u32 mo_rxfh_key_size(struct net_device *netdev);
u32 mo_rxfh_indir_size(struct net_device *netdev);
int mo_rxfh_get(struct net_device *netdev, struct ethtool_rxfh_param *param);
int mo_rxfh_set(struct net_device *netdev, struct ethtool_rxfh_param *param,
		struct netlink_ext_ack *extack);
#ifdef MO_HAVE_RXFH_FIELDS
int mo_rxfh_get_fields(struct net_device *netdev, struct ethtool_rxfh_fields *f);
int mo_rxfh_set_fields(struct net_device *netdev,
		       const struct ethtool_rxfh_fields *f,
		       struct netlink_ext_ack *extack);
u32 mo_rx_ring_count(struct net_device *netdev);
#else
int mo_get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *nfc, u32 *locs);
int mo_set_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *nfc);
#endif

/* stats.c */
int mo_stats_init(struct mo_net *net);
void mo_stats_exit(struct mo_net *net);
/* The device is up: let it write the block. */
int mo_stats_start(struct mo_net *net, u32 period_us);
/* The device goes: keep what it counted. */
void mo_stats_stop(struct mo_net *net);
/* Counters of the port; with @sync asks the device for a fresh block: sleeps. */
void mo_stats_port(struct mo_net *net, u64 *counters, bool sync);
void mo_stats_tx(const struct mo_net *net, unsigned int channel, struct mo_tx_sums *sum);
void mo_stats_rx(const struct mo_net *net, unsigned int channel, struct mo_rx_sums *sum);
void mo_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s);
extern const struct netdev_stat_ops mo_stat_ops;

/* ethtool.c, ethtool_stats.c */
extern const struct ethtool_ops mo_ethtool_ops;
int mo_stats_count(struct net_device *netdev, int set);
void mo_stats_strings(struct net_device *netdev, u32 set, u8 *data);
void mo_stats_values(struct net_device *netdev, struct ethtool_stats *stats, u64 *data);
void mo_get_pause_stats(struct net_device *netdev, struct ethtool_pause_stats *stats);
void mo_get_ctrl_stats(struct net_device *netdev, struct ethtool_eth_ctrl_stats *stats);
void mo_get_mac_stats(struct net_device *netdev, struct ethtool_eth_mac_stats *stats);
void mo_get_rmon_stats(struct net_device *netdev, struct ethtool_rmon_stats *stats,
		       const struct ethtool_rmon_hist_range **ranges);
#ifdef MO_HAVE_FEC_HIST
void mo_get_fec_stats(struct net_device *netdev, struct ethtool_fec_stats *stats,
		      struct ethtool_fec_hist *hist);
#else
void mo_get_fec_stats(struct net_device *netdev, struct ethtool_fec_stats *stats);
#endif
void mo_get_link_ext_stats(struct net_device *netdev, struct ethtool_link_ext_stats *stats);

#endif /* MO_NET_H */
