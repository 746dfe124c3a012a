// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Completions: both ways of polling, and QPs that go.
 */
#include "fixture.h"

/* The device's side of a completion queue. */
struct device_cq {
	struct mo_cq *cq;
	uint32_t pi;
};

static struct mo_rdma_cqe *device_post(struct device_cq *dev, uint32_t object, uint8_t opcode,
				       uint32_t index)
{
	struct mo_cq *cq = dev->cq;
	struct mo_rdma_cqe *cqe = &cq->ring[dev->pi & ((1U << cq->log) - 1)];
	uint8_t phase = (dev->pi >> cq->log & 1) ^ 1;

	if (dev->pi - MO_ARM_CI(le64toh(cq->rec->arm)) >= 1U << cq->log)
		abort(); /* overrun: it was not told that entries are free */
	memset(cqe, 0xa5, sizeof(*cqe));
	cqe->qp = htole32(object);
	cqe->opcode = opcode;
	cqe->status = MO_WC_SUCCESS;
	cqe->flags = 0;
	cqe->error = 0;
	cqe->syndrome = 0;
	cqe->index = htole32(index);
	cqe->length = htole32(index * 3);
	cqe->phase = 0xfe | phase;
	dev->pi++;
	return cqe;
}

static void test_polling(void)
{
	struct device_cq dev = { .cq = cq_make(6, 1) };
	struct mo_qp *qp, *other;
	struct ibv_wc wc[80];
	int i, n, round, good = 1;

	context_init(true);
	qp = qp_make(false, small, 0x340017);
	other = qp_make(true, small, 0x350018);
	check(!mo_poll_cq(&dev.cq->vcq.cq, 8, wc), "polling: an empty queue");
	wq_at(&qp->sq, NEAR_WRAP);
	wq_at(&qp->rq, NEAR_WRAP);
	/* Several passes over the ring, over the wrap of the queues' counters. */
	for (round = 0; round < 60; round++) {
		n = round % 7 + 1;
		qp->sq.tail += n;
		qp->rq.tail += n;
		for (i = 0; i < n; i++) {
			uint32_t at = qp->sq.tail - n + i;

			qp->sq.wr_ids[at & 7] = 100000ULL + at;
			qp->rq.wr_ids[at & 7] = 200000ULL + at;
			device_post(&dev, 0x340017, MO_WR_WRITE, at);
			device_post(&dev, 0x340017, MO_RECV_SEND, at);
		}
		memset(wc, 0xee, sizeof(wc));
		good &= mo_poll_cq(&dev.cq->vcq.cq, n, wc) == n; /* some now, the rest later */
		good &= mo_poll_cq(&dev.cq->vcq.cq, 80 - n, wc + n) == n;
		for (i = 0; i < 2 * n; i++) {
			uint32_t at = qp->sq.tail - n + i / 2;

			good &= wc[i].wr_id == (i & 1 ? 200000ULL : 100000ULL) + at &&
				!wc[i].status;
			good &= wc[i].opcode == (i & 1 ? IBV_WC_RECV : IBV_WC_RDMA_WRITE);
			good &= wc[i].qp_num == 0x340017 && wc[i].byte_len == at * 3 &&
				!wc[i].wc_flags && !wc[i].slid && !wc[i].sl &&
				!wc[i].dlid_path_bits && !wc[i].vendor_err;
		}
		good &= atomic_load(&qp->sq.head) == qp->sq.tail &&
			atomic_load(&qp->rq.head) == qp->rq.tail;
		good &= MO_ARM_CI(le64toh(dev.cq->rec->arm)) == dev.pi;
	}
	check(good && dev.pi > 128, "polling: passes and phases");

	/* Exactly full, and full again. */
	for (round = 0, good = 1; round < 3; round++) {
		wq_at(&qp->sq, 0);
		qp->sq.entries = 64;
		qp->sq.wr_ids = realloc(qp->sq.wr_ids, 64 * sizeof(*qp->sq.wr_ids));
		qp->sq.tail = 64;
		for (i = 0; i < 64; i++) {
			qp->sq.wr_ids[i] = i;
			device_post(&dev, 0x340017, MO_WR_SEND, i);
		}
		good &= mo_poll_cq(&dev.cq->vcq.cq, 80, wc) == 64 && wc[63].wr_id == 63;
	}
	check(good, "polling: a full ring");

	/* One completion for all sends before it. */
	wq_at(&qp->sq, 0);
	qp->sq.tail = 20;
	device_post(&dev, 0x340017, MO_WR_SEND, 13);
	check(mo_poll_cq(&dev.cq->vcq.cq, 80, wc) == 1 && wc[0].wr_id == 13 &&
	      atomic_load(&qp->sq.head) == 14,
	      "polling: unsignaled sends complete with the next signaled one");

	/* What cannot be: unknown QP, another generation, not posted, done before. */
	device_post(&dev, 0x340019, MO_WR_SEND, 14);
	device_post(&dev, 0x350017, MO_WR_SEND, 14);
	device_post(&dev, 0x340017, MO_WR_SEND, 20);
	device_post(&dev, 0x340017, MO_WR_SEND, 13);
	device_post(&dev, 0x340017, MO_RECV_SEND, qp->rq.tail);
	device_post(&dev, 0x340017, MO_WR_SEND, 14);
	check(mo_poll_cq(&dev.cq->vcq.cq, 80, wc) == 1 && wc[0].wr_id == 14 &&
	      MO_ARM_CI(le64toh(dev.cq->rec->arm)) == dev.pi,
	      "polling: completions of nothing are skipped");
	qp_free(qp);
	qp_free(other);
	cq_free(dev.cq);
}

