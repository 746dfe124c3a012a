// SPDX-License-Identifier: GPL-2.0
/*
 * Address and VLAN filter. What the stack wants is kept in the memory that the
 * device reads, so that it can be handed over again after a reset.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include "net.h"
#include "cmd.h"

#define MO_MACS_BYTES	(MO_FILTER_MAX_MAC * sizeof(__le64))
#define MO_VLANS_BYTES	(VLAN_N_VID / BITS_PER_BYTE)

static unsigned int mo_filter_room(const struct mo_net *net)
{
	return min_t(unsigned int, le16_to_cpu(net->md->id.max_mac), MO_FILTER_MAX_MAC);
}

/* 8 bytes, the address first. */
static __le64 mo_filter_entry(const u8 *addr)
{
	u8 bytes[sizeof(__le64)] = {};
	__le64 entry;

	ether_addr_copy(bytes, addr);
	memcpy(&entry, bytes, sizeof(entry));
	return entry;
}

/*
 * The own address first, then the lists. A list that does not fit is replaced by
 * the next wider mode.
 */
static void mo_filter_fill(struct mo_net *net, struct netdev_hw_addr_list *uc,
			   struct netdev_hw_addr_list *mc)
{
	struct net_device *netdev = net->netdev;
	unsigned int room = mo_filter_room(net);
	struct mo_filter *filter = &net->filter;
	u32 flags = MO_RX_MODE_BROADCAST;
	struct netdev_hw_addr *ha;
	u32 count = 1;

	if (netdev->flags & IFF_PROMISC)
		flags |= MO_RX_MODE_PROMISC;
	if (netdev->flags & IFF_ALLMULTI)
		flags |= MO_RX_MODE_ALLMULTI;

	filter->macs[0] = mo_filter_entry(netdev->dev_addr);
	if (count + netdev_hw_addr_list_count(uc) > room)
		flags |= MO_RX_MODE_PROMISC;
	else
		netdev_hw_addr_list_for_each(ha, uc)
			filter->macs[count++] = mo_filter_entry(ha->addr);

	if (count + netdev_hw_addr_list_count(mc) > room)
		flags |= MO_RX_MODE_ALLMULTI;
	else
		netdev_hw_addr_list_for_each(ha, mc)
			filter->macs[count++] = mo_filter_entry(ha->addr);

	filter->count = count;
	filter->flags = flags;
}

/*
 * All VLANs are let in while nobody filters, and in promiscuous mode. What the
 * stack wants is in filter.vlan_on: it takes VLANs away after it has switched the
 * filter off and before the netdev's features say so. filter.lock held.
 */
static int mo_vlan_send(struct mo_net *net)
{
	bool filtered = net->filter.vlan_on && !(net->filter.flags & MO_RX_MODE_PROMISC);

	return mo_cmd_vlan_filter(net->md, net->port,
				  filtered ? net->filter.dma + MO_MACS_BYTES : 0, NULL);
}

/* filter.lock held. */
static int mo_filter_send(struct mo_net *net)
{
	const struct mo_filter *filter = &net->filter;

	return mo_cmd_rx_mode(net->md, net->port, filter->dma, filter->count,
			      filter->flags, NULL);
}

/* filter.lock held, mo_filter_fill() done; @old are the flags before it. */
static int mo_filter_update(struct mo_net *net, u32 old)
{
	int err;

	/* mo_filter_replay() makes up for it when the device is back. */
	if (net->detached)
		return 0;
	err = mo_filter_send(net);
	if (!err && (old ^ net->filter.flags) & MO_RX_MODE_PROMISC)
		err = mo_vlan_send(net);
	return err;
}

#ifdef MO_HAVE_RX_MODE_ASYNC
/**
 * mo_set_rx_mode() - ndo_set_rx_mode_async
 * @netdev: netdev
 * @uc: copy of the unicast list
 * @mc: copy of the multicast list
 *
 * Return: 0 or -errno; the stack tries again.
 */
int mo_set_rx_mode(struct net_device *netdev, struct netdev_hw_addr_list *uc,
		   struct netdev_hw_addr_list *mc)
{
	struct mo_net *net = netdev_priv(netdev);
	u32 old;
	int err;

	mutex_lock(&net->filter.lock);
	old = net->filter.flags;
	mo_filter_fill(net, uc, mc);
	err = mo_filter_update(net, old);
	mutex_unlock(&net->filter.lock);
	return err;
}

static void mo_filter_work(struct work_struct *work)
{
}
#else
/**
 * mo_set_rx_mode() - ndo_set_rx_mode
 * @netdev: netdev
 *
 * Called with a spinlock held; the command sleeps, so work does it.
 */
void mo_set_rx_mode(struct net_device *netdev)
{
	struct mo_net *net = netdev_priv(netdev);

	queue_work(net->md->wq, &net->filter.work);
}

