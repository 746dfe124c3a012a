// SPDX-License-Identifier: GPL-2.0
/* Hash fields have operations of their own, apart from rxnfc. */
#include <linux/ethtool.h>

const struct ethtool_ops probe = {
	.get_rxfh_fields = NULL,
	.get_rx_ring_count = NULL,
	.op_needs_rtnl = 0,
};
