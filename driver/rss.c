// SPDX-License-Identifier: GPL-2.0
/*
 * Receive side scaling: hash key, fields and table. The table holds channels, whose
 * number is the index of their receive queue in the device's queue map.
 */
#include <linux/dma-mapping.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "net.h"
#include "cmd.h"

/**
 * mo_rss_init() - defaults, and memory for the command
 * @net: netdev, not registered yet
 *
 * Return: 0 or -errno.
 */
int mo_rss_init(struct mo_net *net)
{
	struct mo_rss *rss = &net->rss;

	rss->size = rounddown_pow_of_two(min_t(u16, le16_to_cpu(net->md->id.rss_table_max),
					       MO_RSS_TABLE_MAX));
	rss->dma_conf = dma_alloc_coherent(net->md->dev, sizeof(*rss->dma_conf),
					   &rss->dma, GFP_KERNEL);
	if (!rss->dma_conf)
		return -ENOMEM;
	netdev_rss_key_fill(rss->key, sizeof(rss->key));
	memset(rss->fields, MO_HASH_ALL, sizeof(rss->fields));
	rss->fields[MO_FLOW_IPV4] = MO_HASH_L3_SRC | MO_HASH_L3_DST;
	rss->fields[MO_FLOW_IPV6] = MO_HASH_L3_SRC | MO_HASH_L3_DST;
	mo_rss_spread(net, net->cfg.channels);
	return 0;
}

/**
 * mo_rss_exit() - free the memory
 * @net: netdev whose device has let go of it
 */
void mo_rss_exit(struct mo_net *net)
{
	struct mo_rss *rss = &net->rss;

	if (rss->dma_conf)
		dma_free_coherent(net->md->dev, sizeof(*rss->dma_conf),
				  rss->dma_conf, rss->dma);
	rss->dma_conf = NULL;
}

/**
 * mo_rss_spread() - spread evenly, unless the user wrote the table
 * @net: netdev
 * @channels: number of channels
 */
void mo_rss_spread(struct mo_net *net, unsigned int channels)
{
	unsigned int i;

	if (netif_is_rxfh_configured(net->netdev))
		return;
	for (i = 0; i < net->rss.size; i++)
		net->rss.table[i] = ethtool_rxfh_indir_default(i, channels);
}

/**
 * mo_rss_apply() - hand key, fields and table to the device
 * @net: netdev
 * @channels: number of channels to use
 * @extack: gets the device's reason; may be NULL
 *
 * Return: 0 or -errno.
 */
int mo_rss_apply(struct mo_net *net, unsigned int channels,
		 struct netlink_ext_ack *extack)
{
	struct mo_rss_config *conf = net->rss.dma_conf;
	const struct mo_rss *rss = &net->rss;
	unsigned int i;

	memset(conf, 0, sizeof(*conf));
	memcpy(conf->key, rss->key, sizeof(conf->key));
	memcpy(conf->fields, rss->fields, sizeof(conf->fields));
	conf->table_log = ilog2(rss->size);
	/* After a reset with fewer channels the user's table may be too wide. */
	for (i = 0; i < rss->size; i++)
		conf->table[i] = cpu_to_le16(rss->table[i] % channels);
	return mo_cmd_rss_set(net->md, net->port, rss->dma, extack);
}

/* Takes a new value; keeps the old one when the device refuses. */
static int mo_rss_change(struct mo_net *net, const struct mo_rss *new,
			 struct netlink_ext_ack *extack)
{
	struct mo_rss *old;
	int err;

	if (!net->running) {
		net->rss = *new;
		return 0;
	}
	old = kmemdup(&net->rss, sizeof(*old), GFP_KERNEL);
	if (!old)
		return -ENOMEM;
	net->rss = *new;
	err = mo_rss_apply(net, net->cfg.channels, extack);
	if (err)
		net->rss = *old;
	kfree(old);
	return err;
}

u32 mo_rxfh_key_size(struct net_device *netdev)
{
	return MO_RSS_KEY_LEN;
}

u32 mo_rxfh_indir_size(struct net_device *netdev)
{
	const struct mo_net *net = netdev_priv(netdev);

	return net->rss.size;
}

int mo_rxfh_get(struct net_device *netdev, struct ethtool_rxfh_param *param)
{
	const struct mo_net *net = netdev_priv(netdev);
	unsigned int i;

	param->hfunc = ETH_RSS_HASH_TOP;
	if (param->key)
		memcpy(param->key, net->rss.key, sizeof(net->rss.key));
	if (param->indir)
		for (i = 0; i < net->rss.size; i++)
			param->indir[i] = net->rss.table[i];
	return 0;
}

int mo_rxfh_set(struct net_device *netdev, struct ethtool_rxfh_param *param,
		struct netlink_ext_ack *extack)
{
	struct mo_net *net = netdev_priv(netdev);
	struct mo_rss *new;
	unsigned int i;
	int err;