static void mo_filter_work(struct work_struct *work)
{
	struct mo_net *net = container_of(work, struct mo_net, filter.work);
	u32 old;
	int err;

	mutex_lock(&net->filter.lock);
	old = net->filter.flags;
	netif_addr_lock_bh(net->netdev);
	mo_filter_fill(net, &net->netdev->uc, &net->netdev->mc);
	netif_addr_unlock_bh(net->netdev);
	err = mo_filter_update(net, old);
	mutex_unlock(&net->filter.lock);
	if (err)
		netdev_warn(net->netdev, "address filter was not set: %pe\n", ERR_PTR(err));
}
#endif

/**
 * mo_filter_init() - memory, and a filter for the own address
 * @net: netdev, not registered yet, with its address
 *
 * Return: 0 or -ENOMEM.
 */
int mo_filter_init(struct mo_net *net)
{
	struct mo_filter *filter = &net->filter;

	mutex_init(&filter->lock);
	INIT_WORK(&filter->work, mo_filter_work);
	filter->macs = dma_alloc_coherent(net->md->dev, MO_MACS_BYTES + MO_VLANS_BYTES,
					  &filter->dma, GFP_KERNEL);
	if (!filter->macs)
		return -ENOMEM;
	filter->vlans = (u8 *)filter->macs + MO_MACS_BYTES;
	/* A tag with VID 0 has a priority and names no VLAN. */
	filter->vlans[0] = BIT(0);
	mo_filter_fill(net, &net->netdev->uc, &net->netdev->mc);
	return 0;
}

/**
 * mo_filter_exit() - free the memory
 * @net: netdev that is not registered any more
 */
void mo_filter_exit(struct mo_net *net)
{
	struct mo_filter *filter = &net->filter;

	if (!filter->macs)
		return;
	cancel_work_sync(&filter->work);
	dma_free_coherent(net->md->dev, MO_MACS_BYTES + MO_VLANS_BYTES, filter->macs,
			  filter->dma);
	filter->macs = NULL;
	mutex_destroy(&filter->lock);
}

/**
 * mo_set_mac() - ndo_set_mac_address
 * @netdev: netdev
 * @addr: struct sockaddr
 *
 * Return: 0 or -errno.
 */
int mo_set_mac(struct net_device *netdev, void *addr)
{
	struct mo_net *net = netdev_priv(netdev);
	struct mo_filter *filter = &net->filter;
	__le64 old;
	int err;

	err = eth_prepare_mac_addr_change(netdev, addr);
	if (err)
		return err;
	mutex_lock(&filter->lock);
	old = filter->macs[0];
	filter->macs[0] = mo_filter_entry(((struct sockaddr *)addr)->sa_data);
	err = mo_filter_update(net, filter->flags);
	if (err)
		filter->macs[0] = old;
	else	/* before anybody fills the list anew, with the netdev's address */
		eth_commit_mac_addr_change(netdev, addr);
	mutex_unlock(&filter->lock);
	return err;
}

/**
 * mo_filter_replay() - hand both filters to the device (again)
 * @net: netdev
 *
 * Return: 0 or -errno.
 */
int mo_filter_replay(struct mo_net *net)
{
	int err;

	mutex_lock(&net->filter.lock);
	net->filter.vlan_on = net->netdev->features & NETIF_F_HW_VLAN_CTAG_FILTER;
	err = mo_filter_send(net);
	if (!err)
		err = mo_vlan_send(net);
	mutex_unlock(&net->filter.lock);
	return err;
}

/**
 * mo_vlan_filtering() - switch the VLAN filter on or off
 * @net: netdev
 * @features: features that will be in force
 *
 * Return: 0 or -errno.
 */
int mo_vlan_filtering(struct mo_net *net, netdev_features_t features)
{
	int err = 0;
	bool old;

	mutex_lock(&net->filter.lock);
	old = net->filter.vlan_on;
	net->filter.vlan_on = features & NETIF_F_HW_VLAN_CTAG_FILTER;
	/* mo_filter_replay() makes up for it when the queues are back. */
	if (net->running)
		err = mo_vlan_send(net);
	if (err)
		net->filter.vlan_on = old;
	mutex_unlock(&net->filter.lock);
	return err;
}

static int mo_vlan_set(struct net_device *netdev, u16 vid, bool on)
{
	struct mo_net *net = netdev_priv(netdev);
	u8 *byte = &net->filter.vlans[vid / BITS_PER_BYTE];
	u8 bit = BIT(vid % BITS_PER_BYTE);
	int err = 0;

	if (!vid)	/* always let in, not only while 8021q is loaded */
		return 0;
	mutex_lock(&net->filter.lock);
	if (on)
		*byte |= bit;
	else
		*byte &= ~bit;
	if (!net->detached)
		err = mo_vlan_send(net);
	if (err && on)
		*byte &= ~bit;
	mutex_unlock(&net->filter.lock);
	/* Removal must not fail while the device is away. */
	return on ? err : 0;
}

int mo_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	return mo_vlan_set(netdev, vid, true);
}

int mo_vlan_del(struct net_device *netdev, __be16 proto, u16 vid)
{
	return mo_vlan_set(netdev, vid, false);
}
