// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Posting and completing, by the plain and by the extended verbs: a test is
 * written once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "rdma_data.h"

#define DONE_S	30

static void send_ex(struct conn *conn, struct ibv_send_wr *wr)
{
	struct ibv_qp_ex *ex = ibv_qp_to_qp_ex(conn->qp);
	struct ibv_data_buf buffers[64];
	int i;

	ex->wr_id = wr->wr_id;
	ex->wr_flags = wr->send_flags;
	switch (wr->opcode) {
	case IBV_WR_SEND:
		ibv_wr_send(ex);
		break;
	case IBV_WR_SEND_WITH_IMM:
		ibv_wr_send_imm(ex, wr->imm_data);
		break;
	case IBV_WR_SEND_WITH_INV:
		ibv_wr_send_inv(ex, wr->invalidate_rkey);
		break;
	case IBV_WR_LOCAL_INV:
		ibv_wr_local_inv(ex, wr->invalidate_rkey);
		return;
	case IBV_WR_BIND_MW:
		ibv_wr_bind_mw(ex, wr->bind_mw.mw, wr->bind_mw.rkey, &wr->bind_mw.bind_info);
		return;
	case IBV_WR_RDMA_WRITE:
		ibv_wr_rdma_write(ex, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr);
		break;
	case IBV_WR_RDMA_WRITE_WITH_IMM:
		ibv_wr_rdma_write_imm(ex, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr, wr->imm_data);
		break;
	case IBV_WR_RDMA_READ:
		ibv_wr_rdma_read(ex, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr);
		break;
	case IBV_WR_ATOMIC_CMP_AND_SWP:
		ibv_wr_atomic_cmp_swp(ex, wr->wr.atomic.rkey, wr->wr.atomic.remote_addr,
				      wr->wr.atomic.compare_add, wr->wr.atomic.swap);
		break;
	case IBV_WR_ATOMIC_FETCH_AND_ADD:
		ibv_wr_atomic_fetch_add(ex, wr->wr.atomic.rkey, wr->wr.atomic.remote_addr,
					wr->wr.atomic.compare_add);
		break;
	default:
		fail("no such operation");
	}
	if (conn->options.ud)
		ibv_wr_set_ud_addr(ex, wr->wr.ud.ah, wr->wr.ud.remote_qpn, wr->wr.ud.remote_qkey);
	if (wr->send_flags & IBV_SEND_INLINE) {
		for (i = 0; i < wr->num_sge; i++)
			buffers[i] = (struct ibv_data_buf){ (void *)(uintptr_t)wr->sg_list[i].addr,
							    wr->sg_list[i].length };
		if (wr->num_sge == 1)
			ibv_wr_set_inline_data(ex, buffers->addr, buffers->length);
		else
			ibv_wr_set_inline_data_list(ex, wr->num_sge, buffers);
	} else if (wr->num_sge == 1) {
		ibv_wr_set_sge(ex, wr->sg_list->lkey, wr->sg_list->addr, wr->sg_list->length);
	} else {
		ibv_wr_set_sge_list(ex, wr->num_sge, wr->sg_list);
	}
}

/* A list of requests, all of them or none. */
void post_send(struct conn *conn, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad;
	int error;

	if (conn->options.ex) {
		struct ibv_qp_ex *ex = ibv_qp_to_qp_ex(conn->qp);

		ibv_wr_start(ex);
		for (; wr; wr = wr->next)
			send_ex(conn, wr);
		error = ibv_wr_complete(ex);
	} else {
		error = ibv_post_send(conn->qp, wr, &bad);
	}
	check(!error, "posting a send: %s", strerror(error));
}

void post_recv(struct conn *conn, uint64_t wr_id, struct ibv_sge *sges, int num)
{
	struct ibv_recv_wr wr = { .wr_id = wr_id, .sg_list = sges, .num_sge = num }, *bad;
	int error = ibv_post_recv(conn->qp, &wr, &bad);

	check(!error, "posting a receive: %s", strerror(error));
}

static bool try_ex(struct ibv_cq *cq, struct done *done)
{
	struct ibv_cq_ex *ex = (struct ibv_cq_ex *)cq;
	struct ibv_poll_cq_attr attr = {};
	int error = ibv_start_poll(ex, &attr);

	check(!error || error == ENOENT, "ibv_start_poll: %s", strerror(error));
	if (error)
		return false;
	*done = (struct done){
		.wr_id = ex->wr_id, .status = ex->status, .opcode = ibv_wc_read_opcode(ex),
		.byte_len = ibv_wc_read_byte_len(ex), .imm = ntohl(ibv_wc_read_imm_data(ex)),
		.qp_num = ibv_wc_read_qp_num(ex), .src_qp = ibv_wc_read_src_qp(ex),
		.flags = ibv_wc_read_wc_flags(ex),
	};
	ibv_end_poll(ex);
	return true;
}

bool try_done(struct conn *conn, struct ibv_cq *cq, struct done *done)
{
	struct ibv_wc wc;
	int num;

	if (conn->options.ex)
		return try_ex(cq, done);
	num = ibv_poll_cq(cq, 1, &wc);
	check(num >= 0, "ibv_poll_cq: %d", num);
	if (!num)
		return false;
	*done = (struct done){
		.wr_id = wc.wr_id, .status = wc.status, .opcode = wc.opcode, .byte_len = wc.byte_len,
		.imm = ntohl(wc.imm_data), .qp_num = wc.qp_num, .src_qp = wc.src_qp, .flags = wc.wc_flags,
	};
	return true;
}

void wait_done(struct conn *conn, struct ibv_cq *cq, struct done *done)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!try_done(conn, cq, done)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		check(now.tv_sec - start.tv_sec < DONE_S, "no completion within %d s", DONE_S);
	}
	check(done->qp_num == conn->qp->qp_num, "completion of QP 0x%x", done->qp_num);
}

void wait_success(struct conn *conn, struct ibv_cq *cq, uint64_t wr_id, enum ibv_wc_opcode opcode)
{
	struct done done;

	wait_done(conn, cq, &done);
	check(done.status == IBV_WC_SUCCESS, "request 0x%" PRIx64 ": %s", wr_id, ibv_wc_status_str(done.status));
	check(done.wr_id == wr_id, "request 0x%" PRIx64 " completed, expected 0x%" PRIx64, done.wr_id, wr_id);
	check(done.opcode == opcode, "request 0x%" PRIx64 ": opcode %d, expected %d", wr_id, done.opcode, opcode);
}
