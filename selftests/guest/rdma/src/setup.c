// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device, memory, connected QPs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_data.h"

#define PORT	1

struct introduction {
	uint64_t area;
	uint32_t rkey;
	uint32_t qpn;
	uint32_t mtu;
	uint32_t sge;
	uint32_t sge_rd;
	union ibv_gid gid;
};

static union ibv_gid gid_of(const char *address)
{
	union ibv_gid gid = {};

	if (inet_pton(AF_INET6, address, &gid) == 1)
		return gid;
	gid.raw[10] = 0xff;
	gid.raw[11] = 0xff;
	check(inet_pton(AF_INET, address, gid.raw + 12) == 1, "%s is no address", address);
	return gid;
}

static int find_gid(struct ibv_context *ctx, const union ibv_gid *gid, const char *address)
{
	struct ibv_gid_entry entries[256];
	ssize_t num = ibv_query_gid_table(ctx, entries, ARRAY_SIZE(entries), 0), i;

	for (i = 0; i < num; i++)
		if (entries[i].gid_type == IBV_GID_TYPE_ROCE_V2 && !memcmp(&entries[i].gid, gid, sizeof(*gid)))
			return entries[i].gid_index;
	fail("no RoCEv2 GID of %s among %zd", address, num);
}

struct ibv_context *open_device(const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx = NULL;
	int i;

	errno = ENODEV;
	for (i = 0; list && list[i] && !ctx; i++)
		if (!name || !strcmp(name, ibv_get_device_name(list[i])))
			ctx = ibv_open_device(list[i]);
	check(ctx, "RDMA device %s: %s", name ? name : "", strerror(errno));
	ibv_free_device_list(list);
	return ctx;
}

void side_open(struct side *side, const char *device, const char *gid)
{
	struct introduction mine = {}, theirs;
	struct ibv_port_attr port;

	side->ctx = open_device(device);
	check(!ibv_query_device(side->ctx, &side->attr), "ibv_query_device");
	check(!ibv_query_port(side->ctx, PORT, &port), "ibv_query_port");
	check(port.state == IBV_PORT_ACTIVE, "port is %s", ibv_port_state_str(port.state));
	side->gid = gid_of(gid);
	side->gid_index = find_gid(side->ctx, &side->gid, gid);
	side->pd = ibv_alloc_pd(side->ctx);
	check(side->pd, "ibv_alloc_pd: %s", strerror(errno));
	side->area = aligned_alloc(4096, AREA);
	side->mr = ibv_reg_mr(side->pd, side->area, AREA, ALL_ACCESS | IBV_ACCESS_MW_BIND);
	check(side->mr, "ibv_reg_mr of %u bytes: %s", AREA, strerror(errno));
	mine.area = (uintptr_t)side->area;
	mine.rkey = side->mr->rkey;
	mine.mtu = port.active_mtu;
	mine.sge = side->attr.max_sge;
	mine.sge_rd = side->attr.max_sge_rd;
	oob_swap(side, &mine, &theirs, sizeof(mine));
	side->peer_area = theirs.area;
	side->peer_rkey = theirs.rkey;
	side->mtu = theirs.mtu < mine.mtu ? theirs.mtu : mine.mtu;
	/* Both sides go through the same steps. */
	if (theirs.sge < mine.sge)
		side->attr.max_sge = theirs.sge;
	if (theirs.sge_rd < mine.sge_rd)
		side->attr.max_sge_rd = theirs.sge_rd;
}

void side_close(struct side *side)
{
	check(!ibv_dereg_mr(side->mr), "ibv_dereg_mr");
	free(side->area);
	check(!ibv_dealloc_pd(side->pd), "ibv_dealloc_pd");
	check(!ibv_close_device(side->ctx), "ibv_close_device");
}

static struct ibv_cq *cq_open(struct side *side, const struct conn_options *options)
{
	struct ibv_cq_init_attr_ex attr = {
		.cqe = options->depth + 1,
		.channel = options->channel,
		.wc_flags = IBV_WC_STANDARD_FLAGS,
	};
	struct ibv_cq *cq;

	if (options->ex)
		cq = ibv_cq_ex_to_cq(ibv_create_cq_ex(side->ctx, &attr));
	else
		cq = ibv_create_cq(side->ctx, attr.cqe, NULL, attr.channel, 0);
	check(cq, "creating a CQ: %s", strerror(errno));
	return cq;
}

