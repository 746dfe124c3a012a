/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Event queues: one per interrupt vector. Queue entries say which object has
 * news; the news itself is in the object.
 *
 * No event is lost for want of room: the device owes it, and writes it once the
 * host has stored a consumer index that makes room (see db.h), in the order in
 * which events came about. It needs no doorbell for that, but looks at the arm
 * word only every few ten microseconds: a burst is delayed. An object owes one
 * event of a kind at most; what happens twice in the meantime is told once, as
 * it is then (lanes: all that changed). Events of an object that is destroyed,
 * or of a QP on its way to RESET, are not told any more. The last free entry is
 * kept for MO_EVENT_FATAL.
 */
#ifndef MO_HW_EVENT_H
#define MO_HW_EVENT_H

#include "types.h"

/* X(NAME, type, text). RDMA asynchronous events have 0x40..0x5f. Append only. */
#define MO_EVENTS(X) \
	X(COMP, 0x01, "completion queue @object has entries") \
	X(LINK, 0x10, "link of @port changed; see struct mo_link_state") \
	X(MGMT, 0x11, "management core: enum mo_mgmt_state in @code, enum mo_fw_error in @data") \
	X(MODULE, 0x12, "module of @port: plugged (@code 1), gone (0) or changed (2)") \
	X(THERMAL, 0x13, "temperature of @port: @code 0 normal, 1 warning, 2 alarm") \
	X(LANE, 0x14, "lane quality of @port changed; bit per lane in @data") \
	X(FLASH, 0x15, "job of the flash has ended: enum mo_mb_status in @code; see FLASH_JOB") \
	X(QUEUE_ERROR, 0x20, "transmit or receive queue @object stopped: enum mo_queue_error in @code") \
	X(CQ_ERROR, 0x21, "completion queue @object overran or could not be written") \
	X(DMA_FAULT, 0x22, "DMA to an address that is not mapped; @object is its queue or 0") \
	X(FATAL, 0x2f, "device stopped: enum mo_fatal in @code") \
	X(QP_ERROR, 0x40, "queue pair @object went into the error state: enum mo_qp_error in @code") \
	X(QP_ESTABLISHED, 0x41, "queue pair @object in RTR got the first packet of its peer") \
	X(SQ_DRAINED, 0x42, "send queue of @object in SQD has drained")

enum mo_event {
#define X(name, type, text) MO_EVENT_##name = (type),
	MO_EVENTS(X)
#undef X
};

/* Why a queue stopped, or a packet was refused: X(NAME, value, text). Append only. */
#define MO_QUEUE_ERRORS(X) \
	X(NONE, 0, "no error") \
	X(TAIL, 1, "tail is further ahead than the ring is long") \
	X(DESC, 2, "descriptor is malformed") \
	X(DMA, 3, "DMA of a descriptor or buffer failed") \
	X(CQ, 4, "its completion queue failed") \
	X(DOORBELL_PAGE, 5, "doorbell came through another context's page")

enum mo_queue_error {
#define X(name, value, text) MO_QERR_##name = (value),
	MO_QUEUE_ERRORS(X)
#undef X
};

/**
 * struct mo_eqe - event queue entry
 * @type: MO_EVENT_*
 * @port: port number
 * @code: see the type
 * @object: object number
 * @data: see the type
 * @plane: of the port
 * @rsvd: zero
 * @phase: bit 0: phase, 1 in the first pass over the ring, then alternating
 *
 * @phase is written last.
 */
struct mo_eqe {
	__u8 type;
	__u8 port;
	__le16 code;
	__le32 object;
	__le32 data;
	__u8 plane;
	__u8 rsvd[2];
	__u8 phase;
};

MO_ASSERT_SIZE(mo_eqe, 16);

#endif /* MO_HW_EVENT_H */
