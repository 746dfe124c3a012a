// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each verb with attributes out of its range, one at a time: a positive error,
 * and the object is as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_abuse.h"

enum { PORT = 1, PAGE = 4096, DEPTH = 16 };

static struct ibv_context *ctx;
static struct ibv_pd *pd;
static struct ibv_cq *cq;
static int tried;

static void refused(int error, const char *what)
{
	tried++;
	check(error, "%s was accepted", what);
	check(error == EINVAL || error == EOPNOTSUPP || error == ENOENT || error == ENOMEM || error == EPERM || error == ENODATA,
	      "%s: error %d", what, error);
}

/* For verbs that return an object, and set errno. */
#define REFUSED_OBJECT(object, what) \
	do { errno = 0; void *made = object; refused(made ? 0 : errno, what); } while (0)

static struct ibv_qp *new_qp(enum ibv_qp_type type)
{
	struct ibv_qp_init_attr init = {
		.send_cq = cq, .recv_cq = cq, .qp_type = type,
		.cap = { .max_send_wr = DEPTH, .max_recv_wr = DEPTH, .max_send_sge = 2, .max_recv_sge = 2,
			 .max_inline_data = 64 },
	};
	struct ibv_qp *qp = ibv_create_qp(pd, &init);

	check(qp, "ibv_create_qp: %s", strerror(errno));
	return qp;
}

/* The good transition into each state of a connection with the own address. */
static int good(enum ibv_qp_state to, struct ibv_qp_attr *attr)
{
	static union ibv_gid gid;
	static int index = -1, i;
	struct ibv_gid_entry entries[128];
	ssize_t num;

	if (index < 0) {
		num = ibv_query_gid_table(ctx, entries, ARRAY_SIZE(entries), 0);
		for (i = 0; i < num; i++)
			if (entries[i].gid_type == IBV_GID_TYPE_ROCE_V2) {
				index = entries[i].gid_index;
				gid = entries[i].gid;
			}
		check(index >= 0, "no address");
	}
	*attr = (struct ibv_qp_attr){ .qp_state = to };
	switch (to) {
	case IBV_QPS_INIT:
		attr->port_num = PORT;
		return IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS;
	case IBV_QPS_RTR:
		attr->path_mtu = IBV_MTU_1024;
		attr->dest_qp_num = 2;
		attr->max_dest_rd_atomic = 1;
		attr->min_rnr_timer = 1;
		attr->ah_attr = (struct ibv_ah_attr){ .is_global = 1, .port_num = PORT,
						      .grh = { .dgid = gid, .sgid_index = index, .hop_limit = 1 } };
		return IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
		       IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER;
	case IBV_QPS_RTS:
		attr->timeout = 14;
		attr->max_rd_atomic = 1;
		return IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
		       IBV_QP_MAX_QP_RD_ATOMIC;
	default:
		return IBV_QP_STATE;
	}
}

struct bad_attr {
	const char *name;
	enum ibv_qp_state to;	/* in the transition that is good without it */
	size_t offset, size;
	uint64_t value;
	int more, less;		/* bits of the mask */
};

#define FIELD(name)	offsetof(struct ibv_qp_attr, name), sizeof(((struct ibv_qp_attr *)0)->name)

