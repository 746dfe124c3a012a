// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Posts for those who count from outside: instructions of a post and of a poll
 * (marker.h), register writes of a list. The data is checked as everywhere.
 */
#include <string.h>
#include <time.h>

#include "marker.h"
#include "rdma_data.h"

#define POSTS		1000U
#define POST_BYTES	64U
#define LISTS		100U
#define LIST		16U
#define LIST_BYTES	8U
#define DEPTH		2048U
#define WAIT_S		30

static void pause_us(long us)
{
	struct timespec time = { .tv_nsec = us * 1000 };

	nanosleep(&time, NULL);
}

/* Receives in lists, the n-th at n * size. */
static void post_receives(struct side *side, struct conn *conn, uint32_t number, uint32_t list, uint32_t size)
{
	struct ibv_recv_wr wrs[LIST] = {}, *bad;
	struct ibv_sge sges[LIST];
	uint32_t i, at;

	for (at = 0; at < number; at += list) {
		for (i = 0; i < list; i++) {
			sges[i] = (struct ibv_sge){ (uintptr_t)side->area + (uint64_t)(at + i) * size, size, side->mr->lkey };
			wrs[i].wr_id = at + i;
			wrs[i].sg_list = &sges[i];
			wrs[i].num_sge = 1;
			wrs[i].next = i + 1 < list ? &wrs[i + 1] : NULL;
		}
		check(!ibv_post_recv(conn->qp, wrs, &bad), "posting receives at %u", at);
	}
}

/* Sleeps between looks: the sender shall have the machine. */
static void receive_all(struct side *side, struct conn *conn, uint32_t number, uint32_t size)
{
	time_t end = time(NULL) + WAIT_S + POSTS / 100;
	struct done done;
	uint32_t i;

	for (i = 0; i < number; i++) {
		while (!try_done(conn, conn->recv_cq, &done)) {
			check(time(NULL) < end, "only %u of %u messages came", i, number);
			pause_us(500);
		}
		check(done.status == IBV_WC_SUCCESS && done.wr_id == i && done.byte_len == size,
		      "receive %u: %s, %u bytes", i, ibv_wc_status_str(done.status), done.byte_len);
		expect(side->area + (size_t)i * size, 0, size, i, "message");
	}
}

/*
 * One post of inline data, then, when it has surely completed, the poll that
 * finds that: neither waits, so each sample is the same way through the code.
 */
static void post_and_poll(struct conn *conn, uint32_t number)
{
	uint8_t data[POST_BYTES];
	struct ibv_sge sge = { (uintptr_t)data, sizeof(data), 0 };
	struct ibv_send_wr wr = { .wr_id = number, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_SIGNALED | IBV_SEND_INLINE }, *bad;
	time_t end = time(NULL) + WAIT_S;
	struct ibv_wc wc;
	int error, found;

	fill(data, sizeof(data), number);
	section_begin(SECTION_POST);
	error = ibv_post_send(conn->qp, &wr, &bad);
	section_end(SECTION_POST);
	check(!error, "posting a send: %s", strerror(error));
	do {
		check(time(NULL) < end, "no completion within %d s", WAIT_S);
		pause_us(500);
		section_begin(SECTION_POLL);
		found = ibv_poll_cq(conn->send_cq, 1, &wc);
		/* A poll that found nothing begins anew: only this one counts. */
		if (found)
			section_end(SECTION_POLL);
	} while (!found);
	check(found == 1 && wc.status == IBV_WC_SUCCESS && wc.wr_id == number, "send %u: %s", number,
	      ibv_wc_status_str(wc.status));
}

void group_posts(struct side *side)
{
	struct conn_options options = { .depth = DEPTH, .max_inline = POST_BYTES };
	struct conn conn;
	uint32_t i;

	conn_open(side, &conn, &options);
	if (side->server)
		post_receives(side, &conn, POSTS, 1, POST_BYTES);
	oob_sync(side, "receives are posted");
	if (side->server)
		receive_all(side, &conn, POSTS, POST_BYTES);
	else
		for (i = 0; i < POSTS; i++)
			post_and_poll(&conn, i);
	oob_sync(side, "posts");
	conn_close(&conn);
}

static void send_lists(struct conn *conn)
{
	uint8_t data[LIST][LIST_BYTES];
	struct ibv_send_wr wrs[LIST];
	struct ibv_sge sges[LIST];
	uint32_t i, at;

	for (at = 0; at < LISTS * LIST; at += LIST) {
		for (i = 0; i < LIST; i++) {
			fill(data[i], LIST_BYTES, at + i);
			sges[i] = (struct ibv_sge){ (uintptr_t)data[i], LIST_BYTES, 0 };
			wrs[i] = (struct ibv_send_wr){
				.wr_id = at + i, .sg_list = &sges[i], .num_sge = 1, .opcode = IBV_WR_SEND,
				.send_flags = IBV_SEND_INLINE | (i + 1 < LIST ? 0 : IBV_SEND_SIGNALED),
				.next = i + 1 < LIST ? &wrs[i + 1] : NULL,
			};
		}
		post_send(conn, wrs);
		wait_success(conn, conn->send_cq, at + LIST - 1, IBV_WC_SEND);
	}
}

/* LISTS lists of LIST sends; as many lists of as many receives before. */
void group_lists(struct side *side)
{
	struct conn_options options = { .depth = DEPTH, .max_inline = LIST_BYTES };
	struct conn conn;

	conn_open(side, &conn, &options);
	if (side->server)
		post_receives(side, &conn, LISTS * LIST, LIST, LIST_BYTES);
	oob_sync(side, "receives are posted");
	if (side->server)
		receive_all(side, &conn, LISTS * LIST, LIST_BYTES);
	else
		send_lists(&conn);
	oob_sync(side, "lists");
	conn_close(&conn);
}
