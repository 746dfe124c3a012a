/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * RoCEv2 transport: memory keys, queue pairs, work queue entries, completions.
 *
 * The device does the whole transport. The host posts work queue entries
 * (WQEs) into rings in its memory and finds completions (CQEs) in others; the
 * doorbell mechanism is that of db.h. Standard terms and rules: InfiniBand
 * Architecture Specification volume 1, chapters 9 to 11, and annexes A16, A17.
 *
 * What a user process writes (rings, doorbell records, doorbells) is never
 * trusted: an invalid entry puts its own QP into the error state, nothing
 * else. What comes by admin command is the kernel's and is only bounded.
 */
#ifndef MO_HW_RDMA_H
#define MO_HW_RDMA_H

#include "types.h"

#define MO_RDMA_MAX_SGE		32	/* of a send or receive entry */
#define MO_RDMA_MAX_SGE_RD	16	/* of an RDMA READ */
#define MO_RDMA_MAX_INLINE	512	/* bytes */
#define MO_RDMA_MAX_MSG		0x80000000U	/* bytes of a message, IBA 9.7.1 */
#define MO_RDMA_MAX_RD_ATOMIC	128	/* READs and atomics in flight of a QP, each way */
#define MO_RDMA_MAX_GID		128
#define MO_RDMA_MAX_FAST_REG	1024	/* pages of a fast-register key */
#define MO_RDMA_WQ_MIN_LOG	0	/* log2 of the entries of a work queue */
#define MO_RDMA_WQ_MAX_LOG	15
#define MO_RDMA_CQ_MAX_LOG	17
#define MO_RDMA_STRIDE_MIN_LOG	6	/* log2 of the bytes of a WQE */
#define MO_RDMA_STRIDE_MAX_LOG	10
#define MO_RDMA_UDP_PORT	4791	/* RoCEv2, IBA annex A17 */
#define MO_RDMA_OVERHEAD	84	/* of a packet: IPv6, UDP, BTH, RETH, immediate, ICRC */
#define MO_RDMA_PKEY		0xffff	/* the one P_Key, full member */
#define MO_RDMA_GRH_BYTES	40	/* in front of a received datagram; IPv4: header in the last 20 */

/* ------------------------------------------------------------ memory keys */

/* Rights of a key or a QP; the values are those of enum ib_access_flags. */
#define MO_ACCESS_LOCAL_WRITE	MO_BIT(0)
#define MO_ACCESS_REMOTE_WRITE	MO_BIT(1)
#define MO_ACCESS_REMOTE_READ	MO_BIT(2)
#define MO_ACCESS_REMOTE_ATOMIC	MO_BIT(3)
#define MO_ACCESS_MW_BIND	MO_BIT(4)	/* of a USER key: windows may be bound to it */
#define MO_ACCESS_ALL		MO_MASK(4, 0)

/*
 * A key (both L_Key and R_Key) is an index in the device's table and a
 * variant. The device chooses both when it creates the key, with another
 * variant each time an index is used again; a fast-register key gets its
 * variant from each MO_WR_REG_MR.
 */
#define MO_KEY_INDEX		MO_MASK(31, 8)
#define MO_KEY_VARIANT		MO_MASK(7, 0)

/* Kinds of key: X(NAME, value, text). */
#define MO_MR_KINDS(X) \
	X(DMA, 0, "all memory; addresses are bus addresses, no pages; for the kernel's QPs only") \
	X(USER, 1, "pages given by MR_CREATE and MR_PAGES; valid once all are there") \
	X(FAST, 2, "room for pages; invalid until MO_WR_REG_MR") \
	X(WINDOW, 3, "an R_Key for a part of a USER key's region; invalid until MO_WR_BIND")

enum mo_mr_kind {
#define X(name, value, text) MO_MR_##name = (value),
	MO_MR_KINDS(X)
#undef X
};

/**
 * struct mo_cmd_mr - body of MR_CREATE; result: struct mo_res_key
 * @list: bus address of @count bus addresses (__le64) of pages; 0 if @count is 0
 * @iova: first address of the region, as SGEs and RETHs name it
 * @length: bytes of the region
 * @pd: protection domain, a number of 24 bits that the host chooses
 * @pages: USER: pages of the region; FAST: room for so many
 * @count: pages in @list, the first ones of the region
 * @kind: enum mo_mr_kind
 * @access: MO_ACCESS_*
 * @page_shift: log2 of the bytes of a page, 12..31; the place of @iova in the
 *              first page is @iova modulo the page
 * @rsvd: zero
 *
 * The device copies the list. It holds @iova, @length and @access of a FAST
 * key for nothing. Of a WINDOW all but @pd and @kind is zero.
 */