static const struct bad_attr bad_attrs[] = {
	{ "P_Key index 1", IBV_QPS_INIT, FIELD(pkey_index), .value = 1 },
	{ "P_Key index 65535", IBV_QPS_INIT, FIELD(pkey_index), .value = 65535 },
	{ "port 0", IBV_QPS_INIT, FIELD(port_num), .value = 0 },
	{ "port 2", IBV_QPS_INIT, FIELD(port_num), .value = 2 },
	{ "port 255", IBV_QPS_INIT, FIELD(port_num), .value = 255 },
	{ "a state that is none", IBV_QPS_INIT, FIELD(qp_state), .value = 7 },
	{ "a state of 2^31", IBV_QPS_INIT, FIELD(qp_state), .value = 1U << 31 },
	{ "RESET to RTR", IBV_QPS_INIT, FIELD(qp_state), .value = IBV_QPS_RTR },
	{ "RESET to RTS", IBV_QPS_INIT, FIELD(qp_state), .value = IBV_QPS_RTS },
	{ "another state of before", IBV_QPS_INIT, FIELD(cur_qp_state), .value = IBV_QPS_RTS, .more = IBV_QP_CUR_STATE },
	{ "no port", IBV_QPS_INIT, FIELD(port_num), .value = PORT, .less = IBV_QP_PORT },
	{ "an alternative path", IBV_QPS_INIT, FIELD(alt_port_num), .value = 1, .more = IBV_QP_ALT_PATH },
	{ "an attribute of the future", IBV_QPS_INIT, FIELD(alt_port_num), .value = 1, .more = 1 << 30 },
	{ "a rate limit", IBV_QPS_INIT, FIELD(rate_limit), .value = 1000, .more = IBV_QP_RATE_LIMIT },
	{ "MTU 0", IBV_QPS_RTR, FIELD(path_mtu), .value = 0 },
	{ "MTU 6", IBV_QPS_RTR, FIELD(path_mtu), .value = 6 },
	{ "MTU 2^31", IBV_QPS_RTR, FIELD(path_mtu), .value = 1U << 31 },
	{ "a queue pair number of 25 bits", IBV_QPS_RTR, FIELD(dest_qp_num), .value = 1 << 24 },
	{ "no global route", IBV_QPS_RTR, FIELD(ah_attr.is_global), .value = 0 },
	{ "port 2 of the path", IBV_QPS_RTR, FIELD(ah_attr.port_num), .value = 2 },
	{ "port 0 of the path", IBV_QPS_RTR, FIELD(ah_attr.port_num), .value = 0 },
	{ "source address 127", IBV_QPS_RTR, FIELD(ah_attr.grh.sgid_index), .value = 127 },
	{ "source address 128", IBV_QPS_RTR, FIELD(ah_attr.grh.sgid_index), .value = 128 },
	{ "source address 255", IBV_QPS_RTR, FIELD(ah_attr.grh.sgid_index), .value = 255 },
	{ "129 READs of the peer", IBV_QPS_RTR, FIELD(max_dest_rd_atomic), .value = 129 },
	{ "255 READs of the peer", IBV_QPS_RTR, FIELD(max_dest_rd_atomic), .value = 255 },
	{ "RNR timer 32", IBV_QPS_RTR, FIELD(min_rnr_timer), .value = 32 },
	{ "RNR timer 255", IBV_QPS_RTR, FIELD(min_rnr_timer), .value = 255 },
	{ "no address", IBV_QPS_RTR, FIELD(min_rnr_timer), .value = 1, .less = IBV_QP_AV },
	{ "no MTU", IBV_QPS_RTR, FIELD(min_rnr_timer), .value = 1, .less = IBV_QP_PATH_MTU },
	{ "a Q_Key of a connection", IBV_QPS_RTR, FIELD(qkey), .value = 1, .more = IBV_QP_QKEY },
	{ "INIT to RTS", IBV_QPS_RTR, FIELD(qp_state), .value = IBV_QPS_RTS },
	{ "timeout 32", IBV_QPS_RTS, FIELD(timeout), .value = 32 },
	{ "timeout 255", IBV_QPS_RTS, FIELD(timeout), .value = 255 },
	{ "8 retries", IBV_QPS_RTS, FIELD(retry_cnt), .value = 8 },
	{ "255 retries", IBV_QPS_RTS, FIELD(retry_cnt), .value = 255 },
	{ "8 RNR retries", IBV_QPS_RTS, FIELD(rnr_retry), .value = 8 },
	{ "129 READs", IBV_QPS_RTS, FIELD(max_rd_atomic), .value = 129 },
	{ "255 READs", IBV_QPS_RTS, FIELD(max_rd_atomic), .value = 255 },
	{ "migration", IBV_QPS_RTS, FIELD(path_mig_state), .value = IBV_MIG_ARMED, .more = IBV_QP_PATH_MIG_STATE },
	{ "RTR to SQD", IBV_QPS_RTS, FIELD(qp_state), .value = IBV_QPS_SQD },
	{ "no sequence number", IBV_QPS_RTS, FIELD(timeout), .value = 14, .less = IBV_QP_SQ_PSN },
	/* In RTS: what is left to change. */
	{ "RTS to INIT", IBV_QPS_SQD, FIELD(qp_state), .value = IBV_QPS_INIT },
	{ "RTS to RTR", IBV_QPS_SQD, FIELD(qp_state), .value = IBV_QPS_RTR },
	{ "RTS to SQE", IBV_QPS_SQD, FIELD(qp_state), .value = IBV_QPS_SQE },
};

static void modify_qp(void)
{
	static const enum ibv_qp_state steps[] = { IBV_QPS_INIT, IBV_QPS_RTR, IBV_QPS_RTS, IBV_QPS_SQD };
	struct ibv_qp *qp = new_qp(IBV_QPT_RC);
	enum ibv_qp_state state = IBV_QPS_RESET;
	struct ibv_qp_attr attr;
	size_t i, j;
	int mask, error;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		for (j = 0; j < ARRAY_SIZE(bad_attrs); j++) {
			const struct bad_attr *bad = &bad_attrs[j];

			if (bad->to != steps[i])
				continue;
			mask = good(steps[i], &attr);
			memcpy((uint8_t *)&attr + bad->offset, &bad->value, bad->size);
			refused(ibv_modify_qp(qp, &attr, (mask | bad->more) & ~bad->less), bad->name);
			check(state_of(qp) == state, "%s: the QP went to state %d", bad->name, state_of(qp));
		}
		mask = good(steps[i], &attr);
		error = ibv_modify_qp(qp, &attr, mask);
		check(!error, "the good way to state %d: %s", steps[i], strerror(error));
		state = steps[i];
	}
	check(!ibv_destroy_qp(qp), "ibv_destroy_qp");
}

