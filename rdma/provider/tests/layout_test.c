// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Logs of rings for what applications ask for.
 */
#include "fixture.h"

void test_layout(void)
{
	struct mo_ureq_create_qp req;
	struct ibv_qp_cap cap;
	int good = 1, ud, wr, sge, bytes;
	size_t head;

	context_init(true);
	for (ud = 0; ud < 2; ud++)
		for (wr = 0; wr <= 1 << MO_RDMA_WQ_MAX_LOG; wr = wr * 3 + 1)
			for (sge = 0; sge <= MO_RDMA_MAX_SGE; sge++)
				for (bytes = 0; bytes <= MO_RDMA_MAX_INLINE; bytes += 13) {
					cap = (struct ibv_qp_cap){
						.max_send_wr = wr,
						.max_recv_wr = wr,
						.max_send_sge = sge,
						.max_recv_sge = sge,
						.max_inline_data = bytes,
					};
					head = ud ? MO_HEAD_UD : MO_HEAD_RC;
					good &= !mo_qp_layout(&context, ud, &cap, &req);
					good &= (int)cap.max_send_wr >= wr &&
						cap.max_send_wr == 1U << req.sq_log;
					good &= (int)cap.max_send_sge >= sge &&
						(int)cap.max_inline_data >= bytes;
					good &= head + 16 * cap.max_send_sge <=
						1U << req.sq_stride_log;
					good &= head + cap.max_inline_data <=
						1U << req.sq_stride_log;
					good &= req.sq_stride_log >= MO_RDMA_STRIDE_MIN_LOG;
					/* An atomic has a longer head and one SGE. */
					good &= sizeof(struct mo_wqe) +
							sizeof(struct mo_wqe_atomic) + 16 <=
						1U << req.sq_stride_log;
					if (!wr) {
						good &= req.flags == MO_QP_NO_RQ && !req.rq_log &&
							!req.rq_stride_log;
						continue;
					}
					good &= !req.flags && (int)cap.max_recv_wr >= wr &&
						(int)cap.max_recv_sge >= sge;
					good &= 16 + 16 * cap.max_recv_sge <=
						1U << req.rq_stride_log;
				}
	check(good, "layout: what is asked for fits, for all sizes");

	cap = (struct ibv_qp_cap){ .max_send_wr = 1, .max_send_sge = 2 };
	check(!mo_qp_layout(&context, false, &cap, &req) && req.sq_stride_log == 6 && !req.sq_log,
	      "layout: two SGEs fit into 64 bytes");
	good = 1;
	cap = (struct ibv_qp_cap){ .max_send_wr = (1 << MO_RDMA_WQ_MAX_LOG) + 1 };
	good &= mo_qp_layout(&context, false, &cap, &req) == EINVAL;
	cap = (struct ibv_qp_cap){ .max_recv_wr = (1 << MO_RDMA_WQ_MAX_LOG) + 1 };
	good &= mo_qp_layout(&context, false, &cap, &req) == EINVAL;
	cap = (struct ibv_qp_cap){ .max_send_sge = MO_RDMA_MAX_SGE + 1 };
	good &= mo_qp_layout(&context, false, &cap, &req) == EINVAL;
	cap = (struct ibv_qp_cap){ .max_recv_wr = 1, .max_recv_sge = MO_RDMA_MAX_SGE + 1 };
	good &= mo_qp_layout(&context, false, &cap, &req) == EINVAL;
	cap = (struct ibv_qp_cap){ .max_inline_data = MO_RDMA_MAX_INLINE + 1 };
	good &= mo_qp_layout(&context, false, &cap, &req) == EINVAL;
	check(good, "layout: one more than the most is refused");
	context.max_stride_log = 7;
	cap = (struct ibv_qp_cap){ .max_send_wr = 1, .max_send_sge = 7 };
	check(mo_qp_layout(&context, false, &cap, &req) == EINVAL,
	      "layout: a device with shorter entries");
}