struct mo_cmd_mr {
	__le64 list;
	__le64 iova;
	__le64 length;
	__le32 pd;
	__le32 pages;
	__le32 count;
	__u8 kind;
	__u8 access;
	__u8 page_shift;
	__u8 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_mr, 40);

/**
 * struct mo_cmd_mr_pages - body of MR_PAGES: more pages of a USER key
 * @list: bus address of @count bus addresses (__le64) of pages
 * @key: as MR_CREATE returned it
 * @offset: number of the first of them in the region; what is there already
 *          may not be given again
 * @count: at most MO_MR_LIST_MAX
 * @rsvd: zero
 */
struct mo_cmd_mr_pages {
	__le64 list;
	__le32 key;
	__le32 offset;
	__le32 count;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_mr_pages, 24);

#define MO_MR_LIST_MAX		8192	/* pages that a command carries */

/**
 * struct mo_res_key - result of MR_CREATE
 * @key: L_Key and R_Key
 */
struct mo_res_key {
	__le32 key;
};

/**
 * struct mo_cmd_key - body of MR_DESTROY
 * @key: any variant
 * @rsvd: zero
 *
 * When it completes, no access through the key is in flight or comes later,
 * neither of the host's own WQEs nor of the peers'.
 */
struct mo_cmd_key {
	__le32 key;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_key, 8);

/**
 * struct mo_cmd_mr_modify - body of MR_MODIFY
 * @key: USER key, as MR_CREATE returned it; it stays
 * @pd: its new protection domain, with MO_MRM_PD; else zero
 * @mask: MO_MRM_*
 * @access: its new rights, with MO_MRM_ACCESS; else zero
 * @rsvd: zero
 *
 * When it completes, no access by the former rights or domain is in flight or
 * comes later. MO_ST_IN_USE: a window is bound to it.
 */
struct mo_cmd_mr_modify {
	__le32 key;
	__le32 pd;
	__u8 mask;
	__u8 access;
	__u8 rsvd[6];
};

MO_ASSERT_SIZE(mo_cmd_mr_modify, 16);

#define MO_MRM_ACCESS		MO_BIT(0)
#define MO_MRM_PD		MO_BIT(1)

/* ------------------------------------------------------------ addresses */

/* The network protocol of a GID follows from it: v4-mapped is IPv4. */

/**
 * struct mo_cmd_gid - body of GID_SET: an entry of the port's address table
 * @gid: source address; network byte order
 * @smac: source MAC address
 * @vlan_tci: VLAN of its frames, valid with MO_GIDF_VLAN; their priority is
 *            the service level, MO_AV_SL
 * @index: below MO_RDMA_MAX_GID
 * @flags: MO_GIDF_*
 * @rsvd: zero
 *
 * RoCE frames are the transport's if their destination address is one of the
 * valid entries (with the same tag), or a group that a QP is attached to; all
 * others are left to the ethernet datapath.
 */
struct mo_cmd_gid {
	__u8 gid[16];
	__u8 smac[6];
	__le16 vlan_tci;
	__le16 index;
	__le16 flags;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_gid, 32);

#define MO_GIDF_VALID		MO_BIT(0)	/* 0: the entry becomes empty */
#define MO_GIDF_VLAN		MO_BIT(1)

/**
 * struct mo_cmd_mcast - body of MCAST_ATTACH and MCAST_DETACH
 * @gid: group
 * @qp: object number of a UD QP
 * @rsvd: zero
 */
struct mo_cmd_mcast {
	__u8 gid[16];
	__le32 qp;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_mcast, 24);

/**
 * struct mo_av - address vector: where a packet goes
 * @dgid: destination; network byte order
 * @dmac: MAC address of the next hop
 * @udp_sport: UDP source port, 0xc000..0xffff; 0 = the device chooses
 * @flow: MO_AV_*: IPv6 flow label and service level
 * @sgid_index: entry of the address table that it comes from
 * @traffic_class: DSCP and ECN
 * @hop_limit: time to live; 0 counts as 64
 */
