// SPDX-License-Identifier: GPL-2.0
/* A netdev may ask for its own lock around all its operations. */
#include <net/netdev_lock.h>

void probe(struct net_device *netdev);
void probe(struct net_device *netdev)
{
	netdev->request_ops_lock = true;
	netdev_lock_ops(netdev);
	netdev_unlock_ops(netdev);
}
