/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Admin queue: commands of the host to the device.
 *
 * Two rings of 64-byte entries in host memory. The host writes commands,
 * stores the tail in the doorbell record and rings; the device executes them
 * in any order and writes completions, each with the phase bit last, then
 * raises the vector. The host may have as many commands in flight as the ring
 * has entries, less one. Reserved fields are zero; the device refuses others.
 */
#ifndef MO_HW_CMD_H
#define MO_HW_CMD_H

#include "eth.h"
#include "event.h"
#include "link.h"
#include "mbox.h"
#include "rdma.h"
#include "stats.h"
#include "status.h"

/* Commands: X(NAME, opcode, text). 0x0200..0x02ff: RDMA, bodies in rdma.h. */
#define MO_COMMANDS(X) \
	X(NOP, 0x0001, "does nothing; echoes its body") \
	X(IDENTIFY, 0x0002, "limits and addresses of the device") \
	X(AREA_SET, 0x0003, "host memory for link state, health or counters") \
	X(AREA_SYNC, 0x0004, "write an area now; completes after the write") \
	X(FW_LOAD, 0x0005, "copy a piece of an image to the management core's stage") \
	X(FW_START, 0x0006, "reset the management core and boot it") \
	X(MGMT, 0x0007, "message to the management firmware, and its answer") \
	X(EQ_CREATE, 0x0010, "event queue") \
	X(EQ_DESTROY, 0x0011, "end of an event queue") \
	X(EQ_MODIFY, 0x0012, "interrupt moderation of an event queue") \
	X(CQ_CREATE, 0x0018, "completion queue") \
	X(CQ_DESTROY, 0x0019, "end of a completion queue") \
	X(CQ_MODIFY, 0x001a, "event moderation of a completion queue") \
	X(TXQ_CREATE, 0x0100, "transmit queue") \
	X(TXQ_DESTROY, 0x0101, "end of a transmit queue; afterwards no DMA of it is in flight") \
	X(RXQ_CREATE, 0x0108, "receive queue") \
	X(RXQ_DESTROY, 0x0109, "end of a receive queue; afterwards no DMA of it is in flight") \
	X(RXQ_MAP, 0x010a, "queue that an index of steering leads to") \
	X(QUEUE_QUERY, 0x010f, "indexes and error of a transmit or receive queue") \
	X(PORT_RX, 0x0110, "let received frames in, or stop them") \
	X(RX_MODE, 0x0111, "address filter") \
	X(VLAN_FILTER, 0x0112, "VLANs that are let in") \
	X(OFFLOAD, 0x0113, "receive offloads and MTU") \
	X(RSS_SET, 0x0114, "hash key, fields and table") \
	X(RDMA_CAPS, 0x0200, "limits of the RDMA transport") \
	X(GID_SET, 0x0201, "entry of the RoCE address table") \
	X(MCAST_ATTACH, 0x0202, "a UD QP receives what is sent to a group") \
	X(MCAST_DETACH, 0x0203, "no longer") \
	X(MR_CREATE, 0x0208, "memory key") \
	X(MR_PAGES, 0x0209, "more pages of a memory key") \
	X(MR_DESTROY, 0x020a, "end of a memory key; afterwards no access through it is in flight") \
	X(MR_MODIFY, 0x020b, "rights or protection domain of a memory key") \
	X(QP_CREATE, 0x0210, "queue pair") \
	X(QP_MODIFY, 0x0211, "state and attributes of a queue pair") \
	X(QP_QUERY, 0x0212, "what they are") \
	X(QP_DESTROY, 0x0213, "end of a queue pair; afterwards no DMA of it is in flight")

/*
 * Opcodes that have a meaning but no body yet: X(NAME, opcode, text). A device
 * answers them with MO_ST_UNSUPPORTED, and so tells them from nonsense.
 */
#define MO_RESERVED_COMMANDS(X) \
	X(TXQ_PACE, 0x0102, "pacing: rate of a transmit queue") \
	X(RXQ_SPLIT, 0x010b, "header split: where headers and payload of a receive queue go") \
	X(TIMESTAMP_SET, 0x0118, "timestamps: which packets get one") \
	X(CLOCK_GET, 0x0119, "timestamps: the clock of the port and the device's at one instant") \
	X(CLOCK_SET, 0x011a, "timestamps: steps and rate of the port's clock") \
	X(FLOW_ADD, 0x0120, "flow rules: what to do with packets that match") \
	X(FLOW_DELETE, 0x0121, "flow rules: end of one") \
	X(FLOW_QUERY, 0x0122, "flow rules: hits of one") \
	X(DCB_SET, 0x0128, "DCB: priorities, their shares of the port, PFC") \
	X(DCB_QUERY, 0x0129, "DCB: what they are, and pauses of each priority") \
	X(QP_PACE, 0x0214, "pacing: rate of a queue pair")