struct mo_av {
	__u8 dgid[16];
	__u8 dmac[6];
	__le16 udp_sport;
	__le32 flow;
	__le16 sgid_index;
	__u8 traffic_class;
	__u8 hop_limit;
};

MO_ASSERT_SIZE(mo_av, 32);

/*
 * mo_av.flow. The low three bits of the service level are the priority in the
 * VLAN tag (IBA A16.4); a packet whose entry of the address table has no VLAN
 * has no tag, and then it says nothing.
 */
#define MO_AV_FLOW_LABEL	MO_MASK(19, 0)
#define MO_AV_SL		MO_MASK(31, 28)
#define MO_AV_SL_SHIFT		28

/* ------------------------------------------------------------ queue pairs */

/* Transport of a QP: X(NAME, value, text). 3 UC, 4 XRC and 5 RAW are reserved. */
#define MO_QP_TYPES(X) \
	X(RC, 0, "reliable connection") \
	X(UD, 1, "unreliable datagram") \
	X(GSI, 2, "unreliable datagram, QP 1 of the port on the wire")

enum mo_qp_type {
#define X(name, value, text) MO_QPT_##name = (value),
	MO_QP_TYPES(X)
#undef X
};

/* States of a QP; the values are those of enum ib_qp_state: X(NAME, value, text). */
#define MO_QP_STATES(X) \
	X(RESET, 0, "created; queues empty, nothing may be posted") \
	X(INIT, 1, "receives may be posted") \
	X(RTR, 2, "receives from the peer") \
	X(RTS, 3, "sends and receives") \
	X(SQD, 4, "finishes what it has begun to send, begins nothing") \
	X(SQE, 5, "UD: a send failed; receives go on, sends are flushed") \
	X(ERR, 6, "everything posted is flushed")

enum mo_qp_state {
#define X(name, value, text) MO_QPS_##name = (value),
	MO_QP_STATES(X)
#undef X
};

/**
 * struct mo_cmd_qp - body of QP_CREATE; result: struct mo_res_qp
 * @list: bus address of the pages of the rings: the address of the page itself
 *        if @count is 1, else of @count bus addresses (__le64)
 * @rec: bus address of two struct mo_db_rec: send, then receive queue
 * @pd: protection domain
 * @send_cq: completion queue of 64-byte entries
 * @recv_cq: the same; may be the same queue
 * @db_page: doorbell page that may ring it
 * @count: pages of the rings
 * @type: enum mo_qp_type
 * @sq_log: log2 of the entries of the send queue
 * @sq_stride_log: log2 of the bytes of one, MO_RDMA_STRIDE_*
 * @rq_log: log2 of the entries of the receive queue
 * @rq_stride_log: log2 of the bytes of one
 * @page_shift: log2 of the bytes of a page, 12..31
 * @flags: MO_QPF_*
 * @rsvd: zero; a shared receive queue's place
 *
 * The rings lie one behind the other: the send queue, then, at the next
 * multiple of 4096 bytes, the receive queue. The device copies the list.
 */
struct mo_cmd_qp {
	__le64 list;
	__le64 rec;
	__le32 pd;
	__le32 send_cq;
	__le32 recv_cq;
	__le32 db_page;
	__le32 count;
	__u8 type;
	__u8 sq_log;
	__u8 sq_stride_log;
	__u8 rq_log;
	__u8 rq_stride_log;
	__u8 page_shift;
	__le16 flags;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_qp, 48);

#define MO_QPF_KERNEL		MO_BIT(0)	/* may use DMA keys and MO_WR_REG_MR */
#define MO_QPF_NO_RQ		MO_BIT(1)	/* there is no receive queue; rq_* are zero */

/**
 * struct mo_res_qp - result of QP_CREATE
 * @qp: object number of the QP: its number on the wire (GSI: 1 on the wire),
 *      and the object of its send queue's doorbell
 * @rq: object of the receive queue's doorbell
 */
struct mo_res_qp {
	__le32 qp;
	__le32 rq;
};

