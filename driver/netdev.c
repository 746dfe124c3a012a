// SPDX-License-Identifier: GPL-2.0
/*
 * The netdev: operations, features, open and stop, detach and attach around
 * resets, and the repair of channels.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "net.h"
#include "cmd.h"
#include "netdev.h"
#include "status.h"

/*
 * What moderation starts with: a lone packet is announced at once. That it was
 * sent can wait until its answer has come, whose poll frees it too; with a device
 * that cannot be told of whoever waits for it, not for long.
 */
#define MO_RX_USECS		0
#define MO_RX_FRAMES		64
#define MO_TX_USECS		5000
#define MO_TX_USECS_PLAIN	500	/* without MO_F_TX_URGENT */
#define MO_TX_FRAMES		8

#define MO_STATS_PERIOD_US	100000

#define MO_WATCH_TIME		HZ

/* More repairs than this within the time, and the function is reset. */
#define MO_REPAIRS_MAX		8
#define MO_REPAIRS_TIME		(60 * HZ)

/* Feature of the stack, and the offload of the device that it needs. */
static const struct {
	netdev_features_t feature;
	u32 offload;
} mo_rx_features[] = {
	{ NETIF_F_RXCSUM, MO_OFFLOAD_RX_CSUM },
	{ NETIF_F_RXHASH, MO_OFFLOAD_RX_HASH },
	{ NETIF_F_HW_VLAN_CTAG_RX, MO_OFFLOAD_RX_VLAN },
	{ NETIF_F_GRO_HW, MO_OFFLOAD_RX_GRO },
	{ NETIF_F_RXALL, MO_OFFLOAD_RX_FCS_ERR },
	{ NETIF_F_LOOPBACK, MO_OFFLOAD_LOOPBACK },
};

#define MO_TX_FEATURES \
	(NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN)

static struct mo_net *mo_net(struct mo_dev *md)
{
	return md->net;
}

/*
 * rtnl_lock and, where the kernel has one, the netdev's own lock. What neither
 * changes the number of queues nor attaches takes the one lock that operations
 * are under: netdev_lock_ops_compat().
 */
static void mo_net_lock(struct mo_net *net)
{
	rtnl_lock();
	netdev_lock_ops(net->netdev);
}

static void mo_net_unlock(struct mo_net *net)
{
	netdev_unlock_ops(net->netdev);
	rtnl_unlock();
}

/**
 * mo_net_set_offloads() - receive offloads and MTU
 * @net: netdev
 * @features: features to have
 * @mtu: MTU to have
 * @extack: gets the device's reason; may be NULL
 *
 * Return: 0 or -errno.
 */
int mo_net_set_offloads(struct mo_net *net, netdev_features_t features, u32 mtu,
			struct netlink_ext_ack *extack)
{
	unsigned int i;
	u32 flags = 0;

	for (i = 0; i < ARRAY_SIZE(mo_rx_features); i++)
		if (features & mo_rx_features[i].feature)
			flags |= mo_rx_features[i].offload;
	return mo_cmd_offload(net->md, net->port, flags & net->offloads, mtu, extack);
}

/*
 * Carrier, from the last state of the link: whoever comes last, has the latest.
 * A netdev without queues has none.
 */
static void mo_net_carrier(struct mo_net *net)
{
	struct mo_link_state ls;

	spin_lock_bh(&net->carrier_lock);
	mo_link_get(net->md, &ls);
	if (ls.carrier && READ_ONCE(net->running))
		netif_carrier_on(net->netdev);
	else
		netif_carrier_off(net->netdev);
	spin_unlock_bh(&net->carrier_lock);
}

static int mo_net_link_news(struct notifier_block *nb, unsigned long news, void *data)
{
	if (news == MO_LINK_CHANGED)
		mo_net_carrier(container_of(nb, struct mo_net, link_news));
	return NOTIFY_DONE;
}

/* Queues exist: everything else that the device must know. */
static int mo_net_start(struct mo_net *net)
{
	struct net_device *netdev = net->netdev;
	int err;

	err = mo_net_set_offloads(net, netdev->features, netdev->mtu, NULL);
	if (!err)
		err = mo_filter_replay(net);
	if (!err)
		err = mo_cmd_port_rx(net->md, net->port, true);
	return err;
}

