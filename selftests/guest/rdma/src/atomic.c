// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Atomics: what they return and leave, alone and from both sides at once.
 */
#include <string.h>

#include "rdma_data.h"

static uint64_t *place(struct side *side, size_t at)
{
	return (uint64_t *)(side->area + at);
}

/* One atomic on the peer's memory; the former value. */
static uint64_t atomic(struct side *side, struct conn *conn, enum ibv_wr_opcode opcode, size_t at, uint64_t compare_add,
		       uint64_t swap)
{
	/* The result may lie anywhere. */
	struct ibv_sge sge = { (uintptr_t)side->area + 4096 + 3, 8, side->mr->lkey };
	struct ibv_send_wr wr = { .wr_id = compare_add, .sg_list = &sge, .num_sge = 1, .opcode = opcode,
				  .send_flags = IBV_SEND_SIGNALED,
				  .wr.atomic = { side->peer_area + at, compare_add, swap, side->peer_rkey } };
	uint64_t former;

	memset(side->area + 4096, 0xcc, 16);
	post_send(conn, &wr);
	wait_success(conn, conn->send_cq, compare_add,
		     opcode == IBV_WR_ATOMIC_CMP_AND_SWP ? IBV_WC_COMP_SWAP : IBV_WC_FETCH_ADD);
	check(!memcmp(side->area + 4096, "\xcc\xcc\xcc", 3) && !memcmp(side->area + 4096 + 11, "\xcc\xcc\xcc\xcc\xcc", 5),
	      "an atomic wrote beside its 8 bytes");
	memcpy(&former, side->area + 4096 + 3, 8);
	return former;
}

static void alone(struct side *side, struct conn *conn)
{
	static const uint64_t values[] = { 0, 1, 0xffffffffULL, 0x100000000ULL, 0x8000000000000000ULL, ~0ULL,
					   0x0123456789abcdefULL };
	size_t i, j, at;
	uint64_t former;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			at = 8 * (i * ARRAY_SIZE(values) + j + 1);
			*place(side, at - 8) = *place(side, at + 8) = 0x5555;
			*place(side, at) = values[i];
			oob_sync(side, "fetch and add");
			if (!side->server) {
				former = atomic(side, conn, IBV_WR_ATOMIC_FETCH_AND_ADD, at, values[j], 0);
				check(former == values[i], "fetch and add returned 0x%llx of 0x%llx",
				      (unsigned long long)former, (unsigned long long)values[i]);
			}
			oob_sync(side, "added");
			if (side->server)
				check(*place(side, at) == values[i] + values[j], "0x%llx + 0x%llx left 0x%llx",
				      (unsigned long long)values[i], (unsigned long long)values[j],
				      (unsigned long long)*place(side, at));
			*place(side, at) = values[i];
			oob_sync(side, "compare and swap");
			if (!side->server) {
				former = atomic(side, conn, IBV_WR_ATOMIC_CMP_AND_SWP, at, values[j], ~values[i] ^ 0x77);
				check(former == values[i], "compare and swap returned 0x%llx of 0x%llx",
				      (unsigned long long)former, (unsigned long long)values[i]);
			}
			oob_sync(side, "swapped");
			if (side->server)
				check(*place(side, at) == (i == j ? ~values[i] ^ 0x77 : values[i]),
				      "0x%llx compared with 0x%llx left 0x%llx", (unsigned long long)values[i],
				      (unsigned long long)values[j], (unsigned long long)*place(side, at));
			check(*place(side, at - 8) == 0x5555 && *place(side, at + 8) == 0x5555, "an atomic changed its neighbour");
		}
}

/* Both at once, each on the other's word. */
static void together(struct side *side, struct conn *conn)
{
	enum { COUNT = 200 };
	uint64_t former, last = 0;
	int i;

	*place(side, 0) = 0;
	oob_sync(side, "together");
	for (i = 0; i < COUNT; i++) {
		former = atomic(side, conn, IBV_WR_ATOMIC_FETCH_AND_ADD, 0, 3, 0);
		check(!i || former == last + 3, "atomics of one QP out of order");
		last = former;
	}
	oob_sync(side, "counted");
	check(*place(side, 0) == 3 * COUNT, "%d additions of 3 made %llu", COUNT, (unsigned long long)*place(side, 0));
}

/*
 * Several in flight execute once each, in order, a READ between two of them. What
 * follows a READ is fenced: without, it may overtake (IBA 10.8.3.3).
 */
static void in_flight(struct side *side, struct conn *conn)
{
	enum { COUNT = 12 };
	struct ibv_send_wr wrs[COUNT];
	struct ibv_sge sges[COUNT];
	uint64_t value;
	int i;

	*place(side, 0) = 1000;
	oob_sync(side, "in flight");
	for (i = 0; i < COUNT; i++) {
		sges[i] = (struct ibv_sge){ (uintptr_t)side->area + 8192 + 8 * i, 8, side->mr->lkey };
		wrs[i] = (struct ibv_send_wr){
			.wr_id = i, .sg_list = &sges[i], .num_sge = 1, .next = i + 1 < COUNT ? &wrs[i + 1] : NULL,
			.opcode = i % 3 == 2 ? IBV_WR_RDMA_READ : IBV_WR_ATOMIC_FETCH_AND_ADD,
			.send_flags = (i + 1 < COUNT ? 0 : IBV_SEND_SIGNALED) | (i && i % 3 == 0 ? IBV_SEND_FENCE : 0),
		};
		if (i % 3 == 2)
			wrs[i].wr.rdma.remote_addr = side->peer_area, wrs[i].wr.rdma.rkey = side->peer_rkey;
		else
			wrs[i].wr.atomic.remote_addr = side->peer_area, wrs[i].wr.atomic.compare_add = 1,
			wrs[i].wr.atomic.rkey = side->peer_rkey;
	}
	if (!side->server) {
		post_send(conn, wrs);
		wait_success(conn, conn->send_cq, COUNT - 1, IBV_WC_RDMA_READ);
		for (i = 0; i < COUNT; i++) {
			value = *place(side, 8192 + 8 * i);
			check(value == 1000ULL + i - i / 3, "request %d of a chain saw %llu", i, (unsigned long long)value);
		}
	}
	oob_sync(side, "flown");
	check(!side->server || *place(side, 0) == 1000 + COUNT - COUNT / 3, "a chain left %llu",
	      (unsigned long long)*place(side, 0));
}

void group_atomics(struct side *side)
{
	struct conn_options options = { .depth = 32 };
	struct conn conn;

	for (int ex = 0; ex < 2; ex++) {
		options.ex = ex;
		conn_open(side, &conn, &options);
		alone(side, &conn);
		together(side, &conn);
		in_flight(side, &conn);
		conn_close(&conn);
	}
}
