// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Both ways of posting: the entries, what is refused.
 */
#include "fixture.h"

static struct mo_wqe *wqe_at(struct mo_wq *wq, uint32_t index)
{
	return (struct mo_wqe *)(wq->ring +
				 ((size_t)(index & (wq->entries - 1)) << wq->stride_log));
}

static struct ibv_sge sges[MO_RDMA_MAX_SGE];
static uint8_t payload[1024];
static struct mo_ah ah;

static void data_init(void)
{
	size_t i;

	for (i = 0; i < sizeof(payload); i++)
		payload[i] = i * 7 + (i >> 8);
	for (i = 0; i < ARRAY_SIZE(sges); i++)
		sges[i] = (struct ibv_sge){
			.addr = (uintptr_t)payload + 17 * i,
			.length = 5 + i,
			.lkey = 0xabc00000 + i,
		};
	for (i = 0; i < sizeof(ah.av); i++)
		((uint8_t *)&ah.av)[i] = 0x40 + i;
}

/* One request by ibv_post_send() and by ibv_wr_*(): the same bytes. */
static int post_both(struct mo_qp *qp, struct ibv_send_wr *wr, uint8_t *bytes, size_t size)
{
	struct ibv_qp_ex *ex = &qp->vqp.qp_ex;
	struct ibv_data_buf bufs[MO_RDMA_MAX_SGE];
	struct ibv_send_wr *bad = NULL;
	uint32_t index = qp->sq.tail;
	int i, err;

	err = mo_post_send(&qp->vqp.qp, wr, &bad);
	if (err)
		return err;
	memcpy(bytes, wqe_at(&qp->sq, index), size);
	memset(wqe_at(&qp->sq, index + 1), 0xff, (size_t)1 << qp->sq.stride_log);
	mo_wr_ops(qp, 0);
	ex->wr_start(ex);
	ex->wr_id = wr->wr_id + 1;
	ex->wr_flags = wr->send_flags;
	switch (wr->opcode) {
	case IBV_WR_SEND:
		ex->wr_send(ex);
		break;
	case IBV_WR_SEND_WITH_IMM:
		ex->wr_send_imm(ex, wr->imm_data);
		break;
	case IBV_WR_SEND_WITH_INV:
		ex->wr_send_inv(ex, wr->invalidate_rkey);
		break;
	case IBV_WR_LOCAL_INV:
		ex->wr_local_inv(ex, wr->invalidate_rkey);
		break;
	case IBV_WR_BIND_MW:
		ex->wr_bind_mw(ex, wr->bind_mw.mw, wr->bind_mw.rkey, &wr->bind_mw.bind_info);
		break;
	case IBV_WR_RDMA_WRITE:
		ex->wr_rdma_write(ex, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr);
		break;
	case IBV_WR_RDMA_WRITE_WITH_IMM:
		ex->wr_rdma_write_imm(ex, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr, wr->imm_data);
		break;
	case IBV_WR_RDMA_READ:
		ex->wr_rdma_read(ex, wr->wr.rdma.rkey, wr->wr.rdma.remote_addr);
		break;
	case IBV_WR_ATOMIC_CMP_AND_SWP:
		ex->wr_atomic_cmp_swp(ex, wr->wr.atomic.rkey, wr->wr.atomic.remote_addr,
				      wr->wr.atomic.compare_add, wr->wr.atomic.swap);
		break;
	case IBV_WR_ATOMIC_FETCH_AND_ADD:
		ex->wr_atomic_fetch_add(ex, wr->wr.atomic.rkey, wr->wr.atomic.remote_addr,
					wr->wr.atomic.compare_add);
		break;
	default:
		return -1;
	}
	if (wr->send_flags & IBV_SEND_INLINE) {
		for (i = 0; i < wr->num_sge; i++)
			bufs[i] = (struct ibv_data_buf){
				.addr = (void *)(uintptr_t)wr->sg_list[i].addr,
				.length = wr->sg_list[i].length,
			};
		if (wr->num_sge == 1)
			ex->wr_set_inline_data(ex, bufs[0].addr, bufs[0].length);
		else
			ex->wr_set_inline_data_list(ex, wr->num_sge, bufs);
	} else if (wr->num_sge == 1) {
		ex->wr_set_sge(ex, wr->sg_list->lkey, wr->sg_list->addr, wr->sg_list->length);
	} else {
		ex->wr_set_sge_list(ex, wr->num_sge, wr->sg_list);
	}
	if (qp->ud)
		ex->wr_set_ud_addr(ex, wr->wr.ud.ah, wr->wr.ud.remote_qpn, wr->wr.ud.remote_qkey);
	err = ex->wr_complete(ex);
	if (err)
		return err;
	if (memcmp(bytes, wqe_at(&qp->sq, index + 1), size) ||
	    qp->sq.wr_ids[index & (qp->sq.entries - 1)] != wr->wr_id ||
	    qp->sq.wr_ids[(index + 1) & (qp->sq.entries - 1)] != wr->wr_id + 1)
		return -1;
	atomic_store(&qp->sq.head, qp->sq.tail);
	return 0;
}