static int mo_net_up(struct mo_net *net)
{
	int err;

	err = mo_queues_open(net, NULL);
	if (err)
		return err;
	err = mo_net_start(net);
	if (err) {
		mo_queues_close(net);
		return err;
	}
	/* The request is kept; without firmware it waits until there is some. */
	mo_link_set_admin(net->md, true);
	mo_net_carrier(net);
	mod_delayed_work(net->md->wq, &net->watch, MO_WATCH_TIME);
	return 0;
}

static void mo_net_down(struct mo_net *net)
{
	/* Even if this fails: destroying a queue ends its DMA. */
	mo_cmd_port_rx(net->md, net->port, false);
	mo_queues_close(net);
	mo_net_carrier(net);
}

static int mo_open(struct net_device *netdev)
{
	struct mo_net *net = netdev_priv(netdev);

	if (net->detached)
		return -ENODEV;
	return mo_net_up(net);
}

static int mo_stop(struct net_device *netdev)
{
	struct mo_net *net = netdev_priv(netdev);

	/* The link stays as it is for the next driver, unless somebody wants it down. */
	if (!netdev->dismantle)
		mo_link_set_admin(net->md, false);
	if (net->running)
		mo_net_down(net);
	return 0;
}

static int mo_change_mtu(struct net_device *netdev, int mtu)
{
	struct mo_net *net = netdev_priv(netdev);
	int err = 0;

	/* Buffers do not depend on the MTU: long packets take several. */
	if (net->running)
		err = mo_net_set_offloads(net, netdev->features, mtu, NULL);
	if (!err)
		WRITE_ONCE(netdev->mtu, mtu);
	return err;
}

static int mo_set_features(struct net_device *netdev, netdev_features_t features)
{
	netdev_features_t changed = netdev->features ^ features;
	struct mo_net *net = netdev_priv(netdev);
	int err;

	if (changed & NETIF_F_HW_VLAN_CTAG_FILTER) {
		err = mo_vlan_filtering(net, features);
		if (err)
			return err;
	}
	if (!net->running)
		return 0;
	err = mo_net_set_offloads(net, features, netdev->mtu, NULL);
	if (err && (changed & NETIF_F_HW_VLAN_CTAG_FILTER))
		mo_vlan_filtering(net, netdev->features);
	return err;
}

static void mo_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct mo_net *net = netdev_priv(netdev);
	const struct mo_txq *txq = net->txq[queue];

	if (!txq)
		return;
	netdev_err(netdev, "tx queue %u is stuck: head %u, done %u, told %u, tail %u\n",
		   queue, READ_ONCE(txq->head), READ_ONCE(txq->done),
		   READ_ONCE(txq->db.last), READ_ONCE(txq->tail));
	mo_channel_broken(&net->channels[queue]);
}

static const struct net_device_ops mo_netdev_ops = {
	.ndo_open = mo_open,
	.ndo_stop = mo_stop,
	.ndo_start_xmit = mo_xmit,
	.ndo_features_check = mo_features_check,
	.ndo_tx_timeout = mo_tx_timeout,
#ifdef MO_HAVE_RX_MODE_ASYNC
	.ndo_set_rx_mode_async = mo_set_rx_mode,
#else
	.ndo_set_rx_mode = mo_set_rx_mode,
#endif
	.ndo_set_mac_address = mo_set_mac,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = mo_change_mtu,
	.ndo_set_features = mo_set_features,
	.ndo_get_stats64 = mo_get_stats64,
	.ndo_vlan_rx_add_vid = mo_vlan_add,
	.ndo_vlan_rx_kill_vid = mo_vlan_del,
};

static void mo_net_watch_work(struct work_struct *work)
{
	struct mo_net *net = container_of(work, struct mo_net, watch.work);
	unsigned int i;

	netdev_lock_ops_compat(net->netdev);
	if (net->running) {
		for (i = 0; i < net->cfg.channels; i++)
			mo_channel_watch(&net->channels[i]);
		queue_delayed_work(net->md->wq, &net->watch, MO_WATCH_TIME);
	}
	netdev_unlock_ops_compat(net->netdev);
}

