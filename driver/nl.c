// SPDX-License-Identifier: GPL-2.0
/*
 * The generic-netlink family mesh_optical: telemetry of the optical link that
 * no standard API covers. Operations and policies are made from
 * Documentation/netlink/specs/mesh_optical.yaml (nl_regen.sh). Reads only;
 * configuration goes through rtnetlink, ethtool and devlink.
 */
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "mo.h"
#include "netdev.h"
#include "nl.h"
#include "nl_gen.h"
#include "optics.h"
#include "status.h"

/* Values that the specification promises to be the hardware interface's. */
static_assert((int)MESH_OPTICAL_LANE_STATE_FAILED == (int)MO_LANE_FAILED);
static_assert((int)MESH_OPTICAL_LANE_FLAG_BIAS_LOW_WARN == (int)MO_LANE_F_BIAS_LOW_WARN);
static_assert((int)MESH_OPTICAL_BLAME_ADMIN == (int)MO_BLAME_ADMIN);
static_assert((int)MESH_OPTICAL_MACHINE_LANE == (int)MO_RECORD_LANE);

/*
 * The port of an ifindex. The reference keeps the netdev, and so the device,
 * from going away; drop it with mo_nl_put().
 */
static struct mo_dev *mo_nl_get(const struct genl_info *info, int attr,
				struct net_device **netdev, netdevice_tracker *tracker)
{
	struct mo_dev *md;

	if (GENL_REQ_ATTR_CHECK(info, attr))
		return ERR_PTR(-EINVAL);
	*netdev = netdev_get_by_index(genl_info_net(info), nla_get_u32(info->attrs[attr]),
				      tracker, GFP_KERNEL);
	if (!*netdev) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr], "no such interface");
		return ERR_PTR(-ENODEV);
	}
	md = mo_net_to_dev(*netdev);
	if (!md) {
		netdev_put(*netdev, tracker);
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "interface is not a port of a Mesh Optical device");
		return ERR_PTR(-EOPNOTSUPP);
	}
	return md;
}

/*
 * One port; @retimed is negative when it is not known, @changed the lanes
 * whose quality an event is about.
 */
static int mo_nl_port_fill(struct sk_buff *skb, const struct genl_info *info, u32 ifindex,
			   u8 lanes, const struct mo_link_state *ls, int retimed, u32 changed)
{
	u16 reason = le16_to_cpu(ls->reason);
	void *hdr;

	hdr = genlmsg_iput(skb, info);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(skb, MESH_OPTICAL_A_PORT_IFINDEX, ifindex) ||
	    nla_put_u32(skb, MESH_OPTICAL_A_PORT_LANES, lanes) ||
	    nla_put_u32(skb, MESH_OPTICAL_A_PORT_LANES_OK, le32_to_cpu(ls->lanes_ok)) ||
	    nla_put_string(skb, MESH_OPTICAL_A_PORT_STATE, mo_link_fsm_text(ls->fsm)) ||
	    nla_put_u32(skb, MESH_OPTICAL_A_PORT_DOWN_COUNT, le32_to_cpu(ls->down_count)) ||
	    nla_put_uint(skb, MESH_OPTICAL_A_PORT_CHANGED_NS, le64_to_cpu(ls->changed_ns)) ||
	    nla_put_uint(skb, MESH_OPTICAL_A_PORT_UP_NS, le64_to_cpu(ls->up_ns)))
		goto cancel;
	if (reason != MO_REASON_NONE && !ls->carrier &&
	    (nla_put_string(skb, MESH_OPTICAL_A_PORT_REASON, mo_link_reason_text(reason)) ||
	     nla_put_u32(skb, MESH_OPTICAL_A_PORT_BLAME, mo_link_reason_blame(reason))))
		goto cancel;
	if (reason != MO_REASON_NONE && ls->reason_lanes &&
	    nla_put_u32(skb, MESH_OPTICAL_A_PORT_REASON_LANES, le32_to_cpu(ls->reason_lanes)))
		goto cancel;
	if (le16_to_cpu(ls->last_reason) != MO_REASON_NONE &&
	    nla_put_string(skb, MESH_OPTICAL_A_PORT_LAST_REASON,
			   mo_link_reason_text(le16_to_cpu(ls->last_reason))))
		goto cancel;
	if (retimed >= 0 && nla_put_u32(skb, MESH_OPTICAL_A_PORT_RETIMED, retimed))
		goto cancel;
	if (changed && nla_put_u32(skb, MESH_OPTICAL_A_PORT_LANES_CHANGED, changed))
		goto cancel;
	genlmsg_end(skb, hdr);
	return 0;

