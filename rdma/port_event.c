// SPDX-License-Identifier: GPL-2.0
/*
 * Events of the port, on kernels whose core does not make them of those of the
 * network interface (compat.h).
 */
#include <linux/netdevice.h>

#include "mo_ib.h"

#ifndef MO_HAVE_CORE_PORT_EVENTS

static enum ib_port_state mo_ib_port_state(const struct net_device *netdev)
{
	return netif_running(netdev) && netif_carrier_ok(netdev) ? IB_PORT_ACTIVE : IB_PORT_DOWN;
}

/* Under rtnl_lock. */
static int mo_ib_netdev_event(struct notifier_block *nb, unsigned long type, void *ptr)
{
	struct mo_ib_dev *mib = container_of(nb, struct mo_ib_dev, nb);
	struct net_device *netdev = netdev_notifier_info_to_dev(ptr);
	struct ib_event event = {
		.device = &mib->ibdev,
		.element.port_num = MO_IB_PORT,
	};
	enum ib_port_state state;

	if (netdev != mib->aux->netdev)
		return NOTIFY_DONE;
	switch (type) {
	case NETDEV_UP:
	case NETDEV_CHANGE:
	case NETDEV_DOWN:
		state = mo_ib_port_state(netdev);
		if (state == mib->port_state)
			break;
		mib->port_state = state;
		event.event = state == IB_PORT_ACTIVE ? IB_EVENT_PORT_ACTIVE : IB_EVENT_PORT_ERR;
		ib_dispatch_event(&event);
		break;
	}
	return NOTIFY_DONE;
}

int mo_ib_port_events_start(struct mo_ib_dev *mib)
{
	mib->nb.notifier_call = mo_ib_netdev_event;
	/* Tells of interfaces that are up already, which sets the first state. */
	return register_netdevice_notifier(&mib->nb);
}

void mo_ib_port_events_stop(struct mo_ib_dev *mib)
{
	unregister_netdevice_notifier(&mib->nb);
}

#endif
