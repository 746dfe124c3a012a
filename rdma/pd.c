// SPDX-License-Identifier: GPL-2.0
/*
 * Protection domains: numbers that the host chooses; the device compares them.
 */
#include "mo_ib.h"

#define MO_IB_PDN_MAX		(BIT(24) - 1)

int mo_ib_alloc_pd(struct ib_pd *ibpd, struct ib_udata *udata)
{
	struct mo_ib_dev *mib = to_mo_ib_dev(ibpd->device);
	struct mo_ib_pd *pd = to_mo_ib_pd(ibpd);
	struct mo_uresp_alloc_pd resp = {};
	int err, pdn;

	err = ib_is_udata_in_empty(udata);
	if (err)
		return err;
	pdn = ida_alloc_range(&mib->pds, 1, MO_IB_PDN_MAX, GFP_KERNEL);
	if (pdn < 0)
		return pdn == -ENOSPC ? -ENOMEM : pdn;
	pd->pdn = pdn;
	if (!udata)
		return 0;
	resp.pdn = pdn;
	err = ib_respond_udata(udata, resp);
	if (err)
		ida_free(&mib->pds, pdn);
	return err;
}

int mo_ib_dealloc_pd(struct ib_pd *ibpd, struct ib_udata *udata)
{
	ida_free(&to_mo_ib_dev(ibpd->device)->pds, to_mo_ib_pd(ibpd)->pdn);
	return 0;
}
