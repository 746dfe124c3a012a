/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rdma_data: verifies what RDMA moved, between two hosts that run it against
 * each other. The client acts on the server's memory; both walk through the
 * same steps and tell each other over TCP how it went, so that a failure
 * anywhere ends both with a message.
 *
 * Plain libibverbs: it knows nothing of the device.
 */
#ifndef RDMA_DATA_H
#define RDMA_DATA_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define BIGGEST		(8U << 20)	/* message */
#define GUARD		4096U		/* bytes before and after that must not change */
#define AREA		(BIGGEST + 4 * GUARD)
#define ALL_ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | \
			 IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)
#define QKEY		0x11223344

/* This process and what both sides share of memory. */
struct side {
	bool server;
	int peer;			/* TCP */
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_device_attr attr;
	enum ibv_mtu mtu;
	int gid_index;
	union ibv_gid gid;
	uint8_t *area;			/* AREA bytes, all access */
	struct ibv_mr *mr;
	uint64_t peer_area;
	uint32_t peer_rkey;
};

struct conn_options {
	uint32_t depth;			/* of both queues; 0: 16 */
	uint32_t sge;			/* of both; 0: 1 */
	uint32_t max_inline;
	unsigned int access;		/* what the peer may do; 0: all */
	uint8_t retry;			/* of both kinds; 0: 7 */
	uint8_t timeout;		/* 4.096 us * 2^timeout; 0: 17 */
	uint8_t rnr_timer;		/* what RNR NAKs ask for, IBA table 45; 0: 1, 10 us */
	bool ex;			/* ibv_wr_* and extended polls */
	bool ud;
	struct ibv_comp_channel *channel;
};

/* A QP connected to one of the peer; UD: to its address. */
struct conn {
	struct ibv_cq *send_cq, *recv_cq;
	struct ibv_qp *qp;
	struct ibv_qp_init_attr_ex init;
	struct conn_options options;
	struct ibv_ah *ah;
	uint32_t peer_qpn;
};

/* What a completion said, whichever way it was polled. */
struct done {
	uint64_t wr_id;
	enum ibv_wc_status status;
	enum ibv_wc_opcode opcode;
	uint32_t byte_len, imm, qp_num, src_qp;
	unsigned int flags;
};

struct group {
	const char *name;
	void (*run)(struct side *side);
};

/* run.c; fail() ends both sides */
int run_group(int argc, char **argv, const struct group *groups, size_t num, const char *more);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define check(ok, ...) do { if (!(ok)) fail(__VA_ARGS__); } while (0)

/* oob.c: by TCP; all fail() themselves */
int oob_open(bool server, const char *address);
void oob_swap(struct side *side, const void *mine, void *theirs, size_t size);
void oob_sync(struct side *side, const char *step);
void oob_tell_failure(int peer);

/* setup.c */
void side_open(struct side *side, const char *device, const char *gid);
void side_close(struct side *side);
void conn_open(struct side *side, struct conn *conn, const struct conn_options *options);
void conn_connect(struct side *side, struct conn *conn);
void conn_to(struct conn *conn, enum ibv_qp_state state);
void conn_close(struct conn *conn);

struct ibv_context *open_device(const char *name);

/* limits.c */
void limits(const char *device);
void told(const char *device, int wanted);
void kept(const char *device);

/* work.c */
void post_send(struct conn *conn, struct ibv_send_wr *wr);
void post_recv(struct conn *conn, uint64_t wr_id, struct ibv_sge *sges, int num);
bool try_done(struct conn *conn, struct ibv_cq *cq, struct done *done);
void wait_done(struct conn *conn, struct ibv_cq *cq, struct done *done);
void wait_success(struct conn *conn, struct ibv_cq *cq, uint64_t wr_id, enum ibv_wc_opcode opcode);

/* pattern.c */
void fill(uint8_t *to, size_t size, uint64_t seed);
void fill_at(uint8_t *to, size_t from, size_t size, uint64_t seed);
void expect(const uint8_t *at, size_t from, size_t size, uint64_t seed, const char *what);

/* the groups */
void group_ops(struct side *side);
void group_sges(struct side *side);
void group_inline(struct side *side);
void group_batches(struct side *side);
void group_both_ways(struct side *side);
void group_atomics(struct side *side);
void group_errors(struct side *side);
void group_flush(struct side *side);
void group_datagrams(struct side *side);
void group_events(struct side *side);
void group_windows(struct side *side);
void group_posts(struct side *side);
void group_lists(struct side *side);
void group_steady(struct side *side);
void group_settings(struct side *side);

#endif /* RDMA_DATA_H */
