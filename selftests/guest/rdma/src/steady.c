// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verified traffic that goes on while something else is tested, until the
 * client gets SIGTERM: each round is a WRITE, a READ of it into another place
 * and a SEND, of sizes from 1 byte to 64 KiB. The client's file says how many
 * rounds were right, so one that stands still is seen, and for how many
 * microseconds it stood still at most since the file was made empty.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rdma_data.h"

#define ROUNDS_FILE	"/tmp/rdma_steady"
#define LAST		0xffffffffU

enum { MOST = 65536, WRITTEN = GUARD, READ = 2 * MOST, SENT = 4 * MOST, WAIT_S = 30, PAUSE_US = 300 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

/* Leaves the processor to the others, at both ends. */
static void wait_gently(struct conn *conn, struct ibv_cq *cq, struct done *done)
{
	int left = WAIT_S * 1000000 / PAUSE_US;

	while (!try_done(conn, cq, done)) {
		check(left--, "no completion within %d s", WAIT_S);
		usleep(PAUSE_US);
	}
	check(done->status == IBV_WC_SUCCESS, "completion 0x%llx: %s", (unsigned long long)done->wr_id,
	      ibv_wc_status_str(done->status));
}

static void finish(struct conn *conn, struct ibv_send_wr *wr, uint64_t last)
{
	struct done done;

	post_send(conn, wr);
	do
		wait_gently(conn, conn->send_cq, &done);
	while (done.wr_id != last);
}

static uint32_t size_of(uint32_t round)
{
	return 1 + round * 7919u % MOST;
}

static void client_round(struct side *side, struct conn *conn, uint32_t round)
{
	uint64_t base = (uintptr_t)side->area;
	uint32_t size = size_of(round);
	struct ibv_sge out = { base + WRITTEN, size, side->mr->lkey }, in = { base + READ, size, side->mr->lkey };
	struct ibv_send_wr read = { .wr_id = 2, .sg_list = &in, .num_sge = 1, .opcode = IBV_WR_RDMA_READ,
				    .send_flags = IBV_SEND_SIGNALED };
	struct ibv_send_wr write = { .wr_id = 1, .sg_list = &out, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE,
				     .send_flags = IBV_SEND_SIGNALED, .next = &read };
	struct ibv_send_wr send = { .wr_id = 3, .sg_list = &out, .num_sge = 1, .opcode = IBV_WR_SEND_WITH_IMM,
				    .send_flags = IBV_SEND_SIGNALED, .imm_data = htonl(round) };

	fill(side->area + WRITTEN, size, round);
	write.wr.rdma.remote_addr = side->peer_area + WRITTEN;
	write.wr.rdma.rkey = side->peer_rkey;
	read.wr.rdma = write.wr.rdma;
	finish(conn, &write, 2);
	expect(side->area + READ, 0, size, round, "READ of what was written");
	finish(conn, &send, 3);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/* Somebody who wants to know the longest pause from now on makes the file empty. */
static void tell(FILE *file, uint32_t rounds)
{
	static uint64_t last, longest;
	uint64_t now = now_us();
	struct stat state;

	if (!fstat(fileno(file), &state) && !state.st_size)
		longest = 0;
	else if (now - last > longest)
		longest = now - last;
	last = now;
	rewind(file);
	fprintf(file, "%10u %10llu\n", rounds, (unsigned long long)longest);
	fflush(file);
}

static void client(struct side *side, struct conn *conn)
{
	struct sigaction action = { .sa_handler = stop };
	struct ibv_send_wr last = { .wr_id = 4, .opcode = IBV_WR_SEND_WITH_IMM, .send_flags = IBV_SEND_SIGNALED,
				    .imm_data = htonl(LAST) };
	FILE *file = fopen(ROUNDS_FILE, "w");
	uint32_t round;

	check(file && !sigaction(SIGTERM, &action, NULL), ROUNDS_FILE);
	for (round = 0; !stopped; round++) {
		client_round(side, conn, round);
		tell(file, round + 1);
	}
	fclose(file);
	finish(conn, &last, 4);
	printf("%u rounds\n", round);
}

static void server(struct side *side, struct conn *conn)
{
	struct ibv_sge sge = { (uintptr_t)side->area + SENT, MOST, side->mr->lkey };
	struct done done;
	uint32_t round;

	for (round = 0;; round++) {
		wait_gently(conn, conn->recv_cq, &done);
		if (done.imm == LAST)
			break;
		check(done.imm == round && done.byte_len == size_of(round), "receive %u: immediate %u, %u bytes", round, done.imm,
		      done.byte_len);
		expect(side->area + SENT, 0, done.byte_len, round, "SEND");
		post_recv(conn, 1, &sge, 1);
	}
}

void group_steady(struct side *side)
{
	struct conn_options options = { .depth = 8, .timeout = 18 };
	struct conn conn;

	conn_open(side, &conn, &options);
	if (side->server)
		post_recv(&conn, 1, &(struct ibv_sge){ (uintptr_t)side->area + SENT, MOST, side->mr->lkey }, 1);
	oob_sync(side, "steady");
	if (side->server)
		server(side, &conn);
	else
		client(side, &conn);
	oob_sync(side, "stopped");
	conn_close(&conn);
}
