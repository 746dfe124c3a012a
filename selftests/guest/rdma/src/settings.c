// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a device says of itself can be had, what is set is what a query gives
 * back, and what cannot be is refused. Each side by itself, on an interface
 * with an MTU of 1500.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

enum { SERVICE_LEVEL = 5, TRAFFIC_CLASS = 0x68, EVENT_MS = 300 };

static struct ibv_qp *qp_open(struct side *side, struct ibv_cq *cq, uint32_t entries, uint32_t sge)
{
	struct ibv_qp_init_attr init = {
		.send_cq = cq,
		.recv_cq = cq,
		.cap = { .max_send_wr = entries, .max_recv_wr = entries, .max_send_sge = sge, .max_recv_sge = sge },
		.qp_type = IBV_QPT_RC,
	};
	struct ibv_qp *qp = ibv_create_qp(side->pd, &init);

	check(qp, "QP of %u entries and %u SGEs: %s", entries, sge, strerror(errno));
	return qp;
}

/* The longest queues, all at once. */
static void longest(struct side *side)
{
	struct ibv_cq *cq = ibv_create_cq(side->ctx, side->attr.max_cqe, NULL, NULL, 0);
	struct ibv_qp *qp;

	check(cq, "CQ of %d entries: %s", side->attr.max_cqe, strerror(errno));
	qp = qp_open(side, cq, side->attr.max_qp_wr, side->attr.max_sge);
	check(!ibv_destroy_qp(qp) && !ibv_destroy_cq(cq), "destroying them");
}

static void init(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT, .port_num = 1 };

	check(!ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS), "to INIT");
}

/* Connects the QP to itself. */
static int to_rtr(struct side *side, struct ibv_qp *qp, enum ibv_mtu mtu, uint8_t sl)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = mtu,
		.dest_qp_num = qp->qp_num,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = {
			.grh = { .dgid = side->gid, .sgid_index = side->gid_index, .hop_limit = 9,
				 .traffic_class = TRAFFIC_CLASS },
			.is_global = 1,
			.sl = sl,
			.port_num = 1,
		},
	};

	return ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
			     IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
}

static void to_rts(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_RTS, .timeout = 14, .retry_cnt = 7, .rnr_retry = 7,
				    .max_rd_atomic = 1 };

	check(!ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			     IBV_QP_RNR_RETRY | IBV_QP_MAX_QP_RD_ATOMIC), "to RTS");
}

/* Stops the send queue; whether an event told that it had drained. */
static bool drained(struct side *side, struct ibv_qp *qp, bool notify)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_SQD, .en_sqd_async_notify = notify };
	struct pollfd wait = { .fd = side->ctx->async_fd, .events = POLLIN };
	struct ibv_async_event event;
	bool told;

	check(!ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_EN_SQD_ASYNC_NOTIFY), "to SQD: %s", strerror(errno));
	told = poll(&wait, 1, notify ? 10000 : EVENT_MS) == 1;
	if (told) {
		check(!ibv_get_async_event(side->ctx, &event), "ibv_get_async_event");
		check(event.event_type == IBV_EVENT_SQ_DRAINED && event.element.qp == qp, "event %s",
		      ibv_event_type_str(event.event_type));
		ibv_ack_async_event(&event);
	}
	attr.qp_state = IBV_QPS_RTS;
	check(!ibv_modify_qp(qp, &attr, IBV_QP_STATE), "back to RTS");
	return told;
}

void group_settings(struct side *side)
{
	struct ibv_cq *cq = ibv_create_cq(side->ctx, 16, NULL, NULL, 0);
	struct ibv_qp_init_attr init_attr;
	struct ibv_port_attr port;
	struct ibv_qp_attr attr;
	struct ibv_qp *qp;

	longest(side);
	check(cq, "ibv_create_cq: %s", strerror(errno));
	check(!ibv_query_port(side->ctx, 1, &port), "ibv_query_port");
	check(port.active_mtu == IBV_MTU_1024, "active MTU %d", port.active_mtu);
	qp = qp_open(side, cq, 4, 1);
	init(qp);
	check(to_rtr(side, qp, IBV_MTU_2048, 0) == EINVAL, "path MTU above the port's");
	check(to_rtr(side, qp, IBV_MTU_1024, 16) == EINVAL, "service level 16");
	check(!to_rtr(side, qp, IBV_MTU_1024, SERVICE_LEVEL), "to RTR: %s", strerror(errno));
	check(!ibv_query_qp(qp, &attr, IBV_QP_AV | IBV_QP_PATH_MTU, &init_attr), "ibv_query_qp");
	check(attr.ah_attr.sl == SERVICE_LEVEL, "service level %u", attr.ah_attr.sl);
	check(attr.ah_attr.grh.traffic_class == TRAFFIC_CLASS, "traffic class %u", attr.ah_attr.grh.traffic_class);
	check(attr.path_mtu == IBV_MTU_1024, "path MTU %d", attr.path_mtu);
	to_rts(qp);
	check(!drained(side, qp, false), "an event though none was asked for");
	check(drained(side, qp, true), "no event of a drained queue");
	check(!ibv_destroy_qp(qp) && !ibv_destroy_cq(cq), "destroying them");
	oob_sync(side, "settings");
}