static void mo_net_repair(struct mo_net *net, unsigned int index)
{
	int err;

	if (time_after(jiffies, net->repair_start + MO_REPAIRS_TIME)) {
		net->repair_start = jiffies;
		net->repairs = 0;
	}
	if (++net->repairs > MO_REPAIRS_MAX) {
		mo_dev_fail(net->md, "queues break again and again");
		return;
	}
	err = mo_queues_restart(net, index);
	if (err)
		mo_dev_fail(net->md, "a broken queue cannot be made anew");
	else
		netdev_warn(net->netdev, "queues of channel %u were restarted\n", index);
}

/* Finds the channel of a queue that the device gave up on. */
static void mo_net_blame(struct mo_net *net, const struct mo_queue_event *ev)
{
	unsigned int i;

	for (i = 0; net->running && i < net->cfg.channels; i++) {
		const struct mo_channel *ch = &net->channels[i];
		const char *kind;

		if (ev->object == ch->txq->db.object)
			kind = "tx";
		else if (ev->object == ch->rxq->db.object)
			kind = "rx";
		else if (ev->object == ch->txq->cq.comp.cqn ||
			 ev->object == ch->rxq->cq.comp.cqn)
			kind = "completion";
		else
			continue;
		netdev_warn(net->netdev, "%s queue of channel %u stopped: %s\n", kind, i,
			    ev->event == MO_EVENT_CQ_ERROR ? "overrun or not writable" :
			    mo_queue_error_text(ev->code));
		set_bit(i, net->broken);
		break;
	}
}

static void mo_net_repair_work(struct work_struct *work)
{
	struct mo_net *net = container_of(work, struct mo_net, repair);
	struct mo_queue_event ev;
	unsigned int index;

	netdev_lock_ops_compat(net->netdev);
	while (kfifo_get(&net->events, &ev))
		mo_net_blame(net, &ev);
	for_each_set_bit(index, net->broken, MO_MAX_VECTORS) {
		clear_bit(index, net->broken);
		if (net->running && index < net->cfg.channels)
			mo_net_repair(net, index);
	}
	netdev_unlock_ops_compat(net->netdev);
}

/**
 * mo_net_queue_error() - the device gave up on a queue
 * @md: device
 * @event: MO_EVENT_QUEUE_ERROR or MO_EVENT_CQ_ERROR
 * @object: object number; perhaps of a queue that is gone
 * @code: enum mo_queue_error
 *
 * Called by the event work, which must not wait for the netdev's locks.
 */
void mo_net_queue_error(struct mo_dev *md, u8 event, u32 object, u16 code)
{
	struct mo_queue_event ev = { .event = event, .code = code, .object = object };
	struct mo_net *net = mo_net(md);

	if (!net)
		return;
	/* RDMA's that is gone by now; a process can have any number of those. */
	if (event == MO_EVENT_CQ_ERROR && !mo_cq_is_net(md, object))
		return;
	/* So many at once are not worth telling apart. */
	if (!kfifo_put(&net->events, ev)) {
		mo_dev_fail(md, "too many queues broke at once");
		return;
	}
	queue_work(md->wq, &net->repair);
}

/**
 * mo_net_to_dev() - the device behind a netdev
 * @netdev: any netdev
 *
 * Return: the device, or NULL when the netdev is not ours.
 */
struct mo_dev *mo_net_to_dev(const struct net_device *netdev)
{
	if (netdev->netdev_ops != &mo_netdev_ops)
		return NULL;
	return ((struct mo_net *)netdev_priv(netdev))->md;
}

