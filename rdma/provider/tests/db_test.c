// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * When a register is written; requests for events.
 */
#include "fixture.h"

static void test_tails(void)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND }, *bad;
	struct mo_qp *qp;
	uint64_t value;
	int i, good = 1, writes = 0;

	context_init(false);
	qp = qp_make(false, small, 0xfedcba);
	wq_at(&qp->sq, NEAR_WRAP);
	for (i = 1; i <= 20; i++) {
		good &= !mo_post_send(&qp->vqp.qp, &wr, &bad);
		good &= rung(MO_DB_SQ) == MO_DB_VALUE(0xfedcba, NEAR_WRAP + i);
		good &= le32toh(qp->sq.rec->tail) == NEAR_WRAP + i;
		atomic_store(&qp->sq.head, qp->sq.tail);
	}
	check(good, "doorbells: without shadow, one write for each list");

	/* The device polls: it keeps the event index behind. */
	context_init(true);
	wq_at(&qp->sq, NEAR_WRAP);
	qp->sq.rec->event = htole32(NEAR_WRAP - 5);
	for (i = 1, good = 1; i <= 20; i++) {
		good &= !mo_post_send(&qp->vqp.qp, &wr, &bad) &&
			le32toh(qp->sq.rec->tail) == NEAR_WRAP + i;
		good &= !rung(MO_DB_SQ);
		atomic_store(&qp->sq.head, qp->sq.tail);
	}
	check(good, "doorbells: with shadow, none while the device polls");

	/* It stops polling after every third: each stop costs one write. */
	wq_at(&qp->sq, NEAR_WRAP);
	for (i = 1, good = 1; i <= 21; i++) {
		good &= !mo_post_send(&qp->vqp.qp, &wr, &bad);
		value = rung(MO_DB_SQ);
		writes += value != 0;
		good &= (value != 0) == (i % 3 == 1);
		good &= !value || value == MO_DB_VALUE(0xfedcba, NEAR_WRAP + i);
		if (i % 3 == 0)
			qp->sq.rec->event = qp->sq.rec->tail;
		atomic_store(&qp->sq.head, qp->sq.tail);
	}
	check(good && writes == 7, "doorbells: with shadow, one for each time that it stopped");
	qp_free(qp);
}

static void test_arming(void)
{
	struct mo_cq *cq = cq_make(6, 0x7654);
	uint64_t first, second;
	int good, i;

	context_init(true);
	cq->ci = 0x12345;
	mo_req_notify_cq(&cq->vcq.cq, 0);
	first = le64toh(cq->rec->arm);
	good = MO_ARM_CI(first) == 0x12345 && MO_ARM_KIND(first) == MO_ARM_NEXT && !rung(MO_DB_CQ);
	mo_cq_event(&cq->vcq.cq);
	mo_req_notify_cq(&cq->vcq.cq, 1);
	second = le64toh(cq->rec->arm);
	good &= MO_ARM_KIND(second) == MO_ARM_SOLICITED &&
		MO_ARM_SEQ(second) == MO_ARM_SEQ(first) + 1 && !rung(MO_DB_CQ);
	check(good, "arming: kind, a new number each time, no register");

	/* IBA 11.4.2.2: until its event, a request for the next one stands. */
	mo_req_notify_cq(&cq->vcq.cq, 0);
	good = MO_ARM_KIND(le64toh(cq->rec->arm)) == MO_ARM_NEXT;
	for (i = 0; i < 3; i++) {
		mo_req_notify_cq(&cq->vcq.cq, 1);
		good &= MO_ARM_KIND(le64toh(cq->rec->arm)) == MO_ARM_NEXT;
	}
	mo_cq_event(&cq->vcq.cq);
	mo_req_notify_cq(&cq->vcq.cq, 1);
	good &= MO_ARM_KIND(le64toh(cq->rec->arm)) == MO_ARM_SOLICITED;
	mo_req_notify_cq(&cq->vcq.cq, 0);
	good &= MO_ARM_KIND(le64toh(cq->rec->arm)) == MO_ARM_NEXT;
	check(good, "arming: a request for solicited ones takes none for the next away");
	cq->arm_seq = MO_ARM_SEQ_MASK;
	mo_req_notify_cq(&cq->vcq.cq, 0);
	check(!MO_ARM_SEQ(le64toh(cq->rec->arm)) &&
	      MO_ARM_KIND(le64toh(cq->rec->arm)) == MO_ARM_NEXT,
	      "arming: the number wraps and stays out of the rest");
	context_init(false);
	mo_req_notify_cq(&cq->vcq.cq, 0);
	check(rung(MO_DB_CQ) == MO_DB_VALUE(0x7654, 0x12345),
	      "arming: without shadow the register is written");
	cq_free(cq);
}

void test_doorbells(void)
{
	test_tails();
	test_arming();
}