void conn_open(struct side *side, struct conn *conn, const struct conn_options *options)
{
	struct conn_options *o = &conn->options;

	memset(conn, 0, sizeof(*conn));
	*o = *options;
	o->depth = o->depth ? o->depth : 16;
	o->sge = o->sge ? o->sge : 1;
	o->access = o->access ? o->access : ALL_ACCESS;
	o->retry = o->retry ? o->retry : 7;
	o->timeout = o->timeout ? o->timeout : 17;
	o->rnr_timer = o->rnr_timer ? o->rnr_timer : 1;
	conn->send_cq = cq_open(side, o);
	conn->recv_cq = cq_open(side, o);
	conn->init = (struct ibv_qp_init_attr_ex){
		.send_cq = conn->send_cq,
		.recv_cq = conn->recv_cq,
		.cap = { .max_send_wr = o->depth, .max_recv_wr = o->depth, .max_send_sge = o->sge,
			 .max_recv_sge = o->sge, .max_inline_data = o->max_inline },
		.qp_type = o->ud ? IBV_QPT_UD : IBV_QPT_RC,
		.comp_mask = IBV_QP_INIT_ATTR_PD | IBV_QP_INIT_ATTR_SEND_OPS_FLAGS,
		.pd = side->pd,
		.send_ops_flags = IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_SEND_WITH_IMM,
	};
	if (!o->ud)
		conn->init.send_ops_flags |= IBV_QP_EX_WITH_SEND_WITH_INV | IBV_QP_EX_WITH_RDMA_WRITE |
					     IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM | IBV_QP_EX_WITH_RDMA_READ |
					     IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP |
					     IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD |
					     IBV_QP_EX_WITH_LOCAL_INV | IBV_QP_EX_WITH_BIND_MW;
	if (o->ex)
		conn->qp = ibv_create_qp_ex(side->ctx, &conn->init);
	else
		conn->qp = ibv_create_qp(side->pd, (struct ibv_qp_init_attr *)&conn->init);
	check(conn->qp, "creating a QP: %s", strerror(errno));
	conn_connect(side, conn);
}

static void modify(struct conn *conn, struct ibv_qp_attr *attr, int mask)
{
	int error = ibv_modify_qp(conn->qp, attr, mask | IBV_QP_STATE);

	check(!error, "QP to state %d: %s", attr->qp_state, strerror(error));
}

void conn_to(struct conn *conn, enum ibv_qp_state state)
{
	struct ibv_qp_attr attr = { .qp_state = state };

	modify(conn, &attr, 0);
}

static uint32_t first_psn(uint32_t qpn, bool server)
{
	/* Near the end of the 24 bits: it wraps within a test. */
	return 0xfffff0 - (qpn & 7) - server;
}

static void connect_rc(struct side *side, struct conn *conn, const struct introduction *theirs)
{
	const struct conn_options *o = &conn->options;
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT, .port_num = PORT, .qp_access_flags = o->access };

	modify(conn, &attr, IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTR,
		.path_mtu = side->mtu,
		.dest_qp_num = theirs->qpn,
		.rq_psn = first_psn(theirs->qpn, !side->server),
		.max_dest_rd_atomic = 16,
		.min_rnr_timer = o->rnr_timer,
		.ah_attr = { .is_global = 1, .port_num = PORT,
			     .grh = { .dgid = theirs->gid, .sgid_index = side->gid_index, .hop_limit = 64 } },
	};
	modify(conn, &attr, IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
	       IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS,
		.timeout = o->timeout,
		.retry_cnt = o->retry,
		.rnr_retry = o->retry,
		.sq_psn = first_psn(conn->qp->qp_num, side->server),
		.max_rd_atomic = 16,
	};
	modify(conn, &attr, IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
	       IBV_QP_MAX_QP_RD_ATOMIC);
}

static void connect_ud(struct side *side, struct conn *conn, const struct introduction *theirs)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT, .port_num = PORT, .qkey = QKEY };
	struct ibv_ah_attr address = {
		.is_global = 1, .port_num = PORT,
		.grh = { .dgid = theirs->gid, .sgid_index = side->gid_index, .hop_limit = 64 },
	};

	modify(conn, &attr, IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY);
	conn_to(conn, IBV_QPS_RTR);
	attr = (struct ibv_qp_attr){ .qp_state = IBV_QPS_RTS };
	modify(conn, &attr, IBV_QP_SQ_PSN);
	if (!conn->ah)
		conn->ah = ibv_create_ah(side->pd, &address);
	check(conn->ah, "ibv_create_ah: %s", strerror(errno));
}

/* From RESET to RTS on both sides; returns when the other is there too. */
void conn_connect(struct side *side, struct conn *conn)
{
	struct introduction mine = { .qpn = conn->qp->qp_num, .gid = side->gid }, theirs;

	oob_swap(side, &mine, &theirs, sizeof(mine));
	conn->peer_qpn = theirs.qpn;
	if (conn->options.ud)
		connect_ud(side, conn, &theirs);
	else
		connect_rc(side, conn, &theirs);
	oob_sync(side, "connected");
}

void conn_close(struct conn *conn)
{
	if (conn->ah)
		check(!ibv_destroy_ah(conn->ah), "ibv_destroy_ah");
	check(!ibv_destroy_qp(conn->qp), "ibv_destroy_qp");
	check(!ibv_destroy_cq(conn->send_cq), "ibv_destroy_cq");
	check(!ibv_destroy_cq(conn->recv_cq), "ibv_destroy_cq");
}
