// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics groups of ethtool. `ethtool -S` has only what no standard place
 * has: neither the link statistics, nor the groups here, nor the queue
 * statistics of the netdev family.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "net.h"
#include "optics.h"

/* Counters of the port: X(name). */
#define MO_ETHTOOL_PORT(X) \
	X(rx_unicast) X(rx_filtered) X(rx_no_queue) X(rx_csum_bad) X(tx_unicast)

/* Counters of the driver: X(name, where, field). */
#define MO_ETHTOOL_DRIVER(X) \
	X(tx_linearized, tx, linearized) \
	X(tx_too_long, tx, too_long) \
	X(tx_refused, tx, refused) \
	X(tx_queue_errors, tx, errors) \
	X(tx_bad_completions, tx, bad_completions) \
	X(rx_bad_completions, rx, bad_completions)

static const char mo_stat_names[][ETH_GSTRING_LEN] = {
#define X(name) #name,
	MO_ETHTOOL_PORT(X)
#undef X
#define X(name, where, field) #name,
	MO_ETHTOOL_DRIVER(X)
#undef X
	"queue_restarts",
	"missed_events",
};

int mo_stats_count(struct net_device *netdev, int set)
{
	return set == ETH_SS_STATS ? ARRAY_SIZE(mo_stat_names) : -EOPNOTSUPP;
}

void mo_stats_strings(struct net_device *netdev, u32 set, u8 *data)
{
	if (set == ETH_SS_STATS)
		memcpy(data, mo_stat_names, sizeof(mo_stat_names));
}

void mo_stats_values(struct net_device *netdev, struct ethtool_stats *stats, u64 *data)
{
	struct mo_net *net = netdev_priv(netdev);
	u64 port[MO_PORT_COUNTER_COUNT];
	struct mo_tx_sums tx = {};
	struct mo_rx_sums rx = {};
	u64 restarts = 0, missed = 0;
	unsigned int i;

	for (i = 0; i < net->max_channels; i++) {
		mo_stats_tx(net, i, &tx);
		mo_stats_rx(net, i, &rx);
		restarts += net->stats[i].restarts;
		missed += net->stats[i].missed_events;
	}
	mo_stats_port(net, port, true);
#define X(name) *data++ = port[MO_PC_##name];
	MO_ETHTOOL_PORT(X)
#undef X
#define X(name, where, field) *data++ = where.field;
	MO_ETHTOOL_DRIVER(X)
#undef X
	data[0] = restarts;
	data[1] = missed;
}

void mo_get_pause_stats(struct net_device *netdev, struct ethtool_pause_stats *stats)
{
	u64 port[MO_PORT_COUNTER_COUNT];

	mo_stats_port(netdev_priv(netdev), port, true);
	stats->tx_pause_frames = port[MO_PC_tx_pause];
	stats->rx_pause_frames = port[MO_PC_rx_pause];
}

void mo_get_ctrl_stats(struct net_device *netdev, struct ethtool_eth_ctrl_stats *stats)
{
	u64 port[MO_PORT_COUNTER_COUNT];

	mo_stats_port(netdev_priv(netdev), port, true);
	stats->MACControlFramesTransmitted = port[MO_PC_tx_control];
	stats->MACControlFramesReceived = port[MO_PC_rx_control];
}

void mo_get_mac_stats(struct net_device *netdev, struct ethtool_eth_mac_stats *stats)
{
	u64 port[MO_PORT_COUNTER_COUNT];

	mo_stats_port(netdev_priv(netdev), port, true);
	stats->FramesTransmittedOK = port[MO_PC_tx_frames];
	stats->OctetsTransmittedOK = port[MO_PC_tx_octets];
	stats->MulticastFramesXmittedOK = port[MO_PC_tx_multicast];
	stats->BroadcastFramesXmittedOK = port[MO_PC_tx_broadcast];
	stats->FramesReceivedOK = port[MO_PC_rx_frames];
	stats->OctetsReceivedOK = port[MO_PC_rx_octets];
	stats->MulticastFramesReceivedOK = port[MO_PC_rx_multicast];
	stats->BroadcastFramesReceivedOK = port[MO_PC_rx_broadcast];
	stats->FrameCheckSequenceErrors = port[MO_PC_rx_fcs_errors];
	stats->FrameTooLongErrors = port[MO_PC_rx_too_long];
}

static const struct ethtool_rmon_hist_range mo_rmon_ranges[] = {
	{ 64, 64 },
	{ 65, 127 },
	{ 128, 255 },
	{ 256, 511 },
	{ 512, 1023 },
	{ 1024, 1518 },
	{ 1519, MO_ETH_MAX_MTU + VLAN_ETH_HLEN + ETH_FCS_LEN },
	{}
};

void mo_get_rmon_stats(struct net_device *netdev, struct ethtool_rmon_stats *stats,
		       const struct ethtool_rmon_hist_range **ranges)
{
	u64 port[MO_PORT_COUNTER_COUNT];
	unsigned int i;

	mo_stats_port(netdev_priv(netdev), port, true);
	*ranges = mo_rmon_ranges;
	stats->undersize_pkts = port[MO_PC_rx_too_short];
	stats->oversize_pkts = port[MO_PC_rx_too_long];
	/* The buckets of a direction follow each other in the table. */
	for (i = 0; i < ARRAY_SIZE(mo_rmon_ranges) - 1; i++) {
		stats->hist[i] = port[MO_PC_rx_64 + i];
		stats->hist_tx[i] = port[MO_PC_tx_64 + i];
	}
}

static_assert(MO_PC_rx_1519_max - MO_PC_rx_64 == ARRAY_SIZE(mo_rmon_ranges) - 2);
static_assert(MO_PC_tx_1519_max - MO_PC_tx_64 == ARRAY_SIZE(mo_rmon_ranges) - 2);

static int mo_fec_stats(struct net_device *netdev, struct ethtool_fec_stats *stats,
			struct mo_mb_fec *fec)
{
	const struct mo_net *net = netdev_priv(netdev);
	int err;

	err = mo_optics_get(net->md, fec, fec, NULL);
	if (err)
		return err;
	stats->corrected_blocks.total = le64_to_cpu(fec->corrected);
	stats->uncorrectable_blocks.total = le64_to_cpu(fec->uncorrectable);
	return 0;
}

#ifdef MO_HAVE_FEC_HIST
static_assert(MO_FEC_BINS < ETHTOOL_FEC_HIST_MAX);

void mo_get_fec_stats(struct net_device *netdev, struct ethtool_fec_stats *stats,
		      struct ethtool_fec_hist *hist)
{
	struct mo_mb_fec fec;
	unsigned int i;

	if (mo_fec_stats(netdev, stats, &fec))
		return;
	/* A bin per number of wrong symbols in a codeword. */
	for (i = 0; i < MO_FEC_BINS; i++) {
		hist->ranges_buf[i] = (struct ethtool_fec_hist_range){ i, i };
		hist->values[i].sum = le64_to_cpu(fec.bins[i]);
	}
	hist->ranges = hist->ranges_buf;
}
#else
void mo_get_fec_stats(struct net_device *netdev, struct ethtool_fec_stats *stats)
{
	struct mo_mb_fec fec;

	mo_fec_stats(netdev, stats, &fec);
}
#endif

void mo_get_link_ext_stats(struct net_device *netdev, struct ethtool_link_ext_stats *stats)
{
	const struct mo_net *net = netdev_priv(netdev);

	stats->link_down_events = mo_link_downs(net->md);
}