cancel:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

/* How the module retimes, -1 without module or firmware. */
static int mo_nl_retimed(struct mo_dev *md, const struct mo_link_state *ls)
{
	struct mo_mb_module module;

	if (!ls->module_present ||
	    mo_optics_get(md, module, &module, NULL) ||
	    !module.present || module.retimed > MESH_OPTICAL_RETIMED_FULL)
		return -1;
	return module.retimed;
}

int mesh_optical_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct net_device *netdev;
	struct mo_link_state ls;
	struct sk_buff *msg;
	struct mo_dev *md;
	int err;

	md = mo_nl_get(info, MESH_OPTICAL_A_PORT_IFINDEX, &netdev, &tracker);
	if (IS_ERR(md))
		return PTR_ERR(md);
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg) {
		err = -ENOMEM;
		goto put;
	}
	mo_link_get(md, &ls);
	err = mo_nl_port_fill(msg, info, netdev->ifindex, md->id.lanes, &ls,
			      mo_nl_retimed(md, &ls), 0);
	if (err)
		nlmsg_free(msg);
	else
		err = genlmsg_reply(msg, info);
put:
	netdev_put(netdev, &tracker);
	return err;
}

/* Ports in order of their ifindex; cb->ctx holds the next one. */
int mesh_optical_nl_port_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	unsigned long *next = (unsigned long *)cb->ctx;
	struct net *net = sock_net(skb->sk);
	netdevice_tracker tracker;
	struct net_device *netdev;
	struct mo_link_state ls;
	unsigned long ifindex;
	struct mo_dev *md;
	int err = 0;

	while (!err) {
		/* What is filled may sleep, so only a reference is held. */
		md = NULL;
		rcu_read_lock();
		ifindex = *next;
		for_each_netdev_dump(net, netdev, ifindex) {
			md = mo_net_to_dev(netdev);
			if (md) {
				netdev_hold(netdev, &tracker, GFP_ATOMIC);
				break;
			}
		}
		rcu_read_unlock();
		if (!md)
			break;
		mo_link_get(md, &ls);
		err = mo_nl_port_fill(skb, info, netdev->ifindex, md->id.lanes, &ls,
				      mo_nl_retimed(md, &ls), 0);
		if (!err)
			*next = netdev->ifindex + 1;
		netdev_put(netdev, &tracker);
	}
	return err == -EMSGSIZE && skb->len ? skb->len : err;
}