enum mo_cmd {
#define X(name, opcode, text) MO_CMD_##name = (opcode),
	MO_COMMANDS(X)
	MO_RESERVED_COMMANDS(X)
#undef X
};

#define MO_ADMIN_MIN_LOG	2
#define MO_ADMIN_MAX_LOG	10

/**
 * struct mo_cmd_hdr - start of every command
 * @opcode: MO_CMD_*
 * @tag: chosen by the host, returned in the completion; unique among those in
 *       flight (the driver puts slot and generation into it)
 * @port: port number
 * @plane: of the port
 * @rsvd: zero
 */
struct mo_cmd_hdr {
	__le16 opcode;
	__le16 tag;
	__u8 port;
	__u8 plane;
	__u8 rsvd[2];
};

MO_ASSERT_SIZE(mo_cmd_hdr, 8);

/**
 * struct mo_cmd_desc - entry of the command ring
 * @hdr: header
 * @body: one of the structures below, zero-extended
 */
struct mo_cmd_desc {
	struct mo_cmd_hdr hdr;
	__u8 body[56];
};

MO_ASSERT_SIZE(mo_cmd_desc, 64);

/**
 * struct mo_cmd_cqe - entry of the completion ring
 * @tag: of the command
 * @status: enum mo_status
 * @sq_head: entries of the command ring that the device has read, modulo 2^16
 * @rsvd: zero
 * @result: one of the structures below, zero-extended
 * @rsvd1: zero
 * @phase: bit 0: phase; written last
 */
struct mo_cmd_cqe {
	__le16 tag;
	__le16 status;
	__le16 sq_head;
	__le16 rsvd;
	__u8 result[48];
	__u8 rsvd1[7];
	__u8 phase;
};

MO_ASSERT_SIZE(mo_cmd_cqe, 64);

/**
 * struct mo_cmd_dma - body of commands that point to host memory
 * @addr: bus address
 * @len: bytes
 * @rsvd: zero
 */
struct mo_cmd_dma {
	__le64 addr;
	__le32 len;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_dma, 16);

/**
 * struct mo_identify - what IDENTIFY (body mo_cmd_dma, len >= its size) writes
 * @features: MO_F_* offered
 * @time_ns: device time; nanoseconds since power-on, does not stop at resets
 * @max_eq: event queues
 * @max_cq: completion queues
 * @max_txq: transmit queues
 * @max_rxq: receive queues
 * @max_vectors: MSI-X vectors
 * @max_mtu: largest MTU
 * @max_tso: bytes of a TSO packet
 * @offloads: MO_OFFLOAD_* that are possible
 * @max_mac: entries of the address filter
 * @rss_table_max: entries of the RSS table
 * @queue_max_log: log2 of the longest ring
 * @ports: number of ports
 * @lanes: lanes of a port
 * @board: MO_BOARD_*
 * @mac: permanent address of each port
 * @serial: serial number, NUL-terminated
 * @board_name: NUL-terminated
 * @planes: of a port, at most MO_MAX_PLANES
 * @rsvd: zero
 */
struct mo_identify {
	__le64 features;
	__le64 time_ns;
	__le32 max_eq;
	__le32 max_cq;
	__le32 max_txq;
	__le32 max_rxq;
	__le32 max_vectors;
	__le32 max_mtu;
	__le32 max_tso;
	__le32 offloads;
	__le16 max_mac;
	__le16 rss_table_max;
	__u8 queue_max_log;
	__u8 ports;
	__u8 lanes;
	__u8 board;
	__u8 mac[4][6];
	__u8 serial[32];
	__u8 board_name[32];
	__u8 planes;
	__u8 rsvd[111];
};

MO_ASSERT_SIZE(mo_identify, 256);