static int sges_are(const void *data, int num)
{
	const struct mo_sge *sge = data;
	int i, good = 1;

	for (i = 0; i < num; i++)
		good &= le64toh(sge[i].addr) == sges[i].addr &&
			le32toh(sge[i].length) == sges[i].length &&
			le32toh(sge[i].lkey) == sges[i].lkey;
	return good;
}

static void test_entries(void)
{
	struct ibv_send_wr wr = { .wr_id = 0x1122334455667788, .sg_list = sges };
	uint8_t bytes[1024];
	struct mo_wqe *wqe = (struct mo_wqe *)bytes;
	struct mo_wqe_rdma *rdma = (struct mo_wqe_rdma *)(wqe + 1);
	struct mo_wqe_atomic *atomic = (struct mo_wqe_atomic *)(wqe + 1);
	struct mo_wqe_ud *ud = (struct mo_wqe_ud *)(wqe + 1);
	struct ibv_qp_cap most = small;
	struct mo_qp *qp;
	int n, good;

	context_init(true);
	most.max_send_sge = MO_RDMA_MAX_SGE;
	qp = qp_make(false, most, 0x120304);

	good = 1;
	for (n = 0; n <= MO_RDMA_MAX_SGE; n++) {
		wr.opcode = IBV_WR_SEND;
		wr.num_sge = n;
		wr.send_flags = n & 1 ? IBV_SEND_SIGNALED : 0;
		good &= !post_both(qp, &wr, bytes, 16 + 16 * n);
		good &= wqe->opcode == MO_WR_SEND && wqe->nsge == n && !wqe->rsvd && !wqe->length &&
			!wqe->imm && !wqe->rsvd1 && wqe->flags == (n & 1 ? MO_WQEF_SIGNALED : 0);
		good &= sges_are(wqe + 1, n);
	}
	check(good, "entries: SEND with 0 to 32 SGEs");

	good = 1;
	wr.num_sge = 2;
	for (n = 0; n < 8; n++) {
		wr.send_flags = (n & 1 ? IBV_SEND_SIGNALED : 0) | (n & 2 ? IBV_SEND_SOLICITED : 0) |
				(n & 4 ? IBV_SEND_FENCE : 0);
		good &= !post_both(qp, &wr, bytes, 48);
		good &= wqe->flags ==
			((n & 1 ? MO_WQEF_SIGNALED : 0) | (n & 2 ? MO_WQEF_SOLICITED : 0) |
			 (n & 4 ? MO_WQEF_FENCE : 0));
	}
	qp->sig_all = true;
	wr.send_flags = 0;
	good &= !post_both(qp, &wr, bytes, 48) && wqe->flags == MO_WQEF_SIGNALED;
	qp->sig_all = false;
	check(good, "entries: flags, all signaled");

	wr.opcode = IBV_WR_SEND_WITH_IMM;
	wr.imm_data = htobe32(0x01020304);
	good = !post_both(qp, &wr, bytes, 48) && wqe->opcode == MO_WR_SEND_IMM &&
	       !memcmp(&wqe->imm, "\x01\x02\x03\x04", 4);
	wr.opcode = IBV_WR_SEND_WITH_INV;
	wr.invalidate_rkey = 0x01020304;
	good &= !post_both(qp, &wr, bytes, 48) && wqe->opcode == MO_WR_SEND_INV &&
		!memcmp(&wqe->imm, "\x04\x03\x02\x01", 4);
	check(good, "entries: immediate data as on the wire, key to invalidate little endian");

	good = 1;
	wr.wr.rdma.remote_addr = 0xfedcba9876543210;
	wr.wr.rdma.rkey = 0xaabbccdd;
	wr.imm_data = htobe32(7);
	for (n = 0; n < 3; n++) {
		static const uint8_t expected[] = { MO_WR_WRITE, MO_WR_WRITE_IMM, MO_WR_READ };
		static const enum ibv_wr_opcode opcodes[] = {
			IBV_WR_RDMA_WRITE,
			IBV_WR_RDMA_WRITE_WITH_IMM,
			IBV_WR_RDMA_READ,
		};

		wr.opcode = opcodes[n];
		wr.num_sge = MO_RDMA_MAX_SGE_RD;
		good &= !post_both(qp, &wr, bytes, 32 + 16 * MO_RDMA_MAX_SGE_RD);
		good &= wqe->opcode == expected[n] && wqe->nsge == MO_RDMA_MAX_SGE_RD;
		good &= be32toh((uint32_t)wqe->imm) == (n == 1 ? 7 : 0);
		good &= le64toh(rdma->remote_addr) == 0xfedcba9876543210 &&
			le32toh(rdma->rkey) == 0xaabbccdd && !rdma->rsvd;
		good &= sges_are(rdma + 1, MO_RDMA_MAX_SGE_RD);
	}
	check(good, "entries: WRITE, WRITE with immediate, READ");

	wr.opcode = IBV_WR_ATOMIC_CMP_AND_SWP;
	wr.num_sge = 1;
	wr.wr.atomic.remote_addr = 0x1000;
	wr.wr.atomic.rkey = 5;
	wr.wr.atomic.compare_add = 0x1111;
	wr.wr.atomic.swap = 0x2222;
	good = !post_both(qp, &wr, bytes, 64) && wqe->opcode == MO_WR_CMP_SWAP && wqe->nsge == 1 &&
	       le64toh(atomic->remote_addr) == 0x1000 && le64toh(atomic->swap_add) == 0x2222 &&
	       le64toh(atomic->compare) == 0x1111 && le32toh(atomic->rkey) == 5 && !atomic->rsvd &&
	       sges_are(atomic + 1, 1);
	wr.opcode = IBV_WR_ATOMIC_FETCH_AND_ADD;
	good &= !post_both(qp, &wr, bytes, 64) && wqe->opcode == MO_WR_FETCH_ADD &&
		le64toh(atomic->swap_add) == 0x1111 && !atomic->compare && sges_are(atomic + 1, 1);
	check(good, "entries: atomics");

	good = 1;
	wr.opcode = IBV_WR_RDMA_WRITE;
	wr.send_flags = IBV_SEND_INLINE | IBV_SEND_SIGNALED;
	for (n = 0; n <= 5; n++) {
		uint32_t length = 0;
		int i;

		wr.num_sge = n;
		good &= !post_both(qp, &wr, bytes, 32 + 5 * n + n * (n - 1) / 2);
		good &= wqe->flags == (MO_WQEF_INLINE | MO_WQEF_SIGNALED) && !wqe->nsge;
		for (i = 0; i < n; i++) {
			good &= !memcmp((uint8_t *)(rdma + 1) + length, payload + 17 * i, 5 + i);
			length += 5 + i;
		}
		good &= le32toh(wqe->length) == length;
	}
	check(good, "entries: inline data from 0 to 5 pieces");
	qp_free(qp);

	qp = qp_make(true, small, 0x120305);
	good = 1;
	for (n = 0; n < 4; n++) {
		wr.opcode = n & 1 ? IBV_WR_SEND_WITH_IMM : IBV_WR_SEND;
		wr.imm_data = htobe32(99);
		wr.send_flags = n & 2 ? IBV_SEND_INLINE : 0;
		wr.num_sge = 3;
		wr.wr.ud.ah = &ah.ibv_ah;
		wr.wr.ud.remote_qpn = 0xff123456;
		wr.wr.ud.remote_qkey = 0x80010000;
		good &= !post_both(qp, &wr, bytes, 64 + (n & 2 ? 18 : 48));
		good &= wqe->opcode == (n & 1 ? MO_WR_SEND_IMM : MO_WR_SEND) &&
			wqe->nsge == (n & 2 ? 0 : 3);
		good &= !memcmp(&ud->av, &ah.av, sizeof(ah.av)) &&
			le32toh(ud->dest_qp) == 0x123456 && le32toh(ud->qkey) == 0x80010000 &&
			!ud->rsvd;
		good &= n & 2 ? !memcmp(ud + 1, payload, 5) && le32toh(wqe->length) == 18 :
				sges_are(ud + 1, 3);
	}
	check(good, "entries: datagrams");
	qp_free(qp);
}

