// SPDX-License-Identifier: GPL-2.0
/* The address filter is set in process context, from a copy of the lists. */
#include <linux/netdevice.h>

int probe_mode(struct net_device *netdev, struct netdev_hw_addr_list *uc,
	       struct netdev_hw_addr_list *mc);
const struct net_device_ops probe = { .ndo_set_rx_mode_async = probe_mode };