/* Attributes of QP_MODIFY, bits of mo_qp_attr.mask: X(NAME, bit, text). */
#define MO_QP_ATTRS(X) \
	X(STATE, 0, "state") \
	X(ACCESS, 1, "access") \
	X(PKEY, 2, "pkey_index") \
	X(QKEY, 3, "qkey") \
	X(AV, 4, "av") \
	X(MTU, 5, "path_mtu") \
	X(TIMEOUT, 6, "timeout") \
	X(RETRY, 7, "retry_cnt") \
	X(RNR_RETRY, 8, "rnr_retry") \
	X(RQ_PSN, 9, "rq_psn") \
	X(SQ_PSN, 10, "sq_psn") \
	X(RD_ATOMIC, 11, "max_rd_atomic") \
	X(DEST_RD_ATOMIC, 12, "max_dest_rd_atomic") \
	X(MIN_RNR, 13, "min_rnr_timer") \
	X(DEST_QP, 14, "dest_qp") \
	X(SQD_NOTIFY, 15, "raise MO_EVENT_SQ_DRAINED when the send queue has drained") \
	X(ECE, 16, "ece")

enum mo_qp_attr_bit {
#define X(name, bit, text) MO_QPA_##name = MO_BIT(bit),
	MO_QP_ATTRS(X)
#undef X
};

/**
 * struct mo_qp_attr - attributes of a QP, for QP_MODIFY and from QP_QUERY
 * @mask: MO_QPA_*: what is to change; QP_QUERY sets all
 * @state: enum mo_qp_state
 * @type: enum mo_qp_type; QP_QUERY only
 * @path_mtu: bytes of payload of a packet: 256, 512, 1024, 2048 or 4096; with
 *	MO_RDMA_OVERHEAD no more than the port's MTU (MO_CMD_OFFLOAD)
 * @access: MO_ACCESS_* that the peer may ask for
 * @timeout: of an ACK: 4.096 us * 2^timeout; 0 = never
 * @retry_cnt: repetitions after timeouts and sequence errors, 0..7
 * @rnr_retry: repetitions after RNR NAKs, 0..7; 7 = for ever
 * @min_rnr_timer: time that RNR NAKs ask the peer to wait, 0..31, IBA table 45
 * @max_rd_atomic: READs and atomics in flight as requester
 * @max_dest_rd_atomic: the same as responder
 * @pkey_index: 0
 * @sq_drained: QP_QUERY: nothing of the send queue is under way
 * @dest_qp: peer's QP number, 24 bits
 * @qkey: Q_Key
 * @rq_psn: next packet sequence number that is expected, 24 bits
 * @sq_psn: next packet sequence number to be sent, 24 bits
 * @sq_tail: QP_QUERY: send queue's producer index that the device has seen
 * @sq_head: QP_QUERY: send queue's consumer index
 * @rq_head: QP_QUERY: receive queue's consumer index
 * @error: QP_QUERY: enum mo_qp_error
 * @ece: options that both ends agreed on while they connected (IBA A19),
 *       MO_ECE_*. The device takes those that it knows and leaves the others
 *       out; QP_QUERY says which are in use
 * @av: path to the peer
 * @rsvd: zero
 */
struct mo_qp_attr {
	__le32 mask;
	__u8 state;
	__u8 type;
	__le16 path_mtu;
	__u8 access;
	__u8 timeout;
	__u8 retry_cnt;
	__u8 rnr_retry;
	__u8 min_rnr_timer;
	__u8 max_rd_atomic;
	__u8 max_dest_rd_atomic;
	__u8 pkey_index;
	__u8 sq_drained;
	__u8 rsvd0[3];
	__le32 dest_qp;
	__le32 qkey;
	__le32 rq_psn;
	__le32 sq_psn;
	__le32 sq_tail;
	__le32 sq_head;
	__le32 rq_head;
	__le32 error;
	__le32 ece;
	struct mo_av av;
	__u8 rsvd[40];
};

MO_ASSERT_SIZE(mo_qp_attr, 128);

#define MO_ECE_ALL		0U	/* no option is defined yet */

/**
 * struct mo_cmd_qp_attr - body of QP_MODIFY and QP_QUERY
 * @addr: bus address of a struct mo_qp_attr, 8 bytes aligned
 * @qp: object number
 * @rsvd: zero
 *
 * QP_MODIFY changes all or nothing; MO_ST_BAD_STATE: no such transition, or an
 * attribute is missing or not allowed in it (IBA 10.3.1 and 11.2.5.2). To
 * RESET: queues are empty afterwards, indexes 0. QP_DESTROY and the way to
 * RESET complete when no DMA of the QP is in flight.
 */