/* What stays in the device: no data. */
static void test_windows(void)
{
	struct ibv_send_wr wr = {
		.wr_id = 9,
		.opcode = IBV_WR_LOCAL_INV,
		.invalidate_rkey = 0x01020304,
	};
	struct ibv_mr mr = { .lkey = 0xaabbccdd };
	struct ibv_mw mw = { .type = IBV_MW_TYPE_2, .rkey = 0x112233ff };
	struct ibv_mw_bind request = { .wr_id = 10, .send_flags = IBV_SEND_SIGNALED };
	struct ibv_send_wr *bad;
	uint8_t bytes[64];
	struct mo_wqe *wqe = (struct mo_wqe *)bytes;
	struct mo_wqe_bind *bind = (struct mo_wqe_bind *)(wqe + 1);
	struct mo_qp *qp;
	int good;

	context_init(true);
	qp = qp_make(false, small, 0x24);
	good = !post_both(qp, &wr, bytes, 16) && wqe->opcode == MO_WR_LOCAL_INV && !wqe->nsge &&
	       le32toh(wqe->imm) == 0x01020304;
	check(good, "windows: invalidation");

	wr.opcode = IBV_WR_BIND_MW;
	wr.bind_mw.mw = &mw;
	wr.bind_mw.rkey = 0x11223344;
	wr.bind_mw.bind_info = (struct ibv_mw_bind_info){
		.mr = &mr,
		.addr = 0x7f0000001000,
		.length = 5000,
		.mw_access_flags = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE |
				   IBV_ACCESS_LOCAL_WRITE,
	};
	good = !post_both(qp, &wr, bytes, 48) && wqe->opcode == MO_WR_BIND;
	good &= !wqe->nsge && !wqe->imm;
	good &= le64toh(bind->iova) == 0x7f0000001000 && le64toh(bind->length) == 5000;
	good &= le32toh(bind->region) == 0xaabbccdd && le32toh(bind->key) == 0x11223344;
	good &= bind->access == (MO_ACCESS_REMOTE_READ | MO_ACCESS_REMOTE_WRITE);
	good &= bind->flags == MO_BINDF_QP;
	good &= !memcmp(bind->rsvd, "\0\0\0\0\0\0", 6);
	check(good, "windows: type 2");

	mw.type = IBV_MW_TYPE_1;
	request.bind_info = wr.bind_mw.bind_info;
	good = !mo_bind_mw(&qp->vqp.qp, &mw, &request) && mw.rkey == 0x11223300;
	bind = (struct mo_wqe_bind *)(wqe_at(&qp->sq, qp->sq.tail - 1) + 1);
	good &= le32toh(bind->key) == 0x11223300 && !bind->flags;
	good &= qp->sq.wr_ids[(qp->sq.tail - 1) & 7] == 10;
	request.bind_info = (struct ibv_mw_bind_info){ .mr = &mr };
	good &= !mo_bind_mw(&qp->vqp.qp, &mw, &request) && mw.rkey == 0x11223301;
	bind = (struct mo_wqe_bind *)(wqe_at(&qp->sq, qp->sq.tail - 1) + 1);
	good &= !bind->length && !bind->region;
	check(good, "windows: type 1 takes the next key, and ends");

	good = 1;
	atomic_store(&qp->sq.head, qp->sq.tail);
	wr.num_sge = 1;
	wr.sg_list = sges;
	good &= mo_post_send(&qp->vqp.qp, &wr, &bad) == EINVAL;
	wr.num_sge = 0;
	wr.bind_mw.bind_info.mw_access_flags = IBV_ACCESS_ZERO_BASED;
	good &= mo_post_send(&qp->vqp.qp, &wr, &bad) == EINVAL;
	wr.bind_mw.bind_info = (struct ibv_mw_bind_info){ .length = 1 };
	good &= mo_post_send(&qp->vqp.qp, &wr, &bad) == EINVAL;
	request.bind_info = wr.bind_mw.bind_info;
	good &= mo_bind_mw(&qp->vqp.qp, &mw, &request) == EINVAL && mw.rkey == 0x11223301;
	check(good, "windows: with data, based at zero, of nothing");
	qp_free(qp);
}

