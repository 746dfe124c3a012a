// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool: rings, channels, interrupt moderation, identity. Link and module are
 * link.c's and module.c's; statistics are ethtool_stats.c's.
 */
#include <linux/ethtool.h>
#include <linux/log2.h>
#include <linux/netdevice.h>

#include "net.h"
#include "module.h"
#include "regs.h"

static int mo_get_regs_len(struct net_device *netdev)
{
	return mo_regs_count() * sizeof(u32);
}

/* All registers in the order of MO_REGS; those that cannot be read are 0. */
static void mo_get_regs(struct net_device *netdev, struct ethtool_regs *regs, void *data)
{
	const struct mo_net *net = netdev_priv(netdev);
	u32 *values = data, offset;
	const char *name;
	unsigned int i;

	regs->version = net->md->if_version;
	for (i = 0; i < mo_regs_count(); i++)
		if (mo_regs_row(net->md, i, &name, &offset))
			values[i] = mo_rd(net->md, offset);
}

static u32 mo_get_link(struct net_device *netdev)
{
	return netif_carrier_ok(netdev);
}

static int mo_get_link_ext_state(struct net_device *netdev,
				 struct ethtool_link_ext_state_info *info)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_link_get_ext_state(net->md, info);
}

static int mo_get_link_ksettings(struct net_device *netdev,
				 struct ethtool_link_ksettings *ks)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_link_get_ksettings(net->md, ks);
}

static int mo_set_link_ksettings(struct net_device *netdev,
				 const struct ethtool_link_ksettings *ks)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_link_set_ksettings(net->md, ks);
}

static int mo_get_fecparam(struct net_device *netdev, struct ethtool_fecparam *fec)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_link_get_fecparam(net->md, fec);
}

static int mo_set_fecparam(struct net_device *netdev, struct ethtool_fecparam *fec)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_link_set_fecparam(net->md, fec);
}

/* The MAC sends no PAUSE frames and obeys none. */
static void mo_get_pauseparam(struct net_device *netdev, struct ethtool_pauseparam *pause)
{
	pause->autoneg = AUTONEG_DISABLE;
	pause->rx_pause = 0;
	pause->tx_pause = 0;
}

static int mo_get_module_page(struct net_device *netdev,
			      const struct ethtool_module_eeprom *page,
			      struct netlink_ext_ack *extack)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_module_get_page(net->md, page, extack);
}

static int mo_get_module_info(struct net_device *netdev, struct ethtool_modinfo *info)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_module_get_info(net->md, info);
}

static int mo_get_module_eeprom(struct net_device *netdev, struct ethtool_eeprom *eeprom,
				u8 *data)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_module_get_eeprom(net->md, eeprom, data);
}

static int mo_get_module_power(struct net_device *netdev,
			       struct ethtool_module_power_mode_params *params,
			       struct netlink_ext_ack *extack)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_module_get_power(net->md, params, extack);
}

static int mo_set_module_power(struct net_device *netdev,
			       const struct ethtool_module_power_mode_params *params,
			       struct netlink_ext_ack *extack)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_module_set_power(net->md, params, extack);
}

static int mo_reset(struct net_device *netdev, u32 *flags)
{
	const struct mo_net *net = netdev_priv(netdev);

	return mo_module_reset(net->md, flags);
}

static void mo_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			     struct kernel_ethtool_ringparam *kring,
			     struct netlink_ext_ack *extack)
{
	const struct mo_net *net = netdev_priv(netdev);
	u8 max = min_t(u8, net->md->id.queue_max_log, MO_QUEUE_LOG_LIMIT);

	ring->rx_max_pending = BIT(max);
	ring->tx_max_pending = BIT(max);
	ring->rx_pending = BIT(net->cfg.rx.log);
	ring->tx_pending = BIT(net->cfg.tx.log);
}

