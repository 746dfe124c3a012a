// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Very many QPs that are alive when their device goes away.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rdma_abuse.h"

enum { MOST = 4096, WAIT_S = 90 };

int many(const char *device, int number)
{
	static struct ibv_qp *qps[MOST];
	struct ibv_context *ctx = open_device(device);
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	struct ibv_cq *cq = ibv_create_cq(ctx, 16, NULL, NULL, 0);
	struct ibv_qp_init_attr init = {
		.send_cq = cq, .recv_cq = cq, .qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = 4, .max_recv_wr = 4, .max_send_sge = 1, .max_recv_sge = 1 },
	};
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT, .port_num = 1, .qp_access_flags = ALL_ACCESS };
	struct ibv_async_event event = {};
	struct pollfd wait;
	int i;

	check(pd && cq && number > 0 && number <= MOST, "preparing: %s", strerror(errno));
	for (i = 0; i < number; i++) {
		qps[i] = ibv_create_qp(pd, &init);
		check(qps[i], "QP %d: %s", i, strerror(errno));
		check(!ibv_modify_qp(qps[i], &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS),
		      "QP %d to INIT", i);
	}
	printf("%d QPs\n", number);
	fflush(stdout);
	wait = (struct pollfd){ .fd = ctx->async_fd, .events = POLLIN };
	while (event.event_type != IBV_EVENT_DEVICE_FATAL) {
		check(poll(&wait, 1, WAIT_S * 1000) == 1, "no end of the device within %d s", WAIT_S);
		check(!ibv_get_async_event(ctx, &event), "ibv_get_async_event");
		ibv_ack_async_event(&event);
	}
	/* They are destroyed on a device that is gone. */
	for (i = 0; i < number; i++)
		check(!ibv_destroy_qp(qps[i]), "ibv_destroy_qp: %s", strerror(errno));
	check(!ibv_destroy_cq(cq) && !ibv_dealloc_pd(pd) && !ibv_close_device(ctx), "closing");
	printf("destroyed\n");
	return 0;
}