struct mo_cmd_qp_attr {
	__le64 addr;
	__le32 qp;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_qp_attr, 16);

/* Why a QP went into the error state: X(NAME, value, text). Append only. */
#define MO_QP_ERRORS(X) \
	X(NONE, 0, "no error") \
	X(MODIFIED, 1, "the host asked for it") \
	X(TAIL, 2, "tail is further ahead than the ring is long") \
	X(WQE, 3, "a work queue entry is malformed") \
	X(DMA, 4, "DMA of a ring or doorbell record failed") \
	X(CQ, 5, "its completion queue failed") \
	X(LOCAL, 6, "a local access was refused: key, range, rights or length") \
	X(REMOTE, 7, "the peer refused a request") \
	X(RETRY, 8, "the peer did not answer") \
	X(RNR, 9, "the peer had no receive posted") \
	X(INVALID, 10, "the peer sent an invalid request") \
	X(ACCESS, 11, "the peer asked for memory that it may not access") \
	X(RESPONSE, 12, "the peer sent an impossible response") \
	X(DOORBELL_PAGE, 13, "doorbell came through another context's page")

enum mo_qp_error {
#define X(name, value, text) MO_QPE_##name = (value),
	MO_QP_ERRORS(X)
#undef X
};

/* ----------------------------------------------------- work queue entries */

/*
 * A WQE begins with struct mo_wqe, the body of its opcode follows, then the
 * data: inline bytes, or @nsge struct mo_sge. Work queues have a stride; index
 * i of a queue lies at (i modulo entries) * stride.
 *
 * Send opcodes: X(NAME, value, bytes of the body, text). UD sends have
 * struct mo_wqe_ud as body. Append only; 0x11 flush and 0x12 atomic write are
 * reserved.
 */
#define MO_WRS(X) \
	X(NOP, 0x00, 0, "completes in its turn") \
	X(SEND, 0x01, 0, "SEND") \
	X(SEND_IMM, 0x02, 0, "SEND with immediate") \
	X(SEND_INV, 0x03, 0, "SEND with invalidate") \
	X(WRITE, 0x04, 16, "RDMA WRITE") \
	X(WRITE_IMM, 0x05, 16, "RDMA WRITE with immediate") \
	X(READ, 0x06, 16, "RDMA READ") \
	X(CMP_SWAP, 0x07, 32, "compare and swap of 8 bytes") \
	X(FETCH_ADD, 0x08, 32, "fetch and add of 8 bytes") \
	X(LOCAL_INV, 0x09, 0, "invalidate the fast-register key or window in @imm") \
	X(REG_MR, 0x0a, 48, "register pages with a fast-register key") \
	X(BIND, 0x10, 32, "bind a window, or end its binding")

enum mo_wr {
#define X(name, value, body, text) MO_WR_##name = (value),
	MO_WRS(X)
#undef X
};

/* mo_wqe.flags */
#define MO_WQEF_SIGNALED	MO_BIT(0)	/* write a CQE on success */
#define MO_WQEF_SOLICITED	MO_BIT(1)	/* the peer's completion is solicited */
#define MO_WQEF_FENCE		MO_BIT(2)	/* not before earlier READs and atomics are done */
#define MO_WQEF_INLINE		MO_BIT(3)	/* @length bytes of data follow the body */
#define MO_WQEF_ALL		MO_MASK(3, 0)

/**
 * struct mo_wqe - start of an entry of a send or receive queue
 * @opcode: MO_WR_*; receive: MO_WR_NOP
 * @flags: MO_WQEF_*; receive: zero
 * @nsge: SGEs; zero with MO_WQEF_INLINE
 * @rsvd: zero
 * @length: inline: bytes of data; else zero
 * @imm: immediate data as it goes on the wire (network byte order), or the key
 *       to invalidate (little endian)
 * @rsvd1: zero
 */
struct mo_wqe {
	__u8 opcode;
	__u8 flags;
	__u8 nsge;
	__u8 rsvd;
	__le32 length;
	__le32 imm;
	__le32 rsvd1;
};

MO_ASSERT_SIZE(mo_wqe, 16);

/**
 * struct mo_sge - piece of local memory
 * @addr: address in the region of the key
 * @length: bytes; 0 is no data
 * @lkey: key
 */
