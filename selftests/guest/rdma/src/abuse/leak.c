// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that a program gives up while the device sends from it: a SEND that
 * is repeated because no receive is posted, a stream of WRITEs, and the peer's
 * stream of READs. At once another process fills the freed pages with poison,
 * which must not arrive, and must not be seen on the wire (the test captures).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rdma_abuse.h"

enum { PAGE = 4096, SIZE = 1 << 20, STREAM = 12, SEND_SIZE = 16384, SENDS = 4, SOON_MS = 5000 };
enum { REPEATED, WRITES, READS, CONNS };

struct leak {
	struct side *side;
	struct conn conns[CONNS];
	uint8_t *buffer, *second;
	struct ibv_mr *mr;
	uint64_t peer_buffer;
	uint32_t peer_rkey;
};

struct where {
	uint64_t addr;
	uint32_t rkey;
	uint32_t rsvd;
};

static void post_all(struct conn *conn, enum ibv_wr_opcode opcode, struct ibv_sge *sge, int num, uint64_t addr,
		     uint32_t rkey)
{
	struct ibv_send_wr wr = { .wr_id = opcode, .sg_list = sge, .num_sge = 1, .opcode = opcode,
				  .send_flags = IBV_SEND_SIGNALED };

	wr.wr.rdma.remote_addr = addr;
	wr.wr.rdma.rkey = rkey;
	while (num--)
		post_send(conn, &wr);
}

/* Everything on its way; the server reads, the client sends and writes. */
static void start(struct leak *leak, struct side *side, const char *text)
{
	struct conn_options options = { .depth = 16, .timeout = 14, .rnr_timer = 14 };
	struct where mine = {}, theirs;
	int i;

	leak->side = side;
	leak->buffer = pages_get(SIZE);
	text_fill(leak->buffer, SIZE, text);
	text_fill(side->area, AREA - AREA % TEXT_SIZE, PUBLIC_TEXT);
	leak->mr = ibv_reg_mr(side->pd, leak->buffer, SIZE, ALL_ACCESS);
	check(leak->mr, "ibv_reg_mr: %s", strerror(errno));
	for (i = 0; i < CONNS; i++)
		conn_open(side, &leak->conns[i], &options);
	mine = (struct where){ (uintptr_t)leak->buffer, leak->mr->rkey, 0 };
	oob_swap(side, &mine, &theirs, sizeof(mine));
	leak->peer_buffer = theirs.addr;
	leak->peer_rkey = theirs.rkey;
	if (side->server) {
		post_all(&leak->conns[READS], IBV_WR_RDMA_READ,
			 &(struct ibv_sge){ (uintptr_t)side->area + SIZE, SIZE, side->mr->lkey }, STREAM, theirs.addr, theirs.rkey);
		return;
	}
	refill_watch(leak->buffer, SIZE);
	post_all(&leak->conns[REPEATED], IBV_WR_SEND,
		 &(struct ibv_sge){ (uintptr_t)leak->buffer, SEND_SIZE, leak->mr->lkey }, SENDS, 0, 0);
	post_all(&leak->conns[WRITES], IBV_WR_RDMA_WRITE,
		 &(struct ibv_sge){ (uintptr_t)leak->buffer, SIZE, leak->mr->lkey }, STREAM, side->peer_area, side->peer_rkey);
	usleep(3000);
}

static void only_public(const uint8_t *at, size_t size, const char *where)
{
	check(!memmem(at, size, POISON_TEXT, TEXT_SIZE), "poison arrived in %s", where);
	for (; size >= TEXT_SIZE; at += TEXT_SIZE, size -= TEXT_SIZE)
		check(!memcmp(at, PUBLIC_TEXT, TEXT_SIZE), "something else arrived in %s", where);
}

static void interrupted(int number)
{
	(void)number;
}

