/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The datapath's part of compat.h: what older kernels lack of the networking
 * API of Linux 7.3.
 */
#ifndef MO_COMPAT_NET_H
#define MO_COMPAT_NET_H

#include <linux/dim.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/page_pool/helpers.h>

#include "compat.h"

#ifdef MO_HAVE_NETDEV_OPS_LOCK
#include <net/netdev_lock.h>

static inline void mo_netdev_request_ops_lock(struct net_device *netdev)
{
	netdev->request_ops_lock = true;
}
#else
/* Operations were under rtnl_lock alone. */
static inline void mo_netdev_request_ops_lock(struct net_device *netdev) { }
static inline void netdev_lock_ops(struct net_device *netdev) { }
static inline void netdev_unlock_ops(struct net_device *netdev) { }

static inline void netdev_lock_ops_compat(struct net_device *netdev)
{
	rtnl_lock();
}

static inline void netdev_unlock_ops_compat(struct net_device *netdev)
{
	rtnl_unlock();
}
#endif

#ifndef MO_HAVE_NAPI_CONFIG
/* Neither persistent settings nor a lock. */
static inline void
netif_napi_add_config_locked(struct net_device *netdev, struct napi_struct *napi,
			     int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add(netdev, napi, poll);
}

static inline void netif_napi_set_irq_locked(struct napi_struct *napi, int irq)
{
	netif_napi_set_irq(napi, irq);
}

static inline void netif_napi_del_locked(struct napi_struct *napi)
{
	netif_napi_del(napi);
}

static inline void napi_enable_locked(struct napi_struct *napi)
{
	napi_enable(napi);
}

static inline void napi_disable_locked(struct napi_struct *napi)
{
	napi_disable(napi);
}
#endif

#ifndef MO_HAVE_PAGE_POOL_ENABLE_DIRECT
/* The NAPI instance was set when the pool was made, or never. */
static inline void page_pool_enable_direct_recycling(struct page_pool *pool,
						     struct napi_struct *napi)
{
	WRITE_ONCE(pool->p.napi, napi);
}
#endif

#ifndef MO_HAVE_PAGE_POOL_NETMEM
/* By another name: some had another function of this one. */
static inline netmem_ref mo_page_pool_alloc(struct page_pool *pool, unsigned int *offset,
					    unsigned int *size, gfp_t gfp)
{
	struct page *page = page_pool_alloc(pool, offset, size, gfp);

	return page ? page_to_netmem(page) : 0;
}

#define page_pool_alloc_netmem		mo_page_pool_alloc
#endif

#ifndef MO_HAVE_AFFINITY_AUTO
static inline void netif_set_affinity_auto(struct net_device *netdev) { }
#endif

#ifndef MO_HAVE_DMA_NEED_UNMAP
static inline bool dma_need_unmap(struct device *dev)
{
	return true;
}
#endif

/*
 * IPv6 packets of more than 64 KiB had a jumbo option, which is not for the wire:
 * the segments made of them are no jumbograms.
 */
#ifdef MO_HAVE_HOPOPT_JUMBO
#include <net/ipv6.h>

static inline int mo_hopopt_jumbo_remove(struct sk_buff *skb)
{
	return ipv6_hopopt_jumbo_remove(skb);
}
#else
static inline int mo_hopopt_jumbo_remove(struct sk_buff *skb)
{
	return 0;
}
#endif

#ifdef MO_HAVE_DIM_BY_POINTER
static inline void mo_net_dim(struct dim *dim, const struct dim_sample *sample)
{
	net_dim(dim, sample);
}
#else
static inline void mo_net_dim(struct dim *dim, const struct dim_sample *sample)
{
	net_dim(dim, *sample);
}
#endif

#endif /* MO_COMPAT_NET_H */