static void create(void)
{
	struct ibv_qp_init_attr ok = {
		.send_cq = cq, .recv_cq = cq, .qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
	}, init;
	struct ibv_cq_init_attr_ex ex = { .cqe = 16, .wc_flags = 1ULL << 40 };

#define BAD_QP(field, value, what) \
	do { init = ok; init.field = value; REFUSED_OBJECT(ibv_create_qp(pd, &init), what); } while (0)
	BAD_QP(cap.max_send_wr, 32769, "32769 sends");
	BAD_QP(cap.max_send_wr, 0xffffffff, "2^32-1 sends");
	BAD_QP(cap.max_recv_wr, 0x80000001, "2^31+1 receives");
	BAD_QP(cap.max_send_sge, 33, "33 SGEs");
	BAD_QP(cap.max_recv_sge, 0xffffffff, "2^32-1 SGEs");
	BAD_QP(cap.max_inline_data, 513, "513 inline bytes");
	BAD_QP(cap.max_inline_data, 0xfffffff0, "2^32-16 inline bytes");
	BAD_QP(qp_type, IBV_QPT_UC, "a UC QP");
	BAD_QP(qp_type, IBV_QPT_RAW_PACKET, "a raw QP");
	BAD_QP(qp_type, 99, "a QP of type 99");
	BAD_QP(send_cq, NULL, "a QP without a CQ");
	REFUSED_OBJECT(ibv_create_cq(ctx, 0, NULL, NULL, 0), "a CQ of nothing");
	REFUSED_OBJECT(ibv_create_cq(ctx, (1 << 17) + 1, NULL, NULL, 0), "a CQ of 2^17+1");
	REFUSED_OBJECT(ibv_create_cq(ctx, 0x7fffffff, NULL, NULL, 0), "a CQ of 2^31-1");
	REFUSED_OBJECT(ibv_create_cq(ctx, -1, NULL, NULL, 0), "a CQ of -1");
	REFUSED_OBJECT(ibv_create_cq(ctx, 16, NULL, NULL, 1000), "vector 1000");
	REFUSED_OBJECT(ibv_create_cq(ctx, 16, NULL, NULL, -1), "vector -1");
	REFUSED_OBJECT(ibv_create_cq_ex(ctx, &ex), "completions with fields of the future");
}

static void address_handles(void)
{
	struct ibv_qp_attr attr;
	struct ibv_ah_attr ah;

	good(IBV_QPS_RTR, &attr);
#define BAD_AH(field, value, what) \
	do { ah = attr.ah_attr; ah.field = value; REFUSED_OBJECT(ibv_create_ah(pd, &ah), what); } while (0)
	BAD_AH(port_num, 0, "an address on port 0");
	BAD_AH(port_num, 2, "an address on port 2");
	BAD_AH(is_global, 0, "an address without a global route");
	BAD_AH(grh.sgid_index, 127, "a source address that is not there");
	BAD_AH(grh.sgid_index, 255, "a source address beyond the table");
}

static void memory(void)
{
	uint8_t *page = aligned_alloc(PAGE, PAGE);
	struct ibv_mr *mr = ibv_reg_mr(pd, page, PAGE, IBV_ACCESS_LOCAL_WRITE);

	check(mr, "ibv_reg_mr: %s", strerror(errno));
	REFUSED_OBJECT(ibv_reg_mr(pd, page, 0, IBV_ACCESS_LOCAL_WRITE), "memory of no byte");
	REFUSED_OBJECT(ibv_reg_mr(pd, page, PAGE, IBV_ACCESS_REMOTE_WRITE), "remote writing alone");
	REFUSED_OBJECT(ibv_reg_mr(pd, page, PAGE, IBV_ACCESS_ON_DEMAND), "paging on demand");
	REFUSED_OBJECT(ibv_alloc_mw(pd, 0), "a window of no type");
	REFUSED_OBJECT(ibv_alloc_mw(pd, 3), "a window of type 3");
	/* libibverbs has error codes of its own here, and errno. */
	check(ibv_rereg_mr(mr, 0, NULL, NULL, 0, 0), "a change of nothing");
	check(ibv_rereg_mr(mr, 1 << 6, NULL, NULL, 0, 0), "a change of the future");
	check(ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, NULL, 0, IBV_ACCESS_REMOTE_WRITE), "remote writing alone");
	check(ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL, page, 0, 0), "memory of no byte");
	check(!ibv_dereg_mr(mr), "ibv_dereg_mr after refused changes");
	free(page);
}