/* Until the client says that it is done, or is gone; SIGTERM says so where TCP cannot know. */
static void serve(struct leak *leak)
{
	struct sigaction action = { .sa_handler = interrupted };
	struct side *side = leak->side;
	char word = 0;
	ssize_t got;

	check(!sigaction(SIGTERM, &action, NULL), "sigaction");
	got = recv(side->peer, &word, 1, 0);
	/* What was repeated would come now. */
	if (got <= 0)
		usleep(500000);
	only_public(side->area, 2 * SIZE, "the server's memory");
	if (got > 0) {
		oob_sync(side, "served");
		return;
	}
	printf("peer gone, only its own data came\n");
	exit(0);
}

static void finish(struct leak *leak)
{
	int i;

	check(send(leak->side->peer, "!", 1, MSG_NOSIGNAL) == 1, "the other side is gone");
	oob_sync(leak->side, "served");
	for (i = 0; i < CONNS; i++)
		if (leak->conns[i].qp)
			conn_close(&leak->conns[i]);
	if (leak->mr)
		check(!ibv_dereg_mr(leak->mr), "ibv_dereg_mr");
}

static void serve_and_close(struct leak *leak)
{
	int i;

	serve(leak);
	for (i = 0; i < CONNS; i++)
		conn_close(&leak->conns[i]);
	check(!ibv_dereg_mr(leak->mr), "ibv_dereg_mr");
	munmap(leak->buffer, SIZE);
}

/* Pages of the buffer that somebody else has now. */
static unsigned int give_up(struct leak *leak)
{
	munmap(leak->buffer, SIZE);
	return refill_now();
}

static void give_up_for_poison(struct leak *leak)
{
	unsigned int found = give_up(leak);

	check(found >= SIZE / PAGE / 2, "only %u pages were given to another process: nothing is proved", found);
}

static void dereg(struct leak *leak)
{
	int error = ibv_dereg_mr(leak->mr);

	check(!error, "ibv_dereg_mr: %s", strerror(error));
	leak->mr = NULL;
}

static bool begin(struct leak *leak, struct side *side)
{
	*leak = (struct leak){};
	start(leak, side, PUBLIC_TEXT);
	if (side->server)
		serve_and_close(leak);
	return !side->server;
}

/* A program may send poison if it likes: this is how the capture is known to see it. */
void group_leak_control(struct side *side)
{
	struct leak leak = {};

	start(&leak, side, POISON_TEXT);
	if (!side->server) {
		usleep(200000);
		finish(&leak);
		return;
	}
	char word;

	check(recv(side->peer, &word, 1, 0) == 1, "the other side is gone");
	check(memmem(side->area, SIZE, POISON_TEXT, TEXT_SIZE), "no poison came");
	oob_sync(side, "served");
	for (int i = 0; i < CONNS; i++)
		conn_close(&leak.conns[i]);
	check(!ibv_dereg_mr(leak.mr), "ibv_dereg_mr");
}

void group_leak_dereg(struct side *side)
{
	struct leak leak;

	if (!begin(&leak, side))
		return;
	dereg(&leak);
	give_up_for_poison(&leak);
	check(reaches(leak.conns[REPEATED].qp, IBV_QPS_ERR, SOON_MS), "a SEND from memory that is gone goes on, state %d",
	      state_of(leak.conns[REPEATED].qp));
	finish(&leak);
}

void group_leak_destroy(struct side *side)
{
	struct leak leak;
	int i;

	if (!begin(&leak, side))
		return;
	for (i = 0; i < CONNS; i++) {
		conn_close(&leak.conns[i]);
		leak.conns[i].qp = NULL;
	}
	dereg(&leak);
	give_up_for_poison(&leak);
	finish(&leak);
}

/* Error state, and RESET, before the memory goes: nothing of the queue is under way any more. */
void group_leak_error(struct side *side)
{
	struct leak leak;

	if (!begin(&leak, side))
		return;
	conn_to(&leak.conns[WRITES], IBV_QPS_ERR);
	conn_to(&leak.conns[REPEATED], IBV_QPS_RESET);
	conn_to(&leak.conns[READS], IBV_QPS_RESET);
	dereg(&leak);
	give_up_for_poison(&leak);
	finish(&leak);
}

