// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/mesh_optical.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "nl_gen.h"

#include "uapi/mesh_optical.h"

/* MESH_OPTICAL_CMD_PORT_GET - do */
static const struct nla_policy mesh_optical_port_get_nl_policy[MESH_OPTICAL_A_PORT_IFINDEX + 1] = {
	[MESH_OPTICAL_A_PORT_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* MESH_OPTICAL_CMD_LANE_GET - do */
static const struct nla_policy mesh_optical_lane_get_nl_policy[MESH_OPTICAL_A_LANE_IFINDEX + 1] = {
	[MESH_OPTICAL_A_LANE_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* MESH_OPTICAL_CMD_RECORD_GET - dump */
static const struct nla_policy mesh_optical_record_get_nl_policy[MESH_OPTICAL_A_RECORD_SEQ + 1] = {
	[MESH_OPTICAL_A_RECORD_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[MESH_OPTICAL_A_RECORD_SEQ] = { .type = NLA_UINT, },
};

/* Ops table for mesh_optical */
const struct genl_split_ops mesh_optical_nl_ops[4] = {
	{
		.cmd		= MESH_OPTICAL_CMD_PORT_GET,
		.doit		= mesh_optical_nl_port_get_doit,
		.policy		= mesh_optical_port_get_nl_policy,
		.maxattr	= MESH_OPTICAL_A_PORT_IFINDEX,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= MESH_OPTICAL_CMD_PORT_GET,
		.dumpit	= mesh_optical_nl_port_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= MESH_OPTICAL_CMD_LANE_GET,
		.doit		= mesh_optical_nl_lane_get_doit,
		.policy		= mesh_optical_lane_get_nl_policy,
		.maxattr	= MESH_OPTICAL_A_LANE_IFINDEX,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= MESH_OPTICAL_CMD_RECORD_GET,
		.dumpit		= mesh_optical_nl_record_get_dumpit,
		.policy		= mesh_optical_record_get_nl_policy,
		.maxattr	= MESH_OPTICAL_A_RECORD_SEQ,
		.flags		= GENL_CMD_CAP_DUMP,
	},
};
