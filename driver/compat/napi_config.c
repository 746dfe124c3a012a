// SPDX-License-Identifier: GPL-2.0
/* NAPI settings outlive the instance; the lock may be held already. */
#include <linux/netdevice.h>

void probe(struct net_device *netdev, struct napi_struct *napi,
	   int (*poll)(struct napi_struct *, int));
void probe(struct net_device *netdev, struct napi_struct *napi,
	   int (*poll)(struct napi_struct *, int))
{
	netif_napi_add_config_locked(netdev, napi, poll, 0);
	netif_napi_set_irq_locked(napi, 0);
	napi_enable_locked(napi);
	napi_disable_locked(napi);
	netif_napi_del_locked(napi);
}
