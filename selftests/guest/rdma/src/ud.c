// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams: data, the header in front of it, what is dropped; and events.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "rdma_data.h"

enum { GRH = 40 };

static void send_to(struct side *side, struct conn *conn, size_t size, uint32_t imm, bool inlined, uint32_t qkey,
		    uint32_t qpn)
{
	struct ibv_sge sge = { (uintptr_t)side->area + GUARD, size, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = size, .sg_list = &sge, .num_sge = 1,
				  .opcode = imm ? IBV_WR_SEND_WITH_IMM : IBV_WR_SEND, .imm_data = htonl(imm),
				  .send_flags = IBV_SEND_SIGNALED | (inlined ? IBV_SEND_INLINE : 0),
				  .wr.ud = { conn->ah, qpn, qkey } };

	post_send(conn, &wr);
	wait_success(conn, conn->send_cq, size, IBV_WC_SEND);
}

/* IPv4: its header lies in the last 20 of the 40 bytes. */
static void check_header(struct side *side, const uint8_t *grh, size_t payload, const union ibv_gid *from)
{
	const uint8_t *ip = grh + 20;
	unsigned int length;

	if (!memcmp(side->gid.raw, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) {
		length = ip[2] << 8 | ip[3];
		check(ip[0] == 0x45 && ip[9] == 17 && !memcmp(ip + 12, from->raw + 12, 4) &&
		      !memcmp(ip + 16, side->gid.raw + 12, 4), "IPv4 header of a datagram");
		check(length >= payload + 20, "length %u in the IPv4 header of %zu bytes", length, payload);
		return;
	}
	check(grh[0] >> 4 == 6 && !memcmp(grh + 8, from->raw, 16) && !memcmp(grh + 24, side->gid.raw, 16),
	      "IPv6 header of a datagram");
}

static void one(struct side *side, struct conn *conn, const union ibv_gid *peer, size_t size, uint32_t imm, bool inlined)
{
	/* The header apart from the data, in two pieces. */
	struct ibv_sge sges[2] = { { (uintptr_t)side->area + 8192, GRH, side->mr->lkey },
				   { (uintptr_t)side->area + GUARD + 8192 + 1, size, side->mr->lkey } };
	struct done done;

	fill(side->area, 3 * GUARD + 8192, size * 2 + side->server);
	if (side->server)
		post_recv(conn, size, sges, 2);
	oob_sync(side, "datagram");
	if (!side->server) {
		send_to(side, conn, size, imm, inlined, QKEY, conn->peer_qpn);
	} else {
		wait_done(conn, conn->recv_cq, &done);
		check(done.status == IBV_WC_SUCCESS && done.opcode == IBV_WC_RECV && done.wr_id == size,
		      "datagram of %zu bytes: %s", size, ibv_wc_status_str(done.status));
		check(done.byte_len == size + GRH && done.src_qp == conn->peer_qpn && done.flags & IBV_WC_GRH,
		      "datagram of %zu bytes: %u bytes of QP 0x%x, flags 0x%x", size, done.byte_len, done.src_qp, done.flags);
		check(!!(done.flags & IBV_WC_WITH_IMM) == !!imm && (!imm || done.imm == imm), "immediate 0x%x", done.imm);
		check_header(side, side->area + 8192, size, peer);
		expect(side->area + GUARD + 8192 + 1, GUARD, size, size * 2, "datagram");
		expect(side->area + 8192 + GRH, 8192 + GRH, GUARD + 1 - GRH, size * 2 + 1, "before the datagram");
		expect(side->area + GUARD + 8192 + 1 + size, GUARD + 8192 + 1 + size, GUARD - 1, size * 2 + 1,
		       "after the datagram");
	}
	oob_sync(side, "arrived");
}

/* What must not arrive, then one that must: nothing else completes. */
static void dropped(struct side *side, struct conn *conn)
{
	struct ibv_sge sge = { (uintptr_t)side->area + 8192, 4096, side->mr->lkey };
	struct done done;

	if (side->server)
		for (uint64_t i = 0; i < 4; i++)
			post_recv(conn, i, &sge, 1);
	oob_sync(side, "dropped");
	if (!side->server) {
		send_to(side, conn, 10, 0, false, QKEY + 1, conn->peer_qpn);	/* wrong Q_Key */
		send_to(side, conn, 11, 0, false, QKEY, conn->peer_qpn ^ 0x800000);	/* nobody */
		send_to(side, conn, 12, 0, false, QKEY, conn->peer_qpn);
	} else {
		wait_done(conn, conn->recv_cq, &done);
		check(done.wr_id == 0 && done.byte_len == 12 + GRH, "a datagram of %u bytes arrived that must not",
		      done.byte_len - GRH);
	}
	oob_sync(side, "and nothing else");
	check(!try_done(conn, conn->recv_cq, &done), "one datagram completed twice");
	/* Back to empty queues. */
	conn_to(conn, IBV_QPS_RESET);
	conn_connect(side, conn);
}

void group_datagrams(struct side *side)
{
	struct conn_options options = { .depth = 16, .sge = 2, .max_inline = 64, .ud = true };
	size_t mtu = 128U << side->mtu, sizes[] = { 0, 1, 2, 3, 17, 63, 64, 255, 1000, mtu - 3, mtu - 1, mtu };
	union ibv_gid peer;
	struct conn conn;
	size_t i;

	oob_swap(side, &side->gid, &peer, sizeof(peer));
	for (int ex = 0; ex < 2; ex++) {
		options.ex = ex;
		conn_open(side, &conn, &options);
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			one(side, &conn, &peer, sizes[i], 0, false);
			one(side, &conn, &peer, sizes[i], 0x01020304 + i, sizes[i] <= 64);
		}
		dropped(side, &conn);
		one(side, &conn, &peer, 100, 0, false);
		conn_close(&conn);
	}
}