/* Areas: X(NAME, index, struct, text). */
#define MO_AREAS(X) \
	X(LINK, 0, mo_link_state, "written at each change of the link") \
	X(HEALTH, 1, mo_health, "written each period and at changes") \
	X(STATS, 2, mo_port_stats, "written each period") \
	X(RDMA_STATS, 3, mo_rdma_stats, "written each period; needs MO_F_RDMA") \
	X(OPTICS, 4, mo_optics, "written when the firmware publishes; needs MO_F_OPTICS")

enum mo_area {
#define X(name, index, type, text) MO_AREA_##name = (index),
	MO_AREAS(X)
#undef X
};

#define MO_AREA_PERIOD_MIN_US	10000

/**
 * struct mo_cmd_area - body of AREA_SET and AREA_SYNC (@area only)
 * @addr: bus address, 64 bytes aligned; 0 takes the area back, no DMA afterwards
 * @len: bytes, at least those of the area's structure
 * @area: enum mo_area
 * @period_us: 0 = only at changes and AREA_SYNC, else >= MO_AREA_PERIOD_MIN_US
 * @rsvd: zero
 */
struct mo_cmd_area {
	__le64 addr;
	__le32 len;
	__le32 area;
	__le32 period_us;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_area, 24);

/**
 * struct mo_cmd_fw_load - body of FW_LOAD
 * @addr: bus address of the piece
 * @len: bytes of it
 * @offset: where it goes in the stage; offset 0 starts a new image
 * @total: bytes of the image with its header
 * @rsvd: zero
 */
struct mo_cmd_fw_load {
	__le64 addr;
	__le32 len;
	__le32 offset;
	__le32 total;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_fw_load, 24);

/**
 * struct mo_cmd_fw_start - body of FW_START
 * @source: MO_FW_START_*
 * @rsvd: zero
 *
 * Completes when the core has been reset; MO_EVENT_MGMT tells what follows.
 */
struct mo_cmd_fw_start {
	__le32 source;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_fw_start, 8);

#define MO_FW_START_FLASH	0	/* flash slot; waits in the ROM if none is good */
#define MO_FW_START_HALT	1	/* wait in the ROM */
#define MO_FW_START_STAGE	2	/* the staged image */

/**
 * struct mo_cmd_mgmt - body of MGMT
 * @req: bus address of the request (struct mo_mb_hdr and body)
 * @rsp: bus address for the response; may equal @req
 * @req_len: bytes, at most MO_MB_MAX
 * @rsp_len: room, at most MO_MB_MAX; a longer response is cut
 *
 * Result: struct mo_res_mgmt. Several may be in flight; the device hands them
 * to the firmware one after another.
 */
struct mo_cmd_mgmt {
	__le64 req;
	__le64 rsp;
	__le32 req_len;
	__le32 rsp_len;
};

MO_ASSERT_SIZE(mo_cmd_mgmt, 24);

/**
 * struct mo_res_mgmt - result of MGMT
 * @rsp_len: bytes that were written
 */
struct mo_res_mgmt {
	__le32 rsp_len;
};

/**
 * struct mo_res_create - result of all *_CREATE
 * @object: object number
 */
struct mo_res_create {
	__le32 object;
};

/**
 * struct mo_cmd_object - body of *_DESTROY and QUEUE_QUERY
 * @object: object number
 * @rsvd: zero
 */
struct mo_cmd_object {
	__le32 object;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_object, 8);

/**
 * struct mo_cmd_eq - body of EQ_CREATE; EQ_MODIFY uses @object and the moderation
 * @ring: bus address, 4 KiB aligned
 * @rec: bus address of its struct mo_arm_rec
 * @object: EQ_MODIFY only
 * @vector: MSI-X vector
 * @size_log: log2 of the entries
 * @rsvd: zero
 * @period_us: hold an interrupt back for at most so long after the last
 * @count: but not when so many events wait; 0 = no limit
 *
 * The queue of vector 0 also receives the asynchronous events of the function.
 */
struct mo_cmd_eq {
	__le64 ring;
	__le64 rec;
	__le32 object;
	__le16 vector;
	__u8 size_log;
	__u8 rsvd;
	__le16 period_us;
	__le16 count;
	__le32 rsvd1;
};

MO_ASSERT_SIZE(mo_cmd_eq, 32);