/* Until its event is taken a request is open, and what is read meanwhile is said (hw/db.h). */
static void test_reading_with_a_request_open(void)
{
	struct device_cq dev = { .cq = cq_make(6, 1) };
	struct ibv_cq *cq = &dev.cq->vcq.cq;
	struct mo_qp *qp;
	struct ibv_wc wc;
	int good = 1, i;

	context_init(true);
	qp = qp_make(false, small, 0x60);
	for (i = 0; i < 2; i++) { /* any completion, solicited ones */
		uint32_t kind = i ? MO_ARM_SOLICITED : MO_ARM_NEXT;
		uint64_t word;

		mo_req_notify_cq(cq, i);
		good &= !MO_ARM_HAS_READ(le64toh(dev.cq->rec->arm));
		good &= !mo_poll_cq(cq, 1, &wc) && !MO_ARM_HAS_READ(le64toh(dev.cq->rec->arm));
		device_post(&dev, 0x60, MO_WR_SEND, qp->sq.tail++);
		good &= mo_poll_cq(cq, 1, &wc) == 1;
		word = le64toh(dev.cq->rec->arm);
		good &= MO_ARM_HAS_READ(word) && MO_ARM_KIND(word) == kind;
		mo_req_notify_cq(cq, i); /* the event of the first one is due still */
		good &= MO_ARM_HAS_READ(le64toh(dev.cq->rec->arm)) &&
			MO_ARM_SEQ(le64toh(dev.cq->rec->arm)) == MO_ARM_SEQ(word) + 1;
		mo_cq_event(cq);
		device_post(&dev, 0x60, MO_WR_SEND, qp->sq.tail++);
		good &= mo_poll_cq(cq, 1, &wc) == 1;
		mo_req_notify_cq(cq, i);
		good &= !MO_ARM_HAS_READ(le64toh(dev.cq->rec->arm));
		mo_cq_event(cq);
	}
	check(good, "polling: what is read while a request is open is said");
	qp_free(qp);
	cq_free(dev.cq);
}

