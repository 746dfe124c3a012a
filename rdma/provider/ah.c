// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Address handles. The kernel resolves them once, sends carry the result: the
 * device keeps none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "mo.h"

static_assert(sizeof(struct mo_av) == sizeof(((struct mo_uresp_create_ah *)0)->av),
	      "size of an address vector");

struct ibv_ah *mo_create_ah(struct ibv_pd *ibpd, struct ibv_ah_attr *attr)
{
	struct mo_create_ah_resp resp = {};
	struct mo_ah *ah;
	int err;

	ah = calloc(1, sizeof(*ah));
	if (!ah)
		return NULL;
	err = ibv_cmd_create_ah(ibpd, &ah->ibv_ah, attr, &resp.ibv_resp,
				sizeof(resp));
	if (err) {
		free(ah);
		errno = err;
		return NULL;
	}
	memcpy(&ah->av, resp.drv_payload.av, sizeof(ah->av));
	return &ah->ibv_ah;
}

int mo_destroy_ah(struct ibv_ah *ibah)
{
	int err = ibv_cmd_destroy_ah(ibah);

	if (!err)
		free(to_mo_ah(ibah));
	return err;
}
