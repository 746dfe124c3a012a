// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast groups of datagram queue pairs. The core joins the group at the
 * network interface, which lets its frames in.
 */
#include <linux/capability.h>

#include "mo_ib.h"

/*
 * The device has no fewer groups than attachments: who cannot have the last
 * attachment cannot have the last group.
 */
static int mo_ib_mcast_charge(struct mo_ib_dev *mib, struct mo_ib_qp *qp)
{
	u32 max = mib->caps.max_mcast_qp;

	/* The device says when none is left. */
	if ((u32)atomic_inc_return(&mib->mcast) > max - max / MO_AUX_PER_KEPT &&
	    !capable(CAP_SYS_RESOURCE)) {
		atomic_dec(&mib->mcast);
		return -ENOMEM;
	}
	atomic_inc(&qp->mcast);
	return 0;
}

static void mo_ib_mcast_uncharge(struct mo_ib_dev *mib, struct mo_ib_qp *qp)
{
	atomic_dec(&qp->mcast);
	atomic_dec(&mib->mcast);
}

/* The queue pair is in no group any more. */
void mo_ib_mcast_forget(struct mo_ib_dev *mib, struct mo_ib_qp *qp)
{
	atomic_sub(atomic_xchg(&qp->mcast, 0), &mib->mcast);
}

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
	struct mo_ib_dev *mib = to_mo_ib_dev(ibqp->device);
	struct mo_ib_qp *qp = to_mo_ib_qp(ibqp);
	int err;

	err = mo_ib_mcast_charge(mib, qp);
	if (err)
		return err;
	err = mo_ib_mcast(ibqp, gid, MO_CMD_MCAST_ATTACH);
	if (err)
		mo_ib_mcast_uncharge(mib, qp);
	return err == -ENOSPC ? -ENOMEM : err;
}

int mo_ib_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibqp->device);
	int err = mo_ib_mcast(ibqp, gid, MO_CMD_MCAST_DETACH);

	if (!mo_ib_released(mib, err))
		return err;
	mo_ib_mcast_uncharge(mib, to_mo_ib_qp(ibqp));
	return 0;
}
