/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One function per admin command; 0 or -errno. They sleep. @extack may be NULL
 * and gets the device's reason. When a command ends with -ETIMEDOUT the driver
 * has already taken bus mastering away from the device, so that memory given
 * to it may be freed; the reset follows by itself.
 */
#ifndef MO_CMD_H
#define MO_CMD_H

#include <linux/types.h>

#include "hw/cmd.h"

struct mo_dev;
struct netlink_ext_ack;

struct mo_eq_attr {
	dma_addr_t ring;
	dma_addr_t rec;
	u16 vector;
	u8 size_log;
};

struct mo_cq_attr {
	dma_addr_t ring;
	dma_addr_t rec;
	u32 eqn;
	u32 db_page;
	u8 size_log;
	u8 entry_log;
	u16 period_us;
	u16 count;
};

struct mo_queue_attr {
	dma_addr_t ring;
	dma_addr_t rec;
	u32 cqn;
	u32 db_page;
	u8 size_log;
	u32 buf_len;	/* RXQ */
	u32 hdr_len;	/* RXQ */
};

/* A command whose body is @body; the rest of the entry is zero. */
int mo_cmd_exec(struct mo_dev *md, u8 port, u16 opcode, const void *body, size_t body_len,
		void *result, size_t result_len, struct netlink_ext_ack *extack);
void mo_cmd_distrust(struct mo_dev *md, const char *why);
int mo_cmd_nop(struct mo_dev *md, const void *in, void *out, size_t len);
int mo_cmd_identify(struct mo_dev *md, dma_addr_t addr, u32 len);
int mo_cmd_area_set(struct mo_dev *md, u8 port, enum mo_area area,
		    dma_addr_t addr, u32 len, u32 period_us);
int mo_cmd_area_sync(struct mo_dev *md, u8 port, enum mo_area area);
int mo_cmd_fw_load(struct mo_dev *md, dma_addr_t addr, u32 len, u32 offset,
		   u32 total);
int mo_cmd_fw_start(struct mo_dev *md, u32 source);
int mo_cmd_mgmt(struct mo_dev *md, u8 port, dma_addr_t req, u32 req_len,
		dma_addr_t rsp, u32 rsp_room, u32 *rsp_len,
		unsigned int timeout_ms, struct netlink_ext_ack *extack);
int mo_cmd_eq_create(struct mo_dev *md, const struct mo_eq_attr *attr, u32 *eqn);
int mo_cmd_eq_destroy(struct mo_dev *md, u32 eqn);
int mo_cmd_cq_create(struct mo_dev *md, const struct mo_cq_attr *attr, u32 *cqn,
		     struct netlink_ext_ack *extack);
int mo_cmd_cq_destroy(struct mo_dev *md, u32 cqn);
int mo_cmd_cq_modify(struct mo_dev *md, u32 cqn, u16 period_us, u16 count,
		     struct netlink_ext_ack *extack);
int mo_cmd_txq_create(struct mo_dev *md, u8 port, const struct mo_queue_attr *attr,
		      u32 *object, struct netlink_ext_ack *extack);
int mo_cmd_txq_destroy(struct mo_dev *md, u32 object);
int mo_cmd_rxq_create(struct mo_dev *md, u8 port, const struct mo_queue_attr *attr,
		      u32 *object, struct netlink_ext_ack *extack);
int mo_cmd_rxq_destroy(struct mo_dev *md, u32 object);
int mo_cmd_rxq_map(struct mo_dev *md, u8 port, u32 index, u32 object,
		   struct netlink_ext_ack *extack);
int mo_cmd_port_rx(struct mo_dev *md, u8 port, bool enable);
int mo_cmd_rx_mode(struct mo_dev *md, u8 port, dma_addr_t list, u32 count, u32 flags,
		   struct netlink_ext_ack *extack);
int mo_cmd_vlan_filter(struct mo_dev *md, u8 port, dma_addr_t bitmap,
		       struct netlink_ext_ack *extack);
int mo_cmd_offload(struct mo_dev *md, u8 port, u32 flags, u32 mtu,
		   struct netlink_ext_ack *extack);
int mo_cmd_rss_set(struct mo_dev *md, u8 port, dma_addr_t config,
		   struct netlink_ext_ack *extack);

#endif /* MO_CMD_H */