/* The key goes on, with other memory behind it. */
void group_leak_rereg(struct side *side)
{
	struct leak leak;
	int error;

	if (!begin(&leak, side))
		return;
	leak.second = pages_get(SIZE);
	text_fill(leak.second, SIZE, PUBLIC_TEXT);
	error = ibv_rereg_mr(leak.mr, IBV_REREG_MR_CHANGE_TRANSLATION, side->pd, leak.second, SIZE, 0);
	check(!error, "ibv_rereg_mr: %s", strerror(errno));
	give_up_for_poison(&leak);
	check(reaches(leak.conns[REPEATED].qp, IBV_QPS_ERR, SOON_MS), "a SEND from memory that is gone goes on, state %d",
	      state_of(leak.conns[REPEATED].qp));
	finish(&leak);
	munmap(leak.second, SIZE);
}

/*
 * Unmapped and freed under a live key: the pages stay the key's, nobody else
 * gets them, and what is sent is what was there.
 */
void group_leak_unmap(struct side *side)
{
	struct ibv_sge in = { (uintptr_t)side->area + 2 * SIZE, SEND_SIZE, side->mr->lkey };
	struct leak leak = {};
	unsigned int found;
	struct done done;
	int i;

	start(&leak, side, PUBLIC_TEXT);
	if (!side->server) {
		check(!madvise(leak.buffer, SIZE / 2, MADV_DONTNEED), "madvise: %s", strerror(errno));
		text_fill(leak.buffer, SIZE / 2, POISON_TEXT);
		found = give_up(&leak);
		check(!found, "%u pages of a live key were given to another process", found);
		check(state_of(leak.conns[REPEATED].qp) == IBV_QPS_RTS, "the QP is in state %d", state_of(leak.conns[REPEATED].qp));
	}
	oob_sync(side, "unmapped");
	for (i = 0; i < SENDS; i++) {
		if (side->server) {
			memset(side->area + 2 * SIZE, 0, SEND_SIZE);
			post_recv(&leak.conns[REPEATED], 1, &in, 1);
			wait_success(&leak.conns[REPEATED], leak.conns[REPEATED].recv_cq, 1, IBV_WC_RECV);
			only_public(side->area + 2 * SIZE, SEND_SIZE, "a SEND of unmapped memory");
		} else {
			wait_done(&leak.conns[REPEATED], leak.conns[REPEATED].send_cq, &done);
			check(done.status == IBV_WC_SUCCESS, "SEND of unmapped memory: %s", ibv_wc_status_str(done.status));
		}
	}
	if (side->server)
		serve_and_close(&leak);
	else
		finish(&leak);
}

/* The kernel takes everything away. */
void group_leak_exit(struct side *side)
{
	struct leak leak;

	if (begin(&leak, side))
		_exit(0);
}

void group_leak_kill(struct side *side)
{
	struct leak leak;

	if (begin(&leak, side))
		raise(SIGKILL);
}

/* Goes on until the device fails, then gives the memory up with the context still open. */
void group_leak_hold(struct side *side)
{
	struct leak leak;
	struct ibv_wc wc;
	int rest = 120000;

	if (!begin(&leak, side))
		return;
	printf("holding\n");
	fflush(stdout);
	while (rest--) {
		if (ibv_poll_cq(leak.conns[WRITES].send_cq, 1, &wc) == 1 && wc.status == IBV_WC_SUCCESS)
			post_all(&leak.conns[WRITES], IBV_WR_RDMA_WRITE,
				 &(struct ibv_sge){ (uintptr_t)leak.buffer, SIZE, leak.mr->lkey }, 1, side->peer_area,
				 side->peer_rkey);
		else if (rest % 64 == 0 && ibv_query_qp(leak.conns[REPEATED].qp, &(struct ibv_qp_attr){}, IBV_QP_STATE,
							&(struct ibv_qp_init_attr){}))
			break;
		else
			usleep(500);
	}
	check(rest > 0, "the device never failed");
	give_up_for_poison(&leak);
	printf("given up\n");
	fflush(stdout);
	_exit(0);
}
