/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/mesh_optical.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_MESH_OPTICAL_GEN_H
#define _LINUX_MESH_OPTICAL_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include "uapi/mesh_optical.h"

/* Ops table for mesh_optical */
extern const struct genl_split_ops mesh_optical_nl_ops[4];

int mesh_optical_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info);
int mesh_optical_nl_port_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);
int mesh_optical_nl_lane_get_doit(struct sk_buff *skb, struct genl_info *info);
int mesh_optical_nl_record_get_dumpit(struct sk_buff *skb,
				      struct netlink_callback *cb);

enum {
	MESH_OPTICAL_NLGRP_EVENTS,
};

#endif /* _LINUX_MESH_OPTICAL_GEN_H */