static void test_receives(void)
{
	struct ibv_recv_wr wrs[8], *bad = NULL;
	struct mo_qp *qp;
	int i, good = 1;

	context_init(true);
	qp = qp_make(false, small, 0x10);
	wq_at(&qp->rq, NEAR_WRAP);
	for (i = 0; i < 8; i++)
		wrs[i] = (struct ibv_recv_wr){
			.wr_id = 1000 + i,
			.sg_list = sges,
			.num_sge = i & 3,
			.next = i < 7 ? &wrs[i + 1] : NULL,
		};
	check(!mo_post_recv(&qp->vqp.qp, wrs, &bad) && !bad && qp->rq.tail == 0,
	      "receives: a full ring, over the wrap");
	check(rung(MO_DB_RQ) == 0x11 && le32toh(qp->rq.rec->tail) == 0,
	      "receives: one doorbell for the list");
	for (i = 0; i < 8; i++) {
		struct mo_wqe *wqe = wqe_at(&qp->rq, NEAR_WRAP + i);

		good &= wqe->opcode == MO_WR_NOP && !wqe->flags && wqe->nsge == (i & 3) &&
			!wqe->rsvd && !wqe->length && !wqe->imm && !wqe->rsvd1 &&
			sges_are(wqe + 1, i & 3);
		good &= qp->rq.wr_ids[(NEAR_WRAP + i) & 7] == 1000U + i;
	}
	check(good, "receives: entries");
	check(mo_post_recv(&qp->vqp.qp, wrs, &bad) == ENOMEM && bad == wrs,
	      "receives: full is ENOMEM");
	atomic_store(&qp->rq.head, NEAR_WRAP + 3);
	wrs[2].num_sge = 4;
	check(mo_post_recv(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[2] && qp->rq.tail == 2,
	      "receives: too many SGEs is EINVAL, those before are posted");
	qp->vqp.qp.state = IBV_QPS_RESET;
	check(mo_post_recv(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == wrs,
	      "receives: not in RESET");
	qp->vqp.qp.state = IBV_QPS_INIT;
	wrs[0].next = NULL;
	check(!mo_post_recv(&qp->vqp.qp, wrs, &bad), "receives: in INIT");
	qp_free(qp);
}

static void test_refused(void)
{
	struct ibv_send_wr wrs[3], *bad = NULL;
	struct ibv_sge inline_sge = { .addr = (uintptr_t)payload };
	struct mo_qp *qp, *datagram;
	int i, good;

	context_init(true);
	qp = qp_make(false, small, 0x20);
	datagram = qp_make(true, small, 0x22);
	for (i = 0; i < 3; i++)
		wrs[i] = (struct ibv_send_wr){
			.opcode = IBV_WR_SEND,
			.sg_list = sges,
			.num_sge = 1,
			.next = i < 2 ? &wrs[i + 1] : NULL,
		};
	good = 1;
	for (i = IBV_QPS_RESET; i <= IBV_QPS_ERR; i++) {
		qp->vqp.qp.state = i;
		qp->sq.tail = 0;
		good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == (i < IBV_QPS_RTS ? EINVAL : 0);
		good &= qp->sq.tail == (i < IBV_QPS_RTS ? 0 : 3);
		good &= i < IBV_QPS_RTS ? bad == wrs : 1;
	}
	qp->vqp.qp.state = IBV_QPS_RTS;
	check(good, "refused: sends before RTS");

	qp->sq.tail = 6;
	check(mo_post_send(&qp->vqp.qp, wrs, &bad) == ENOMEM && bad == &wrs[2] &&
	      qp->sq.tail == 8 && le32toh(qp->sq.rec->tail) == 8,
	      "refused: the one that does not fit, ENOMEM");
	atomic_store(&qp->sq.head, 8);

	good = 1;
	wrs[1].num_sge = qp->cap.max_send_sge + 1;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1] &&
		qp->sq.tail == 9;
	wrs[1].num_sge = -1;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1];
	wrs[1].num_sge = 1;
	inline_sge.length = qp->cap.max_inline_data + 1;
	wrs[1].sg_list = &inline_sge;
	wrs[1].send_flags = IBV_SEND_INLINE;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1];
	inline_sge.length = 0xffffffff;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1];
	inline_sge.length = 8;
	atomic_store(&qp->sq.head, qp->sq.tail);
	wrs[1].opcode = IBV_WR_RDMA_READ;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1];
	wrs[1].opcode = IBV_WR_ATOMIC_FETCH_AND_ADD;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1];
	wrs[1].send_flags = 0;
	wrs[1].num_sge = 2;
	wrs[1].sg_list = sges;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1];
	wrs[1].opcode = IBV_WR_TSO;
	good &= mo_post_send(&qp->vqp.qp, wrs, &bad) == EINVAL && bad == &wrs[1];
	check(good, "refused: SGEs, inline data, operations that there are not");

	good = 1;
	for (i = IBV_WR_RDMA_WRITE; i <= IBV_WR_DRIVER1; i++) {
		wrs[2].opcode = i;
		wrs[2].wr.ud.ah = &ah.ibv_ah;
		good &= mo_post_send(&datagram->vqp.qp, &wrs[2], &bad) ==
			(i == IBV_WR_SEND || i == IBV_WR_SEND_WITH_IMM ? 0 : EINVAL);
	}
	wrs[2].opcode = IBV_WR_SEND;
	wrs[2].wr.ud.ah = NULL;
	good &= mo_post_send(&datagram->vqp.qp, &wrs[2], &bad) == EINVAL;
	check(good, "refused: all but sends of datagrams, and those without an address");
	check(mo_wr_ops(datagram, IBV_QP_EX_WITH_RDMA_READ) == EOPNOTSUPP &&
	      mo_wr_ops(qp, IBV_QP_EX_WITH_TSO) == EOPNOTSUPP,
	      "refused: ibv_wr_* of operations that there are not");
	qp_free(qp);
	qp_free(datagram);
}