static int mo_nl_lane_put(struct sk_buff *skb, u32 side, const struct mo_mb_lane *lane)
{
	u32 flags = le32_to_cpu(lane->flags);
	struct nlattr *nest;

	nest = nla_nest_start(skb, MESH_OPTICAL_A_LANE_INFO);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, MESH_OPTICAL_A_LANE_INFO_SIDE, side) ||
	    nla_put_u32(skb, MESH_OPTICAL_A_LANE_INFO_LANE, lane->lane))
		return -EMSGSIZE;
	if (side == MESH_OPTICAL_SIDE_HOST) {
		if (nla_put_u32(skb, MESH_OPTICAL_A_LANE_INFO_STATE, lane->state))
			return -EMSGSIZE;
		if ((flags & MO_LANE_F_HAS_SNR) &&
		    nla_put_sint(skb, MESH_OPTICAL_A_LANE_INFO_SNR_MDB,
				 (s32)le32_to_cpu(lane->snr_mdb)))
			return -EMSGSIZE;
		if ((flags & MO_LANE_F_HAS_BITS) &&
		    (nla_put_uint(skb, MESH_OPTICAL_A_LANE_INFO_BITS, le64_to_cpu(lane->bits)) ||
		     nla_put_uint(skb, MESH_OPTICAL_A_LANE_INFO_BIT_ERRORS,
				  le64_to_cpu(lane->bit_errors)) ||
		     nla_put_uint(skb, MESH_OPTICAL_A_LANE_INFO_SYMBOL_ERRORS,
				  le64_to_cpu(lane->symbol_errors))))
			return -EMSGSIZE;
	} else {
		if (nla_put_u32(skb, MESH_OPTICAL_A_LANE_INFO_FLAGS,
				flags & (2 * MO_LANE_F_BIAS_LOW_WARN - 1)) ||
		    nla_put_uint(skb, MESH_OPTICAL_A_LANE_INFO_TX_POWER_NW,
				 le32_to_cpu(lane->tx_power_nw)) ||
		    nla_put_uint(skb, MESH_OPTICAL_A_LANE_INFO_RX_POWER_NW,
				 le32_to_cpu(lane->rx_power_nw)) ||
		    nla_put_uint(skb, MESH_OPTICAL_A_LANE_INFO_BIAS_UA,
				 le32_to_cpu(lane->bias_ua)) ||
		    nla_put_sint(skb, MESH_OPTICAL_A_LANE_INFO_LASER_TEMP_MC,
				 (s32)le32_to_cpu(lane->laser_temp_mc)))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int mo_nl_lanes_fill(struct sk_buff *skb, const struct genl_info *info, u32 ifindex,
			    const struct mo_mb_lanes *lanes, u64 age_ns)
{
	u32 i, count = min_t(u32, le32_to_cpu(lanes->count), ARRAY_SIZE(lanes->lane));
	void *hdr;

	hdr = genlmsg_iput(skb, info);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(skb, MESH_OPTICAL_A_LANE_IFINDEX, ifindex) ||
	    nla_put_uint(skb, MESH_OPTICAL_A_LANE_TIMESTAMP_NS, le64_to_cpu(lanes->time_ns)) ||
	    nla_put_uint(skb, MESH_OPTICAL_A_LANE_AGE_NS, age_ns))
		return -EMSGSIZE;
	for (i = 0; i < count; i++) {
		const struct mo_mb_lane *lane = &lanes->lane[i];

		if (mo_nl_lane_put(skb, MESH_OPTICAL_SIDE_HOST, lane) ||
		    ((le32_to_cpu(lane->flags) & MO_LANE_F_HAS_OPTICS) &&
		     mo_nl_lane_put(skb, MESH_OPTICAL_SIDE_MEDIA, lane)))
			return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

int mesh_optical_nl_lane_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct mo_mb_lanes *lanes;
	struct net_device *netdev;
	struct sk_buff *msg = NULL;
	struct mo_dev *md;
	int err;

	md = mo_nl_get(info, MESH_OPTICAL_A_LANE_IFINDEX, &netdev, &tracker);
	if (IS_ERR(md))
		return PTR_ERR(md);
	lanes = kmalloc_obj(*lanes);
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!lanes || !msg) {
		err = -ENOMEM;
		goto free;
	}
	err = mo_optics_get(md, lanes, lanes, info->extack);
	if (err)
		goto free;
	err = mo_nl_lanes_fill(msg, info, netdev->ifindex, lanes,
			       mo_optics_age(md, le64_to_cpu(lanes->time_ns)));
	if (err)
		goto free;
	err = genlmsg_reply(msg, info);
	msg = NULL;
free:
	nlmsg_free(msg);
	kfree(lanes);
	netdev_put(netdev, &tracker);
	return err;
}

static int mo_nl_record_fill(struct sk_buff *skb, const struct genl_info *info, u32 ifindex,
			     const struct mo_mb_record *rec)
{
	u16 reason = le16_to_cpu(rec->reason);
	void *hdr;

	hdr = genlmsg_iput(skb, info);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(skb, MESH_OPTICAL_A_RECORD_IFINDEX, ifindex) ||
	    nla_put_uint(skb, MESH_OPTICAL_A_RECORD_SEQ, le64_to_cpu(rec->seq)) ||
	    nla_put_uint(skb, MESH_OPTICAL_A_RECORD_TIMESTAMP_NS, le64_to_cpu(rec->time_ns)) ||
	    nla_put_u32(skb, MESH_OPTICAL_A_RECORD_MACHINE, rec->machine) ||
	    nla_put_string(skb, MESH_OPTICAL_A_RECORD_FROM,
			   mo_record_state_text(rec->machine, rec->from)) ||
	    nla_put_string(skb, MESH_OPTICAL_A_RECORD_TO,
			   mo_record_state_text(rec->machine, rec->to)))
		goto cancel;
	/* A module's record details the cause of its fault instead. */
	if (rec->machine != MO_RECORD_MODULE &&
	    nla_put_u32(skb, MESH_OPTICAL_A_RECORD_LANES, le32_to_cpu(rec->detail)))
		goto cancel;
	if (reason != MO_REASON_NONE &&
	    (nla_put_string(skb, MESH_OPTICAL_A_RECORD_REASON, mo_link_reason_text(reason)) ||
	     nla_put_u32(skb, MESH_OPTICAL_A_RECORD_BLAME, mo_link_reason_blame(reason))))
		goto cancel;
	genlmsg_end(skb, hdr);
	return 0;

