/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Queues without a kernel, for the provider's unit tests: a context whose
 * doorbell page is memory, queues as qp.c and cq.c would have made them.
 */
#ifndef MO_FIXTURE_H
#define MO_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../db.h"
#include "../mo.h"
#include "../wqe.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* Counters of rings begin here: they wrap within a test. */
#define NEAR_WRAP 0xfffffff8U

extern struct mo_context context;
/* What most tests ask for. */
extern const struct ibv_qp_cap small;

void check(int ok, const char *what);
void context_init(bool shadow);
uint64_t rung(enum mo_doorbell reg);
struct mo_cq *cq_make(uint32_t log, uint32_t cqn);
void cq_free(struct mo_cq *cq);
struct mo_qp *qp_make(bool ud, struct ibv_qp_cap cap, uint32_t object);
void qp_free(struct mo_qp *qp);
void wq_at(struct mo_wq *wq, uint32_t at);

void test_layout(void);
void test_posting(void);
void test_doorbells(void);
void test_completions(void);
void test_memory(void);

#endif /* MO_FIXTURE_H */