static void test_batches(void)
{
	struct ibv_qp_ex *ex;
	struct mo_qp *qp;
	int i, good;

	context_init(false);
	qp = qp_make(false, small, 0x30);
	ex = &qp->vqp.qp_ex;
	wq_at(&qp->sq, NEAR_WRAP);
	ex->wr_flags = 0;
	for (i = 0, good = 1; i < 3; i++) {
		ex->wr_start(ex);
		ex->wr_send(ex);
		ex->wr_set_sge(ex, 1, 2, 3);
		ex->wr_send(ex);
		if (i == 0) {
			good &= !rung(MO_DB_SQ);
			ex->wr_abort(ex);
		} else if (i == 1) { /* too many SGEs, then a good one */
			ex->wr_set_sge_list(ex, qp->cap.max_send_sge + 1, sges);
			ex->wr_send(ex);
			ex->wr_set_sge(ex, 1, 2, 3);
			good &= ex->wr_complete(ex) == EINVAL;
		} else {
			while (qp->wr_tail - NEAR_WRAP < qp->sq.entries)
				ex->wr_send(ex);
			ex->wr_send(ex);
			ex->wr_set_inline_data(ex, payload, 8);
			good &= ex->wr_complete(ex) == ENOMEM;
		}
		good &= qp->sq.tail == NEAR_WRAP && !rung(MO_DB_SQ) && !qp->sq.rec->tail;
	}
	check(good, "batches: aborted or with an error, nothing is posted");
	ex->wr_start(ex);
	check(!ex->wr_complete(ex) && !rung(MO_DB_SQ), "batches: an empty one");
	ex->wr_start(ex);
	ex->wr_rdma_read(ex, 1, 2);
	ex->wr_set_inline_data(ex, payload, 8);
	good = ex->wr_complete(ex) == EINVAL;
	ex->wr_start(ex);
	ex->wr_rdma_write(ex, 1, 2);
	ex->wr_set_inline_data(ex, payload, qp->cap.max_inline_data + 1);
	good &= ex->wr_complete(ex) == EINVAL;
	qp->vqp.qp.state = IBV_QPS_INIT;
	ex->wr_start(ex);
	ex->wr_send(ex);
	good &= ex->wr_complete(ex) == EINVAL;
	qp->vqp.qp.state = IBV_QPS_RTS;
	check(good, "batches: inline READ, too much inline, not in RTS");
	ex->wr_start(ex);
	for (i = 0; i < 8; i++)
		ex->wr_send(ex);
	check(!ex->wr_complete(ex) && qp->sq.tail == 0 && rung(MO_DB_SQ) == 0x30,
	      "batches: a full ring, one doorbell");
	qp_free(qp);
}

void test_posting(void)
{
	data_init();
	test_entries();
	test_windows();
	test_receives();
	test_refused();
	test_batches();
}
