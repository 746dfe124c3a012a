// SPDX-License-Identifier: GPL-2.0
/* The core keeps the affinity of interrupts of NAPI instances. */
#include <linux/netdevice.h>

void probe(struct net_device *netdev);
void probe(struct net_device *netdev)
{
	netif_set_affinity_auto(netdev);
}
