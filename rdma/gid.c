// SPDX-License-Identifier: GPL-2.0
/*
 * Address table of the port. The core derives it from the addresses of the
 * network interface and those stacked on it, and keeps it up to date.
 */
#include <linux/if_vlan.h>
#include <rdma/ib_cache.h>

#include "mo_ib.h"

int mo_ib_add_gid(const struct ib_gid_attr *attr, void **context)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(attr->device);
	u16 flags = MO_GIDF_VALID, vlan = 0xffff;
	struct mo_cmd_gid body = {};
	int err;

	if (attr->index >= mib->caps.max_gid)
		return -EINVAL;
	err = rdma_read_gid_l2_fields(attr, &vlan, body.smac);
	if (err)
		return err;
	if (vlan < VLAN_N_VID) {
		flags |= MO_GIDF_VLAN;
		body.vlan_tci = cpu_to_le16(vlan);
	}
	memcpy(body.gid, attr->gid.raw, sizeof(body.gid));
	body.index = cpu_to_le16(attr->index);
	body.flags = cpu_to_le16(flags);
	return mo_ib_cmd(mib, MO_CMD_GID_SET, &body, sizeof(body));
}

int mo_ib_del_gid(const struct ib_gid_attr *attr, void **context)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(attr->device);
	struct mo_cmd_gid body = {
		.index = cpu_to_le16(attr->index),
	};
	int err;

	err = mo_ib_cmd(mib, MO_CMD_GID_SET, &body, sizeof(body));
	/* A device that is gone has no table any more. */
	return mo_ib_released(mib, err) ? 0 : err;
}