/* ------------------------------------------------------------ events */

static struct ibv_cq *event(struct ibv_comp_channel *channel, int timeout_ms)
{
	struct pollfd wait = { .fd = channel->fd, .events = POLLIN };
	struct ibv_cq *cq;
	void *context;

	if (poll(&wait, 1, timeout_ms) != 1)
		return NULL;
	check(!ibv_get_cq_event(channel, &cq, &context), "ibv_get_cq_event: %s", strerror(errno));
	ibv_ack_cq_events(cq, 1);
	return cq;
}

static void send_one(struct side *side, struct conn *conn, unsigned int flags)
{
	struct ibv_sge sge = { (uintptr_t)side->area, 32, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = 7, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_SIGNALED | flags };

	post_send(conn, &wr);
	wait_success(conn, conn->send_cq, 7, IBV_WC_SEND);
}

static void events(struct side *side, bool ex)
{
	struct ibv_comp_channel *channel = ibv_create_comp_channel(side->ctx);
	struct conn_options options = { .channel = channel, .ex = ex };
	struct ibv_sge sge = { (uintptr_t)side->area, 64, side->mr->lkey };
	struct conn conn;
	struct done done;

	check(channel, "ibv_create_comp_channel: %s", strerror(errno));
	conn_open(side, &conn, &options);
	for (uint64_t i = 0; side->server && i < 8; i++)
		post_recv(&conn, i, &sge, 1);

	oob_sync(side, "not armed");
	if (!side->server)
		send_one(side, &conn, 0);
	oob_sync(side, "sent");
	if (side->server) {
		check(!event(channel, 200), "an event that nobody asked for");
		wait_success(&conn, conn.recv_cq, 0, IBV_WC_RECV);
		check(!ibv_req_notify_cq(conn.recv_cq, 0), "ibv_req_notify_cq");
		check(!try_done(&conn, conn.recv_cq, &done), "a completion too much");
	}
	oob_sync(side, "armed");
	if (!side->server)
		send_one(side, &conn, 0);
	if (side->server) {
		check(event(channel, 5000) == conn.recv_cq, "no event though armed");
		wait_success(&conn, conn.recv_cq, 1, IBV_WC_RECV);
	}
	oob_sync(side, "once");
	if (!side->server)
		send_one(side, &conn, 0);
	oob_sync(side, "sent again");
	if (side->server) {
		check(!event(channel, 200), "a second event for one request");
		wait_success(&conn, conn.recv_cq, 2, IBV_WC_RECV);
		check(!ibv_req_notify_cq(conn.recv_cq, 1), "ibv_req_notify_cq");
		check(!try_done(&conn, conn.recv_cq, &done), "a completion too much");
	}
	oob_sync(side, "armed for solicited");
	if (!side->server)
		send_one(side, &conn, 0);
	oob_sync(side, "unsolicited");
	if (side->server)
		check(!event(channel, 200), "an event for what was not solicited");
	oob_sync(side, "next");
	if (!side->server)
		send_one(side, &conn, IBV_SEND_SOLICITED);
	if (side->server) {
		check(event(channel, 5000) == conn.recv_cq, "no event for what was solicited");
		wait_success(&conn, conn.recv_cq, 3, IBV_WC_RECV);
		wait_success(&conn, conn.recv_cq, 4, IBV_WC_RECV);
	}
	oob_sync(side, "end");
	conn_close(&conn);
	check(!ibv_destroy_comp_channel(channel), "ibv_destroy_comp_channel");
}

void group_events(struct side *side)
{
	events(side, false);
	events(side, true);
}