static void groups_and_tables(void)
{
	union ibv_gid group = { .raw = { 0xff, 0x0e, [15] = 1 } }, single = { .raw = { 0x20, 1, [15] = 1 } }, gid;
	struct ibv_qp *rc = new_qp(IBV_QPT_RC), *ud = new_qp(IBV_QPT_UD);
	struct ibv_port_attr port;
	__be16 pkey;

	refused(ibv_attach_mcast(rc, &group, 0), "a connection in a group");
	refused(ibv_attach_mcast(ud, &single, 0), "a group that is none");
	refused(ibv_detach_mcast(ud, &group, 0), "leaving without joining");
	check(!ibv_destroy_qp(rc) && !ibv_destroy_qp(ud), "ibv_destroy_qp");
	refused(ibv_query_port(ctx, 0, &port), "port 0");
	refused(ibv_query_port(ctx, 2, &port), "port 2");
	check(ibv_query_gid(ctx, PORT, 128, &gid) && ibv_query_gid(ctx, PORT, -1, &gid) && ibv_query_gid(ctx, 2, 0, &gid),
	      "addresses beyond the table");
	check(ibv_query_pkey(ctx, PORT, 1, &pkey) && ibv_query_pkey(ctx, PORT, -1, &pkey), "P_Keys beyond the table");
	tried += 5;
}

/* Posts that the provider has to refuse, with the request that was bad; nothing of them is done. */
static void posts(void)
{
	struct ibv_sge sges[3] = { { 0, 100, 0 }, { 0, 100, 0 }, { 0, 100, 0 } };
	struct ibv_send_wr good_wr = { .opcode = IBV_WR_RDMA_WRITE, .sg_list = sges, .num_sge = 1 }, wr, *bad;
	struct ibv_recv_wr recv = { .sg_list = sges, .num_sge = 3 }, *bad_recv;
	struct ibv_qp *qp = new_qp(IBV_QPT_RC);
	enum ibv_qp_state states[] = { IBV_QPS_INIT, IBV_QPS_RTR, IBV_QPS_RTS, IBV_QPS_SQD };
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;
	size_t i;
	int mask, room, error;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		mask = good(states[i], &attr);
		check(!ibv_modify_qp(qp, &attr, mask), "state %d", states[i]);
	}
	check(!ibv_query_qp(qp, &attr, IBV_QP_CAP, &init), "ibv_query_qp");
#define BAD_POST(field, value, what) \
	do { \
		wr = good_wr; wr.field = value; bad = NULL; \
		refused(ibv_post_send(qp, &wr, &bad), what); check(bad == &wr, "%s: bad_wr", what); \
	} while (0)
	BAD_POST(num_sge, (int)init.cap.max_send_sge + 1, "too many SGEs");
	BAD_POST(num_sge, 0x7fffffff, "2^31-1 SGEs");
	BAD_POST(num_sge, -1, "-1 SGEs");
	BAD_POST(opcode, 99, "an opcode that is none");
	BAD_POST(opcode, IBV_WR_TSO, "an opcode for others");
	sges[0].length = init.cap.max_inline_data + 1;
	BAD_POST(send_flags, IBV_SEND_INLINE, "too many inline bytes");
	sges[0].length = 0xffffffff;
	BAD_POST(send_flags, IBV_SEND_INLINE, "endless inline bytes");
	sges[0].length = 100;
	recv.num_sge = init.cap.max_recv_sge + 1;
	refused(ibv_post_recv(qp, &recv, &bad_recv), "too many SGEs of a receive");
	recv.num_sge = -1;
	refused(ibv_post_recv(qp, &recv, &bad_recv), "-1 SGEs of a receive");
	/* The send queue is stopped: it fills up, exactly. */
	for (room = 0, error = 0; !error && room <= 0x10000; room++)
		error = ibv_post_send(qp, &good_wr, &bad);
	refused(error, "one send more than there is room for");
	check(room - 1 == (int)init.cap.max_send_wr, "room for %d sends instead of %u", room - 1, init.cap.max_send_wr);
	check(!ibv_destroy_qp(qp), "ibv_destroy_qp");
}

int verbs(const char *device)
{
	ctx = open_device(device);
	pd = ibv_alloc_pd(ctx);
	cq = ibv_create_cq(ctx, 64, NULL, NULL, 0);
	check(pd && cq, "preparing: %s", strerror(errno));
	modify_qp();
	create();
	address_handles();
	memory();
	groups_and_tables();
	posts();
	check(!ibv_destroy_cq(cq) && !ibv_dealloc_pd(pd) && !ibv_close_device(ctx), "closing");
	printf("%d refused\n", tried);
	return 0;
}