static void mo_net_features(struct mo_net *net)
{
	struct net_device *netdev = net->netdev;
	unsigned int i;

	netdev->hw_features = MO_TX_FEATURES | NETIF_F_HW_VLAN_CTAG_TX |
			      NETIF_F_HW_VLAN_CTAG_FILTER;
	for (i = 0; i < ARRAY_SIZE(mo_rx_features); i++)
		if (net->offloads & mo_rx_features[i].offload)
			netdev->hw_features |= mo_rx_features[i].feature;
	/* Those two are for tests and for the curious. */
	netdev->features = netdev->hw_features & ~(NETIF_F_LOOPBACK | NETIF_F_RXALL);
	netdev->features |= NETIF_F_HIGHDMA;
	netdev->vlan_features = MO_TX_FEATURES | NETIF_F_HIGHDMA;
	netdev->hw_enc_features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA;
	netif_set_tso_max_size(netdev, min_t(u32, le32_to_cpu(net->md->id.max_tso),
					     MO_TX_MAX_TSO));
	netif_set_tso_max_segs(netdev, MO_TX_MAX_TSO_SEGS);
}

/*
 * A channel has two completion queues, queues are made before others go, and the RSS
 * table must be able to name each channel.
 */
static unsigned int mo_net_max_channels(const struct mo_dev *md)
{
	unsigned int max = min3(le32_to_cpu(md->id.max_txq) / 2,
				le32_to_cpu(md->id.max_rxq) / 2,
				le32_to_cpu(md->id.max_cq) / 4);

	max = min3(max, md->channels, (unsigned int)MO_MAX_VECTORS);
	return min3(max, (unsigned int)le16_to_cpu(md->id.rss_table_max),
		    (unsigned int)MO_RXQ_MAP_MAX);
}

static int mo_net_init(struct mo_net *net)
{
	struct mo_dev *md = net->md;
	unsigned int i;
	int err;

	net->cfg = (struct mo_qcfg){
		.channels = min_t(unsigned int, net->max_channels,
				  netif_get_num_default_rss_queues()),
		.tx.log = min_t(u8, md->id.queue_max_log, MO_TX_LOG_DEFAULT),
		.rx.log = min_t(u8, md->id.queue_max_log, MO_RX_LOG_DEFAULT),
	};
	net->coal = (struct mo_coal){
		.rx_usecs = MO_RX_USECS,
		.rx_frames = MO_RX_FRAMES,
		.tx_usecs = md->features & MO_F_TX_URGENT ? MO_TX_USECS : MO_TX_USECS_PLAIN,
		.tx_frames = MO_TX_FRAMES,
	};
	net->offloads = le32_to_cpu(md->id.offloads);
	if (!(md->features & MO_F_GRO_HW))
		net->offloads &= ~MO_OFFLOAD_RX_GRO;
	INIT_WORK(&net->repair, mo_net_repair_work);
	INIT_DEFERRABLE_WORK(&net->watch, mo_net_watch_work);
	INIT_KFIFO(net->events);
	spin_lock_init(&net->carrier_lock);

	err = mo_qcfg_check(net, &net->cfg, NULL);
	if (err)
		return err;
	net->txq = kcalloc(net->max_channels, sizeof(*net->txq), GFP_KERNEL);
	net->channels = kvcalloc(net->max_channels, sizeof(*net->channels), GFP_KERNEL);
	net->stats = kvcalloc(net->max_channels, sizeof(*net->stats), GFP_KERNEL);
	if (!net->txq || !net->channels || !net->stats)
		return -ENOMEM;
	for (i = 0; i < net->max_channels; i++) {
		net->channels[i].net = net;
		net->channels[i].index = i;
		net->channels[i].eq = mo_eq_get(md, i);
		net->channels[i].coal = net->coal;
	}
	err = mo_stats_init(net);
	if (!err)
		err = mo_rss_init(net);
	if (!err)
		err = mo_filter_init(net);
	return err;
}

static void mo_net_free(struct mo_net *net)
{
	mo_filter_exit(net);
	mo_rss_exit(net);
	mo_stats_exit(net);
	kvfree(net->stats);
	kvfree(net->channels);
	kfree(net->txq);
	free_netdev(net->netdev);
}

static void mo_net_address(struct mo_net *net)
{
	const u8 *mac = net->md->id.mac[net->port];

	if (is_valid_ether_addr(mac)) {
		eth_hw_addr_set(net->netdev, mac);
		return;
	}
	eth_hw_addr_random(net->netdev);
	dev_warn(net->md->dev, "device has no valid address, using %pM\n",
		 net->netdev->dev_addr);
}