struct mo_sge {
	__le64 addr;
	__le32 length;
	__le32 lkey;
};

MO_ASSERT_SIZE(mo_sge, 16);

/**
 * struct mo_wqe_rdma - body of WRITE and READ
 * @remote_addr: address in the peer's region
 * @rkey: key of it
 * @rsvd: zero
 */
struct mo_wqe_rdma {
	__le64 remote_addr;
	__le32 rkey;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_wqe_rdma, 16);

/**
 * struct mo_wqe_atomic - body of CMP_SWAP and FETCH_ADD
 * @remote_addr: multiple of 8
 * @swap_add: value to store or to add; native numbers of the host, little endian
 * @compare: value to compare with
 * @rkey: key
 * @rsvd: zero
 *
 * Exactly one SGE of 8 bytes gets the former value.
 */
struct mo_wqe_atomic {
	__le64 remote_addr;
	__le64 swap_add;
	__le64 compare;
	__le32 rkey;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_wqe_atomic, 32);

/**
 * struct mo_wqe_ud - body of sends of UD and GSI QPs
 * @av: destination
 * @dest_qp: 24 bits
 * @qkey: Q_Key; with the top bit set the QP's own is sent, IBA 10.2.5
 * @rsvd: zero
 */
struct mo_wqe_ud {
	struct mo_av av;
	__le32 dest_qp;
	__le32 qkey;
	__le64 rsvd;
};

MO_ASSERT_SIZE(mo_wqe_ud, 48);

/**
 * struct mo_wqe_reg - body of REG_MR
 * @list: bus address of @count bus addresses (__le64) of pages
 * @iova: first address of the region
 * @length: bytes of the region
 * @key: index of a FAST key of the QP's protection domain, with the new variant
 * @count: at most the key's room
 * @access: MO_ACCESS_*
 * @page_shift: as in struct mo_cmd_mr
 * @rsvd: zero
 *
 * For QPs with MO_QPF_KERNEL. The list is read when the entry is executed.
 */
struct mo_wqe_reg {
	__le64 list;
	__le64 iova;
	__le64 length;
	__le32 key;
	__le32 count;
	__u8 access;
	__u8 page_shift;
	__u8 rsvd[14];
};

MO_ASSERT_SIZE(mo_wqe_reg, 48);

/**
 * struct mo_wqe_bind - body of BIND
 * @iova: first address of the window, as RETHs name it: in the region's range
 * @length: bytes of the window; 0 ends the binding (not with MO_BINDF_QP)
 * @region: USER key of the QP's protection domain with MO_ACCESS_MW_BIND; zero
 *          if @length is zero
 * @key: index of a WINDOW key of that domain, with the new variant
 * @access: MO_ACCESS_REMOTE_*; writing and atomics need a region with
 *          MO_ACCESS_LOCAL_WRITE, whatever its remote rights are
 * @flags: MO_BINDF_*
 * @rsvd: zero
 *
 * Memory windows of type 1 and 2B, IBA 10.6.7. A window opens nothing any more
 * once the region's key is gone.
 */
struct mo_wqe_bind {
	__le64 iova;
	__le64 length;
	__le32 region;
	__le32 key;
	__u8 access;
	__u8 flags;
	__u8 rsvd[6];
};

MO_ASSERT_SIZE(mo_wqe_bind, 32);

/*
 * Type 2B: opens for this QP only, must be invalid before, becomes so by
 * LOCAL_INV of this QP, SEND_INV to it, or its end. Without: type 1, opens for
 * the domain and may be bound again at any time, but not be invalidated.
 */
#define MO_BINDF_QP		MO_BIT(0)

/* ------------------------------------------------------------ completions */

/* mo_rdma_cqe.opcode: MO_WR_* of a send, or of a receive: X(NAME, value, text). */
#define MO_RECVS(X) \
	X(SEND, 0x80, "SEND arrived, also with immediate or invalidate") \
	X(WRITE_IMM, 0x81, "RDMA WRITE with immediate arrived")

enum mo_recv {
#define X(name, value, text) MO_RECV_##name = (value),
	MO_RECVS(X)
#undef X
};

#define MO_CQE_RECV		MO_BIT(7)	/* of mo_rdma_cqe.opcode: of the receive queue */