static int mo_set_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			    struct kernel_ethtool_ringparam *kring,
			    struct netlink_ext_ack *extack)
{
	struct mo_net *net = netdev_priv(netdev);
	struct mo_qcfg cfg = net->cfg;
	int err;

	if (!is_power_of_2(ring->rx_pending) || !is_power_of_2(ring->tx_pending)) {
		NL_SET_ERR_MSG(extack, "length of a ring must be a power of two");
		return -EINVAL;
	}
	cfg.rx.log = ilog2(ring->rx_pending);
	cfg.tx.log = ilog2(ring->tx_pending);
	err = mo_qcfg_check(net, &cfg, extack);
	if (err)
		return err;
	return mo_queues_resize(net, &cfg.tx, &cfg.rx, extack);
}

static void mo_get_channels(struct net_device *netdev, struct ethtool_channels *ch)
{
	const struct mo_net *net = netdev_priv(netdev);

	ch->max_combined = net->max_channels;
	ch->combined_count = net->cfg.channels;
}

static int mo_set_channels(struct net_device *netdev, struct ethtool_channels *ch)
{
	struct mo_net *net = netdev_priv(netdev);
	struct mo_qcfg cfg = net->cfg;
	int err;

	/* The core lets nothing but combined channels pass, up to the maximum. */
	cfg.channels = ch->combined_count;
	err = mo_qcfg_check(net, &cfg, NULL);
	if (err || cfg.channels == net->cfg.channels)
		return err;
	return mo_queues_set_channels(net, cfg.channels, NULL);
}

static void mo_coal_get(const struct mo_coal *coal, struct ethtool_coalesce *ec)
{
	ec->rx_coalesce_usecs = coal->rx_usecs;
	ec->rx_max_coalesced_frames = coal->rx_frames;
	ec->tx_coalesce_usecs = coal->tx_usecs;
	ec->tx_max_coalesced_frames = coal->tx_frames;
	ec->use_adaptive_rx_coalesce = coal->rx_adaptive;
}

static int mo_coal_take(const struct ethtool_coalesce *ec, struct mo_coal *coal,
			struct netlink_ext_ack *extack)
{
	if (max(ec->rx_coalesce_usecs, ec->tx_coalesce_usecs) > U16_MAX ||
	    max(ec->rx_max_coalesced_frames, ec->tx_max_coalesced_frames) > U16_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "at most %u usecs and frames are possible", U16_MAX);
		return -EINVAL;
	}
	*coal = (struct mo_coal){
		.rx_usecs = ec->rx_coalesce_usecs,
		.rx_frames = ec->rx_max_coalesced_frames,
		.tx_usecs = ec->tx_coalesce_usecs,
		.tx_frames = ec->tx_max_coalesced_frames,
		.rx_adaptive = ec->use_adaptive_rx_coalesce,
	};
	return 0;
}

static int mo_get_coalesce(struct net_device *netdev, struct ethtool_coalesce *ec,
			   struct kernel_ethtool_coalesce *kec,
			   struct netlink_ext_ack *extack)
{
	const struct mo_net *net = netdev_priv(netdev);

	mo_coal_get(&net->coal, ec);
	ec->stats_block_coalesce_usecs = net->block.period_us;
	return 0;
}

static int mo_set_coalesce(struct net_device *netdev, struct ethtool_coalesce *ec,
			   struct kernel_ethtool_coalesce *kec,
			   struct netlink_ext_ack *extack)
{
	struct mo_net *net = netdev_priv(netdev);
	struct mo_coal coal, old = net->coal;
	u32 period = ec->stats_block_coalesce_usecs;
	int err;

	if (period < MO_AREA_PERIOD_MIN_US) {
		NL_SET_ERR_MSG_FMT(extack, "stats-block-usecs must be at least %u",
				   MO_AREA_PERIOD_MIN_US);
		return -EINVAL;
	}
	err = mo_coal_take(ec, &coal, extack);
	if (!err)
		err = mo_queues_set_coal(net, &coal, extack);
	if (err || period == net->block.period_us)
		return err;
	err = mo_stats_start(net, period);
	if (err)
		mo_queues_set_coal(net, &old, NULL);
	return err;
}