	if (param->hfunc != ETH_RSS_HASH_NO_CHANGE && param->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG(extack, "the hash function is Toeplitz");
		return -EOPNOTSUPP;
	}
	new = kmemdup(&net->rss, sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	if (param->key)
		memcpy(new->key, param->key, sizeof(new->key));
	if (param->indir)
		for (i = 0; i < new->size; i++)
			new->table[i] = param->indir[i];
	err = mo_rss_change(net, new, extack);
	kfree(new);
	return err;
}

/* Flow kind of an ethtool flow type; false where none is alike. */
static bool mo_rss_flow(u32 flow_type, enum mo_flow *flow)
{
	switch (flow_type) {
	case TCP_V4_FLOW:
		*flow = MO_FLOW_TCP4;
		return true;
	case UDP_V4_FLOW:
		*flow = MO_FLOW_UDP4;
		return true;
	case IPV4_FLOW:
	case SCTP_V4_FLOW:
	case AH_ESP_V4_FLOW:
	case AH_V4_FLOW:
	case ESP_V4_FLOW:
		*flow = MO_FLOW_IPV4;
		return true;
	case TCP_V6_FLOW:
		*flow = MO_FLOW_TCP6;
		return true;
	case UDP_V6_FLOW:
		*flow = MO_FLOW_UDP6;
		return true;
	case IPV6_FLOW:
	case SCTP_V6_FLOW:
	case AH_ESP_V6_FLOW:
	case AH_V6_FLOW:
	case ESP_V6_FLOW:
		*flow = MO_FLOW_IPV6;
		return true;
	}
	return false;
}

static const struct {
	u32 rxh;
	u8 hash;
} mo_rss_fields[] = {
	{ RXH_IP_SRC, MO_HASH_L3_SRC },
	{ RXH_IP_DST, MO_HASH_L3_DST },
	{ RXH_L4_B_0_1, MO_HASH_L4_SRC },
	{ RXH_L4_B_2_3, MO_HASH_L4_DST },
};

static int mo_rss_get_fields(const struct mo_net *net, u32 flow_type, u64 *data)
{
	enum mo_flow flow;
	unsigned int i;

	*data = 0;
	if (!mo_rss_flow(flow_type, &flow))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(mo_rss_fields); i++)
		if (net->rss.fields[flow] & mo_rss_fields[i].hash)
			*data |= mo_rss_fields[i].rxh;
	return 0;
}

static int mo_rss_set_fields(struct mo_net *net, u32 flow_type, u64 data,
			     struct netlink_ext_ack *extack)
{
	bool ports = flow_type != IPV4_FLOW && flow_type != IPV6_FLOW;
	enum mo_flow flow;
	struct mo_rss *new;
	unsigned int i;
	u8 fields = 0;
	int err;

	switch (flow_type) {
	case TCP_V4_FLOW:
	case UDP_V4_FLOW:
	case IPV4_FLOW:
	case TCP_V6_FLOW:
	case UDP_V6_FLOW:
	case IPV6_FLOW:
		break;
	default:
		NL_SET_ERR_MSG(extack, "flow type is hashed as other IP");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(mo_rss_fields); i++) {
		if (!(data & mo_rss_fields[i].rxh))
			continue;
		fields |= mo_rss_fields[i].hash;
		data &= ~(u64)mo_rss_fields[i].rxh;
	}
	if (data) {
		NL_SET_ERR_MSG(extack, "only addresses and ports can be hashed");
		return -EOPNOTSUPP;
	}
	if (!ports && (fields & (MO_HASH_L4_SRC | MO_HASH_L4_DST))) {
		NL_SET_ERR_MSG(extack, "other IP packets have no ports");
		return -EINVAL;
	}
	new = kmemdup(&net->rss, sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	mo_rss_flow(flow_type, &flow);
	new->fields[flow] = fields;
	err = mo_rss_change(net, new, extack);
	kfree(new);
	return err;
}

#ifdef MO_HAVE_RXFH_FIELDS
int mo_rxfh_get_fields(struct net_device *netdev, struct ethtool_rxfh_fields *f)
{
	u64 data;
	int err;

	err = mo_rss_get_fields(netdev_priv(netdev), f->flow_type, &data);
	f->data = data;
	return err;
}

int mo_rxfh_set_fields(struct net_device *netdev, const struct ethtool_rxfh_fields *f,
		       struct netlink_ext_ack *extack)
{
	return mo_rss_set_fields(netdev_priv(netdev), f->flow_type, f->data, extack);
}

u32 mo_rx_ring_count(struct net_device *netdev)
{
	const struct mo_net *net = netdev_priv(netdev);

	return net->cfg.channels;
}
#else
int mo_get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *nfc, u32 *locs)
{
	const struct mo_net *net = netdev_priv(netdev);

	switch (nfc->cmd) {
	case ETHTOOL_GRXRINGS:
		nfc->data = net->cfg.channels;
		return 0;
	case ETHTOOL_GRXFH:
		return mo_rss_get_fields(net, nfc->flow_type, &nfc->data);
	}
	return -EOPNOTSUPP;
}

int mo_set_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *nfc)
{
	if (nfc->cmd != ETHTOOL_SRXFH)
		return -EOPNOTSUPP;
	return mo_rss_set_fields(netdev_priv(netdev), nfc->flow_type, nfc->data, NULL);
}
#endif