static void test_fields(void)
{
	struct device_cq dev = { .cq = cq_make(6, 1) };
	struct ibv_poll_cq_attr attr = {};
	struct ibv_cq_ex *ex = &dev.cq->vcq.cq_ex;
	struct mo_rdma_cqe *cqe;
	struct mo_qp *qp;
	struct ibv_wc wc;
	size_t i;
	int pass, good;
	static const struct {
		uint8_t opcode, status, syndrome;
		uint16_t flags, error;
		enum ibv_wc_opcode wc_opcode;
		unsigned int wc_flags;
	} cases[] = {
		{ MO_WR_SEND, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_SEND, 0 },
		{ MO_WR_SEND_IMM, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_SEND, 0 },
		{ MO_WR_SEND_INV, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_SEND, 0 },
		{ MO_WR_WRITE_IMM, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_RDMA_WRITE, 0 },
		{ MO_WR_READ, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_RDMA_READ, 0 },
		{ MO_WR_CMP_SWAP, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_COMP_SWAP, 0 },
		{ MO_WR_FETCH_ADD, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_FETCH_ADD, 0 },
		{ MO_WR_LOCAL_INV, MO_WC_SUCCESS, 0, 0, 0, IBV_WC_LOCAL_INV, 0 },
		{ MO_WR_BIND, MO_WC_MW_BIND_ERR, 0, 0, MO_QPE_LOCAL, IBV_WC_BIND_MW, 0 },
		{ MO_WR_WRITE, MO_WC_REM_ACCESS_ERR, 0x62, 0, MO_QPE_REMOTE, IBV_WC_RDMA_WRITE, 0 },
		{ MO_WR_WRITE, MO_WC_WR_FLUSH_ERR, 0, 0, MO_QPE_MODIFIED, IBV_WC_RDMA_WRITE, 0 },
		{ MO_RECV_SEND, MO_WC_SUCCESS, 0, MO_CQEF_IMM, 0, IBV_WC_RECV, IBV_WC_WITH_IMM },
		{ MO_RECV_SEND, MO_WC_SUCCESS, 0, MO_CQEF_INV | MO_CQEF_SOLICITED, 0, IBV_WC_RECV,
		  IBV_WC_WITH_INV },
		{ MO_RECV_SEND, MO_WC_SUCCESS, 0, MO_CQEF_GRH | MO_CQEF_IPV4 | MO_CQEF_SMAC, 0,
		  IBV_WC_RECV, IBV_WC_GRH },
		{ MO_RECV_SEND, MO_WC_SUCCESS, 0, MO_CQEF_GRH | MO_CQEF_SMAC | MO_CQEF_VLAN, 0,
		  IBV_WC_RECV, IBV_WC_GRH },
		{ MO_RECV_WRITE_IMM, MO_WC_SUCCESS, 0, MO_CQEF_IMM, 0, IBV_WC_RECV_RDMA_WITH_IMM,
		  IBV_WC_WITH_IMM },
		{ MO_RECV_SEND, MO_WC_LOC_LEN_ERR, 0, 0, MO_QPE_LOCAL, IBV_WC_RECV, 0 },
	};

	context_init(true);
	qp = qp_make(false, small, 0x40);
	for (pass = 0; pass < 2; pass++) {
		wq_at(&qp->sq, 0);
		wq_at(&qp->rq, 0);
		for (i = 0, good = 1; i < ARRAY_SIZE(cases); i++) {
			bool recv = cases[i].opcode & MO_CQE_RECV;
			struct mo_wq *wq = recv ? &qp->rq : &qp->sq;
			uint32_t at = wq->tail++;
			uint8_t sl = 0;
			uint32_t imm;

			/* The service level is the tag's priority, if there is a tag. */
			if (cases[i].flags & MO_CQEF_VLAN)
				sl = 5;
			wq->wr_ids[at & 7] = 77 + i;
			cqe = device_post(&dev, 0x40, cases[i].opcode, at);
			cqe->status = cases[i].status;
			cqe->flags = htole16(cases[i].flags);
			cqe->error = htole16(cases[i].error);
			cqe->syndrome = cases[i].syndrome;
			cqe->src_qp = htole32(0x654321);
			cqe->vlan_tci = htole16(5 << 13 | 100);
			cqe->timestamp_ns = htole64(0x123456789abcULL + i);
			memcpy(&cqe->imm, "\x0a\x0b\x0c\x0d", 4);
			imm = htobe32(0x0a0b0c0d);
			if (cases[i].flags & MO_CQEF_INV)
				imm = 0x0d0c0b0a;
			if (!pass) {
				good &= mo_poll_cq(&dev.cq->vcq.cq, 1, &wc) == 1;
				good &= wc.wr_id == 77 + i && wc.status == (int)cases[i].status;
				good &= wc.opcode == cases[i].wc_opcode &&
					wc.wc_flags == cases[i].wc_flags;
				good &= wc.imm_data == imm && wc.src_qp == 0x654321 && wc.sl == sl;
				good &= wc.vendor_err ==
					(cases[i].error | (uint32_t)cases[i].syndrome << 16);
				continue;
			}
			good &= !ex->start_poll(ex, &attr);
			good &= ex->wr_id == 77 + i && ex->status == (int)cases[i].status;
			good &= ex->read_opcode(ex) == cases[i].wc_opcode &&
				ex->read_wc_flags(ex) == cases[i].wc_flags;
			good &= ex->read_imm_data(ex) == imm && ex->read_src_qp(ex) == 0x654321;
			good &= ex->read_qp_num(ex) == 0x40 && ex->read_byte_len(ex) == at * 3;
			good &= ex->read_vendor_err(ex) ==
				(cases[i].error | (uint32_t)cases[i].syndrome << 16);
			good &= ex->read_completion_ts(ex) == 0x123456789abcULL + i;
			good &= !ex->read_slid(ex) && ex->read_sl(ex) == sl &&
				!ex->read_dlid_path_bits(ex);
			/* The entry is ours until the end of the poll. */
			good &= MO_ARM_CI(le64toh(dev.cq->rec->arm)) == dev.pi - 1;
			good &= ex->next_poll(ex) == ENOENT;
			ex->end_poll(ex);
			good &= MO_ARM_CI(le64toh(dev.cq->rec->arm)) == dev.pi;
		}
		check(good, pass ? "fields: extended poll" : "fields: ibv_poll_cq");
	}
	attr.comp_mask = 1;
	good = ex->start_poll(ex, &attr) == EINVAL;
	attr.comp_mask = 0;
	good &= ex->start_poll(ex, &attr) == ENOENT && ex->start_poll(ex, &attr) == ENOENT;
	check(good, "fields: an extended poll that failed holds no lock");
	qp_free(qp);
	cq_free(dev.cq);
}