static int mo_get_queue_coalesce(struct net_device *netdev, u32 queue,
				 struct ethtool_coalesce *ec)
{
	const struct mo_net *net = netdev_priv(netdev);

	if (queue >= net->cfg.channels)
		return -EINVAL;
	mo_coal_get(&net->channels[queue].coal, ec);
	return 0;
}

static int mo_set_queue_coalesce(struct net_device *netdev, u32 queue,
				 struct ethtool_coalesce *ec)
{
	struct mo_net *net = netdev_priv(netdev);
	struct mo_coal coal;
	int err;

	if (queue >= net->cfg.channels || ec->stats_block_coalesce_usecs)
		return -EINVAL;
	err = mo_coal_take(ec, &coal, NULL);
	return err ?: mo_channel_set_coal(&net->channels[queue], &coal, NULL);
}

const struct ethtool_ops mo_ethtool_ops = {
	.cap_link_lanes_supported = true,
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS |
				     ETHTOOL_COALESCE_MAX_FRAMES |
				     ETHTOOL_COALESCE_USE_ADAPTIVE_RX |
				     ETHTOOL_COALESCE_STATS_BLOCK_USECS,
#ifdef MO_HAVE_RXFH_FIELDS
	/* netif_set_real_num_queues() */
	.op_needs_rtnl = ETHTOOL_OP_NEEDS_RTNL_SCHANNELS,
#endif
	.get_regs_len = mo_get_regs_len,
	.get_regs = mo_get_regs,
	.get_link = mo_get_link,
	.get_link_ext_state = mo_get_link_ext_state,
	.get_link_ext_stats = mo_get_link_ext_stats,
	.get_link_ksettings = mo_get_link_ksettings,
	.set_link_ksettings = mo_set_link_ksettings,
	.get_fecparam = mo_get_fecparam,
	.set_fecparam = mo_set_fecparam,
	.get_fec_stats = mo_get_fec_stats,
	.get_pauseparam = mo_get_pauseparam,
	.get_pause_stats = mo_get_pause_stats,
	.get_module_info = mo_get_module_info,
	.get_module_eeprom = mo_get_module_eeprom,
	.get_module_eeprom_by_page = mo_get_module_page,
	.get_module_power_mode = mo_get_module_power,
	.set_module_power_mode = mo_set_module_power,
	.reset = mo_reset,
	.get_ringparam = mo_get_ringparam,
	.set_ringparam = mo_set_ringparam,
	.get_channels = mo_get_channels,
	.set_channels = mo_set_channels,
	.get_coalesce = mo_get_coalesce,
	.set_coalesce = mo_set_coalesce,
	.get_per_queue_coalesce = mo_get_queue_coalesce,
	.set_per_queue_coalesce = mo_set_queue_coalesce,
	.get_rxfh_key_size = mo_rxfh_key_size,
	.get_rxfh_indir_size = mo_rxfh_indir_size,
	.get_rxfh = mo_rxfh_get,
	.set_rxfh = mo_rxfh_set,
#ifdef MO_HAVE_RXFH_FIELDS
	.get_rxfh_fields = mo_rxfh_get_fields,
	.set_rxfh_fields = mo_rxfh_set_fields,
	.get_rx_ring_count = mo_rx_ring_count,
#else
	.get_rxnfc = mo_get_rxnfc,
	.set_rxnfc = mo_set_rxnfc,
#endif
	.get_sset_count = mo_stats_count,
	.get_strings = mo_stats_strings,
	.get_ethtool_stats = mo_stats_values,
	.get_eth_mac_stats = mo_get_mac_stats,
	.get_eth_ctrl_stats = mo_get_ctrl_stats,
	.get_rmon_stats = mo_get_rmon_stats,
	.get_ts_info = ethtool_op_get_ts_info,
};