/* mo_rdma_cqe.status; the values are those of enum ib_wc_status: X(NAME, value, text). */
#define MO_WCS(X) \
	X(SUCCESS, 0, "done") \
	X(LOC_LEN_ERR, 1, "local length error") \
	X(LOC_QP_OP_ERR, 2, "local QP operation error") \
	X(LOC_PROT_ERR, 4, "local protection error") \
	X(WR_FLUSH_ERR, 5, "flushed") \
	X(MW_BIND_ERR, 6, "memory management operation error") \
	X(BAD_RESP_ERR, 7, "bad response") \
	X(LOC_ACCESS_ERR, 8, "local access error") \
	X(REM_INV_REQ_ERR, 9, "remote invalid request") \
	X(REM_ACCESS_ERR, 10, "remote access error") \
	X(REM_OP_ERR, 11, "remote operation error") \
	X(RETRY_EXC_ERR, 12, "transport retry counter exceeded") \
	X(RNR_RETRY_EXC_ERR, 13, "RNR retry counter exceeded") \
	X(FATAL_ERR, 19, "fatal error") \
	X(GENERAL_ERR, 21, "general error")

enum mo_wc {
#define X(name, value, text) MO_WC_##name = (value),
	MO_WCS(X)
#undef X
};

/* mo_rdma_cqe.flags */
#define MO_CQEF_IMM		MO_BIT(0)	/* @imm is immediate data */
#define MO_CQEF_INV		MO_BIT(1)	/* @imm is the key that was invalidated */
#define MO_CQEF_GRH		MO_BIT(2)	/* GRH area is in the first 40 bytes */
#define MO_CQEF_IPV4		MO_BIT(3)	/* of it: IPv4 */
#define MO_CQEF_SMAC		MO_BIT(4)	/* @smac is valid */
#define MO_CQEF_VLAN		MO_BIT(5)	/* @vlan_tci is valid */
#define MO_CQEF_SOLICITED	MO_BIT(6)

/**
 * struct mo_rdma_cqe - completion of a work queue entry
 * @qp: object number of the QP
 * @index: index of the entry in its queue, absolute; a send completion also
 *         stands for all unsignaled entries before it
 * @length: bytes received, or read; with GRH for datagrams
 * @imm: see @flags; as in struct mo_wqe
 * @opcode: MO_WR_* or MO_RECV_*
 * @status: enum mo_wc
 * @flags: MO_CQEF_*
 * @src_qp: sender of a datagram
 * @vlan_tci: tag of a datagram
 * @smac: source MAC address of a datagram
 * @timestamp_ns: device time
 * @error: enum mo_qp_error, where @status is an error
 * @pkey_index: 0
 * @syndrome: AETH syndrome of the NAK that caused @status, or zero
 * @rsvd: zero
 * @phase: bit 0: phase, 1 in the first pass over the ring, then alternating
 *
 * @phase is written last. Errors complete signaled or not.
 */
struct mo_rdma_cqe {
	__le32 qp;
	__le32 index;
	__le32 length;
	__le32 imm;
	__u8 opcode;
	__u8 status;
	__le16 flags;
	__le32 src_qp;
	__le16 vlan_tci;
	__u8 smac[6];
	__le64 timestamp_ns;
	__le16 error;
	__le16 pkey_index;
	__u8 syndrome;
	__u8 rsvd[18];
	__u8 phase;
};

MO_ASSERT_SIZE(mo_rdma_cqe, 64);

/* ------------------------------------------------------- what the device can */

/**
 * struct mo_rdma_caps - what RDMA_CAPS (body mo_cmd_dma, len >= its size) writes
 * @max_qp: queue pairs
 * @max_cq: completion queues for RDMA
 * @max_mr: memory keys
 * @max_mcast: groups of the port, no fewer than attachments
 * @max_mcast_qp: attachments of all groups
 * @max_mr_pages: pages of a key
 * @max_wq_log: log2 of the longest work queue
 * @max_cq_log: log2 of the longest completion queue
 * @max_stride_log: log2 of the longest WQE
 * @max_rd_atomic: READs and atomics of a QP, each way
 * @max_gid: entries of the address table
 * @max_sge: SGEs of a WQE
 * @max_inline: inline bytes of a WQE
 * @max_fast_reg: pages of a FAST key
 * @rsvd: zero
 */