/* A QP goes: its completions vanish, the others stay in order. */
static void test_forget(void)
{
	struct device_cq dev = { .cq = cq_make(6, 1) };
	struct mo_qp *qp, *other;
	struct ibv_wc wc[80];
	int round, i, n, got, good = 1;
	uint32_t pattern = 0x9e3779b9;

	context_init(true);
	qp = qp_make(false, small, 0x50);
	other = qp_make(false, small, 0x51);
	for (round = 0; round < 40; round++) {
		int theirs = 0;

		wq_at(&qp->sq, 0);
		wq_at(&other->sq, 0);
		n = round * 7 % 17;
		for (i = 0; i < n; i++) {
			bool mine = pattern & 1;

			pattern = pattern >> 1 ^ (mine ? 0xedb88320 : 0);
			if (mine || theirs == 8) {
				qp->sq.tail++;
				device_post(&dev, 0x50, MO_WR_SEND, qp->sq.tail - 1);
			} else {
				other->sq.wr_ids[theirs++] = round * 100 + i;
				other->sq.tail++;
				device_post(&dev, 0x51, MO_WR_SEND, other->sq.tail - 1);
			}
		}
		mo_cq_forget(dev.cq, qp);
		good &= MO_ARM_CI(le64toh(dev.cq->rec->arm)) == dev.pi - theirs;
		got = mo_poll_cq(&dev.cq->vcq.cq, 80, wc);
		good &= got == theirs;
		for (i = 0; i < got; i++)
			good &= wc[i].qp_num == 0x51 && wc[i].wr_id == other->sq.wr_ids[i];
		good &= dev.cq->last != qp;
	}
	check(good && dev.pi > 128, "forget: over all places of the ring");
	qp_free(qp);
	qp_free(other);
	cq_free(dev.cq);
}

void test_completions(void)
{
	test_polling();
	test_reading_with_a_request_open();
	test_fields();
	test_forget();
}