/**
 * mo_net_create() - allocate and register the netdev
 * @md: device that is up
 *
 * Return: 0 or -errno.
 */
int mo_net_create(struct mo_dev *md)
{
	unsigned int channels = mo_net_max_channels(md);
	struct net_device *netdev;
	struct mo_net *net;
	int err;

	if (!channels) {
		dev_err(md->dev, "no vector or queue is left for the datapath\n");
		return -ENOSPC;
	}
	netdev = alloc_etherdev_mqs(sizeof(*net), channels, channels);
	if (!netdev)
		return -ENOMEM;
	SET_NETDEV_DEV(netdev, md->dev);
	SET_NETDEV_DEVLINK_PORT(netdev, &md->dl_port);
	/* Where a reload has moved the device to. */
	dev_net_set(netdev, devlink_net(mo_devlink(md)));
	net = netdev_priv(netdev);
	net->md = md;
	net->netdev = netdev;
	net->max_channels = channels;

	mo_net_address(net);
	err = mo_net_init(net);
	if (err)
		goto free;

	netdev->netdev_ops = &mo_netdev_ops;
	netdev->ethtool_ops = &mo_ethtool_ops;
	netdev->stat_ops = &mo_stat_ops;
	netdev->watchdog_timeo = 5 * HZ;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = min_t(u32, le32_to_cpu(md->id.max_mtu), MO_ETH_MAX_MTU);
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;
	mo_net_features(net);
	mo_netdev_request_ops_lock(netdev);
	netif_set_affinity_auto(netdev);
	netif_carrier_off(netdev);

	err = mo_stats_start(net, MO_STATS_PERIOD_US);
	if (err)
		goto free;
	err = netif_set_real_num_queues(netdev, net->cfg.channels, net->cfg.channels);
	if (err)
		goto stop;
	md->net = net;
	md->netdev = netdev;
	err = register_netdev(netdev);
	if (err)
		goto forget;
	net->link_news.notifier_call = mo_net_link_news;
	blocking_notifier_chain_register(&md->link.news, &net->link_news);
	/* What has been told already. */
	mo_net_carrier(net);
	return 0;

forget:
	md->netdev = NULL;
	md->net = NULL;
stop:
	mo_stats_stop(net);
free:
	mo_net_free(net);
	return err;
}

/**
 * mo_net_destroy() - unregister and free the netdev
 * @md: device, perhaps dead
 */
void mo_net_destroy(struct mo_dev *md)
{
	struct mo_net *net = mo_net(md);

	if (!net)
		return;
	blocking_notifier_chain_unregister(&md->link.news, &net->link_news);
	unregister_netdev(net->netdev);
	cancel_work_sync(&net->repair);
	cancel_delayed_work_sync(&net->watch);
	md->netdev = NULL;
	md->net = NULL;
	mo_stats_stop(net);
	mo_net_free(net);
}

/**
 * mo_net_detach() - the device goes; keep netdev, settings and counters
 * @md: device, perhaps dead
 */
void mo_net_detach(struct mo_dev *md)
{
	struct mo_net *net = mo_net(md);

	if (!net)
		return;
	mo_net_lock(net);
	if (!net->detached) {
		net->detached = true;
		netif_device_detach(net->netdev);
		if (net->running)
			mo_net_down(net);
		mo_stats_stop(net);
	}
	mo_net_unlock(net);
}

/**
 * mo_net_attach() - the device is back; replay settings
 * @md: device that is up
 *
 * Return: 0 or -errno; then the netdev stays detached.
 */
int mo_net_attach(struct mo_dev *md)
{
	struct mo_net *net = mo_net(md);
	int err;

	if (!net)
		return 0;
	mo_net_lock(net);
	err = mo_stats_start(net, net->block.period_us);
	if (err)
		goto unlock;
	if (netif_running(net->netdev))
		err = mo_net_up(net);
	if (err) {
		mo_stats_stop(net);
		goto unlock;
	}
	net->detached = false;
	netif_device_attach(net->netdev);
unlock:
	mo_net_unlock(net);
	return err;
}
