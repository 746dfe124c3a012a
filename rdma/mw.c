// SPDX-License-Identifier: GPL-2.0
/*
 * Memory windows, IBA 10.6.7. They are bound by work requests of users; the
 * kernel makes and ends them.
 */
#include "mo_ib.h"

int mo_ib_alloc_mw(struct ib_mw *ibmw, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibmw->device);
	struct mo_cmd_mr body = {
		.pd = cpu_to_le32(to_mo_ib_pd(ibmw->pd)->pdn),
		.kind = MO_MR_WINDOW,
	};
	struct mo_res_key res;
	int err;

	err = ib_is_udata_in_empty(udata);
	if (err)
		return err;
	err = mo_aux_cmd(mib->aux, MO_CMD_MR_CREATE, &body, sizeof(body), &res, sizeof(res));
	if (err)
		return err == -ENOSPC ? -ENOMEM : err;
	ibmw->rkey = le32_to_cpu(res.key);
	return 0;
}

int mo_ib_dealloc_mw(struct ib_mw *ibmw)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibmw->device);
	/* The device takes any variant: binds have changed it. */
	struct mo_cmd_key body = { .key = cpu_to_le32(ibmw->rkey) };
	int err;

	err = mo_ib_cmd(mib, MO_CMD_MR_DESTROY, &body, sizeof(body));
	return mo_ib_let_go(mib, err) ? 0 : err;
}
