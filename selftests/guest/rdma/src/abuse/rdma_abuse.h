/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rdma_abuse: what a bad process can do to its own queues, and that it can do
 * nothing to others. The part that writes garbage knows the provider's objects
 * (rdma/provider/mo.h) and through them rings, records and doorbell page.
 */
#ifndef RDMA_ABUSE_H
#define RDMA_ABUSE_H

#include "rdma_data.h"

/* What must never be on the wire, and what the programs send; 16 bytes each. */
#define POISON_TEXT	"MO-POISON-PAGE!\n"
#define PUBLIC_TEXT	"MO-PUBLIC-DATA!\n"
#define TEXT_SIZE	16
/* How many of the pages that a program gave up were filled with poison. */
#define REFILL_FILE	"/tmp/rdma_abuse.refill"

/* witness.c: a connection that must not be hurt */
void witness_open(struct side *side, struct conn *conn);
void witness_works(struct side *side, struct conn *conn, const char *after);
enum ibv_qp_state state_of(struct ibv_qp *qp);
bool reaches(struct ibv_qp *qp, enum ibv_qp_state state, int timeout_ms);

/* poison.c */
void text_fill(void *to, size_t size, const char *text);
void *pages_get(size_t size);
void refill_prepare(void);
void refill_watch(const void *buffer, size_t size);
unsigned int refill_now(void);
int poison(int seconds);

/* verbs.c, many.c, storm.c: programs without a peer */
int verbs(const char *device);
int many(const char *device, int number);
int storm(const char *device, int num_qps, int num_cqs);

/* the groups */
void group_entries(struct side *side);
void group_doorbells(struct side *side);
void group_foreign(struct side *side);
void group_random(struct side *side);
void group_endless(struct side *side);
void group_orphan(struct side *side);
void group_moderation(struct side *side);
void group_leak_control(struct side *side);
void group_leak_dereg(struct side *side);
void group_leak_destroy(struct side *side);
void group_leak_error(struct side *side);
void group_leak_rereg(struct side *side);
void group_leak_unmap(struct side *side);
void group_leak_exit(struct side *side);
void group_leak_kill(struct side *side);
void group_leak_hold(struct side *side);

#endif /* RDMA_ABUSE_H */
