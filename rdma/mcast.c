// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast groups of datagram queue pairs. The core joins the group at the
 * network interface, which lets its frames in.
 */
#include "mo_ib.h"

static int mo_ib_mcast(struct ib_qp *ibqp, const union ib_gid *gid, u16 opcode)
{
	struct mo_cmd_mcast body = {
		.qp = cpu_to_le32(to_mo_ib_qp(ibqp)->object),
	};

	memcpy(body.gid, gid->raw, sizeof(body.gid));
	return mo_ib_cmd(to_mo_ib_dev(ibqp->device), opcode, &body, sizeof(body));
}

int mo_ib_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	int err = mo_ib_mcast(ibqp, gid, MO_CMD_MCAST_ATTACH);

	return err == -ENOSPC ? -ENOMEM : err;
}

int mo_ib_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	int err = mo_ib_mcast(ibqp, gid, MO_CMD_MCAST_DETACH);

	return mo_ib_released(to_mo_ib_dev(ibqp->device), err) ? 0 : err;
}