/**
 * struct mo_cmd_cq - body of CQ_CREATE; CQ_MODIFY uses @object and the moderation
 * @ring: bus address, 4 KiB aligned; with @page_shift the bus address of
 *        @page_count bus addresses (__le64) of the pages of the ring
 * @rec: bus address of its struct mo_arm_rec
 * @object: CQ_MODIFY only
 * @eq: event queue
 * @size_log: log2 of the entries
 * @entry_log: log2 of the bytes of an entry: 5 ethernet, 6 RDMA
 * @page_shift: 0, or log2 of the bytes of a page of a scattered ring, 12..31;
 *              the device copies the list of pages
 * @rsvd: zero
 * @period_us: hold an event back for at most so long after the first entry
 * @count: but not when so many entries wait; 0 = no limit
 * @db_page: doorbell page that may arm it
 * @page_count: pages of a scattered ring
 */
struct mo_cmd_cq {
	__le64 ring;
	__le64 rec;
	__le32 object;
	__le32 eq;
	__u8 size_log;
	__u8 entry_log;
	__u8 page_shift;
	__u8 rsvd;
	__le16 period_us;
	__le16 count;
	__le32 db_page;
	__le32 page_count;
};

MO_ASSERT_SIZE(mo_cmd_cq, 40);

/**
 * struct mo_cmd_queue - body of TXQ_CREATE and RXQ_CREATE
 * @ring: bus address, 4 KiB aligned
 * @rec: bus address of its struct mo_db_rec
 * @cq: completion queue
 * @db_page: doorbell page that may ring it
 * @size_log: log2 of the entries
 * @rsvd: zero
 * @buf_len: RXQ: bytes of each buffer, 256..65536; TXQ: zero
 * @hdr_len: RXQ: bytes of each header buffer, 0 = no header split
 */
struct mo_cmd_queue {
	__le64 ring;
	__le64 rec;
	__le32 cq;
	__le32 db_page;
	__u8 size_log;
	__u8 rsvd[3];
	__le32 buf_len;
	__le32 hdr_len;
	__le32 rsvd1;
};

MO_ASSERT_SIZE(mo_cmd_queue, 40);

/**
 * struct mo_cmd_rxq_map - body of RXQ_MAP
 * @index: entry of the port's queue map, below MO_RXQ_MAP_MAX
 * @object: receive queue that it leads to from now on; 0 = none
 *
 * One step: each packet goes to the former queue or to @object, and none is lost
 * between them. When the command completes, the former queue gets no more, and the
 * completions of all that it got, coalesced packets too, have been written. After
 * RXQ_DESTROY an entry leads nowhere.
 */
struct mo_cmd_rxq_map {
	__le32 index;
	__le32 object;
};

MO_ASSERT_SIZE(mo_cmd_rxq_map, 8);

/**
 * struct mo_res_queue - result of QUEUE_QUERY
 * @tail: producer index that the device has seen
 * @head: consumer index
 * @error: enum mo_queue_error
 */
struct mo_res_queue {
	__le32 tail;
	__le32 head;
	__le32 error;
};

/**
 * struct mo_cmd_port_rx - body of PORT_RX
 * @enable: 1 on, 0 off; off completes when no receive DMA is in flight
 * @rsvd: zero
 */
struct mo_cmd_port_rx {
	__le32 enable;
	__le32 rsvd;
};

MO_ASSERT_SIZE(mo_cmd_port_rx, 8);

/**
 * struct mo_cmd_rx_mode - body of RX_MODE
 * @list: bus address of @count addresses of 8 bytes each (6 used)
 * @count: at most MO_FILTER_MAX_MAC
 * @flags: MO_RX_MODE_*
 */
struct mo_cmd_rx_mode {
	__le64 list;
	__le32 count;
	__le32 flags;
};

MO_ASSERT_SIZE(mo_cmd_rx_mode, 16);

/**
 * struct mo_cmd_vlan - body of VLAN_FILTER
 * @bitmap: bus address of 512 bytes, bit per VLAN id; 0 = let all in
 */
struct mo_cmd_vlan {
	__le64 bitmap;
};

MO_ASSERT_SIZE(mo_cmd_vlan, 8);

/**
 * struct mo_cmd_offload - body of OFFLOAD
 * @flags: MO_OFFLOAD_*
 * @mtu: longest L3 packet that is received, 68..MO_ETH_MAX_MTU
 */
struct mo_cmd_offload {
	__le32 flags;
	__le32 mtu;
};

MO_ASSERT_SIZE(mo_cmd_offload, 8);

/* RSS_SET: body mo_cmd_dma that points to struct mo_rss_config. */

#endif /* MO_HW_CMD_H */