cancel:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

struct mo_nl_record_ctx {
	u64 seq;	/* next record */
	bool started;
	bool done;
};

int mesh_optical_nl_record_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct mo_nl_record_ctx *ctx = (struct mo_nl_record_ctx *)cb->ctx;
	const struct genl_info *info = genl_info_dump(cb);
	struct mo_mb_record record;
	netdevice_tracker tracker;
	struct net_device *netdev;
	struct mo_dev *md;
	int err;

	NL_ASSERT_CTX_FITS(struct mo_nl_record_ctx);
	if (ctx->done)
		return 0;
	md = mo_nl_get(info, MESH_OPTICAL_A_RECORD_IFINDEX, &netdev, &tracker);
	if (IS_ERR(md))
		return PTR_ERR(md);
	if (!ctx->started) {
		ctx->started = true;
		if (info->attrs[MESH_OPTICAL_A_RECORD_SEQ])
			ctx->seq = nla_get_uint(info->attrs[MESH_OPTICAL_A_RECORD_SEQ]);
	}
	err = mo_recorder_update(md, info->extack);
	while (!err && mo_recorder_next(md, ctx->seq, &record)) {
		err = mo_nl_record_fill(skb, info, netdev->ifindex, &record);
		if (!err)
			ctx->seq = le64_to_cpu(record.seq) + 1;
	}
	if (!err)
		ctx->done = true;
	if (!err || (err == -EMSGSIZE && skb->len))
		err = skb->len;
	netdev_put(netdev, &tracker);
	return err;
}

static const struct genl_multicast_group mo_nl_groups[] = {
	[MESH_OPTICAL_NLGRP_EVENTS] = { MESH_OPTICAL_MCGRP_EVENTS },
};

static struct genl_family mo_nl_family __ro_after_init = {
	.name = MESH_OPTICAL_FAMILY_NAME,
	.version = MESH_OPTICAL_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.split_ops = mesh_optical_nl_ops,
	.n_split_ops = ARRAY_SIZE(mesh_optical_nl_ops),
	.mcgrps = mo_nl_groups,
	.n_mcgrps = ARRAY_SIZE(mo_nl_groups),
};

/* Tells the listeners about the link's state. */
static int mo_nl_link_news(struct notifier_block *nb, unsigned long news, void *data)
{
	const struct mo_link_note *note = data;
	struct mo_dev *md = note->md;
	struct net_device *netdev = md->netdev;
	struct mo_link_state ls;
	struct genl_info info;
	struct sk_buff *msg;

	if (!netdev ||
	    !genl_has_listeners(&mo_nl_family, dev_net(netdev), MESH_OPTICAL_NLGRP_EVENTS))
		return NOTIFY_DONE;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return NOTIFY_DONE;
	genl_info_init_ntf(&info, &mo_nl_family, MESH_OPTICAL_CMD_PORT_NTF);
	mo_link_get(md, &ls);
	if (mo_nl_port_fill(msg, &info, netdev->ifindex, md->id.lanes, &ls,
			    mo_nl_retimed(md, &ls), note->lanes)) {
		nlmsg_free(msg);
		return NOTIFY_DONE;
	}
	genlmsg_multicast_netns(&mo_nl_family, dev_net(netdev), msg, 0,
				MESH_OPTICAL_NLGRP_EVENTS, GFP_KERNEL);
	return NOTIFY_DONE;
}

void mo_nl_add(struct mo_dev *md)
{
	md->nl_news.notifier_call = mo_nl_link_news;
	blocking_notifier_chain_register(&md->link.news, &md->nl_news);
}

void mo_nl_del(struct mo_dev *md)
{
	blocking_notifier_chain_unregister(&md->link.news, &md->nl_news);
}

int mo_nl_init(void)
{
	return genl_register_family(&mo_nl_family);
}

void mo_nl_exit(void)
{
	genl_unregister_family(&mo_nl_family);
}
