// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory windows: the server opens a part of its memory to the client, who
 * writes there, and closes it again: the server itself, or the client's SEND
 * with invalidate. What is closed stays closed.
 */
#include <errno.h>
#include <string.h>

#include "rdma_data.h"

enum { SIZE = 5000, PLACE = GUARD + 13 };

enum closing { BY_OWNER, BY_PEER, BY_REBIND };

static const char *const names[] = { "by its owner", "by the peer", "by another binding" };

static struct ibv_send_wr bind_wr(struct side *side, struct ibv_mw *mw, uint32_t rkey)
{
	return (struct ibv_send_wr){
		.wr_id = 1, .opcode = IBV_WR_BIND_MW, .send_flags = IBV_SEND_SIGNALED,
		.bind_mw = { .mw = mw, .rkey = rkey,
			     .bind_info = { .mr = side->mr, .addr = (uintptr_t)side->area + PLACE, .length = SIZE,
					    .mw_access_flags = IBV_ACCESS_REMOTE_WRITE } },
	};
}

static void open_window(struct side *side, struct conn *conn, struct ibv_mw *mw)
{
	struct ibv_send_wr wr = bind_wr(side, mw, ibv_inc_rkey(mw->rkey));
	struct ibv_mw_bind bind = { .wr_id = 1, .send_flags = IBV_SEND_SIGNALED, .bind_info = wr.bind_mw.bind_info };
	int error;

	if (mw->type == IBV_MW_TYPE_1) {
		error = ibv_bind_mw(conn->qp, mw, &bind);
		check(!error, "ibv_bind_mw: %s", strerror(error));
	} else {
		post_send(conn, &wr);
		mw->rkey = wr.bind_mw.rkey;
	}
	wait_success(conn, conn->send_cq, 1, IBV_WC_BIND_MW);
}

/* A WRITE of the client of `size` bytes to the window's start. */
static enum ibv_wc_status write_to(struct side *side, struct conn *conn, uint32_t rkey, uint32_t size)
{
	struct ibv_sge sge = { (uintptr_t)side->area + PLACE, size, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = 2, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE,
				  .send_flags = IBV_SEND_SIGNALED,
				  .wr.rdma = { side->peer_area + PLACE, rkey } };
	struct done done;

	post_send(conn, &wr);
	wait_done(conn, conn->send_cq, &done);
	return done.status;
}

static void close_window(struct side *side, struct conn *conn, struct ibv_mw *mw, uint32_t rkey, enum closing how)
{
	struct ibv_send_wr wr = { .wr_id = 3, .send_flags = IBV_SEND_SIGNALED, .invalidate_rkey = rkey };
	struct ibv_mw_bind end = { .wr_id = 3, .send_flags = IBV_SEND_SIGNALED };
	struct done done;

	if (how == BY_PEER) {
		if (side->server) {
			post_recv(conn, 4, NULL, 0);
			oob_sync(side, "may be closed");
			wait_done(conn, conn->recv_cq, &done);
			check(done.status == IBV_WC_SUCCESS && done.flags & IBV_WC_WITH_INV, "receive with invalidation: %s",
			      ibv_wc_status_str(done.status));
		} else {
			oob_sync(side, "may be closed");
			wr.opcode = IBV_WR_SEND_WITH_INV;
			post_send(conn, &wr);
			wait_success(conn, conn->send_cq, 3, IBV_WC_SEND);
		}
	} else if (side->server && how == BY_OWNER) {
		wr.opcode = IBV_WR_LOCAL_INV;
		post_send(conn, &wr);
		wait_success(conn, conn->send_cq, 3, IBV_WC_LOCAL_INV);
	} else if (side->server) {
		check(!ibv_bind_mw(conn->qp, mw, &end), "ibv_bind_mw without memory");
		wait_success(conn, conn->send_cq, 3, IBV_WC_BIND_MW);
	}
	oob_sync(side, "closed");
}

static void window(struct side *side, bool ex, enum closing how, uint64_t seed)
{
	struct conn_options options = { .ex = ex };
	struct ibv_mw *mw = NULL;
	uint32_t rkey = 0, theirs;
	enum ibv_wc_status status;
	struct conn conn;

	conn_open(side, &conn, &options);
	fill(side->area, 4 * GUARD, seed + side->server);
	if (side->server) {
		mw = ibv_alloc_mw(side->pd, how == BY_REBIND ? IBV_MW_TYPE_1 : IBV_MW_TYPE_2);
		check(mw, "ibv_alloc_mw: %s", strerror(errno));
		open_window(side, &conn, mw);
		rkey = mw->rkey;
	}
	oob_swap(side, &rkey, &theirs, sizeof(rkey));
	rkey = side->server ? rkey : theirs;
	if (!side->server) {
		status = write_to(side, &conn, rkey, SIZE);
		check(status == IBV_WC_SUCCESS, "WRITE to a window: %s", ibv_wc_status_str(status));
	}
	oob_sync(side, "written");
	if (side->server) {
		expect(side->area + PLACE, PLACE, SIZE, seed, "window");
		expect(side->area, 0, PLACE, seed + 1, "before the window");
		expect(side->area + PLACE + SIZE, PLACE + SIZE, GUARD, seed + 1, "after the window");
	}
	close_window(side, &conn, mw, rkey, how);
	fill(side->area, 4 * GUARD, seed + 2 + side->server);
	oob_sync(side, "filled");
	if (!side->server) {
		status = write_to(side, &conn, rkey, SIZE);
		check(status == IBV_WC_REM_ACCESS_ERR, "WRITE to a window that was closed %s: %s", names[how],
		      ibv_wc_status_str(status));
	}
	oob_sync(side, "refused");
	expect(side->area, 0, 4 * GUARD, seed + 2 + side->server, "after the window was closed");
	conn_close(&conn);
	if (mw)
		check(!ibv_dealloc_mw(mw), "ibv_dealloc_mw");
}

void group_windows(struct side *side)
{
	uint64_t seed = 0;
	int how;

	for (how = BY_OWNER; how <= BY_REBIND; how++) {
		window(side, false, how, seed += 4);
		window(side, true, how, seed += 4);
	}
}