struct mo_rdma_caps {
	__le32 max_qp;
	__le32 max_cq;
	__le32 max_mr;
	__le32 max_mcast;
	__le32 max_mcast_qp;
	__le32 max_mr_pages;
	__u8 max_wq_log;
	__u8 max_cq_log;
	__u8 max_stride_log;
	__u8 max_rd_atomic;
	__le16 max_gid;
	__le16 max_sge;
	__le16 max_inline;
	__le16 max_fast_reg;
	__u8 rsvd[28];
};

MO_ASSERT_SIZE(mo_rdma_caps, 64);

/*
 * Counters of the transport of a port: X(name, text). They count since the
 * last function reset and never wrap. Append only.
 */
#define MO_RDMA_COUNTERS(X) \
	X(tx_packets, "RoCE packets sent") \
	X(tx_bytes, "bytes in them, from the BTH to the ICRC") \
	X(rx_packets, "RoCE packets received") \
	X(rx_bytes, "bytes in them, from the BTH to the ICRC") \
	X(tx_multicast, "packets sent to groups") \
	X(rx_multicast, "packets received for groups") \
	X(tx_write, "RDMA WRITE requests begun") \
	X(tx_read, "RDMA READ requests begun") \
	X(tx_send, "SEND requests begun") \
	X(tx_atomic, "atomic requests begun") \
	X(rx_write, "RDMA WRITE requests executed") \
	X(rx_read, "RDMA READ requests executed") \
	X(rx_send, "SEND requests executed") \
	X(rx_atomic, "atomic requests executed") \
	X(tx_ack, "ACKs sent") \
	X(rx_ack, "ACKs received") \
	X(tx_nak_seq, "NAKs sent for sequence errors") \
	X(rx_nak_seq, "NAKs received for sequence errors") \
	X(tx_nak_err, "other NAKs sent") \
	X(rx_nak_err, "other NAKs received") \
	X(tx_rnr_nak, "RNR NAKs sent") \
	X(rx_rnr_nak, "RNR NAKs received") \
	X(retransmits, "packets sent again") \
	X(retransmits_spurious, "of them though nothing had been lost") \
	X(timeouts, "ACK timeouts") \
	X(retry_exceeded, "QPs that gave up repeating") \
	X(rnr_exceeded, "QPs that gave up after RNR NAKs") \
	X(rx_duplicate, "duplicate requests received") \
	X(rx_out_of_sequence, "packets received ahead of what was expected") \
	X(rx_icrc_errors, "packets dropped for a wrong ICRC") \
	X(rx_malformed, "packets dropped for a malformed header or length") \
	X(rx_no_qp, "packets dropped for an unknown or unready QP") \
	X(rx_wrong_source, "packets dropped for another source than the QP's peer") \
	X(rx_pkey_errors, "packets dropped for the P_Key") \
	X(rx_qkey_errors, "datagrams dropped for the Q_Key") \
	X(rx_ud_no_buffer, "datagrams dropped because no receive was posted") \
	X(local_errors, "work queue entries completed with a local error") \
	X(rx_access_errors, "requests refused for keys, ranges or rights") \
	X(rx_ecn_marked, "packets received with congestion experienced") \
	X(rx_cnp, "congestion notification packets received") \
	X(tx_cnp, "congestion notification packets sent") \
	X(loopback_packets, "of the sent packets those to the own port") \
	X(flushed, "work queue entries flushed") \
	X(rx_mcast_overflow, "receptions of groups' datagrams dropped because too many waited")

/**
 * struct mo_rdma_stats - counters of the transport, written each period
 * @gen: raised before the block is written
 * @rsvd: zero
 * @time_ns: device time of the counters
 * @gen_end: equals @gen in a consistent copy; written last
 */
struct mo_rdma_stats {
	__le32 gen;
	__le32 rsvd;
	__le64 time_ns;
#define X(name, text) __le64 name;
	MO_RDMA_COUNTERS(X)
#undef X
	__le32 rsvd1;
	__le32 gen_end;
};

#define X(name, text) + 1
enum { MO_RDMA_COUNTER_COUNT = 0 MO_RDMA_COUNTERS(X) };
#undef X

MO_ASSERT_SIZE(mo_rdma_stats, 24 + 8 * MO_RDMA_COUNTER_COUNT);

#endif /* MO_HW_RDMA_H */
