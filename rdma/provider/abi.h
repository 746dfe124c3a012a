/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The commands that carry data of ours, uapi/mo-abi.h, behind libibverbs' own.
 *
 * Requests and responses begin as zeros, so a field that an older kernel does
 * not know reads as "not there"; a newer kernel fills only as much as we have
 * room for. Our part is drv_payload.
 */
#ifndef MO_ABI_H
#define MO_ABI_H

#include <infiniband/kern-abi.h>

#include "uapi/mo-abi.h"

/* No loose copies of the fields: so nothing need be generated from the header. */
#define _STRUCT_mo_ureq_alloc_ctx struct {}
#define _STRUCT_mo_uresp_alloc_ctx struct {}
#define _STRUCT_mo_uresp_alloc_pd struct {}
#define _STRUCT_mo_ureq_create_cq struct {}
#define _STRUCT_mo_uresp_create_cq struct {}
#define _STRUCT_mo_ureq_create_qp struct {}
#define _STRUCT_mo_uresp_create_qp struct {}
#define _STRUCT_mo_uresp_create_ah struct {}

DECLARE_DRV_CMD(mo_alloc_ctx, IB_USER_VERBS_CMD_GET_CONTEXT,
		mo_ureq_alloc_ctx, mo_uresp_alloc_ctx);
DECLARE_DRV_CMD(mo_alloc_pd, IB_USER_VERBS_CMD_ALLOC_PD,
		empty, mo_uresp_alloc_pd);
DECLARE_DRV_CMD(mo_create_cq, IB_USER_VERBS_EX_CMD_CREATE_CQ,
		mo_ureq_create_cq, mo_uresp_create_cq);
DECLARE_DRV_CMD(mo_create_qp, IB_USER_VERBS_CMD_CREATE_QP,
		mo_ureq_create_qp, mo_uresp_create_qp);
DECLARE_DRV_CMD(mo_create_ah, IB_USER_VERBS_CMD_CREATE_AH,
		empty, mo_uresp_create_ah);

#endif /* MO_ABI_H */
