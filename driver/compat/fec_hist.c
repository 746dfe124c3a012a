// SPDX-License-Identifier: GPL-2.0
/* FEC statistics come with a histogram. */
#include <linux/ethtool.h>

void probe_stats(struct net_device *netdev, struct ethtool_fec_stats *stats,
		 struct ethtool_fec_hist *hist);
const struct ethtool_ops probe = { .get_fec_stats = probe_stats };
