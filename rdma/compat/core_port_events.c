// SPDX-License-Identifier: GPL-2.0
/* The core makes port events of the events of the network interface. */
#include <rdma/ib_verbs.h>

void probe(struct ib_device *device, struct net_device *netdev);
void probe(struct ib_device *device, struct net_device *netdev)
{
	ib_dispatch_port_state_event(device, netdev);
}
